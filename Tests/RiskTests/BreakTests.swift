import Portfolio
import Risk
import Testing
import Trading
import Wire

/// Where an account differs from its venue.
@Suite struct BreakTests {
    private func resolve(_ rig: inout Rig, nonce: UInt64 = 90) -> OperatorOutcome? {
        rig.operate(.resolveBreak, .account, nonce: nonce) {
            $0.org = Rig.owner.org
            $0.account = Rig.owner.account
        }
    }

    private func resume(_ rig: inout Rig, nonce: UInt64) -> OperatorOutcome? {
        rig.operate(.resume, .account, nonce: nonce) {
            $0.org = Rig.owner.org
            $0.account = Rig.owner.account
        }
    }

    private func settled(for quantity: String) -> Rig {
        var rig = Rig(instruments: ["KX-1", "KX-2"])
        let order = rig.order(.buy, "0.50", "10")
        rig.fill(order.orderID, "10")
        rig.settle("KX-1", .yes, payout: "10", holding: quantity)
        return rig
    }

    @Test(arguments: [("9.999999999", false), ("10", true), ("10.000000001", false)])
    func aSettlementMustBeForWhatTheLedgerHolds(quantity: String, isSame: Bool) {
        var rig = settled(for: quantity)
        #expect(rig.effects.alarms.isEmpty == isSame)
        #expect(rig.engine.accountViews[0].isReconciled == isSame)
        #expect(rig.order(.buy, "0.50", "1", instrument: "KX-2").isPermitted == isSame)
        rig.check()
    }

    @Test(arguments: [Int64.min, .max])
    func aQuantityThatCannotBeIsRefused(units: Int64) {
        var rig = Rig()
        rig.settle("KX-1", .yes, paying: .zero, holding: Quantity(units: units))
        #expect(rig.effects.alarms == [.reportRefused(.instrumentSettlement, named("KX-1"))])
    }

    @Test func whatNoNewsExplainsHaltsUntilItIsResolved() {
        var rig = settled(for: "12")
        rig.reconcile()
        #expect(rig.effects.alarms.contains(.accountBroken(Rig.owner.account)))
        #expect(!rig.order(.buy, "0.50", "1", instrument: "KX-2").isPermitted)
        #expect(resume(&rig, nonce: 1) == .breakUnresolved)
        rig.reconcile()
        #expect(!rig.order(.buy, "0.50", "1", instrument: "KX-2").isPermitted)
        #expect(resolve(&rig) == .done)
        // Not before venue truth is ours.
        #expect(!rig.order(.buy, "0.50", "1", instrument: "KX-2").isPermitted)
        rig.reconcile()
        #expect(rig.order(.buy, "0.50", "1", instrument: "KX-2").isPermitted)
        rig.check()
    }

    @Test func aFillThatNobodyHadToldExplainsTheSettlement() {
        var rig = settled(for: "12")
        let before = rig.order(.buy, "0.50", "2", instrument: "KX-2")
        #expect(!before.isPermitted)
        rig.report(
            FillReport(
                envelope: Rig.envelope(Rig.gatewayID), orderID: OrderID(1),
                account: Rig.owner.account, instrument: named("KX-1"),
                tradeID: VenueReference("late") ?? .empty, venueOrderID: .empty,
                clientOrderID: .empty, side: .buy, price: price("0.5"), quantity: quantity("2"),
                fee: .zero, liquidity: .maker, finality: .final, filledAt: rig.now,
                marketTime: rig.now))
        rig.reconcile()
        #expect(rig.engine.accountViews[0].isReconciled)
        #expect(!rig.effects.alarms.contains(.accountBroken(Rig.owner.account)))
    }

    @Test func aFillThatTheVenueDidNotSettleIsABreak() {
        var rig = Rig(instruments: ["KX-1", "KX-2"])
        let order = rig.order(.buy, "0.50", "10")
        rig.fill(order.orderID, "6")
        rig.settle("KX-1", .yes, payout: "6")
        #expect(rig.engine.accountViews[0].isReconciled)
        rig.fill(order.orderID, "4")
        #expect(rig.effects.alarms == [.settlementDiffers(named("KX-1"), by: quantity("-4"))])
        rig.reconcile()
        #expect(rig.effects.alarms.contains(.accountBroken(Rig.owner.account)))
    }

    @Test func differencesThatStayAreABreak() {
        var rig = Rig()
        for _ in 0..<2 {
            rig.reconcile(breaks: 1)
            #expect(!rig.effects.alarms.contains(.accountBroken(Rig.owner.account)))
        }
        rig.reconcile()
        #expect(rig.order(.buy, "0.50", "1").isPermitted)
        for _ in 0..<3 { rig.reconcile(breaks: 1) }
        #expect(rig.effects.alarms.contains(.accountBroken(Rig.owner.account)))
        rig.reconcile()
        #expect(!rig.order(.buy, "0.50", "1").isPermitted)
        #expect(resolve(&rig) == .done)
        #expect(rig.order(.buy, "0.50", "1").isPermitted)
        rig.check()
    }

    @Test func onlyABrokenAccountIsResolved() {
        var rig = Rig()
        #expect(resolve(&rig) == .nothingToResolve)
        #expect(rig.operate(.resolveBreak, .all, nonce: 2) == .wrongScope)
    }

