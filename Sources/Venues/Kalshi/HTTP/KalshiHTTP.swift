import AsyncHTTPClient
import Foundation
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Trading

/// Sends signed requests over kept connections and says what became of them.
final class KalshiHTTP: Sendable {
    /// The longest answer.
    static let answerBytesMax = 16 << 20

    private let client: HTTPClient
    private let configuration: KalshiConfiguration
    private let signer: KalshiSigner
    private let loop: any EventLoop

    init(_ configuration: KalshiConfiguration, signer: KalshiSigner, on loop: any EventLoop) {
        self.configuration = configuration
        self.signer = signer
        self.loop = loop
        let timeouts = configuration.timeouts
        var settings = HTTPClient.Configuration(
            redirectConfiguration: .disallow,
            timeout: .init(
                connect: .nanoseconds(timeouts.connect.nanoseconds),
                read: .nanoseconds(timeouts.call.nanoseconds)))
        settings.httpVersion = .http1Only
        settings.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit =
            configuration.concurrency
        // Given up before the venue does: an order on a connection that is closing is in doubt.
        settings.connectionPool.idleTimeout = .seconds(30)
        // A connection that cannot be made is our caller's to know about, at once.
        settings.connectionPool.retryConnectionEstablishment = false
        client = HTTPClient(eventLoopGroupProvider: .shared(loop), configuration: settings)
    }

    /// Sends one request. The answer comes on the loop.
    func send(
        _ request: KalshiRequest, at wall: Timestamp,
        _ body: @escaping @Sendable (KalshiAnswer) -> Void
    ) {
        let signed: HTTPClient.Request
        do {
            signed = try sign(request, at: wall)
        } catch {
            loop.execute { body(.notSent("the request cannot be made: \(error)")) }
            return
        }
        let gatherer = ResponseAccumulator(
            request: signed, maxBodySize: KalshiHTTP.answerBytesMax)
        let deadline = NIODeadline.now() + .nanoseconds(configuration.timeouts.call.nanoseconds)
        let task = client.execute(
            request: signed, delegate: gatherer, eventLoop: .delegateAndChannel(on: loop),
            deadline: deadline)
        task.futureResult.hop(to: loop).whenComplete { result in
            switch result {
            case .success(let response):
                let content = response.body.map { Array($0.readableBytesView) } ?? []
                body(.response(status: Int(response.status.code), body: content))
            case .failure(let error): body(answer(of: error))
            }
        }
    }

    func shutdown(_ body: @escaping @Sendable () -> Void) {
        client.shutdown { _ in body() }
    }

    private func sign(_ request: KalshiRequest, at wall: Timestamp) throws -> HTTPClient.Request {
        let path = KalshiConfiguration.restPath + request.resource
        var headers = HTTPHeaders()
        for header in try signer.headers(method: request.method.rawValue, path: path, at: wall) {
            headers.add(name: header.name, value: header.value)
        }
        headers.add(name: "Accept", value: "application/json")
        if !request.body.isEmpty {
            headers.add(name: "Content-Type", value: "application/json")
        }
        var target = configuration.restURL.absoluteString
        target.removeLast(KalshiConfiguration.restPath.count)
        return try HTTPClient.Request(
            url: target + request.target, method: HTTPMethod(rawValue: request.method.rawValue),
            headers: headers, body: request.body.isEmpty ? nil : .bytes(request.body))
    }
}

/// Only what certainly happened before anything was written counts as not sent.
private func answer(of error: any Error) -> KalshiAnswer {
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
