import AsyncHTTPClient
import Cryptography
import NIOCore
import NIOHTTP1
import Runtime
import Signals
package import Trading

/// Asks one source for its answers: conditionally, with bounds of time and size, and less and less
/// often while it fails.
package struct FeedPoller: Sendable {
    /// What came of one request.
    package enum Outcome: Sendable, Equatable {
        case facts(FactMapping.Reading)
        /// The source says that nothing has changed.
        case unchanged
        case failed(Failure)
    }

    /// Why an answer was of no use.
    package enum Failure: Error, Sendable, Equatable, CustomStringConvertible {
        case noConnection(String)
        case timedOut
        case answered(UInt)
        case tooLarge
        case notJSON
        /// JSON, but without the rows of the mapping for this kind.
        case anotherForm(String)

        package var description: String {
            switch self {
            case .noConnection(let why): "no connection (\(why))"
            case .timedOut: "the answer took too long"
            case .answered(let status): "answered \(status)"
            case .tooLarge: "the answer is too large"
            case .notJSON: "the answer is no JSON"
            case .anotherForm(let kind): "the answer has no rows of `\(kind)`"
            }
        }
    }

    private struct Answer: Sendable {
        let status: UInt
        let headers: HTTPHeaders
        let body: [UInt8]
    }

    package let feed: FeedConfiguration
    /// Failures in a row.
    package private(set) var failures = 0
    private let client: HTTPClient
    private let headers: [(String, String)]
    private var tag: String?
    private var modified: String?
    private var retryAfter: Span?
    /// What the last answer said, so that a list that is told again is not told on again.
    private var said: Set<Saying> = []

    private struct Saying: Hashable {
        let kind: String
        let topic: String
        let event: Timestamp
        let unit: String
        let values: [String: Double]
        let names: [String: String]

        init(_ fact: FeedFact) {
            kind = fact.kind
            topic = fact.topic
            event = fact.event
            unit = fact.unit
            values = fact.values
            names = fact.names
        }
    }

    /// The longest pause after failures, where the source is not asked more rarely anyway.
    private static let pauseMax = Span.seconds(900)
    /// No source is obeyed that wants us to wait for longer.
    private static let retryAfterMax = Span.seconds(3_600)
    private static let headerMax = 256

    init(_ feed: FeedConfiguration, _ client: HTTPClient, headers: [(String, String)]) {
        self.feed = feed
        self.client = client
        self.headers = headers
    }

    /// Lends a poller with a client of its own.
    package static func with<Result>(
        _ feed: FeedConfiguration, _ body: (FeedPoller) async throws -> Result
    ) async throws -> Result {
        let client = makeClient()
        do {
            let result = try await body(FeedPoller(feed, client, headers: try headers(of: feed)))
            try await client.shutdown()
            return result
        } catch {
            try? await client.shutdown()
            throw error
        }
    }

    /// A client whose requests are not led elsewhere.
    static func makeClient() -> HTTPClient {
        var settings = HTTPClient.Configuration(redirectConfiguration: .disallow)
        settings.httpVersion = .http1Only
        return HTTPClient(eventLoopGroupProvider: .singleton, configuration: settings)
    }

    /// How long to wait before the next request: doubled with each failure in a row, and never less
    /// than the source itself asked for.
    package var pause: Span {
        var pause = feed.every
        let longest = max(feed.every, FeedPoller.pauseMax)
        for _ in 0..<min(failures, 16) { pause = min(longest, pause + pause) }
        return max(pause, retryAfter ?? .zero)
    }

    /// Asks once. `clock` tells when the whole answer was there.
    package mutating func poll(clock: @Sendable () -> Timestamp) async -> Outcome {
        do {
            let answer = try await fetch()
            let outcome = try read(answer, at: clock())
            failures = 0
            retryAfter = nil
            return outcome
        } catch {
            failures += 1
            return .failed(FeedPoller.failure(error))
        }
    }

    // MARK: The request

    /// The headers of a feed; fails where the file of one cannot be read.
    static func headers(
        of feed: FeedConfiguration
    ) throws(ProcessFailure) -> [(String, String)] {
        var headers: [(String, String)] = []
        for header in feed.headers {
            guard let file = header.file else {
                headers.append((header.name, header.value ?? ""))
                continue
            }
            let secret = try SecretFile.read(
                file, isCredential: file.hasPrefix("/run/credentials/"))
            let text = secret.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
            let value = text.split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
            guard !value.isEmpty, value.utf8.allSatisfy({ (32..<127).contains($0) }) else {
                throw ProcessFailure(.usage, "\(file): its first line is no value of a header")
            }
            headers.append((header.name, value))
        }
        return headers
    }

    private func request() -> HTTPClientRequest {
        var request = HTTPClientRequest(url: feed.url)
        request.headers.add(name: "Accept", value: "application/json, application/geo+json")
        if !headers.contains(where: { $0.0.lowercased() == "user-agent" }) {
            request.headers.add(name: "User-Agent", value: "bellwether")
        }
        for (name, value) in headers { request.headers.add(name: name, value: value) }
        if let tag { request.headers.add(name: "If-None-Match", value: tag) }
        if let modified { request.headers.add(name: "If-Modified-Since", value: modified) }
        return request
    }

    /// The whole answer within the time for it, however slowly its bytes come.
    private func fetch() async throws -> Answer {
        let (request, client, sizeMax) = (request(), client, feed.sizeMax)
        let timeout = feed.timeout
        return try await withThrowingTaskGroup(of: Answer.self) { group in
            group.addTask {
                let response = try await client.execute(
                    request, timeout: .nanoseconds(timeout.nanoseconds))
                let body = try await response.body.collect(upTo: sizeMax)
                return Answer(
                    status: response.status.code, headers: response.headers,
                    body: Array(body.readableBytesView))
            }
            group.addTask {
                try await Task.sleep(for: .nanoseconds(timeout.nanoseconds))
                throw Failure.timedOut
            }
            defer { group.cancelAll() }
            guard let answer = try await group.next() else { throw Failure.timedOut }
            return answer
        }
    }

    // MARK: The answer

    private mutating func read(_ answer: Answer, at moment: Timestamp) throws -> Outcome {
        if answer.status == 304 { return .unchanged }
        guard answer.status == 200 else {
            retryAfter = FeedPoller.retryAfter(answer.headers)
            throw Failure.answered(answer.status)
        }
        guard let document = FeedDocument(json: answer.body) else { throw Failure.notJSON }
        var whole = FactMapping.Reading()
        for mapping in feed.mappings {
            guard let reading = mapping.facts(in: document, from: feed.name, receivedAt: moment)
            else { throw Failure.anotherForm(mapping.kind) }
            whole.facts += reading.facts
            whole.unreadable += reading.unreadable
        }
        let now = Set(whole.facts.map { Saying($0) })
        whole.facts.removeAll { said.contains(Saying($0)) }
        said = now
        // Only of an answer that was read: a bad one is asked for again.
        tag = FeedPoller.bounded(answer.headers.first(name: "ETag"))
        modified = FeedPoller.bounded(answer.headers.first(name: "Last-Modified"))
        return .facts(whole)
    }

    private static func bounded(_ header: String?) -> String? {
        header.flatMap { $0.utf8.count <= headerMax ? $0 : nil }
    }

    private static func retryAfter(_ headers: HTTPHeaders) -> Span? {
        guard let seconds = headers.first(name: "Retry-After").flatMap({ Int64($0) }),
            seconds > 0
        else { return nil }
        return min(.seconds(min(seconds, 86_400)), retryAfterMax)
    }

    private static func failure(_ error: any Error) -> Failure {
        switch error {
        case let failure as Failure: return failure
        case is NIOTooManyBytesError: return .tooLarge
        case let error as HTTPClientError:
            return error == .deadlineExceeded ? .timedOut : .noConnection(error.shortDescription)
        default: return .noConnection("\(type(of: error))")
        }
    }
}