    @Test func aBreakOutlivesARestart() throws {
        var rig = settled(for: "12")
        let doubted = rig.engine.snapshotBytes()
        #expect(try RiskEngine(snapshot: doubted).snapshotBytes() == doubted)
        rig.reconcile(breaks: 2)
        let broken = rig.engine.snapshotBytes()
        rig.engine = Rig.mutated(try RiskEngine(snapshot: broken))
        #expect(rig.engine.snapshotBytes() == broken)
        rig.reconcile()
        #expect(!rig.order(.buy, "0.50", "1", instrument: "KX-2").isPermitted)
        #expect(resume(&rig, nonce: 1) == .breakUnresolved)
        #expect(resolve(&rig) == .done)
    }
}

/// The ledger through the engine: postings of operators, cost methods, resolved outcomes.
@Suite struct LedgerCommandTests {
    private func post(
        _ rig: inout Rig, _ why: PostingReason, _ text: String, nonce: UInt64,
        account: AccountID = Rig.owner.account
    ) -> OperatorOutcome? {
        let command = OperatorPosting(
            nonce: nonce, why: why, org: Rig.owner.org, account: account, mode: .paper,
            amount: amount(text), operator: named("local"), issuedAt: rig.now, signature: .zero)
        rig.effects.removeAll()
        rig.engine.apply(command, at: rig.now, into: &rig.effects)
        for case .reply(_, _, _, let outcome) in rig.effects.items { return outcome }
        return nil
    }

    private var method: CostMethodSet {
        CostMethodSet(
            org: Rig.owner.org, account: Rig.owner.account, mode: .paper, method: .fifo)
    }

    private func status(_ rig: inout Rig, _ status: InstrumentStatus) {
        rig.apply(
            InstrumentChanged(
                envelope: Rig.envelope(Rig.gatewayID), instrument: named("KX-1"), status: status,
                marketTime: rig.now))
    }

    private func balance(_ rig: Rig) -> Posting { rig.engine.ledger.accounts[0].balance }

    @Test func operatorsPostWhatMovedBesideTrades() throws {
        var rig = Rig()
        #expect(post(&rig, .transfer, "100", nonce: 1) == .done)
        #expect(post(&rig, .transfer, "-30", nonce: 2) == .done)
        #expect(post(&rig, .funding, "0.5", nonce: 3) == .done)
        #expect(post(&rig, .correction, "-0.01", nonce: 4) == .done)
        #expect(post(&rig, .correction, "-0.01", nonce: 4) == .repeated)
        #expect(post(&rig, .transfer, "0", nonce: 5) == .wrongAmount)
        #expect(post(&rig, .transfer, "1000000000.000000001", nonce: 6) == .wrongAmount)
        #expect(post(&rig, .transfer, "1", nonce: 7, account: named("none")) == .unknownAccount)
        #expect(rig.cash == amount("1070.49"))
        #expect(balance(rig).funding == amount("-0.5"))
        rig.check()
        let bytes = rig.engine.snapshotBytes()
        #expect(try RiskEngine(snapshot: bytes).snapshotBytes() == bytes)
    }

    @Test func lotsAndRebatesOutliveARestart() throws {
        var rig = Rig()
        rig.apply(method)
        for (price, fee) in [("0.40", "0.02"), ("0.60", "-0.01")] {
            let order = rig.order(.buy, price, "10")
            rig.fill(order.orderID, "10", fee: fee)
        }
        let first = rig.order(.sell, "0.50", "5")
        rig.fill(first.orderID, "5")
        let bytes = rig.engine.snapshotBytes()
        rig.engine = Rig.mutated(try RiskEngine(snapshot: bytes))
        #expect(rig.engine.snapshotBytes() == bytes)
        #expect(rig.engine.costMethod(of: Rig.owner.accountKey) == .fifo)
        let second = rig.order(.sell, "0.50", "5")
        rig.fill(second.orderID, "5")
        // All ten that were bought at 0.40 first.
        #expect(rig.engine.status.realized == amount("1"))
        #expect(balance(rig).rebates == amount("-0.01"))
        rig.check()
    }

    @Test func theCostMethodOfWhatIsHeldStays() {
        var rig = Rig()
        let order = rig.order(.buy, "0.50", "1")
        rig.fill(order.orderID, "1")
        rig.apply(method)
        #expect(rig.effects.alarms == [.costMethodRefused(Rig.owner.account)])
        #expect(rig.engine.costMethod(of: Rig.owner.accountKey) == .average)
    }

    @Test func aDeterminedOutcomeIsResolvedUntilItIsSettledOrAmended() throws {
        var rig = Rig()
        let order = rig.order(.buy, "0.50", "10")
        rig.fill(order.orderID, "4")
        status(&rig, .resolved)
        #expect(balance(rig).resolved == amount("2"))
        rig.fill(order.orderID, "6")
        #expect(balance(rig).resolved == amount("5"))
        #expect(balance(rig).position.isZero)
        let bytes = rig.engine.snapshotBytes()
        #expect(try RiskEngine(snapshot: bytes).snapshotBytes() == bytes)
        status(&rig, .closed)
        #expect(balance(rig).position == amount("5"))
        status(&rig, .resolved)
        status(&rig, .settled)
        #expect(balance(rig).resolved == amount("5"))
        rig.settle("KX-1", .yes, payout: "10")
        #expect(balance(rig).resolved.isZero)
        #expect(rig.cash == amount("1005"))
        rig.check()
    }

    @Test func cashIsReservedInTheLedgerToo() {
        var rig = Rig()
        let order = rig.order(.buy, "0.50", "10")
        #expect(balance(rig).reserved == rig.reserved)
        #expect(balance(rig).reserved >= amount("5"))
        #expect(balance(rig).cash == amount("1000") - rig.reserved)
        rig.fate(order.orderID, .cancelled)
        #expect(balance(rig).reserved.isZero)
        #expect(balance(rig).cash == amount("1000"))
    }
}
