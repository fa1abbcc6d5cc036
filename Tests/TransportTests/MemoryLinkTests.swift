import TestSupport
import Testing
import Trading
import Wire

@testable import Transport

/// A core that serves `orders` and clients of it, in memory.
private struct Harness {
    let network = MemoryNetwork()
    let endpoint: Endpoint
    var settings = LinkSettings()

    init(_ change: (inout LinkSettings) -> Void = { _ in }) throws {
        endpoint = try Endpoint(path: "/memory/orders")
        change(&settings)
    }

    func startServer(_ incarnation: UInt64 = 1, cluster: String = "test") throws -> Probe {
        let server = LinkServer(
            orders, identity: identity("core", incarnation, cluster: cluster),
            allowing: [agent, rival], settings: settings)
        return try network.add(core) { wiring in
            let probe = Probe()
            probe.servers = [server]
            try wiring.bind(server, at: endpoint)
            return probe
        }
    }

    func startClient(_ name: ProcessID = agent, _ incarnation: UInt64 = 1) throws -> Probe {
        let client = LinkClient(
            orders, identity: identity(name.description, incarnation), peer: core,
            settings: settings)
        return try network.add(name) { wiring in
            let probe = Probe()
            probe.clients = [client]
            try wiring.connect(client, to: endpoint)
            return probe
        }
    }
}

