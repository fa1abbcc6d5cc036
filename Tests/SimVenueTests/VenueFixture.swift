import Cryptography
import Foundation
import Logging
import MarketSim
import Runtime
import SimVenue
import Synchronization
import TestSupport
import Trading

/// A venue of its own for a test, over a generated stretch or the demo set.
final class VenueFixture: Sendable {
    let server: VenueServer
    let key: RSAPrivateKey
    let directory: String
    let ended = Ended()

    final class Ended: Sendable {
        private let flag = Atomic<Bool>(false)
        var isSet: Bool { flag.load(ordering: .acquiring) }
        func set() { flag.store(true, ordering: .releasing) }
    }

    static let key = Result { try RSAPrivateKey.generate() }

    static func temporaryDirectory() throws -> String { try ScratchFolder.make("venue") }

    /// Options on a port that the system chooses.
    static func options(
        in directory: String, recorded: Bool, hours: Int = 1
    ) throws -> VenueOptions {
        let key = try VenueFixture.key.get()
        if recorded, !FileManager.default.fileExists(atPath: directory + "/data") {
            _ = try DayGenerator.write(
                seed: 3, seconds: hours * 3_600, pace: nil, to: directory + "/data")
        }
        var options = VenueOptions(
            kalshi: ListenAddress(host: "127.0.0.1", port: 0),
            polymarket: ListenAddress(host: "127.0.0.1", port: 0),
            markets: recorded ? .recorded(directory: directory + "/data") : .demo,
            keys: [
                ParticipantKey(
                    id: "demo-key", publicKey: try RSAPublicKey(pem: try key.publicPEM()))
            ], balance: Money(1_000))
        options.logPath = directory + "/venue.log"
        return options
    }

    init(
        in directory: String, recorded: Bool,
        _ change: (inout VenueOptions) -> Void = { _ in }
    ) throws {
        var options = try VenueFixture.options(in: directory, recorded: recorded)
        change(&options)
        key = try VenueFixture.key.get()
        self.directory = directory
        let ended = ended
        server = try VenueServer(
            options: options, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            onEnd: { ended.set() })
    }

    func client(keyID: String = "demo-key", key: RSAPrivateKey? = nil) -> RawClient {
        RawClient(port: server.port, keyID: keyID, key: key ?? self.key)
    }

    func stop() throws {
        server.requestStop()
        try server.waitUntilStopped()
    }

    /// The lines of the log that have a word.
    func log(_ event: String) throws -> [[String: Any]] {
        let text = try String(contentsOfFile: directory + "/venue.log", encoding: .utf8)
        return text.split(separator: "\n").compactMap { line in
            let object = try? JSONSerialization.jsonObject(with: Foundation.Data(line.utf8))
            guard let fields = object as? [String: Any], fields["event"] as? String == event
            else { return nil }
            return fields
        }
    }
}
