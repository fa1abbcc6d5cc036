import Portfolio
import Risk
import Testing
import Trading
import Wire

/// Budgets that orders share: messages, orders to trades, and what all positions together come to.
@Suite struct BudgetControlTests {
    static let otherAgent: ProcessID = named("agent-other")
    static let theirs = StrategyKey(
        org: named("other"), account: named("side"), mode: .paper, strategy: named("theirs"))

    /// A rig in which a second agent of another org trades the same venue.
    private func rigOfTwoAgents() -> Rig {
        var rig = Rig()
        rig.open(BudgetControlTests.theirs, cash: "1000")
        rig.grant(BudgetControlTests.theirs, to: BudgetControlTests.otherAgent)
        rig.connectAgent(1, agent: BudgetControlTests.otherAgent)
        rig.apply(
            AccountReconciled(
                gateway: Rig.gatewayID, account: BudgetControlTests.theirs.account,
                venueCash: .zero, ledgerCash: .zero, breaks: 0))
        return rig
    }

    // MARK: - Messages

    @Test func aQuarterOfTheMessagesIsKeptForCancels() {
        var rig = Rig()
        let parent = rig.declare(.buy).id
        rig.pass(.seconds(100))
        rig.limit(.messagesPerSecond, "1", at: .venue)
        rig.limit(.messageBurst, "9", at: .venue)
        func ask(_ rig: inout Rig) -> Judgement {
            rig.send(rig.makeRequest(.buy, "0.40", "1", intent: parent), reference: rig.quote())
        }
        // Nine tokens; a quarter in whole tokens is two.
        var last = OrderID.zero
        for _ in 0..<7 {
            let judgement = ask(&rig)
            #expect(judgement.isPermitted)
            last = judgement.orderID
        }
        for _ in 0..<20 {
            let denied = ask(&rig)
            #expect(denied.reason == .messageRateExceeded)
            #expect(denied.level == .venue)
            #expect(denied.limit == units("7"))
        }
        // Knocking has used nothing of what is kept.
        #expect(rig.cancel(last).verdict == .accepted)
        #expect(rig.cancel(last).verdict == .accepted)
        rig.pass(.seconds(2))
        #expect(ask(&rig).reason == .messageRateExceeded)
        rig.pass(.seconds(1))
        #expect(ask(&rig).isPermitted)
    }

