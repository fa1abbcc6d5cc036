package import Trading

/// What trading in a market costs.
package struct SimFees: Sendable, Hashable {
    /// Per unit of `P × (1 − P)`; a maker rate of zero is a series without maker fees.
    package let takerRate: Price
    package let makerRate: Price
    package let multiplier: Price
    /// The grid of balances: 0.01 for retail, 0.0001 for a direct member.
    package let precision: Money
    /// Whose rules of rounding apply.
    package let schedule: Schedule

    package enum Schedule: Sendable, Hashable {
        /// A total for each order, on the grid of balances.
        case kalshi
        /// Each match for itself: `rate × C × (P × (1 − P))^exponent`, cut to 0.00001.
        case polymarket(exponent: Int)
    }

    package init(
        takerRate: Price, makerRate: Price, multiplier: Price, precision: Money,
        schedule: Schedule = .kalshi
    ) {
        self.takerRate = takerRate
        self.makerRate = makerRate
        self.multiplier = multiplier
        self.precision = precision
        self.schedule = schedule
    }

    /// Polymarket's: the taker alone pays, at the match.
    package static func polymarket(rate: Price, exponent: Int = 1) -> SimFees {
        precondition(
            PolymarketFees.coefficient(rate: rate, exponent: exponent) != nil,
            "no fee has the exponent \(exponent)")
        return SimFees(
            takerRate: rate, makerRate: .zero, multiplier: .one, precision: PolymarketFees.step,
            schedule: .polymarket(exponent: exponent))
    }

    /// Kalshi's `quadratic_with_maker_fees` for a retail account.
    package static let quadraticWithMakerFees = SimFees(
        takerRate: KalshiFees.takerRate, makerRate: KalshiFees.makerRate, multiplier: .one,
        precision: KalshiFees.cent)

    /// Nothing to pay, for tests of matching alone.
    package static let none = SimFees(
        takerRate: .zero, makerRate: .zero, multiplier: .one, precision: KalshiFees.tradeStep)

    package func rate(_ liquidity: Liquidity) -> Price {
        liquidity == .taker ? takerRate : makerRate
    }

    /// What one match costs, rounding and rebate included.
    func charge(
        _ account: inout KalshiOrderFees, _ side: Side, price: Price, quantity: Quantity,
        _ liquidity: Liquidity
    ) -> Money {
        switch schedule {
        case .kalshi:
            account.charge(
                side, price: price, quantity: quantity, rate: rate(liquidity),
                multiplier: multiplier
            ).net
        case .polymarket(let exponent):
            PolymarketFees.taker(
                price: price, quantity: quantity, rate: rate(liquidity), exponent: exponent)
                ?? .zero
        }
    }
}

/// What decides the true value of a market's YES while it trades.
package enum FairModel: Sendable, Hashable {
    /// A digital option on the spot price: at the end at or above the strike.
    case spot(strike: Price?)
    /// A hidden probability that wanders; for demonstration without a recording.
    case latent(start: Double)
    /// A path that is known beforehand, generated or recorded.
    case path(FairPath)
}

/// A market that the venue lists: what it is, when it lives, how it ends.
package struct MarketDefinition: Sendable, Hashable {
    package let instrument: InstrumentID
    package let eventSet: EventSetID
    package let title: String
    package let rules: String
    package let tick: Price
    package let lot: Quantity
    /// The least that an order may rest with; zero where the lot alone counts.
    package let sizeMin: Quantity
    package let opensAt: Timestamp
    /// When the strike is taken.
    package let startsAt: Timestamp
    package let closesAt: Timestamp
    /// What one YES contract pays. Nobody in the simulation sees it before the end.
    package let payout: Price
    package let fair: FairModel
    package let fees: SimFees

    package init(
        instrument: InstrumentID, eventSet: EventSetID, title: String, rules: String, tick: Price,
        lot: Quantity, opensAt: Timestamp, startsAt: Timestamp, closesAt: Timestamp, payout: Price,
        fair: FairModel, fees: SimFees, sizeMin: Quantity = .zero
    ) {
        precondition(tick.units > 0 && lot.units > 0, "\(instrument): tick and lot are positive")
        precondition(opensAt <= startsAt, "\(instrument): opens before it starts")
        precondition(startsAt < closesAt, "\(instrument): starts before it closes")
        precondition(payout >= .zero && payout <= .one, "\(instrument): pays between 0 and 1")
        self.instrument = instrument
        self.eventSet = eventSet
        self.title = title
        self.rules = rules
        self.tick = tick
        self.lot = lot
        self.opensAt = opensAt
        self.startsAt = startsAt
        self.closesAt = closesAt
        self.payout = payout
        self.fair = fair
        self.fees = fees
        self.sizeMin = sizeMin
    }

    package var outcome: SettlementOutcome {
        payout == .one ? .yes : payout == .zero ? .no : .value
    }
}

/// Where a market is in its life.
package enum MarketPhase: UInt8, Sendable, BitwiseCopyable, Comparable {
    case unlisted = 0
    case open = 1
    case closed = 2
    case determined = 3
    case settled = 4

    package static func < (lhs: MarketPhase, rhs: MarketPhase) -> Bool {
        lhs.rawValue < rhs.rawValue
    }
}
