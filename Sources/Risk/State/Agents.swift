import Trading
import Wire

/// A strategy and venue that an agent may trade.
struct Grant: Sendable, Hashable, BitwiseCopyable {
    let strategy: Int32
    let venue: VenueID
}

/// A request that was decided, kept to answer its repetition.
struct DecidedRequest: Sendable, Hashable, BitwiseCopyable {
    let kind: JudgedKind
    /// The request id, or the intent id of an intent.
    let number: UInt64
    let contentHash: UInt64
    let orderID: OrderID
    let reason: RejectReason
    let level: LimitLevel
    let limit: Int64
    let value: Int64
}

/// An agent, what it may trade and what it has asked for.
struct AgentState: Sendable {
    /// How many decided requests are kept for repetitions.
    static let windowCapacity = 256
    /// How many intents an agent may have that are not finished.
    static let intentCapacity = 1_024

    let id: ProcessID
    var incarnation: Incarnation = .zero
    var requestHighWater: UInt64 = 0
    var intentHighWater: UInt64 = 0
    var grants: [Grant] = []
    /// A ring: the oldest stands at `windowStart`.
    var window: [DecidedRequest] = []
    var windowStart = 0
    /// Intents in the order of declaration.
    var intents: [Int32] = []
    var counters = AgentCounters()

    init(id: ProcessID) { self.id = id }

    mutating func remember(_ request: DecidedRequest) {
        if window.count < AgentState.windowCapacity {
            window.append(request)
        } else {
            window[windowStart] = request
            windowStart = (windowStart + 1) % AgentState.windowCapacity
        }
    }

    /// The latest decision on a request of this number, newest first: repetitions come soon.
    func decided(_ kind: JudgedKind, _ number: UInt64) -> DecidedRequest? {
        for age in 1...max(1, window.count) where age <= window.count {
            let index = (windowStart + window.count - age) % window.count
            if window[index].number == number, window[index].kind == kind { return window[index] }
        }
        return nil
    }
}

/// What an agent has asked for and got.
package struct AgentCounters: Sendable, Hashable, BitwiseCopyable {
    package var requested: UInt64 = 0
    package var permitted: UInt64 = 0
    package var rejected: UInt64 = 0
    package var fills: UInt64 = 0

    package init() {}
}

/// An intent's name: an agent's number within an incarnation.
struct IntentKey: Hashable, Sendable, Comparable {
    let agent: ProcessID
    let incarnation: Incarnation
    let id: IntentID

    static func == (lhs: IntentKey, rhs: IntentKey) -> Bool {
        lhs.id.rawValue == rhs.id.rawValue && lhs.agent == rhs.agent
            && lhs.incarnation.rawValue == rhs.incarnation.rawValue
    }

    func _rawHashValue(seed: Int) -> Int {
        var hash = TableHash(seed: seed)
        hash.add(agent.name.high)
        hash.add(agent.name.low)
        hash.add(incarnation.rawValue)
        hash.add(id.rawValue)
        return hash.value
    }

    static func < (lhs: IntentKey, rhs: IntentKey) -> Bool {
        (lhs.agent, lhs.incarnation, lhs.id) < (rhs.agent, rhs.incarnation, rhs.id)
    }
}

/// A parent order: children refer to it, and their sum never exceeds its quantity.
struct IntentState: Sendable {
    let key: IntentKey
    let strategy: Int32
    let instrument: InstrumentID
    /// Where the instrument stood when the intent was declared; it may be gone.
    let place: Int32
    let side: Side
    let quantity: Quantity
    let limitPrice: Price
    let deadline: Timestamp
    /// Children permitted, less what ended without a fill.
    var committed: Quantity = .zero
    /// Children that are not terminal.
    var openChildren: Int = 0
    /// Fills of its children, while a limit counted them.
    var fills: UInt64 = 0

    /// Nothing can follow from the intent any more.
    func isFinished(at now: Timestamp) -> Bool {
        openChildren == 0 && (now > deadline || committed >= quantity)
    }
}
