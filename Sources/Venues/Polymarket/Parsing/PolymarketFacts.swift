import Execution
import Trading

/// A market as the venue lists it: one condition with two tokens.
struct PolymarketMarket: Sendable, Hashable {
    let id: InstrumentID
    let condition: String
    let yes: PolymarketToken
    let no: PolymarketToken
    var tick: Price
    let sizeMin: Quantity
    let isNegativeRisk: Bool
    /// Markets of one negative-risk event share this name.
    let event: String
    var status: InstrumentStatus
    let closeAt: Timestamp
    let title: String
    let ruleHash: String
    /// The token that won, once one has.
    var winner: PolymarketToken?

    var instrument: VenueInstrument? {
        guard let eventSet = EventSetID(event) else { return nil }
        return VenueInstrument(
            instrument: Instrument(
                id: id, venue: polymarketVenue, eventSet: eventSet, tick: tick,
                lot: PolymarketRounding.lot, openAt: .zero, closeAt: closeAt, title: title,
                ruleHash: ruleHash),
            // At most one market of a negative-risk event pays; an outcome may still be added to
            // it, so nothing says that one must.
            status: status, isExclusive: isNegativeRisk, isExhaustive: false)
    }

    /// The exchange whose contract settles the market's orders.
    var exchange: PolymarketExchange {
        if tick == Price(units: 5_000_000) || tick == Price(units: 2_500_000) { return .positions }
        return isNegativeRisk ? .negativeRisk : .standard
    }

    func outcome(of token: PolymarketToken) -> PolymarketOutcome? {
        token == yes ? .yes : token == no ? .no : nil
    }

    func token(_ outcome: PolymarketOutcome) -> PolymarketToken { outcome == .yes ? yes : no }
}

/// Which of a market's tokens. The cluster knows YES alone: to buy NO at q is to sell YES at 1 − q.
enum PolymarketOutcome: Sendable, Hashable {
    case yes
    case no

    var opposite: PolymarketOutcome { self == .yes ? .no : .yes }

    /// A side on this token as a side on YES, and back.
    func side(_ side: Side) -> Side { self == .yes ? side : side.opposite }
    /// A price of this token as a price of YES, and back.
    func price(_ price: Price) -> Price { self == .yes ? price : price.complement }
}

/// One change of a level: the quantity is the level's new total.
struct PolymarketPriceChange: Sendable, Hashable {
    let token: PolymarketToken
    let side: Side
    let price: Price
    let quantity: Quantity
}

/// A public trade, in terms of its token.
struct PolymarketPrint: Sendable, Hashable {
    let token: PolymarketToken
    let takerSide: Side
    let price: Price
    let quantity: Quantity
    let at: Timestamp
}

/// How far a trade is on its way to the chain.
enum PolymarketTradeStatus: String, Sendable, Hashable {
    case matched = "MATCHED"
    case mined = "MINED"
    case confirmed = "CONFIRMED"
    case retrying = "RETRYING"
    case failed = "FAILED"

    /// Only what is confirmed stays; what has failed never was.
    var finality: FillFinality {
        switch self {
        case .matched, .mined, .retrying: .provisional
        case .confirmed: .final
        case .failed: .busted
        }
    }
}

/// A match of one taker with one or more makers, of which at least one order is ours.
struct PolymarketTrade: Sendable, Hashable {
    /// One maker's part, in terms of the maker's own token.
    struct Part: Sendable, Hashable {
        let orderID: String
        let owner: String
        let token: PolymarketToken
        let price: Price
        let quantity: Quantity
    }

    let id: String
    let market: String
    let token: PolymarketToken
    let takerOrderID: String
    let takerSide: Side
    let status: PolymarketTradeStatus
    let at: Timestamp
    let parts: [Part]
    /// Whose trade it is and on which side, as far as it is said.
    let owner: String?
    let traderSide: String?

    /// Whether the taker is the owner of an API key.
    func isTaker(_ apiKey: String) -> Bool {
        traderSide.map { $0 == "TAKER" } ?? (owner == apiKey)
    }
}

/// An order as the venue states it, in terms of its token.
struct PolymarketOpenOrder: Sendable, Hashable {
    enum Event: Sendable, Hashable {
        case listed
        case placed
        case updated
        case cancelled
    }

    let id: String
    let market: String
    let token: PolymarketToken
    let side: Side
    let price: Price
    let size: Quantity
    let matched: Quantity
    let event: Event
    /// What a single order's listing says of its state; empty in the stream.
    let status: String

    var state: OrderState {
        if matched >= size { return .filled }
        if event == .cancelled { return .cancelled }
        return switch status {
        case "CANCELED", "CANCELED_MARKET_RESOLVED", "INVALID", "UNMATCHED": .cancelled
        case "MATCHED": .filled
        default: .working
        }
    }
}

/// A message of either stream.
enum PolymarketMessage: Sendable {
    case book(PolymarketToken, OrderBook)
    case changes([PolymarketPriceChange])
    case tick(PolymarketToken, Price)
    case traded(PolymarketPrint)
    case resolved(market: String, winner: PolymarketToken)
    case order(PolymarketOpenOrder)
    case trade(PolymarketTrade)
    /// Nothing that is needed.
    case aside
}

/// The name that the cluster gives to Polymarket.
let polymarketVenue: VenueID = {
    guard let id = VenueID("polymarket") else {
        preconditionFailure("the venue's name is no name")
    }
    return id
}()
