import MarketSim
import TestSupport
import Testing
import Trading

@Suite struct MatchingTests {
    @Test func bestPriceFirstThenFirstCome() {
        var fixture = ExchangeFixture()
        fixture.place(0, .sell, "0.52", "10")
        fixture.place(1, .sell, "0.51", "10")
        fixture.place(0, .sell, "0.51", "10")
        fixture.place(2, .buy, "0.52", "25")
        let takers = fixture.fills.filter { $0.liquidity == .taker }
        #expect(takers.map { "\($0.quantity)@\($0.price)" } == ["10@0.51", "10@0.51", "5@0.52"])
        let makers = fixture.fills.filter { $0.liquidity == .maker }
        #expect(makers.map(\.account.index) == [1, 0, 0])
        #expect(fixture.levels(.sell) == ["5@0.52"])
    }

    @Test func aPartialFillLeavesTheRestWorking() {
        var fixture = ExchangeFixture()
        fixture.place(0, .buy, "0.40", "3")
        let order = fixture.place(1, .sell, "0.40", "10").order
        #expect(order?.state == .working)
        #expect(order?.filled == Quantity(3) && order?.remaining == Quantity(7))
        #expect(fixture.levels(.sell) == ["7@0.4"] && fixture.levels(.buy).isEmpty)
    }

    @Test func immediateOrCancelNeverRests() {
        var fixture = ExchangeFixture()
        fixture.place(0, .sell, "0.50", "4")
        let order = fixture.place(1, .buy, "0.50", "10", .immediateOrCancel).order
        #expect(order?.filled == Quantity(4) && order?.state == .cancelled)
        #expect(fixture.levels(.buy).isEmpty && fixture.levels(.sell).isEmpty)
    }

    @Test func fillOrKillFillsWhollyOrLeavesNoTrace() {
        var fixture = ExchangeFixture()
        fixture.place(0, .sell, "0.50", "4")
        fixture.place(0, .sell, "0.51", "4")
        let declined = fixture.place(1, .buy, "0.50", "5", .fillOrKill)
        #expect(declined.decline == .fillOrKillUnfillable)
        #expect(fixture.levels(.sell) == ["4@0.5", "4@0.51"])
        #expect(fixture.place(1, .buy, "0.51", "8", .fillOrKill).order?.state == .filled)
    }

    @Test func postOnlyIsDeclinedWhenItWouldCross() {
        var fixture = ExchangeFixture()
        fixture.place(0, .sell, "0.50", "4")
        #expect(fixture.place(1, .buy, "0.50", "1", postOnly: true).decline == .postOnlyWouldCross)
        #expect(fixture.place(1, .buy, "0.49", "1", postOnly: true).order?.state == .working)
    }

    @Test func selfTradePreventionCancelsTheIncomingOrder() {
        var fixture = ExchangeFixture()
        fixture.place(1, .sell, "0.50", "2")
        fixture.place(0, .sell, "0.50", "4")
        let order = fixture.place(0, .buy, "0.50", "10").order
        #expect(order?.filled == Quantity(2) && order?.state == .cancelled)
        #expect(fixture.levels(.sell) == ["4@0.5"] && fixture.levels(.buy).isEmpty)
    }

    @Test func selfTradePreventionOfTheMakerLetsTheIncomingOrderGoOn() {
        var fixture = ExchangeFixture()
        fixture.place(0, .sell, "0.50", "4")
        fixture.place(1, .sell, "0.50", "2")
        let order = fixture.place(0, .buy, "0.50", "10", prevention: .maker).order
        #expect(order?.filled == Quantity(2) && order?.remaining == Quantity(8))
        #expect(fixture.levels(.sell).isEmpty && fixture.levels(.buy) == ["8@0.5"])
    }

    @Test func ordersExpireAtTheirMoment() {
        var fixture = ExchangeFixture()
        let expiry = Timestamp(seconds: 1_010)
        fixture.place(0, .buy, "0.40", "3", .goodTillTime, expires: expiry)
        fixture.advance(to: 1_009)
        #expect(fixture.levels(.buy) == ["3@0.4"])
        fixture.advance(to: 1_010)
        #expect(fixture.levels(.buy).isEmpty)
        let past = fixture.place(0, .buy, "0.40", "3", .goodTillTime, expires: expiry)
        #expect(past.decline == .expiryInThePast)
    }

