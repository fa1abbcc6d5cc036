import Execution
import MarketSim
import TestSupport
import Testing
import Trading

@Suite struct ParentExecutionTests {
    private let styles: [ExecutionStyle] = [
        .twap(slices: 6), .vwap(profile: [0.1, 0.4, 0.2, 0.3]),
        .participation(Participation(rate: 0.2)),
        .iceberg(display: 0.15, displayMax: Quantity(12), seed: 3), .passive,
        .urgency(steps: 10, volatility: 0.002, temporaryImpact: 1e-4, riskAversion: 5),
    ]

    private func terms(
        _ style: ExecutionStyle, side: Side = .buy, lots: Int64 = 120, minimum: Int64 = 5,
        limit: String? = nil, edge: String = "0.05", fees: ChildFees = .none,
        seconds: Int64 = 30, most: Participation? = nil
    ) throws -> ParentTerms {
        ParentTerms(
            side: side, quantity: Quantity(lots),
            limit: try #require(Price(decimal: limit ?? (side == .buy ? "0.60" : "0.40"))),
            startsAt: Timestamp(seconds: 2), deadline: Timestamp(seconds: 2 + seconds),
            tick: ParentDriver.cent,
            sizes: ChildSizes(lot: Quantity(1), minimum: Quantity(minimum)), fees: fees,
            edge: try #require(Price(decimal: edge)), style: style,
            child: AdaptiveChild(usualSpread: 0.02), participationMax: most)
    }

