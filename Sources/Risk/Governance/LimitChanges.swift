package import Trading
package import Wire

/// One limit's change. Nil is a limit that is not stated.
package struct LimitEdit: Sendable, Hashable, CustomStringConvertible {
    package let place: LimitPlace
    package let was: Int64?
    package let value: Int64?

    /// How many a proposal may have.
    package static let countMax = 128

    package init(place: LimitPlace, was: Int64?, value: Int64?) {
        self.place = place
        self.was = was
        self.value = value
    }

    package var description: String {
        "\(place): \(LimitEdit.text(was)) -> \(LimitEdit.text(value))"
    }

    /// The change as a proposal states it; nil where it names no scope.
    package init?(_ entry: LimitProposal.ChangesEntry) {
        guard let scope = ScopeKey(entry) else { return nil }
        place = LimitPlace(scope, entry.kind)
        was = entry.wasStated.isSet ? entry.was : nil
        value = entry.isStated.isSet ? entry.value : nil
    }

    private static func text(_ value: Int64?) -> String {
        value.map { Quantity(units: $0).description } ?? "none"
    }
}

/// A proposal with everything that it says.
package struct ProposedLimits: Sendable, Equatable {
    package let head: LimitProposal
    package let changes: [LimitProposal.ChangesEntry]
    package let reason: String

    package init(decoding frame: [UInt8]) throws(WireError) {
        head = try LimitProposal(decoding: frame)
        changes = try LimitProposal.changes(in: frame)
        reason = String(decoding: try LimitProposal.reason(in: frame), as: UTF8.self)
    }
}

/// A change as the core has taken it: its signatures hold.
struct SignedLimits {
    let change: LimitChange
    let signers: [ShortName]
    let proposal: ProposedLimits

    init(decoding frame: [UInt8]) throws(WireError) {
        change = try LimitChange(decoding: frame)
        signers = try LimitChange.signatures(in: frame).map(\.operator)
        proposal = try ProposedLimits(decoding: LimitChange.proposal(in: frame))
    }
}

/// Who changed a limit last.
package struct LimitOrigin: Sendable, Hashable {
    package let version: UInt64
    /// By the wall clock of the core.
    package let at: Timestamp
    package let signer: ShortName
    /// Empty where one person could do it.
    package let cosigner: ShortName
    /// What the configuration said of it when it last counted; nil where it said nothing.
    package let configured: Int64?
}

/// A change that loosens and waits for its time.
struct PendingLimits: Sendable, Hashable {
    let effectiveAt: Timestamp
    /// The frame of LimitChange.
    let frame: [UInt8]
}

/// The operators and how many of them it takes to loosen.
package struct OperatorRoster: Sendable, Hashable {
    package let quorum: UInt32
    /// In the order of their names.
    package let names: [ShortName]

    package init(quorum: UInt32, names: [ShortName]) {
        self.quorum = quorum
        self.names = names.sorted()
    }

    func contains(_ name: ShortName) -> Bool { names.contains(name) }
}

/// What has become of a change of limits, for the log.
package enum LimitNotice: Sendable, Hashable {
    case inForce(version: UInt64, edits: [LimitEdit], signers: [ShortName], reason: String)
    case waits(until: Timestamp, edits: [LimitEdit], signers: [ShortName], reason: String)
    /// Another version came into force before its time.
    case superseded
    case expired(at: Timestamp)
}

extension ScopeKey {
    /// The scope of a change; nil where it names none.
    init?(_ entry: LimitProposal.ChangesEntry) {
        self.init(
            LimitSet(
                kind: entry.kind, level: entry.level, org: entry.org, account: entry.account,
                mode: entry.mode, strategy: entry.strategy, venue: entry.venue,
                instrument: entry.instrument, eventSet: entry.eventSet, value: entry.value,
                snapshot: 0))
    }
}

extension ScopeKey {
    /// The scope of a limit that somebody changed; nil where the record names none.
    init?(_ record: SnapshotLimitOrigin) {
        self.init(
            LimitSet(
                kind: record.kind, level: record.level, org: record.org, account: record.account,
                mode: record.mode, strategy: record.strategy, venue: record.venue,
                instrument: record.instrument, eventSet: record.eventSet, value: 0, snapshot: 0))
    }
}

extension LimitProposal.ChangesEntry {
    /// The change as a proposal states it.
    package init(_ edit: LimitEdit) {
        let scope = edit.place.scope
        self.init(
            kind: edit.place.kind, level: scope.level, org: scope.org, account: scope.account,
            mode: scope.mode, strategy: scope.strategy, venue: scope.venue,
            instrument: scope.instrument, eventSet: scope.eventSet,
            wasStated: Flag(edit.was != nil), was: edit.was ?? 0,
            isStated: Flag(edit.value != nil), value: edit.value ?? 0)
    }
}
