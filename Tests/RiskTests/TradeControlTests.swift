import Portfolio
import Risk
import Testing
import Trading
import Wire

/// Leverage, the stop of a single trade, the collar around yesterday's close, and how often one
/// intent may be filled.
@Suite struct TradeControlTests {
    private func hold(_ rig: inout Rig, _ contracts: String) {
        let order = rig.order(.buy, "0.50", contracts) {
            $0.expiresAt = Timestamp(seconds: 500_000)
        }
        rig.fill(order.orderID, contracts)
    }

    private func restored(_ rig: Rig) throws -> Rig {
        var copy = rig
        let bytes = rig.engine.snapshotBytes()
        copy.engine = Rig.mutated(try RiskEngine(snapshot: bytes))
        #expect(copy.engine.snapshotBytes() == bytes)
        return copy
    }

    // MARK: - Leverage

    @Test func beyondTheLeverageOrdersOnlyReduce() {
        var rig = Rig(cash: "20")
        rig.limit(.leverageMax, "0.5")
        hold(&rig, "10")
        #expect(rig.order(.buy, "0.50", "1").reason == .leverageExceeded)
        #expect(rig.order(.sell, "0.50", "10").isPermitted)
        rig.check()
    }

    /// What is lost is no equity: the same position is more leverage than before.
    @Test func aLossIsLessEquity() {
        var rig = Rig(cash: "20")
        rig.limit(.leverageMax, "0.55")
        hold(&rig, "10")
        #expect(rig.order(.buy, "0.30", "0.5").isPermitted)
        rig.mark(to: "0.30")
        #expect(rig.order(.buy, "0.20", "0.1").reason == .leverageExceeded)
        rig.check()
    }

    @Test func whoHasNothingMayOpenNothing() {
        var rig = Rig(cash: "0")
        rig.limit(.leverageMax, "1000000")
        #expect(rig.order(.buy, "0.50", "1").reason == .leverageExceeded)
    }

    // MARK: - What cash is worth

    /// A stablecoin that may lose a tenth buys a tenth less; a haircut of all of it buys nothing,
    /// and what only reduces is not held up.
    @Test func aHaircutOfCashLeavesLessToLock() throws {
        var rig = Rig(cash: "20")
        hold(&rig, "10")
        let before = rig.engine.stateItems
        rig.limit(.cashHaircut, "0.1", at: .venue)
        #expect(rig.order(.buy, "0.50", "28").reason == .collateralInsufficient)
        rig.limit(.cashHaircut, "0.3", at: .firm)
        let denied = rig.order(.buy, "0.50", "24")
        #expect(denied.reason == .collateralInsufficient && denied.level == .account)
        #expect(denied.limit < units("11"), "the larger of the two binds")
        #expect(rig.order(.buy, "0.50", "10").isPermitted)
        rig.limit(.cashHaircut, "1", at: .firm)
        #expect(rig.order(.buy, "0.50", "1").reason == .collateralInsufficient)
        #expect(rig.order(.sell, "0.55", "10").isPermitted)
        #expect(rig.engine.stateItems != before)
        #expect(try restored(rig).engine.stateItems == rig.engine.stateItems)
        rig.check()
    }

    // MARK: - The stop of a trade

    @Test func aLosingTradeOnlyReducesUntilItRecovers() throws {
        var rig = Rig(instruments: ["KX-1", "KX-2"])
        rig.limit(.tradeLossMax, "1")
        hold(&rig, "10")
        rig.mark(to: "0.39")
        let denied = rig.order(.buy, "0.35", "1")
        #expect(denied.reason == .tradeLossExceeded)
        #expect(denied.limit == units("1") && denied.value == units("1.1"))
        #expect(try restored(rig).engine.stateItems == rig.engine.stateItems)
        // Out of it, and into anything else.
        #expect(rig.order(.buy, "0.35", "1", instrument: "KX-2").isPermitted)
        #expect(rig.order(.sell, "0.45", "10").isPermitted)
        rig.mark(to: "0.41")
        #expect(rig.order(.buy, "0.35", "1").isPermitted)
        rig.check()
    }

