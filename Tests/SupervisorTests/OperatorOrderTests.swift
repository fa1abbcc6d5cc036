import Cryptography
import Testing
import Trading
import Wire

@testable import Supervisor

@Suite struct OperatorOrderTests {
    private let key: Ed25519PrivateKey

    init() throws { key = try Ed25519PrivateKey.generate() }

    private func frame(_ scope: OperatorScope) throws -> [UInt8] {
        try OperatorOrder(action: .halt, scope: scope, reason: "test").frame(
            nonce: 42, issuedAt: Sample.start,
            by: OperatorKey(name: ShortName("local") ?? .empty, key: key))
    }

    private func isValid(_ frame: [UInt8]) throws -> Bool {
        OperatorSeal.isValid(
            try OperatorCommand(decoding: frame).signature.bytes, for: frame,
            range: OperatorCommand.authenticatedRange, by: key.publicKey)
    }

    @Test func isSignedOverEverythingThatItSays() throws {
        let good = try frame(.strategy(Sample.org, Sample.account, Sample.strategy))
        let command = try OperatorCommand(decoding: good)
        #expect(command.nonce == 42)
        #expect(command.scope == .strategy)
        #expect(command.strategy == Sample.strategy)
        #expect(try isValid(good))
        for position in OperatorCommand.authenticatedRange {
            var bad = good
            bad[position] ^= 1
            // A flipped bit that no longer decodes is refused before its signature is looked at.
            let isAccepted = (try? isValid(bad)) ?? false
            #expect(!isAccepted, "byte \(position)")
        }
    }

    @Test func namesOnlyWhatItsScopeUses() throws {
        let command = try OperatorCommand(decoding: try frame(.venue(Sample.venue)))
        #expect(command.venue == Sample.venue)
        #expect(command.org.isEmpty && command.account.isEmpty && command.instrument.isEmpty)
    }

    @Test func aPostingIsSignedWithItsAmount() throws {
        let order = PostingOrder(
            why: .correction, org: Sample.org, account: Sample.account, mode: .paper,
            amount: Sample.money("-0.01"), reason: "rounding")
        let good = try order.frame(
            nonce: 42, issuedAt: Sample.start,
            by: OperatorKey(name: ShortName("local") ?? .empty, key: key))
        func isValid(_ frame: [UInt8]) throws -> Bool {
            OperatorSeal.isValid(
                try OperatorPosting(decoding: frame).signature.bytes, for: frame,
                range: OperatorPosting.authenticatedRange, by: key.publicKey)
        }
        #expect(try OperatorPosting(decoding: good).amount == Sample.money("-0.01"))
        #expect(try isValid(good))
        for position in OperatorPosting.authenticatedRange {
            var bad = good
            bad[position] ^= 1
            let isAccepted = (try? isValid(bad)) ?? false
            #expect(!isAccepted, "byte \(position)")
        }
    }
}
