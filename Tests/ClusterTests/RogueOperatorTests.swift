import Cryptography
import Foundation
import Glibc
import Runtime
import Testing
import Trading
import Wire

extension ClusterTests {
    /// Somebody on the operators' way in, with signatures that were made for something else, at
    /// another time, or by nobody.
    @Suite struct RogueOperatorTests {
        /// - Attack signature-reused, 16 tries: signatures of limits, of a registry, of a directive
        ///   and of no purpose on a command, and the like on a change of limits and a registry.
        /// - Attack command-replayed, 12 tries: a field of a signed command changed after it was
        ///   signed.
        /// - Attack clock, 10 tries: commands that an operator signed when their clock was off by
        ///   hours or years.
        /// - Attack malformed, 20 tries: random bytes on the operators' sockets.
        @Test(.timeLimit(.minutes(2)))
        func whatWasNotSignedForThisNowIsNotObeyed() async throws {
            try await LocalClusterHarness.with(ClusterOptions(hours: 12, hasCoin: true)) {
                cluster in
                try await cluster.start()
                try await cluster.waitForTrading(permits: 2, fills: 1)
                let proposal = try await cluster.proposal()
                for process in ["core", "gw-kalshi"] {
                    let console = try await RogueConsole(in: cluster, at: process)
                    try await requireWrongSignaturesRefused(by: console)
                    try await requireWrongTimesRefused(by: console)
                    if process == "core" {
                        try await requireWrongLimitsRefused(proposal, by: console)
                    }
                    try await console.peer.requireNonsenseRefused()
                    console.peer.close()
                }
                try await requireWrongRegistryRefused(by: cluster)
                try await cluster.waitForTrading(permits: 2)
                let summary = try await cluster.stop()
                try #require(summary.restarts == 0, "\(summary)")
                try await cluster.requireConsistent(with: summary)
            }
        }

        private func requireWrongSignaturesRefused(by console: RogueConsole) async throws {
            for purpose in [Purpose.limits, .registry, .directive, .nothing] {
                let command = try console.command(.halt, sealedAs: purpose)
                try await console.requireRefusal(of: command, "\(purpose) as a command")
            }
            let edits: [(inout OperatorCommand) -> Void] = [
                { $0.nonce += 1 }, { $0.action = .disarm }, { $0.scope = .org },
                { $0.org = OrgID("demo") ?? .empty }, { $0.issuedAt = $0.issuedAt + .seconds(1) },
                { $0.operator = ShortName("mallory") ?? .empty },
            ]
            for (number, edit) in edits.enumerated() {
                var command = try console.command(.halt)
                edit(&command)
                try await console.requireRefusal(of: command, "edit \(number)")
            }
        }

        private func requireWrongTimesRefused(by console: RogueConsole) async throws {
            let now = WallClock.now()
            let times = [
                now + .seconds(3_600), now - .seconds(3_600), now - .seconds(86_400 * 365),
                Timestamp(seconds: 1_893_456_000 + 86_400 * 365), Timestamp(seconds: 1),
            ]
            for time in times {
                let command = try console.command(.halt, at: time)
                try await console.requireRefusal(of: command, "signed at \(time)")
            }
        }

        private func requireWrongLimitsRefused(
            _ proposal: [UInt8], by console: RogueConsole
        ) async throws {
            for purpose in [Purpose.command, .registry, .directive, .nothing] {
                let signature = try purpose.sign(proposal, 0..<proposal.count, with: console.key)
                let nonce = console.nextNonce()
                let change = LimitChange(nonce: nonce, receivedAt: .zero, presentHash: .zero)
                let entry = LimitChange.SignaturesEntry(
                    operator: RogueConsole.name,
                    signature: SignatureBytes(bytes: signature) ?? .zero)
                let reply = try await console.answer(
                    to: change.frame(signatures: [entry], proposal: proposal), nonce)
                try #require(reply.isAccepted == .no, "\(purpose) as a change of limits")
            }
        }

