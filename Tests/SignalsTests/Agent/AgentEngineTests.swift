import Signals
import Testing
import Trading

@Suite struct AgentEngineTests {
    /// A model that says "up" strongly against a book at one half.
    private func bullish(_ change: (inout TradingTerms) -> Void = { _ in }) -> AgentHarness {
        var terms = TradingTerms()
        change(&terms)
        var harness = AgentHarness(trading: terms)
        harness.warmUp(to: 120)
        harness.feed(65_060)
        harness.book(bid: 49, ask: 51)
        return harness
    }

    @Test func takesWhatPaysFeeAndMarkout() throws {
        var harness = bullish()
        harness.act()
        let request = try #require(harness.requests.first)
        #expect(request.side == .buy)
        #expect(request.timeInForce == .immediateOrCancel)
        #expect(!request.isPostOnly)
        #expect(request.price == Price(units: 510_000_000))
        #expect(request.quantity <= Quantity(5))
        #expect(request.expiresAt == nil)
        let parent = try #require(harness.declarations.first)
        #expect(parent.intentID == request.intentID)
        #expect(parent.limitPrice >= request.price)
    }

    @Test func postsWhereTakingDoesNotPay() throws {
        var harness = AgentHarness()
        harness.warmUp(to: 120)
        harness.feed(65_014)
        harness.book(bid: 49, ask: 57)
        harness.act()
        let request = try #require(harness.requests.first)
        #expect(request.isPostOnly)
        #expect(request.timeInForce == .goodTillTime)
        #expect(request.price < Price(units: 570_000_000))
        let expiry = try #require(request.expiresAt)
        #expect(expiry <= AgentHarness.start + .seconds(255))
        #expect(expiry.nanoseconds % 1_000_000_000 == 0)
    }

