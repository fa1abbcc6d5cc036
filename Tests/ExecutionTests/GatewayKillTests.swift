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

    /// The halt came while the placement was on its way, so its cancel found no order.
    private func killedWhilePlacing() -> (GatewayFixture, OrderPermit, VenueCallID) {
        var gateway = GatewayFixture()
        let permit = gateway.permit(1)
        gateway.accept(permit)
        let placement = gateway.submitted[0].id
        gateway.perform { engine, now, effects in
            _ = engine.obey(command(.halt), at: now.market, into: &effects)
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