    /// A sale loses when the price rises.
    @Test func aShortTradeIsStoppedToo() {
        var rig = Rig()
        rig.limit(.tradeLossMax, "1")
        let order = rig.order(.sell, "0.50", "10")
        rig.fill(order.orderID, "10")
        rig.mark(to: "0.62")
        #expect(rig.order(.sell, "0.65", "1").reason == .tradeLossExceeded)
        #expect(rig.order(.buy, "0.60", "10").isPermitted)
    }

    // MARK: - The collar around the close

    @Test func withoutACloseNothingPasses() throws {
        var rig = Rig()
        rig.apply(rig.quote())
        rig.limit(.collarClose, "0.1")
        // What was seen before anybody asked is not kept.
        #expect(rig.order(.buy, "0.50", "1").reason == .closeMissing)
        rig.apply(rig.quote())
        #expect(rig.order(.buy, "0.50", "1").reason == .closeMissing)
        rig.pass(.seconds(86_400))
        #expect(rig.order(.buy, "0.50", "1").isPermitted)
        rig = try restored(rig)
        #expect(rig.order(.buy, "0.39", "1").reason == .closeCollarExceeded)
        rig.check()
    }

    /// The last middle of the day before counts, not the first of this one.
    @Test func theCloseIsYesterdaysLast() throws {
        var rig = Rig()
        rig.limit(.collarClose, "0.05")
        rig.mark(to: "0.30")
        rig.mark(to: "0.44")
        rig.pass(.seconds(86_400))
        rig.mark(to: "0.60")
        #expect(rig.order(.buy, "0.49", "1").isPermitted)
        #expect(rig.order(.buy, "0.50", "1").reason == .closeCollarExceeded)
        #expect(rig.order(.buy, "0.38", "1").reason == .closeCollarExceeded)
        rig.mark(to: "0.60")
        rig.pass(.seconds(3 * 86_400))
        #expect(rig.order(.buy, "0.50", "1").reason == .closeCollarExceeded)
        #expect(rig.order(.buy, "0.56", "1").isPermitted)
        // Nobody asks any more: nothing is kept.
        rig = try restored(rig)
        rig.limit(.collarClose, "1")
        #expect(rig.order(.buy, "0.40", "1").isPermitted)
    }

    /// A market that nobody holds has no marks: what requests saw of it is its close.
    @Test func requestsAloneTeachTheClose() {
        var rig = Rig()
        rig.limit(.collarClose, "0.1")
        #expect(rig.order(.buy, "0.50", "1").reason == .closeMissing)
        rig.pass(.seconds(86_400))
        #expect(rig.order(.buy, "0.50", "1").isPermitted)
        #expect(rig.order(.buy, "0.39", "1").reason == .closeCollarExceeded)
        rig.check()
    }

    // MARK: - Fills of an intent

    @Test func tooManyFillsOfOneIntentHaltTheStrategy() throws {
        var rig = Rig()
        rig.limit(.fillsPerIntentMax, "2")
        let parent = rig.declare(.buy).id
        var orders: [OrderID] = []
        for _ in 0..<3 {
            let request = rig.makeRequest(.buy, "0.50", "1", intent: parent)
            orders.append(rig.send(request, reference: rig.quote()).orderID)
        }
        rig.fill(orders[0], "1")
        rig.fill(orders[1], "1")
        // Another intent counts for itself.
        hold(&rig, "1")
        #expect(rig.order(.buy, "0.49", "1").isPermitted)
        rig = try restored(rig)
        rig.fill(orders[2], "1")
        let alarms = rig.effects.items.filter {
            if case .alarm(.strategyDisabled(Rig.owner)) = $0 { true } else { false }
        }
        #expect(alarms.count == 1)
        rig.pass(.seconds(100_000))
        let denied = rig.order(.buy, "0.48", "1")
        #expect(denied.reason == .haltedScope && denied.level == .strategy)
        rig.check()
    }
}
