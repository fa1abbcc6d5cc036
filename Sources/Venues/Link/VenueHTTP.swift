import AsyncHTTPClient
import Foundation
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Trading

/// Sends requests over kept connections and says what became of them.
final class VenueHTTP: Sendable {
    /// A request with everything that it needs.
    struct Message: Sendable {
        let method: String
        let url: String
        let headers: [(name: String, value: String)]
        let body: [UInt8]
    }

    /// The longest answer.
    static let answerBytesMax = 16 << 20

    private let client: HTTPClient
    private let patience: Span
    private let loop: any EventLoop

    init(_ timeouts: VenueTimeouts, concurrency: Int, on loop: any EventLoop) {
        self.loop = loop
        patience = timeouts.call
        var settings = HTTPClient.Configuration(
            redirectConfiguration: .disallow,
            timeout: .init(
                connect: .nanoseconds(timeouts.connect.nanoseconds),
                read: .nanoseconds(timeouts.call.nanoseconds)))
        settings.httpVersion = .http1Only
        settings.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = concurrency
        // Given up before the venue does: an order on a connection that is closing is in doubt.
        settings.connectionPool.idleTimeout = .seconds(30)
        // A connection that cannot be made is our caller's to know about, at once.
        settings.connectionPool.retryConnectionEstablishment = false
        client = HTTPClient(eventLoopGroupProvider: .shared(loop), configuration: settings)
    }

    /// Sends one request. The answer comes on the loop.
    func send(_ message: Message, _ body: @escaping @Sendable (VenueAnswer) -> Void) {
        ask(message) { answer, _ in body(answer) }
    }

    /// Sends one request. The answer comes on the loop, with the `Date` that it carried.
    func ask(_ message: Message, _ body: @escaping @Sendable (VenueAnswer, String?) -> Void) {
        let request: HTTPClient.Request
        do {
            request = try VenueHTTP.request(message)
        } catch {
            loop.execute { body(.notSent("the request cannot be made: \(error)"), nil) }
            return
        }
        let gatherer = ResponseAccumulator(
            request: request, maxBodySize: VenueHTTP.answerBytesMax)
        let deadline = NIODeadline.now() + .nanoseconds(patience.nanoseconds)
        let task = client.execute(
            request: request, delegate: gatherer, eventLoop: .delegateAndChannel(on: loop),
            deadline: deadline)
        task.futureResult.hop(to: loop).whenComplete { result in
            switch result {
            case .success(let response):
                let content = response.body.map { Array($0.readableBytesView) } ?? []
                body(
                    .response(status: Int(response.status.code), body: content),
                    response.headers.first(name: "date"))
            case .failure(let error): body(answer(of: error), nil)
            }
        }
    }

    func shutdown(_ body: @escaping @Sendable () -> Void) {
        client.shutdown { _ in body() }
    }

    private static func request(_ message: Message) throws -> HTTPClient.Request {
        var headers = HTTPHeaders()
        for header in message.headers { headers.add(name: header.name, value: header.value) }
        headers.add(name: "Accept", value: "application/json")
        if !message.body.isEmpty {
            headers.add(name: "Content-Type", value: "application/json")
        }
        return try HTTPClient.Request(
            url: message.url, method: HTTPMethod(rawValue: message.method), headers: headers,
            body: message.body.isEmpty ? nil : .bytes(message.body))
    }
}

/// Only what certainly happened before anything was written counts as not sent.
private func answer(of error: any Error) -> VenueAnswer {
    if error is NIOConnectionError { return .notSent("cannot connect: \(error)") }
    if let error = error as? HTTPClientError {
        switch error {
        case .connectTimeout, .getConnectionFromPoolTimeout, .alreadyShutdown,
            .tlsHandshakeTimeout, .socksHandshakeTimeout, .httpProxyHandshakeTimeout:
            return .notSent("cannot connect: \(error)")
        default: return .lost("no answer: \(error)")
        }
    }
    if case .handshakeFailed(let reason)? = error as? NIOSSLError {
        return .notSent("TLS: \(reason)")
    }
    if let error = error as? IOError, error.errnoCode == ECONNREFUSED {
        return .notSent("cannot connect: refused")
    }
    return .lost("no answer: \(error)")
}
