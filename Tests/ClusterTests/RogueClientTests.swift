import Glibc
import TestSupport
import Testing
import Trading
import Wire

@testable import Transport

extension ClusterTests {
    /// Somebody with a stolen, borrowed or invented key, or an agent that has gone wrong.
    @Suite struct RogueClientTests {
        /// - Attack gateway-direct, 8 tries: an agent, a stranger and a peer without CURVE at
        ///   sockets that are not theirs.
        /// - Attack other-name, 4 tries: a session and a message in the name of another agent, and
        ///   claimed routing ids.
        @Test(.timeLimit(.minutes(2)))
        func nobodyGetsInOrSpeaksForAnother() async throws {
            try await withRunningCluster { cluster in
                try await requireStrangersRefused(by: cluster)
                try await requireImpostorsRefused(by: cluster)
            }
        }

        /// - Attack malformed, 18 tries: random bytes of ten lengths at the core, then errors until
        ///   the session ends.
        /// - Attack hoarder, 1 try: an agent that lives and takes nothing.
        @Test(.timeLimit(.minutes(2)))
        func nonsenseAndSilenceAreLetGo() async throws {
            try await withRunningCluster { cluster in
                try await requireNonsenseRefused(by: cluster)
                try await requireHoarderLetGo(by: cluster)
                // The agent that stood still all the time drained nothing either; it comes back.
                try cluster.signal("agent-standin", SIGCONT)
                try await cluster.waitUntilReady()
            }
        }

        /// - Attack malformed, 33 tries: each number of a request at the ends of its range, and
        ///   infinity.
        @Test(.timeLimit(.minutes(2)))
        func numbersThatOverflowAreRejected() async throws {
            try await withRunningCluster { cluster in
                let board = StandInAgent.Board()
                let loop = try cluster.standIn(for: "agent-standin", board: board)
                defer { loop.stop() }
                try await waitUntil("the stand-in may act") {
                    board.seen.isReady && board.seen.ticks > 2
                }
                try await requireOverflowsRejected(cluster, board)
            }
        }

        // MARK: Connections

        private func requireStrangersRefused(by cluster: LocalClusterHarness) async throws {
            let agent = try cluster.curveKeys(of: "agent-standin")
            let stranger = try CurveKeyPair.generate()
            let attempts: [(String, CurveKeyPair?, String, String)] = [
                ("an agent at the gateway's orders", agent, "gw-kalshi", "orders"),
                ("an agent at the gateway's admin", agent, "gw-kalshi", "admin"),
                ("an agent at the core's admin", agent, "core", "admin"),
                ("an agent at another's admin", agent, "agent-crypto", "admin"),
                ("a stranger at the core", stranger, "core", "agents"),
                ("a stranger at the gateway", stranger, "gw-kalshi", "orders"),
                ("nobody at the core", nil, "core", "agents"),
                ("nobody at the gateway", nil, "gw-kalshi", "orders"),
            ]
            for (who, keys, server, role) in attempts {
                let rogue = try cluster.roguePeer(
                    as: "agent-standin", keys: keys, to: server, role)
                defer { rogue.close() }
                try #require(try await !rogue.isAdmitted(), "\(who) was admitted")
            }
        }

        private func requireImpostorsRefused(by cluster: LocalClusterHarness) async throws {
            let keys = try cluster.curveKeys(of: "agent-standin")
            let other = processID("agent-crypto")
            // A session in another's name.
            let opener = try cluster.roguePeer(
                as: "agent-standin", keys: keys, to: "core", "agents")
            defer { opener.close() }
            try #require(try await opener.isAdmitted())
            try await opener.askForSession(cluster: LocalClusterHarness.cluster, as: other)
            let refused = try await opener.next(SessionRefused.self)
            try #require(refused.reason == .wrongSender, "\(refused.reason)")
            // A message in another's name.
            try await opener.openSession(cluster: LocalClusterHarness.cluster)
            try await requireBorrowedNameRefused(of: opener)
            // A connection that claims a place of its own choice is never served: neither another
            // agent's name, nor what looks like an id that ZeroMQ gives.
            for claimed in [Array("agent-crypto".utf8), [1, 2, 3, 4, 5]] {
                let claimer = try cluster.roguePeer(
                    as: "agent-standin", keys: keys, to: "core", "agents", routingID: claimed)
                defer { claimer.close() }
                try #require(try await claimer.isAdmitted())
                for _ in 0..<3 {
                    try await claimer.askForSession(cluster: LocalClusterHarness.cluster)
                    // A round trip on the connection that is served.
                    try await requireBorrowedNameRefused(of: opener)
                }
                try #require(claimer.receive() == nil, "a claimed routing id was answered")
            }
        }

        private func requireBorrowedNameRefused(of peer: RoguePeer) async throws {
            try await peer.post(
                CancelRequest(
                    incarnation: Incarnation(1), requestID: RequestID(1), orderID: OrderID(1)
                ).frame(), as: processID("agent-crypto"))
            let dropped = try await peer.next(MessageRefused.self)
            try #require(dropped.reason == .wrongSender, "\(dropped.reason)")
        }