    /// A market of months needs no more parents at once than one of minutes.
    @Test func aParentEndsBeforeItsMarketDoes() throws {
        var harness = bullish { $0.intentLifetime = .seconds(10) }
        harness.act()
        let parent = try #require(harness.declarations.first)
        #expect(parent.deadline == harness.now + .seconds(10))
        harness.end(try #require(harness.requests.first))
        harness.wait(.seconds(10))
        harness.feed(65_060)
        harness.book(bid: 49, ask: 51)
        harness.act()
        #expect(harness.declarations.count == 2)
        #expect(harness.requests.last?.intentID == harness.declarations.last?.intentID)
    }

    @Test func everyRequestIsExplained() throws {
        var harness = bullish()
        harness.act()
        let why = try #require(harness.requests.first).explanation
        #expect(why.policyVersion == 1)
        #expect(why.confidence > 0 && why.confidence <= 1)
        #expect(why.fairValue > Price(units: 510_000_000) && why.fairValue < .one)
        #expect(why.expectedEdge > .zero)
        #expect(why.quotedAt == harness.now)
        #expect(why.quoteSequence.rawValue > 0)
        #expect(!why.signal.isEmpty && !why.model.isEmpty)
        for label in [
            "spot", "strike", "seconds_left", "sigma_second", "d2", "model_p", "market_mid",
            "shrunk_p", "fee", "haircut", "edge_net", "kelly",
        ] {
            #expect(why.features[label] != nil, "no feature \(label)")
        }
        #expect(why.features.canonicalBytes.count == why.features.features.count * 40)
    }

    @Test func leavesAMarketAloneWithItsReason() {
        let cases: [(Abstention, (inout AgentHarness) -> Void)] = [
            (.bookMissing, { _ in }),
            (.bookStale, { $0.book(bid: 49, ask: 51, isStale: true) }),
            (
                .bookStale,
                {
                    $0.book(bid: 49, ask: 51)
                    $0.apply(.distrustBooks)
                }
            ),
            (.bookCrossed, { $0.book(bid: 52, ask: 51) }),
            (.oneSided, { $0.book(bid: 49, ask: 51, depth: 0) }),
            (
                .feedStale,
                {
                    $0.wait(.seconds(5))
                    $0.book(bid: 49, ask: 51)
                }
            ),
            (
                .nearEnd,
                {
                    $0.warmUp(to: 255)
                    $0.book(bid: 10, ask: 12)
                }
            ),
            (
                .notOpen,
                {
                    $0.apply(.changeStatus($0.instrument.id, .paused))
                    $0.book(bid: 49, ask: 51)
                }
            ),
        ]
        for (reason, prepare) in cases {
            var harness = AgentHarness()
            harness.warmUp(to: 120)
            prepare(&harness)
            harness.act()
            #expect(harness.requests.isEmpty, "\(reason)")
            #expect(harness.engine.counts.abstentions[reason] == 1, "\(reason)")
        }
    }

    @Test func doesNotTradeBeforeTheStrikeIsKnown() {
        var harness = AgentHarness()
        harness.warmUp(to: 0)
        // The last value is true for the second before the start.
        harness.book(bid: 20, ask: 22)
        harness.act()
        #expect(harness.engine.counts.abstentions[.strikeUnknown] == 1)
        #expect(harness.requests.isEmpty)
    }

    @Test func aMarketBeforeItsStartIsACoin() throws {
        var harness = AgentHarness()
        harness.warmUp(to: -30)
        harness.book(bid: 30, ask: 32)
        harness.act()
        let request = try #require(harness.requests.first)
        #expect(request.side == .buy)
        #expect(request.explanation.features["model_p"] == 0.5)
    }

    @Test func refusesToPriceARuleThatItDoesNotKnow() {
        let twap = Timestamp(seconds: 1_786_060_800)
        #expect(SettlementRule.inEffect(at: twap)?.kind == .timeWeightedAverage)
        #expect(SettlementRule.inEffect(at: twap - .seconds(1))?.kind == .pointToPoint)
        #expect(SettlementRule.inEffect(at: Timestamp(seconds: 0)) == nil)
    }

    @Test func withdrawsAQuoteWhenTheFeedMoves() throws {
        var harness = AgentHarness()
        harness.warmUp(to: 120)
        harness.feed(65_014)
        harness.book(bid: 49, ask: 57)
        harness.act()
        let request = try #require(harness.requests.first)
        harness.allow(request)
        harness.wait(.seconds(1))
        harness.feed(65_014)
        harness.act()
        #expect(harness.cancels.isEmpty, "nothing moved")
        harness.wait(.seconds(1))
        harness.feed(65_022)
        harness.act()
        #expect(harness.cancels == [OrderID(request.requestID.rawValue)])
        #expect(harness.engine.counts.withdrawals[.basisMoved] == 1)
        harness.act()
        #expect(harness.cancels.count == 1, "a cancel is asked for once")
    }

    @Test func withdrawsQuotesBeforeTheEnd() throws {
        var harness = AgentHarness()
        harness.warmUp(to: 240)
        harness.feed(65_002)
        harness.book(bid: 49, ask: 60)
        harness.act()
        let request = try #require(harness.requests.first)
        harness.allow(request)
        #expect(try #require(request.expiresAt) <= AgentHarness.start + .seconds(255))
        while harness.now < AgentHarness.start + .seconds(255) {
            harness.wait(.seconds(1))
            harness.feed(65_002)
        }
        harness.act()
        #expect(harness.cancels.count == 1)
    }

    @Test func withdrawsQuotesWhenTheMarketChannelHasAGap() throws {
        var harness = AgentHarness()
        harness.warmUp(to: 120)
        harness.feed(65_014)
        harness.book(bid: 49, ask: 57)
        harness.act()
        harness.allow(try #require(harness.requests.first))
        harness.apply(.distrustBooks)
        harness.act()
        #expect(harness.engine.counts.withdrawals[.bookStale] == 1)
        #expect(harness.cancels.count == 1)
    }

    @Test func startsOverFromTheCoresSnapshot() throws {
        var harness = bullish()
        harness.act()
        let first = try #require(harness.requests.first)
        harness.allow(first)
        harness.apply(.disconnect)
        harness.wait(.seconds(3))
        harness.feed(65_060)
        let count = harness.log.count
        harness.act()
        #expect(harness.log.count == count, "nothing is asked for without a core")
        harness.apply(.restore(cash: Money(900), incarnation: Incarnation(2)))
        let old = RestoredOrder(
            orderID: OrderID(77), instrument: harness.instrument.id, side: .sell,
            price: Price(units: 900_000_000), remaining: Quantity(2), state: .working)
        harness.apply(.restoreOrder(old))
        harness.apply(.restorePosition(harness.instrument.id, Quantity(3)))
        harness.apply(.ready)
        harness.book(bid: 49, ask: 51)
        harness.act()
        #expect(harness.engine.cash == Money(900))
        #expect(harness.cancels == [OrderID(77)])
        #expect(harness.engine.counts.withdrawals[.adopted] == 1)
        let fresh = harness.requests.dropFirst()
        #expect(fresh.first?.intentID == IntentID(1), "ids begin again with the incarnation")
    }

    @Test func waitsAfterARejectionAndDeclaresANewParent() throws {
        var harness = bullish()
        harness.act()
        let request = try #require(harness.requests.first)
        harness.apply(
            .decide(
                CoreDecision(
                    subject: .order(request.requestID, request.intentID), orderID: .zero,
                    isAllowed: false, isParentSpent: true)))
        #expect(harness.engine.openOrderCount == 0)
        harness.act()
        #expect(harness.requests.count == 1)
        for _ in 0..<5 {
            harness.wait(.seconds(1))
            harness.feed(65_060)
        }
        harness.book(bid: 49, ask: 51)
        harness.act()
        #expect(harness.requests.count == 2)
        #expect(harness.declarations.count == 2)
    }

    @Test func neverHoldsMoreThanAllowed() {
        var harness = bullish { $0.positionMax = Quantity(7) }
        for _ in 0..<30 {
            harness.feed(65_060)
            harness.book(bid: 49, ask: 51)
            let before = harness.requests.count
            harness.act()
            for request in harness.requests.dropFirst(before) {
                harness.allow(request)
                harness.fill(request)
            }
            harness.wait(.seconds(3))
        }
        #expect(harness.engine.position(harness.instrument.id) <= Quantity(7))
        #expect(harness.engine.counts.fills > 0)
    }

    @Test func shedsStaleScansUnderOverloadAndStillProtects() throws {
        var harness = bullish {
            $0.scanBudget = 1
            $0.scanLoad = 100
        }
        harness.act()
        harness.allow(try #require(harness.requests.first))
        for _ in 0..<20 {
            harness.wait(.seconds(1))
            harness.feed(65_060)
            harness.act()
        }
        let counts = harness.engine.counts
        #expect(counts.abstentions[.staleScan] > 0)
        #expect(counts.abstentions[.scanOverflow] > 0)
        #expect(harness.engine.scanCount <= AgentEngine<CryptoUpDownPolicy>.scanCapacity)
        #expect(counts.scanned == 21)
    }

    @Test func aFillMayComeBeforeTheDecision() throws {
        var harness = bullish()
        harness.act()
        let request = try #require(harness.requests.first)
        harness.fill(request)
        #expect(harness.engine.position(request.instrument) == request.quantity)
        #expect(harness.engine.openOrderCount == 0)
        harness.allow(request)
        #expect(harness.engine.openOrderCount == 0)
    }

    @Test func ourOwnQuoteIsNotTheMarket() throws {
        var harness = AgentHarness()
        harness.warmUp(to: 120)
        harness.feed(65_014)
        harness.book(bid: 49, ask: 57)
        harness.act()
        let request = try #require(harness.requests.first)
        harness.allow(request)
        harness.wait(.seconds(1))
        harness.feed(65_014)
        let cents = request.price.units / 10_000_000
        let size = request.quantity.units / Quantity(1).units
        harness.book(bid: cents, ask: 57, depth: size + 1)
        harness.act()
        #expect(harness.cancels.isEmpty, "somebody else bids there too")
        harness.book(bid: cents, ask: 57, depth: size)
        harness.act()
        #expect(harness.engine.counts.withdrawals[.oneSided] == 1)
    }

    @Test func aTickActsOnce() {
        var harness = bullish()
        harness.act()
        let count = harness.log.count
        harness.apply(.act(TickNumber(harness.tick)))
        #expect(harness.log.count == count)
    }

    @Test func keepsAnAccountOfItsCash() throws {
        var harness = bullish()
        harness.act()
        let request = try #require(harness.requests.first)
        harness.allow(request)
        harness.fill(request, fee: Money(units: 20_000_000))
        let paid = Money(request.price, times: request.quantity, .up)
        #expect(harness.engine.cash == Money(1_000) - paid - Money(units: 20_000_000))
        let payout = Money(units: request.quantity.units)
        harness.apply(.settle(harness.instrument.id, value: .one, payout: payout))
        #expect(harness.engine.cash > Money(1_000))
        #expect(harness.engine.position(harness.instrument.id) == .zero)
    }
}
