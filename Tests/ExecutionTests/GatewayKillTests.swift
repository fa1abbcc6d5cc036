import Execution
import Testing
import Trading
import Wire

/// Operators' halts and resumes at a gateway.
@Suite struct GatewayKillTests {
    @Test func killIsDurableAndBlocksUntilResumed() {
        var gateway = GatewayFixture()
        gateway.accept(gateway.permit(1))
        gateway.perform { engine, now, effects in
            _ = engine.obey(halt: command(.halt), reason: [], at: now.market, into: &effects)
        }
        var restarted = GatewayFixture()
        for fact in gateway.facts { restarted.engine.restore(fact) }
        #expect(restarted.engine.isKilled)
        restarted.accept(restarted.permit(7))
        #expect(restarted.fates.last?.reason == .killed)
        #expect(resume(&restarted) == nil)
        restarted.accept(restarted.permit(8))
        #expect(restarted.placements == 1)
    }

    @Test func snapshotFactsRebuildTheLatches() {
        var gateway = GatewayFixture()
        gateway.perform { engine, now, effects in
            _ = engine.obey(halt: command(.halt), reason: [], at: now.market, into: &effects)
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
            _ = engine.obey(halt: command(.halt), reason: [], at: now.market, into: &effects)
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

    /// The halt came while the placement was on its way, so its cancel found no order.
    private func killedWhilePlacing() -> (GatewayFixture, OrderPermit, VenueCallID) {
        var gateway = GatewayFixture()
        let permit = gateway.permit(1)
        gateway.accept(permit)
        let placement = gateway.submitted[0].id
        gateway.perform { engine, now, effects in
            _ = engine.obey(halt: command(.halt), reason: [], at: now.market, into: &effects)
        }
        gateway.answer { .failed($0, .declined(code: "404", message: "no such order")) }
        return (gateway, permit, placement)
    }

    /// The placement's answer was lost.
    @Test func aKillReachesAnOrderThatTurnsUpLater() {
        var (gateway, permit, placement) = killedWhilePlacing()
        gateway.perform { engine, now, effects in
            engine.handle(.failed(placement, .unknown("timeout")), at: now, into: &effects)
        }
        gateway.pass(.seconds(1))
        let working = gateway.venueOrder(permit, .working)
        gateway.answer { .order($0, working) }
        #expect(gateway.cancels == 2)
    }

    @Test func aKillReachesAPlacementInFlight() {
        var (gateway, permit, placement) = killedWhilePlacing()
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
            (.resume, .all, false), (.halt, .account, true), (.halt, .all, true),
            (.resume, .all, true), (.resume, .account, false),
        ]
        for (action, scope, isKilled) in orders {
            order(action, scope, &gateway)
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
            order(action, scope, &gateway)
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
                _ = engine.obey(halt: halt, reason: [], at: now.market, into: &effects)
            }
            gateway.accept(gateway.permit(UInt64(step)))
            #expect(gateway.placements == 1)
            halt.instrument = GatewayFixture.instrument
        }
        #expect(!gateway.engine.isKilled)
        #expect(gateway.fates.last?.reason == .killed)
    }

    // MARK: Directives

    @Test func oneSignatureOrTheSameTwiceIsNotEnough() {
        var gateway = GatewayFixture(quorum: 2)
        order(.halt, .all, &gateway)
        #expect(resume(&gateway, by: []) == .notSigned)
        #expect(resume(&gateway, by: ["alice"]) == .quorumMissing(signed: 1, needed: 2))
        #expect(resume(&gateway, by: ["alice", "alice"]) == .signedTwice(name("alice")))
        #expect(gateway.engine.isKilled)
        #expect(gateway.facts.count == 1, "what is refused leaves nothing")
        #expect(resume(&gateway, by: ["alice", "bob"]) == nil)
        #expect(!gateway.engine.isKilled)
    }

    @Test func whatIsOldOrForSomebodyElseIsRefused() {
        var gateway = GatewayFixture(quorum: 2)
        order(.halt, .all, &gateway)
        let both = ["alice", "bob"]
        let end = Timestamp(seconds: 100)
        #expect(resume(&gateway, by: both, at: end) == .expired(at: end))
        let late = Timestamp(seconds: 100 + 7 * 86_400 + 1)
        #expect(resume(&gateway, by: both, expiring: late, at: end) == .expiresTooLate(at: late))
        #expect(resume(&gateway, by: both, cluster: "other") == .otherCluster(name("other")))
        let elsewhere = resume(&gateway, by: both, gateway: "gw-other")
        #expect(elsewhere == .superseded(names: 0, newest: 1))
        #expect(resume(&gateway, by: both, action: .arm) == .noDirective)
        #expect(gateway.engine.isKilled)
    }

