import Portfolio
import Risk
import Testing
import Trading
import Wire

/// Marks for brakes, and what a scope has earned.
@Suite struct RobustMarkTests {
    /// A strategy that holds ten contracts, bought at 0.50, and may lose little.
    private func holding(_ side: Side = .buy) -> Rig {
        var rig = Rig()
        let order = rig.order(side, "0.50", "10")
        rig.mark("0.49", "0.51")
        rig.fill(order.orderID, "10", at: "0.50")
        for level in [LimitLevel.firm, .org, .account, .strategy] {
            rig.limit(.lossDailyMax, "0.6", at: level)
            rig.limit(.lossWeeklyMax, "0.6", at: level)
            rig.limit(.lossTotalMax, "0.6", at: level)
            rig.limit(.drawdownHardMax, "0.0006", at: level)
        }
        return rig
    }

    @Test(arguments: [Side.buy, .sell])
    func aSpreadThatWidensAloneHaltsNobody(side: Side) {
        var rig = holding(side)
        for (bid, ask) in [("0.30", "0.70"), ("0.01", "0.99"), ("0.10", "0.60")] {
            rig.mark(bid, ask)
            #expect(rig.earned == .zero)
        }
        #expect(rig.brake.face.phase == .normal)
        #expect(rig.engine.status.unrealized < .zero, "liquidation marks do move")
        #expect(rig.order(side, "0.50", "1").isPermitted)
        rig.check()
    }

    @Test(arguments: [Side.buy, .sell])
    func aBookThatEmptiesAtSettlementHaltsNobody(side: Side) {
        var rig = holding(side)
        rig.limit(.settlementHaircut, "0.02")
        rig.mark("0.49", nil)
        rig.mark(nil, "0.51")
        rig.mark(nil, nil)
        #expect(rig.earned == .zero)
        rig.now = Timestamp(seconds: 1_000_000)
        rig.mark(nil, "0.02")
        #expect(rig.earned == amount("-0.2"), "the haircut, and nothing else")
        rig.apply(
            InstrumentChanged(
                envelope: Rig.envelope(Rig.gatewayID), instrument: named("KX-1"), status: .closed,
                marketTime: rig.now))
        rig.mark("0.97", "0.98")
        #expect(rig.earned == amount("-0.2"))
        #expect(rig.brake.face.phase == .normal)
        rig.check()
    }

    @Test func aMarketThatHasMovedMovesTheMark() {
        var rig = holding()
        rig.mark("0.46", "0.48")
        #expect(rig.earned == amount("-0.3"))
        // Somebody sells at 0.40: it is worth no more, however wide the spread is.
        rig.mark("0.10", "0.40")
        #expect(rig.earned == amount("-1"))
        #expect(rig.brake.isHalted)
        rig.check()
    }

    @Test(arguments: [("0.09", true), ("0.1", true), ("0.11", false)])
    func aSpreadUpToTheLimitIsSane(spread: String, moves: Bool) {
        var rig = holding()
        rig.mark("0.40", (price("0.40") + price(spread)).description)
        let middle = Price(units: price("0.40").units + price(spread).units / 2)
        let expected = moves ? Money(middle, times: quantity("10"), .down) - amount("5") : nil
        #expect(rig.earned == expected ?? amount("0"), "clamped to the touch where it is wide")
    }

    @Test func staleAndCrossedBooksMoveNothing() {
        var rig = holding()
        rig.apply(rig.quote(bid: "0.10", ask: "0.11", isStale: true))
        rig.mark("0.40", "0.39")
        #expect(rig.earned == .zero)
    }

    @Test func earningsAreTheLedgersAndSettlementRealisesThem() {
        var rig = holding()
        let sale = rig.order(.sell, "0.60", "4")
        rig.fill(sale.orderID, "4", fee: "0.05")
        rig.mark("0.49", "0.51")
        #expect(rig.earned == amount("0.35"))
        rig.settle("KX-1", .no, payout: "0")
        #expect(rig.earned == amount("-2.65"))
        #expect(rig.earned == rig.engine.status.realized - rig.engine.status.fees)
        rig.check()
    }
}

