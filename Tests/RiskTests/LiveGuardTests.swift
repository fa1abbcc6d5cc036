import Portfolio
import Risk
import Testing
import Trading
import Wire

/// What the venue's answers and the market's quotes do to new risk.
@Suite struct LiveGuardTests {
    /// Orders that the venue answers at once, declined where `isDeclined` says so.
    private func answer(
        _ rig: inout Rig, _ isDeclined: [Bool], after latency: Span = .milliseconds(1)
    ) {
        for isDeclined in isDeclined {
            let order = rig.order(.buy, "0.40", "0.01")
            rig.pass(latency)
            rig.fate(order.orderID, isDeclined ? .declined : .working)
            if !isDeclined { rig.fate(order.orderID, .cancelled) }
        }
    }

    private func holding() -> Rig {
        var rig = Rig(instruments: ["KX-1", "KX-2"])
        let held = rig.order(.buy, "0.50", "5")
        rig.fate(held.orderID, .working)
        rig.fill(held.orderID, "5")
        rig.limit(.guardDwellMin, "20")
        return rig
    }

    @Test(arguments: [-1, 0, 1])
    func tooManyDeclinesKeepNewRiskAway(step: Int64) {
        var rig = holding()
        // Four of eight are declined.
        let limit = Money(units: amount("0.5").units + step)
        rig.limit(.guardDeclinesMax, limit.description)
        answer(&rig, [false, true, false, true, false, true, true])
        let view = rig.engine.guardViews[0]
        #expect(view.isGuarded == (step < 0))
        #expect(view.declines == amount("0.5").units)
        let more = rig.order(.buy, "0.50", "1")
        #expect(more.isPermitted == (step >= 0))
        if step < 0 {
            #expect(more.reason == .venueGuarded)
            #expect(more.level == .account)
            #expect(rig.order(.sell, "0.60", "5").isPermitted, "it only reduces")
        }
    }

    @Test func tooFewAnswersSayNothing() {
        var rig = Rig()
        rig.limit(.guardDeclinesMax, "0.1")
        answer(&rig, [true, true, true, true, true, true, true])
        #expect(rig.order(.buy, "0.50", "1").isPermitted)
    }