    /// Whatever the style, the side and the market: children are whole, priced within the limit,
    /// alone, not below the minimum, and their fills with what is left are the parent.
    @Test(arguments: 1...12)
    func childrenMakeTheirParent(seed: UInt64) throws {
        for style in styles {
            for side in Side.allCases {
                let terms = try terms(style, side: side)
                var driver = try ParentDriver(terms, wanderingMarket(3_000, seed: seed))
                driver.run()
                let filled = driver.fills.reduce(0) { $0 + $1.quantity }
                #expect(driver.openMost <= 1, "\(style), seed \(seed)")
                #expect(driver.finished.count == 1, "\(style), seed \(seed)")
                #expect(
                    driver.finished.first
                        == .finished(filled: Quantity(filled), left: Quantity(120 - filled)))
                #expect(filled > 0 && filled <= 120, "\(style), seed \(seed): \(filled)")
                for child in driver.children {
                    #expect(child.quantity.isMultiple(of: Quantity(1)))
                    #expect(child.quantity >= Quantity(5), "\(style), seed \(seed)")
                    let isWithin =
                        side == .buy ? child.price <= terms.limit : child.price >= terms.limit
                    #expect(isWithin, "\(style), seed \(seed)")
                    #expect(child.isPostOnly == (child.timeInForce == .goodTillCancelled))
                }
            }
        }
    }

    @Test func whatIsLeftAtTheDeadlineIsTaken() throws {
        for style in styles {
            guard case .participation = style else {
                var driver = try ParentDriver(
                    try terms(style, minimum: 1), wanderingMarket(3_000, seed: 4))
                driver.run()
                let expected = ExecutionEffect.finished(filled: Quantity(120), left: .zero)
                #expect(driver.finished == [expected], "\(style)")
                continue
            }
        }
    }

    @Test func twapIsNeverAheadOfItsSchedule() throws {
        let terms = try terms(.twap(slices: 6), minimum: 1)
        var driver = try ParentDriver(terms, wanderingMarket(3_000, seed: 9))
        driver.run()
        var sum: Int64 = 0
        for fill in driver.fills {
            sum += fill.quantity
            let slice = min(5, (fill.at - terms.startsAt).nanoseconds / 5_000_000_000)
            #expect(sum <= 20 * (slice + 1), "\(sum) by slice \(slice)")
        }
        #expect(sum == 120)
    }

    @Test func anIcebergShowsNoMoreThanItsDisplay() throws {
        let style = ExecutionStyle.iceberg(display: 0.15, displayMax: Quantity(12), seed: 8)
        var driver = try ParentDriver(
            try terms(style, minimum: 1), wanderingMarket(3_000, seed: 2))
        driver.run()
        #expect(driver.children.count > 5)
        let shown = driver.children.filter(\.isPostOnly).map(\.quantity)
        #expect(shown.allSatisfy { $0 <= Quantity(12) })
        // It waits for chance, and chance is seeded.
        var again = try ParentDriver(try terms(style, minimum: 1), wanderingMarket(3_000, seed: 2))
        again.run()
        #expect(again.children == driver.children)
    }

    @Test func aPassiveChildKeepsItsPlaceWhileItIsTheTouch() throws {
        var parent = try ParentExecution(try terms(.passive))
        var effects: [ExecutionEffect] = []
        let market = ExecutionMarket(
            bid: ParentDriver.cent * 49, ask: ParentDriver.cent * 51, bidQuantity: Quantity(200),
            askQuantity: Quantity(200))
        parent.apply(.market(market), at: Timestamp(seconds: 3), into: &effects)
        guard case .submit(let child)? = effects.first else {
            Issue.record("nothing was posted: \(effects)")
            return
        }
        #expect(child.price == market.bid && child.isPostOnly)
        for second in Int64(4)..<20 {
            effects = []
            var other = market
            other.bid = ParentDriver.cent * (49 - second % 2)
            other.bidQuantity = Quantity(second)
            parent.apply(.market(other), at: Timestamp(seconds: second), into: &effects)
            parent.apply(.timer, at: Timestamp(seconds: second), into: &effects)
            #expect(!effects.contains(.cancel(child: 1)), "its place was given up at \(second)")
        }
        effects = []
        var higher = market
        higher.bid = ParentDriver.cent * 50
        parent.apply(.market(higher), at: Timestamp(seconds: 21), into: &effects)
        #expect(effects.contains(.cancel(child: 1)))
        effects = []
        parent.apply(.ended(child: 1), at: Timestamp(seconds: 22), into: &effects)
        guard case .submit(let next)? = effects.first else {
            Issue.record("nothing was posted again: \(effects)")
            return
        }
        #expect(next.price == higher.bid)
    }

    @Test func participationNeverExceedsItsShare() throws {
        let rule = Participation(rate: 0.1)
        for style in [ExecutionStyle.participation(rule), .twap(slices: 4)] {
            let events = wanderingMarket(3_000, seed: 6)
            var driver = try ParentDriver(
                try terms(style, minimum: 1, most: rule), events)
            driver.run()
            for fill in driver.fills {
                let others = events.reduce(Int64(0)) { sum, event in
                    event.kind == .trade && event.localAt <= fill.at.nanoseconds
                        ? sum + Int64(event.quantity) : sum
                }
                let ours = driver.fills.filter { $0.at <= fill.at }.reduce(0) { $0 + $1.quantity }
                #expect(Double(ours) <= rule.target(others: Double(others)) + 1e-9, "\(style)")
            }
            #expect(!driver.fills.isEmpty)
        }
    }

    @Test func aParentThatIsCalledOffCancelsAndEnds() throws {
        var parent = try ParentExecution(try terms(.passive))
        var effects: [ExecutionEffect] = []
        let market = ExecutionMarket(
            bid: ParentDriver.cent * 49, ask: ParentDriver.cent * 51, bidQuantity: Quantity(200),
            askQuantity: Quantity(200))
        parent.apply(.market(market), at: Timestamp(seconds: 3), into: &effects)
        effects = []
        parent.apply(.stop, at: Timestamp(seconds: 4), into: &effects)
        #expect(effects.first == .cancel(child: 1))
        effects = []
        parent.apply(
            .filled(child: 1, quantity: Quantity(7)), at: Timestamp(seconds: 5), into: &effects)
        parent.apply(.ended(child: 1), at: Timestamp(seconds: 5), into: &effects)
        #expect(effects.last == .finished(filled: Quantity(7), left: Quantity(113)))
        parent.apply(.market(market), at: Timestamp(seconds: 6), into: &effects)
        #expect(parent.isDone && effects.count == 1)
    }

    @Test func refusesWhatCannotBeWorked() throws {
        let kalshi = ChildFees.kalshi(
            takerRate: KalshiFees.takerRate, makerRate: .zero, multiplier: .one,
            precision: KalshiFees.cent)
        let cases: [(ParentTerms, ParentRefusal)] = [
            (try terms(.passive, lots: 4), .belowMinimum),
            (try terms(.passive, seconds: 0), .deadlineBeforeStart),
            (try terms(.twap(slices: 0)), .invalidStyle),
            (try terms(.vwap(profile: [0, .nan])), .invalidStyle),
            (try terms(.passive, limit: "0.505"), .priceOffGrid),
            (
                try terms(
                    .twap(slices: 40), lots: 40, minimum: 1, limit: "0.5", edge: "0.018",
                    fees: kalshi), .slicingCostsMoreThanEdge
            ),
        ]
        for (terms, refusal) in cases {
            #expect(throws: refusal) { try ParentExecution(terms) }
        }
        // The same in one piece is worth it: rounding is paid once.
        _ = try ParentExecution(
            try terms(
                .passive, lots: 40, minimum: 1, limit: "0.5", edge: "0.018", fees: kalshi))
    }
}