/// Losses and drawdowns.
@Suite struct BrakeTests {
    /// Ten contracts bought at 0.50 with 100 dollars of capital.
    private func rig(_ limits: [(LimitKind, String)], at level: LimitLevel = .strategy) -> Rig {
        var rig = Rig(cash: "100")
        for (kind, value) in limits { rig.limit(kind, value, at: level) }
        let order = rig.order(.buy, "0.50", "10")
        rig.mark("0.49", "0.51")
        rig.fill(order.orderID, "10", at: "0.50")
        return rig
    }

    /// Moves the market so that the position has earned `earned`.
    private func move(_ rig: inout Rig, to earned: Money) {
        let mid = price("0.50").units + earned.units / 10
        rig.apply(
            ReferenceUpdated(
                instrument: named("KX-1"), bid: Price(units: mid - 10_000_000),
                bidQuantity: quantity("10"), ask: Price(units: mid + 10_000_000),
                askQuantity: quantity("10"), bidDepth: quantity("10"), askDepth: quantity("10"),
                bookSequence: SequenceNumber(1), receivedAt: rig.now, isStale: .no,
                marketTime: rig.now))
        #expect(rig.earned == earned)
    }

    static let losses: [(LimitKind, RejectReason)] = [
        (.lossDailyMax, .lossDailyExceeded), (.lossWeeklyMax, .lossWeeklyExceeded),
        (.lossTotalMax, .lossTotalExceeded),
    ]
    static let levels: [LimitLevel] = [.firm, .org, .account, .strategy]

    @Test(arguments: losses, levels)
    func aLossHaltsBeyondItsLimit(_ limit: (LimitKind, RejectReason), level: LimitLevel) {
        for (loss, isHalted) in [(-1, false), (0, false), (1, true)] {
            var rig = rig([(limit.0, "2")], at: level)
            move(&rig, to: -amount("2") - Money(units: Int64(loss) * 10))
            #expect(rig.brake(at: level).isHalted == isHalted, "\(limit.0) at \(level) \(loss)")
            let sale = rig.order(.sell, "0.30", "1")
            #expect(sale.isPermitted != isHalted)
            if isHalted {
                #expect(sale.reason == limit.1)
                #expect(sale.level == level)
                #expect(sale.limit == units("2"))
                #expect(sale.value == units("2") + 10)
            }
            rig.check()
        }
    }

    @Test func theLadderAlertsThenOnlyReducesThenHalts() {
        var rig = rig([(.lossDailyMax, "2")])
        move(&rig, to: amount("-1"))
        #expect(rig.brake.face.daily == .none)
        move(&rig, to: amount("-1.00000001"))
        #expect(rig.brake.face.daily == .alert)
        #expect(rig.told == [.alert])
        #expect(rig.order(.buy, "0.40", "1").isPermitted)
        move(&rig, to: amount("-1.5"))
        #expect(rig.brake.face.daily == .alert)
        move(&rig, to: amount("-1.50000001"))
        #expect(rig.brake.face.daily == .reduceOnly)
        let purchase = rig.order(.buy, "0.30", "1")
        #expect(purchase.reason == .lossDailyExceeded)
        #expect(purchase.limit == units("1.5"))
        #expect(rig.order(.sell, "0.41", "1").isPermitted)
        // Nobody steps down within the day.
        move(&rig, to: amount("1"))
        #expect(rig.order(.buy, "0.39", "1").reason == .lossDailyExceeded)
        rig.pass(.seconds(86_400))
        rig.timer()
        #expect(rig.brake.face.daily == .none)
        #expect(rig.order(.buy, "0.39", "1").isPermitted)
    }

