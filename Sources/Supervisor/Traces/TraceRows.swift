import Trading
import Wire

/// What one journal entry changes in the trace store. Made by `TraceFold`, written by `TraceStore`.
enum TraceChange: Sendable, Equatable {
    case order(OrderRow)
    /// A part of an order's story: the body of the journal entry that tells it.
    case step(order: OrderID, entry: SequenceNumber, at: Timestamp, body: [UInt8])
    case fate(FateRow)
    case fill(FillRow)
    case markout(MarkoutRow)
    case instrument(InstrumentRow)
    case status(InstrumentID, InstrumentStatus)
    case mark(MarkRow)
    case settlement(SettlementRow)
    case note(NoteRow)
    case equity(EquityRow)
}

/// An order as it was decided.
struct OrderRow: Sendable, Equatable {
    let order: OrderID
    let entry: SequenceNumber
    let at: Timestamp
    let owner: StrategyKey
    let agent: ProcessID
    let gateway: ProcessID
    let instrument: InstrumentID
    let side: Side
    let price: Price
    let quantity: Quantity
    let fairValue: Price
    let expectedEdge: Money
    let confidence: Double
    let bid: Price
    let ask: Price
    let isRejected: Bool
    /// A limit was what stopped it.
    let isPrevented: Bool
    let reason: String
}

/// What a gateway said of an order.
struct FateRow: Sendable, Equatable {
    let entry: SequenceNumber
    let order: OrderID
    let at: Timestamp
    let state: OrderState
    let reason: String
}

/// What a contract of a fill had gained when a horizon ended.
struct MarkoutRow: Sendable, Equatable {
    let order: OrderID
    let trade: VenueReference
    /// The place in `MarkoutFold.horizons`.
    let horizon: Int
    /// Against the fill's price, in its favour; negative is a loss.
    let gain: Price
}

/// A fill as a gateway reported it.
struct FillRow: Sendable, Equatable {
    let entry: SequenceNumber
    let order: OrderID
    let at: Timestamp
    let instrument: InstrumentID
    let side: Side
    let price: Price
    let quantity: Quantity
    let fee: Money
    let liquidity: Liquidity
    let trade: VenueReference
    let finality: FillFinality
    let body: [UInt8]
}

/// A market as it was defined.
struct InstrumentRow: Sendable, Equatable {
    let instrument: InstrumentID
    let entry: SequenceNumber
    let title: String
    let venue: VenueID
    let event: EventSetID
    let openAt: Timestamp
    let closeAt: Timestamp
    let status: InstrumentStatus
    let body: [UInt8]
}

/// The last market that the core wrote down; `body` is empty for one that a request brought along.
struct MarkRow: Sendable, Equatable {
    let instrument: InstrumentID
    let entry: SequenceNumber
    let bid: Price
    let bidQuantity: Quantity
    let ask: Price
    let askQuantity: Quantity
    let receivedAt: Timestamp
    let isStale: Bool
    let body: [UInt8]
}

struct SettlementRow: Sendable, Equatable {
    let instrument: InstrumentID
    let at: Timestamp
    let outcome: SettlementOutcome
    let value: Price
    let body: [UInt8]
}

/// Something that a person should know of, in the order of the journal.
struct NoteRow: Sendable, Equatable {
    enum Kind: String, Sendable, Codable, CaseIterable {
        case start, command, directive, limits, reconciled, alarm, settled
    }

    let entry: SequenceNumber
    /// Its place among the notes of one entry.
    let ordinal: Int
    let at: Timestamp
    let kind: Kind
    /// Whose it is; empty for what concerns the firm.
    let org: OrgID
    let text: String
}

/// What a strategy was worth at the end of a minute of market time, at liquidation marks.
struct EquityRow: Sendable, Equatable {
    /// Minutes since 1970.
    let minute: Int64
    let owner: StrategyKey
    let realized: Money
    let unrealized: Money
    let fees: Money
}
