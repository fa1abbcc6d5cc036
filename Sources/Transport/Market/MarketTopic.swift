package import Trading

/// What a message of a market channel is about: an instrument's name or a fixed word such as
/// `tick`.
package struct MarketTopic: LongIdentifier {
    package let name: LongName
    package init(name: LongName) { self.name = name }

    /// Every topic.
    package static let all = MarketTopic(name: .empty)
    /// What publishers send on their own: heartbeats.
    package static let channel = MarketTopic("_channel") ?? .all

    /// The topic of an instrument.
    package init(_ instrument: InstrumentID) { name = instrument.name }
}

/// Why what was received from a market channel is no longer trusted.
package enum MarketGap: Sendable, Hashable {
    /// The publisher is new, or it was restarted.
    case restarted(Incarnation)
    /// So many messages were lost.
    case lost(UInt64)
    /// The channel was silent for longer than its timeout.
    case silent
}