@Suite struct MemoryLinkTests {
    @Test func opensASessionAndCarriesMessagesBothWays() throws {
        let harness = try Harness()
        let server = try harness.startServer(5)
        let client = try harness.startClient(agent, 9)
        try harness.network.run(for: .milliseconds(10))
        #expect(
            server.opened == [.init(peer: agent, incarnation: Incarnation(9), resumed: false)])
        #expect(client.opened == [.init(peer: core, incarnation: Incarnation(5), resumed: false)])
        for nonce in 1...50 {
            #expect(client.clients[0].send(numbered(UInt64(nonce))) == .queued)
            #expect(server.servers[0].send(numbered(UInt64(nonce) + 100), to: agent) == .queued)
        }
        try harness.network.run(for: .milliseconds(10))
        #expect(server.nonces(from: agent) == Array(1...50))
        #expect(client.nonces(from: core) == Array(101...150))
    }

    @Test func carriesTheJournalHeadInHeartbeats() throws {
        let harness = try Harness()
        let server = try harness.startServer()
        let client = try harness.startClient()
        let head = JournalHead(
            sequence: SequenceNumber(3), chainHead: try #require(Digest(bytes: Array(0..<32))),
            marketTime: Timestamp(seconds: 4))
        server.journalHead = head
        try harness.network.run(for: .seconds(1))
        #expect(client.heads.last == head)
        #expect((5...7).contains(client.heads.count))
    }

    @Test func sendsNothingWhenTheCommitFails() throws {
        struct DiskFull: Error {}
        let harness = try Harness()
        let server = try harness.startServer()
        let client = try harness.startClient()
        try harness.network.run(for: .milliseconds(10))
        #expect(server.servers[0].send(numbered(1), to: agent) == .queued)
        server.failure = DiskFull()
        #expect(throws: DiskFull.self) { try harness.network.run(for: .milliseconds(300)) }
        harness.network.crash(core)
        try harness.network.run(for: .milliseconds(10))
        #expect(client.received.isEmpty)
    }

    @Test func resumesWithinTheSessionAfterADisconnect() throws {
        let harness = try Harness()
        let server = try harness.startServer()
        let client = try harness.startClient()
        try harness.network.run(for: .milliseconds(10))
        for nonce in 1...5 { _ = client.clients[0].send(numbered(UInt64(nonce))) }
        try harness.network.run(for: .microseconds(1))
        harness.network.disconnect(agent, orders)
        for nonce in 6...9 { _ = client.clients[0].send(numbered(UInt64(nonce))) }
        for nonce in 1...4 { _ = server.servers[0].send(numbered(UInt64(nonce)), to: agent) }
        try harness.network.run(for: .seconds(1))
        #expect(server.nonces(from: agent) == Array(1...9))
        #expect(client.nonces(from: core) == Array(1...4))
        #expect(client.opened.map(\.resumed) == [false, true])
        #expect(server.opened.map(\.resumed) == [false, true])
        #expect(client.closed.isEmpty && server.closed.isEmpty)
    }

    @Test func endsTheSessionOfASilentPeerOnBothSides() throws {
        let harness = try Harness()
        let server = try harness.startServer()
        let client = try harness.startClient()
        try harness.network.run(for: .milliseconds(10))
        harness.network.partition(core, agent)
        _ = client.clients[0].send(numbered(1))
        _ = server.servers[0].send(numbered(2), to: agent)
        try harness.network.run(for: .seconds(2))
        #expect(client.closed == [.init(peer: core, reason: .timedOut)])
        #expect(server.closed == [.init(peer: agent, reason: .timedOut)])
        #expect(client.clients[0].send(numbered(3)) == .noSession)
        harness.network.heal()
        try harness.network.run(for: .seconds(2))
        #expect(client.opened.map(\.resumed) == [false, false])
        #expect(server.received.isEmpty && client.received.isEmpty)
    }

    @Test func dropsEverythingOfTheOldSessionWhenThePeerRestarts() throws {
        let harness = try Harness()
        let server = try harness.startServer()
        _ = try harness.startClient(agent, 1)
        try harness.network.run(for: .milliseconds(10))
        harness.network.crash(agent)
        _ = server.servers[0].send(numbered(1), to: agent)
        let reborn = try harness.startClient(agent, 2)
        try harness.network.run(for: .milliseconds(100))
        #expect(server.closed == [.init(peer: agent, reason: .superseded)])
        #expect(server.opened.map(\.incarnation) == [Incarnation(1), Incarnation(2)])
        #expect(server.opened.map(\.resumed) == [false, false])
        #expect(reborn.received.isEmpty)
    }

    @Test func opensANewSessionWhenTheServerHasForgotten() throws {
        let harness = try Harness()
        _ = try harness.startServer(1)
        let client = try harness.startClient()
        try harness.network.run(for: .milliseconds(10))
        harness.network.crash(core)
        _ = client.clients[0].send(numbered(1))
        let reborn = try harness.startServer(2)
        try harness.network.run(for: .milliseconds(200))
        #expect(client.closed == [.init(peer: core, reason: .forgotten)])
        #expect(client.opened.map(\.incarnation) == [Incarnation(1), Incarnation(2)])
        #expect(reborn.received.isEmpty)
        _ = client.clients[0].send(numbered(2))
        try harness.network.run(for: .milliseconds(10))
        #expect(reborn.nonces(from: agent) == [2])
    }

    @Test func tellsAPeerThatItStops() throws {
        let harness = try Harness()
        _ = try harness.startServer()
        let client = try harness.startClient()
        try harness.network.run(for: .milliseconds(10))
        try harness.network.stop(core)
        try harness.network.run(for: .milliseconds(10))
        #expect(client.closed.map(\.reason) == [.refused(.shuttingDown, detail: "")])
    }

    @Test func endsEverySessionAfterAPauseWithoutReadingStaleFrames() throws {
        let harness = try Harness()
        let server = try harness.startServer()
        let client = try harness.startClient()
        try harness.network.run(for: .milliseconds(10))
        harness.network.pause(core, for: .seconds(3))
        _ = client.clients[0].send(numbered(1))
        try harness.network.run(for: .milliseconds(3_001))
        #expect(server.closed == [.init(peer: agent, reason: .paused)])
        #expect(client.closed == [.init(peer: core, reason: .timedOut)])
        try harness.network.run(for: .seconds(1))
        #expect(server.received.isEmpty)
        #expect(server.servers[0].isOpen(agent))
    }

    @Test func aMissingMessageEndsTheSession() throws {
        let harness = try Harness()
        let server = try harness.startServer()
        let client = try harness.startClient()
        try harness.network.run(for: .milliseconds(10))
        var isFirst = true
        harness.network.fate = { packet in
            let isNumbered = (try? StatusRequest(decoding: packet.frame)) != nil
            defer { if isNumbered { isFirst = false } }
            return isNumbered && isFirst ? .drop : .deliver(after: .microseconds(50))
        }
        for nonce in 1...3 { _ = client.clients[0].send(numbered(UInt64(nonce))) }
        try harness.network.run(for: .seconds(1))
        #expect(server.received.isEmpty)
        #expect(server.closed == [.init(peer: agent, reason: .sequenceGap)])
        #expect(client.closed.count == 1)
        #expect(client.opened.map(\.resumed) == [false, false])
    }

    @Test func dropsDuplicates() throws {
        let harness = try Harness()
        let server = try harness.startServer()
        let client = try harness.startClient()
        harness.network.fate = { _ in .duplicate(after: .microseconds(10)) }
        try harness.network.run(for: .milliseconds(10))
        for nonce in 1...20 { _ = client.clients[0].send(numbered(UInt64(nonce))) }
        try harness.network.run(for: .milliseconds(10))
        #expect(server.nonces(from: agent) == Array(1...20))
        // Twenty messages and one SessionOpen.
        #expect(server.servers[0].counters(of: agent).duplicates == 21)
        #expect(server.closed.isEmpty && client.closed.isEmpty)
    }

    @Test func refusesAnotherCluster() throws {
        let harness = try Harness()
        let server = try harness.startServer(cluster: "other")
        let client = try harness.startClient()
        try harness.network.run(for: .seconds(1))
        #expect(server.opened.isEmpty)
        guard case .refused(.wrongCluster, let detail) = client.refusals.first?.reason else {
            Issue.record("\(client.refusals)")
            return
        }
        #expect(detail == "this is cluster other, not test")
        #expect(client.refusals.count > 1, "it keeps trying")
    }

    @Test func aFullOutboxEndsOnlyThatPeersSession() throws {
        let harness = try Harness { $0.outboxMax = 100 }
        let server = try harness.startServer()
        let slow = try harness.startClient(agent)
        let other = try harness.startClient(rival)
        try harness.network.run(for: .milliseconds(10))
        harness.network.pause(agent, for: .milliseconds(500))
        for nonce in 1...101 {
            let outcome = server.servers[0].send(numbered(UInt64(nonce)), to: agent)
            #expect(outcome == (nonce <= 100 ? .queued : .overflow))
            #expect(server.servers[0].send(numbered(UInt64(nonce)), to: rival) == .queued)
            try harness.network.run(for: .milliseconds(1))
        }
        #expect(other.nonces(from: core) == Array(1...101))
        #expect(server.closed == [.init(peer: agent, reason: .notDraining)])
        try harness.network.run(for: .seconds(2))
        #expect(slow.opened.map(\.resumed) == [false, false], "it comes back and resyncs")
        #expect(!slow.nonces(from: core).contains(101))
    }

    @Test func refusesMalformedMessagesAndThenThePeer() throws {
        let harness = try Harness { $0.refusedMax = 3 }
        let server = try harness.startServer()
        let client = try harness.startClient()
        try harness.network.run(for: .milliseconds(10))
        _ = client.clients[0].send(numbered(1))
        for count in 1...3 {
            _ = client.clients[0].send(cutShort)
            _ = client.clients[0].send(numbered(UInt64(count) + 1))
            try harness.network.run(for: .milliseconds(5))
        }
        #expect(server.nonces(from: agent) == [1, 2, 3], "what follows a refusal is no gap")
        #expect(client.refusedMessages.map(\.reason) == [.malformed, .malformed, .malformed])
        #expect(client.refusedMessages.first?.sequence == SequenceNumber(2))
        #expect(server.closed == [.init(peer: agent, reason: .tooManyRefused)])
        #expect(server.servers[0].counters(of: agent).refused == 3)
        guard case .refused(.tooManyErrors, _) = client.closed.first?.reason else {
            Issue.record("\(client.closed)")
            return
        }
    }

    @Test func anOlderIncarnationDoesNotDisplaceANewerOne() throws {
        let harness = try Harness()
        let server = try harness.startServer()
        let zombie = LinkClient(
            orders, identity: identity("agent-a", 1), peer: core, settings: harness.settings)
        _ = try harness.startClient(agent, 2)
        try harness.network.run(for: .milliseconds(10))
        // The zombie is the same process to the server: the same authenticated name.
        zombie.begin(TurnClock(monotonic: harness.network.now, wall: .zero))
        zombie.connected()
        let route = Route(number: 77)
        zombie.flush(head: { .none }) { frame in
            server.servers[0].receive(frame, from: agent, on: route)
            return .sent
        }
        server.servers[0].flush(head: { .none }) { target, frame in
            if target == route { zombie.receive(frame) }
            return .sent
        }
        #expect(zombie.phase == .halted)
        #expect(server.closed.isEmpty)
    }

    @Test func timersFireOnceWhenDue() throws {
        let harness = try Harness()
        let server = try harness.startServer()
        var fired: [MonotonicTime] = []
        let due = harness.network.now + .milliseconds(7)
        server.deadline = due
        server.onTimer = { fired.append($0.clock.monotonic) }
        try harness.network.run(for: .seconds(1))
        #expect(fired == [due])
    }

    /// Seeded faults between two processes: broken connections, late frames of dead connections,
    /// duplicates and delays. No session ends, and each side has everything once and in order.
    @Test(arguments: 1...60)
    func survivesAnythingButLossWithinTheSession(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let harness = try Harness { settings in
            settings.timeout = .seconds(5)
            settings.credit = 8
            settings.acknowledgeEvery = 4
        }
        let server = try harness.startServer()
        let client = try harness.startClient()
        var faults = SeededRandom(seed: seed &+ 1_000_000)
        harness.network.fate = { _ in
            let delay = Span.microseconds(Int64.random(in: 1...20_000, using: &faults))
            return Int.random(in: 0..<20, using: &faults) == 0
                ? .duplicate(after: delay) : .deliver(after: delay)
        }
        try harness.network.run(for: .milliseconds(100))
        var sent: UInt64 = 0
        for _ in 0..<150 {
            for _ in 0..<Int.random(in: 0...4, using: &random) {
                sent += 1
                let lane: Lane = sent.isMultiple(of: 5) ? .priority : .normal
                #expect(client.clients[0].send(numbered(sent), lane: lane) == .queued)
                #expect(server.servers[0].send(numbered(sent), to: agent, lane: lane) == .queued)
            }
            try harness.network.run(
                for: .microseconds(Int64.random(in: 1...30_000, using: &random)))
            if Int.random(in: 0..<10, using: &random) == 0 {
                harness.network.disconnect(
                    agent, orders, losingPackets: Bool.random(using: &random))
            }
        }
        try harness.network.run(for: .seconds(4))
        for (name, nonces) in [
            ("server", server.nonces(from: agent)), ("client", client.nonces(from: core)),
        ] {
            let isPriority: (UInt64) -> Bool = { $0.isMultiple(of: 5) }
            let all = Array(1...sent)
            #expect(nonces.filter(isPriority) == all.filter(isPriority), "\(name) seed \(seed)")
            #expect(
                nonces.filter { !isPriority($0) } == all.filter { !isPriority($0) },
                "\(name) seed \(seed)")
        }
        #expect(server.closed.isEmpty && client.closed.isEmpty, "seed \(seed)")
        #expect(client.opened.count > 1, "seed \(seed) broke nothing")
    }

    /// Seeded crashes and long partitions: within each session what arrives is a prefix of what was
    /// sent in it, without repetition.
    @Test(arguments: 1...40)
    func neverCarriesAMessageIntoAnotherSession(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let harness = try Harness { $0.timeout = .milliseconds(300) }
        var server = try harness.startServer(1)
        var client = try harness.startClient(agent, 1)
        var incarnation: UInt64 = 1
        var sent: UInt64 = 0
        var arrived: [[UInt64]] = []
        var sessions: [[UInt64]] = []
        func collect(_ probe: Probe) { arrived.append(probe.nonces(from: agent)) }
        client.onOpened = { _, _ in sessions.append([]) }
        for _ in 0..<60 {
            for _ in 0..<Int.random(in: 0...5, using: &random) {
                sent += 1
                if client.clients[0].send(numbered(sent)) == .queued {
                    sessions[sessions.count - 1].append(sent)
                }
            }
            try harness.network.run(
                for: .milliseconds(Int64.random(in: 1...40, using: &random)))
            switch Int.random(in: 0..<12, using: &random) {
            case 0: harness.network.disconnect(agent, orders)
            case 1:
                harness.network.partition(core, agent)
                try harness.network.run(for: .milliseconds(700))
                harness.network.heal()
            case 2:
                incarnation += 1
                harness.network.crash(agent)
                client = try harness.startClient(agent, incarnation)
                client.onOpened = { _, _ in sessions.append([]) }
            case 3:
                incarnation += 1
                harness.network.crash(core)
                collect(server)
                server = try harness.startServer(incarnation)
            default: break
            }
        }
        try harness.network.run(for: .seconds(2))
        collect(server)
        let all = arrived.flatMap { $0 }
        #expect(Set(all).count == all.count, "seed \(seed): a message arrived twice")
        let seen = Set(all)
        for session in sessions {
            let prefix = session.prefix { seen.contains($0) }
            #expect(
                session.dropFirst(prefix.count).allSatisfy { !seen.contains($0) },
                "seed \(seed): not a prefix")
        }
        #expect(all == all.sorted(), "seed \(seed): out of order")
    }
}

/// A message that ends too early.
private let cutShort = Array(
    CancelRequest(incarnation: Incarnation(1), requestID: RequestID(1), orderID: OrderID(1))
        .frame().dropLast(4))
