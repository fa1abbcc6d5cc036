import Glibc
import Testing
import Trading
import Wire

@testable import Transport

private let btc = MarketTopic("KXBTCUD5M-1") ?? .all
private let eth = MarketTopic("KXETHUD5M-1") ?? .all

/// A gateway that publishes and one or two followers, in memory.
private struct Channel {
    let network = MemoryNetwork()
    let endpoint: Endpoint

    init() throws { endpoint = try Endpoint(path: "/memory/market") }

    func startPublisher(
        _ incarnation: UInt64 = 1, confining: [ProcessID: Set<MarketTopic>] = [:]
    ) throws -> Probe {
        let publisher = MarketPublisher(
            channel, identity: identity("gw", incarnation), allowing: [core, agent],
            confining: confining)
        return try network.add(gateway) { wiring in
            let probe = Probe()
            probe.publishers = [publisher]
            try wiring.bind(publisher, at: endpoint)
            return probe
        }
    }

    func startFollower(_ name: ProcessID = core) throws -> Probe {
        let subscriber = MarketSubscriber(channel, publisher: gateway)
        return try network.add(name) { wiring in
            let probe = Probe()
            probe.subscribers = [subscriber]
            try wiring.connect(subscriber, to: endpoint)
            return probe
        }
    }
}

@Suite struct MarketChannelTests {
    @Test func carriesEveryTopicInOrder() throws {
        let channel = try Channel()
        let publisher = try channel.startPublisher(4)
        let follower = try channel.startFollower()
        try channel.network.run(for: .milliseconds(10))
        #expect(publisher.subscriptions.map(\.topic) == [.all])
        for tick in 1...10 {
            publisher.publishers[0].publish(ticked(UInt64(tick)), topic: tick % 2 == 0 ? btc : eth)
        }
        try channel.network.run(for: .milliseconds(10))
        #expect(follower.market.map(\.tick) == Array(1...10))
        #expect(follower.market[1].topic == btc)
        #expect(follower.gaps == [.restarted(Incarnation(4))])
    }

    @Test func reportsLossOnceAndAsksForSnapshots() throws {
        let channel = try Channel()
        let publisher = try channel.startPublisher()
        let follower = try channel.startFollower()
        try channel.network.run(for: .milliseconds(10))
        var seen = 0
        channel.network.fate = { packet in
            guard (try? MarketTick(decoding: packet.frame)) != nil else {
                return .deliver(after: .microseconds(10))
            }
            seen += 1
            return (3...5).contains(seen) ? .drop : .deliver(after: .microseconds(10))
        }
        for tick in 1...8 { publisher.publishers[0].publish(ticked(UInt64(tick)), topic: btc) }
        try channel.network.run(for: .milliseconds(10))
        #expect(follower.market.map(\.tick) == [1, 2, 6, 7, 8])
        #expect(follower.gaps == [.restarted(Incarnation(1)), .lost(3)])
        #expect(publisher.subscriptions.map(\.topic) == [.all, .all])
        #expect(follower.subscribers[0].lost == 3)
    }

    @Test func aHeartbeatShowsTheLossOfTheLastMessage() throws {
        let channel = try Channel()
        let publisher = try channel.startPublisher()
        let follower = try channel.startFollower()
        try channel.network.run(for: .milliseconds(10))
        channel.network.fate = { packet in
            (try? MarketTick(decoding: packet.frame)) == nil
                ? .deliver(after: .microseconds(10)) : .drop
        }
        publisher.publishers[0].publish(ticked(1), topic: btc)
        try channel.network.run(for: .milliseconds(300))
        #expect(follower.market.isEmpty)
        #expect(follower.gaps.last == .lost(1))
        #expect(publisher.subscriptions.count == 2)
    }

    @Test func limitsSnapshotRequests() throws {
        let channel = try Channel()
        let publisher = try channel.startPublisher()
        let follower = try channel.startFollower()
        try channel.network.run(for: .milliseconds(10))
        for _ in 0..<100 {
            follower.subscribers[0].requestSnapshot(of: btc)
            try channel.network.run(for: .milliseconds(10))
        }
        #expect((5...7).contains(publisher.subscriptions.count - 1))
        #expect(publisher.subscriptions.last?.topic == btc)
    }

    @Test func reportsARestartedPublisher() throws {
        let channel = try Channel()
        let publisher = try channel.startPublisher(1)
        let follower = try channel.startFollower()
        try channel.network.run(for: .milliseconds(10))
        for tick in 1...5 { publisher.publishers[0].publish(ticked(UInt64(tick)), topic: btc) }
        try channel.network.run(for: .milliseconds(10))
        channel.network.crash(gateway)
        let reborn = try channel.startPublisher(2)
        try channel.network.run(for: .milliseconds(10))
        #expect(reborn.subscriptions.map(\.topic) == [.all])
        reborn.publishers[0].publish(ticked(100), topic: btc)
        try channel.network.run(for: .milliseconds(10))
        #expect(follower.market.last?.tick == 100)
        #expect(follower.gaps == [.restarted(Incarnation(1)), .restarted(Incarnation(2))])
    }

    @Test func reportsSilence() throws {
        let channel = try Channel()
        _ = try channel.startPublisher()
        let follower = try channel.startFollower()
        try channel.network.run(for: .seconds(5))
        #expect(follower.gaps == [.restarted(Incarnation(1))], "heartbeats keep it alive")
        #expect(follower.subscribers[0].isHeard)
        channel.network.crash(gateway)
        try channel.network.run(for: .seconds(5))
        #expect(follower.gaps.last == .silent)
        #expect(follower.gaps.count == 2)
        #expect(!follower.subscribers[0].isHeard)
    }

