import MarketSim
import Testing
import Trading

/// Markets whose outcomes are held apart, as tokens.
struct TokenTests {
    @Test func twoPurchasesMintAPair() {
        var venue = ExchangeFixture()
        venue.trade(0, .buy, .yes, "0.60", "10")
        venue.trade(1, .buy, .no, "0.45", "4")
        #expect(venue.tokens(0) == (Quantity(4), .zero))
        #expect(venue.tokens(1) == (.zero, Quantity(4)))
        // The taker pays what is left of the dollar, not its limit.
        #expect(venue.cash(0) == Money(decimal: "997.6"))
        #expect(venue.cash(1) == Money(decimal: "998.4"))
        #expect(venue.levels(.buy) == ["6@0.6"])
        #expect(venue.simulation.exchange.audit().isZero)
    }

    @Test func twoPurchasesBelowADollarRest() {
        var venue = ExchangeFixture()
        venue.trade(0, .buy, .yes, "0.60", "10")
        venue.trade(1, .buy, .no, "0.39", "10")
        #expect(venue.fills.isEmpty)
        #expect(venue.levels(.buy) == ["10@0.6"])
        #expect(venue.levels(.sell) == ["10@0.61"])
    }

    @Test func twoSalesMergeAPair() {
        var venue = ExchangeFixture()
        venue.trade(0, .buy, .yes, "0.50", "10")
        venue.trade(1, .buy, .no, "0.50", "10")
        venue.trade(0, .sell, .yes, "0.55", "10")
        #expect(venue.tokens(0) == (Quantity(10), .zero))
        venue.trade(1, .sell, .no, "0.40", "10")
        #expect(venue.tokens(0) == (.zero, .zero))
        #expect(venue.tokens(1) == (.zero, .zero))
        #expect(venue.cash(0) == Money(decimal: "1000.5"))
        #expect(venue.cash(1) == Money(decimal: "999.5"))
        #expect(venue.simulation.exchange.openInterest(venue.market).isZero)
        #expect(venue.simulation.exchange.audit().isZero)
    }

    @Test func aTokenIsSoldToWhoBuysIt() {
        var venue = ExchangeFixture()
        venue.trade(0, .buy, .yes, "0.50", "10")
        venue.trade(1, .buy, .no, "0.50", "10")
        venue.trade(2, .buy, .no, "0.60", "4")
        venue.trade(1, .sell, .no, "0.55", "4")
        #expect(venue.tokens(1) == (.zero, Quantity(6)))
        #expect(venue.tokens(2) == (.zero, Quantity(4)))
        #expect(venue.cash(1) == Money(decimal: "997.4"))
        #expect(venue.simulation.exchange.audit().isZero)
    }

    /// What one account has of both tokens is no cash before it is settled or sold.
    @Test func bothTokensAreHeldApart() {
        var venue = ExchangeFixture(payout: .zero)
        venue.trade(0, .buy, .yes, "0.50", "10")
        venue.trade(1, .buy, .no, "0.50", "10")
        venue.trade(2, .buy, .yes, "0.30", "10")
        venue.trade(0, .buy, .no, "0.70", "10")
        #expect(venue.tokens(0) == (Quantity(10), Quantity(10)))
        #expect(venue.cash(0) == Money(988))
        #expect(venue.simulation.exchange.audit().isZero)
        venue.trade(0, .sell, .yes, "0.20", "4")
        #expect(venue.tokens(0) == (Quantity(10), Quantity(10)), "nobody buys it yet")
        venue.trade(1, .buy, .yes, "0.20", "4")
        #expect(venue.tokens(0) == (Quantity(6), Quantity(10)))
        #expect(venue.cash(0) == Money(decimal: "988.8"))
        venue.advance(to: 1_600)
        venue.advance(to: 1_610)
        #expect(venue.cash(0) == Money(decimal: "998.8"), "ten NO won")
        #expect(venue.tokens(0) == (.zero, .zero))
        #expect(venue.simulation.exchange.audit().isZero)
    }

    @Test func onlyWhatIsHeldIsSold() {
        var venue = ExchangeFixture()
        #expect(venue.trade(0, .sell, .yes, "0.50", "1").decline == .insufficientBalance)
        venue.trade(0, .buy, .yes, "0.50", "10")
        venue.trade(1, .buy, .no, "0.50", "10")
        #expect(venue.trade(0, .sell, .yes, "0.90", "7").decline == nil)
        // Seven are offered already.
        #expect(venue.trade(0, .sell, .yes, "0.90", "4").decline == .insufficientBalance)
        #expect(venue.trade(0, .sell, .yes, "0.90", "3").decline == nil)
        #expect(venue.trade(0, .sell, .no, "0.90", "1").decline == .insufficientBalance)
    }

    /// A purchase is paid in full even where the other token is held.
    @Test func aPurchaseTakesItsWholePrice() {
        var venue = ExchangeFixture(deposits: [Money(10), Money(1_000), Money(1_000)])
        venue.trade(0, .buy, .yes, "0.50", "10")
        venue.trade(1, .buy, .no, "0.50", "10")
        #expect(venue.cash(0) == Money(5))
        #expect(venue.trade(0, .buy, .no, "0.60", "10").decline == .insufficientBalance)
        #expect(venue.trade(0, .buy, .no, "0.40", "10").decline == nil)
        #expect(venue.simulation.exchange.available(SimAccountID(0)) == Money(1))
    }

    @Test func theTakerAlonePays() {
        var venue = ExchangeFixture(fees: .polymarket(rate: Price(units: 40_000_000)))
        venue.trade(0, .buy, .yes, "0.60", "10")
        venue.trade(1, .buy, .no, "0.40", "10")
        #expect(venue.cash(0) == Money(994))
        // 10 × 0.04 × 0.6 × 0.4
        #expect(venue.cash(1) == Money(decimal: "995.904"))
        #expect(venue.simulation.exchange.audit().isZero)
    }

    @Test func whatRestsHasALeastSize() {
        var venue = ExchangeFixture(sizeMin: Quantity(5))
        #expect(venue.trade(0, .buy, .yes, "0.50", "4.99").decline == .belowSizeMin)
        #expect(venue.trade(0, .buy, .yes, "0.50", "5").decline == nil)
        #expect(venue.trade(1, .buy, .no, "0.50", "1", .immediateOrCancel).decline == nil)
        #expect(venue.tokens(1).no == Quantity(1))
    }
}
