import Journal
import Risk
import RiskCore
import Testing
import Trading
import Transport
import Wire

/// Accounts that trade are compared with their venues from time to time.
struct PeriodicReconciliationTests {
    private let fixture: CoreFixture

    init() throws {
        fixture = try CoreFixture(
            limits: """
                - { level: firm, kind: guard-snapshot-age-max, value: 600s }
                - { level: firm, kind: guard-dwell-min, value: 20s }
                """)
    }

    private func start() throws -> (RiskCoreService, PlayedGateway) {
        let gateway = try fixture.startGateway()
        let core = try fixture.startCore()
        try fixture.run("arming") { core.engine.arming == .armed }
        return (core, gateway)
    }

    /// What the core has journalled since an entry.
    private func entries(since: SequenceNumber = .zero) throws -> [WireTemplate] {
        try fixture.reader().read(from: since, limit: 1_000)
            .filter { $0.header.sequence > since }
            .compactMap { WireTemplate(rawValue: $0.header.template) }
    }

    private func breaks() throws -> [UInt32] {
        try fixture.reader().read(from: .zero, limit: 1_000).compactMap {
            try? AccountReconciled(decoding: JournalEntry.command(in: $0.body)).breaks
        }
    }

    @Test func anAccountIsComparedEveryFiveMinutes() throws {
        let (core, gateway) = try start()
        for count in 2...4 {
            try fixture.network.run(for: .seconds(290))
            #expect(gateway.count(.reconcile) == count - 1)
            try fixture.network.run(for: .seconds(11))
            #expect(gateway.count(.reconcile) == count)
            #expect(core.engine.isReconciled(CoreFixture.gateway))
            #expect(core.engine.guardViews[0].snapshotAge < Span.seconds(11).nanoseconds)
        }
        #expect(gateway.count(.requestLease) == 1)
    }

    /// What was filled and settled is told again and again, and journalled once.
    @Test func aComparisonWithoutDifferencesJournalsNothingElse() throws {
        let (core, gateway) = try start()
        let agent = try fixture.startAgent()
        try fixture.run("the agent") { agent.isReady }
        gateway.define()
        gateway.publishBook()
        try fixture.network.run(for: .milliseconds(100))
        agent.declare()
        agent.request()
        try fixture.run("the permit") { gateway.permits.count == 1 }
        gateway.fill(gateway.permits[0])
        gateway.report(gateway.permits[0], .filled, filled: Quantity(1))
        gateway.cash = Money(1_000) - Money(units: 510_000_000)
        try fixture.run("the fill") { core.engine.counters.fills == 1 }
        gateway.settle(quantity: 1, at: Timestamp(seconds: 1))
        try fixture.run("the settlement") { core.engine.counters.settled == 1 }
        try fixture.network.run(for: .seconds(310))
        gateway.repeatsFillOf = gateway.permits[0]
        let before = try fixture.reader().head().sequence
        try fixture.network.run(for: .seconds(610))
        #expect(gateway.count(.reconcile) == 4)
        let told: Set<WireTemplate> = [
            .fillReport, .instrumentSettlement, .venueBalance, .accountReconciled,
        ]
        let written = try entries(since: before).filter { told.contains($0) }
        #expect(written == [.accountReconciled, .accountReconciled])
        #expect(core.engine.isReconciled(CoreFixture.gateway))
        #expect(core.engine.counters.fills == 1)
    }

    @Test func anUnknownOrderAtTheVenueIsABreakThatHalts() throws {
        let (core, gateway) = try start()
        gateway.openOrders = [OrderID(99)]
        try fixture.network.run(for: .seconds(301))
        #expect(!core.engine.isReconciled(CoreFixture.gateway))
        #expect(core.engine.status.halts == 0, "it may be on its way")
        try fixture.network.run(for: .seconds(10))
        #expect(core.engine.status.halts == 1)
        #expect(try breaks().prefix(4) == [0, 1, 1, 1])
        gateway.openOrders = []
        try fixture.network.run(for: .seconds(60))
        #expect(core.engine.status.halts == 1, "until a person has looked at it")
    }

    @Test func aFillThatWasNeverToldIsABreakThatHalts() throws {
        let (core, gateway) = try start()
        gateway.positions = [PlayedGateway.instrument: Quantity(3)]
        gateway.cash = Money(999)
        try fixture.network.run(for: .seconds(311))
        #expect(core.engine.status.halts == 1)
        #expect(try breaks().prefix(4) == [0, 2, 2, 2])
    }