    @Test func aHaltCancelsTheOpenOrdersOfItsScopeOnly() {
        var rig = rig([(.lossDailyMax, "2")])
        let other = StrategyKey(
            org: Rig.owner.org, account: Rig.owner.account, mode: .paper, strategy: named("second"))
        rig.grant(other, to: Rig.agentID)
        let own = rig.order(.buy, "0.10", "1")
        let others = rig.order(.buy, "0.11", "1", owner: other)
        move(&rig, to: amount("-3"))
        let cancelled = rig.effects.items.compactMap { effect in
            if case .cancel(let cancel, _) = effect { cancel.orderID } else { nil }
        }
        #expect(cancelled == [own.orderID])
        #expect(rig.order(.buy, "0.12", "1", owner: other).isPermitted)
        #expect(rig.engine.isOpen(others.orderID))
    }

    @Test func theDayBeginsWithWhatWasEarnedBeforeIt() {
        var rig = rig([(.lossDailyMax, "2"), (.lossWeeklyMax, "5")])
        // 1970-01-01 was a Thursday: the fourth day is a Sunday and the fifth a Monday.
        rig.now = Timestamp(seconds: 3 * 86_400 - 1)
        rig.define("KX-1", eventSet: "KX-1")
        move(&rig, to: amount("-1.9"))
        rig.pass(.seconds(2))
        move(&rig, to: amount("-3.8"))
        #expect(!rig.brake.isHalted)
        #expect(rig.brake.face.weekly == .reduceOnly)
        rig.now = Timestamp(seconds: 4 * 86_400)
        rig.timer()
        #expect(rig.brake.face.weekly == .none)
        move(&rig, to: amount("-4.7"))
        #expect(!rig.brake.isHalted)
    }

    @Test func theTotalLossNeverForgets() {
        var rig = rig([(.lossTotalMax, "2"), (.brakeCooldown, "1")])
        move(&rig, to: amount("-2.1"))
        rig.pass(.seconds(86_400 * 8))
        rig.timer()
        #expect(rig.brake.isHalted)
        #expect(rig.resumeStrategy(1) == .lossLimitStands)
        #expect(rig.brake.isHalted)
        rig.limit(.lossTotalMax, "3", at: .strategy)
        #expect(!rig.brake.isHalted)
        #expect(rig.brake.face.phase == .probation)
    }

    @Test(arguments: [(-1, false), (0, true), (1, true)])
    func aDrawdownHaltsAtItsLimit(units: Int64, isHalted: Bool) {
        for level in BrakeTests.levels {
            var rig = rig([(.drawdownHardMax, "0.02")], at: level)
            move(&rig, to: amount("-2") - Money(units: units * 10))
            #expect(rig.brake(at: level).isHalted == isHalted)
            let sale = rig.order(.sell, "0.30", "1")
            #expect(sale.isPermitted != isHalted)
            if isHalted {
                #expect(sale.reason == .drawdownHalted)
                #expect(sale.level == level)
                #expect(sale.limit == 20_000_000)
            }
        }
    }

    @Test func aDrawdownShrinksSizes() {
        var rig = rig([(.drawdownSoftMax, "0.01"), (.drawdownHardMax, "0.03")])
        rig.limit(.orderQuantityMax, "20")
        move(&rig, to: amount("-1"))
        #expect(rig.brake.multiplier == 1_000_000_000)
        // Half of the way to the halt: half of every size.
        move(&rig, to: amount("-2"))
        #expect(rig.brake.multiplier == 500_000_000)
        #expect(rig.brake.face.phase == .reduced)
        let large = rig.order(.buy, "0.30", "10.01")
        #expect(large.reason == .drawdownSizeExceeded)
        #expect(large.level == .strategy)
        #expect((large.limit, large.value) == (units("10"), units("10.01")))
        #expect(rig.order(.sell, "0.45", "10").isPermitted, "what reduces may have any size")
        rig.limit(.orderNotionalMax, "6")
        #expect(rig.order(.buy, "0.30", "10").isPermitted, "3 of 3")
        let dear = rig.order(.buy, "0.31", "9.68")
        #expect(dear.reason == .drawdownSizeExceeded)
        #expect(dear.limit == units("3"))
    }

