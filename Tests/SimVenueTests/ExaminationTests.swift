import Cryptography
import Execution
import Foundation
import SimVenue
import Testing
import Trading
import Venues

/// What the gateway's doctor says of accounts at the simulated venue, over real sockets.
@Suite(.serialized) struct ExaminationTests {
    private func kalshi(
        _ venue: VenueFixture, key: RSAPrivateKey? = nil, options: [String: String] = [:]
    ) throws -> [VenueFinding] {
        let file = venue.directory + "/doctor.pem"
        let pem = try (key ?? venue.key).privatePEM().withUnsafeBytes { Foundation.Data($0) }
        try pem.write(to: URL(filePath: file))
        let settings = VenueSettings(
            url: "http://127.0.0.1:\(venue.server.port)/trade-api/v2", keyID: "demo-key",
            keyFile: file, isReplay: false, options: options)
        var examination = try VenueRegistry.examination(
            for: #require(VenueID("kalshi")), settings)
        return examination.run()
    }

    private func verdicts(_ findings: [VenueFinding]) -> [String] {
        findings.map { "\($0.subject.rawValue) \($0.verdict.rawValue)" }
    }

    @Test func aSoundAccountAtKalshi() throws {
        let venue = try VenueFixture(in: VenueFixture.temporaryDirectory(), recorded: false) {
            $0.tier = .basic
        }
        defer { try? venue.stop() }
        #expect(
            verdicts(try kalshi(venue)) == [
                "venue fine", "clock fine", "exchange fine", "account fine", "balance fine",
                "limits fine", "markets fine",
            ])
        let greedy = try kalshi(venue, options: ["read-tokens": "201"])
        #expect(verdicts(greedy).contains("limits wrong"))
        let stranger = try kalshi(venue, key: RSAPrivateKey.generate())
        #expect(verdicts(stranger).contains("account wrong"))
    }

    @Test func aWalletThatHasAndHasNoKeyAtPolymarket() throws {
        let venue = try VenueFixture(in: VenueFixture.temporaryDirectory(), recorded: false)
        defer { try? venue.stop() }
        let file = venue.directory + "/wallet.key"
        let secret = String(repeating: "2b", count: 32)
        try Data(secret.utf8).write(to: URL(filePath: file))
        let address = try Secp256k1PrivateKey(SecretBytes(hex: secret)).address
        let settings = VenueSettings(
            url: "http://127.0.0.1:\(venue.server.polymarketPort)", keyID: address.description,
            keyFile: file, isReplay: false)
        let polymarket = try #require(VenueID("polymarket"))
        var examination = try VenueRegistry.examination(for: polymarket, settings)
        let before = verdicts(examination.run())
        #expect(before.prefix(2) == ["venue fine", "clock fine"])
        #expect(before.last == "account notice")
        // The gateway makes the key when it starts.
        let driver = try VenueDriver(
            polymarketPort: venue.server.polymarketPort, secret: secret,
            directory: venue.directory)
        try driver.connect()
        driver.adapter.stop()
        let after = verdicts(examination.run())
        #expect(after.contains("balance fine"))
        #expect(!after.contains { $0.hasSuffix("wrong") || $0.hasSuffix("unreachable") })
    }
}
