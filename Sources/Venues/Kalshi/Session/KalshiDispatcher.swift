import Trading

/// Decides which request goes out when: how many at once, within the venue's rates, cancels before
/// everything else. In replay requests simply go one after the other, in the order they came.
struct KalshiDispatcher: Sendable {
    /// A request that goes out now.
    struct Start: Sendable {
        let owner: UInt64
        let request: KalshiRequest
    }

    /// What an answer leads to.
    enum Verdict: Sendable {
        case deliver(owner: UInt64, KalshiAnswer)
        /// The venue asked for less: the request goes out again later.
        case again
    }

    private struct Waiting: Sendable {
        let owner: UInt64
        let request: KalshiRequest
        let since: Span
        var attempts = 0
        var notBefore = Span.zero
    }

    /// What the usual call costs.
    static let cost: Int64 = 10
    /// The share of the write bucket that only cancels may use: a fifth.
    static let reserveShare: Int64 = 5
    static let waitingMax = 10_000
    /// A placement that cannot start within this long is not sent at all.
    static let placementPatience = Span.milliseconds(500)
    static let attemptsMax = 6

    private let concurrency: Int
    private let isReplay: Bool
    private let reserve: Int64
    private var reads: TokenBucket
    private var writes: TokenBucket
    private var waiting: [Waiting] = []
    private var inFlight: [UInt64: Waiting] = [:]
    private var backoff = KalshiDispatcher.backoffMin

    private static let backoffMin = Span.milliseconds(250)
    private static let backoffMax = Span.seconds(8)

    init(_ configuration: KalshiConfiguration, now: Span) {
        concurrency = configuration.concurrency
        isReplay = configuration.isReplay
        // The write bucket holds two seconds.
        let capacity = configuration.writeTokensPerSecond * 2
        reserve = capacity / KalshiDispatcher.reserveShare
        reads = TokenBucket(
            tokensPerSecond: configuration.readTokensPerSecond, burst: .seconds(1), now: now)
        writes = TokenBucket(
            tokensPerSecond: configuration.writeTokensPerSecond, burst: .seconds(2), now: now)
    }

    var isIdle: Bool { waiting.isEmpty && inFlight.isEmpty }

    /// Takes a request of `owner`, who has one at a time. Nil, or why it is not sent.
    mutating func add(_ request: KalshiRequest, owner: UInt64, now: Span) -> String? {
        guard waiting.count < KalshiDispatcher.waitingMax else {
            return "too many requests wait already"
        }
        if !isReplay, request.lane == .placement {
            guard writes.take(KalshiDispatcher.cost, leaving: reserve, now: now) else {
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
    mutating func finish(owner: UInt64, _ answer: KalshiAnswer, now: Span) -> Verdict {
        guard var request = inFlight.removeValue(forKey: owner) else {
            preconditionFailure("an answer to request \(owner), which is not in flight")
        }
        guard case .response(429, _) = answer else {
            backoff = KalshiDispatcher.backoffMin
            return .deliver(owner: owner, answer)
        }
        let wait = backoff
        backoff = min(backoff * 2, KalshiDispatcher.backoffMax)
        if request.request.lane == .read {
            reads.block(for: wait, now: now)
        } else {
            writes.block(for: wait, now: now)
        }
        request.attempts += 1
        // A placement is never repeated: the caller decides whether it is still wanted. In replay
        // the venue's rate may be of market time, which does not pass while we wait.
        guard request.request.lane != .placement, !isReplay,
            request.attempts < KalshiDispatcher.attemptsMax
        else { return .deliver(owner: owner, answer) }
        request.notBefore = now + wait
        waiting.insert(request, at: 0)
        return .again
    }

    private mutating func removeLate(_ now: Span) -> [UInt64] {
        let isLate = { (entry: Waiting) in
            entry.request.lane == .placement
                && now > entry.since + KalshiDispatcher.placementPatience
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
        for lane in [KalshiRequest.Lane.cancel, .placement, .read] {
            // The last place is kept for cancels.
            if lane != .cancel, concurrency > 1, inFlight.count >= concurrency - 1 { return nil }
            let index = waiting.firstIndex { $0.request.lane == lane && $0.notBefore <= now }
            if let index, mayStart(lane, now) { return index }
        }
        return nil
    }

    private mutating func mayStart(_ lane: KalshiRequest.Lane, _ now: Span) -> Bool {
        switch lane {
        // It has its tokens since it was added.
        case .placement: true
        case .cancel: writes.take(KalshiDispatcher.cost, now: now)
        case .read: reads.take(KalshiDispatcher.cost, now: now)
        }
    }
}
