import Execution
import Signals
import Testing
import Trading

/// An agent whose parents an algorithm works.
@Suite struct AgentParentTests {
    private func bullish(
        _ style: ExecutionStyle, _ change: (inout TradingTerms) -> Void = { _ in }
    ) -> AgentHarness {
        var terms = TradingTerms()
        terms.execution = ExecutionPlan(style: style, horizon: .seconds(40))
        change(&terms)
        var harness = AgentHarness(trading: terms)
        harness.warmUp(to: 120)
        see(&harness)
        return harness
    }

    private func see(_ harness: inout AgentHarness, spot: Double = 65_060) {
        harness.feed(spot)
        harness.book(bid: 49, ask: 51)
    }

    /// Works for a while, every child allowed and filled at once.
    private func run(_ harness: inout AgentHarness, seconds: Int, isFilled: Bool = true) {
        var answered = harness.requests.count
        for _ in 0..<seconds {
            harness.act()
            while answered < harness.requests.count {
                let request = harness.requests[answered]
                answered += 1
                harness.allow(request)
                if isFilled { harness.fill(request) }
            }
            harness.wait(.seconds(1))
            see(&harness)
        }
    }

    @Test func aParentIsDeclaredOnceAndSlicedOverItsHorizon() throws {
        var harness = bullish(.twap(slices: 4))
        run(&harness, seconds: 44)
        let first = try #require(harness.declarations.first)
        let children = harness.requests.filter { $0.intentID == first.intentID }
        #expect(children.count >= 4)
        let sum = children.reduce(Quantity.zero) { $0 + $1.quantity }
        #expect(sum <= first.quantity)
        #expect(first.deadline <= AgentHarness.start + .seconds(160))
        for child in children {
            #expect(child.price <= first.limitPrice)
            #expect(child.explanation.features["parent_quantity"] == first.quantity.doubleValue)
            #expect(child.explanation.features["algorithm"] == 1)
        }
        #expect(harness.engine.counts.parents >= 1)
    }

    /// With one order at a time the whole would be asked for at once.
    @Test func theFirstSliceIsNoMoreThanItsShare() throws {
        var harness = bullish(.twap(slices: 4)) { $0.orderQuantityMax = Quantity(20) }
        run(&harness, seconds: 2)
        let parent = try #require(harness.declarations.first)
        let asked = harness.requests.reduce(Quantity.zero) { $0 + $1.quantity }
        #expect(asked.units * 2 < parent.quantity.units)
    }

    @Test func apassiveParentNeverTakes() {
        var harness = bullish(.passive)
        run(&harness, seconds: 44, isFilled: false)
        #expect(!harness.requests.isEmpty)
        #expect(harness.requests.allSatisfy { $0.isPostOnly })
    }

    /// When the reason is gone the parent stops: its child is taken away and none follows.
    @Test func whenTheEdgeIsGoneTheParentStops() throws {
        var harness = bullish(.passive)
        run(&harness, seconds: 3, isFilled: false)
        let asked = harness.requests.count
        #expect(asked > 0)
        for _ in 0..<20 {
            see(&harness, spot: 64_900)
            harness.act()
            for order in harness.cancels {
                if let request = harness.requests.first(where: {
                    $0.requestID.rawValue == order.rawValue
                }) {
                    harness.end(request)
                }
            }
            harness.wait(.seconds(1))
        }
        #expect(!harness.cancels.isEmpty)
        #expect(harness.requests.allSatisfy { $0.side == .sell || $0.requestID.rawValue <= asked })
    }

    /// A refused child is over; the side rests and the parent goes on afterwards.
    @Test func aRefusedChildIsTriedAgainLater() throws {
        var harness = bullish(.twap(slices: 4))
        harness.act()
        let request = try #require(harness.requests.first)
        harness.refuse(request)
        harness.wait(.seconds(1))
        see(&harness)
        harness.act()
        #expect(harness.requests.count == 1)
        harness.wait(.seconds(6))
        see(&harness)
        harness.act()
        #expect(harness.requests.count == 2)
        #expect(harness.requests[1].intentID == request.intentID)
    }

    @Test func theSameCommandsGiveTheSameChildren() {
        let runs = (0..<2).map { _ in
            var harness = bullish(
                .iceberg(display: 0.05, displayMax: Quantity(3), seed: 9))
            run(&harness, seconds: 60)
            return harness.requests
        }
        #expect(runs[0] == runs[1] && !runs[0].isEmpty)
    }

    @Test func theAlgorithmIsPartOfTheModelsHash() {
        var terms = TradingTerms()
        let plain = terms.canonicalText
        terms.execution = ExecutionPlan(style: .twap(slices: 4))
        let sliced = terms.canonicalText
        terms.execution?.horizon = .seconds(61)
        #expect(Set([plain, sliced, terms.canonicalText]).count == 3)
    }
}

extension AgentHarness {
    /// The core denies a request.
    fileprivate mutating func refuse(_ request: ChildRequest) {
        apply(
            .decide(
                CoreDecision(
                    subject: .order(request.requestID, request.intentID), orderID: .zero,
                    isAllowed: false, isParentSpent: false)))
    }
}
