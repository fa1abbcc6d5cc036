import Trading
import Wire

/// A name in the registry: one event set of a venue, or all whose names begin so.
struct RegistryKey: Sendable, Hashable, Comparable, BitwiseCopyable {
    let venue: VenueID
    let eventSet: EventSetID
    let isPattern: Bool

    init(venue: VenueID, eventSet: EventSetID, isPattern: Bool) {
        self.venue = venue
        self.eventSet = eventSet
        self.isPattern = isPattern
    }

    func covers(_ event: EventKey) -> Bool {
        guard venue == event.venue else { return false }
        return isPattern
            ? event.id.description.hasPrefix(eventSet.description) : event.id == eventSet
    }

    static func < (lhs: RegistryKey, rhs: RegistryKey) -> Bool {
        if lhs.isPattern != rhs.isPattern { return rhs.isPattern }
        return (lhs.venue, lhs.eventSet) < (rhs.venue, rhs.eventSet)
    }
}

/// What is known of an event set beyond the venue's own word.
struct EventStanding: Sendable {
    var lifecycle: LifecycleState
    /// The exclusivity that the venue states was verified, and so was that one member must pay.
    var isExclusive: Bool
    var isExhaustive: Bool
    var resolution: ResolutionState = .open
    /// Zero where the instrument's close says it.
    var resolvesAt: Timestamp = .zero
    /// How long before it orders only reduce.
    var window: Span = .zero
    /// The buckets of events that may all go wrong together.
    var links: [Int32] = []
    /// Rules that were reviewed; empty where none is demanded.
    var rules: [Digest] = []

    var isDisputed: Bool { resolution != .open }

    /// Where there is no registry, the venue's definitions hold.
    static let asDefined = EventStanding(
        lifecycle: .tradable, isExclusive: true, isExhaustive: true)
    /// What a registry does not name is only watched, and nets nothing.
    static let unmapped = EventStanding(
        lifecycle: .watchOnly, isExclusive: false, isExhaustive: false)
}

/// Events that may all go wrong together: their worst losses are added, in every scope.
struct LinkBucket: Sendable {
    let name: LongName
    /// By the scope's node.
    private var losses: [Money] = []

    init(name: LongName) { self.name = name }

    subscript(node: Int32) -> Money {
        get { node >= 0 && Int(node) < losses.count ? losses[Int(node)] : .zero }
        set {
            while losses.count <= Int(node) { losses.append(.zero) }
            losses[Int(node)] = newValue
        }
    }

    mutating func clear() { losses = [] }
}

/// The operators' signed statement of what may be traded, as far as it was taken.
struct Registry: Sendable {
    var version: UInt64 = 0
    var digest: Digest = .zero
    var signer: ShortName = .empty
    /// Statements that were announced and have not come. Until they have, nothing is tradable.
    var awaited: UInt32 = 0
    var sets: [RegistryKey: RegisteredSet] = [:]
    var buckets: [LinkBucket] = []

    struct RegisteredSet: Sendable {
        let statement: RegistrySet
        var standing: EventStanding
    }

    var exists: Bool { version > 0 }
    var isWhole: Bool { exists && awaited == 0 }

    /// What holds of an event set: its own statement, else the longest pattern's.
    func standing(of event: EventKey) -> EventStanding {
        guard exists else { return .asDefined }
        guard isWhole else { return .unmapped }
        let own = RegistryKey(venue: event.venue, eventSet: event.id, isPattern: false)
        if let set = sets[own] { return set.standing }
        let patterns = sets.filter { $0.key.isPattern && $0.key.covers(event) }
        // Of two prefixes of one name the longer comes later in the order of names.
        let longest = patterns.max { $0.key < $1.key }
        return longest?.value.standing ?? .unmapped
    }

    mutating func bucket(_ name: LongName) -> Int32 {
        if let known = buckets.firstIndex(where: { $0.name == name }) { return Int32(known) }
        buckets.append(LinkBucket(name: name))
        return Int32(buckets.count - 1)
    }
}
