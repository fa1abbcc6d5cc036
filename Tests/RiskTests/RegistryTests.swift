import Portfolio
import Risk
import Testing
import Trading
import Wire

/// What an operator's registry allows and forbids.
@Suite struct RegistryTests {
    private static let other = Digest(bytes: [UInt8](repeating: 8, count: 32)) ?? .zero

    // MARK: - Lifecycle

    @Test func whatARegistryDoesNotNameIsOnlyWatched() {
        var rig = Rig(instruments: ["KX-1", "PM-1"])
        #expect(rig.order(.buy, "0.50", "1", instrument: "PM-1").isPermitted, "there is none yet")
        rig.register(1, [Rig.registered("KX")])
        #expect(rig.order(.buy, "0.50", "1").isPermitted)
        let watched = rig.declare(.buy, instrument: "PM-1").judgement
        #expect(watched.reason == .instrumentWatchOnly)
        #expect(watched.level == .instrument)
        rig.define("PM-2", eventSet: "PM-2")
        #expect(rig.declare(.buy, instrument: "PM-2").judgement.reason == .instrumentWatchOnly)
        rig.define("KX-2", eventSet: "KX-2")
        #expect(rig.order(.buy, "0.50", "1", instrument: "KX-2").isPermitted)
        #expect(rig.engine.registryView.watched == 2)
        rig.check()
    }

    @Test(arguments: LifecycleState.allCases)
    func onlyTradableTakesNewRiskAndDeprecatedIsWoundDown(state: LifecycleState) {
        var rig = Rig()
        let held = rig.order(.buy, "0.50", "2")
        rig.fill(held.orderID, "2")
        let buy = rig.declare(.buy).id
        let sell = rig.declare(.sell).id
        rig.register(1, [Rig.registered("KX") { $0.state = state }])
        let more = rig.send(
            rig.makeRequest(.buy, "0.50", "1", intent: buy), reference: rig.quote())
        let less = rig.send(
            rig.makeRequest(.sell, "0.51", "2", intent: sell), reference: rig.quote())
        let beyond = rig.send(
            rig.makeRequest(.sell, "0.51", "1", intent: sell), reference: rig.quote())
        #expect(more.isPermitted == (state == .tradable))
        #expect(less.isPermitted == (state == .tradable || state == .deprecated))
        switch state {
        case .tradable: #expect(beyond.isPermitted)
        case .deprecated:
            #expect(more.reason == .instrumentDeprecated)
            #expect(beyond.reason == .instrumentDeprecated)
        case .new, .watchOnly:
            #expect(more.reason == .instrumentWatchOnly)
            #expect(less.reason == .instrumentWatchOnly)
        }
    }

    @Test func aStatementOfASetGoesBeforePatternsAndLongerOnesBeforeShorter() {
        var rig = Rig(instruments: ["KXBTC-1", "KXBTC-2", "KXETH-1"])
        rig.register(
            1,
            [
                Rig.registered("KX") { $0.state = .watchOnly },
                Rig.registered("KXBTC"),
                Rig.registered("KXBTC-2", isPattern: false) { $0.state = .new },
            ])
        #expect(rig.declare(.buy, instrument: "KXBTC-1").judgement.verdict == .accepted)
        #expect(rig.declare(.buy, instrument: "KXBTC-2").judgement.reason == .instrumentWatchOnly)
        #expect(rig.declare(.buy, instrument: "KXETH-1").judgement.reason == .instrumentWatchOnly)
    }

    @Test func nothingIsTradableWhileStatementsAreAwaited() {
        var rig = Rig()
        rig.apply(
            RegistryBegan(
                version: 1, digest: Rig.digest, operator: named("local"), statements: 2))
        rig.apply(Rig.registered("KX"))
        #expect(rig.declare(.buy).judgement.reason == .instrumentWatchOnly)
        #expect(!rig.engine.registryView.isWhole)
        // A start after a crash states the same version again.
        rig.register(1, [Rig.registered("KX")], links: [("KX", "btc")])
        #expect(rig.declare(.buy).judgement.verdict == .accepted)
    }

