import CZeroMQ
import Dispatch
import Glibc
import Synchronization
import Testing
import Trading
import Wire

@testable import Transport

@Suite(.serialized, .timeLimit(.minutes(3)))
struct PollLoopTests {
    @Test func carriesMessagesBothWays() throws {
        let cluster = try Cluster()
        let server = try cluster.startServer { probe in
            probe.journalHead = JournalHead(
                sequence: SequenceNumber(7), chainHead: .zero, marketTime: Timestamp(seconds: 5))
            probe.onReceived = { probe, frame, peer in
                guard let request = try? StatusRequest(decoding: frame) else { return }
                #expect(
                    probe.servers[0].send(numbered(request.nonce + 1_000), to: peer) == .queued)
            }
        }
        let client = try cluster.startClient { probe in
            probe.onOpened = { probe, _ in
                for nonce in 1...100 {
                    #expect(probe.clients[0].send(numbered(UInt64(nonce))) == .queued)
                }
            }
        }
        try client.waitUntil("all answers") { $0.received.count == 100 }
        #expect(try client.ask { $0.nonces(from: core) } == Array(1_001...1_100))
        #expect(try server.ask { $0.nonces(from: agent) } == Array(1...100))
        try client.waitUntil("a heartbeat") { probe in
            probe.heads.contains { $0.sequence == SequenceNumber(7) }
        }
        try client.end()
        try server.waitUntil("the goodbye") { !$0.closed.isEmpty }
        #expect(
            try server.ask { $0.closed[0].reason } == .refused(.shuttingDown, detail: ""))
        try server.end()
    }

    /// A second process with the same keys and a newer incarnation.
    @Test(arguments: [true, false])
    func aSupersededProcessReturnsOnlyWhereItIsToldTo(returns: Bool) throws {
        let cluster = try Cluster()
        let server = try cluster.startServer()
        var settings = patient
        settings.returnsWhereSuperseded = returns
        settings.reconnectDelayMax = .milliseconds(50)
        let older = try cluster.startClient(agent, settings)
        try older.waitUntil("the session") { !$0.opened.isEmpty }
        let newer = try cluster.startClient(agent, incarnation: 2)
        try older.waitUntil("its end") { !$0.closed.isEmpty }
        if returns {
            // While the newer one lives it asks in vain.
            try older.waitUntil("a refusal") { !$0.refusals.isEmpty }
        } else {
            #expect(try older.ask { $0.clients[0].phase } == .halted)
        }
        #expect(try server.ask { $0.opened.map(\.incarnation.rawValue) } == [1, 2])
        try newer.end()
        try server.waitUntil("the goodbye") { $0.closed.count == 2 }
        if returns {
            try older.waitUntil("the next session") { $0.opened.count == 2 }
            #expect(try server.ask { $0.opened.map(\.incarnation.rawValue) } == [1, 2, 1])
        }
        try older.end()
        try server.end()
    }

    @Test func resumesAfterItsConnectionBroke() throws {
        let cluster = try Cluster()
        let server = try cluster.startServer()
        let client = try cluster.startClient()
        try client.waitUntil("the session") { !$0.opened.isEmpty }
        for round in 0..<5 {
            _ = try client.ask { probe in
                for nonce in 1...20 {
                    #expect(
                        probe.clients[0].send(numbered(UInt64(round * 20 + nonce))) == .queued)
                }
                // As if libzmq had reported it: the socket goes, and what it had not sent.
                probe.clients[0].disconnected()
            }
            _ = try server.ask { probe in
                for nonce in 1...20 {
                    let number = UInt64(round * 20 + nonce)
                    #expect(probe.servers[0].send(numbered(number), to: agent) == .queued)
                }
            }
        }
        try server.waitUntil("all of the client") { $0.received.count == 100 }
        try client.waitUntil("all of the server") { $0.received.count == 100 }
        #expect(try server.ask { $0.nonces(from: agent) } == Array(1...100))
        #expect(try client.ask { $0.nonces(from: core) } == Array(1...100))
        #expect(try client.ask { $0.closed.isEmpty && $0.opened.last?.resumed == true })
        try client.end()
        try server.end()
    }

    @Test func opensANewSessionWithARestartedServer() throws {
        let cluster = try Cluster()
        let first = try cluster.startServer(incarnation: 1)
        let client = try cluster.startClient()
        try client.waitUntil("the session") { !$0.opened.isEmpty }
        try first.end()
        let second = try cluster.startServer(incarnation: 2)
        try client.waitUntil("the new session") { $0.opened.count == 2 }
        #expect(try client.ask { $0.opened[1].incarnation } == Incarnation(2))
        #expect(try client.ask { $0.opened[1].resumed } == false)
        #expect(try client.ask { $0.closed.count } == 1)
        try client.end()
        try second.end()
    }

    @Test func disconnectsAPeerThatDoesNotDrainAndServesOthers() throws {
        let cluster = try Cluster()
        var settings = patient
        settings.drainTimeout = .milliseconds(300)
        let server = try cluster.startServer(settings)
        let other = try cluster.startClient(agent, settings)
        let slow = try RawPeer.dealer(
            cluster.keys[rival], to: try cluster.endpoint(),
            server: cluster.directory.key(of: core))
        defer { slow.close() }
        let session = try slow.open(as: rival)
        try slow.send(
            Acknowledge(
                envelope: slow.envelope(rival), sessionID: session.sessionID,
                receivedThrough: .zero, credit: 1_000
            ).frame())
        try other.waitUntil("the session") { !$0.opened.isEmpty }
        // The slow peer reads and is alive, but never acknowledges.
        _ = try server.ask { probe in
            for nonce in 1...100 {
                #expect(probe.servers[0].send(numbered(UInt64(nonce)), to: rival) == .queued)
                #expect(probe.servers[0].send(numbered(UInt64(nonce)), to: agent) == .queued)
            }
        }
        try server.waitUntil("the disconnect") { !$0.closed.isEmpty }
        #expect(
            try server.ask { $0.closed } == [Probe.Closing(peer: rival, reason: .notDraining)])
        #expect(try slow.receive(SessionRefused.self).reason == .notDraining)
        try other.waitUntil("all messages") { $0.nonces(from: core) == Array(1...100) }
        #expect(try server.ask { $0.servers[0].isOpen(agent) })
        try other.end()
        try server.end()
    }

    @Test func aPeerThatReadsNothingBlocksNobody() throws {
        let cluster = try Cluster()
        var settings = patient
        settings.drainTimeout = .seconds(1)
        let server = try cluster.startServer(settings)
        let other = try cluster.startClient(agent, settings)
        let dead = try RawPeer.dealer(
            cluster.keys[rival], to: try cluster.endpoint(),
            server: cluster.directory.key(of: core))
        defer { dead.close() }
        let session = try dead.open(as: rival)
        try dead.send(
            Acknowledge(
                envelope: dead.envelope(rival), sessionID: session.sessionID,
                receivedThrough: .zero, credit: 1_000_000
            ).frame())
        try dead.send(dead.numbered(1, as: rival, sequence: 1))
        try server.waitUntil("the credit") { $0.received.count == 1 }
        try other.waitUntil("the session") { !$0.opened.isEmpty }
        // More than libzmq and the kernel hold for the dead peer.
        let bulk = OperatorReply(
            nonce: 1, isAccepted: .yes, arming: .armed, cancelled: 0
        ).frame(detail: [UInt8](repeating: 1, count: 4_000))
        _ = try server.ask { probe in
            for nonce in 1...6_000 {
                #expect(probe.servers[0].send(bulk, to: rival) == .queued)
                #expect(probe.servers[0].send(numbered(UInt64(nonce)), to: agent) == .queued)
            }
        }
        try other.waitUntil("all messages") { $0.received.count == 6_000 }
        #expect(try other.ask { $0.nonces(from: core) } == Array(1...6_000))
        try server.waitUntil("the disconnect") { !$0.closed.isEmpty }
        #expect(
            try server.ask { $0.closed } == [Probe.Closing(peer: rival, reason: .notDraining)])
        try other.end()
        try server.end()
    }

    @Test func priorityMessagesPassAPeerWithoutCredit() throws {
        let cluster = try Cluster()
        let server = try cluster.startServer()
        let peer = try RawPeer.dealer(
            cluster.keys[rival], to: try cluster.endpoint(),
            server: cluster.directory.key(of: core))
        defer { peer.close() }
        let session = try peer.open(as: rival)
        try peer.send(
            Acknowledge(
                envelope: peer.envelope(rival), sessionID: session.sessionID,
                receivedThrough: .zero, credit: 2
            ).frame())
        // In order on one connection: the credit has arrived when this has.
        try peer.send(peer.numbered(1, as: rival, sequence: 1))
        try server.waitUntil("the credit") { $0.received.count == 1 }
        _ = try server.ask { probe in
            for nonce in 1...1_000 {
                #expect(probe.servers[0].send(numbered(UInt64(nonce)), to: rival) == .queued)
            }
            for nonce in 5_001...5_003 {
                let outcome = probe.servers[0].send(
                    numbered(UInt64(nonce)), to: rival, lane: .priority)
                #expect(outcome == .queued)
            }
        }
        var nonces: [UInt64] = []
        while nonces.count < 5 { nonces.append(try peer.receive(StatusRequest.self).nonce) }
        #expect(nonces == [1, 2, 5_001, 5_002, 5_003])
        try server.end()
    }

    @Test func nothingOfATurnWhoseCommitFailsIsSent() throws {
        struct DiskFull: Error {}
        let cluster = try Cluster()
        let server = try cluster.startServer()
        let client = try cluster.startClient()
        try client.waitUntil("the session") { !$0.opened.isEmpty }
        _ = server.post { probe in
            #expect(probe.servers[0].send(numbered(1), to: agent) == .queued)
            probe.failure = DiskFull()
        }
        #expect(throws: DiskFull.self) { try server.wait() }
        #expect(!server.post { _ in }, "a loop that has ended takes no work")
        try client.waitUntil("the broken connection") { $0.clients[0].phase != .open }
        #expect(try client.ask { $0.received.isEmpty })
        try client.end()
    }

    @Test func takesWorkAndMailFromOtherThreadsInOrder() throws {
        let cluster = try Cluster()
        let box = Mutex<Mailbox<Int>?>(nil)
        let loop = try cluster.start(core) { wiring in
            box.withLock { $0 = wiring.mailbox(of: Int.self, capacity: 3) }
            return Probe()
        }
        let mailbox = try #require(box.withLock { $0 })
        let order = Mutex<[Int]>([])
        for number in 1...100 {
            #expect(loop.post { _ in order.withLock { $0.append(number) } })
        }
        try loop.waitUntil("all work") { _ in order.withLock { $0.count } == 100 }
        #expect(order.withLock { $0 } == Array(1...100))
        #expect(mailbox.post(1) && mailbox.post(2) && mailbox.post(3))
        #expect(!mailbox.post(4), "the box is full")
        #expect(try loop.ask { _ in mailbox.takeAll() } == [1, 2, 3])
        mailbox.close()
        #expect(!mailbox.post(5))
        try loop.end()
    }

    @Test func saysWhatCannotBeBoundAndWhere() throws {
        let cluster = try Cluster()
        let server = try cluster.startServer()
        let inUse = #expect(throws: TransportError.self) { try cluster.startServer() }
        #expect(inUse?.code == .addressInUse)
        #expect(inUse?.message.contains("core.agents at ipc://\(cluster.folder)/a") == true)
        let nowhere = try Endpoint(path: "\(cluster.folder)/missing/a")
        let missing = #expect(throws: TransportError.self) {
            try cluster.start(core) { wiring in
                let link = LinkServer(orders, identity: identity("core"), allowing: [agent])
                try wiring.bind(link, at: nowhere)
                return Probe()
            }
        }
        #expect(missing?.code == .unavailable)
        #expect(missing?.message.contains("missing/a") == true)
        // The first server is not disturbed by the attempt.
        let client = try cluster.startClient()
        try client.waitUntil("the session") { !$0.opened.isEmpty }
        try client.end()
        try server.end()
    }

    @Test func needsTheKeysOfItsPeers() throws {
        let cluster = try Cluster()
        let error = #expect(throws: TransportError.self) {
            try cluster.startServer(allowing: [process("nobody")])
        }
        #expect(error?.code == .unknownProcess)
        #expect(error?.message.contains("nobody") == true)
    }

    @Test func timersWakeTheLoop() throws {
        let cluster = try Cluster()
        let loop = try cluster.start(core) { _ in
            let probe = Probe()
            probe.onTimer = { probe in
                if probe.turns < 1_000 { probe.deadline = probe.clock.monotonic + .milliseconds(2) }
            }
            return probe
        }
        _ = try loop.ask { $0.deadline = $0.clock.monotonic }
        try loop.waitUntil("twenty turns") { $0.turns > 20 }
        try loop.end()
    }

    @Test func anIdleLoopDoesNotSpin() throws {
        let cluster = try Cluster()
        let server = try cluster.startServer()
        let client = try cluster.startClient()
        try client.waitUntil("three heartbeats") { $0.heads.count >= 3 }
        // Heartbeats, acknowledgements and our own questions: not thousands of turns.
        let turns = try client.ask { $0.turns }
        let before = try server.ask { $0.turns }
        let asked = try server.ask { $0.turns } - before
        try client.waitUntil("three more") { $0.heads.count >= 6 }
        #expect(asked <= 4)
        #expect(turns < 2_000)
        try client.end()
        try server.end()
    }

    @Test func measuresTheRawRoundTrip() throws {
        let cluster = try Cluster()
        for isEncrypted in [true, false] {
            let spans = try rawRoundTrip(
                count: 50, bytes: 256, over: try cluster.endpoint("c"), encrypted: isEncrypted)
            #expect(spans.count == 50)
            #expect(spans.allSatisfy { $0 > .zero })
        }
    }
}