    @Test func aDrawdownShrinksPositions() {
        var rig = rig([(.drawdownSoftMax, "0.01"), (.drawdownHardMax, "0.03")])
        rig.limit(.positionMax, "40")
        move(&rig, to: amount("-2"))
        #expect(rig.order(.buy, "0.30", "10.01").reason == .drawdownSizeExceeded)
        #expect(rig.order(.buy, "0.30", "10").isPermitted)
        #expect(rig.order(.buy, "0.30", "0.01").reason == .drawdownSizeExceeded)
    }

    @Test func aHaltEndsByItselfAfterItsCooldownOnProbation() {
        var rig = rig([(.drawdownHardMax, "0.02"), (.brakeCooldown, "60")])
        move(&rig, to: amount("-2"))
        rig.pass(Span(nanoseconds: 59_999_999_999))
        rig.timer()
        #expect(rig.brake.isHalted)
        #expect(!rig.engine.isBrakeTimerDue(at: rig.now))
        rig.pass(Span(nanoseconds: 1))
        #expect(rig.engine.isBrakeTimerDue(at: rig.now))
        rig.timer()
        #expect(rig.brake.face.phase == .probation)
        #expect(rig.brake.multiplier == 500_000_000)
        move(&rig, to: amount("-1.9"))
        #expect(rig.brake.face.phase == .normal)
        #expect(rig.brake.multiplier == 1_000_000_000)
    }

    @Test func withoutACooldownOnlyAPersonEndsAHalt() {
        var rig = rig([(.drawdownHardMax, "0.02")])
        move(&rig, to: amount("-2"))
        rig.pass(.seconds(86_400 * 365))
        rig.timer()
        #expect(rig.brake.isHalted)
        #expect(rig.brake.until == nil)
        #expect(rig.resumeStrategy(1) == .done)
        #expect(rig.brake.face.phase == .probation)
        #expect(rig.resumeStrategy(2) == .nothingToResume)
    }

    @Test func aHaltDoesNotEndWhileTheAccountIsNotReconciled() {
        var rig = rig([(.drawdownHardMax, "0.02"), (.brakeCooldown, "1")])
        move(&rig, to: amount("-2"))
        rig.connectGateway(lease: 9)
        rig.pass(.seconds(2))
        rig.timer()
        #expect(rig.brake.isHalted)
        rig.reconcile()
        rig.timer()
        #expect(!rig.brake.isHalted)
    }

    @Test func theLongestCooldownAboveHolds() {
        var rig = rig([(.drawdownHardMax, "0.02"), (.brakeCooldown, "1")])
        rig.limit(.brakeCooldown, "100", at: .firm)
        move(&rig, to: amount("-2"))
        #expect(rig.brake.until == rig.now + .seconds(100))
    }

    @Test func capitalNeitherTriggersNorResets() {
        var rig = rig([(.drawdownSoftMax, "0.01"), (.drawdownHardMax, "0.03")])
        move(&rig, to: amount("-2"))
        let before = rig.brake.multiplier
        rig.limit(.brakeCapital, "50", at: .strategy)
        #expect(abs(rig.brake.multiplier - before) <= 10)
        rig.limit(.brakeCapital, "100000", at: .strategy)
        #expect(abs(rig.brake.multiplier - before) <= 10)
        #expect(rig.brake.face.phase == .reduced)
        #expect(rig.earned == amount("-2"))
    }

    @Test func aScopeWithoutCapitalIsHaltedByItsFirstLoss() {
        var rig = Rig(cash: "100")
        rig.limit(.brakeCapital, "0", at: .strategy)
        rig.limit(.drawdownHardMax, "0.5", at: .strategy)
        let order = rig.order(.buy, "0.50", "1")
        rig.fill(order.orderID, "1", fee: "0.01")
        #expect(rig.brake.isHalted)
    }

