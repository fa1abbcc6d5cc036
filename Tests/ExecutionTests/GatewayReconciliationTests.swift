import Execution
import Testing
import Trading
import Wire

/// What a core that asks for venue truth is told.
@Suite struct GatewayReconciliationTests {
    @Test func aRepeatedFillAfterSettlementIsOfItsOrder() {
        var gateway = GatewayFixture()
        let permit = gateway.permit(1)
        gateway.accept(permit)
        let working = gateway.venueOrder(permit, .working)
        gateway.answer { id in .placed(id, working) }
        let fill = gateway.fill(permit, trade: "t", quantity: permit.quantity)
        gateway.perform { engine, now, effects in
            engine.handle(.filled(fill), at: now, into: &effects)
        }
        let settlement = VenueSettlement(
            instrument: permit.instrument, outcome: .yes, value: .one,
            quantity: permit.quantity, payout: Money(2), settledAt: gateway.now.market)
        gateway.perform { engine, now, effects in
            engine.handle(.settled(settlement), at: now, into: &effects)
        }
        gateway.forget()
        gateway.perform { engine, _, effects in
            engine.reconcile(Reconcile(fillsSince: .zero), into: &effects)
        }
        gateway.answer { id in .fills(id, [fill]) }
        #expect(gateway.fills.map(\.orderID) == [permit.orderID])
        #expect(gateway.facts.isEmpty)
        #expect(gateway.alarms.isEmpty)
    }

    /// A fill of a trade on its way to being final, or to failing.
    private func fill(
        _ gateway: GatewayFixture, _ permit: OrderPermit, _ finality: FillFinality,
        trade: String = "t", _ quantity: Quantity
    ) -> VenueFill {
        let known = gateway.fill(permit, trade: trade, quantity: quantity)
        return VenueFill(
            tradeID: known.tradeID, clientOrderID: known.clientOrderID,
            venueOrderID: known.venueOrderID, instrument: known.instrument, side: known.side,
            price: known.price, quantity: quantity, fee: known.fee, liquidity: known.liquidity,
            finality: finality, filledAt: known.filledAt)
    }

    private func tell(_ gateway: inout GatewayFixture, _ event: VenueEvent) {
        gateway.perform { engine, now, effects in
            engine.handle(event, at: now, into: &effects)
        }
    }

    @Test func aProvisionalFillBecomesFinalOnce() {
        var gateway = GatewayFixture()
        let permit = gateway.permit(1)
        gateway.accept(permit)
        for finality in [FillFinality.provisional, .provisional, .final, .final] {
            tell(&gateway, .filled(fill(gateway, permit, finality, permit.quantity)))
        }
        #expect(gateway.fills.map(\.finality) == [.provisional, .final])
        #expect(gateway.engine.orders[permit.orderID]?.filled == permit.quantity)
    }

    @Test func aFillIsTakenBackOnceAndOnlyIfItWasBooked() {
        var gateway = GatewayFixture()
        let permit = gateway.permit(1)
        gateway.accept(permit)
        let working = gateway.venueOrder(permit, .working)
        gateway.answer { id in .placed(id, working) }
        let half = Quantity(units: permit.quantity.units / 2)
        tell(&gateway, .filled(fill(gateway, permit, .busted, trade: "never", half)))
        #expect(gateway.fills.isEmpty)
        tell(&gateway, .filled(fill(gateway, permit, .provisional, half)))
        tell(&gateway, .orderChanged(gateway.venueOrder(permit, .working, filled: half)))
        tell(&gateway, .filled(fill(gateway, permit, .busted, half)))
        tell(&gateway, .filled(fill(gateway, permit, .busted, half)))
        #expect(gateway.fills.map(\.finality) == [.provisional, .busted])
        #expect(gateway.engine.orders[permit.orderID]?.filled == .zero)
        // The venue counts what has failed as filled; the order ends all the same.
        tell(&gateway, .orderChanged(gateway.venueOrder(permit, .cancelled, filled: half)))
        #expect(gateway.fates.last?.state == .cancelled)
        #expect(gateway.fates.last?.filled == .zero)
    }