    @Test func anOlderVersionOrAStatementOutOfPlaceIsRefused() {
        var rig = Rig()
        rig.register(2, [Rig.registered("KX")])
        let before = rig.engine.registryView
        rig.apply(
            RegistryBegan(
                version: 1, digest: Rig.digest, operator: named("local"), statements: 0))
        #expect(rig.effects.alarms == [.registryRefused(1)])
        rig.apply(
            RegistryBegan(
                version: 2, digest: RegistryTests.other, operator: named("local"), statements: 0))
        #expect(rig.effects.alarms == [.registryRefused(2)])
        rig.apply(Rig.registered("PM"))
        #expect(rig.effects.alarms == [.registryRefused(2)])
        #expect(rig.engine.registryView == before)
        #expect(rig.order(.buy, "0.50", "1").isPermitted)
    }

    @Test(arguments: [true, false])
    func exclusivityNetsOnlyWhereTheRegistryVerifiesIt(isVerified: Bool) {
        var rig = Rig(instruments: ["KX-A", "KX-B"], eventSet: "KX", isExclusive: true)
        rig.limit(.collarAggressive, "0.5")
        rig.register(1, [Rig.registered("KX") { $0.isExclusive = Flag(isVerified) }])
        for (name, cents) in [("KX-A", "0.40"), ("KX-B", "0.30")] {
            let order = rig.order(.sell, cents, "1", instrument: name)
            rig.fill(order.orderID, "1")
        }
        rig.limit(.eventLossMax, "0.50")
        let next = rig.order(.sell, "0.30", "0.01", instrument: "KX-B")
        #expect(next.isPermitted == isVerified)
        rig.register(2, [Rig.registered("KX") { $0.isExclusive = Flag(!isVerified) }])
        #expect(rig.order(.sell, "0.30", "0.01", instrument: "KX-B").isPermitted == !isVerified)
        rig.check()
    }

    // MARK: - Rules

    @Test func aChangedRuleFreezesUntilItIsReviewed() {
        var rig = Rig()
        rig.register(1, [Rig.registered("KX")])
        let open = rig.order(.buy, "0.50", "1")
        rig.define("KX-1", eventSet: "KX-1", ruleHash: RegistryTests.other)
        #expect(rig.effects.alarms == [.definitionRefused(named("KX-1"))])
        #expect(rig.declare(.buy).judgement.reason == .ruleChanged)
        #expect(rig.cancel(open.orderID).verdict == .accepted)
        rig.define("KX-1", eventSet: "KX-1")
        #expect(rig.declare(.buy).judgement.reason == .ruleChanged, "only a review clears it")
        #expect(rig.engine.registryView.frozen == 1)
        let restored = try? RiskEngine(snapshot: rig.engine.snapshotBytes())
        #expect(restored?.snapshotBytes() == rig.engine.snapshotBytes())
        rig.register(2, [Rig.registered("KX")])
        #expect(rig.declare(.buy).judgement.reason == .ruleChanged, "no rule was reviewed")
        rig.register(3, [Rig.registered("KX")], rules: [("KX", RegistryTests.other)])
        #expect(rig.order(.buy, "0.50", "1").isPermitted)
        rig.define("KX-1", eventSet: "KX-1", ruleHash: RegistryTests.other)
        #expect(rig.effects.alarms.isEmpty)
    }

    @Test func onlyReviewedRulesAreTradedWhereTheyAreNamed() {
        var rig = Rig()
        rig.register(1, [Rig.registered("KX")], rules: [("KX", RegistryTests.other)])
        #expect(rig.declare(.buy).judgement.reason == .ruleChanged)
        rig.register(2, [Rig.registered("KX")], rules: [("KX", Rig.digest)])
        #expect(rig.order(.buy, "0.50", "1").isPermitted)
        rig.register(
            3, [Rig.registered("KX")], rules: [("KX", Rig.digest), ("KX", RegistryTests.other)])
        rig.define("KX-1", eventSet: "KX-1", ruleHash: RegistryTests.other)
        #expect(rig.effects.alarms.isEmpty, "it was reviewed before it came")
        #expect(rig.order(.buy, "0.50", "1").isPermitted)
    }

    // MARK: - Settlement

    @Test(arguments: [-1, 0, 1], [true, false])
    func beforeTheResolutionOrdersOnlyReduce(step: Int64, isStated: Bool) {
        var rig = Rig(instruments: [])
        let resolves = Timestamp(seconds: 2_000)
        rig.define(
            "KX-1", eventSet: "KX-1",
            closeAt: isStated ? Timestamp(seconds: 9_000) : resolves)
        rig.register(
            1,
            [
                Rig.registered("KX") {
                    $0.window = .seconds(30)
                    if isStated { $0.resolvesAt = resolves }
                }
            ])
        let held = rig.order(.buy, "0.50", "2")
        rig.fill(held.orderID, "2")
        let start = Timestamp(seconds: 1_970)
        rig.now = Timestamp(nanoseconds: start.nanoseconds + step)
        let more = rig.order(.buy, "0.50", "1")
        #expect(more.isPermitted == (step < 0))
        if step >= 0 {
            #expect(more.reason == .settlementWindow)
            #expect(more.limit == start.nanoseconds)
            #expect(more.value == rig.now.nanoseconds)
        }
        #expect(rig.order(.sell, "0.60", "2").isPermitted)
    }