@Suite struct EndpointTests {
    @Test func readsWhatItWrites() throws {
        for text in ["ipc:///run/bellwether/core.agents", "tcp://127.0.0.1:9000", "tcp://[::1]:1"] {
            #expect(try Endpoint(parsing: text).description == text)
        }
    }

    @Test(arguments: [
        "", "core", "ipc://", "ipc://relative/path", "tcp://host", "tcp://:1", "tcp://host:x",
        "tcp://host:70000", "udp://host:1", "inproc://x",
    ])
    func refusesOtherTexts(text: String) {
        let error = #expect(throws: TransportError.self) { try Endpoint(parsing: text) }
        #expect(error?.code == .badEndpoint)
        #expect(error?.message.contains(text) == true)
    }

    @Test func refusesAPathThatAUnixSocketCannotHave() throws {
        #expect(
            try Endpoint(path: "/" + String(repeating: "x", count: 106)).description.count == 113)
        let error = #expect(throws: TransportError.self) {
            try Endpoint(path: "/" + String(repeating: "x", count: 107))
        }
        #expect(error?.message.contains("108 bytes") == true)
    }
}

@Suite struct TimerQueueTests {
    @Test func firesInOrderOfTimeAndThenOfSetting() {
        var queue = TimerQueue<String>()
        let start = MonotonicTime(nanoseconds: 100)
        queue.set("late", at: start + .seconds(2))
        queue.set("first", at: start)
        queue.set("second", at: start)
        queue.set("moved", at: start)
        queue.set("moved", at: start + .seconds(3))
        queue.set("gone", at: start)
        queue.cancel("gone")
        check(queue.nextDeadline == start)
        check(queue.popDue(at: start) == "first")
        check(queue.popDue(at: start) == "second")
        check(queue.popDue(at: start) == nil)
        check(queue.popDue(at: start + .seconds(9)) == "late")
        check(queue.popDue(at: start + .seconds(9)) == "moved")
        check(queue.nextDeadline == nil)
    }
}
