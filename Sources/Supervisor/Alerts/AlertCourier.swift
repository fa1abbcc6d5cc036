import AsyncHTTPClient
import Cryptography
import Glibc
import NIOCore
import NIOHTTP1
import Runtime
import Subprocess
import SystemPackage
import Trading

/// Why a channel did not take a notice. Never says the address, which may hold a token.
struct AlertProblem: Error, Sendable, Equatable, CustomStringConvertible {
    let description: String
}

/// Carries notices and heartbeats out of the cluster.
struct AlertCourier: Sendable {
    /// How long one attempt may take: a second one still comes in time.
    static let patience = Trading.Span.seconds(3)
    private static let answerMax = 65_536
    private static let timeout = "/usr/bin/timeout"

    private let client: HTTPClient
    private let patience: Trading.Span

    init(patience: Trading.Span = AlertCourier.patience) {
        self.patience = patience
        var settings = HTTPClient.Configuration(
            // Somebody else's address is never told what concerns us.
            redirectConfiguration: .disallow,
            timeout: .init(connect: .nanoseconds(patience.nanoseconds)))
        settings.httpVersion = .http1Only
        client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: settings)
    }

    func close() async {
        // What it fails with is that requests were under way, which is as wanted.
        try? await client.shutdown()
    }

    /// Tells a channel something; throws an `AlertProblem` where it was not taken.
    func tell(_ channel: AlertChannelConfiguration, _ notice: AlertNotice) async throws {
        let body = channel.body(of: notice)
        switch channel.address {
        case .url(let url): try await post(body, to: url)
        case .file(let path): try await post(body, to: try AlertCourier.address(in: path))
        case nil: try await run(channel.command, input: body)
        }
    }

    /// Tells the world that we live.
    func beat(at url: String) async throws {
        try await send(HTTPClientRequest(url: url))
    }

    private func post(_ body: String, to url: String) async throws {
        var request = HTTPClientRequest(url: url)
        request.method = .POST
        request.headers.add(name: "Content-Type", value: "application/json")
        request.body = .bytes(ByteBuffer(string: body))
        try await send(request)
    }

    private func send(_ request: HTTPClientRequest) async throws {
        var request = request
        request.headers.add(name: "User-Agent", value: "bellwether")
        let status: HTTPResponseStatus
        do {
            let answer = try await client.execute(
                request, timeout: .nanoseconds(patience.nanoseconds))
            status = answer.status
            // Read to its end, so that the connection can be used again.
            _ = try await answer.body.collect(upTo: AlertCourier.answerMax)
        } catch let error as HTTPClientError {
            throw AlertProblem(description: error.shortDescription)
        } catch {
            throw AlertProblem(description: "no connection (\(type(of: error)))")
        }
        guard (200..<300).contains(status.code) else {
            throw AlertProblem(description: "answered \(status.code)")
        }
    }

    /// Runs a program with the notice as its input; it has to end well, and in time.
    ///
    /// `timeout` starts it, so that what hangs goes with all that it has started. Subprocess 1.0.2
    /// ends our own process (`FileDescriptor was not closed`) where a program cannot be started or
    /// leaves its input unread; hence a program that is always there, and a file as input.
    private func run(_ command: [String], input: String) async throws {
        let program = command.first ?? ""
        guard access(AlertCourier.timeout, X_OK) == 0 else {
            throw AlertProblem(description: "there is no \(AlertCourier.timeout)")
        }
        let seconds = "\(patience.nanoseconds / 1_000_000_000)"
        let file = try AlertCourier.unnamedFile(of: input)
        defer { Glibc.close(file) }
        let status: TerminationStatus
        do {
            status = try await Subprocess.run(
                .path(.init(AlertCourier.timeout)),
                arguments: .init(["--kill-after=1", seconds] + command),
                input: .fileDescriptor(
                    FileDescriptor(rawValue: file), closeAfterSpawningProcess: false),
                output: .discarded, error: .discarded
            ).terminationStatus
        } catch {
            throw AlertProblem(description: "\(program) cannot be run")
        }
        switch status {
        case .exited(0): return
        case .exited(124), .exited(137), .signaled:
            throw AlertProblem(description: "\(program) did not end within \(seconds) s")
        case .exited(126), .exited(127):
            throw AlertProblem(description: "\(program) cannot be run")
        case .exited(let code): throw AlertProblem(description: "\(program) ended with \(code)")
        }
    }

    /// A file that nobody else can open, with `text` before its reader.
    private static func unnamedFile(of text: String) throws -> Int32 {
        var name = Array("/tmp/bellwether-alert-XXXXXX".utf8CString)
        let file = mkstemp(&name)
        guard file >= 0 else { throw AlertProblem(description: "no temporary file can be made") }
        unlink(name)
        _ = fcntl(file, F_SETFD, FD_CLOEXEC)
        let bytes = Array(text.utf8)
        guard write(file, bytes, bytes.count) == bytes.count, lseek(file, 0, SEEK_SET) == 0 else {
            Glibc.close(file)
            throw AlertProblem(description: "a temporary file cannot be written")
        }
        return file
    }

    private static func address(in path: String) throws -> String {
        let secret: SecretBytes
        do {
            secret = try SecretFile.read(
                path, isCredential: path.hasPrefix("/run/credentials/"))
        } catch {
            throw AlertProblem(
                description: "\(path) cannot be read: it must be the owner's alone (chmod 600)")
        }
        let text = secret.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
        let address = String(text.split(whereSeparator: \.isWhitespace).first ?? "")
        guard address.hasPrefix("https://") || address.hasPrefix("http://") else {
            throw AlertProblem(description: "\(path) holds no address such as https://example.org")
        }
        return address
    }
}
