import Execution
import Testing
import Trading
import Wire

@Suite struct GatewayLifeTests {
    @Test func endIsReportedOnlyWhenTheFillsAccountForIt() {
        var gateway = GatewayFixture()
        let permit = gateway.permit(1)
        gateway.accept(permit)
        let answer = gateway.venueOrder(permit, .filled, filled: Quantity(2))
        gateway.answer { .placed($0, answer) }
        #expect(gateway.fates.map(\.state) == [.working])
        let half = gateway.fill(permit, trade: "t1", quantity: Quantity(1))
        let rest = gateway.fill(permit, trade: "t2", quantity: Quantity(1))
        for fill in [half, half, rest] {
            gateway.perform { engine, now, effects in
                engine.handle(.filled(fill), at: now, into: &effects)
            }
        }
        #expect(gateway.fills.map(\.tradeID.description) == ["t1", "t2"])
        #expect(gateway.fates.map(\.state) == [.working, .filled])
    }

    /// The venue owes a fill: it is asked again after a failure and after an answer without it.
    @Test func fillsThatTheVenueOwesAreAskedForUntilTheyCome() {
        var gateway = GatewayFixture()
        let permit = gateway.permit(1)
        gateway.accept(permit)
        let filled = gateway.venueOrder(permit, .filled, filled: Quantity(2))
        gateway.answer { .placed($0, filled) }
        gateway.pass(.seconds(2))
        #expect(gateway.fillsAskedSince == [Timestamp(seconds: 940)])
        gateway.answer { .failed($0, .unknown("timeout")) }
        gateway.pass(.seconds(2))
        gateway.answer { .fills($0, []) }
        gateway.pass(.seconds(2))
        gateway.pass(.seconds(2))
        #expect(gateway.fillsAskedSince.count == 3, "the third is still under way")
        let fill = gateway.fill(permit, trade: "t", quantity: Quantity(2))
        gateway.answer { .fills($0, [fill]) }
        #expect(gateway.fates.last?.state == .filled)
        gateway.pass(.seconds(2))
        #expect(gateway.fillsAskedSince.count == 3)
    }

    /// It happened while the venue's stream was away.
    @Test func aPartialFillThatTheStreamMissedIsFetched() {
        var gateway = GatewayFixture()
        let permit = gateway.permit(1)
        gateway.accept(permit)
        let working = gateway.venueOrder(permit, .working)
        gateway.answer { .placed($0, working) }
        gateway.perform { engine, now, effects in
            engine.handle(.connected, at: now, into: &effects)
        }
        let partly = gateway.venueOrder(permit, .working, filled: Quantity(1))
        gateway.answer { .order($0, partly) }
        gateway.pass(.seconds(2))
        #expect(gateway.fillsAskedSince.count == 1)
        let fill = gateway.fill(permit, trade: "t", quantity: Quantity(1))
        gateway.answer { .fills($0, [fill]) }
        #expect(gateway.fills.map(\.tradeID.description) == ["t"])
        gateway.forget()
        gateway.pass(.seconds(2))
        #expect(gateway.fillsAskedSince.isEmpty)
    }

    @Test func doubtIsAskedAndNeverResent() {
        var gateway = GatewayFixture()
        let permit = gateway.permit(1)
        gateway.accept(permit)
        gateway.answer { .failed($0, .unknown("timeout")) }
        #expect(gateway.fates.last?.state == .unknown)
        for step in 1...3 {
            gateway.now = GatewayInstant(
                market: gateway.now.market,
                monotonic: MonotonicTime(nanoseconds: Int64(step) * 1_000_000_000))
            gateway.perform { engine, now, effects in
                engine.timerFired(at: now, into: &effects)
            }
            gateway.answer { .order($0, nil) }
        }
        #expect(gateway.placements == 1)
        #expect(gateway.fates.last?.state == .declined)
        #expect(gateway.fates.last?.reason == .venueUnknown)
    }

    /// While the placement is on its way the venue cannot know the order; and a failed look-up says
    /// nothing about it.
    @Test func nothingIsConcludedFromAPlacementInFlightOrAFailedLookUp() {
        var gateway = GatewayFixture()
        let permit = gateway.permit(1)
        gateway.accept(permit)
        let placement = gateway.submitted[0].id
        gateway.perform { engine, now, effects in
            engine.handle(.connected, at: now, into: &effects)
        }
        for _ in 1...5 {
            gateway.answer { .order($0, nil) }
            gateway.pass(.seconds(1))
        }
        #expect(gateway.fates.isEmpty)
        gateway.perform { engine, now, effects in
            engine.handle(.failed(placement, .unknown("timeout")), at: now, into: &effects)
        }
        for _ in 1...5 {
            gateway.answer { .failed($0, .unknown("timeout")) }
            gateway.pass(.seconds(1))
        }
        #expect(gateway.fates.map(\.state) == [.unknown])
        gateway.answer { .order($0, nil) }
        #expect(gateway.fates.map(\.state) == [.unknown])
    }

