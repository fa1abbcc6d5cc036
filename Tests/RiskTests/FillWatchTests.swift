import Portfolio
import Risk
import Testing
import Trading
import Wire

/// Fills that cannot be right, and fills that turn against us.
@Suite struct FillWatchTests {
    // MARK: - Rate and slippage

    @Test(arguments: [LimitLevel.firm, .org, .account, .strategy, .venue])
    func moreFillsInAMinuteThanAllowedHaltTheAccount(level: LimitLevel) {
        for (fills, isHalted) in [(2, false), (3, false), (4, true)] {
            var rig = Rig()
            rig.limit(.fillsPerMinuteMax, "3", at: level)
            let order = rig.order(.buy, "0.50", "10")
            for _ in 0..<fills { rig.fill(order.orderID, "1") }
            #expect((rig.engine.status.halts == 1) == isHalted, "\(fills) at \(level)")
            #expect(rig.order(.buy, "0.40", "1").isPermitted != isHalted)
        }
    }

    @Test func fillsComeBackAtTheSamePaceAndARestartForgetsNone() throws {
        var rig = Rig()
        rig.limit(.fillsPerMinuteMax, "3")
        let order = rig.order(.buy, "0.50", "10")
        for _ in 0..<3 { rig.fill(order.orderID, "1") }
        rig.pass(.seconds(20))
        let bytes = rig.engine.snapshotBytes()
        rig.engine = Rig.mutated(try RiskEngine(snapshot: bytes))
        #expect(rig.engine.snapshotBytes() == bytes)
        rig.fill(order.orderID, "1")
        #expect(rig.engine.status.halts == 0)
        rig.pass(Span(nanoseconds: 19_999_999_900))
        rig.fill(order.orderID, "1")
        #expect(rig.engine.status.halts == 1)
    }

    @Test(arguments: [Side.buy, .sell], [(0, false), (1, false), (2, false), (3, true)])
    func aFillWorseThanItsPermitHaltsTheAccount(side: Side, _ slip: (cents: Int64, halts: Bool)) {
        var rig = Rig()
        rig.limit(.slippageMax, "0.02")
        let order = rig.order(side, "0.50", "2")
        let at = Price(units: price("0.50").units + side.sign * slip.cents * 10_000_000)
        rig.fill(order.orderID, "1", at: at.description)
        #expect((rig.engine.status.halts == 1) == slip.halts)
        rig.check()
    }

    @Test func aBetterFillHaltsNobody() {
        var rig = Rig()
        rig.limit(.slippageMax, "-1")
        let order = rig.order(.buy, "0.50", "2")
        rig.fill(order.orderID, "1", at: "0.10")
        #expect(rig.engine.status.halts == 0)
    }

    // MARK: - Adverse selection

    /// Buys at 0.50 so often, each time followed by a mark and the first horizon.
    private func rig(
        fills: Int, then mid: String, limits: [(LimitKind, String)] = [], isLong: Bool = true
    ) -> Rig {
        var rig = Rig()
        rig.limit(.adverseMarkoutMax, "0.03", at: .strategy)
        rig.limit(.adverseFillsMin, "4", at: .strategy)
        for (kind, value) in limits { rig.limit(kind, value) }
        let order = rig.order(isLong ? .buy : .sell, "0.50", "50") { $0.expiresAt = .distant }
        for _ in 0..<fills { rig.fill(order.orderID, "1", at: "0.50") }
        rig.pass(.seconds(5))
        rig.mark(to: mid)
        return rig
    }

    @Test(arguments: [(3, false), (4, true), (5, true)])
    func aBlockNeedsEnoughFills(fills: Int, isBlocked: Bool) {
        var rig = rig(fills: fills, then: "0.40")
        let order = rig.order(.buy, "0.30", "1")
        #expect(order.isPermitted != isBlocked)
        if isBlocked {
            #expect(order.reason == .adverseMarkoutExceeded)
            #expect((order.limit, order.value) == (units("0.03"), units("0.1")))
            #expect(rig.order(.sell, "0.55", "1").isPermitted, "what reduces passes")
        }
        rig.check()
    }

