package import Trading

/// What one contract is expected to bring beyond its all-in price (ARCHITECTURE 6):
/// fair value, shrunk for uncertainty − executable all-in price − selection haircut − cost of
/// capital to the payout.
package struct Edge: Sendable, Equatable {
    package let side: Side
    package let liquidity: Liquidity
    package let price: Price
    /// The fair value of YES for this side: the worse end of the model's interval, drawn toward the
    /// market's mid.
    package let fair: Double
    /// The fee per contract, with the rounding of an order of the quantity it was computed for.
    package let fee: Double
    /// How far the value is expected to have moved against us when the order is filled.
    package let haircut: Double
    package let capital: Double

    package init(
        side: Side, liquidity: Liquidity, price: Price, fair: Double, fee: Double,
        haircut: Double, capital: Double
    ) {
        self.side = side
        self.liquidity = liquidity
        self.price = price
        self.fair = fair
        self.fee = fee
        self.haircut = haircut
        self.capital = capital
    }

    /// The edge before costs.
    package var gross: Double { (fair - price.doubleValue) * Double(side.sign) }
    package var net: Double { gross - fee - haircut - capital }

    /// What is paid for one contract of the side, fee included: YES when bought, NO when sold.
    package var cost: Double { stake.doubleValue + fee }

    /// The price of the side's contract.
    package var stake: Price { side == .buy ? price : price.complement }

    /// The probability that the side's contract pays, after the haircut.
    package var probability: Double {
        let pays = side == .buy ? fair : 1 - fair
        return min(1, max(0, pays - haircut))
    }
}

/// Computes edges under given terms.
package struct EdgeRule: Sendable {
    private let terms: TradingTerms

    package init(_ terms: TradingTerms) { self.terms = terms }

    /// The fair value for a side: the worse end of the model's interval, drawn toward the mid by as
    /// much as the model is not believed.
    package func fair(_ side: Side, _ opinion: Opinion, _ market: MarketView) -> Double {
        let model = side == .buy ? opinion.low : opinion.high
        let believed = min(0.999, max(0.001, market.mid))
        return Logit.shrink(model: model, toward: believed, weight: opinion.weight)
    }

    /// What a passive order loses to selection before any of its fills was measured. To the market
    /// a fill at the touch says that the value is no better than the touch (Glosten and Milgrom
    /// 1985), and an order behind it is filled only when the market has come to it; what the model
    /// says is not changed by a fill. So the distance counts by as much as the market is believed,
    /// and an agent that knows no more than the market has no edge at any price.
    package func selection(
        of order: OrderIdea, _ opinion: Opinion, _ market: MarketView
    ) -> Double {
        let told =
            order.side == .buy
            ? market.mid - min(market.bid.price, order.price).doubleValue
            : max(market.ask.price, order.price).doubleValue - market.mid
        return (1 - opinion.weight) * told
    }

    /// The edge of an order.
    package func edge(
        _ order: OrderIdea, fair: Double, haircut: Double, secondsToPayout: Double
    ) -> Edge {
        let rate = order.liquidity == .taker ? terms.takerRate : terms.makerRate
        var fees = KalshiOrderFees()
        let fee = fees.charge(
            order.side, price: order.price, quantity: order.quantity, rate: rate
        ).net.doubleValue
        let perContract = fee / order.quantity.doubleValue
        let stake = order.side == .buy ? order.price : order.price.complement
        let years = max(0, secondsToPayout) / DigitalOption.secondsPerYear
        return Edge(
            side: order.side, liquidity: order.liquidity, price: order.price, fair: fair,
            fee: perContract, haircut: haircut,
            capital: (stake.doubleValue + perContract) * terms.capitalCost * years)
    }
}

/// An order that is thought about.
package struct OrderIdea: Sendable, Equatable {
    package var side: Side
    package var liquidity: Liquidity
    package var price: Price
    package var quantity: Quantity

    package init(side: Side, liquidity: Liquidity, price: Price, quantity: Quantity) {
        precondition(quantity.units > 0, "an order has a quantity, got \(quantity)")
        self.side = side
        self.liquidity = liquidity
        self.price = price
        self.quantity = quantity
    }
}
