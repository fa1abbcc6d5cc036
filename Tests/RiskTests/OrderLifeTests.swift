import Portfolio
import Risk
import Testing
import Trading
import Wire

@Suite struct OrderLifeTests {
    @Test func aPermitSaysEverythingThatTheGatewayChecks() throws {
        var rig = Rig()
        let parent = rig.declare(.buy, quantity: "10").id
        let request = rig.makeRequest(.buy, "0.50", "2", intent: parent)
        let judgement = rig.send(request, reference: rig.quote())
        let permit = try #require(rig.permits[judgement.orderID])
        #expect(permit.permitEpoch == Epoch(1))
        #expect(permit.lease == LeaseID(1))
        #expect(permit.permit == PermitSequence(1))
        #expect(permit.gateway == Rig.gatewayID)
        #expect(permit.agent == Rig.agentID)
        #expect(permit.org == Rig.owner.org)
        #expect(permit.account == Rig.owner.account)
        #expect(permit.mode == .paper)
        #expect(permit.strategy == Rig.owner.strategy)
        #expect(permit.venue == Rig.venue)
        #expect(permit.instrument == request.instrument)
        #expect(permit.side == .buy)
        #expect(permit.price == request.price)
        #expect(permit.quantity == request.quantity)
        #expect(permit.expiresAt == request.expiresAt)
        #expect(permit.timeInForce == request.timeInForce)
        #expect(permit.intentID == parent)
        #expect(permit.parentQuantity == quantity("10"))
        #expect(permit.parentCumulative == quantity("2"))
        #expect(permit.limitSnapshot == 7)
        #expect(permit.clientOrderID.description == "bw-1-1-1-test")
        #expect(permit.mac == .zero)
    }

    @Test func permitsCountWithoutAGapAndStartAgainUnderANewLease() {
        var rig = Rig()
        #expect(rig.order(.buy, "0.50", "1").permit == PermitSequence(1))
        #expect(rig.order(.buy, "0.50", "101").permit == .zero)
        #expect(rig.order(.buy, "0.50", "1").permit == PermitSequence(2))
        rig.connectGateway(lease: 2)
        #expect(rig.order(.buy, "0.50", "1").reason == .notArmed)
        rig.reconcile()
        let judgement = rig.order(.buy, "0.50", "1")
        #expect(judgement.lease == LeaseID(2))
        #expect(judgement.permit == PermitSequence(1))
    }

    @Test func aNewLeaseAsksForTheFateOfEveryOpenPermit() {
        var rig = Rig()
        let first = rig.order(.buy, "0.50", "1")
        let second = rig.order(.buy, "0.50", "1")
        rig.fate(second.orderID, .cancelled)
        let third = rig.order(.buy, "0.50", "1")
        rig.connectGateway(lease: 2)
        var asked: [OrderID] = []
        for case .queryFate(let query, Rig.gatewayID) in rig.effects.items {
            asked.append(query.orderID)
            #expect(query.lease == LeaseID(1))
        }
        #expect(asked == [first.orderID, third.orderID])
    }

    @Test(arguments: [
        OrderState.refusedByGateway, .cancelled, .declined, .expired,
    ])
    func onlyAReportedEndReleasesTheReservation(state: OrderState) {
        var rig = Rig()
        let order = rig.order(.buy, "0.50", "2")
        let reserved = rig.reserved
        #expect(reserved > .zero)
        rig.pass(.seconds(100_000))
        #expect(rig.reserved == reserved)
        if state != .refusedByGateway {
            for open in [OrderState.sent, .unknown, .working] {
                rig.fate(order.orderID, open)
                #expect(rig.reserved == reserved)
            }
        }
        rig.cancel(order.orderID)
        #expect(rig.engine.order(order.orderID)?.state == .cancelling)
        #expect(rig.reserved == reserved)
        rig.fate(order.orderID, state)
        #expect(rig.reserved.isZero)
        #expect(rig.engine.order(order.orderID)?.state == state)
        rig.check()
    }

    @Test func everyPairOfStatesFollowsTheTable() {
        for state in OrderState.allCases where state != .rejected && state != .requested {
            for next in OrderState.allCases {
                var rig = Rig()
                let order = rig.order(.buy, "0.50", "2")
                if state != .permitted { rig.fate(order.orderID, state) }
                let before = rig.engine.order(order.orderID)?.state ?? .permitted
                rig.fate(order.orderID, next)
                let after = rig.engine.order(order.orderID)?.state
                #expect(after == (before.canBecome(next) ? next : before), "\(before) to \(next)")
                rig.check()
            }
        }
    }

    @Test func fillsMoveReservationsIntoPositions() {
        var rig = Rig()
        let order = rig.order(.buy, "0.50", "10")
        rig.fill(order.orderID, "4", fee: "0.07")
        #expect(rig.position == quantity("4"))
        #expect(rig.cash == amount("997.93"))
        #expect(rig.reserved == amount("3") + amount("0.115"))
        #expect(rig.engine.order(order.orderID)?.state == .working)
        rig.fill(order.orderID, "6", fee: "0.1")
        #expect(rig.engine.order(order.orderID)?.state == .filled)
        #expect(rig.reserved.isZero)
        #expect(rig.engine.status.fees == amount("0.17"))
        rig.check()
    }

