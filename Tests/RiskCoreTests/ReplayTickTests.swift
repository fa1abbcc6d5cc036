import Cryptography
import Journal
import Risk
import RiskCore
import Runtime
import Testing
import Trading
import Transport
import Wire

/// Replay: the venue owns market time and everybody moves from tick to tick.
struct ReplayTickTests {
    private let fixture: CoreFixture
    private let day = Timestamp(seconds: 1_784_851_200)

    init() throws { fixture = try CoreFixture(isReplay: true) }

    private func time(of tick: UInt64) -> Timestamp { day + .seconds(Int64(tick)) }

    private func announce(_ tick: UInt64, by gateway: PlayedGateway) {
        gateway.market.publish(
            MarketTick(tick: TickNumber(tick), at: time(of: tick)).frame(),
            topic: MarketTopic("tick") ?? .all)
        _ = gateway.orders.send(
            TickBegan(tick: TickNumber(tick), at: time(of: tick)).frame(), to: CoreFixture.core)
    }

    private func start() throws -> (RiskCoreService, PlayedGateway, PlayedAgent) {
        let gateway = try fixture.startGateway()
        let core = try fixture.startCore()
        let agent = try fixture.startAgent()
        try fixture.run("arming") { core.engine.arming == .armed && agent.isReady }
        return (core, gateway, agent)
    }

    private func ticks(_ agent: PlayedAgent) -> [UInt64] {
        agent.received.compactMap { try? TickBegan(decoding: $0).tick.rawValue }
    }

    @Test func aTickGoesFromGatewayToAgentAndBack() throws {
        let (core, gateway, agent) = try start()
        gateway.define(at: day)
        gateway.publishBook(at: time(of: 1))
        announce(1, by: gateway)
        try fixture.run("the tick at the agent") { ticks(agent) == [1] }
        #expect(core.engine.now == time(of: 1))
        agent.declare(at: time(of: 1))
        agent.request(at: time(of: 1))
        try fixture.network.run(for: .milliseconds(100))
        #expect(gateway.permits.isEmpty)
        #expect(agent.decisions.isEmpty)
        agent.finish(TickNumber(1))
        try fixture.run("the permit") { gateway.permits.count == 1 }
        try fixture.run("the end of the tick") { gateway.count(.tickDone) == 1 }
        let order = gateway.received.compactMap { try? WireFrame.template(of: $0) }
            .filter { $0 == .orderPermit || $0 == .tickDone }
        #expect(order == [.orderPermit, .tickDone])
        #expect(agent.decisions.map(\.verdict) == [.accepted, .permitted])
        #expect(agent.decisions.allSatisfy { $0.marketTime == time(of: 1) })
    }

    @Test func whatAGatewayReportsWaitsForItsTick() throws {
        let (core, gateway, agent) = try start()
        gateway.define(at: day)
        gateway.publishBook(at: time(of: 1))
        try fixture.network.run(for: .milliseconds(50))
        #expect(core.engine.now < day)
        announce(1, by: gateway)
        try fixture.run("the tick") { ticks(agent) == [1] }
        agent.declare(at: time(of: 1))
        agent.request(at: time(of: 1))
        agent.finish(TickNumber(1))
        try fixture.run("the permit") { gateway.permits.count == 1 }
        gateway.fill(gateway.permits[0])
        try fixture.network.run(for: .milliseconds(50))
        #expect(core.engine.counters.fills == 0)
        gateway.publishBook(at: time(of: 2))
        announce(2, by: gateway)
        try fixture.run("the fill") { core.engine.counters.fills == 1 }
        try fixture.run("the next tick") { ticks(agent) == [1, 2] }
    }

    @Test func theFirstTickWaitsForTheAgents() throws {
        let gateway = try fixture.startGateway()
        let core = try fixture.startCore()
        try fixture.run("arming") { core.engine.arming == .armed }
        announce(1, by: gateway)
        try fixture.network.run(for: .seconds(3))
        #expect(gateway.count(.tickDone) == 0)
        let agent = try fixture.startAgent()
        try fixture.run("the tick") { ticks(agent) == [1] }
    }

    @Test func timeGoesOnWithoutAnAgentThatDied() throws {
        let (_, gateway, agent) = try start()
        announce(1, by: gateway)
        try fixture.run("the tick") { ticks(agent) == [1] }
        fixture.network.crash(CoreFixture.agent)
        try fixture.run("the end of the tick") { gateway.count(.tickDone) == 1 }
        announce(2, by: gateway)
        try fixture.run("the next") { gateway.count(.tickDone) == 2 }
        let again = try fixture.startAgent()
        try fixture.run("the agent's return") { again.isReady }
        #expect(again.incarnation > agent.incarnation)
        announce(3, by: gateway)
        try fixture.run("the tick at the agent") { ticks(again) == [3] }
    }

    @Test func aLateAgentHoldsUpOneTickOnly() throws {
        let (_, gateway, agent) = try start()
        announce(1, by: gateway)
        try fixture.run("the tick") { ticks(agent) == [1] }
        agent.declare(at: time(of: 1))
        try fixture.run("the end of the tick") { gateway.count(.tickDone) == 1 }
        #expect(agent.decisions.isEmpty)
        announce(2, by: gateway)
        try fixture.run("the next tick") { ticks(agent) == [1, 2] }
        agent.finish(TickNumber(2))
        try fixture.run("the decision") { agent.decisions.count == 1 }
    }

