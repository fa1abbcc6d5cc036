import Cryptography
import DomainAgent
import Signals
import Testing
import Trading
import Transport
import Wire

@Suite struct AgentServiceTests {
    private func ready() throws -> AgentCluster {
        let cluster = try AgentCluster()
        try cluster.network.run(for: .milliseconds(300))
        try cluster.grant()
        return cluster
    }

    private func dones(_ cluster: AgentCluster) -> [TickDone] {
        cluster.core.hear({ try TickDone(decoding: $0) }, .tickDone)
    }

    private func requests(_ cluster: AgentCluster) -> [OrderRequest] {
        cluster.core.hear({ try OrderRequest(decoding: $0) }, .orderRequest)
    }

    @Test func actsWhenBothMarksOfATickAreThere() throws {
        let cluster = try ready()
        let now = cluster.makeOpportunity()
        cluster.begin(1, at: now)
        try cluster.settle()
        #expect(dones(cluster).isEmpty, "the market channel has not marked the tick")
        cluster.mark(1, at: now)
        try cluster.settle()
        let done = try #require(dones(cluster).first)
        #expect(done.tick == TickNumber(1))
        #expect(done.requested == 2, "a parent and a child")
        #expect(requests(cluster).count == 1)
        cluster.mark(2, at: now + .seconds(1))
        try cluster.settle()
        #expect(dones(cluster).count == 1)
        cluster.begin(2, at: now + .seconds(1))
        try cluster.settle()
        #expect(dones(cluster).count == 2)
    }