    @Test func aFillIsBookedOnce() {
        var rig = Rig()
        let order = rig.order(.buy, "0.50", "10")
        rig.fill(order.orderID, "4", trade: "t", finality: .provisional)
        rig.fill(order.orderID, "4", trade: "t", finality: .final)
        #expect(rig.position == quantity("4"))
        rig.fill(order.orderID, "6")
        rig.fill(order.orderID, "4", trade: "t")
        #expect(rig.position == quantity("10"))
        #expect(rig.engine.counters.fills == 2)
        rig.check()
    }

    @Test func reportedFillsStayReservedUntilTheyArrive() {
        var rig = Rig()
        let order = rig.order(.buy, "0.50", "10")
        rig.fate(order.orderID, .cancelled, filled: "4")
        #expect(rig.reserved == amount("2") + amount("0.08"))
        #expect(rig.engine.status.openOrders == 0)
        rig.fill(order.orderID, "4")
        #expect(rig.reserved.isZero)
        #expect(rig.position == quantity("4"))
        rig.check()
    }

    @Test func aLateFillAfterACancelIsAccepted() {
        var rig = Rig()
        let order = rig.order(.buy, "0.50", "10")
        rig.fate(order.orderID, .cancelled)
        #expect(rig.reserved.isZero)
        rig.fill(order.orderID, "3")
        #expect(rig.position == quantity("3"))
        #expect(rig.cash == amount("998.5"))
        #expect(rig.engine.order(order.orderID)?.state == .cancelled)
        rig.check()
    }

    @Test func aBustIsReversedOnce() {
        var rig = Rig()
        let order = rig.order(.buy, "0.50", "10")
        let trade = rig.fill(order.orderID, "4", fee: "0.1")
        rig.fill(order.orderID, "4", trade: trade, finality: .busted)
        #expect(rig.position.isZero)
        #expect(rig.cash == amount("1000"))
        #expect(rig.engine.status.fees.isZero)
        rig.fill(order.orderID, "4", trade: trade, finality: .busted)
        #expect(rig.cash == amount("1000"))
        rig.fill(order.orderID, "4", trade: "never", finality: .busted)
        #expect(rig.effects.alarms == [.bustWithoutFill(order.orderID)])
        rig.check()
    }

    @Test func aFillBeyondThePermitIsBookedAndHaltsTheAccount() {
        var rig = Rig()
        let order = rig.order(.buy, "0.50", "2")
        rig.fill(order.orderID, "3")
        #expect(rig.position == quantity("3"))
        #expect(rig.effects.alarms.contains(.overfill(order.orderID)))
        #expect(rig.order(.buy, "0.50", "1").reason == .haltedScope)
        rig.check()
    }

    /// - Attack gateway-compromised, 1 try: a fill of an order that nobody has sent.
    @Test func aFillWithoutAnOrderIsBookedApartAndHaltsTheAccount() {
        var rig = Rig()
        rig.fill(OrderID(77), "3")
        #expect(rig.effects.alarms == [.fillWithoutOrder(OrderID(77), named("KX-1"))])
        #expect(rig.cash == amount("998.5"))
        #expect(rig.position.isZero)
        #expect(rig.order(.buy, "0.50", "1").reason == .haltedScope)
        rig.check()
    }

    /// Every reconciliation of the next minutes tells of it again.
    @Test func aFillWithoutAnOrderIsBookedOnce() throws {
        var rig = Rig()
        rig.fill(OrderID(77), "3", trade: "by hand")
        let cash = rig.cash
        rig.fill(OrderID(77), "3", trade: "by hand")
        #expect(rig.effects.alarms.isEmpty)
        rig.engine = Rig.mutated(try RiskEngine(snapshot: rig.engine.snapshotBytes()))
        rig.fill(OrderID(77), "3", trade: "by hand")
        #expect(rig.effects.alarms.isEmpty)
        #expect(rig.cash == cash)
        // To take it back is for a person.
        rig.fill(OrderID(77), "3", trade: "by hand", finality: .busted)
        #expect(rig.effects.alarms == [.fillWithoutOrder(OrderID(77), named("KX-1"))])
        rig.fill(OrderID(77), "3", trade: "another")
        #expect(rig.cash == cash - amount("1.5"))
        rig.check()
    }

    @Test func numbersThatAFillCannotHaveAreNotBooked() {
        let spoilings: [(inout FillReport) -> Void] = [
            { $0.price = Price(units: -1) }, { $0.price = Price(units: 1_000_000_001) },
            { $0.quantity = .zero }, { $0.quantity = .max }, { $0.fee = .max },
            { $0.fee = Money(units: .min + 1) }, { $0.side = .sell },
            { $0.instrument = named("KX-2") },
        ]
        for spoil in spoilings {
            var rig = Rig()
            let order = rig.order(.buy, "0.50", "2")
            var report = FillReport(
                envelope: Rig.envelope(Rig.gatewayID), orderID: order.orderID,
                account: Rig.owner.account, instrument: named("KX-1"), tradeID: .empty,
                venueOrderID: .empty, clientOrderID: .empty, side: .buy, price: price("0.5"),
                quantity: quantity("1"), fee: .zero, liquidity: .maker, finality: .final,
                filledAt: rig.now, marketTime: rig.now)
            spoil(&report)
            rig.report(report)
            #expect(rig.cash == amount("1000"))
            #expect(rig.order(.buy, "0.50", "1").reason == .haltedScope)
            rig.check()
        }
    }