    @Test(arguments: [-1, 0, 1])
    func lateAnswersKeepNewRiskAway(step: Int64) {
        var rig = holding()
        rig.limit(.guardLatencyMax, "0.25")
        let latency = Span(nanoseconds: 250_000_000 + step)
        answer(&rig, [Bool](repeating: false, count: 7), after: latency)
        let more = rig.order(.buy, "0.50", "1")
        #expect(more.isPermitted == (step <= 0))
        if step > 0 { #expect(more.reason == .venueGuarded) }
    }

    @Test func aGuardEndsAfterTheDwellAndCountsAfresh() {
        var rig = holding()
        rig.limit(.guardDeclinesMax, "0.5")
        answer(&rig, [true, true, true, true, true, false, false])
        let began = rig.now
        #expect(rig.order(.buy, "0.50", "1").reason == .venueGuarded)
        rig.now = Timestamp(nanoseconds: (began + .seconds(20)).nanoseconds - 1)
        #expect(rig.order(.buy, "0.50", "1").reason == .venueGuarded)
        rig.pass(Span(nanoseconds: 1))
        #expect(rig.order(.buy, "0.50", "0.01").isPermitted)
        answer(&rig, [true])
        #expect(!rig.engine.guardViews[0].isGuarded, "one answer is too few")
    }

    /// While it is guarded, a measure that is a little below the limit keeps it so.
    @Test func theGuardIsLeftOnlyWellBelowTheLimit() {
        var rig = holding()
        rig.limit(.guardDeclinesMax, "0.5")
        answer(&rig, [true, true, true, true, true, false, false])
        let began = rig.now
        rig.pass(.seconds(15))
        // Five of eleven: below a half, above two fifths. Only what reduces is answered now.
        for _ in 0..<3 {
            let order = rig.order(.sell, "0.60", "0.01")
            rig.fate(order.orderID, .working)
        }
        rig.now = began + .seconds(21)
        #expect(rig.engine.guardViews[0].isGuarded)
        #expect(rig.order(.buy, "0.50", "1").reason == .venueGuarded)
    }

    @Test func anotherAccountGoesOn() {
        var rig = holding()
        let other = StrategyKey(
            org: named("other"), account: named("second"), mode: .paper, strategy: named("s"))
        rig.limit(.guardDeclinesMax, "0.1")
        rig.open(other, cash: "100")
        rig.grant(other, to: Rig.agentID)
        rig.apply(
            AccountReconciled(
                gateway: Rig.gatewayID, account: other.account, venueCash: .zero,
                ledgerCash: .zero, breaks: 0))
        answer(&rig, [Bool](repeating: true, count: 8))
        #expect(rig.order(.buy, "0.50", "1").reason == .venueGuarded)
        #expect(rig.order(.buy, "0.50", "1", owner: other).isPermitted)
    }

    // MARK: - Quotes

    private func send(
        _ rig: inout Rig, _ reference: ReferenceUpdated, instrument: String = "KX-1"
    ) -> Judgement {
        let parent = rig.declare(.buy, instrument: instrument).id
        let request = rig.makeRequest(.buy, "0.50", "1", instrument: instrument, intent: parent)
        return rig.send(request, reference: reference)
    }

    @Test(arguments: [-1, 0, 1])
    func anOldQuoteKeepsNewRiskFromItsInstrumentAlone(step: Int64) {
        var rig = holding()
        rig.limit(.guardQuoteAgeMax, "1")
        let received = Timestamp(nanoseconds: rig.now.nanoseconds - 1_000_000_000 - step)
        _ = send(&rig, rig.quote(receivedAt: received))
        let next = send(&rig, rig.quote())
        #expect(next.isPermitted == (step <= 0))
        if step > 0 {
            #expect(next.reason == .quoteGuarded)
            #expect(next.level == .instrument)
            #expect(rig.engine.guardedInstruments == [named("KX-1")])
        }
        #expect(send(&rig, rig.quote(instrument: "KX-2"), instrument: "KX-2").isPermitted)
        rig.pass(.seconds(20))
        #expect(send(&rig, rig.quote()).isPermitted)
    }

    @Test func aGapInTheMarketDataCountsAndReducingGoesOn() {
        var rig = holding()
        rig.limit(.guardQuoteAgeMax, "60")
        #expect(send(&rig, rig.quote(isStale: true)).reason == .quoteStale)
        #expect(send(&rig, rig.quote()).reason == .quoteGuarded)
        #expect(rig.order(.sell, "0.60", "5").isPermitted)
        rig.pass(.seconds(19))
        #expect(send(&rig, rig.quote(isStale: true)).reason == .quoteStale)
        rig.pass(.seconds(19))
        #expect(send(&rig, rig.quote()).reason == .quoteGuarded, "the last breach counts")
    }

    @Test func withoutALimitNothingIsGuarded() {
        var rig = holding()
        answer(&rig, [Bool](repeating: true, count: 20))
        _ = send(&rig, rig.quote(isStale: true))
        #expect(send(&rig, rig.quote()).isPermitted)
    }

    // MARK: - Restarts

    @Test func aRestartKeepsTheGuard() throws {
        var rig = holding()
        rig.limit(.guardDeclinesMax, "0.5")
        rig.limit(.guardQuoteAgeMax, "1")
        answer(&rig, [true, true, true, true, true, false, false])
        _ = send(&rig, rig.quote(instrument: "KX-2", isStale: true), instrument: "KX-2")
        let bytes = rig.engine.snapshotBytes()
        let restored = Rig.mutated(try RiskEngine(snapshot: bytes))
        #expect(restored.snapshotBytes() == bytes)
        #expect(restored.guardViews == rig.engine.guardViews)
        #expect(restored.guardedInstruments == [named("KX-2")])
        rig.engine = restored
        #expect(rig.order(.buy, "0.50", "1").reason == .venueGuarded)
        var recovered = Rig.freshEngine()
        var effects = RiskEffects()
        for entry in rig.journal { try recovered.recover(entry, into: &effects) }
        #expect(recovered.snapshotBytes() == rig.engine.snapshotBytes())
    }
}
