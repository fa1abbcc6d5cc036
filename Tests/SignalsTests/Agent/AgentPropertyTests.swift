import Signals
import TestSupport
import Testing
import Trading

@Suite struct AgentPropertyTests {
    @Test func anAgentThatBelievesTheMarketNeverTrades() {
        let seed: UInt64 = 41
        var random = SeededRandom(seed: seed)
        var model = UpDownTerms()
        model.kind = .believeMarket
        var terms = TradingTerms()
        terms.markout.prior = 0
        terms.edgeMinimum = 0.000_001
        for round in 0..<200 {
            var harness = AgentHarness(model: model, trading: terms)
            harness.now = AgentHarness.start + .seconds(Int64(round))
            let bid = Int64.random(in: 1...97, using: &random)
            let ask = Int64.random(in: bid + 1...99, using: &random)
            harness.book(bid: bid, ask: ask)
            harness.act()
            #expect(harness.engine.counts.scanned == 1)
            #expect(harness.requests.isEmpty, "seed \(seed), round \(round): \(bid)-\(ask)")
        }
    }

    /// Fair books around a fair coin: the control pays half the spread and the fee on every trade.
    @Test func aCoinFlipLosesSpreadAndFees() {
        let seed: UInt64 = 42
        var random = SeededRandom(seed: seed)
        var model = UpDownTerms()
        model.kind = .coinFlip
        model.flipEvery = 1
        var expected = 0.0
        var contracts = 0.0
        var result = 0.0
        var sides: [Side: Int] = [:]
        for round in 0..<4_000 {
            var harness = AgentHarness(model: model)
            harness.tick = UInt64(round)
            harness.now = AgentHarness.start + .seconds(60)
            let mid = Int64.random(in: 30...70, using: &random)
            harness.book(bid: mid - 2, ask: mid + 2)
            harness.act()
            guard let request = harness.requests.first else { continue }
            sides[request.side, default: 0] += 1
            var fees = KalshiOrderFees()
            let fee = fees.charge(
                request.side, price: request.price, quantity: request.quantity,
                rate: KalshiFees.takerRate
            ).net
            harness.allow(request)
            harness.fill(request, fee: fee)
            let isUp = Double.random(in: 0..<1, using: &random) < Double(mid) / 100
            let value: Price = isUp ? .one : .zero
            let paid = request.side == .buy ? value : value.complement
            harness.apply(
                .settle(
                    harness.instrument.id, value: value,
                    payout: Money(paid, times: request.quantity, .down)))
            result += (harness.engine.cash - Money(1_000)).doubleValue
            expected -=
                (0.02 + fee.doubleValue / request.quantity.doubleValue)
                * request.quantity.doubleValue
            contracts += request.quantity.doubleValue
        }
        // 4,000 contracts with a deviation of one half each: three deviations are about 95 cents
        // per hundred contracts.
        let error = 3 * 0.5 * contracts.squareRoot()
        #expect(abs(result - expected) < error, "seed \(seed): \(result), expected \(expected)")
        #expect(result < 0, "seed \(seed): \(result) of \(expected)")
        #expect(min(sides[.buy, default: 0], sides[.sell, default: 0]) > 1_500, "\(sides)")
    }

    @Test func sameCommandsGiveTheSameEffects() {
        for seed in [UInt64(1), 2, 3] {
            let first = walk(seed: seed)
            let second = walk(seed: seed)
            #expect(first.requests == second.requests, "seed \(seed)")
            #expect(first.declarations == second.declarations, "seed \(seed)")
            #expect(first.cancels == second.cancels, "seed \(seed)")
            #expect(!first.requests.isEmpty, "seed \(seed)")
        }
    }

    @Test func childrenStayWithinTheirParents() {
        for seed in UInt64(1)...20 {
            let harness = walk(seed: seed)
            for parent in harness.declarations {
                let children = harness.requests.filter { $0.intentID == parent.intentID }
                for child in children {
                    let isWithin =
                        child.side == .buy
                        ? child.price <= parent.limitPrice : child.price >= parent.limitPrice
                    #expect(isWithin, "seed \(seed)")
                    #expect(child.instrument == parent.instrument, "seed \(seed)")
                    #expect(child.side == parent.side, "seed \(seed)")
                }
            }
            let known = Set(harness.declarations.map(\.intentID))
            #expect(harness.requests.allSatisfy { known.contains($0.intentID) }, "seed \(seed)")
            let ids = harness.requests.map(\.requestID)
            #expect(zip(ids, ids.dropFirst()).allSatisfy { $0 < $1 }, "seed \(seed)")
        }
    }

    @Test func everyRequestHasAnEdgeAndATinySize() {
        for seed in UInt64(1)...20 {
            for request in walk(seed: seed).requests {
                #expect(request.explanation.expectedEdge > .zero, "seed \(seed)")
                #expect(request.quantity >= Quantity(1), "seed \(seed)")
                #expect(request.quantity <= Quantity(5), "seed \(seed)")
                #expect(request.price.units > 0 && request.price < .one, "seed \(seed)")
                #expect(request.price.units % 10_000_000 == 0, "seed \(seed)")
            }
        }
    }

    /// A market of 250 seconds with a random price, random books, and random answers.
    private func walk(seed: UInt64) -> AgentHarness {
        var random = SeededRandom(seed: seed)
        var harness = AgentHarness()
        harness.warmUp(to: 3, step: 6)
        var answered = 0
        for _ in 0..<250 {
            harness.feed(harness.spot + Double.random(in: -6...6, using: &random))
            let bid = Int64.random(in: 5...90, using: &random)
            harness.book(bid: bid, ask: bid + Int64.random(in: 1...6, using: &random))
            harness.act()
            let fresh = harness.requests.dropFirst(answered)
            answered = harness.requests.count
            for request in fresh {
                switch Int.random(in: 0..<4, using: &random) {
                case 0:
                    harness.apply(
                        .decide(
                            CoreDecision(
                                subject: .order(request.requestID, request.intentID),
                                orderID: .zero, isAllowed: false, isParentSpent: false)))
                case 1:
                    harness.allow(request)
                    harness.fill(request)
                case 2:
                    harness.allow(request)
                    harness.end(request, .expired)
                default: harness.allow(request)
                }
            }
            #expect(harness.engine.openOrderCount <= harness.engine.terms.openOrdersMax)
            harness.wait(.seconds(1))
        }
        return harness
    }
}
