import Foundation
import Glibc
import Runtime
import Testing
import Trading
import Transport
import Wire

extension ClusterTests {
    /// Two orgs with an account, an agent and a gateway each, at one core.
    @Suite struct TwoOrgsTests {
        /// - Attack tenant, 7 tries: the rival's agent asks and cancels in the other's name and by
        ///   its numbers, listens, floods and is halted; its export holds nothing of the other.
        /// - Attack flood, 4000 tries: requests of one agent, while the other trades and an
        ///   operator halts.
        /// - Attack permit-replayed, 2 tries: a permit for one gateway at another.
        @Test(.timeLimit(.minutes(5)))
        func theTroubleOfOneIsNotTheOthers() async throws {
            try await LocalClusterHarness.with(ClusterOptions(hours: 12, hasRival: true)) {
                cluster in
                try await cluster.start()
                try await cluster.waitForPermits(at: "gw-kalshi")
                try await cluster.waitForPermits(at: "gw-rival")
                try cluster.signal("agent-rival", SIGSTOP)
                try await waitUntil("the core misses the agent") {
                    cluster.hasLogged("core", "unlinked", "agent-rival")
                }
                let board = StandInAgent.Board()
                let loop = try cluster.standIn(for: "agent-rival", board: board)
                try await waitUntil("the stand-in may act") {
                    board.seen.isReady && board.seen.ticks > 2
                }
                try await requireNothingOfTheOther(cluster, board)
                try await requireFloodHarmless(cluster, board)
                loop.stop()
                try cluster.signal("agent-rival", SIGCONT)
                try await cluster.requireHaltItsOwn()
                try await cluster.requirePermitOfOneGatewayRefusedByTheOther()
                let summary = try await cluster.stop()
                let replayed = try await cluster.requireSoundJournals()
                try #require(replayed.stateHash == summary.stateHash)
                try await cluster.requireExportsApart()
            }
        }

        private func requireNothingOfTheOther(
            _ cluster: LocalClusterHarness, _ board: StandInAgent.Board
        ) async throws {
            let granted = try #require(board.seen.granted)
            try #require(granted.org == OrgID("rival"))
            let sound = try await cluster.soundRequest(1, granted)
            let (org, strategy) = (OrgID("demo") ?? .empty, StrategyID("updown") ?? .empty)
            let edits: [@Sendable (inout OrderRequest) -> Void] = [
                { $0.org = org }, { $0.strategy = strategy },
                {
                    $0.org = org
                    $0.strategy = strategy
                },
                { $0.account = AccountID("other") ?? .empty },
            ]
            let others = try cluster.usedPermits().suffix(30).map(\.orderID)
            try #require(others.count >= 3)
            let incarnation = granted.incarnation
            board.ask { now in
                [sound.intent(at: now)]
                    + edits.enumerated().map { sound.frame($0.offset + 1, at: now, $0.element) }
                    + others.enumerated().map { offset, order in
                        CancelRequest(
                            incarnation: incarnation, requestID: sound.number(100 + offset),
                            orderID: order
                        ).frame()
                    }
            }
            for offset in 1...edits.count {
                let decision = try await board.decision(on: sound.number(offset))
                try #require(decision.verdict == .rejected, "\(offset): \(decision)")
            }
            for offset in others.indices {
                let number = sound.number(100 + offset)
                var found: Decision?
                try await waitUntil("a decision on cancel \(number)", within: .seconds(20)) {
                    found = board.seen.decisions.first { $0.requestID == number }
                    return found != nil
                }
                try #require(found?.verdict == .rejected, "\(String(describing: found))")
            }
            for frame in board.seen.heard {
                for name in ["demo", "updown", "agent-crypto"] {
                    let template = try WireFrame.template(of: frame)
                    try #require(!frame.contains(bytes: Array(name.utf8)), "\(name) in \(template)")
                }
            }
        }

        /// While one agent asks for many orders in each tick, the other is permitted, and halts are
        /// obeyed as quickly as ever.
        private func requireFloodHarmless(
            _ cluster: LocalClusterHarness, _ board: StandInAgent.Board
        ) async throws {
            let granted = try #require(board.seen.granted)
            var sent = 0
            var delays: [Duration] = []
            var latest = try #require(try await cluster.orders().last)
            for round in UInt64(10)..<60 {
                if round.isMultiple(of: 10) {
                    latest = try #require(try await cluster.orders().last)
                }
                let sound = try SoundRequest(round, granted, like: latest)
                board.ask { now in
                    [sound.intent(at: now)] + (1...80).map { sound.frame($0, at: now) }
                }
                sent += 80
                let begin = ContinuousClock.now
                let halted = try await cluster.command("halt", "--instrument", "NOSUCHMARKET")
                delays.append(ContinuousClock.now - begin)
                try #require(halted.exitCode == 0, "\(halted)")
                let resumed = try await cluster.command("resume", "--instrument", "NOSUCHMARKET")
                try #require(resumed.exitCode == 0, "\(resumed)")
            }
            try #require(sent >= 4_000)
            // The start of the program is in it.
            let sorted = delays.sorted()
            let (median, late) = (sorted[sorted.count / 2], sorted[sorted.count * 99 / 100])
            print("\(sorted.count) halts under flood: half within \(median), 99 % within \(late)")
            try #require(late < .seconds(4), "\(delays)")
            try await cluster.waitForPermits(at: "gw-kalshi")
            try #require(board.seen.closures.isEmpty, "\(board.seen.closures)")
        }
    }
}