        private func requireWrongRegistryRefused(by cluster: LocalClusterHarness) async throws {
            let path = cluster.folder + "/registry.yaml"
            let text = """
                registry: 1
                cluster: chaos
                version: 1
                sets:
                  - { venue: kalshi, set: KX*, state: tradable, source: test }
                """
            try text.write(toFile: path, atomically: true, encoding: .utf8)
            try cluster.expect(try await cluster.command("registry", "sign", path), exitCode: 0)
            try cluster.expect(try await cluster.command("registry", "verify", path), exitCode: 0)
            let key = try cluster.keyRing(of: "console").operatorKey(RogueConsole.name)
            let bytes = Array(text.utf8)
            for purpose in [Purpose.command, .limits, .directive, .nothing] {
                let signature = try purpose.sign(bytes, 0..<bytes.count, with: key)
                try "\(RogueConsole.name) \(Hex.encode(signature))\n".write(
                    toFile: path + ".sig", atomically: true, encoding: .utf8)
                let result = try await cluster.command("registry", "verify", path)
                try #require(result.exitCode != 0, "\(purpose) as a registry: \(result)")
                try #require(result.errors.contains("does not hold"), "\(result)")
            }
        }
    }
}

/// What a signature is made for.
private enum Purpose {
    case command
    case limits
    case registry
    case directive
    /// The bytes alone, without any tag.
    case nothing

    func sign(
        _ frame: [UInt8], _ range: Range<Int>, with key: Ed25519PrivateKey
    ) throws -> [UInt8] {
        let bytes = Array(frame[range])
        return switch self {
        case .command: try OperatorSeal.sign(frame, range: range, reason: [], with: key)
        case .directive: try DirectiveSeal.sign(bytes, with: key)
        case .limits: try LimitSeal.sign(bytes, with: key)
        case .registry: try RegistrySeal.sign(bytes, with: key)
        case .nothing: try key.sign(bytes)
        }
    }
}

/// The operators' connection to a process, in a test's hands, with an operator's key.
private final class RogueConsole {
    static let name = ShortName("local") ?? .empty

    let peer: RoguePeer
    let key: Ed25519PrivateKey
    private var nonce = UInt64(WallClock.now().nanoseconds)

    init(in cluster: LocalClusterHarness, at process: String) async throws {
        key = try cluster.keyRing(of: "console").operatorKey(RogueConsole.name)
        peer = try cluster.roguePeer(
            as: "console", keys: cluster.curveKeys(of: "console"), to: process, "admin")
        guard try await peer.isAdmitted() else { throw ClusterFailure("no way in") }
        try await peer.openSession(cluster: LocalClusterHarness.cluster)
    }

    func nextNonce() -> UInt64 {
        nonce += 10
        return nonce
    }

    func command(
        _ action: OperatorAction, sealedAs purpose: Purpose = .command,
        at time: Timestamp = WallClock.now()
    ) throws -> OperatorCommand {
        var command = OperatorCommand(
            nonce: nextNonce(), action: action, scope: .all, org: .empty, account: .empty,
            strategy: .empty, venue: .empty, instrument: .empty, operator: RogueConsole.name,
            issuedAt: time, signature: .zero)
        let signature = try purpose.sign(
            command.frame(reason: []), OperatorCommand.authenticatedRange, with: key)
        command.signature = SignatureBytes(bytes: signature) ?? .zero
        return command
    }

    func answer(to frame: [UInt8], _ nonce: UInt64) async throws -> OperatorReply {
        try await peer.post(frame)
        return try await peer.next(OperatorReply.self) { $0.nonce == nonce }
    }

    func requireRefusal(of command: OperatorCommand, _ what: String) async throws {
        let reply = try await answer(to: command.frame(reason: []), command.nonce)
        try #require(reply.isAccepted == .no && reply.arming == .armed, "\(what): \(reply)")
    }
}

extension LocalClusterHarness {
    /// The signed bytes of a proposal that one operator may make alone.
    fileprivate func proposal() async throws -> [UInt8] {
        let path = folder + "/tighten"
        let limit = "{ level: firm, kind: position-max, value: \"90\" }"
        let result = try await command(
            "limits", "propose", path, "--set", limit, "--reason", "test")
        try expect(result, exitCode: 0)
        let file = try Data(contentsOf: URL(filePath: path))
        guard let stored = try JSONSerialization.jsonObject(with: file) as? [String: Any],
            let text = stored["proposal"] as? String
        else { throw ClusterFailure("\(path) is no proposal") }
        return try Hex.decode(text)
    }
}