    @Test func anAgentThatNeverFinishesHoldsTimeUpForThreeTicksOnly() throws {
        let (_, gateway, agent) = try start()
        let supervisor = try fixture.startSupervisor()
        for tick in 1...3 as ClosedRange<UInt64> {
            announce(tick, by: gateway)
            try fixture.run("the end of tick \(tick)") { gateway.count(.tickDone) == tick }
        }
        let before = fixture.network.now
        for tick in 4...6 as ClosedRange<UInt64> {
            announce(tick, by: gateway)
            try fixture.run("the end of tick \(tick)") { gateway.count(.tickDone) == tick }
        }
        #expect(fixture.network.now - before < .seconds(1))
        _ = supervisor.core.send(StatusRequest(nonce: 1).frame())
        try fixture.run("the status") { !supervisor.statuses.isEmpty }
        #expect(try supervisor.counters()["agents_unawaited"] == 1)
        try fixture.run("the ticks at the agent") { ticks(agent).last == 6 }
        agent.declare(at: time(of: 6))
        agent.finish(TickNumber(6))
        try fixture.network.run(for: .milliseconds(100))
        announce(7, by: gateway)
        try fixture.run("the tick") { ticks(agent).last == 7 }
        agent.finish(TickNumber(7))
        try fixture.run("the decision") { agent.decisions.count == 1 }
    }

    /// A core that dies takes the reports with it that wait for their tick. The gateway states them
    /// again, and the next core books them before it compares positions.
    @Test func aSettlementThatTheCoreDiedWithIsBookedByTheNext() throws {
        let (core, gateway, agent) = try start()
        gateway.define(at: day)
        gateway.publishBook(at: time(of: 1))
        announce(1, by: gateway)
        try fixture.run("the tick") { ticks(agent) == [1] }
        agent.declare(at: time(of: 1))
        agent.request(at: time(of: 1))
        agent.finish(TickNumber(1))
        try fixture.run("the permit") { gateway.permits.count == 1 }
        gateway.fill(gateway.permits[0], at: time(of: 2))
        announce(2, by: gateway)
        try fixture.run("the fill") { core.engine.counters.fills == 1 }
        gateway.cash = Money(1_000) - Money(units: 510_000_000)
        gateway.settle(quantity: 1, at: time(of: 3))
        try fixture.network.run(for: .milliseconds(20))
        #expect(core.engine.counters.settled == 0)
        fixture.crashCore()
        let second = try fixture.startCore()
        #expect(second.engine.counters.settled == 0)
        try fixture.run("arming") { second.engine.arming == .armed }
        #expect(second.engine.counters.settled == 1)
        // Both starts, and the first tick, before which market time was not known.
        #expect(gateway.count(.reconcile) == 3)
        announce(3, by: gateway)
        try fixture.run("the next tick") { ticks(agent).last == 3 }
    }

    /// Time goes on while an account is shut, and the comparison is made in step with it.
    @Test func timeGoesOnWhileTheVenueDiffers() throws {
        let gateway = try fixture.startGateway { $0.cash = Money(999) }
        let core = try fixture.startCore()
        let agent = try fixture.startAgent()
        try fixture.run("the reconciliation") { gateway.count(.reconcile) == 1 && agent.isReady }
        announce(1, by: gateway)
        try fixture.run("the tick") { ticks(agent) == [1] }
        gateway.cash = Money(1_000)
        #expect(gateway.count(.reconcile) == 1, "the next belongs to the end of the tick")
        agent.finish(TickNumber(1))
        try fixture.run("the end of the tick") { gateway.count(.tickDone) == 1 }
        #expect(gateway.count(.reconcile) == 2)
        try fixture.network.run(for: .milliseconds(100))
        #expect(core.engine.arming == .disarmed)
        announce(2, by: gateway)
        try fixture.run("arming") { core.engine.arming == .armed }
    }

    /// Two days with the same flow end in the same state, however long packets take.
    @Test func theSameFlowGivesTheSameStateAtAnySpeed() throws {
        var hashes: Set<SHA256Digest> = []
        for delay in [50, 900, 7_000] as [Int64] {
            let fixture = try CoreFixture(isReplay: true)
            fixture.network.fate = { packet in
                .deliver(after: .microseconds(delay + Int64(packet.frame.count) % 7 * 100))
            }
            hashes.insert(try replay(on: fixture))
            _ = try fixture.verify()
        }
        #expect(hashes.count == 1)
    }

    private func replay(on fixture: CoreFixture) throws -> SHA256Digest {
        let gateway = try fixture.startGateway()
        let core = try fixture.startCore()
        let agent = try fixture.startAgent()
        try fixture.run("arming") { core.engine.arming == .armed && agent.isReady }
        gateway.define(at: day)
        for tick in 1...20 as ClosedRange<UInt64> {
            if let last = gateway.permits.last, tick % 3 == 0 {
                gateway.fill(last, trade: "trade-\(tick)", at: time(of: tick))
            }
            gateway.publishBook(bid: 40 + Int64(tick) % 5, at: time(of: tick))
            announce(tick, by: gateway)
            try fixture.run("tick \(tick)") { ticks(agent).last == tick }
            if tick == 1 { agent.declare(at: time(of: tick)) }
            agent.request(cents: 45, at: time(of: tick))
            agent.finish(TickNumber(tick))
            try fixture.run("its end") { gateway.count(.tickDone) == Int(tick) }
        }
        return SHA256.hash(core.engine.snapshotBytes())
    }

    /// What was decided is decided again the same, entry by entry.
    @Test func theJournalReplays() throws {
        _ = try replay(on: fixture)
        var checker = ReplayChecker(from: RiskEngine(cluster: fixture.configuration.cluster)) {
            Digest(bytes: SHA256.hash($0).bytes) ?? .zero
        }
        for entry in try fixture.reader().read(from: .zero, limit: 10_000) {
            try checker.check(entry.header.sequence, entry.body)
        }
        #expect(checker.decisions > 20)
        #expect(checker.checkpoints > 2)
    }
}