    /// The venue denied the order three times and shows it later.
    @Test func anOrderThatTurnsUpAfterItsEndIsCancelled() {
        var gateway = GatewayFixture()
        let permit = gateway.permit(1)
        gateway.accept(permit)
        gateway.answer { .failed($0, .unknown("timeout")) }
        for _ in 1...3 {
            gateway.pass(.seconds(1))
            gateway.answer { .order($0, nil) }
        }
        #expect(gateway.fates.last?.state == .declined)
        gateway.forget()
        let working = gateway.venueOrder(permit, .working)
        gateway.perform { engine, now, effects in
            engine.handle(.orderChanged(working), at: now, into: &effects)
        }
        #expect(gateway.alarms == ["order_after_its_end"])
        #expect(gateway.cancels == 1)
        gateway.answer { .failed($0, .unknown("timeout")) }
        gateway.pass(.seconds(1))
        gateway.answer { .order($0, working) }
        #expect(gateway.cancels == 2)
        gateway.answer {
            .cancelled($0, clientOrderID: permit.clientOrderID, remaining: permit.quantity)
        }
        gateway.pass(.seconds(1))
        #expect(gateway.cancels == 2)
        #expect(gateway.alarms.count == 1 && gateway.fates.isEmpty)
        #expect(gateway.engine.isDrained)
    }

    @Test func doubtThatWasAnOrderBecomesWorking() {
        var gateway = GatewayFixture()
        let permit = gateway.permit(1)
        gateway.accept(permit)
        gateway.answer { .failed($0, .unknown("timeout")) }
        gateway.now = GatewayInstant(
            market: gateway.now.market, monotonic: MonotonicTime(nanoseconds: 1_000_000_000))
        gateway.perform { engine, now, effects in engine.timerFired(at: now, into: &effects) }
        let state = gateway.venueOrder(permit, .working)
        gateway.answer { .order($0, state) }
        #expect(gateway.fates.map(\.state) == [.unknown, .working])
    }

    @Test func lostCoreRetiresThenCancelsThenQuiesces() {
        var gateway = GatewayFixture()
        let permit = gateway.permit(1)
        gateway.accept(permit)
        gateway.forget()
        gateway.perform { engine, _, effects in engine.coreLost(into: &effects) }
        // The placement is in flight: nothing is cancelled before it has ended.
        #expect(gateway.submitted.isEmpty)
        guard case .leaseRetired? = gateway.facts.first else {
            Issue.record("the lease must be retired first")
            return
        }
    }

    /// Whether the crash came before or after the lease was retired.
    @Test(arguments: [true, false]) func aRestartCancelsWhatRests(isLeaseActive: Bool) {
        var gateway = GatewayFixture(granted: false)
        gateway.grantLease(epoch: 1)
        let permit = gateway.permit(1)
        gateway.accept(permit)
        let working = gateway.venueOrder(permit, .working)
        gateway.answer { .placed($0, working) }
        if !isLeaseActive {
            gateway.perform { engine, _, effects in engine.coreLost(into: &effects) }
        }
        var restarted = GatewayFixture(granted: false)
        for fact in gateway.facts { restarted.engine.restore(fact) }
        restarted.perform { engine, _, effects in engine.recover(into: &effects) }
        #expect(!restarted.engine.isLeaseActive)
        guard case .cancelAll? = restarted.submitted.last?.call else {
            Issue.record("what rests must be cancelled")
            return
        }
        restarted.answerQuiesce()
        let cancelled = restarted.venueOrder(permit, .cancelled)
        restarted.answer { .order($0, cancelled) }
        #expect(restarted.fates.last?.reason == .cancelledOnDisconnect)
        #expect(restarted.engine.openOrderCount == 0)
    }

    @Test func aFirstStartAsksNothing() {
        var gateway = GatewayFixture(granted: false)
        gateway.perform { engine, _, effects in engine.recover(into: &effects) }
        #expect(gateway.submitted.isEmpty && gateway.facts.isEmpty)
    }

    @Test func quiescedOnlyWhenTheVenueShowsNoOrder() {
        var gateway = GatewayFixture()
        let permit = gateway.permit(1)
        gateway.accept(permit)
        let working = gateway.venueOrder(permit, .working)
        gateway.answer { .placed($0, working) }
        gateway.perform { engine, _, effects in engine.coreLost(into: &effects) }
        gateway.answerQuiesce(open: [working])
        #expect(!gateway.reports.contains { if case .quiesced = $0 { true } else { false } })
        gateway.now = GatewayInstant(
            market: gateway.now.market, monotonic: MonotonicTime(nanoseconds: 1_000_000_000))
        gateway.perform { engine, now, effects in engine.timerFired(at: now, into: &effects) }
        gateway.answerQuiesce()
        #expect(gateway.reports.contains { if case .quiesced = $0 { true } else { false } })
    }

