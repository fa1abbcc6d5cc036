import Trading
import Wire

/// An instrument as the engine knows it.
struct InstrumentState: Sendable {
    let id: InstrumentID
    let venue: VenueID
    let event: Int32
    /// The member's place in its event set.
    let ordinal: Int
    let meter: Int32
    let venueMeter: Int32
    var tick: Price
    var lot: Quantity
    var openAt: Timestamp
    var closeAt: Timestamp
    var status: InstrumentStatus
    var isExclusive: Bool
    var isExhaustive: Bool
    var ruleHash: Digest
    /// What the venue has changed the rule to, until that was reviewed.
    var changedRule: Digest?
    /// The value that it was settled at.
    var settledAt: Price?
    /// The touch of the last journalled reference, for marks; zero where a side was empty.
    var bid: Price = .zero
    var ask: Price = .zero
    var markedAt: Timestamp = .zero
    /// What brakes value positions at.
    var mark = RobustMark()
    var volatility = Volatility()
    /// Nil while no limit asks for it, and until a book was seen.
    var close: DayClose?
    /// Until when a breach of its quotes keeps new risk away.
    var guardedUntil: Timestamp = .zero

    /// Without its rule nobody can check that the venue's word holds.
    var isVerifiedExclusive: Bool { isExclusive && ruleHash != .zero }
    var markBid: Price? { bid > .zero ? bid : nil }
    var markAsk: Price? { ask > .zero ? ask : nil }
}

/// An event set of one venue. Sets of different venues never net, even under one name.
struct EventState: Sendable {
    let id: EventSetID
    let venue: VenueID
    let meter: Int32
    var standing: EventStanding
    /// Instruments in the order of their definition.
    var members: [Int32] = []
    var settledMembers = 0
    /// Members of which the venue says that the outcome is contested.
    var disputedMembers = 0
    /// The books of the set, in the order of their scopes' names.
    var books: [Int32] = []
    /// Every member says that they exclude each other, and it is verified.
    var isExclusive = true
    /// Every member says that one of them must pay. Needs two: one alone is never certain.
    var isExhaustive = true

    /// All members are settled and nothing is held any more: what flowed counts no more.
    var isClosed = false

    /// An operator's registry says so, or the venue.
    var isDisputed: Bool { standing.isDisputed || disputedMembers > 0 }
    var isOver: Bool { settledMembers == members.count }
    var isExhaustiveSet: Bool { isExclusive && isExhaustive && members.count > 1 }
}

/// An event set's name at a venue.
struct EventKey: Hashable, Sendable, Comparable {
    let venue: VenueID
    let id: EventSetID

    static func < (lhs: EventKey, rhs: EventKey) -> Bool {
        (lhs.venue, lhs.id) < (rhs.venue, rhs.id)
    }
}