    @Test func aResolutionBeforeTimeBeganIsAnOverflow() {
        var rig = Rig()
        rig.register(
            1,
            [
                Rig.registered("KX") {
                    $0.window = Span(nanoseconds: .max)
                    $0.resolvesAt = Timestamp(nanoseconds: 1)
                }
            ])
        #expect(rig.order(.buy, "0.50", "1").reason == .settlementWindow)
        rig.register(
            2,
            [
                Rig.registered("KX") {
                    $0.window = Span(nanoseconds: .max)
                    $0.resolvesAt = .zero
                }
            ])
        rig.define("KX-1", eventSet: "KX-1", closeAt: Timestamp(nanoseconds: .max))
        #expect(rig.order(.buy, "0.50", "1").reason == .settlementWindow)
    }

    // MARK: - Disputes

    @Test(arguments: [ResolutionState.proposed, .disputed])
    func aDisputedOutcomeTakesNoNewRisk(resolution: ResolutionState) {
        var rig = Rig()
        let held = rig.order(.buy, "0.50", "2")
        rig.fill(held.orderID, "2")
        rig.register(1, [Rig.registered("KX") { $0.resolution = resolution }])
        let more = rig.order(.buy, "0.50", "1")
        #expect(more.reason == .resolutionDisputed)
        #expect(more.level == .event)
        #expect(rig.order(.sell, "0.50", "2").isPermitted)
        #expect(rig.engine.registryView.disputed == 1)
        rig.register(2, [Rig.registered("KX")])
        #expect(rig.order(.buy, "0.40", "1").isPermitted)
        rig.check()
    }

    @Test(arguments: [-1, 0, 1])
    func whatIsLockedInDisputesStopsNewRiskElsewhere(step: Int64) {
        var rig = Rig(instruments: ["KX-1", "KX-2"])
        let held = rig.order(.buy, "0.50", "2")
        rig.fill(held.orderID, "2")
        rig.register(
            1,
            [
                Rig.registered("KX"),
                Rig.registered("KX-1", isPattern: false) { $0.resolution = .disputed },
            ])
        rig.limit(.disputedLossMax, (amount("1") + Money(units: step)).description, at: .account)
        let elsewhere = rig.order(.buy, "0.50", "1", instrument: "KX-2")
        #expect(elsewhere.isPermitted == (step >= 0))
        if step < 0 {
            #expect(elsewhere.reason == .disputedLossExceeded)
            #expect(elsewhere.value == amount("1").units)
        }
        #expect(rig.order(.sell, "0.50", "2").isPermitted)
        rig.check()
    }

    /// The venue itself says that an outcome is contested; its event stays shut until it does no
    /// more, over a restart too, and what it can lose is locked.
    @Test(arguments: [-1, 0, 1])
    func aDisputeThatTheVenueStatesLocksItsEvent(step: Int64) {
        var rig = Rig(instruments: ["KX-1", "KX-2"], eventSet: "KX")
        rig.define("KY-1", eventSet: "KY")
        let held = rig.order(.buy, "0.50", "2")
        rig.fill(held.orderID, "2")
        rig.limit(.disputedLossMax, (amount("1") + Money(units: step)).description, at: .account)
        rig.change("KX-1", to: .disputed)
        let sibling = rig.order(.buy, "0.50", "1", instrument: "KX-2")
        #expect(sibling.reason == .resolutionDisputed)
        #expect(sibling.level == .event)
        #expect(
            rig.declare(.sell, quantity: "2").judgement.reason == .instrumentNotOpen)
        #expect(rig.engine.registryView.disputed == 1)
        let elsewhere = rig.order(.buy, "0.50", "1", instrument: "KY-1")
        #expect(elsewhere.isPermitted == (step >= 0))
        if step < 0 { #expect(elsewhere.reason == .disputedLossExceeded) }
        rig.reload()
        #expect(rig.engine.registryView.disputed == 1)
        rig.check()
        rig.change("KX-1", to: .closed)
        #expect(rig.engine.registryView.disputed == 0)
        #expect(rig.order(.buy, "0.50", "1", instrument: "KX-2").isPermitted)
        #expect(rig.order(.buy, "0.40", "1", instrument: "KY-1").isPermitted)
        rig.check()
    }