    @Test func anotherGatewaysReportsChangeNothing() {
        var rig = Rig()
        let order = rig.order(.buy, "0.50", "2")
        rig.fate(order.orderID, .cancelled, from: named("gw-other"))
        #expect(rig.engine.order(order.orderID)?.state == .permitted)
        rig.fill(order.orderID, "1", from: named("gw-other"))
        #expect(rig.position.isZero)
        #expect(rig.effects.alarms == [.wrongGateway(named("gw-other"), order.orderID)])
    }

    @Test func cancelsConcernOnesOwnOpenOrders() {
        var rig = Rig()
        let order = rig.order(.buy, "0.50", "2")
        #expect(rig.cancel(OrderID(9)).reason == .orderUnknown)
        rig.grant(Rig.owner, to: named("agent-other"))
        #expect(rig.cancel(order.orderID, by: named("agent-other")).reason == .orderUnknown)
        #expect(rig.cancel(order.orderID, by: named("stranger")).reason == .identityUnknown)
        #expect(rig.cancel(order.orderID).verdict == .accepted)
        var cancels = 0
        for case .cancel(let cancel, Rig.gatewayID) in rig.effects.items {
            #expect(cancel.orderID == order.orderID)
            cancels += 1
        }
        #expect(cancels == 1)
        rig.fate(order.orderID, .cancelled)
        #expect(rig.cancel(order.orderID).reason == .orderTerminal)
    }

    @Test func finishedOrdersAreForgottenAndTheirFillsNotBookedAgain() {
        var rig = Rig()
        rig.limit(.messageBurst, "100000")
        rig.limit(.orderBurst, "100000")
        let first = rig.order(.buy, "0.50", "1")
        let trade = rig.fill(first.orderID, "1")
        let at = rig.now
        let parent = rig.declare(.buy).id
        for _ in 0..<2_100 {
            rig.pass(.milliseconds(10))
            let request = rig.makeRequest(.buy, "0.50", "1", intent: parent)
            let order = rig.send(request, reference: rig.quote())
            rig.fate(order.orderID, .cancelled)
        }
        #expect(rig.engine.order(first.orderID) == nil)
        rig.fill(first.orderID, "1", trade: trade, filledAt: at)
        #expect(rig.position == quantity("1"))
        #expect(rig.effects.alarms.isEmpty)
        rig.fillWithoutID(first.orderID, "1", trade: trade, filledAt: at)
        #expect(rig.position == quantity("1"))
        #expect(rig.effects.alarms.isEmpty)
        rig.check()
    }

    @Test func aFillWithoutAnIDIsOfTheOrderThatTheVenueNames() {
        var rig = Rig()
        let order = rig.order(.buy, "0.50", "2")
        let trade = rig.fill(order.orderID, "1")
        rig.fillWithoutID(order.orderID, "1", trade: trade)
        #expect(rig.position == quantity("1"))
        rig.fillWithoutID(order.orderID, "1", trade: "another")
        #expect(rig.position == quantity("2"))
        #expect(rig.effects.alarms.isEmpty)
        #expect(rig.order(.buy, "0.50", "1").isPermitted)
        rig.check()
    }

    @Test func aNameOfAnotherClusterIsNotOurs() {
        var rig = Rig()
        let order = rig.order(.buy, "0.50", "2")
        let permit = rig.permits[order.orderID]
        let foreign = clientOrderID(
            epoch: permit?.permitEpoch ?? .zero, lease: permit?.lease ?? .zero,
            permit: permit?.permit ?? .zero, cluster: named("other"))
        rig.fillWithoutID(order.orderID, "1", trade: "foreign", name: foreign)
        #expect(rig.position.isZero)
        #expect(rig.effects.alarms == [.fillWithoutOrder(.zero, named("KX-1"))])
    }

    /// Whoever trades on the account by hand may choose any name.
    @Test func aNameThatIsLongerThanOursIsNotOurs() throws {
        var rig = Rig()
        let order = rig.order(.buy, "0.50", "2")
        let long = try #require(VenueReference("bw-1-18446744073709551615-18446744073709"))
        rig.fillWithoutID(order.orderID, "1", trade: "foreign", name: long)
        #expect(rig.effects.alarms == [.fillWithoutOrder(.zero, named("KX-1"))])
    }
}

extension RiskEffects {
    /// The alarms among the effects.
    var alarms: [RiskAlarm] {
        items.compactMap { if case .alarm(let alarm) = $0 { alarm } else { nil } }
    }
}
