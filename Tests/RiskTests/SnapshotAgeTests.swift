import Portfolio
import Risk
import Testing
import Trading
import Wire

/// How old an account's comparison with its venue may be before new risk keeps away.
@Suite struct SnapshotAgeTests {
    private static let other = StrategyKey(
        org: named("other"), account: named("second"), mode: .paper, strategy: named("s"))

    /// An account that holds five contracts and was reconciled at the start.
    private func holding(_ limit: String = "60", at level: LimitLevel = .firm) -> Rig {
        var rig = Rig()
        let held = rig.order(.buy, "0.50", "5")
        rig.fill(held.orderID, "5")
        rig.limit(.guardDwellMin, "20")
        rig.limit(.guardSnapshotAgeMax, limit, at: level)
        return rig
    }

    @Test(
        arguments: [LimitLevel.firm, .org, .account, .venue],
        [Int64(-1), 0, 1])
    func anOldComparisonKeepsNewRiskAway(level: LimitLevel, step: Int64) {
        var rig = holding(at: level)
        rig.pass(Span(nanoseconds: 60_000_000_000 + step))
        let more = rig.order(.buy, "0.50", "1")
        #expect(more.isPermitted == (step <= 0))
        guard step > 0 else { return }
        #expect(more.reason == .snapshotStale)
        #expect(more.level == level)
        #expect(more.limit == 60_000_000_000)
        #expect(more.value == 60_000_000_001)
        #expect(rig.order(.sell, "0.60", "5").isPermitted, "it only reduces")
    }

    @Test func newRiskComesBackAfterTheDwell() {
        var rig = holding()
        rig.pass(.seconds(61))
        rig.reconcile()
        #expect(
            rig.effects.alarms == [
                .venueGuarded(
                    Rig.owner.account, .guardSnapshotAgeMax, limit: 60_000_000_000,
                    value: 61_000_000_000)
            ])
        let denied = rig.order(.buy, "0.50", "1")
        #expect(denied.reason == .snapshotStale)
        #expect(denied.level == .account)
        rig.pass(Span(nanoseconds: 19_999_999_999))
        #expect(rig.order(.buy, "0.50", "1").reason == .snapshotStale)
        rig.pass(Span(nanoseconds: 1))
        #expect(rig.order(.buy, "0.50", "1").isPermitted)
    }

    @Test func aComparisonInTimeKeepsNobodyAway() {
        var rig = holding()
        for _ in 0..<3 {
            rig.pass(.seconds(60))
            rig.reconcile()
            #expect(rig.effects.alarms.isEmpty)
            #expect(rig.order(.buy, "0.50", "0.01").isPermitted)
        }
    }

    @Test func aComparisonThatFindsDifferencesIsNone() {
        var rig = holding()
        rig.pass(.seconds(59))
        rig.reconcile(breaks: 1)
        rig.pass(.seconds(2))
        #expect(rig.engine.guardViews[0].snapshotAge == 59_000_000_000)
        rig.reconcile()
        #expect(rig.order(.buy, "0.50", "1").reason == .snapshotStale)
    }

    @Test func anotherAccountGoesOn() {
        var rig = holding()
        rig.open(SnapshotAgeTests.other, cash: "100")
        rig.grant(SnapshotAgeTests.other, to: Rig.agentID)
        rig.pass(.seconds(61))
        rig.apply(
            AccountReconciled(
                gateway: Rig.gatewayID, account: SnapshotAgeTests.other.account, venueCash: .zero,
                ledgerCash: .zero, breaks: 0))
        #expect(rig.order(.buy, "0.50", "1").reason == .snapshotStale)
        #expect(rig.order(.buy, "0.50", "1", owner: SnapshotAgeTests.other).isPermitted)
    }

    @Test func withoutALimitNoAgeIsTooGreat() {
        var rig = Rig()
        rig.pass(.seconds(100_000))
        #expect(rig.order(.buy, "0.50", "1").isPermitted)
    }

    @Test func aRestartKeepsTheAgeAndTheDwell() throws {
        for isLate in [false, true] {
            var rig = holding()
            rig.pass(.seconds(isLate ? 61 : 40))
            if isLate { rig.reconcile() }
            let bytes = rig.engine.snapshotBytes()
            rig.engine = Rig.mutated(try RiskEngine(snapshot: bytes))
            #expect(rig.engine.snapshotBytes() == bytes)
            rig.pass(.seconds(isLate ? 19 : 20))
            #expect(rig.order(.buy, "0.50", "1").isPermitted == !isLate)
            rig.pass(.seconds(1))
            #expect(rig.order(.buy, "0.50", "1").isPermitted == isLate)
            var recovered = Rig.freshEngine()
            var effects = RiskEffects()
            for entry in rig.journal { try recovered.recover(entry, into: &effects) }
            #expect(recovered.snapshotBytes() == rig.engine.snapshotBytes())
        }
    }
}

