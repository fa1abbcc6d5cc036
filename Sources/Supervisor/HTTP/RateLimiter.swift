import Synchronization
import Trading

/// How often each token may ask, and how often all those without one may fail together.
final class RateLimiter: Sendable {
    private struct Bucket {
        var tokens: Double
        var at: Trading.Span
    }

    static let perSecond = 50.0
    static let burst = 100.0
    private static let namesMax = AccessTokens.grantsMax + 1
    private let buckets = Mutex<[String: Bucket]>([:])

    /// Whether `name` may ask once more; `now` is monotonic. The empty name is that of all who are
    /// nobody.
    func admits(_ name: String, at now: Trading.Span) -> Bool {
        buckets.withLock { buckets in
            // Names that are gone take no room for ever.
            if buckets.count >= RateLimiter.namesMax, buckets[name] == nil { buckets = [:] }
            var bucket = buckets[name] ?? Bucket(tokens: RateLimiter.burst, at: now)
            let passed = Double(now.nanoseconds - bucket.at.nanoseconds) / 1e9
            bucket.tokens = min(
                RateLimiter.burst, bucket.tokens + max(0, passed) * RateLimiter.perSecond)
            bucket.at = now
            let isAdmitted = bucket.tokens >= 1
            if isAdmitted { bucket.tokens -= 1 }
            buckets[name] = bucket
            return isAdmitted
        }
    }
}
