import Portfolio
import Risk
import Testing
import Trading
import Wire

@Suite struct SettlementTests {
    @Test(arguments: [
        (SettlementOutcome.yes, "0", "10", "5"), (.no, "0", "0", "-5"), (.value, "0.3", "3", "-2"),
    ])
    func aSettlementPaysAndTellsTheAgent(
        outcome: SettlementOutcome, value: String, payout: String, gain: String
    ) throws {
        var rig = Rig()
        let order = rig.order(.buy, "0.50", "10")
        rig.fill(order.orderID, "10")
        rig.settle("KX-1", outcome, value: value, payout: payout)
        #expect(rig.cash == amount("995") + amount(payout))
        #expect(rig.engine.status.realized == amount(gain))
        #expect(rig.engine.status.settlementDue.isZero)
        #expect(rig.engine.counters.settled == 1)
        var told: PositionSettled?
        for case .settle(let settled, Rig.agentID) in rig.effects.items { told = settled }
        let settled = try #require(told)
        #expect(settled.quantity == quantity("10"))
        #expect(settled.payout == amount(payout))
        #expect(settled.realized == amount(gain))
        rig.check()
    }

    @Test func aPayoutThatDiffersIsAnAlarmAndCashFollowsTheVenue() {
        var rig = Rig()
        let order = rig.order(.buy, "0.50", "10")
        rig.fill(order.orderID, "10")
        rig.settle("KX-1", .yes, payout: "9.9")
        #expect(rig.effects.alarms == [.payoutDiffers(named("KX-1"), by: amount("0.1"))])
        #expect(rig.cash == amount("1004.9"))
        rig.check()
    }

    @Test func aSecondSettlementChangesNothing() {
        var rig = Rig()
        let order = rig.order(.buy, "0.50", "10")
        rig.fill(order.orderID, "10")
        rig.settle("KX-1", .yes, payout: "10")
        rig.settle("KX-1", .yes, payout: "10")
        #expect(rig.effects.alarms.isEmpty)
        #expect(rig.engine.counters.settled == 1)
        #expect(rig.engine.counters.reportsIgnored == 1)
        #expect(rig.cash == amount("1005"))
        rig.settle("KX-1", .no, payout: "0")
        #expect(rig.effects.alarms.first == .reportRefused(.instrumentSettlement, named("KX-1")))
        rig.check()
    }

    @Test func valuesOutsideOfZeroToOneAreRefused() {
        var rig = Rig()
        rig.settle("KX-1", .value, value: "1.000000001", payout: "0")
        #expect(rig.effects.alarms == [.reportRefused(.instrumentSettlement, named("KX-1"))])
        #expect(rig.engine.counters.settled == 0)
    }

    @Test(arguments: [Int64.min, .max])
    func payoutsThatCannotBeAreRefused(units: Int64) {
        var rig = Rig()
        let order = rig.order(.buy, "0.50", "10")
        rig.fill(order.orderID, "10")
        rig.settle("KX-1", .yes, paying: Money(units: units))
        #expect(rig.effects.alarms == [.reportRefused(.instrumentSettlement, named("KX-1"))])
        #expect(rig.cash == amount("995"))
    }

    @Test func aSettledInstrumentTakesNoOrders() {
        var rig = Rig()
        let parent = rig.declare(.buy).id
        rig.settle("KX-1", .yes, payout: "0")
        let request = rig.makeRequest(.buy, "0.50", "1", intent: parent)
        #expect(rig.send(request, reference: rig.quote()).reason == .instrumentNotOpen)
    }

    @Test func aLateFillAfterSettlementIsBookedAndSettled() {
        var rig = Rig()
        let order = rig.order(.buy, "0.50", "10")
        rig.fill(order.orderID, "6")
        // The venue paid for ten; four fills arrive late.
        rig.settle("KX-1", .yes, payout: "10", holding: "10")
        #expect(rig.engine.status.settlementDue == amount("-4"))
        #expect(rig.effects.alarms.contains(.settlementDiffers(named("KX-1"), by: quantity("4"))))
        #expect(rig.engine.accountViews.first?.isReconciled == false)
        rig.fill(order.orderID, "4")
        rig.reconcile()
        #expect(rig.engine.accountViews.first?.isReconciled == true)
        #expect(rig.engine.status.settlementDue.isZero)
        #expect(rig.cash == amount("1005"))
        #expect(rig.engine.status.realized == amount("5"))
        rig.check()
    }

    @Test func membersOfASetSettleOneByOne() {
        var rig = Rig(instruments: ["KX-A", "KX-B"], eventSet: "KX", isExclusive: true)
        for (name, at) in [("KX-A", "0.40"), ("KX-B", "0.30")] {
            let order = rig.order(.sell, at, "1", instrument: name)
            rig.fill(order.orderID, "1")
        }
        rig.settle("KX-A", .yes, payout: "0")
        rig.check()
        rig.settle("KX-B", .no, payout: "1")
        #expect(rig.cash == amount("999.7"))
        #expect(rig.engine.status.realized == amount("-0.3"))
        rig.check()
    }

    @Test func strategiesThatOffsetEachOtherAreSettledExactly() {
        var rig = Rig()
        let other = StrategyKey(
            org: Rig.owner.org, account: Rig.owner.account, mode: .paper, strategy: named("second"))
        rig.grant(other, to: Rig.agentID)
        let long = rig.order(.buy, "0.50", "10")
        rig.fill(long.orderID, "10")
        let short = rig.order(.sell, "0.60", "10", owner: other)
        rig.fill(short.orderID, "10")
        #expect(rig.cash == amount("1001"))
        rig.settle("KX-1", .yes, payout: "0")
        #expect(rig.cash == amount("1001"))
        #expect(rig.engine.ledger.totals(of: Rig.owner).realized == amount("5"))
        #expect(rig.engine.ledger.totals(of: other).realized == amount("-4"))
        #expect(rig.engine.status.settlementDue.isZero)
        rig.check()
    }

    @Test func aSettlementOfAForgottenMarketIsARepetition() {
        var rig = Rig()
        for market in 0..<300 {
            let name = "KXBTC-\(market)"
            rig.define(name, eventSet: name)
            rig.settle(name, .yes, payout: "0")
        }
        let ignored = rig.engine.counters.reportsIgnored
        rig.settle("KXBTC-0", .yes, payout: "0")
        #expect(rig.effects.alarms.isEmpty)
        #expect(rig.engine.counters.settled == 300)
        #expect(rig.engine.counters.reportsIgnored == ignored + 1)
    }

    @Test func memoryOfSettledMarketsIsBounded() {
        var rig = Rig()
        rig.limit(.messageBurst, "100000")
        var sizes: [Int] = []
        for market in 0..<700 {
            let name = "KXBTC-\(market)"
            rig.define(name, eventSet: name)
            let order = rig.order(.buy, "0.50", "1", instrument: name)
            rig.fill(order.orderID, "1")
            let isWon = market.isMultiple(of: 2)
            rig.settle(name, isWon ? .yes : .no, payout: isWon ? "1" : "0")
            rig.pass(.seconds(300))
            if market >= 400, market.isMultiple(of: 100) {
                sizes.append(rig.engine.snapshotBytes().count)
            }
        }
        #expect((sizes.max() ?? 0) - (sizes.min() ?? 0) < 2_000, "\(sizes)")
        #expect(rig.engine.status.realized.isZero)
        #expect(rig.engine.counters.settled == 700)
        rig.check()
    }
}