    /// It counts once, and what a restart or a snapshot rebuilds knows it.
    @Test func aDirectiveIsSpentAndStaysSo() {
        var gateway = GatewayFixture(quorum: 2)
        let both = ["alice", "bob"]
        order(.halt, .all, &gateway)
        #expect(resume(&gateway, by: both) == nil)
        // The halt is played again: the number that the directive names stands once more.
        order(.halt, .all, &gateway)
        #expect(resume(&gateway, by: both) == .spent)
        var restarted = GatewayFixture(granted: false, quorum: 2)
        for fact in gateway.facts { restarted.engine.restore(fact) }
        #expect(resume(&restarted, by: both) == .spent)
        var rebuilt = GatewayFixture(granted: false, quorum: 2)
        for fact in gateway.engine.snapshotFacts { rebuilt.engine.restore(fact) }
        #expect(resume(&rebuilt, by: both) == .spent)
        #expect(rebuilt.engine.isKilled)
        #expect(resume(&rebuilt, by: both, number: 6) == nil)
    }

    /// A halt after the one that it names is not cleared, however the older one is played again.
    @Test func aNewerHaltSupersedesADirective() {
        var gateway = GatewayFixture(quorum: 2)
        let both = ["alice", "bob"]
        order(.halt, .all, &gateway)
        order(.halt, .all, &gateway, nonce: 9)
        order(.halt, .all, &gateway)
        #expect(resume(&gateway, by: both) == .superseded(names: 1, newest: 9))
        #expect(resume(&gateway, by: both, clears: 9) == nil)
    }

    /// With real money, one operator alone asks again after ten minutes.
    @Test func aLoneOperatorWaits() {
        var gateway = GatewayFixture(quorum: 1, mode: .live)
        order(.halt, .all, &gateway)
        let expiry = Timestamp(seconds: 5_000)
        let due = Timestamp(seconds: 650)
        func ask(_ gateway: inout GatewayFixture, _ at: Int64) -> DirectiveRefusal? {
            resume(&gateway, expiring: expiry, at: Timestamp(seconds: at))
        }
        #expect(ask(&gateway, 50) == .waits(until: due))
        var restarted = GatewayFixture(granted: false, quorum: 1, mode: .live)
        for fact in gateway.engine.snapshotFacts { restarted.engine.restore(fact) }
        #expect(ask(&restarted, 649) == .waits(until: due))
        #expect(ask(&restarted, 650) == nil)
        #expect(!restarted.engine.isKilled)
    }

    private func name(_ text: String) -> ShortName { ShortName(text) ?? .empty }

    /// Halts, or resumes what stands, as one operator of a paper cluster.
    private func order(
        _ action: OperatorAction, _ scope: ScopeKind, _ gateway: inout GatewayFixture,
        nonce: UInt64 = 1
    ) {
        guard action == .halt else {
            #expect(resume(&gateway, scope, number: UInt64(gateway.facts.count) + 100) == nil)
            return
        }
        gateway.perform { engine, now, effects in
            var halt = command(.halt, scope)
            halt.nonce = nonce
            _ = engine.obey(halt: halt, reason: [], at: now.market, into: &effects)
        }
    }

    /// Gives a directive; nil when it was obeyed.
    private func resume(
        _ fixture: inout GatewayFixture, _ scope: ScopeKind = .all,
        by signers: [String] = ["alice"],
        clears halt: UInt64 = 1, number: UInt64 = 5, cluster: String = "test",
        gateway: String = "gw-kalshi", action: OperatorAction = .resume,
        expiring: Timestamp = Timestamp(seconds: 100),
        at received: Timestamp = Timestamp(seconds: 50)
    ) -> DirectiveRefusal? {
        let terms = GatewayFixture.terms
        let latch = OperatorDirective.LatchesEntry(
            gateway: ProcessID(name: name(gateway)), halt: halt)
        let directive = OperatorDirective(
            cluster: name(cluster), number: number, action: action, scope: scope, org: terms.org,
            account: terms.account, strategy: .empty, venue: terms.venue, instrument: .empty,
            issuedAt: .zero, expiresAt: expiring, halt: 0
        ).frame(latches: [latch], reason: [])
        let frame = DirectiveGiven(nonce: 1, receivedAt: received, isObeyed: .no).frame(
            signatures: signers.map {
                DirectiveGiven.SignaturesEntry(operator: name($0), signature: .zero)
            }, directive: directive)
        var refusal: DirectiveRefusal?
        fixture.perform { engine, now, effects in
            do {
                try engine.obey(GivenDirective(decoding: frame), at: now.market, into: &effects)
            } catch {
                refusal = error as? DirectiveRefusal
            }
        }
        return refusal
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
