import Cryptography
import Foundation
import NIOCore
import Trading

/// Signs requests and sends them.
final class KalshiHTTP: Sendable {
    private let link: VenueHTTP
    private let configuration: KalshiConfiguration
    private let signer: KalshiSigner
    private let loop: any EventLoop

    init(_ configuration: KalshiConfiguration, signer: KalshiSigner, on loop: any EventLoop) {
        self.configuration = configuration
        self.signer = signer
        self.loop = loop
        link = VenueHTTP(
            configuration.timeouts, concurrency: configuration.concurrency, on: loop)
    }

    /// Sends one request. The answer comes on the loop.
    func send(
        _ request: KalshiRequest, at wall: Timestamp,
        _ body: @escaping @Sendable (KalshiAnswer) -> Void
    ) {
        do throws(CryptoError) {
            link.send(
                try KalshiHTTP.message(request, configuration, signer: signer, at: wall), body)
        } catch {
            loop.execute { body(.notSent("the request cannot be signed: \(error)")) }
        }
    }

    /// A request, signed.
    static func message(
        _ request: KalshiRequest, _ configuration: KalshiConfiguration, signer: KalshiSigner,
        at wall: Timestamp
    ) throws(CryptoError) -> VenueHTTP.Message {
        let path = KalshiConfiguration.restPath + request.resource
        var target = configuration.restURL.absoluteString
        target.removeLast(KalshiConfiguration.restPath.count)
        return VenueHTTP.Message(
            method: request.method.rawValue, url: target + request.target,
            headers: try signer.headers(method: request.method.rawValue, path: path, at: wall),
            body: request.body)
    }

    func shutdown(_ body: @escaping @Sendable () -> Void) { link.shutdown(body) }
}