    /// A venue without client order ids says no more of what an earlier process placed.
    @Test func aFillThatNamesOnlyTheVenuesOrderIsOfItsOrder() {
        var gateway = GatewayFixture()
        let permit = gateway.permit(1)
        gateway.accept(permit)
        let working = gateway.venueOrder(permit, .working)
        gateway.answer { id in .placed(id, working) }
        let known = gateway.fill(permit, trade: "t", quantity: permit.quantity)
        let fill = VenueFill(
            tradeID: known.tradeID, clientOrderID: .empty, venueOrderID: working.venueOrderID,
            instrument: known.instrument, side: known.side, price: known.price,
            quantity: known.quantity, fee: known.fee, liquidity: known.liquidity,
            finality: known.finality, filledAt: known.filledAt)
        gateway.perform { engine, now, effects in
            engine.handle(.filled(fill), at: now, into: &effects)
        }
        #expect(gateway.fills.map(\.orderID) == [permit.orderID])
        #expect(gateway.fills.map(\.clientOrderID) == [permit.clientOrderID])
        #expect(gateway.alarms.isEmpty)
    }

    /// A fill that overtakes the answer to its placement ends the order; the gateway that starts
    /// again knows by the fill what the venue calls the order.
    @Test func afterARestartAFillStillNamesItsOrder() {
        var gateway = GatewayFixture()
        let permit = gateway.permit(1)
        gateway.accept(permit)
        let known = gateway.fill(permit, trade: "t", quantity: permit.quantity)
        tell(&gateway, .filled(known))
        #expect(gateway.fates.last?.state == .filled)
        var restarted = GatewayFixture(granted: false)
        for fact in gateway.facts { restarted.engine.restore(fact) }
        tell(
            &restarted,
            .filled(
                VenueFill(
                    tradeID: known.tradeID, clientOrderID: .empty,
                    venueOrderID: known.venueOrderID, instrument: known.instrument,
                    side: known.side, price: known.price, quantity: known.quantity,
                    fee: known.fee, liquidity: known.liquidity, finality: known.finality,
                    filledAt: known.filledAt)))
        #expect(restarted.alarms.isEmpty)
        #expect(restarted.fills.allSatisfy { $0.orderID == permit.orderID })
    }

    /// What was sent and never answered is told to the adapter of the next process, with the time
    /// that the permit was sent; what the venue has named is not.
    @Test func afterARestartWhatWasNeverAnsweredIsRecalled() {
        var gateway = GatewayFixture()
        var silent = gateway.permit(1)
        silent.envelope.sentAt = Timestamp(seconds: 77)
        let named = gateway.permit(2)
        gateway.accept(silent)
        gateway.accept(named)
        let fill = gateway.fill(named, trade: "t", quantity: named.quantity)
        tell(&gateway, .filled(fill))
        var restarted = GatewayFixture(granted: false)
        for fact in gateway.facts { restarted.engine.restore(fact) }
        let tickets = restarted.engine.unansweredTickets
        #expect(tickets.map(\.clientOrderID) == [silent.clientOrderID])
        #expect(tickets.first?.permittedAt == Timestamp(seconds: 77))
    }

    private func reconcile(_ gateway: inout GatewayFixture) {
        gateway.perform { engine, _, effects in
            engine.reconcile(Reconcile(fillsSince: Timestamp(seconds: 7)), into: &effects)
        }
    }

    private func isReconciled(_ gateway: GatewayFixture) -> Bool {
        gateway.reports.contains { if case .reconciled = $0 { true } else { false } }
    }

    private func answerReconciliation(_ gateway: inout GatewayFixture) {
        gateway.answer { id in .fills(id, []) }
        gateway.answer { id in .openOrders(id, []) }
        gateway.answer { id in .positions(id, []) }
        gateway.answer { id in .balance(id, Money(5)) }
    }

    @Test func aReconciliationThatFailsIsTriedAgain() {
        var gateway = GatewayFixture()
        reconcile(&gateway)
        gateway.answer { id in .fills(id, []) }
        gateway.answer { id in .failed(id, .unknown("timeout")) }
        #expect(gateway.alarms == ["reconcile_failed"])
        gateway.forget()
        gateway.now = GatewayInstant(
            market: gateway.now.market, monotonic: MonotonicTime(nanoseconds: 2_000_000_000))
        for _ in 0..<2 {
            gateway.perform { engine, now, effects in
                engine.timerFired(at: now, into: &effects)
            }
        }
        guard case .fills(Timestamp(seconds: 7))? = gateway.submitted.first?.call else {
            Issue.record("it begins with the fills again")
            return
        }
        #expect(gateway.submitted.count == 1)
        answerReconciliation(&gateway)
        #expect(isReconciled(gateway))
    }

