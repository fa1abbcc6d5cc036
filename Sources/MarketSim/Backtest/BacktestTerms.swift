package import Trading

/// What an instrument pays in the end.
package enum PayoffKind: UInt8, Sendable, BitwiseCopyable {
    /// A YES and a NO are a dollar together: selling what is not held buys NO at 1 − p.
    case binary = 1
    /// A thing with a price, spot or linear: what is sold without being held is short.
    case linear = 2
}

/// What happens to an order of ours that would trade with another one of ours.
package enum SelfTradeRule: UInt8, Sendable, BitwiseCopyable {
    /// The resting order is cancelled and the incoming one goes on.
    case cancelResting = 1
    /// The rest of the incoming order is cancelled.
    case cancelIncoming = 2
}

/// The charge of one version of a venue's fees.
package enum FeeRule: Sendable, Hashable {
    case none
    /// Kalshi since July 2026: each fill is charged and the order keeps the rounding's account.
    case kalshi(SimFees)
    /// Polymarket's takers: rate × C × (P(1 − P))^exponent. Makers pay nothing.
    case polymarket(rate: Price, exponent: Int)
    /// A share of the notional; a negative maker rate is a rebate.
    case proportional(maker: Price, taker: Price)
}

/// A venue's fees by the time from which they hold.
package struct FeeSchedule: Sendable, Hashable {
    package struct Version: Sendable, Hashable {
        package let from: Timestamp
        package let rule: FeeRule
        package init(from: Timestamp, rule: FeeRule) {
            self.from = from
            self.rule = rule
        }
    }

    package let versions: [Version]

    /// Versions ascending in time. Before the first one nothing may be traded.
    package init(_ versions: [Version]) {
        precondition(!versions.isEmpty, "a schedule of fees has a version")
        precondition(
            zip(versions, versions.dropFirst()).allSatisfy { $0.from < $1.from },
            "versions of fees ascend in time")
        for case .polymarket(_, let exponent) in versions.map(\.rule) {
            precondition(
                (0...PolymarketFees.exponentMax).contains(exponent), "an exponent of \(exponent)")
        }
        self.versions = versions
    }

    /// The same rule at all times.
    package init(always rule: FeeRule) {
        self.init([Version(from: Timestamp(nanoseconds: .min), rule: rule)])
    }

    /// The rule in force; nil before the first version.
    func rule(at now: Int64) -> FeeRule? {
        var index = versions.count - 1
        while index >= 0, versions[index].from.nanoseconds > now { index -= 1 }
        return index < 0 ? nil : versions[index].rule
    }

    /// Whether there is a rule.
    func isInForce(at now: Int64) -> Bool { versions[0].from.nanoseconds <= now }
}

/// An instrument as the backtest's venue knows it.
package struct BacktestInstrument: Sendable, Hashable {
    package let instrument: InstrumentID
    package let payoff: PayoffKind
    /// The grid of prices: one step of an event's price.
    package let tick: Price
    /// One lot: one unit of an event's quantity.
    package let lot: Quantity
    /// Where prices are expected, in steps; others make the book grow.
    package let prices: ClosedRange<Int32>
    package let fees: FeeSchedule
    /// Whether the venue turns a YES and a NO of one account into a dollar by itself (Kalshi).
    package let mergesPairs: Bool
    package let selfTrade: SelfTradeRule
    package let queue: QueueModel

    package init(
        instrument: InstrumentID, payoff: PayoffKind = .binary, tick: Price, lot: Quantity,
        prices: ClosedRange<Int32>, fees: FeeSchedule, mergesPairs: Bool = true,
        selfTrade: SelfTradeRule = .cancelResting, queue: QueueModel = .standard
    ) {
        precondition(tick.units > 0 && lot.units > 0, "\(instrument): tick and lot are positive")
        if payoff == .binary {
            precondition(
                Price.one.isMultiple(of: tick), "\(instrument): a dollar is no multiple of \(tick)")
        }
        self.instrument = instrument
        self.payoff = payoff
        self.tick = tick
        self.lot = lot
        self.prices = prices
        self.fees = fees
        self.mergesPairs = mergesPairs
        self.selfTrade = selfTrade
        self.queue = queue
    }
}

/// When market data reaches us.
package enum FeedLatency: Sendable, Hashable {
    /// When the recording says that it was received.
    case recorded
    /// By a model, from the venue's time.
    case model(LatencyModel)
}

/// What a backtest is made of besides its recording.
package struct BacktestSetup: Sendable {
    package var instruments: [BacktestInstrument]
    package var cash: Money
    package var feed: FeedLatency
    /// From us to the venue.
    package var entry: LatencyModel
    /// From the venue to us.
    package var response: LatencyModel
    package var seed: UInt64

    package init(
        instruments: [BacktestInstrument], cash: Money = .zero, feed: FeedLatency = .recorded,
        entry: LatencyModel = .constant(.zero), response: LatencyModel = .constant(.zero),
        seed: UInt64 = 1
    ) {
        precondition(!instruments.isEmpty, "a backtest has an instrument")
        precondition(instruments.count <= Int(UInt16.max), "too many instruments")
        self.instruments = instruments
        self.cash = cash
        self.feed = feed
        self.entry = entry
        self.response = response
        self.seed = seed
    }
}
