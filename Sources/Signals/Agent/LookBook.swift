package import Trading

/// What an agent last made of a market, and since when it is so.
package struct MarketLook: Sendable, Equatable {
    /// What the best of its orders would have brought.
    package struct Prospect: Sendable, Equatable {
        package let side: Side
        /// What YES is worth for that side, to a hundredth of a cent.
        package let fair: Price
        /// The net edge of a contract after all costs, to a hundredth of a cent; negative is a
        /// loss.
        package let edge: Price

        init?(_ edge: Edge) {
            let units = 100_000.0
            func rounded(_ dollars: Double) -> Price? {
                Int64(exactly: (dollars * 1e9 / units).rounded()).map {
                    Price(units: $0 * Int64(units))
                }
            }
            guard let fair = rounded(edge.fair), let net = rounded(edge.net) else { return nil }
            side = edge.side
            self.fair = fair
            self.edge = net
        }
    }

    package let instrument: InstrumentID
    /// Rises with every look that says something else than the market's look before.
    package let number: UInt64
    package let at: Timestamp
    /// Why nothing was asked for; nil where an order was.
    package let reason: Abstention?
    /// Nil where the model said nothing.
    package let prospect: Prospect?
    /// The book's best levels, our own quotes among them; nil for a side without any.
    package let bid: BookLevel?
    package let ask: BookLevel?
    /// When the book was received; nil before the first.
    package let bookAt: Timestamp?

    /// Whether it says the same, whenever it was said.
    fileprivate func isLike(_ other: MarketLook) -> Bool {
        reason == other.reason && prospect == other.prospect && bid == other.bid
            && ask == other.ask && bookAt == other.bookAt
    }
}

/// The last look at each market, for whoever wants to know why nothing is traded there.
package struct LookBook: Sendable {
    private var looks: [InstrumentID: MarketLook] = [:]
    /// The number of the newest look.
    package private(set) var last: UInt64 = 0

    package init() {}

    /// The looks with numbers above `number`, the oldest first, at most `limit`.
    package func after(_ number: UInt64, limit: Int) -> [MarketLook] {
        guard number < last else { return [] }
        let news = looks.values.filter { $0.number > number }
        return Array(news.sorted { $0.number < $1.number }.prefix(limit))
    }

    mutating func note(_ side: SideLook, of market: MarketState, at now: Timestamp) {
        let look = MarketLook(
            instrument: market.instrument.id, number: last + 1, at: now, reason: side.reason,
            prospect: side.edge.flatMap(MarketLook.Prospect.init), bid: market.book.bestBid,
            ask: market.book.bestAsk, bookAt: market.bookReceivedAt)
        if looks[look.instrument]?.isLike(look) == true { return }
        last += 1
        looks[look.instrument] = look
    }

    mutating func forget(_ instrument: InstrumentID) { looks[instrument] = nil }
}

/// What came of looking at one side of a market.
struct SideLook: Sendable {
    /// Of the order that was asked for, or of the best that could have been.
    let edge: Edge?
    /// Nil where an order was asked for.
    let reason: Abstention?

    /// Of two sides the one that was acted on, else the one that was nearer to it.
    func preferred(to other: SideLook) -> SideLook {
        func rank(_ look: SideLook) -> Int {
            switch look.reason {
            case nil: 2
            case .quoted: 1
            default: 0
            }
        }
        if rank(self) != rank(other) { return rank(self) > rank(other) ? self : other }
        return (self.edge?.net ?? -.infinity) >= (other.edge?.net ?? -.infinity) ? self : other
    }
}