    @Test func aCoreThatAsksAgainHearsAllOfIt() {
        var gateway = GatewayFixture()
        reconcile(&gateway)
        let first = gateway.submitted.last?.id ?? .zero
        gateway.forget()
        reconcile(&gateway)
        #expect(gateway.submitted.count == 1)
        gateway.perform { engine, now, effects in
            engine.handle(.fills(first, []), at: now, into: &effects)
        }
        #expect(gateway.submitted.count == 1, "the answer to the first goes no further")
        answerReconciliation(&gateway)
        #expect(isReconciled(gateway))
    }

    private func settlement(_ number: Int, quantity: Quantity) -> VenueSettlement {
        VenueSettlement(
            instrument: InstrumentID(name: LongName("KXTEST-\(number)") ?? .empty),
            outcome: .yes, value: .one, quantity: quantity,
            payout: Money(checking: .one, times: quantity, .up) ?? .zero,
            settledAt: Timestamp(seconds: 1_000))
    }

    private func settle(_ gateway: inout GatewayFixture, _ settlement: VenueSettlement) {
        gateway.perform { engine, now, effects in
            engine.handle(.settled(settlement), at: now, into: &effects)
        }
    }

    /// The core was not there when the market settled; neither the gateway's restart nor a snapshot
    /// of its journal loses the settlement.
    @Test(arguments: [true, false]) func aSettlementIsToldAgainBeforeThePositions(
        fromSnapshot: Bool
    ) {
        var gateway = GatewayFixture()
        settle(&gateway, settlement(7, quantity: Quantity(2)))
        let first = gateway.reports
        var restarted = GatewayFixture()
        let facts = fromSnapshot ? gateway.engine.snapshotFacts : gateway.facts
        for fact in facts { restarted.engine.restore(fact) }
        reconcile(&restarted)
        restarted.answer { id in .fills(id, []) }
        restarted.answer { id in .openOrders(id, []) }
        let before = restarted.reports.count
        let holding = VenueHolding(
            instrument: GatewayFixture.instrument, quantity: Quantity(1))
        restarted.answer { id in .positions(id, [holding]) }
        let told = restarted.reports.dropFirst(before)
        #expect(told.count == 2 && told.first == first.first)
        guard case .position? = told.last else {
            Issue.record("the positions follow")
            return
        }
    }

    /// An adapter that was restarted no longer knows what the market paid us.
    @Test func aRepeatedSettlementIsTheFirstOne() {
        var gateway = GatewayFixture()
        settle(&gateway, settlement(7, quantity: Quantity(2)))
        let first = gateway.reports
        settle(&gateway, settlement(7, quantity: .zero))
        #expect(gateway.reports == first + first)
        #expect(gateway.facts.count == 1)
    }

    @Test func settlementsAreKeptWithinABoundAndMoneyLongest() {
        var gateway = GatewayFixture()
        settle(&gateway, settlement(1, quantity: Quantity(2)))
        for number in 2...(GatewayEngine.settlementsKept + 10) {
            settle(&gateway, settlement(number, quantity: .zero))
        }
        settle(&gateway, settlement(1, quantity: Quantity(2)))
        let kept = gateway.engine.settlements
        #expect(kept.count == GatewayEngine.settlementsKept)
        #expect(kept.count { $0.quantity == Quantity(2) } == 1)
    }

    /// Its end was missed, so the venue is asked what became of it; one that is listed is not.
    @Test func anOrderThatRestsNoMoreIsAskedFor() {
        var gateway = GatewayFixture()
        let permits = [gateway.permit(1), gateway.permit(2)]
        for permit in permits {
            gateway.accept(permit)
            let working = gateway.venueOrder(permit, .working)
            gateway.answer { id in .placed(id, working) }
        }
        gateway.forget()
        reconcile(&gateway)
        gateway.answer { id in .fills(id, []) }
        let listed = gateway.venueOrder(permits[1], .working)
        gateway.answer { id in .openOrders(id, [listed]) }
        let asked = gateway.submitted.compactMap {
            if case .order(let client) = $0.call { client } else { nil }
        }
        #expect(asked == [permits[0].clientOrderID])
        let inquiry = gateway.submitted.first { if case .order = $0.call { true } else { false } }
        let cancelled = gateway.venueOrder(permits[0], .cancelled)
        gateway.perform { engine, now, effects in
            engine.handle(.order(inquiry?.id ?? .zero, cancelled), at: now, into: &effects)
        }
        #expect(gateway.fates.map(\.state) == [.cancelled])
        gateway.answer { id in .positions(id, []) }
        gateway.answer { id in .balance(id, Money(5)) }
        #expect(isReconciled(gateway))
    }
}
