/// What may be done with an instrument now.
package enum InstrumentStatus: UInt8, Sendable, BitwiseCopyable, CaseIterable {
    case pending = 1
    case open = 2
    case paused = 3
    case closed = 4
    case settled = 5
    /// The venue has determined the outcome and may still amend it; nothing is paid yet.
    case resolved = 6
    /// Trading is over and the venue says that its outcome is contested; nothing is paid yet.
    case disputed = 7
}

/// How an instrument was settled.
package enum SettlementOutcome: UInt8, Sendable, BitwiseCopyable, CaseIterable {
    case yes = 1
    case no = 2
    /// Both sides are paid a stated value (void, 50-50, fair price).
    case value = 3
}

/// One YES/NO pair at one venue, traded as one instrument with signed quantity.
package struct Instrument: Sendable, Hashable {
    package let id: InstrumentID
    package let venue: VenueID
    package let eventSet: EventSetID
    /// The price grid; positive.
    package let tick: Price
    /// The quantity grid; positive.
    package let lot: Quantity
    package let openAt: Timestamp
    package let closeAt: Timestamp
    package let title: String
    /// SHA-256 of the rule text, hexadecimal, or empty where the venue states no rule.
    package let ruleHash: String

    package init(
        id: InstrumentID, venue: VenueID, eventSet: EventSetID, tick: Price, lot: Quantity,
        openAt: Timestamp, closeAt: Timestamp, title: String, ruleHash: String
    ) {
        precondition(tick.units > 0 && lot.units > 0, "\(id): tick and lot must be positive")
        self.id = id
        self.venue = venue
        self.eventSet = eventSet
        self.tick = tick
        self.lot = lot
        self.openAt = openAt
        self.closeAt = closeAt
        self.title = title
        self.ruleHash = ruleHash
    }
}

/// Instruments whose YES outcomes exclude each other, or one instrument alone.
package struct EventSet: Sendable, Hashable {
    package let id: EventSetID
    package let members: [InstrumentID]
    /// Exactly one member pays YES. When false, "none of them" is a further outcome.
    package let isExhaustive: Bool
    /// Exclusivity is verified; when false no netting is allowed between members.
    package let isExclusive: Bool

    package init(id: EventSetID, members: [InstrumentID], isExhaustive: Bool, isExclusive: Bool) {
        self.id = id
        self.members = members
        self.isExhaustive = isExhaustive
        self.isExclusive = isExclusive
    }
}