extension LocalClusterHarness {
    /// Waits until a gateway has taken three more permits.
    fileprivate func waitForPermits(at gateway: String) async throws {
        let before = try await count("permits", of: gateway) ?? 0
        try await waitUntil("permits at \(gateway)") {
            try requireRunning()
            return try await count("permits", of: gateway) ?? 0 >= before + 3
        }
    }

    /// The rival is halted; the other trades on.
    fileprivate func requireHaltItsOwn() async throws {
        let result = try await command("halt", "--org", "rival", "--reason", "test")
        try expect(result, exitCode: 0)
        let halted = try await count("permits", of: "gw-rival") ?? 0
        try await waitForPermits(at: "gw-kalshi")
        guard try await count("permits", of: "gw-rival") ?? 0 <= halted + 1 else {
            throw ClusterFailure("the rival trades on")
        }
        try expect(try await command("resume", "--org", "rival"), exitCode: 0)
        // Its strategy is latched apart where enough of its flood was permitted to be repeated.
        let strategy = ["--org", "rival", "--account", "main", "--strategy", "gamble"]
        let resumed = try await run(
            Self.binary("supervisor"),
            ["resume"] + strategy + ["--config", configurationPath, "--state", state])
        if !resumed.output.contains("nothingToResume") { try expect(resumed, exitCode: 0) }
        try await waitForPermits(at: "gw-rival")
    }

    /// What one gateway has used, sent to the other: as it is, and under the other's lease.
    fileprivate func requirePermitOfOneGatewayRefusedByTheOther() async throws {
        guard var permit = try usedPermits().last else { throw ClusterFailure("no permit") }
        try await freezeCore()
        try await waitUntil("the other gateway has quiesced") {
            try await status(of: "gw-rival")?.isReady == false
        }
        let quiet = try venueEvents("place")
        let impostor = try await CoreImpostor(in: self, at: "gw-rival")
        let lease = try await impostor.stealLease()
        let before = countLogged("gw-rival", "permit_forged")
        try await impostor.peer.post(permit.frame())
        permit.permitEpoch = lease.highestEpoch
        permit.lease = lease.lease
        permit.permit = lease.permitHighWater.next
        permit.orderID = OrderID(permit.orderID.rawValue + 1_000_000)
        try await impostor.peer.post(try impostor.sealed(permit).frame())
        try await waitUntil("both are refused") {
            try await impostor.peer.beat()
            return countLogged("gw-rival", "permit_forged") == before + 2
        }
        impostor.peer.close()
        guard try venueEvents("place") == quiet else { throw ClusterFailure("the venue saw it") }
        try signal("core", SIGCONT)
        try await waitUntilReady()
    }

    /// Each org's export verifies without the cluster and has nothing of the other in clear.
    fileprivate func requireExportsApart() async throws {
        // The rival's own vain requests name the other's strategy.
        let names = ["demo": ["agent-crypto"], "rival": ["gamble", "agent-rival"]]
        let key = try String(
            contentsOfFile: state + "/keys/public/core.checkpoint", encoding: .utf8
        ).prefix { !$0.isWhitespace }
        for (org, other) in [("demo", "rival"), ("rival", "demo")] {
            let path = folder + "/export-" + org
            let exported = try await command("journal", "export", "--org", org, "--out", path)
            try expect(exported, exitCode: 0)
            let verified = try await supervisor(
                "journal", "verify", "--export", path, "--key", String(key))
            try expect(verified, exitCode: 0)
            let bytes = Array(try Data(contentsOf: URL(filePath: path)))
            for name in names[org] ?? [] where !bytes.contains(bytes: Array(name.utf8)) {
                throw ClusterFailure("\(name) is not in the export of \(org)")
            }
            for name in names[other] ?? [] where bytes.contains(bytes: Array(name.utf8)) {
                throw ClusterFailure("\(name) is in the export of \(org)")
            }
        }
    }
}