    @Test func refusesTopicsThatAFollowerMayNotFollow() throws {
        let publisher = MarketPublisher(
            channel, identity: identity("gw"), allowing: [core, agent],
            confining: [agent: [btc]])
        #expect(publisher.subscribe(core, to: .all))
        #expect(publisher.subscribe(agent, to: btc))
        #expect(!publisher.subscribe(agent, to: eth))
        #expect(!publisher.subscribe(agent, to: .all))
        #expect(!publisher.subscribe(rival, to: btc))
        #expect(publisher.refusedSubscriptions == 3)
    }

    @Test func dropsWhatIsNotThePublishersOrIsOld() {
        let subscriber = MarketSubscriber(channel, publisher: gateway)
        subscriber.begin(TurnClock(monotonic: MonotonicTime(nanoseconds: 1), wall: .zero))
        func frame(_ sender: ProcessID, _ sequence: UInt64) -> [UInt8] {
            let envelope = Envelope(
                sender: sender, epoch: Epoch(1), sequence: SequenceNumber(sequence),
                sentAt: .zero, traceID: 0)
            return MarketTick(envelope: envelope, tick: TickNumber(sequence), at: .zero).frame()
        }
        subscriber.receive(frame(rival, 1), topic: btc)
        subscriber.receive([1, 2, 3], topic: btc)
        subscriber.receive(Array(frame(gateway, 1).dropLast()), topic: btc)
        #expect(subscriber.takeEvents().isEmpty)
        subscriber.receive(frame(gateway, 5), topic: btc)
        subscriber.receive(frame(gateway, 5), topic: btc)
        subscriber.receive(frame(gateway, 4), topic: btc)
        #expect(subscriber.takeEvents().count == 2)
        #expect(subscriber.refused == 5)
    }
}

@Suite(.serialized, .timeLimit(.minutes(2)))
struct MarketSocketTests {
    private func start(
        _ cluster: Cluster, _ settings: LinkSettings = patient
    ) throws -> (PollLoop<Probe>, PollLoop<Probe>) {
        let endpoint = try cluster.endpoint("b")
        let publisher = try cluster.start(gateway) { wiring in
            let probe = Probe()
            let link = MarketPublisher(
                channel, identity: identity("gw"), allowing: [core], settings: settings)
            probe.publishers = [link]
            try wiring.bind(link, at: endpoint)
            return probe
        }
        let follower = try cluster.start(core) { wiring in
            let probe = Probe()
            let link = MarketSubscriber(channel, publisher: gateway, settings: settings)
            probe.subscribers = [link]
            try wiring.connect(link, to: endpoint)
            return probe
        }
        try publisher.waitUntil("the subscription") { $0.subscriptions.count == 1 }
        return (publisher, follower)
    }

    @Test func publishesOverCurveAndSeesSnapshotRequests() throws {
        let cluster = try Cluster()
        let (publisher, follower) = try start(cluster)
        #expect(try publisher.ask { $0.subscriptions[0].peer } == core)
        _ = try publisher.ask { probe in
            for tick in 1...500 {
                probe.publishers[0].publish(ticked(UInt64(tick)), topic: tick % 3 == 0 ? btc : eth)
            }
        }
        try follower.waitUntil("all messages") { $0.market.count == 500 }
        #expect(try follower.ask { $0.market.map(\.tick) } == Array(1...500))
        _ = try follower.ask { $0.subscribers[0].requestSnapshot(of: btc) }
        try publisher.waitUntil("the request") { $0.subscriptions.last?.topic == btc }
        // The standing subscription is still there, for other topics too.
        _ = try publisher.ask { $0.publishers[0].publish(ticked(501), topic: eth) }
        try follower.waitUntil("one more") { $0.market.last?.tick == 501 }
        #expect(try follower.ask { $0.gaps } == [.restarted(Incarnation(1))])
        try follower.end()
        try publisher.end()
    }

    @Test func aGapIsSeenAndHealed() throws {
        let cluster = try Cluster()
        var settings = patient
        settings.outboxMax = 10
        let (publisher, follower) = try start(cluster, settings)
        _ = try publisher.ask { $0.publishers[0].publish(ticked(1), topic: btc) }
        try follower.waitUntil("the first") { $0.market.count == 1 }
        // One turn publishes more than fits: five messages are lost, the heartbeat shows it.
        _ = try publisher.ask { probe in
            for tick in 2...16 { probe.publishers[0].publish(ticked(UInt64(tick)), topic: btc) }
        }
        try follower.waitUntil("the gap") { $0.gaps.last == .lost(5) }
        try publisher.waitUntil("the request for everything") { probe in
            probe.subscriptions.map(\.topic) == [.all, .all]
        }
        #expect(try publisher.ask { $0.publishers[0].dropped } == 5)
        try follower.end()
        try publisher.end()
    }

    @Test func refusesAFollowerThatIsNotOnTheList() throws {
        let cluster = try Cluster()
        let (publisher, follower) = try start(cluster)
        let peer = try RawPeer.dealer(
            cluster.keys[rival], to: try cluster.endpoint("b"),
            server: cluster.directory.key(of: gateway))
        defer { peer.close() }
        #expect(try peer.isTurnedAway())
        try follower.end()
        try publisher.end()
    }
}
