import Trading

/// Which budget a request draws on, and whether it may wait.
package enum RequestLane: Sendable {
    /// Never waits: an order that cannot go now is not sent.
    case placement
    /// Waits, and may use the reserve.
    case cancel
    /// Waits.
    case read
}

protocol DispatchedRequest: Sendable {
    var lane: RequestLane { get }
}

/// What became of a request.
package enum VenueAnswer: Sendable, Hashable {
    case response(status: Int, body: [UInt8])
    /// Nothing left this host.
    case notSent(String)
    /// Something may have left, and no answer came.
    case lost(String)
}

/// What an account may ask of a venue: calls at once, and tokens; the usual call costs ten.
struct RequestBudget: Sendable {
    let concurrency: Int
    let readTokensPerSecond: Int64
    let writeTokensPerSecond: Int64
}

/// Decides which request goes out when: how many at once, within the venue's rates, cancels before
/// everything else. In replay requests simply go one after the other, in the order they came.
struct RequestDispatcher<Request: DispatchedRequest>: Sendable {
    /// A request that goes out now.
    struct Start: Sendable {
        let owner: UInt64
        let request: Request
    }

    /// What an answer leads to.
    enum Verdict: Sendable {
        case deliver(owner: UInt64, VenueAnswer)
        /// The venue asked for less: the request goes out again later.
        case again
    }

    private struct Waiting: Sendable {
        let owner: UInt64
        let request: Request
        let since: Span
        var attempts = 0
        var notBefore = Span.zero
    }

    /// What the usual call costs.
    static var cost: Int64 { 10 }
    /// The share of the write bucket that only cancels may use: a fifth.
    static var reserveShare: Int64 { 5 }
    static var waitingMax: Int { 10_000 }
    /// A placement that cannot start within this long is not sent at all.
    static var placementPatience: Span { .milliseconds(500) }
    static var attemptsMax: Int { 6 }

    private let concurrency: Int
    private let isReplay: Bool
    private let reserve: Int64
    private var reads: TokenBucket
    private var writes: TokenBucket
    private var waiting: [Waiting] = []
    private var inFlight: [UInt64: Waiting] = [:]
    private var backoff = RequestDispatcher.backoffMin

    private static var backoffMin: Span { .milliseconds(250) }
    private static var backoffMax: Span { .seconds(8) }

    init(_ budget: RequestBudget, isReplay: Bool, now: Span) {
        concurrency = budget.concurrency
        self.isReplay = isReplay
        // The write bucket holds two seconds.
        let capacity = budget.writeTokensPerSecond * 2
        reserve = capacity / RequestDispatcher.reserveShare
        reads = TokenBucket(
            tokensPerSecond: budget.readTokensPerSecond, burst: .seconds(1), now: now)
        writes = TokenBucket(
            tokensPerSecond: budget.writeTokensPerSecond, burst: .seconds(2), now: now)
    }

    var isIdle: Bool { waiting.isEmpty && inFlight.isEmpty }

    /// Takes a request of `owner`, who has one at a time. Nil, or why it is not sent.
    mutating func add(_ request: Request, owner: UInt64, now: Span) -> String? {
        guard waiting.count < RequestDispatcher.waitingMax else {
            return "too many requests wait already"
        }
        if !isReplay, request.lane == .placement {
            guard writes.take(RequestDispatcher.cost, leaving: reserve, now: now) else {
                return "throttled: the venue's rate is used up"
            }
        }
        waiting.append(Waiting(owner: owner, request: request, since: now))
        return nil
    }

    /// The requests that may go out now, and the placements that waited too long.
    mutating func start(now: Span) -> (starts: [Start], late: [UInt64]) {
        var starts: [Start] = []
        let late = isReplay ? [] : removeLate(now)
        while inFlight.count < concurrency, let index = nextIndex(now) {
            let next = waiting.remove(at: index)
            inFlight[next.owner] = next
            starts.append(Start(owner: next.owner, request: next.request))
        }
        return (starts, late)
    }

    /// Takes the answer to the request of `owner`.
    mutating func finish(owner: UInt64, _ answer: VenueAnswer, now: Span) -> Verdict {
        guard var request = inFlight.removeValue(forKey: owner) else {
            preconditionFailure("an answer to request \(owner), which is not in flight")
        }
        guard case .response(429, _) = answer else {
            backoff = RequestDispatcher.backoffMin
            return .deliver(owner: owner, answer)
        }
        let wait = backoff
        backoff = min(backoff * 2, RequestDispatcher.backoffMax)
        if request.request.lane == .read {
            reads.block(for: wait, now: now)
        } else {
            writes.block(for: wait, now: now)
        }
        request.attempts += 1
        // A placement is never repeated: the caller decides whether it is still wanted. In replay
        // the venue's rate may be of market time, which does not pass while we wait.
        guard request.request.lane != .placement, !isReplay,
            request.attempts < RequestDispatcher.attemptsMax
        else { return .deliver(owner: owner, answer) }
        request.notBefore = now + wait
        waiting.insert(request, at: 0)
        return .again
    }

    private mutating func removeLate(_ now: Span) -> [UInt64] {
        let isLate = { (entry: Waiting) in
            entry.request.lane == .placement
                && now > entry.since + RequestDispatcher.placementPatience
        }
        let late = waiting.filter(isLate).map(\.owner)
        if !late.isEmpty { waiting.removeAll(where: isLate) }
        return late
    }

    private mutating func nextIndex(_ now: Span) -> Int? {
        if isReplay {
            guard let first = waiting.first, first.notBefore <= now else { return nil }
            return waiting.startIndex
        }
        for lane in [RequestLane.cancel, .placement, .read] {
            // The last place is kept for cancels.
            if lane != .cancel, concurrency > 1, inFlight.count >= concurrency - 1 { return nil }
            let index = waiting.firstIndex { $0.request.lane == lane && $0.notBefore <= now }
            if let index, mayStart(lane, now) { return index }
        }
        return nil
    }

    private mutating func mayStart(_ lane: RequestLane, _ now: Span) -> Bool {
        switch lane {
        // It has its tokens since it was added.
        case .placement: true
        case .cancel: writes.take(RequestDispatcher.cost, now: now)
        case .read: reads.take(RequestDispatcher.cost, now: now)
        }
    }
}
