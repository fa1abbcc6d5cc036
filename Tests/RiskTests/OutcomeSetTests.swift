import Portfolio
import Risk
import TestSupport
import Testing
import Trading
import Wire

/// Netting over the outcomes of an event set, and where it ends.
@Suite struct OutcomeSetTests {
    private static let otherVenue: VenueID = named("other")
    private static let otherGateway: ProcessID = named("gw-other")
    private static let otherOwner = StrategyKey(
        org: named("demo"), account: named("second"), mode: .paper, strategy: named("updown"))

    /// Another NO at 70 cents when NO at 60 cents and NO at 70 cents of the same set are held.
    private func nextNo(_ prepared: Rig) -> Judgement {
        var rig = prepared
        rig.limit(.collarAggressive, "0.5")
        for (name, cents) in [("KX-A", "0.40"), ("KX-B", "0.30")] {
            let order = rig.order(.sell, cents, "1", instrument: name)
            rig.fill(order.orderID, "1")
        }
        rig.limit(.eventLossMax, "1.30")
        return rig.order(.sell, "0.30", "0.01", instrument: "KX-B")
    }

    /// While the second one may still not fill, the first one's 60 cents are at stake; with both,
    /// 30 cents and what the next order can lose.
    @Test(arguments: [-1, 0, 1])
    func kalshiNoAtSixtyAndNoAtSeventyLoseThirtyCents(step: Int64) {
        var rig = Rig(instruments: ["KX-A", "KX-B"], eventSet: "KX", isExclusive: true)
        rig.limit(.collarAggressive, "0.5")
        let first = rig.order(.sell, "0.40", "1", instrument: "KX-A")
        rig.fill(first.orderID, "1")
        let second = rig.order(.sell, "0.30", "1", instrument: "KX-B")
        #expect(second.result(of: .eventLoss)?.value == amount("0.60").units)
        rig.fill(second.orderID, "1")
        let next = OrderLoad(.buy, price("0.40"), quantity("0.01")) ?? .none
        let worst = amount("0.30") + next.lossIfNo
        rig.limit(.eventLossMax, (worst + Money(units: step)).description)
        let judgement = rig.order(.buy, "0.40", "0.01", instrument: "KX-A")
        #expect(judgement.isPermitted == (step >= 0))
        if step < 0 { #expect(judgement.reason == .eventLossExceeded) }
        #expect(judgement.result(of: .eventLoss)?.value == worst.units)
    }

    @Test func exclusivityThatIsVerifiedNets() {
        let rig = Rig(instruments: ["KX-A", "KX-B"], eventSet: "KX", isExclusive: true)
        #expect(nextNo(rig).isPermitted)
    }

    @Test func exclusivityWithoutARuleGetsNoNetting() {
        var rig = Rig(instruments: [])
        for name in ["KX-A", "KX-B"] {
            rig.define(name, eventSet: "KX", isExclusive: true, ruleHash: .zero)
        }
        let judgement = nextNo(rig)
        #expect(judgement.reason == .eventLossExceeded)
        #expect(judgement.value > amount("1.30").units)
    }

    @Test func oneMemberThatIsNotExclusiveEndsTheNetting() {
        var rig = Rig(instruments: ["KX-A", "KX-B"], eventSet: "KX", isExclusive: true)
        rig.define("KX-C", eventSet: "KX", isExclusive: false)
        let judgement = nextNo(rig)
        #expect(judgement.reason == .eventLossExceeded)
        #expect(judgement.value > amount("1.30").units)
    }

    @Test func aVoidedSetCountsWhereItIsWorse() {
        var rig = Rig(instruments: ["KX-A", "KX-B", "KX-C"], eventSet: "KX", isExclusive: true)
        rig.limit(.collarAggressive, "0.5")
        for name in ["KX-A", "KX-B"] {
            let order = rig.order(.sell, "0.40", "1", instrument: name)
            rig.fill(order.orderID, "1")
        }
        let fee = FeeReserve.bound(price("0.40"), quantity("1")) ?? .zero
        // 1.80 is paid for three NO; one wins: 2.00; voided: 1.50. Both must be possible to fill.
        let third = rig.order(.sell, "0.40", "1", instrument: "KX-C")
        #expect(third.result(of: .eventLoss)?.value == (amount("0.30") + fee).units)
    }

    // MARK: - Venues

    /// The same set under the same name at two venues.
    private func twoVenues() -> Rig {
        var rig = Rig(instruments: [])
        rig.define("KX-A", eventSet: "BTC", isExclusive: true)
        rig.apply(
            AccountOpened(
                org: named("demo"), account: named("second"), mode: .paper,
                venue: OutcomeSetTests.otherVenue, gateway: OutcomeSetTests.otherGateway,
                cash: amount("100")))
        rig.apply(
            StrategyGranted(
                agent: Rig.agentID, org: named("demo"), account: named("second"), mode: .paper,
                strategy: named("updown"), venue: OutcomeSetTests.otherVenue, isGranted: .yes))
        rig.apply(
            GatewayConnected(
                gateway: OutcomeSetTests.otherGateway, lease: LeaseID(1), highestEpoch: Epoch(1),
                isKilled: .no))
        rig.apply(
            InstrumentDefined(
                envelope: Rig.envelope(OutcomeSetTests.otherGateway), instrument: named("PM-A"),
                venue: OutcomeSetTests.otherVenue, eventSet: named("BTC"), tick: price("0.01"),
                lot: quantity("0.01"), openAt: .zero, closeAt: Timestamp(seconds: 1_000_000),
                status: .open, isExclusive: .yes, isExhaustive: .no, ruleHash: Rig.digest,
                marketTime: rig.now))
        rig.apply(
            AccountReconciled(
                gateway: OutcomeSetTests.otherGateway, account: named("second"), venueCash: .zero,
                ledgerCash: .zero, breaks: 0))
        let bought = rig.order(.buy, "0.50", "1", instrument: "KX-A")
        rig.fill(bought.orderID, "1")
        return rig
    }

    @Test func theSameQuestionAtTwoVenuesIsNotNetted() {
        var rig = twoVenues()
        rig.limit(.collateralMax, "10")
        let fee = FeeReserve.bound(price("0.50"), quantity("1")) ?? .zero
        let hedge = rig.order(
            .sell, "0.50", "1", instrument: "PM-A", owner: OutcomeSetTests.otherOwner)
        #expect(hedge.isPermitted)
        rig.limit(.collateralMax, (amount("1") + fee - Money(units: 1)).description)
        rig.cancel(hedge.orderID)
        rig.check()
        var again = twoVenues()
        again.limit(.collateralMax, (amount("1") + fee - Money(units: 1)).description)
        let denied = again.order(
            .sell, "0.50", "1", instrument: "PM-A", owner: OutcomeSetTests.otherOwner)
        #expect(denied.reason == .collateralInsufficient)
        #expect(denied.value == (amount("1") + fee).units)
    }

    @Test(arguments: [-1, 0, 1])
    func theCollateralAtOneVenueIsCapped(step: Int64) {
        var rig = twoVenues()
        let fee = FeeReserve.bound(price("0.50"), quantity("1")) ?? .zero
        let limit = amount("1") + fee + Money(units: step)
        rig.limit(.collateralMax, limit.description, at: .venue)
        let elsewhere = rig.order(
            .sell, "0.50", "5", instrument: "PM-A", owner: OutcomeSetTests.otherOwner)
        #expect(elsewhere.isPermitted, "another venue has its own cap")
        let judgement = rig.order(.buy, "0.50", "1", instrument: "KX-A")
        #expect(judgement.isPermitted == (step >= 0))
        if step < 0 {
            #expect(judgement.reason == .collateralInsufficient)
            #expect(judgement.level == .venue)
        }
    }
}