    @Test func coreBehindTheGatewayGetsNoLease() {
        var gateway = GatewayFixture()
        gateway.grantLease(epoch: 5)
        gateway.forget()
        gateway.perform { engine, now, effects in
            engine.request(
                RequestLease(coreEpoch: Epoch(4), journalSequence: .zero, chainHead: .zero),
                at: now.market, into: &effects)
        }
        #expect(gateway.alarms == ["core_behind"])
        guard case .leaseGranted(let grant)? = gateway.reports.first else {
            Issue.record("an answer is due")
            return
        }
        #expect(grant.lease == .zero && grant.highestEpoch == Epoch(5))
    }

    @Test func killIsDurableAndBlocksUntilResumed() {
        var gateway = GatewayFixture()
        gateway.accept(gateway.permit(1))
        gateway.perform { engine, now, effects in
            _ = engine.obey(command(.halt), at: now.market, into: &effects)
        }
        var restarted = GatewayFixture()
        for fact in gateway.facts { restarted.engine.restore(fact) }
        #expect(restarted.engine.isKilled)
        restarted.accept(restarted.permit(7))
        #expect(restarted.fates.last?.reason == .killed)
        restarted.perform { engine, now, effects in
            _ = engine.obey(command(.resume), at: now.market, into: &effects)
        }
        restarted.accept(restarted.permit(8))
        #expect(restarted.placements == 1)
    }

    @Test func snapshotFactsRebuildTheLatches() {
        var gateway = GatewayFixture()
        gateway.perform { engine, now, effects in
            _ = engine.obey(command(.halt), at: now.market, into: &effects)
        }
        var rebuilt = GatewayEngine(terms: GatewayFixture.terms)
        for fact in gateway.engine.snapshotFacts { rebuilt.restore(fact) }
        #expect(rebuilt.isKilled)
        #expect(rebuilt.lease == gateway.engine.lease)
        #expect(rebuilt.highestEpoch == gateway.engine.highestEpoch)
        #expect(rebuilt.isLeaseActive == gateway.engine.isLeaseActive)
    }

    /// A cancel that the venue did not take is wanted until the venue shows the order's end.
    @Test func aKillIsRepeatedUntilTheOrderHasEnded() {
        var gateway = GatewayFixture()
        let permit = gateway.permit(1)
        gateway.accept(permit)
        let working = gateway.venueOrder(permit, .working)
        gateway.answer { .placed($0, working) }
        gateway.perform { engine, now, effects in
            _ = engine.obey(command(.halt), at: now.market, into: &effects)
        }
        for failures in 1...3 {
            gateway.answer { .failed($0, .notSent("throttled")) }
            gateway.pass(.seconds(1))
            gateway.answer { .order($0, working) }
            #expect(gateway.cancels == failures + 1)
        }
        gateway.answer {
            .cancelled($0, clientOrderID: permit.clientOrderID, remaining: permit.quantity)
        }
        #expect(gateway.fates.last?.state == .cancelled)
        #expect(gateway.fates.last?.reason == .killed)
        gateway.pass(.seconds(1))
        #expect(gateway.cancels == 4)
    }

    /// The halt came while the placement was on its way, and its answer was lost.
    @Test func aKillReachesAnOrderThatTurnsUpLater() {
        var gateway = GatewayFixture()
        let permit = gateway.permit(1)
        gateway.accept(permit)
        let placement = gateway.submitted[0].id
        gateway.perform { engine, now, effects in
            _ = engine.obey(command(.halt), at: now.market, into: &effects)
        }
        gateway.answer { .failed($0, .declined(code: "404", message: "no such order")) }
        gateway.perform { engine, now, effects in
            engine.handle(.failed(placement, .unknown("timeout")), at: now, into: &effects)
        }
        gateway.pass(.seconds(1))
        let working = gateway.venueOrder(permit, .working)
        gateway.answer { .order($0, working) }
        #expect(gateway.cancels == 2)
    }

    @Test func aKillReachesAPlacementInFlight() {
        var gateway = GatewayFixture()
        let permit = gateway.permit(1)
        gateway.accept(permit)
        let placement = gateway.submitted[0].id
        gateway.perform { engine, now, effects in
            _ = engine.obey(command(.halt), at: now.market, into: &effects)
        }
        gateway.answer { .failed($0, .declined(code: "404", message: "no such order")) }
        let working = gateway.venueOrder(permit, .working)
        gateway.perform { engine, now, effects in
            engine.handle(.placed(placement, working), at: now, into: &effects)
        }
        #expect(gateway.cancels == 2)
    }

