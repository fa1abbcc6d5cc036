import Execution
import Trading

/// A market as Kalshi lists it.
struct KalshiMarket: Sendable, Hashable {
    let id: InstrumentID
    let event: String
    var status: InstrumentStatus
    let tick: Price
    let lot: Quantity
    let openAt: Timestamp
    var closeAt: Timestamp
    let title: String
    let ruleHash: String
    var verdict: KalshiVerdict?

    func instrument(isExclusive: Bool) -> VenueInstrument? {
        guard let eventSet = EventSetID(event) else { return nil }
        let instrument = Instrument(
            id: id, venue: kalshiVenue, eventSet: eventSet, tick: tick, lot: lot, openAt: openAt,
            closeAt: closeAt, title: title, ruleHash: ruleHash)
        // Kalshi says that at most one market of an event pays, never that one must.
        return VenueInstrument(
            instrument: instrument, status: status, isExclusive: isExclusive, isExhaustive: false)
    }
}

/// How a market was determined.
struct KalshiVerdict: Sendable, Hashable {
    let outcome: SettlementOutcome
    /// What one YES contract pays.
    let value: Price
}

/// An event: what its markets share.
struct KalshiEvent: Sendable, Hashable {
    let ticker: String
    let series: String
    let isExclusive: Bool
    let fee: KalshiFeeTerms?
}

/// A series: what its events share.
struct KalshiSeries: Sendable, Hashable {
    let ticker: String
    let fee: KalshiFeeTerms
    let updatedAt: Timestamp?
}

/// A fee as a series or an event states it.
struct KalshiFeeTerms: Sendable, Hashable {
    let type: String
    let multiplier: Price
}

/// An order as Kalshi states it; the side is nil where an old payload leaves it open.
struct KalshiOrder: Sendable, Hashable {
    let venueOrderID: VenueReference
    let clientOrderID: VenueReference
    let instrument: InstrumentID
    let side: Side?
    let price: Price
    let filled: Quantity
    let remaining: Quantity
    let state: OrderState

    func state(side: Side) -> VenueOrderState {
        VenueOrderState(
            clientOrderID: clientOrderID, venueOrderID: venueOrderID, instrument: instrument,
            side: side, price: price, filled: filled, remaining: remaining, state: state)
    }
}

/// A fill as Kalshi states it; REST leaves the client's id out.
struct KalshiFill: Sendable, Hashable {
    let tradeID: VenueReference
    let venueOrderID: VenueReference
    let clientOrderID: VenueReference?
    let instrument: InstrumentID
    let side: Side
    let price: Price
    let quantity: Quantity
    let fee: Money
    let liquidity: Liquidity
    let filledAt: Timestamp

    func fill(clientOrderID: VenueReference) -> VenueFill {
        VenueFill(
            tradeID: tradeID, clientOrderID: clientOrderID, venueOrderID: venueOrderID,
            instrument: instrument, side: side, price: price, quantity: quantity, fee: fee,
            liquidity: liquidity, finality: .final, filledAt: filledAt)
    }
}

/// A settlement of the account's position.
struct KalshiSettlement: Sendable, Hashable {
    let instrument: InstrumentID
    let verdict: KalshiVerdict
    let quantity: Quantity
    let payout: Money
    let settledAt: Timestamp

    var event: VenueEvent {
        .settled(
            VenueSettlement(
                instrument: instrument, outcome: verdict.outcome, value: verdict.value,
                quantity: quantity, payout: payout, settledAt: settledAt))
    }
}

/// What the exchange did with an order at once.
struct KalshiPlacement: Sendable, Hashable {
    let venueOrderID: VenueReference
    let filled: Quantity
    let remaining: Quantity
}

/// What happened to a market.
struct KalshiLifecycle: Sendable, Hashable {
    enum Kind: Sendable, Hashable {
        case created
        case activated
        case deactivated
        case closeDateUpdated(Timestamp)
        case determined(KalshiVerdict)
        case settled(at: Timestamp)
        case priceLevelsUpdated
        case metadataUpdated
    }
    let instrument: InstrumentID
    let kind: Kind
}

/// The name that the cluster gives to Kalshi.
let kalshiVenue: VenueID = {
    guard let id = VenueID("kalshi") else { preconditionFailure("the venue's name is no name") }
    return id
}()
