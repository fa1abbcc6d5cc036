package import Trading
package import Wire

/// What one control found: that the command passes, or why not. `limit` and `value` are in the
/// bound quantity's own units.
package struct ControlResult: Sendable, Hashable, BitwiseCopyable {
    let word: UInt32
    package let limit: Int64
    package let value: Int64

    @inline(__always) package init(
        outcome: ControlOutcome, reason: RejectReason, level: LimitLevel, limit: Int64,
        value: Int64
    ) {
        word = ControlResult.word(outcome, reason, level)
        self.limit = limit
        self.value = value
    }

    static var notReached: ControlResult {
        @inline(__always) get {
            ControlResult(outcome: .notReached, reason: .none, level: .none, limit: 0, value: 0)
        }
    }
    static var passed: ControlResult {
        @inline(__always) get { passed(.none, limit: 0, value: 0) }
    }

    @inline(__always) static func passed(_ level: LimitLevel, limit: Int64, value: Int64)
        -> ControlResult
    {
        ControlResult(outcome: .passed, reason: .none, level: level, limit: limit, value: value)
    }

    @inline(__always) static func denied(
        _ reason: RejectReason, _ level: LimitLevel = .none, limit: Int64 = 0, value: Int64 = 0
    ) -> ControlResult {
        ControlResult(outcome: .denied, reason: reason, level: level, limit: limit, value: value)
    }

    @inline(__always) var isDenied: Bool { outcome == .denied }

    /// The same denial, which operators let the order past.
    var overridden: ControlResult {
        ControlResult(
            outcome: .overridden, reason: reason, level: level, limit: limit, value: value)
    }
}

/// The decision on an intent, an order request or a cancel request, with what every control found.
/// A plain value without heap storage; `RiskEngine.record` makes it so.
package struct Judgement: Sendable, BitwiseCopyable {
    package let kind: JudgedKind
    package let agent: ProcessID
    package let requestID: RequestID
    package let intentID: IntentID
    package internal(set) var orderID: OrderID = .zero
    package internal(set) var verdict: Verdict = .rejected
    package internal(set) var reason: RejectReason = .none
    package internal(set) var level: LimitLevel = .none
    package internal(set) var limit: Int64 = 0
    package internal(set) var value: Int64 = 0
    package internal(set) var gateway: ProcessID = .empty
    package internal(set) var lease: LeaseID = .zero
    package internal(set) var permit: PermitSequence = .zero
    /// The parent's children so far, this one included.
    package internal(set) var parentCumulative: Quantity = .zero
    package internal(set) var limitSnapshot: UInt64 = 0
    package internal(set) var clientOrderID: VenueReference = .empty
    /// What the controls of `controls` found, in that order.
    var results = InlineArray<48, ControlResult>(repeating: .notReached)

    /// Where the engine that judged found what the command names; never recorded.
    var places = Places()

    /// Indices in the engine, so that a decision that is recorded at once is not looked up again;
    /// −1 for what does not exist, or was decided elsewhere.
    struct Places: Sendable, BitwiseCopyable {
        var agent: Int32 = -1
        var strategy: Int32 = -1
        var instrument: Int32 = -1
        var intent: Int32 = -1
        var path = MeterPath()
    }

    init(kind: JudgedKind, agent: ProcessID, requestID: RequestID, intentID: IntentID) {
        self.kind = kind
        self.agent = agent
        self.requestID = requestID
        self.intentID = intentID
    }

    /// A decision as the journal has it. What the controls found is not needed to record it.
    package init(recorded: Judged) {
        self.init(
            kind: recorded.kind, agent: recorded.agent, requestID: recorded.requestID,
            intentID: recorded.intentID)
        orderID = recorded.orderID
        verdict = recorded.verdict
        reason = recorded.reason
        level = recorded.level
        limit = recorded.limit
        value = recorded.value
        gateway = recorded.gateway
        lease = recorded.lease
        permit = recorded.permit
        parentCumulative = recorded.parentCumulative
        limitSnapshot = recorded.limitSnapshot
        clientOrderID = recorded.clientOrderID
    }

    package var isPermitted: Bool { verdict == .permitted }

    /// What each control found, in order of evaluation.
    package var controls: ControlFindings { ControlFindings(judgement: self) }

    /// What one control found; nil when this kind of command does not meet it.
    package func result(of control: Control) -> ControlResult? {
        let order = ControlTable.order(for: kind)
        return order.firstIndex(of: control).map { results[$0] }
    }

    /// The message that the journal records.
    package func judged(_ envelope: Envelope) -> Judged {
        Judged(
            envelope: envelope, kind: kind, orderID: orderID, requestID: requestID,
            intentID: intentID, agent: agent, verdict: verdict, reason: reason, level: level,
            limit: limit, value: value, gateway: gateway, lease: lease, permit: permit,
            parentCumulative: parentCumulative, limitSnapshot: limitSnapshot,
            clientOrderID: clientOrderID)
    }

    /// Appends the frame that the journal records. Allocates nothing once the writer has grown.
    package func encode(into writer: inout WireWriter, envelope: Envelope) {
        judged(envelope).encode(into: &writer, controls: controls)
    }

    /// The message that the agent gets.
    package func decision(at now: Timestamp) -> Decision {
        Decision(
            kind: kind, requestID: requestID, intentID: intentID, orderID: orderID,
            verdict: verdict, reason: reason, level: level, limit: limit, value: value,
            marketTime: now)
    }
}

/// The entries of a judgement's controls, without an array.
package struct ControlFindings: RandomAccessCollection, Sendable {
    let judgement: Judgement
    private let order: [Control]

    init(judgement: Judgement) {
        self.judgement = judgement
        order = judgement.verdict == .duplicate ? [] : ControlTable.order(for: judgement.kind)
    }

    package var startIndex: Int { 0 }
    package var endIndex: Int { order.count }

    package subscript(index: Int) -> Judged.ControlsEntry {
        let result = judgement.results[index]
        return Judged.ControlsEntry(
            control: order[index], outcome: result.outcome, level: result.level,
            limit: result.limit, value: result.value)
    }
}