    @Test func cancelsCountAsMessages() {
        var rig = Rig()
        let order = rig.order(.buy, "0.50", "1")
        let parent = rig.declare(.buy).id
        rig.pass(.seconds(100))
        rig.limit(.messagesPerSecond, "1", at: .strategy)
        rig.limit(.messageBurst, "4", at: .strategy)
        // One is kept for cancels, so the fourth message is one too many for an order.
        for _ in 0..<3 { #expect(rig.cancel(order.orderID).verdict == .accepted) }
        let request = rig.makeRequest(.buy, "0.40", "1", intent: parent)
        let denied = rig.send(request, reference: rig.quote())
        #expect(denied.reason == .messageRateExceeded)
        #expect(denied.value == units("4"))
        // A cancel never waits, token or not.
        for _ in 0..<50 { #expect(rig.cancel(order.orderID).verdict == .accepted) }
    }

    @Test func theMessagesOfAVenueAreSharedByAllAgents() {
        var rig = rigOfTwoAgents()
        let mine = rig.declare(.buy).id
        let other = rig.declare(
            .buy, owner: BudgetControlTests.theirs, agent: BudgetControlTests.otherAgent,
            number: 7
        ).id
        rig.pass(.seconds(100))
        rig.limit(.messagesPerSecond, "1", at: .venue)
        rig.limit(.messageBurst, "3", at: .venue)
        for _ in 0..<2 {
            let request = rig.makeRequest(.buy, "0.40", "1", intent: mine)
            #expect(rig.send(request, reference: rig.quote()).isPermitted)
        }
        func theirs(_ rig: inout Rig) -> Judgement {
            rig.send(
                rig.makeRequest(
                    .buy, "0.40", "1", intent: other, owner: BudgetControlTests.theirs,
                    agent: BudgetControlTests.otherAgent),
                reference: rig.quote(), from: BudgetControlTests.otherAgent)
        }
        #expect(theirs(&rig).isPermitted)
        let denied = theirs(&rig)
        #expect(denied.reason == .messageRateExceeded)
        #expect(denied.level == .venue)
    }

    @Test func theOrdersOfAVenueAreSharedByAllAgents() {
        var rig = rigOfTwoAgents()
        rig.limit(.ordersPerSecond, "1", at: .venue)
        rig.limit(.orderBurst, "2", at: .venue)
        #expect(rig.order(.buy, "0.40", "1").isPermitted)
        func theirs(_ rig: inout Rig) -> Judgement {
            rig.order(
                .buy, "0.40", "1", owner: BudgetControlTests.theirs,
                agent: BudgetControlTests.otherAgent)
        }
        #expect(theirs(&rig).isPermitted)
        let denied = theirs(&rig)
        #expect(denied.reason == .orderRateExceeded)
        #expect(denied.level == .venue)
        #expect(rig.order(.buy, "0.40", "1").reason == .orderRateExceeded)
        rig.pass(.seconds(1))
        #expect(theirs(&rig).isPermitted)
    }

    @Test func theVenuesBudgetOutlivesARestart() throws {
        var rig = rigOfTwoAgents()
        rig.limit(.messagesPerSecond, "1", at: .venue)
        rig.limit(.messageBurst, "2", at: .venue)
        _ = rig.declare(.buy)
        _ = rig.declare(.buy)
        let bytes = rig.engine.snapshotBytes()
        rig.engine = Rig.mutated(try RiskEngine(snapshot: bytes))
        #expect(rig.engine.snapshotBytes() == bytes)
        let denied = rig.declare(
            .buy, owner: BudgetControlTests.theirs, agent: BudgetControlTests.otherAgent
        ).judgement
        #expect(denied.reason == .messageRateExceeded)
        #expect(denied.level == .venue)
    }

    // MARK: - Orders to trades

    /// Sends orders that are cancelled at once, of which some are filled.
    private func send(_ rig: inout Rig, _ count: Int, filled: Int = 0) {
        for index in 0..<count {
            let order = rig.order(.buy, "0.50", "1")
            #expect(order.isPermitted)
            if index < filled {
                rig.fill(order.orderID, "1")
            } else {
                rig.fate(order.orderID, .cancelled)
            }
        }
    }

    @Test func fewOrdersHaveNoRatio() {
        var rig = Rig()
        rig.limit(.orderToTradeMax, "0")
        send(&rig, 50)
        let denied = rig.order(.buy, "0.50", "1")
        #expect(denied.reason == .orderToTradeExceeded)
        #expect(denied.value == units("51"))
    }

    @Test(arguments: [("25.499999999", false), ("25.5", true), ("25.500000001", true)])
    func ordersAreBoundedByTrades(limit: String, isPermitted: Bool) {
        var rig = Rig()
        rig.limit(.orderToTradeMax, limit, at: .venue)
        send(&rig, 50, filled: 2)
        let judgement = rig.order(.buy, "0.50", "1")
        #expect(judgement.isPermitted == isPermitted)
        if !isPermitted {
            #expect(judgement.reason == .orderToTradeExceeded)
            #expect(judgement.level == .venue)
            #expect(judgement.value == units("25.5"))
        }
    }

    @Test func aTradeMakesRoom() {
        var rig = Rig()
        rig.limit(.orderToTradeMax, "26", at: .strategy)
        let resting = rig.order(.buy, "0.49", "1")
        send(&rig, 49, filled: 1)
        #expect(rig.order(.buy, "0.50", "1").reason == .orderToTradeExceeded)
        rig.fill(resting.orderID, "1")
        #expect(rig.order(.buy, "0.50", "1").isPermitted)
    }

    @Test func theRatioLooksBackAQuarterOfAnHour() {
        var rig = Rig()
        // From the start of a minute.
        rig.now = Timestamp(seconds: 1_020)
        rig.limit(.orderToTradeMax, "10")
        send(&rig, 50)
        rig.pass(Span(nanoseconds: 899_999_999_999))
        let parent = rig.declare(.buy).id
        let early = rig.makeRequest(.buy, "0.50", "1", intent: parent)
        #expect(rig.send(early, reference: rig.quote()).reason == .orderToTradeExceeded)
        rig.pass(Span(nanoseconds: 1))
        let late = rig.makeRequest(.buy, "0.50", "1", intent: parent)
        #expect(rig.send(late, reference: rig.quote()).isPermitted)
    }

    @Test func theRatioOutlivesARestart() throws {
        var rig = Rig()
        rig.limit(.orderToTradeMax, "10", at: .account)
        send(&rig, 25, filled: 1)
        rig.pass(.seconds(61))
        send(&rig, 25)
        let bytes = rig.engine.snapshotBytes()
        rig.engine = Rig.mutated(try RiskEngine(snapshot: bytes))
        #expect(rig.engine.snapshotBytes() == bytes)
        let denied = rig.order(.buy, "0.50", "1")
        #expect(denied.reason == .orderToTradeExceeded)
        #expect(denied.value == units("51"))
        var recovered = Rig.freshEngine()
        var effects = RiskEffects()
        for entry in rig.journal { try recovered.recover(entry, into: &effects) }
        #expect(recovered.snapshotBytes() == rig.engine.snapshotBytes())
    }

    // MARK: - Gross and net

    @Test(arguments: [
        (LimitLevel.firm, "4.99", true), (.org, "5", true), (.account, "5.01", false),
        (.strategy, "5.01", false), (.venue, "5.01", false),
    ])
    func theGrossOfAllInstrumentsIsBounded(level: LimitLevel, last: String, isPermitted: Bool) {
        var rig = Rig(instruments: ["KX-1", "KX-2", "KX-3"])
        rig.limit(.grossNotionalMax, "15", at: level)
        let held = rig.order(.buy, "0.50", "4", instrument: "KX-1")
        rig.fill(held.orderID, "4")
        #expect(rig.order(.sell, "0.60", "6", instrument: "KX-2").isPermitted)
        // Sales of what is held add nothing until they outweigh it.
        #expect(rig.order(.sell, "0.60", "4", instrument: "KX-1").isPermitted)
        let judgement = rig.order(.buy, "0.40", last, instrument: "KX-3")
        #expect(judgement.isPermitted == isPermitted)
        if !isPermitted {
            #expect(judgement.reason == .grossNotionalExceeded)
            #expect(judgement.level == level)
            #expect(judgement.value == units("15.01"))
        }
        rig.check()
    }

    @Test(arguments: [("4.99", true), ("5", true), ("5.01", false)])
    func longAndShortNetAtTheirWorst(last: String, isPermitted: Bool) {
        var rig = Rig(instruments: ["KX-1", "KX-2"])
        rig.limit(.netNotionalMax, "6", at: .account)
        let long = rig.order(.buy, "0.50", "6", instrument: "KX-1")
        rig.fill(long.orderID, "6")
        let short = rig.order(.sell, "0.50", "5", instrument: "KX-2")
        // The sale is only open: until it fills nothing is netted by it.
        #expect(rig.order(.buy, "0.40", "1", instrument: "KX-1").reason == .netNotionalExceeded)
        rig.fill(short.orderID, "5")
        let judgement = rig.order(.buy, "0.40", last, instrument: "KX-1")
        #expect(judgement.isPermitted == isPermitted)
        if !isPermitted {
            #expect(judgement.reason == .netNotionalExceeded)
            #expect(judgement.value == units("6.01"))
        }
        rig.check()
    }

    @Test func theGrossIsThatOfAllAccountsOfTheFirm() {
        var rig = rigOfTwoAgents()
        rig.limit(.grossNotionalMax, "10")
        #expect(rig.order(.buy, "0.40", "6").isPermitted)
        func theirs(_ rig: inout Rig, _ contracts: String) -> Judgement {
            rig.order(
                .buy, "0.40", contracts, owner: BudgetControlTests.theirs,
                agent: BudgetControlTests.otherAgent)
        }
        let denied = theirs(&rig, "4.01")
        #expect(denied.reason == .grossNotionalExceeded)
        #expect(denied.level == .firm)
        #expect(theirs(&rig, "4").isPermitted)
    }

    @Test func anEndedOrderAndASettlementGiveBackTheGross() throws {
        var rig = Rig(instruments: ["KX-1", "KX-2"])
        rig.limit(.grossNotionalMax, "10")
        let open = rig.order(.buy, "0.40", "5", instrument: "KX-1")
        let held = rig.order(.buy, "0.40", "5", instrument: "KX-2")
        rig.fill(held.orderID, "5")
        #expect(rig.order(.buy, "0.40", "0.01").reason == .grossNotionalExceeded)
        rig.fate(open.orderID, .cancelled)
        #expect(rig.order(.buy, "0.40", "5").isPermitted)
        let restored = try RiskEngine(snapshot: rig.engine.snapshotBytes())
        rig.engine = Rig.mutated(restored)
        #expect(rig.order(.buy, "0.40", "0.01").reason == .grossNotionalExceeded)
        rig.settle("KX-2", .no, payout: "0")
        #expect(rig.order(.buy, "0.40", "5").isPermitted)
        rig.check()
    }
}
