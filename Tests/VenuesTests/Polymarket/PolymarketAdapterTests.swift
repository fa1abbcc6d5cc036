import Cryptography
import Execution
import Foundation
import Logging
import NIOHTTP1
import Synchronization
import Testing
import Trading

@testable import Venues

/// The adapter over real sockets: what a session says must reach a server, signed.
@Suite(.timeLimit(.minutes(1))) struct PolymarketAdapterTests {
    /// Events as they come, and a wait for one of them.
    private final class Sink: Sendable {
        private let events = Mutex<[VenueEvent]>([])
        private let arrived = DispatchSemaphore(value: 0)

        func append(_ event: VenueEvent) {
            events.withLock { $0.append(event) }
            arrived.signal()
        }

        /// Waits for an event that is told in words that begin with `prefix`.
        func wait(for prefix: String) -> Bool {
            while !events.withLock({ $0.contains { brief($0).hasPrefix(prefix) } }) {
                if arrived.wait(timeout: .now() + .seconds(10)) == .timedOut { return false }
            }
            return true
        }
    }

    private static func respond(_ asked: PolymarketServer.Asked) -> (status: Int, body: String) {
        let condition = PolymarketBench.condition
        switch "\(asked.method) \(asked.target.split(separator: "?")[0])" {
        case "GET /auth/derive-api-key":
            return (200, #"{"apiKey":"our-key","secret":"AAAA","passphrase":"words"}"#)
        case "GET /markets/\(condition)": return (200, PolymarketBench.market())
        case "GET /clob-markets/\(condition)": return (200, "{}")
        case "GET /data/trades", "GET /data/orders": return (200, PolymarketBench.page)
        case "POST /v1/heartbeats": return (200, #"{"heartbeat_id":"h"}"#)
        case "POST /order": return (400, #"{"error":"not enough balance / allowance"}"#)
        default: return (404, #"{"error":"no such route"}"#)
        }
    }

    @Test func connectsSignsAndStops() throws {
        let server = try PolymarketServer(
            firstWords: ["/ws/market": "[\(PolymarketBench.book())]", "/ws/user": ""]
        ) { PolymarketAdapterTests.respond($0) }
        let path = FileManager.default.temporaryDirectory.appending(path: "\(UUID()).key").path
        let secret = String(repeating: "07", count: 32)
        try secret.write(toFile: path, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(atPath: path) }
        let address = try PolymarketSigner.key(inFile: path).address
        let adapter = try VenueRegistry.adapter(
            for: polymarketVenue,
            VenueSettings(
                url: "http://127.0.0.1:\(server.port)", keyID: address.description, keyFile: path,
                isReplay: false, options: ["markets": PolymarketBench.condition]),
            logger: Logger(label: "test"))
        let sink = Sink()
        adapter.start { sink.append($0) }
        #expect(sink.wait(for: "connected"))
        let bench = try PolymarketBench()
        adapter.submit(
            .place(try bench.ticket("c-1", .buy, 10, at: 52)), id: VenueCallID(1))
        #expect(sink.wait(for: "declined http-400 not enough balance"))
        adapter.stop()
        let order = try #require(server.asked.first { $0.target == "/order" })
        let credentials = try PolymarketCredentials(
            apiKey: "our-key", secret: "AAAA", passphrase: "words")
        let stamp = try #require(order.headers.first(name: "POLY_TIMESTAMP"))
        #expect(
            order.headers.first(name: "POLY_SIGNATURE")
                == credentials.code(
                    timestamp: stamp, method: "POST", path: "/order", body: Array(order.body.utf8)))
        #expect(order.headers.first(name: "POLY_ADDRESS") == address.description)
        #expect(order.headers.first(name: "POLY_PASSPHRASE") == "words")
        let proof = try #require(server.asked.first { $0.target == "/auth/derive-api-key" })
        #expect(proof.headers.first(name: "POLY_NONCE") == "0")
        #expect(server.sent.contains { $0.hasPrefix("/ws/user {\"auth\"") })
        #expect(!server.asked.contains { $0.body.contains(secret) })
        try server.stop()
    }

    @Test func aKeyOfAnotherAccountIsRefused() throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "\(UUID()).key").path
        try String(repeating: "07", count: 32).write(
            toFile: path, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(atPath: path) }
        #expect {
            _ = try VenueRegistry.adapter(
                for: polymarketVenue,
                VenueSettings(
                    url: "http://127.0.0.1:1",
                    keyID: "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266", keyFile: path,
                    isReplay: false), logger: Logger(label: "test"))
        } throws: { ($0 as? VenueSetupError)?.option == "key-id" }
    }
}