    @Test func aSettlementEndsADisputeThatTheVenueStated() {
        var rig = Rig(instruments: ["KX-1", "KX-2"], eventSet: "KX")
        let held = rig.order(.buy, "0.50", "2")
        rig.fill(held.orderID, "2")
        rig.change("KX-1", to: .disputed)
        rig.change("KX-1", to: .disputed)
        rig.change("KX-1", to: .settled)
        #expect(rig.engine.registryView.disputed == 1, "only a settlement settles")
        rig.settle("KX-1", .yes, payout: "2", holding: "2")
        #expect(rig.engine.registryView.disputed == 0)
        #expect(rig.order(.buy, "0.50", "1", instrument: "KX-2").isPermitted)
        rig.check()
    }

    // MARK: - Linked events

    @Test(arguments: [-1, 0, 1])
    func linkedEventsAddUpWithoutDiversification(step: Int64) {
        var rig = Rig(instruments: ["KX-1", "KX-2", "KX-3"])
        rig.register(
            1,
            [
                Rig.registered("KX"), Rig.registered("KX-1", isPattern: false),
                Rig.registered("KX-2", isPattern: false),
            ], links: [("KX-1", "btc"), ("KX-2", "btc")])
        let first = rig.order(.buy, "0.50", "2")
        rig.fill(first.orderID, "2")
        let fee = FeeReserve.bound(price("0.50"), quantity("1")) ?? .zero
        let worst = amount("1.50") + fee
        rig.limit(.linkedLossMax, (worst + Money(units: step)).description, at: .strategy)
        #expect(rig.order(.buy, "0.50", "9", instrument: "KX-3").isPermitted, "it is not linked")
        let second = rig.order(.buy, "0.50", "1", instrument: "KX-2")
        #expect(second.isPermitted == (step >= 0))
        #expect(second.result(of: .linkedLoss)?.value == worst.units)
        if step < 0 {
            #expect(second.reason == .linkedLossExceeded)
            #expect(second.level == .strategy)
        }
        rig.check()
    }

    /// What one event is sure to gain pays for nothing in another.
    @Test func aCertainGainIsNoCreditForALinkedEvent() {
        var rig = Rig(instruments: ["KX-1", "KX-2"])
        rig.register(1, [Rig.registered("KX")], links: [("KX", "btc")])
        for (side, cents) in [(Side.buy, "0.50"), (.sell, "0.60")] {
            let order = rig.order(side, cents, "2")
            rig.fill(order.orderID, "2")
        }
        let fee = FeeReserve.bound(price("0.50"), quantity("1")) ?? .zero
        rig.limit(.linkedLossMax, (amount("0.50") + fee - Money(units: 1)).description)
        let judgement = rig.order(.buy, "0.50", "1", instrument: "KX-2")
        #expect(judgement.reason == .linkedLossExceeded)
        #expect(judgement.value == (amount("0.50") + fee).units)
    }

    // MARK: - Restarts

    @Test func aSnapshotKeepsTheRegistryAndWhatFollows() throws {
        var rig = Rig(instruments: ["KX-1", "KX-2", "PM-1"])
        rig.register(
            7,
            [
                Rig.registered("KX") { $0.window = .seconds(5) },
                Rig.registered("KX-1", isPattern: false) { $0.resolution = .proposed },
            ], links: [("KX", "btc"), ("KX", "crypto"), ("KX-1", "btc")],
            rules: [("KX", Rig.digest)])
        let order = rig.order(.buy, "0.50", "2", instrument: "KX-2")
        rig.fill(order.orderID, "1")
        let bytes = rig.engine.snapshotBytes()
        let restored = Rig.mutated(try RiskEngine(snapshot: bytes))
        #expect(restored.snapshotBytes() == bytes)
        #expect(restored.registryView == rig.engine.registryView)
        #expect(restored.firstBreak() == nil)
        var copy = rig
        copy.engine = restored
        for name in ["KX-1", "KX-2", "PM-1"] {
            let live = rig.order(.buy, "0.50", "1", instrument: name)
            let again = copy.order(.buy, "0.50", "1", instrument: name)
            #expect(live.reason == again.reason)
            #expect(live.value == again.value)
        }
    }
}