@Suite struct ChildSizesTests {
    @Test(arguments: 1...200)
    func neverLeavesWhatCannotBeTraded(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let minimum = Int64.random(in: 1...9, using: &random)
        let sizes = ChildSizes(lot: Quantity(1), minimum: Quantity(minimum))
        let remaining = Int64.random(in: 1...60, using: &random)
        let wanted = Int64.random(in: 0...70, using: &random)
        let child = sizes.child(wanted: wanted, remaining: remaining)
        let left = remaining - child
        #expect(child == 0 || child >= minimum)
        #expect(child <= remaining)
        #expect(child == 0 || left == 0 || left >= minimum, "seed \(seed): leaves \(left)")
        #expect((child == 0) == (min(wanted, remaining) < minimum), "seed \(seed)")
    }

    @Test func aChildIsWorthItsRoundedFee() throws {
        let fees = ChildFees.kalshi(
            takerRate: KalshiFees.takerRate, makerRate: .zero, multiplier: .one,
            precision: KalshiFees.cent)
        let sizes = ChildSizes(lot: Quantity(1), minimum: Quantity(1))
        let half = Price(units: Price.scale / 2)
        let edge = Price(units: 18_500_000)
        let least = try #require(
            sizes.worthwhile(.buy, fees, .taker, price: half, edge: edge, most: 500))
        let fee = { (lots: Int64) in
            fees.fee(.buy, .taker, price: half, quantity: Quantity(lots))
        }
        #expect(least > 1)
        #expect(fee(least) < Money(edge, times: Quantity(least), .down))
        #expect(fee(least - 1) >= Money(edge, times: Quantity(least - 1), .down))
        let low = Price(units: 17_000_000)
        #expect(sizes.worthwhile(.buy, fees, .taker, price: half, edge: low, most: 500) == nil)
    }

    @Test func postsOnlyWhereItIsBetterByAQuarterOfATick() {
        var rule = PostOrCross(
            halfSpread: 0.01, takerFee: 0.01, fillProbability: 0.5, adverseMarkout: 0.01,
            drift: 0.01, tick: 0.01)
        #expect(rule.choice == .post)
        rule.fillProbability = 0.05
        #expect(rule.choice == .cross)
        rule.fillProbability = 0.9
        rule.adverseMarkout = 0.05
        #expect(rule.choice == .cross)
    }

    @Test func theStraightLineIsTheLimitOfNoUrgency() throws {
        let line = try #require(
            AlmgrenChriss(
                .init(
                    quantity: 100, seconds: 10, steps: 5, volatility: 0, temporaryImpact: 1e-4,
                    permanentImpact: 0, fixedCost: 0, riskAversion: 1)))
        #expect(line.holdings == [100, 80, 60, 40, 20, 0])
        let steep = try #require(
            AlmgrenChriss(
                .init(
                    quantity: 100, seconds: 1e6, steps: 5, volatility: 1, temporaryImpact: 1e7,
                    permanentImpact: 0, fixedCost: 0, riskAversion: 1e6)))
        #expect(steep.holdings.allSatisfy(\.isFinite) && steep.holdings[1] < 1e-6)
        #expect(
            AlmgrenChriss(
                .init(
                    quantity: 100, seconds: 10, steps: 1, volatility: 1, temporaryImpact: 1e-4,
                    permanentImpact: 1, fixedCost: 0, riskAversion: 1)) == nil)
    }
}