    /// Each latch is cleared by its own resume, and the core holds it the same.
    @Test func aResumeClearsOnlyItsOwnScope() {
        var gateway = GatewayFixture()
        let orders: [(OperatorAction, ScopeKind, isKilled: Bool)] = [
            (.halt, .all, true), (.halt, .venue, true), (.resume, .venue, true),
            (.resume, .all, false), (.halt, .account, true), (.resume, .all, true),
            (.resume, .account, false),
        ]
        for (action, scope, isKilled) in orders {
            gateway.perform { engine, now, effects in
                _ = engine.obey(command(action, scope), at: now.market, into: &effects)
            }
            var rebuilt = GatewayEngine(terms: GatewayFixture.terms)
            for fact in gateway.engine.snapshotFacts { rebuilt.restore(fact) }
            #expect(gateway.engine.isKilled == isKilled, "\(action) \(scope)")
            #expect(rebuilt.halts == gateway.engine.halts, "\(action) \(scope)")
        }
    }

    /// Only what changes: a core that was told believes it.
    @Test func theCoreHearsWhenTheKillIsLatchedAndCleared() {
        var gateway = GatewayFixture()
        let orders: [(OperatorAction, ScopeKind)] = [
            (.halt, .all), (.halt, .venue), (.resume, .venue), (.resume, .all),
        ]
        for (action, scope) in orders {
            gateway.perform { engine, now, effects in
                _ = engine.obey(command(action, scope), at: now.market, into: &effects)
            }
        }
        let told = gateway.reports.compactMap { report in
            if case .latch(let latch) = report { latch.isKilled.isSet } else { nil }
        }
        #expect(told == [true, false])
    }

    @Test func aHaltOfAnInstrumentStopsItsOrdersOnly() {
        var gateway = GatewayFixture()
        var halt = command(.halt, .instrument)
        halt.instrument = InstrumentID(name: LongName("KXTEST-2") ?? .empty)
        for step in 1...2 {
            gateway.perform { engine, now, effects in
                _ = engine.obey(halt, at: now.market, into: &effects)
            }
            gateway.accept(gateway.permit(UInt64(step)))
            #expect(gateway.placements == 1)
            halt.instrument = GatewayFixture.instrument
        }
        #expect(!gateway.engine.isKilled)
        #expect(gateway.fates.last?.reason == .killed)
    }

    @Test func unknownFillIsAlarmedAndReported() {
        var gateway = GatewayFixture()
        let fill = gateway.fill(gateway.permit(9), trade: "x", quantity: Quantity(1))
        gateway.perform { engine, now, effects in
            engine.handle(.filled(fill), at: now, into: &effects)
        }
        #expect(gateway.alarms == ["fill_without_order"])
        #expect(gateway.fills.first?.orderID == .zero)
    }

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

    @Test func onlySoManyEndedOrdersAreKept() {
        var gateway = GatewayFixture()
        let count = UInt64(GatewayEngine.endedOrdersKept) + 10
        for number in 1...count {
            gateway.now = GatewayInstant(
                market: gateway.now.market + .seconds(1),
                monotonic: gateway.now.monotonic + .seconds(1))
            var permit = gateway.permit(number)
            permit.expiresAt = gateway.now.market + .seconds(10)
            gateway.accept(permit)
            let declined = gateway.venueOrder(permit, .declined)
            gateway.answer { id in .placed(id, declined) }
        }
        #expect(gateway.engine.orders.count == GatewayEngine.endedOrdersKept)
        #expect(gateway.engine.orders[OrderID(10)] == nil)
        #expect(gateway.engine.orders[OrderID(count)] != nil)
    }

    @Test func fateOfAPermitThatNeverCame() {
        var gateway = GatewayFixture()
        gateway.perform { engine, now, effects in
            engine.answer(
                FateQuery(
                    lease: LeaseID(1), permit: PermitSequence(4), orderID: OrderID(44),
                    instrument: GatewayFixture.instrument, clientOrderID: .empty),
                at: now.market, into: &effects)
        }
        #expect(gateway.fates.first?.state == .refusedByGateway)
        #expect(gateway.fates.first?.orderID == OrderID(44))
    }

    private func command(
        _ action: OperatorAction, _ scope: ScopeKind = .all
    ) -> OperatorCommand {
        let terms = GatewayFixture.terms
        return OperatorCommand(
            nonce: 1, action: action, scope: scope, org: terms.org, account: terms.account,
            strategy: .empty, venue: terms.venue, instrument: .empty, operator: .empty,
            issuedAt: .zero, signature: .zero)
    }
}
