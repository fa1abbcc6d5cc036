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

    /// - Attack core-twice, 1 try: a core whose journal is older than what the gateway has seen.
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

    /// A copy that gets no lease lives on, and its journal grows past the true one.
    @Test func whatACoreWithoutALeaseSaysOfItsJournalCountsForNothing() {
        var gateway = GatewayFixture()
        gateway.engine.coreHeard(journalSequence: SequenceNumber(100))
        func ask(_ epoch: UInt64, _ entry: UInt64) {
            gateway.perform { engine, now, effects in
                engine.coreLost(into: &effects)
                engine.request(
                    RequestLease(
                        coreEpoch: Epoch(epoch), journalSequence: SequenceNumber(entry),
                        chainHead: .zero),
                    at: now.market, into: &effects)
            }
        }
        ask(2, 50)
        #expect(gateway.alarms == ["core_behind"])
        gateway.engine.coreHeard(journalSequence: SequenceNumber(900))
        ask(1, 101)
        gateway.answerQuiesce()
        #expect(gateway.alarms == ["core_behind"])
        #expect(gateway.engine.isLeaseActive)
        #expect(gateway.engine.highestEpoch == Epoch(1))
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
}