        private func requireNonsenseRefused(by cluster: LocalClusterHarness) async throws {
            let rogue = try cluster.roguePeer(
                as: "agent-standin", keys: cluster.curveKeys(of: "agent-standin"), to: "core",
                "agents")
            defer { rogue.close() }
            try #require(try await rogue.isAdmitted())
            try await rogue.openSession(cluster: LocalClusterHarness.cluster)
            try await rogue.requireNonsenseRefused()
            for _ in 0..<8 { try await rogue.send([1, 2, 3]) }
            let ended = try await rogue.next(SessionRefused.self)
            try #require(ended.reason == .tooManyErrors, "\(ended.reason)")
        }

        /// It lives, but takes nothing and acknowledges nothing.
        private func requireHoarderLetGo(by cluster: LocalClusterHarness) async throws {
            let rogue = try cluster.roguePeer(
                as: "agent-standin", keys: cluster.curveKeys(of: "agent-standin"), to: "core",
                "agents")
            defer { rogue.close() }
            try #require(try await rogue.isAdmitted())
            try await rogue.openSession(cluster: LocalClusterHarness.cluster)
            try await waitUntil("the core lets the peer go", within: .seconds(40)) {
                // Once it is let go nobody takes its heartbeats.
                try? await rogue.beat()
                return cluster.hasLogged("core", "unlinked", "agent-standin", "notDraining")
            }
        }

        // MARK: Numbers

        /// A request that is permitted, and the same one with each number as far out as it goes.
        private func requireOverflowsRejected(
            _ cluster: LocalClusterHarness, _ board: StandInAgent.Board
        ) async throws {
            let granted = try #require(board.seen.granted)
            let edits = OverflowingRequest.all
            var reasons: Set<RejectReason> = []
            // A market may be about to close, or close between the look and the question.
            for round in 1...100 {
                let sound = try await cluster.soundRequest(UInt64(round), granted)
                board.ask { now in
                    [sound.intent(at: now), sound.frame(at: now)]
                        + edits.enumerated().map { sound.frame($0.offset + 1, at: now, $0.element) }
                }
                for offset in 1...edits.count {
                    let decision = try await board.decision(on: sound.number(offset))
                    try #require(decision.verdict == .rejected, "\(offset): \(decision)")
                    reasons.insert(decision.reason)
                }
                if try await board.decision(on: sound.number(0)).verdict == .permitted { break }
                try #require(round < 100, "the sound request was never permitted: \(reasons)")
            }
            try #require(reasons.isSuperset(of: [.arithmeticOverflow, .parentExceeded]))
            // A number that is none at all is not even a message.
            let sound = try await cluster.soundRequest(101, granted)
            board.ask { now in [sound.frame(at: now) { $0.confidence = .infinity }] }
            try await waitUntil("infinity is refused") { !board.seen.refusals.isEmpty }
            try #require(board.seen.closures.isEmpty, "\(board.seen.closures)")
        }

        /// A cluster whose second agent is put aside so that the test can take its place; at the
        /// end the others must still trade, nothing may have died, and the judge must be content.
        private func withRunningCluster(
            _ body: (LocalClusterHarness) async throws -> Void
        ) async throws {
            try await LocalClusterHarness.with(
                ClusterOptions(hours: 12, hasStandIn: true, hasCoin: true)
            ) { cluster in
                try await cluster.start()
                try cluster.signal("agent-standin", SIGSTOP)
                try await waitUntil("the core misses the agent") {
                    cluster.hasLogged("core", "unlinked", "agent-standin")
                }
                try await cluster.waitForTrading(permits: 2, fills: 1)
                try await body(cluster)
                try await cluster.waitForTrading(permits: 2, fills: 1)
                let summary = try await cluster.stop()
                try #require(summary.restarts == 0, "\(summary)")
                try await cluster.requireConsistent(with: summary)
            }
        }
    }
}

extension RoguePeer {
    /// Sends random bytes of ten lengths in a session; the other side says that it drops them.
    func requireNonsenseRefused() async throws {
        let seed = UInt64.random(in: .min ... .max)
        var random = SeededRandom(seed: seed)
        for length in [0, 1, 7, 8, 55, 56, 57, 100, 1_000, 9_000] {
            let bytes = (0..<length).map { _ in UInt8.random(in: 0...255, using: &random) }
            try await send(bytes)
        }
        let refused = try await next(MessageRefused.self)
        try #require(refused.reason != .wrongSender, "seed \(seed): \(refused)")
    }
}

/// What makes a number of a sound request impossible.
private enum OverflowingRequest {
    static let extremes: [Int64] = [.max, .max - 1, .max / 2, .min, .min + 1, -1]

    static let all: [@Sendable (inout OrderRequest) -> Void] =
        extremes.flatMap { extreme -> [@Sendable (inout OrderRequest) -> Void] in
            [
                { $0.price = Price(units: extreme) },
                { $0.quantity = Quantity(units: extreme) },
                {
                    $0.price = Price(units: extreme)
                    $0.quantity = Quantity(units: extreme)
                },
                { $0.fairValue = Price(units: extreme) },
                { $0.quotedAt = Timestamp(nanoseconds: extreme) },
            ]
        } + [
            { $0.intentID = IntentID(.max) },
            { $0.incarnation = Incarnation(.max) },
        ]
}
