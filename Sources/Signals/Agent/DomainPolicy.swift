package import Trading

/// What a domain knows: it takes observations in and says what a market is worth.
///
/// Pure: an opinion depends on the observations and on the market view alone. The engine does the
/// rest: edge, size, orders and protection are the same for every domain.
package protocol DomainPolicy: Sendable {
    /// One thing seen outside the venue.
    associatedtype Observation: Sendable

    /// Takes in what became known; a reason where it was not believed.
    mutating func observe(_ observation: Observation) -> FactRefusal?

    /// The sources of the observations and how they behaved, in the order of their names.
    var sources: [(name: String, health: SourceHealth)] { get }

    /// When the instrument may be quoted; nil when it is none of this domain's.
    func window(of instrument: Instrument) -> TradingWindow?

    /// What the market is worth now.
    func assess(_ market: MarketView, at now: Timestamp) -> Assessment

    /// Grows whenever the meaning of the policy changes.
    var version: UInt32 { get }

    /// The model in one line for the explanation of an order.
    var modelText: String { get }

    /// Everything that the model's hash covers: code version and parameters.
    var canonicalText: String { get }
}

/// When an instrument may be quoted.
package struct TradingWindow: Sendable, Equatable {
    /// The first moment at which a quote may stand.
    package let quotesFrom: Timestamp
    /// The last moment at which a quote may stand.
    package let quotesUntil: Timestamp
    /// When the outcome is known.
    package let endsAt: Timestamp

    package init(quotesFrom: Timestamp, quotesUntil: Timestamp, endsAt: Timestamp) {
        precondition(quotesUntil <= endsAt, "quotes end before the market does")
        self.quotesFrom = quotesFrom
        self.quotesUntil = quotesUntil
        self.endsAt = endsAt
    }
}

/// A market as the policy sees it: both touches are there and do not cross.
package struct MarketView: Sendable {
    package let instrument: Instrument
    package let window: TradingWindow
    package let bid: BookLevel
    package let ask: BookLevel
    package let bookSequence: SequenceNumber
    package let bookReceivedAt: Timestamp
    package let tick: TickNumber

    package init(
        instrument: Instrument, window: TradingWindow, bid: BookLevel, ask: BookLevel,
        bookSequence: SequenceNumber, bookReceivedAt: Timestamp, tick: TickNumber
    ) {
        precondition(bid.price < ask.price, "\(instrument.id) is crossed")
        self.instrument = instrument
        self.window = window
        self.bid = bid
        self.ask = ask
        self.bookSequence = bookSequence
        self.bookReceivedAt = bookReceivedAt
        self.tick = tick
    }

    /// Half the sum of the touches.
    package var mid: Double { (bid.price.doubleValue + ask.price.doubleValue) / 2 }
}

/// What a policy says about a market.
package enum Assessment: Sendable {
    /// Nothing, and why.
    case abstain(Abstention)
    /// A probability; the engine trades it where it has an edge.
    case believe(Opinion)
    /// A side whatever the edge: only control policies do this.
    case gamble(Side, Opinion)
}

/// A probability of YES with how sure it is and what it rests on.
package struct Opinion: Sendable {
    package var probability: Double
    /// The probability may well lie between these two; each side trades on the worse one.
    package var low: Double
    package var high: Double
    /// How far the model is believed against the market, from 0 to 1.
    package var weight: Double
    /// The outside number that the opinion rests on, such as a spot price.
    package var basis: Double
    /// How much the probability changes for one unit of the basis.
    package var sensitivity: Double
    package var features: FeatureVector
    package var signal: String

    package init(
        probability: Double, low: Double, high: Double, weight: Double, basis: Double,
        sensitivity: Double, features: FeatureVector, signal: String
    ) {
        precondition(low > 0 && high < 1, "a probability lies in (0, 1): \(low), \(high)")
        precondition(low <= probability && probability <= high, "\(probability) is outside")
        precondition(weight >= 0 && weight <= 1, "a weight lies in [0, 1]: \(weight)")
        self.probability = probability
        self.low = low
        self.high = high
        self.weight = weight
        self.basis = basis
        self.sensitivity = sensitivity
        self.features = features
        self.signal = signal
    }

    /// How sure the model is of its own number: one less the width of its interval.
    package var confidence: Double { 1 - (high - low) }
}

/// Why a market was left alone, or a quote taken away. Counted.
package enum Abstention: UInt8, Sendable, CaseIterable {
    case notOpen
    case beforeWindow
    case nearEnd
    case feedMissing
    case feedStale
    case strikeUnknown
    case strikeLate
    case volatilityUnknown
    case ruleUnsupported
    case bookMissing
    case bookStale
    case bookCrossed
    case oneSided
    case edgeTooSmall
    case sizeTooSmall
    case positionFull
    case ordersFull
    case requestsFull
    case waiting
    case quoted
    case selfCross
    case notItsTurn
    /// The basis moved by more than the quote allows.
    case basisMoved
    /// The edge of a standing quote is gone.
    case edgeGone
    /// A better price for the quote is far enough away.
    case requoted
    /// An order of an earlier incarnation, whose basis is not known.
    case adopted
    /// Too old when its turn came.
    case staleScan
    /// No room in the scan queue.
    case scanOverflow
    /// A source that the model cannot do without is not believed at present.
    case feedQuarantined
}

/// How often each reason was met.
package struct AbstentionCounts: Sendable, Equatable {
    private var counts = [UInt64](repeating: 0, count: Abstention.allCases.count)

    package init() {}

    package subscript(reason: Abstention) -> UInt64 { counts[Int(reason.rawValue)] }

    package mutating func add(_ reason: Abstention) { counts[Int(reason.rawValue)] += 1 }

    /// The reasons that were met, in the order of their declaration.
    package var met: [(reason: Abstention, count: UInt64)] {
        Abstention.allCases.filter { self[$0] > 0 }.map { ($0, self[$0]) }
    }
}
