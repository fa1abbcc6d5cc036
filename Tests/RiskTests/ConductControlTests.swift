import Portfolio
import Risk
import Testing
import Trading
import Wire

/// Controls over several orders of a strategy, and over what an order pays for what it can win.
@Suite struct ConductControlTests {
    static let second = StrategyKey(
        org: Rig.owner.org, account: Rig.owner.account, mode: .paper, strategy: named("second"))

    private func rigWithRepeatLimit(_ count: String = "3", window: String = "10") -> Rig {
        var rig = Rig()
        rig.limit(.repeatMax, count)
        rig.limit(.repeatWindow, window)
        return rig
    }

    private func resume(_ rig: inout Rig, nonce: UInt64) -> OperatorOutcome? {
        rig.operate(.resume, .strategy, nonce: nonce) {
            $0.org = Rig.owner.org
            $0.account = Rig.owner.account
            $0.strategy = Rig.owner.strategy
        }
    }

    // MARK: - Repetition

    @Test func theOrderAfterTheLastAllowedRepetitionHaltsTheStrategy() {
        var rig = rigWithRepeatLimit()
        for _ in 0..<3 { #expect(rig.order(.buy, "0.50", "1").isPermitted) }
        let denied = rig.order(.buy, "0.50", "1")
        #expect(denied.reason == .orderRepeated)
        #expect(denied.limit == units("3"))
        #expect(denied.value == units("4"))
        let cancels = rig.effects.items.filter { if case .cancel = $0 { true } else { false } }
        #expect(cancels.count == 3)
        let alarms = rig.effects.items.filter {
            if case .alarm(.strategyDisabled(Rig.owner)) = $0 { true } else { false }
        }
        #expect(alarms.count == 1)
        // Halted for whatever it asks, and however long it waits.
        rig.pass(.seconds(1_000))
        let other = rig.order(.sell, "0.60", "2")
        #expect(other.reason == .haltedScope)
        #expect(other.level == .strategy)
        rig.check()
    }

    @Test func onlyIdenticalOrdersOfOneStrategyCount() {
        var rig = rigWithRepeatLimit("1")
        rig.define("KX-2", eventSet: "KX-2")
        rig.grant(ConductControlTests.second, to: Rig.agentID)
        #expect(rig.order(.buy, "0.50", "1").isPermitted)
        #expect(rig.order(.buy, "0.49", "1").isPermitted)
        #expect(rig.order(.buy, "0.50", "2").isPermitted)
        #expect(rig.order(.sell, "0.60", "1").isPermitted)
        #expect(rig.order(.buy, "0.50", "1", instrument: "KX-2").isPermitted)
        #expect(rig.order(.buy, "0.50", "1", owner: ConductControlTests.second).isPermitted)
        #expect(rig.order(.buy, "0.50", "1").reason == .orderRepeated)
        // The other strategy goes on.
        #expect(rig.order(.buy, "0.48", "1", owner: ConductControlTests.second).isPermitted)
    }

    @Test(arguments: [(-1, false), (0, true), (1, true)])
    func repetitionsCountWithinTheWindow(offset: Int64, isPermitted: Bool) {
        var rig = rigWithRepeatLimit("1")
        #expect(rig.order(.buy, "0.50", "1").isPermitted)
        rig.pass(.seconds(10) + Span(nanoseconds: offset))
        #expect(rig.order(.buy, "0.50", "1").isPermitted == isPermitted)
    }

    @Test func whatWasDeniedIsNoRepetition() {
        var rig = rigWithRepeatLimit("2")
        #expect(rig.order(.buy, "0.50", "101").reason == .sizeAboveMaximum)
        #expect(rig.order(.buy, "0.50", "101").reason == .sizeAboveMaximum)
        #expect(rig.order(.buy, "0.50", "101").reason == .sizeAboveMaximum)
        #expect(rig.order(.buy, "0.50", "1").isPermitted)
    }

    @Test func theLongestWindowAndTheSmallestCountBind() {
        var rig = rigWithRepeatLimit("3", window: "1")
        rig.limit(.repeatMax, "1", at: .strategy)
        rig.limit(.repeatWindow, "100", at: .instrument)
        #expect(rig.order(.buy, "0.50", "1").isPermitted)
        rig.pass(.seconds(99))
        let denied = rig.order(.buy, "0.50", "1")
        #expect(denied.reason == .orderRepeated)
        #expect(denied.level == .strategy)
    }

    @Test func aCountWithoutAWindowDenies() {
        var rig = Rig()
        rig.limit(.repeatMax, "3")
        #expect(rig.order(.buy, "0.50", "1").reason == .limitMissing)
        #expect(rig.engine.status.halts == 0)
    }

    @Test func aCountBeyondWhatIsKeptBindsAtWhatIsKept() {
        var rig = rigWithRepeatLimit("1000", window: "1000")
        for _ in 0..<64 { #expect(rig.order(.buy, "0.50", "0.01").isPermitted) }
        let denied = rig.order(.buy, "0.50", "0.01")
        #expect(denied.reason == .orderRepeated)
        #expect(denied.limit == units("64"))
    }

    @Test func onlyAResumeOfTheStrategyLetsItGoOnAndItCountsAnew() {
        var rig = rigWithRepeatLimit("1")
        #expect(rig.order(.buy, "0.50", "1").isPermitted)
        #expect(rig.order(.buy, "0.50", "1").reason == .orderRepeated)
        #expect(rig.operate(.resume, .org, nonce: 1) { $0.org = Rig.owner.org } != .done)
        rig.connectAgent(2)
        rig.restart()
        #expect(rig.order(.buy, "0.50", "1").reason == .haltedScope)
        #expect(resume(&rig, nonce: 2) == .done)
        #expect(rig.order(.buy, "0.50", "1").isPermitted)
        #expect(rig.order(.buy, "0.50", "1").reason == .orderRepeated)
    }

    @Test func theHaltAndTheCountOutliveARestart() throws {
        var rig = rigWithRepeatLimit("2")
        #expect(rig.order(.buy, "0.50", "1").isPermitted)
        let counted = rig.engine.snapshotBytes()
        rig.engine = Rig.mutated(try RiskEngine(snapshot: counted))
        #expect(rig.engine.snapshotBytes() == counted)
        #expect(rig.order(.buy, "0.50", "1").isPermitted)
        #expect(rig.order(.buy, "0.50", "1").reason == .orderRepeated)
        rig.engine = Rig.mutated(try RiskEngine(snapshot: rig.engine.snapshotBytes()))
        #expect(rig.order(.buy, "0.52", "1").reason == .haltedScope)
        var recovered = Rig.freshEngine()
        var effects = RiskEffects()
        for entry in rig.journal { try recovered.recover(entry, into: &effects) }
        #expect(recovered.snapshotBytes() == rig.engine.snapshotBytes())
    }

    @Test func aRepetitionOfTheDeniedRequestIsAnsweredAndHaltsNothingAgain() {
        var rig = rigWithRepeatLimit("1")
        #expect(rig.order(.buy, "0.50", "1").isPermitted)
        let parent = rig.declare(.buy).id
        let request = rig.makeRequest(.buy, "0.50", "1", intent: parent)
        #expect(rig.send(request, reference: rig.quote()).reason == .orderRepeated)
        #expect(resume(&rig, nonce: 1) == .done)
        #expect(rig.send(request, reference: rig.quote()).verdict == .duplicate)
        #expect(rig.engine.status.halts == 0)
    }

    @Test func memoryOfWhatASettledMarketSawIsGivenBack() {
        var rig = rigWithRepeatLimit("50", window: "1000")
        rig.limit(.walkMax, "0.5")
        rig.limit(.walkWindow, "1000")
        let before = rig.engine.snapshotBytes().count
        let order = rig.order(.buy, "0.50", "1")
        rig.fate(order.orderID, .cancelled)
        let kept = rig.engine.snapshotBytes().count
        rig.settle("KX-1", .no, payout: "0")
        #expect(rig.engine.snapshotBytes().count < kept)
        #expect(before < kept)
    }

    // MARK: - Price walk

    private func rigWithWalkLimit() -> Rig {
        var rig = Rig()
        rig.limit(.walkMax, "0.05")
        rig.limit(.walkWindow, "16")
        return rig
    }

    @Test(arguments: [("0.54", true), ("0.55", true), ("0.56", false)])
    func aPurchaseGoesOnlySoFarAboveTheLowestOfThePeriod(at: String, isPermitted: Bool) {
        var rig = rigWithWalkLimit()
        for cents in ["0.50", "0.52", "0.53"] {
            #expect(rig.order(.buy, cents, "1").isPermitted)
            rig.pass(.seconds(4))
        }
        let judgement = rig.order(.buy, at, "1")
        #expect(judgement.isPermitted == isPermitted)
        if !isPermitted {
            #expect(judgement.reason == .priceWalkExceeded)
            #expect(judgement.value == units("0.06"))
        }
        // Sales mirror it.
        var other = rigWithWalkLimit()
        #expect(other.order(.sell, "0.50", "1").isPermitted)
        let mirrored = price(at).complement.description
        #expect(other.order(.sell, mirrored, "1").isPermitted == isPermitted)
    }

    @Test func theOtherDirectionAndTheOtherSideAreNoWalk() {
        var rig = rigWithWalkLimit()
        rig.grant(ConductControlTests.second, to: Rig.agentID)
        #expect(rig.order(.buy, "0.50", "1").isPermitted)
        #expect(rig.order(.buy, "0.40", "1").isPermitted)
        #expect(rig.order(.sell, "0.60", "1").isPermitted)
        #expect(rig.order(.buy, "0.48", "1").reason == .priceWalkExceeded)
        #expect(rig.order(.buy, "0.48", "1", owner: ConductControlTests.second).isPermitted)
    }

    @Test(arguments: [(-1, false), (0, true)])
    func aWalkIsForgottenAfterItsWindow(offset: Int64, isPermitted: Bool) {
        var rig = rigWithWalkLimit()
        #expect(rig.order(.buy, "0.50", "1").isPermitted)
        rig.pass(.seconds(16) + Span(nanoseconds: offset))
        #expect(rig.order(.buy, "0.60", "1").isPermitted == isPermitted)
    }

    @Test func aSlowWalkIsStoppedAndOutlivesARestart() throws {
        var rig = rigWithWalkLimit()
        for cents in 50...55 {
            #expect(rig.order(.buy, "0.\(cents)", "1").isPermitted)
            rig.pass(.milliseconds(300))
        }
        let bytes = rig.engine.snapshotBytes()
        rig.engine = Rig.mutated(try RiskEngine(snapshot: bytes))
        #expect(rig.engine.snapshotBytes() == bytes)
        #expect(rig.order(.buy, "0.56", "1").reason == .priceWalkExceeded)
    }

    @Test func aWalkLimitWithoutAWindowDenies() {
        var rig = Rig()
        rig.limit(.walkMax, "0.05")
        #expect(rig.order(.buy, "0.50", "1").reason == .limitMissing)
    }

    @Test func manyOrdersInAShortenedWindowLoseNothing() {
        var rig = rigWithWalkLimit()
        #expect(rig.order(.buy, "0.50", "1").isPermitted)
        rig.limit(.walkWindow, "1")
        rig.limit(.walkWindow, "0.9", at: .strategy)
        for _ in 0..<60 {
            rig.pass(.milliseconds(20))
            #expect(rig.order(.buy, "0.53", "0.01").isPermitted)
        }
        #expect(rig.order(.buy, "0.58", "1").isPermitted)
        #expect(rig.order(.buy, "0.59", "1").reason == .priceWalkExceeded)
        rig.check()
    }

    // MARK: - Spread

    @Test(arguments: [("0.54", true), ("0.55", true), ("0.56", false)])
    func aCrossingOrderPaysOnlySoMuchBeyondItsOwnTouch(at: String, isPermitted: Bool) {
        var rig = Rig()
        rig.limit(.spreadCrossMax, "0.06")
        let judgement = rig.order(.buy, at, "1")
        #expect(judgement.isPermitted == isPermitted)
        if !isPermitted {
            #expect(judgement.reason == .spreadCrossExceeded)
            #expect(judgement.value == units("0.07"))
        }
        let mirrored = price(at).complement.description
        var other = Rig()
        other.limit(.spreadCrossMax, "0.06")
        #expect(other.order(.sell, mirrored, "1").isPermitted == isPermitted)
    }

    @Test func anOrderThatRestsCrossesNoSpread() {
        var rig = Rig()
        rig.limit(.spreadCrossMax, "0")
        #expect(rig.order(.buy, "0.50", "1").isPermitted)
        #expect(rig.order(.sell, "0.51", "1").isPermitted)
        #expect(rig.order(.buy, "0.51", "1").reason == .spreadCrossExceeded)
    }

    @Test(arguments: [Side.buy, .sell])
    func anEmptySideOfItsOwnIsTheWidestSpread(side: Side) {
        var rig = Rig()
        rig.limit(.spreadCrossMax, "0.5")
        let parent = rig.declare(side).id
        let request = rig.makeRequest(side, side == .buy ? "0.51" : "0.49", "1", intent: parent)
        let quote = rig.quote(
            bid: side == .buy ? nil : "0.49", ask: side == .buy ? "0.51" : nil)
        let judgement = rig.send(request, reference: quote)
        #expect(judgement.reason == .spreadCrossExceeded)
        #expect(judgement.value == units("0.51"))
    }

    // MARK: - Tails and edge

    @Test(arguments: [("0.04", false), ("0.05", true), ("0.06", true)])
    func nothingIsSoldForNextToNothing(at: String, isPermitted: Bool) {
        var rig = Rig()
        rig.limit(.tailPrice, "0.01")
        rig.limit(.tailPrice, "0.05", at: .account)
        rig.limit(.collarAggressive, "1")
        let sale = rig.order(.sell, at, "1")
        #expect(sale.isPermitted == isPermitted)
        if !isPermitted {
            #expect(sale.reason == .priceInTail)
            #expect(sale.level == .account)
            #expect(sale.limit == units("0.05"))
        }
        var other = Rig()
        other.limit(.tailPrice, "0.05")
        other.limit(.collarAggressive, "1")
        let purchase = other.order(.buy, price(at).complement.description, "1")
        #expect(purchase.isPermitted == isPermitted)
        // The cheap sides of both are no tail risk.
        other.limit(.collarPassive, "1")
        #expect(other.order(.buy, "0.01", "1").isPermitted)
    }

    @Test func aPositionMayBeClosedInTheTailAndWithoutEdge() {
        var rig = Rig()
        let held = rig.order(.buy, "0.50", "5")
        rig.fill(held.orderID, "5")
        rig.limit(.tailPrice, "0.05")
        rig.limit(.edgeMin, "0.02")
        rig.limit(.collarAggressive, "1")
        #expect(rig.order(.sell, "0.02", "5.01").reason == .priceInTail)
        #expect(rig.order(.sell, "0.02", "5").isPermitted)
        #expect(rig.order(.sell, "0.02", "1").reason == .priceInTail)
        #expect(rig.order(.sell, "0.06", "1").reason == .edgeBelowMinimum)
    }

    @Test(arguments: [(-1, false), (0, true), (1, true)])
    func anOrderStatesAnEdgeThatIsWorthIt(offset: Int64, isPermitted: Bool) {
        var rig = Rig()
        rig.limit(.edgeMin, "0.01")
        rig.limit(.edgeMin, "0.02", at: .venue)
        let judgement = rig.order(.buy, "0.50", "1") {
            $0.expectedEdge = Money(units: units("0.02") + offset)
        }
        #expect(judgement.isPermitted == isPermitted)
        if !isPermitted {
            #expect(judgement.reason == .edgeBelowMinimum)
            #expect(judgement.level == .venue)
        }
    }

    // MARK: - Plans

    @Test(arguments: [("59.99", true), ("60", true), ("60.01", false)])
    func aPlanIsBoundedAtItsWorstPrice(contracts: String, isPermitted: Bool) {
        var rig = Rig()
        rig.limit(.planNotionalMax, "48", at: .org)
        let bought = rig.declare(.buy, quantity: contracts, limit: "0.80").judgement
        #expect((bought.verdict == .accepted) == isPermitted)
        if !isPermitted {
            #expect(bought.reason == .planNotionalExceeded)
            #expect(bought.level == .org)
        }
        let sold = rig.declare(.sell, quantity: contracts, limit: "0.20").judgement
        #expect((sold.verdict == .accepted) == isPermitted)
    }

    @Test func childrenStayWithinALimitThatWasTightened() {
        var rig = Rig()
        let parent = rig.declare(.buy, quantity: "100", limit: "0.50").id
        let first = rig.makeRequest(.buy, "0.40", "20", intent: parent)
        #expect(rig.send(first, reference: rig.quote()).isPermitted)
        rig.limit(.planNotionalMax, "15")
        let second = rig.makeRequest(.buy, "0.40", "10.01", intent: parent)
        let denied = rig.send(second, reference: rig.quote())
        #expect(denied.reason == .planNotionalExceeded)
        #expect(denied.value == units("15.005"))
        let third = rig.makeRequest(.buy, "0.40", "10", intent: parent)
        #expect(rig.send(third, reference: rig.quote()).isPermitted)
    }

    @Test func aPlanThatDoesNotFitIsDenied() {
        var rig = Rig()
        rig.limit(.planNotionalMax, "9223372036.854775807")
        rig.define("KX-1", eventSet: "KX-1", lot: "0.000000001")
        let whole = rig.declare(.buy, quantity: "9223372036.854775807").judgement
        #expect(whole.verdict == .accepted)
        let request = rig.makeRequest(.buy, "0.50", "100", intent: whole.intentID)
        #expect(rig.send(request, reference: rig.quote()).isPermitted)
    }
}
