import Trading

/// How the venue has answered an account's orders of late. Kept by account, so that what one org's
/// orders meet shuts nobody else out.
struct VenueHealth: Sendable {
    /// The first answer to one order: how long it took, and whether it was a decline.
    struct Answer: Sendable, Hashable, BitwiseCopyable {
        let latency: Span
        let isDeclined: Bool
    }

    /// So many answers are kept, oldest first.
    static let answersMax = 64
    /// Fewer say nothing yet.
    static let answersMin = 8

    private(set) var answers: [Answer] = []
    /// Until when a breach keeps new risk away.
    var guardedUntil: Timestamp = .zero

    mutating func add(_ answer: Answer) {
        if answers.count == VenueHealth.answersMax { answers.removeFirst() }
        answers.append(answer)
    }

    /// A new beginning: what was seen before the dwell is over no longer counts.
    mutating func clear() { answers = [] }

    /// The share of declines, in units of 1e-9; nil while there are too few answers.
    var declines: Int64? {
        guard answers.count >= VenueHealth.answersMin else { return nil }
        return Int64(answers.count(where: \.isDeclined)) * 1_000_000_000 / Int64(answers.count)
    }

    /// What nineteen of twenty answers took at most, in nanoseconds; nil while there are too few.
    var latency: Int64? {
        guard answers.count >= VenueHealth.answersMin else { return nil }
        let sorted = answers.map(\.latency.nanoseconds).sorted()
        return sorted[(sorted.count * 95 + 99) / 100 - 1]
    }
}
