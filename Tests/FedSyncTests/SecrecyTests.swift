import Cryptography
import FedSync
import Federation
import Foundation
import Runtime
import Testing
import Trading
import Transport
import Wire

/// Nothing of round keys, updates or weights is in the clear outside of memory.
@Suite struct SecrecyTests {
    /// - Threat 29: keys, seeds, updates and weights are in no file and in no frame.
    @Test func nothingSecretIsWrittenOrSent() throws {
        let federation = try FederationInMemory(count: 3)
        let targets = [1.123_456_789_012_3, 0.087_654_321_098_7]
        let weight = 0.638_271_950_161_8
        for place in 0..<3 {
            let other = Double(place) * 0.01
            try federation.offer(place, targets.map { $0 + other }, weight: weight)
        }
        #expect(try federation.network.run(within: .seconds(60)) { federation.height(0) == 1 })
        // One more turn of every peer, in which what is spent is removed.
        try federation.network.run(for: .seconds(2))
        var secrets: [[UInt8]] = []
        for seed in federation.seeds {
            secrets.append(bytes(seed))
            for draw in 1...4 {
                let round = try RoundSecrets(seed: seed, counter: UInt64(draw))
                secrets += [
                    bytes(round.maskKey.secret), bytes(round.shareKey.secret),
                    bytes(round.selfSecret),
                ]
            }
        }
        for member in federation.sample.members { secrets.append(bytes(member.identity.seed)) }
        let deltas = [targets[0] - 1, targets[1]]
        for number in targets + deltas + [weight] {
            secrets.append(withUnsafeBytes(of: number.bitPattern.littleEndian) { Array($0) })
            secrets.append(Array("\(number)".utf8))
        }
        for frame in federation.wire { expectNone(of: secrets, in: frame, "the wire") }
        var files = 0
        for member in federation.sample.members {
            let state = URL(fileURLWithPath: member.folder.state.root)
            let walk = try #require(
                FileManager.default.enumerator(at: state, includingPropertiesForKeys: nil))
            for case let file as URL in walk where !file.path.contains("/keys/") {
                guard let data = try? Data(contentsOf: file) else { continue }
                files += 1
                expectNone(of: secrets, in: [UInt8](data), file.path)
            }
        }
        #expect(files >= 3 * 4, "only \(files) files were looked at")
        #expect(federation.wire.count > 50)
    }

    private func expectNone(of secrets: [[UInt8]], in whole: [UInt8], _ place: String) {
        let haystack = Data(whole)
        for secret in secrets where haystack.range(of: Data(secret)) != nil {
            Issue.record("a secret of \(secret.count) bytes is in \(place)")
        }
    }

    private func bytes(_ secret: SecretBytes) -> [UInt8] { secret.withUnsafeBytes { Array($0) } }
}