    @Test func aDifferenceThatGoesAwayIsNone() throws {
        let (core, gateway) = try start()
        gateway.cash = Money(999)
        try fixture.network.run(for: .seconds(301))
        #expect(!core.engine.isReconciled(CoreFixture.gateway))
        gateway.cash = Money(1_000)
        try fixture.network.run(for: .seconds(3))
        #expect(core.engine.isReconciled(CoreFixture.gateway))
        #expect(core.engine.status.halts == 0)
        let count = gateway.count(.reconcile)
        try fixture.network.run(for: .seconds(290))
        #expect(gateway.count(.reconcile) == count)
        try fixture.network.run(for: .seconds(12))
        #expect(gateway.count(.reconcile) == count + 1)
    }

    /// A gateway may state venue truth unasked: its venue was away.
    @Test func whatAGatewayStatesUnaskedIsComparedToo() throws {
        let (core, gateway) = try start()
        gateway.cash = Money(999)
        gateway.reconcile()
        try fixture.run("the doubt") { !core.engine.isReconciled(CoreFixture.gateway) }
        gateway.cash = Money(1_000)
        try fixture.run("the next") { core.engine.isReconciled(CoreFixture.gateway) }
        #expect(gateway.count(.reconcile) == 2)
    }

    /// A venue that no longer answers is asked again, and new risk keeps away until it was well for
    /// the dwell.
    @Test func aVenueThatStopsAnsweringKeepsNewRiskAway() throws {
        let (core, gateway) = try start()
        let agent = try fixture.startAgent()
        try fixture.run("the agent") { agent.isReady }
        gateway.define()
        try fixture.network.run(for: .seconds(1))
        agent.declare(quantity: 1_000)
        func ask(_ verdict: Verdict, _ reason: RejectReason) throws {
            gateway.publishBook()
            try fixture.network.run(for: .milliseconds(100))
            let count = agent.decisions.count
            agent.request()
            try fixture.run("a decision") { agent.decisions.count == count + 1 }
            #expect(agent.decisions.last?.verdict == verdict)
            #expect(agent.decisions.last?.reason == reason)
        }
        gateway.answersReconcile = false
        try fixture.network.run(for: .seconds(590))
        try ask(.permitted, .none)
        try fixture.network.run(for: .seconds(20))
        try ask(.rejected, .snapshotStale)
        #expect(core.engine.arming == .armed)
        #expect(gateway.count(.reconcile) >= 3)
        gateway.answersReconcile = true
        gateway.reconcile()
        try fixture.network.run(for: .seconds(15))
        try ask(.rejected, .snapshotStale)
        try fixture.network.run(for: .seconds(6))
        try ask(.permitted, .none)
    }
}

/// In a replay market time says when, and the comparison belongs to a tick.
struct ReplayedReconciliationTests {
    private let fixture: CoreFixture
    private let day = Timestamp(seconds: 1_784_851_200)

    init() throws { fixture = try CoreFixture(isReplay: true) }

    @Test func marketTimeSaysWhen() throws {
        let gateway = try fixture.startGateway()
        let core = try fixture.startCore()
        let agent = try fixture.startAgent()
        try fixture.run("arming") { core.engine.arming == .armed && agent.isReady }
        try fixture.network.run(for: .seconds(1_000))
        #expect(gateway.count(.reconcile) == 1, "no market time has passed")
        var counts: [Int] = []
        // Before the first tick market time is not known, so the first one asks again. The answer
        // belongs to the second, from which on five minutes count.
        for (index, seconds) in [0, 1, 300, 301, 302, 601, 602].enumerated() {
            let tick = TickNumber(UInt64(index + 1))
            let time = day + .seconds(Int64(seconds))
            gateway.market.publish(
                MarketTick(tick: tick, at: time).frame(), topic: MarketTopic("tick") ?? .all)
            _ = gateway.orders.send(
                TickBegan(tick: tick, at: time).frame(), to: CoreFixture.core)
            try fixture.run("tick \(tick) at the agent") {
                agent.received.contains { (try? TickBegan(decoding: $0).tick) == tick }
            }
            agent.finish(tick)
            try fixture.run("the end of \(tick)") { gateway.count(.tickDone) == index + 1 }
            counts.append(gateway.count(.reconcile))
        }
        #expect(counts == [2, 2, 2, 3, 3, 3, 4])
        let order = gateway.received.compactMap { try? WireFrame.template(of: $0) }
            .filter { $0 == .reconcile || $0 == .tickDone }
        #expect(Array(order[1...2]) == [.reconcile, .tickDone], "it is asked before the end")
    }
}
