import Trading

/// Says of each request and each message whether something goes wrong with it. Lives on the venue's
/// one event loop; all chance follows from the plan's seed and from how many it has seen.
final class FaultDirector {
    /// What becomes of a request.
    struct RequestFate {
        /// How long it waits before the venue looks at it.
        var wait = Span.zero
        /// What it is answered with instead of being looked at.
        var refusal: FaultPlan.Kind?
        /// How long the answer waits.
        var answerWait = Span.zero
        /// The venue acts and the connection is closed.
        var isUnanswered = false
        /// What went wrong with it, for the log.
        var kinds: [FaultPlan.Kind] = []
    }

    /// What becomes of a message of a stream.
    enum MessageFate {
        case told
        case lost
        case twice
        /// After the one that follows it.
        case late
    }

    private let plan: FaultPlan
    private let origin: Timestamp
    /// How many requests or messages each fault has been asked about.
    private var counts: [UInt64]

    init(_ plan: FaultPlan, origin: Timestamp) {
        self.plan = plan
        self.origin = origin
        counts = plan.faults.map { _ in 0 }
    }

    func request(_ name: String, at now: Timestamp) -> RequestFate {
        var fate = RequestFate()
        for (index, fault) in plan.faults.enumerated() {
            switch fault.kind {
            case .slowRequests, .slowAnswers, .throttled, .failing, .unanswered: break
            case .silent, .dropped, .doubled, .reordered, .skewed, .crumbs, .retrying: continue
            }
            guard fault.isAbout(now - origin, name), let drawn = draw(index) else { continue }
            switch fault.kind {
            case .slowRequests: fate.wait = fate.wait + span(fault, drawn)
            case .slowAnswers: fate.answerWait = fate.answerWait + span(fault, drawn)
            case .throttled, .failing: fate.refusal = fault.kind
            case .unanswered: fate.isUnanswered = true
            case .silent, .dropped, .doubled, .reordered, .skewed, .crumbs, .retrying: continue
            }
            fate.kinds.append(fault.kind)
        }
        return fate
    }

    /// The fate of a message, and what went wrong with it.
    func message(_ name: String, at now: Timestamp) -> (fate: MessageFate, kind: FaultPlan.Kind?) {
        for (index, fault) in plan.faults.enumerated() {
            let fate: MessageFate
            switch fault.kind {
            case .silent, .dropped: fate = .lost
            case .doubled: fate = .twice
            case .reordered: fate = .late
            case .slowRequests, .slowAnswers, .throttled, .failing, .unanswered, .skewed, .crumbs,
                .retrying:
                continue
            }
            guard fault.isAbout(now - origin, name), draw(index) != nil else { continue }
            return (fate, fault.kind)
        }
        return (.told, nil)
    }

    /// By how much the venue's clock is wrong.
    func skew(_ name: String, at now: Timestamp) -> Span {
        standing(.skewed, name, at: now).reduce(.zero) { $0 + $1.high }
    }

    /// Whether a fault that is about all or nothing stands at a moment.
    func stands(_ kind: FaultPlan.Kind, at now: Timestamp) -> Bool {
        !standing(kind, nil, at: now).isEmpty
    }

    private func standing(
        _ kind: FaultPlan.Kind, _ name: String?, at now: Timestamp
    ) -> [FaultPlan.Fault] {
        plan.faults.filter { $0.kind == kind && $0.isAbout(now - origin, name) }
    }

    /// The next number of a fault where it comes about; nil where it does not.
    private func draw(_ index: Int) -> UInt64? {
        counts[index] += 1
        // SplitMix64's finaliser (Steele, Lea and Flood 2014) over seed, fault and count.
        let mixed = [UInt64(index), counts[index]].reduce(plan.seed) { state, word in
            var mixed = (state ^ word) &+ 0x9E37_79B9_7F4A_7C15
            mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
            return mixed ^ (mixed >> 31)
        }
        return Double(mixed >> 11) * 0x1p-53 < plan.faults[index].rate ? mixed : nil
    }

    /// A length between the fault's bounds.
    private func span(_ fault: FaultPlan.Fault, _ drawn: UInt64) -> Span {
        let width = UInt64(fault.high.nanoseconds - fault.low.nanoseconds) + 1
        return Span(nanoseconds: fault.low.nanoseconds + Int64((drawn >> 1) % width))
    }
}
