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
            range: OperatorCommand.authenticatedRange,
            reason: try OperatorCommand.reason(in: frame), by: key.publicKey)
    }

    @Test func isSignedOverEverythingThatItSays() throws {
        let good = try frame(.strategy(Sample.org, Sample.account, Sample.strategy))
        let command = try OperatorCommand(decoding: good)
        #expect(command.nonce == 42)
        #expect(command.scope == .strategy)
        #expect(command.strategy == Sample.strategy)
        #expect(try isValid(good))
        #expect(try OperatorCommand.reason(in: good) == Array("test".utf8))
        let reason = good.count - 4..<good.count
        for position in Array(OperatorCommand.authenticatedRange) + Array(reason) {
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

    @Test func aDirectiveIsSignedWholeWithItsReason() throws {
        let draft = DirectiveDraft(
            cluster: ShortName("test") ?? .empty, reason: "rounding", lasting: .seconds(60))
        let latch = OperatorDirective.LatchesEntry(
            gateway: ProcessID("gw-kalshi") ?? .empty, halt: 7)
        let files = [
            try draft.posting(
                Sample.money("-0.01"), as: .correction, Sample.org, Sample.account, .paper),
            try draft.order(.resume, .venue(Sample.venue), halt: 3, latches: [latch]),
        ]
        for file in files {
            var signed = file
            try signed.sign(by: OperatorKey(name: ShortName("local") ?? .empty, key: key))
            let signature = try #require(signed.signatures.first?.signature.bytes)
            func isValid(_ frame: [UInt8]) -> Bool {
                DirectiveSeal.isValid(signature, for: frame, by: key.publicKey)
            }
            #expect(isValid(file.frame))
            for position in file.frame.indices {
                var bad = file.frame
                bad[position] ^= 1
                #expect(!isValid(bad), "byte \(position)")
            }
            // What was signed as a directive is no proposal of limits, and no command.
            #expect(!LimitSeal.isValid(signature, for: file.frame, by: key.publicKey))
        }
        guard case .directive(let terms) = files[1].terms else {
            Issue.record("no directive")
            return
        }
        #expect(terms.reason == "rounding")
        #expect(terms.halt(at: latch.gateway) == 7)
        #expect(terms.title == "resume venue \(Sample.venue)")
    }

    /// Signatures are deterministic: these change only with what is signed or with the domain tag.
    @Test func signedBytesAreAsCommitted() throws {
        let key = try Ed25519PrivateKey(seed: SecretBytes([UInt8](0..<32)))
        let order = OperatorOrder(action: .halt, scope: .all, reason: "test")
        let frame = try order.frame(
            nonce: 42, issuedAt: Timestamp(seconds: 1_000),
            by: OperatorKey(name: ShortName("local") ?? .empty, key: key))
        let command = try OperatorCommand(decoding: frame)
        #expect(
            Hex.encode(Array(command.signature.bytes.prefix(16)))
                == "a0b50c7ebf619bc988898722ad3bc0b1")
        let directive = OperatorDirective(
            cluster: ShortName("test") ?? .empty, number: 1, action: .resume, scope: .all,
            org: .empty, account: .empty, strategy: .empty, venue: .empty, instrument: .empty,
            issuedAt: .zero, expiresAt: Timestamp(seconds: 60), halt: 2
        ).frame(latches: [], reason: Array("test".utf8))
        let signature = try DirectiveSeal.sign(directive, with: key)
        #expect(Hex.encode(Array(signature.prefix(16))) == "460b68eb871eb21500aef387d23ff3eb")
    }
}
