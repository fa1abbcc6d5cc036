/// An identifier that is a short name of one kind; kinds do not mix.
package protocol ShortIdentifier: Sendable, Hashable, Comparable, BitwiseCopyable,
    CustomStringConvertible
{
    var name: ShortName { get }
    init(name: ShortName)
}

extension ShortIdentifier {
    package static var empty: Self { Self(name: .empty) }
    package init?(_ text: some StringProtocol) {
        guard let name = ShortName(text) else { return nil }
        self.init(name: name)
    }
    package var isEmpty: Bool { name.isEmpty }
    package static func < (lhs: Self, rhs: Self) -> Bool { lhs.name < rhs.name }
    package var description: String { name.description }
}

/// An identifier that is a long name of one kind.
package protocol LongIdentifier: Sendable, Hashable, Comparable, BitwiseCopyable,
    CustomStringConvertible
{
    var name: LongName { get }
    init(name: LongName)
}

extension LongIdentifier {
    package static var empty: Self { Self(name: .empty) }
    package init?(_ text: some StringProtocol) {
        guard let name = LongName(text) else { return nil }
        self.init(name: name)
    }
    package var isEmpty: Bool { name.isEmpty }
    package static func < (lhs: Self, rhs: Self) -> Bool { lhs.name < rhs.name }
    package var description: String { name.description }
}

/// A process of the cluster; equals the User-Id that its CURVE key authenticates as.
package struct ProcessID: ShortIdentifier {
    package let name: ShortName
    package init(name: ShortName) { self.name = name }
}

/// The owner of accounts. Every key starts with it.
package struct OrgID: ShortIdentifier {
    package let name: ShortName
    package init(name: ShortName) { self.name = name }
}

/// An account at a venue. It belongs to one org and is served by one gateway.
package struct AccountID: ShortIdentifier {
    package let name: ShortName
    package init(name: ShortName) { self.name = name }
}

/// A strategy: what an agent trades for, and what budgets and brakes apply to.
package struct StrategyID: ShortIdentifier {
    package let name: ShortName
    package init(name: ShortName) { self.name = name }
}

/// A venue, such as `kalshi`.
package struct VenueID: ShortIdentifier {
    package let name: ShortName
    package init(name: ShortName) { self.name = name }
}

/// An instrument: one YES/NO pair at one venue.
package struct InstrumentID: LongIdentifier {
    package let name: LongName
    package init(name: LongName) { self.name = name }
}

/// A set of instruments whose outcomes exclude each other.
package struct EventSetID: LongIdentifier {
    package let name: LongName
    package init(name: LongName) { self.name = name }
}

/// A counter that only grows, of one kind.
package protocol Counter: Sendable, Hashable, Comparable, BitwiseCopyable,
    CustomStringConvertible
{
    var rawValue: UInt64 { get }
    init(_ rawValue: UInt64)
}

extension Counter {
    package static var zero: Self { Self(0) }
    package var next: Self { Self(rawValue + 1) }
    package static func < (lhs: Self, rhs: Self) -> Bool { lhs.rawValue < rhs.rawValue }
    package var description: String { String(rawValue) }
}

/// An agent's parent order, counted by the agent within one granted incarnation.
package struct IntentID: Counter {
    package let rawValue: UInt64
    package init(_ rawValue: UInt64) { self.rawValue = rawValue }
}

/// An agent's child order request, counted by the agent within one granted incarnation.
package struct RequestID: Counter {
    package let rawValue: UInt64
    package init(_ rawValue: UInt64) { self.rawValue = rawValue }
}

/// One start of a process, granted by the core to an agent.
package struct Incarnation: Counter {
    package let rawValue: UInt64
    package init(_ rawValue: UInt64) { self.rawValue = rawValue }
}

/// An order of the cluster, counted by the core over its whole life. What `explain` takes.
package struct OrderID: Counter {
    package let rawValue: UInt64
    package init(_ rawValue: UInt64) { self.rawValue = rawValue }
}

/// One start of the core; a gateway never accepts a lower one than it has seen.
package struct Epoch: Counter {
    package let rawValue: UInt64
    package init(_ rawValue: UInt64) { self.rawValue = rawValue }
}

/// A lease that a gateway grants the core. Retired leases never come back.
package struct LeaseID: Counter {
    package let rawValue: UInt64
    package init(_ rawValue: UInt64) { self.rawValue = rawValue }
}

/// A permit's number, strictly increasing per (lease, gateway).
package struct PermitSequence: Counter {
    package let rawValue: UInt64
    package init(_ rawValue: UInt64) { self.rawValue = rawValue }
}

/// A position in a stream: messages of a session, updates of a book, entries of a journal.
package struct SequenceNumber: Counter {
    package let rawValue: UInt64
    package init(_ rawValue: UInt64) { self.rawValue = rawValue }
}

/// A tick of market time in replay, counted by the venue that owns it.
package struct TickNumber: Counter {
    package let rawValue: UInt64
    package init(_ rawValue: UInt64) { self.rawValue = rawValue }
}
