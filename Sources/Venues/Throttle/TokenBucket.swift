package import Trading

/// A rate limit as venues bill it: tokens flow in evenly up to a capacity, a call takes some.
///
/// Pure: time is an argument and must come from one monotonic clock.
package struct TokenBucket: Sendable {
    private let tokensPerSecond: Int64
    private let capacity: Int64
    /// Tokens in units of 10⁻⁹, so that nothing is lost between two calls.
    private var filled: Int128
    private var updatedAt: Span
    private var blockedUntil = Span.zero

    /// A full bucket. It holds what flows in during `burst`.
    package init(tokensPerSecond: Int64, burst: Span, now: Span) {
        precondition(tokensPerSecond > 0, "a rate must be positive, got \(tokensPerSecond)")
        precondition(burst.nanoseconds > 0, "a burst must be positive, got \(burst)")
        self.tokensPerSecond = tokensPerSecond
        let held = Int128(tokensPerSecond) * Int128(burst.nanoseconds) / 1_000_000_000
        capacity = Int64(max(held, 1))
        filled = Int128(capacity) * 1_000_000_000
        updatedAt = now
    }

    /// Takes `cost` tokens when that leaves at least `reserve` in the bucket.
    package mutating func take(_ cost: Int64, leaving reserve: Int64 = 0, now: Span) -> Bool {
        precondition(cost >= 0 && reserve >= 0, "a cost cannot be negative: \(cost), \(reserve)")
        refill(now)
        guard now >= blockedUntil else { return false }
        guard filled >= Int128(cost + reserve) * 1_000_000_000 else { return false }
        filled -= Int128(cost) * 1_000_000_000
        return true
    }

    /// The venue said that it was too much: nothing goes out for `span`.
    package mutating func block(for span: Span, now: Span) {
        refill(now)
        filled = 0
        blockedUntil = max(blockedUntil, now + span)
    }

    /// Whole tokens that are there now.
    package func available(now: Span) -> Int64 {
        var copy = self
        copy.refill(now)
        return now >= blockedUntil ? Int64(copy.filled / 1_000_000_000) : 0
    }

    private mutating func refill(_ now: Span) {
        guard now > updatedAt else { return }
        let elapsed = Int128(now.nanoseconds - updatedAt.nanoseconds)
        filled = min(
            filled + elapsed * Int128(tokensPerSecond), Int128(capacity) * 1_000_000_000)
        updatedAt = now
    }
}