    @Test func extremeNumbersDenyAndNeverTrap() {
        var rig = rig([])
        for kind in [LimitKind.lossDailyMax, .drawdownHardMax, .drawdownSoftMax, .drawdownFloor] {
            for value in [Int64.min, -1, 0, Int64.max] {
                rig.limit(kind, units: value, at: .strategy)
                move(&rig, to: amount("-2"))
                move(&rig, to: amount("-1"))
            }
        }
        rig.limit(.lossDailyMax, units: .min, at: .strategy)
        #expect(rig.order(.sell, "0.30", "1").reason == .lossDailyExceeded)
        rig.check()
    }

    @Test func aRestartKeepsEveryBrakeAndEveryCooldown() throws {
        var rig = rig([
            (.drawdownHardMax, "0.02"), (.brakeCooldown, "60"), (.lossDailyMax, "10"),
        ])
        rig.limit(.drawdownSoftMax, "0.001", at: .org)
        rig.limit(.drawdownHardMax, "0.5", at: .org)
        move(&rig, to: amount("-2.5"))
        let until = rig.brake.until
        let bytes = rig.engine.snapshotBytes()
        rig.engine = Rig.mutated(try RiskEngine(snapshot: bytes))
        #expect(rig.engine.snapshotBytes() == bytes)
        #expect(rig.brake.isHalted && rig.brake.until == until)
        #expect(rig.brake(at: .org).face.phase == .reduced)
        rig.pass(.seconds(30))
        rig.restart()
        rig.timer()
        #expect(rig.brake.isHalted && rig.brake.until == until)
        #expect(rig.order(.sell, "0.30", "1").reason == .drawdownHalted)
        rig.pass(.seconds(30))
        rig.timer()
        #expect(rig.brake.face.phase == .probation)
        var checker = ReplayChecker(from: Rig.freshEngine(), hash: testHash)
        for (index, entry) in rig.journal.enumerated() {
            try checker.check(SequenceNumber(UInt64(index + 1)), entry)
        }
        #expect(checker.engine.snapshotBytes() == rig.engine.snapshotBytes())
    }

    @Test func aSnapshotFromBeforeAnyTradeIsTheSame() throws {
        let bytes = Rig().engine.snapshotBytes()
        #expect(try RiskEngine(snapshot: bytes).snapshotBytes() == bytes)
    }

    @Test func viewsTellTheNearestLimit() {
        var rig = rig([(.lossDailyMax, "4"), (.drawdownHardMax, "0.5")])
        move(&rig, to: amount("-1"))
        #expect(rig.brake.used == 250_000_000)
        #expect(rig.brake(at: .org).used == nil)
        #expect(rig.brake.equity == amount("99"))
    }
}

extension Rig {
    mutating func mark(_ bid: String?, _ ask: String?) { apply(quote(bid: bid, ask: ask)) }

    mutating func timer() { apply(TimerFired(timer: 1)) }

    mutating func resumeStrategy(_ nonce: UInt64) -> OperatorOutcome? {
        operate(.resume, .strategy, nonce: nonce) { $0.strategy = Rig.owner.strategy }
    }

    mutating func limit(_ kind: LimitKind, units value: Int64, at level: LimitLevel) {
        let owner = Rig.owner
        apply(
            LimitSet(
                kind: kind, level: level, org: owner.org, account: owner.account, mode: owner.mode,
                strategy: owner.strategy, venue: Rig.venue, instrument: named("KX-1"),
                eventSet: named("KX-1"), value: value, snapshot: 7))
    }

    /// What the strategy of these tests has earned.
    var earned: Money { brake.earned }
    var brake: BrakeView { brake(at: .strategy) }

    func brake(at level: LimitLevel) -> BrakeView {
        let views = engine.brakeViews
        let own = views.first {
            $0.scope.level == level
                && ($0.scope.strategy.isEmpty || $0.scope.strategy == Rig.owner.strategy)
        }
        return own ?? views[0]
    }

    /// The rungs of the daily ladder that the last command told of.
    var told: [LossStage] {
        effects.items.compactMap { effect in
            if case .alarm(.brake(let change)) = effect { change.face.daily } else { nil }
        }
    }
}