/// What an event set may lose of the cash.
@Suite struct ConcentrationTests {
    /// What ten contracts at 0.50 can lose, fee reserve included, as a share of a cash of 1000.
    private func share(of cash: String = "1000") throws -> Int64 {
        let fee = try #require(FeeReserve.bound(price("0.50"), quantity("10")))
        let loss = Int128((amount("5") + fee).units) * 1_000_000_000
        return Int64(divide(loss, by: Int128(amount(cash).units), .up))
    }

    @Test(
        arguments: [
            LimitLevel.firm, .org, .account, .strategy, .instrument, .event, .venue,
        ], [Int64(-1), 0, 1])
    func noEventLosesMoreThanItsShareOfTheCash(level: LimitLevel, step: Int64) throws {
        var rig = Rig()
        let share = try share()
        rig.limit(.eventShareMax, Money(units: share + step).description, at: level)
        let judged = rig.order(.buy, "0.50", "10")
        #expect(judged.isPermitted == (step >= 0))
        #expect(judged.result(of: .concentration)?.value == share)
        guard step < 0 else { return }
        #expect(judged.reason == .eventShareExceeded)
        #expect(judged.level == level)
        #expect(judged.limit == share - 1)
        rig.check()
    }

    /// Two accounts with the same cash: the org and the firm have twice as much.
    @Test(arguments: [LimitLevel.firm, .org, .account])
    func theCashIsThatOfTheScope(level: LimitLevel) throws {
        var rig = Rig()
        rig.open(
            StrategyKey(
                org: Rig.owner.org, account: named("second"), mode: .paper, strategy: named("s")),
            cash: "1000")
        rig.limit(.eventShareMax, "1", at: level)
        let judged = rig.order(.buy, "0.50", "10")
        let expected = try share(of: level == .account ? "1000" : "2000")
        #expect(judged.result(of: .concentration)?.value == expected)
    }

    @Test func cashThatFallsStopsNewRiskAndNoReduction() throws {
        var rig = Rig()
        let held = rig.order(.buy, "0.50", "10")
        rig.fill(held.orderID, "10")
        rig.limit(.eventShareMax, "0.001")
        #expect(rig.order(.buy, "0.50", "0.01").reason == .eventShareExceeded)
        #expect(rig.order(.sell, "0.60", "10").isPermitted)
        #expect(rig.order(.sell, "0.60", "0.01").reason == .eventShareExceeded)
    }

    @Test func withoutCashEveryLossIsTooLarge() {
        var rig = Rig(cash: "0")
        rig.limit(.eventShareMax, "1")
        let judged = rig.order(.buy, "0.50", "1")
        #expect(judged.reason == .eventShareExceeded)
        #expect(judged.value == .max)
    }

    @Test func onlyALowerShareTightens() {
        #expect(LimitKind.eventShareMax.isTighter(1, than: 2))
        #expect(!LimitKind.eventShareMax.isTighter(2, than: 1))
        #expect(!LimitKind.guardSnapshotAgeMax.isTighter(1, than: 2))
    }
}