    @Test(arguments: [
        ("0.470000001", false), ("0.47", false), ("0.469999999", true), ("0.9", false),
    ])
    func theMeanMayBeAsBadAsTheLimit(mid: String, isBlocked: Bool) {
        var rig = rig(fills: 4, then: mid)
        #expect(rig.order(.buy, "0.30", "1").isPermitted != isBlocked)
        // A short loses where a long gains.
        var short = self.rig(
            fills: 4, then: price(mid).complement.description, isLong: false)
        #expect(short.order(.sell, "0.80", "1").isPermitted != isBlocked)
    }

    @Test func onlyThePairIsBlockedAndOnlyForItsCooldown() throws {
        var rig = rig(fills: 4, then: "0.40", limits: [(.brakeCooldown, "60")])
        rig.define("KX-2", eventSet: "KX-2")
        #expect(rig.order(.buy, "0.30", "1", instrument: "KX-2").isPermitted)
        let bytes = rig.engine.snapshotBytes()
        rig.engine = Rig.mutated(try RiskEngine(snapshot: bytes))
        #expect(rig.engine.snapshotBytes() == bytes)
        rig.pass(Span(nanoseconds: 59_999_999_999))
        #expect(rig.order(.buy, "0.30", "1").reason == .adverseMarkoutExceeded)
        rig.pass(Span(nanoseconds: 1))
        #expect(rig.order(.buy, "0.30", "1").isPermitted)
    }

    @Test func withoutACooldownAPersonEndsTheBlock() {
        var rig = rig(fills: 4, then: "0.40")
        rig.pass(.seconds(86_400))
        #expect(rig.order(.buy, "0.30", "1").reason == .adverseMarkoutExceeded)
        #expect(rig.resumeStrategy(1) == .done)
        #expect(rig.order(.buy, "0.30", "1").isPermitted)
    }

    @Test func theMarkThatStoodAtTheHorizonCounts() {
        // The first mark comes after the first horizon: until then the fill's own price stood.
        var rig = Rig()
        rig.limit(.adverseMarkoutMax, "0.03")
        rig.limit(.adverseFillsMin, "1")
        let order = rig.order(.buy, "0.50", "5") { $0.expiresAt = .distant }
        rig.fill(order.orderID, "1", at: "0.50")
        rig.pass(Span(nanoseconds: 5_000_000_001))
        rig.mark(to: "0.40")
        #expect(rig.order(.buy, "0.30", "1").isPermitted)
        // The second horizon ends at that mark.
        rig.pass(.seconds(25))
        rig.mark(to: "0.60")
        #expect(rig.order(.buy, "0.31", "1").reason == .adverseMarkoutExceeded)
    }

    @Test func whatIsSettledCountsAtItsValue() {
        var rig = rig(fills: 3, then: "0.50")
        rig.settle("KX-1", .no, payout: "0")
        #expect(rig.alarms.isEmpty)
        var four = self.rig(fills: 4, then: "0.50")
        four.settle("KX-1", .no, payout: "0")
        #expect(four.alarms == [.adverseSelection(Rig.owner, named("KX-1"), mean: price("-0.5"))])
        four.check()
    }

    @Test func aReplayGivesTheSameBlocks() throws {
        let rig = rig(fills: 6, then: "0.40", limits: [(.fillsPerMinuteMax, "5")])
        var checker = ReplayChecker(from: Rig.freshEngine(), hash: testHash)
        for (index, entry) in rig.journal.enumerated() {
            try checker.check(SequenceNumber(UInt64(index + 1)), entry)
        }
        #expect(checker.engine.snapshotBytes() == rig.engine.snapshotBytes())
        #expect(rig.engine.status.halts == 1)
    }
}

extension Rig {
    /// A market one cent wide on each side of a price.
    mutating func mark(to mid: String) {
        let mid = price(mid).units
        var reference = quote()
        reference.bid = Price(units: mid - 10_000_000)
        reference.ask = Price(units: mid + 10_000_000)
        apply(reference)
    }

    var alarms: [RiskAlarm] {
        effects.items.compactMap { effect in
            if case .alarm(let alarm) = effect { alarm } else { nil }
        }
    }
}

extension Timestamp {
    fileprivate static let distant = Timestamp(seconds: 500_000)
}