    @Test func termsOffTheGridAreDeclined() {
        var fixture = ExchangeFixture()
        #expect(fixture.place(0, .buy, "0.405", "1").decline == .invalidPrice)
        #expect(fixture.place(0, .buy, "1", "1").decline == .invalidPrice)
        #expect(fixture.place(0, .buy, "0", "1").decline == .invalidPrice)
        #expect(fixture.place(0, .buy, "0.4", "0").decline == .invalidCount)
        #expect(fixture.place(0, .buy, "0.4", "1.001").decline == .invalidCount)
        #expect(fixture.place(0, .buy, "0.4", "-1").decline == .invalidCount)
        #expect(
            fixture.place(0, .buy, "0.4", "1", .immediateOrCancel, postOnly: true).decline
                == .invalidTerms)
        #expect(fixture.place(0, .buy, "0.4", "1", .goodTillTime).decline == .invalidTerms)
    }

    @Test func aClientOrderIDIsTakenOnce() {
        var fixture = ExchangeFixture()
        #expect(fixture.place(0, .buy, "0.4", "1", client: "same").order != nil)
        let again = fixture.place(0, .buy, "0.4", "1", client: "same")
        #expect(again.decline == .duplicateClientOrderID)
        #expect(fixture.place(1, .buy, "0.4", "1", client: "same").order != nil)
    }

    @Test func aClosedMarketTakesNothingAndEmptiesItsBook() {
        var fixture = ExchangeFixture()
        fixture.place(0, .buy, "0.40", "3")
        fixture.advance(to: 1_600)
        #expect(fixture.levels(.buy).isEmpty)
        #expect(fixture.place(0, .buy, "0.4", "1").decline == .marketInactive)
    }
}

@Suite struct CashTests {
    @Test func buyingCostsThePriceAndSellingFlatBuysTheOtherSide() {
        var fixture = ExchangeFixture()
        fixture.place(0, .sell, "0.60", "10")
        fixture.place(1, .buy, "0.60", "10")
        #expect(fixture.cash(1) == Money(994) && fixture.position(1) == Quantity(10))
        #expect(fixture.cash(0) == Money(996) && fixture.position(0) == Quantity(-10))
        #expect(fixture.simulation.exchange.audit().isZero)
    }

    @Test func oppositeHoldingsNetToADollar() {
        var fixture = ExchangeFixture()
        fixture.place(0, .sell, "0.60", "10")
        fixture.place(1, .buy, "0.60", "10")
        fixture.place(1, .sell, "0.70", "10")
        fixture.place(0, .buy, "0.70", "10")
        #expect(fixture.cash(1) == Money(1_001) && fixture.position(1).isZero)
        #expect(fixture.cash(0) == Money(999) && fixture.position(0).isZero)
        #expect(fixture.simulation.exchange.openInterest(fixture.market).isZero)
    }

    @Test func restingOrdersHoldTheirCost() {
        var fixture = ExchangeFixture(deposits: [Money(10), Money(1_000)])
        #expect(fixture.place(0, .buy, "0.50", "12").order != nil)
        #expect(fixture.simulation.exchange.available(SimAccountID(0)) == Money(4))
        #expect(fixture.place(0, .buy, "0.50", "9").decline == .insufficientBalance)
        #expect(fixture.place(0, .sell, "0.50", "9").decline == .insufficientBalance)
        #expect(fixture.place(0, .buy, "0.50", "8").order != nil)
    }

    @Test func closingAPositionHoldsNothing() {
        var fixture = ExchangeFixture(deposits: [Money(10), Money(1_000)])
        fixture.place(1, .sell, "0.99", "10")
        fixture.place(0, .buy, "0.99", "10")
        #expect(fixture.cash(0) == Money(decimal: "0.1"))
        #expect(fixture.place(0, .sell, "0.50", "10").order != nil)
        #expect(fixture.place(0, .sell, "0.50", "10").decline == .insufficientBalance)
    }

