import Portfolio
import Risk
import Testing
import Trading
import Wire

/// Two orgs in one core: what one does, or what is done to it, changes nothing for the other.
@Suite struct TenancyTests {
    private static let other = StrategyKey(
        org: named("other"), account: named("second"), mode: .paper, strategy: named("maker"))
    private static let otherAgent: ProcessID = named("agent-other")
    private static let otherGateway: ProcessID = named("gw-other")

    /// A rig with a second org, which has its own account, gateway and agent at the same venue.
    private func rig() -> Rig {
        var rig = Rig()
        let other = TenancyTests.other
        rig.apply(
            AccountOpened(
                org: other.org, account: other.account, mode: other.mode, venue: Rig.venue,
                gateway: TenancyTests.otherGateway, cash: amount("1000")))
        rig.grant(other, to: TenancyTests.otherAgent)
        rig.apply(
            GatewayConnected(
                gateway: TenancyTests.otherGateway, lease: LeaseID(1), highestEpoch: Epoch(1),
                isKilled: .no))
        rig.apply(AgentConnected(agent: TenancyTests.otherAgent, granted: Incarnation(1)))
        rig.apply(
            AccountReconciled(
                gateway: TenancyTests.otherGateway, account: other.account,
                venueCash: amount("1000"), ledgerCash: amount("1000"), breaks: 0))
        return rig
    }

    /// What the other org gets and has, after an order of its own.
    private struct Outcome: Equatable {
        let verdict: Verdict
        let reason: RejectReason
        let limit: Int64
        let value: Int64
        let cash: Money
        let reserved: Money
    }

    private func outcome(_ rig: inout Rig) throws -> Outcome {
        let other = TenancyTests.other
        let judgement = rig.order(
            .buy, "0.50", "10", owner: other, agent: TenancyTests.otherAgent)
        rig.check()
        let view = try #require(rig.engine.accountViews.first { $0.org == other.org })
        return Outcome(
            verdict: judgement.verdict, reason: judgement.reason, limit: judgement.limit,
            value: judgement.value, cash: view.cash, reserved: view.reserved)
    }

    private func expectSame(after disturb: (inout Rig) -> Void) throws {
        var quiet = rig()
        var disturbed = rig()
        disturb(&disturbed)
        #expect(try outcome(&disturbed) == outcome(&quiet))
    }

    /// - Attack tenant, 1 try: a flood: the other org's decisions stay what they were.
    @Test func aFloodTakesNothingFromTheOther() throws {
        try expectSame { rig in
            rig.limit(.messagesPerSecond, "5", at: .org)
            rig.limit(.messageBurst, "5", at: .org)
            var refused = 0
            for _ in 0..<200 where !rig.order(.buy, "0.50", "0.1").isPermitted { refused += 1 }
            #expect(refused > 100)
        }
    }

    /// - Attack tenant, 1 try: a breached limit.
    @Test func aBreachedLimitIsItsOwn() throws {
        try expectSame { rig in
            rig.limit(.eventLossMax, "5", at: .org)
            let order = rig.order(.buy, "0.50", "10")
            rig.fill(order.orderID, "10")
            #expect(!rig.order(.buy, "0.50", "1").isPermitted)
        }
    }

    /// - Attack tenant, 1 try: a halt.
    @Test func aHaltStopsAndCancelsItsOwnAlone() throws {
        var rig = rig()
        let own = rig.order(.buy, "0.50", "1")
        let others = rig.order(
            .buy, "0.50", "1", owner: TenancyTests.other, agent: TenancyTests.otherAgent)
        rig.operate(.halt, .org, nonce: 1) { $0.org = Rig.owner.org }
        let cancelled = rig.effects.items.compactMap {
            if case .cancel(let cancel, _) = $0 { cancel.orderID } else { nil }
        }
        #expect(cancelled == [own.orderID])
        #expect(rig.engine.isOpen(others.orderID))
        #expect(!rig.order(.buy, "0.50", "1").isPermitted)
        try expectSame { $0.operate(.halt, .org, nonce: 1) { $0.org = Rig.owner.org } }
    }

    @Test func aBreakHaltsItsOwnAccountAlone() throws {
        try expectSame { rig in
            for _ in 0..<3 { rig.reconcile(breaks: 1) }
            #expect(!rig.order(.buy, "0.50", "1").isPermitted)
        }
    }

    @Test func lossesAndSettlementsAreItsOwn() throws {
        try expectSame { rig in
            rig.define("KX-9", eventSet: "KX-9", isExclusive: false)
            let order = rig.order(.buy, "0.50", "10", instrument: "KX-9")
            rig.fill(order.orderID, "10", fee: "0.5")
            rig.settle("KX-9", .no, payout: "0")
        }
    }

    /// - Attack tenant, 1 try: orders and intents of the other, by their numbers.
    @Test func numbersAndNamesOfOneMeanNothingForTheOther() throws {
        var rig = rig()
        let intent = rig.declare(.buy).id
        let request = rig.makeRequest(.buy, "0.50", "1", intent: intent)
        #expect(rig.send(request, reference: rig.quote()).isPermitted)
        // The same numbers from the other agent are its own first ones.
        let others = rig.declare(
            .buy, owner: TenancyTests.other, agent: TenancyTests.otherAgent,
            number: intent.rawValue
        ).id
        var own = rig.makeRequest(
            .buy, "0.50", "1", intent: others, owner: TenancyTests.other,
            agent: TenancyTests.otherAgent)
        own.requestID = request.requestID
        let judgement = rig.send(own, reference: rig.quote(), from: TenancyTests.otherAgent)
        #expect(judgement.isPermitted)
        // And nobody orders in the other's name.
        var stolen = rig.makeRequest(
            .buy, "0.50", "1", intent: others, owner: TenancyTests.other)
        stolen.envelope.sender = Rig.agentID
        let refused = rig.send(stolen, reference: rig.quote())
        #expect(!refused.isPermitted)
        #expect(refused.agent == Rig.agentID)
        let cancel = rig.cancel(judgement.orderID)
        #expect(cancel.verdict == .rejected)
        #expect(rig.engine.isOpen(judgement.orderID))
    }
}