    @Test func requestsCarryTheirExplanation() throws {
        let cluster = try ready()
        let now = cluster.makeOpportunity()
        cluster.mark(1, at: now)
        cluster.begin(1, at: now)
        try cluster.settle()
        let intents = cluster.core.hear({ try DeclareIntent(decoding: $0) }, .declareIntent)
        let intent = try #require(intents.first)
        let frame = try #require(
            cluster.core.heard.first { (try? WireFrame.template(of: $0)) == .orderRequest })
        let request = try OrderRequest(decoding: frame)
        #expect(request.envelope.sender == AgentCluster.agent)
        #expect(request.incarnation == Incarnation(7))
        #expect(request.intentID == intent.intentID)
        #expect(request.side == .buy)
        #expect(request.quoteSequence == SequenceNumber(5))
        #expect(request.quotedAt == now)
        #expect(request.modelHash != .zero)
        var vector = FeatureVector()
        let features = try OrderRequest.features(in: frame)
        #expect(features.contains { $0.label.description == "strike" && $0.value == 64_999 })
        #expect(features.contains { $0.label.description == "spot" && $0.value == 65_060 })
        // The hash is that of the features as they were sent.
        for feature in features { vector.add(copying: feature.label, feature.value) }
        #expect(request.featureHash.bytes == SHA256.hash(vector.canonicalBytes).bytes)
        #expect(try !OrderRequest.signal(in: frame).isEmpty)
        #expect(try !OrderRequest.model(in: frame).isEmpty)
    }

    @Test func seesNothingThatWasReceivedLater() throws {
        let cluster = try ready()
        let now = cluster.makeOpportunity()
        cluster.source.add(120, 64_000)
        cluster.mark(1, at: now)
        cluster.begin(1, at: now)
        try cluster.settle()
        #expect(cluster.source.waiting.count == 1)
        #expect(requests(cluster).first?.side == .buy)
    }

    @Test func theOrderOfTheTwoLinksDoesNotMatter() throws {
        var frames: [[[UInt8]]] = []
        for isMarketFirst in [true, false] {
            let cluster = try ready()
            let now = cluster.makeOpportunity()
            if isMarketFirst { cluster.mark(1, at: now) } else { cluster.begin(1, at: now) }
            try cluster.settle()
            if isMarketFirst { cluster.begin(1, at: now) } else { cluster.mark(1, at: now) }
            try cluster.settle()
            // The envelope carries the moment of sending, so it is left out.
            frames.append(
                cluster.core.heard.map {
                    Array($0.dropFirst(WireFrame.headerLength + WireFrame.envelopeLength))
                })
        }
        #expect(frames[0] == frames[1])
        #expect(!frames[0].isEmpty)
    }

    @Test func booksThatBelongToTheNextTickWait() throws {
        let cluster = try ready()
        let now = cluster.makeOpportunity()
        cluster.mark(1, at: now)
        cluster.book(bid: 97, ask: 99, at: now)
        cluster.begin(1, at: now)
        try cluster.settle()
        #expect(requests(cluster).first?.price == Price(units: 510_000_000))
    }

    @Test func aTickWithoutItsMarkIsNotWaitedForForever() throws {
        let cluster = try ready()
        let now = cluster.makeOpportunity()
        cluster.begin(1, at: now)
        try cluster.network.run(for: .milliseconds(900))
        #expect(dones(cluster).isEmpty)
        try cluster.network.run(for: .milliseconds(200))
        #expect(dones(cluster).map(\.requested) == [0], "books are not trusted")
    }

    @Test func aGapMakesBooksStaleUntilTheirSnapshot() throws {
        let cluster = try ready()
        let now = cluster.makeOpportunity()
        cluster.mark(1, at: now)
        try cluster.settle()
        cluster.network.fate = {
            $0.link.description == "gw-kalshi.market" ? .drop : .deliver(after: .zero)
        }
        cluster.book(bid: 50, ask: 52, at: now)
        try cluster.settle()
        cluster.network.fate = { _ in .deliver(after: .microseconds(50)) }
        cluster.mark(2, at: now)
        cluster.begin(2, at: now)
        try cluster.settle()
        #expect(requests(cluster).isEmpty)
        #expect(dones(cluster).count == 1)
        cluster.book(bid: 49, ask: 51, at: now)
        cluster.mark(3, at: now)
        cluster.begin(3, at: now)
        try cluster.settle()
        #expect(requests(cluster).count == 1)
    }

    @Test func aGrantOfSomethingElseIsNotTraded() throws {
        let cluster = try AgentCluster()
        try cluster.network.run(for: .milliseconds(300))
        try cluster.grant(strategy: "other")
        let now = cluster.makeOpportunity()
        cluster.mark(1, at: now)
        cluster.begin(1, at: now)
        try cluster.settle()
        #expect(requests(cluster).isEmpty)
        #expect(dones(cluster).map(\.requested) == [0], "but nobody waits for it")
    }

    @Test func anIncompleteSnapshotEndsTheSession() throws {
        let cluster = try AgentCluster()
        try cluster.network.run(for: .milliseconds(300))
        #expect(cluster.core.sessions == 1)
        try cluster.grant(statedOrders: 3)
        try cluster.network.run(for: .seconds(2))
        #expect(cluster.core.sessions == 2)
    }

    @Test func startsOverFromTheSnapshotAfterALostSession() throws {
        let cluster = try ready()
        let now = cluster.makeOpportunity()
        cluster.mark(1, at: now)
        cluster.begin(1, at: now)
        try cluster.settle()
        #expect(requests(cluster).count == 1)
        cluster.network.partition(AgentCluster.agent, AgentCluster.core)
        try cluster.network.run(for: .seconds(3))
        cluster.network.heal()
        try cluster.network.run(for: .seconds(3))
        #expect(cluster.core.sessions == 2)
        cluster.core.forget()
        try cluster.grant(orders: [
            AgentOrder(
                orderID: OrderID(55), requestID: RequestID(1), intentID: IntentID(1),
                instrument: AgentCluster.instrument, side: .sell,
                price: Price(units: 900_000_000), quantity: Quantity(5), filled: Quantity(2),
                state: .working)
        ])
        cluster.mark(2, at: now + .seconds(1))
        cluster.begin(2, at: now + .seconds(1))
        try cluster.settle()
        let cancels = cluster.core.hear({ try CancelRequest(decoding: $0) }, .cancelRequest)
        #expect(cancels.map(\.orderID) == [OrderID(55)])
        #expect(cancels.first?.requestID == RequestID(1), "ids begin again")
    }

    @Test func saysWhyItLeavesAMarketAlone() throws {
        let cluster = try ready()
        let now = cluster.makeOpportunity()
        cluster.mark(1, at: now)
        cluster.begin(1, at: now)
        try cluster.settle()
        cluster.supervisor.say(LooksRequest(nonce: 9, after: 0, limit: 10).frame())
        cluster.supervisor.say(LooksRequest(nonce: 10, after: 1, limit: 10).frame())
        try cluster.settle()
        let frames = cluster.supervisor.heard.filter {
            (try? WireFrame.template(of: $0)) == .looksReply
        }
        try #require(frames.count == 2)
        let reply = try LooksReply(decoding: frames[0])
        #expect(reply.nonce == 9 && reply.last == 1 && reply.incarnation == Incarnation(7))
        let looks = try LooksReply.looks(in: frames[0])
        let look = try #require(looks.first)
        #expect(look.instrument == AgentCluster.instrument && look.reason == .empty)
        #expect(look.hasSide.isSet && look.side == .buy && look.edge > .zero)
        try #expect(LooksReply.looks(in: frames[1]).isEmpty, "nothing since")
    }

    @Test func impossibleMarketDataIsCountedAndDropped() throws {
        let cluster = try ready()
        let now = cluster.makeOpportunity()
        cluster.book(bid: 60, ask: 140, at: now)
        cluster.book(bid: 50, ask: 51, at: Timestamp(nanoseconds: .min))
        cluster.mark(1, at: now)
        cluster.begin(1, at: now)
        try cluster.settle()
        #expect(requests(cluster).first?.price == Price(units: 510_000_000), "the sound book holds")
        let status = try #require(try self.status(of: cluster))
        #expect(status["malformed"] == 2)
        #expect(status["requested"] == 1)
        #expect(status["feed_rows"] == 520)
        #expect(status["cash_e9"] == 1_000_000_000_000)
    }

    private func status(of cluster: AgentCluster) throws -> [String: Int64]? {
        cluster.supervisor.say(StatusRequest(nonce: 4).frame())
        try cluster.network.run(for: .milliseconds(300))
        guard
            let frame = cluster.supervisor.heard.last(where: {
                (try? WireFrame.template(of: $0)) == .statusReply
            })
        else { return nil }
        #expect(try StatusReply(decoding: frame).kind == .agent)
        var values: [String: Int64] = [:]
        for entry in try StatusReply.counters(in: frame) {
            values[entry.label.description] = entry.value
        }
        return values
    }
}