    @Test func fillsAreChargedAsTheVenueRoundsThem() {
        var fixture = ExchangeFixture(fees: .quadraticWithMakerFees)
        fixture.place(0, .sell, "0.50", "10")
        for _ in 0..<4 { fixture.place(1, .buy, "0.50", "1", .immediateOrCancel) }
        let taker = fixture.fills.filter { $0.liquidity == .taker }
        // A new order each: the accumulator does not carry over.
        #expect(taker.allSatisfy { $0.fee == Money(decimal: "0.02") })
        let maker = fixture.fills.filter { $0.liquidity == .maker }.map(\.fee.description)
        // 0.0175 × 0.25 = 0.004375, up to 0.0044, to a cent, and cents given back per order.
        #expect(maker == ["0.01", "0", "0.01", "0"])
        #expect(fixture.simulation.exchange.audit().isZero)
    }

    @Test(arguments: [("1", "10", "0"), ("0", "0", "10"), ("0.25", "2.5", "7.5")])
    func settlementPaysTheDollarOut(value: String, yes: String, no: String) throws {
        var fixture = ExchangeFixture(payout: try #require(Price(decimal: value)))
        fixture.place(0, .sell, "0.60", "10")
        fixture.place(1, .buy, "0.60", "10")
        for seconds in [1_600, 1_604, 1_606] as [Int64] { fixture.advance(to: seconds) }
        let expectedYes = try #require(Money(decimal: yes))
        let expectedNo = try #require(Money(decimal: no))
        #expect(fixture.cash(1) == Money(994) + expectedYes)
        #expect(fixture.cash(0) == Money(996) + expectedNo)
        #expect(fixture.simulation.exchange.phase(fixture.market) == .settled)
        #expect(fixture.simulation.exchange.audit().isZero)
    }
}

@Suite struct ConservationTests {
    /// Random orders of three participants: whatever happens, no money appears or is lost, and no
    /// hold is left when nothing rests.
    @Test(arguments: 0..<40 as Range<UInt64>)
    func moneyIsConserved(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var fixture = ExchangeFixture(
            fees: .quadraticWithMakerFees,
            payout: [Price.one, .zero, Price(units: 500_000_000)].randomElement(using: &random)
                ?? .one, deposits: [Money(40), Money(400), Money(4_000)])
        var second: Int64 = 1_000
        var accepted = 0
        for _ in 0..<300 {
            let price = "0.\(Int.random(in: 30...70, using: &random))"
            let quantity =
                "\(Int.random(in: 1...30, using: &random)).\(Int.random(in: 0...9, using: &random))"
            let tif: TimeInForce =
                [
                    .goodTillCancelled, .goodTillCancelled, .immediateOrCancel, .fillOrKill,
                ].randomElement(using: &random) ?? .goodTillCancelled
            let result = fixture.place(
                Int.random(in: 0...2, using: &random), Bool.random(using: &random) ? .buy : .sell,
                price, quantity, tif,
                prevention: Bool.random(using: &random) ? .maker : .takerAtCross)
            if result.order != nil { accepted += 1 }
            if Int.random(in: 0...9, using: &random) == 0 {
                let trader = SimAccountID(Int.random(in: 0...2, using: &random))
                if let order = fixture.simulation.exchange.restingOrders(trader).first {
                    _ = fixture.simulation.cancel(order.id, for: trader, into: &fixture.effects)
                }
                second += 1
                fixture.advance(to: second)
            }
            #expect(fixture.simulation.exchange.audit().isZero, "seed \(seed)")
            for trader in 0...2 {
                let cash = fixture.cash(trader)
                #expect(!cash.isNegative, "seed \(seed): trader \(trader) owes \(cash)")
            }
        }
        #expect(accepted > 50, "seed \(seed)")
        for moment in [1_600, 1_604, 1_606] as [Int64] { fixture.advance(to: moment) }
        let total = (0...2).reduce(Money.zero) { $0 + fixture.cash($1) }
        let fees = fixture.fills.reduce(Money.zero) { $0 + $1.fee }
        #expect(total + fees == Money(4_440), "seed \(seed)")
    }
}
