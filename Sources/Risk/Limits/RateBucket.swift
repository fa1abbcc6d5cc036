import Trading

/// A token bucket in market time, kept as one moment: when the bucket will be full again.
///
/// This is the generic cell rate algorithm (ITU-T I.371): exact in integers and without a timer.
/// Rate and burst are decimals with nine digits.
struct RateBucket: Sendable, Hashable, BitwiseCopyable {
    /// When all tokens will be back.
    private(set) var fullAt = Timestamp(nanoseconds: .min)

    init() {}
    init(fullAt: Timestamp) { self.fullAt = fullAt }

    /// What one more token would bring the use to, in units of 1e-9 tokens; at most `burst` passes.
    func use(at now: Timestamp, rate: Int64) -> Int64 {
        guard rate > 0 else { return .max }
        guard fullAt > now else { return Quantity.scale }
        let wait = Int128(max(fullAt.nanoseconds, now.nanoseconds)) - Int128(now.nanoseconds)
        let tokens = divide(wait * Int128(rate), by: RateBucket.scale, .up)
        return Int64(clamping: tokens + RateBucket.scale)
    }

    /// Takes a token where the bucket has one. Without one nothing changes: who keeps knocking
    /// does not wait longer.
    mutating func take(at now: Timestamp, rate: Int64, burst: Int64) {
        guard use(at: now, rate: rate) <= burst else { return }
        let interval = divide(RateBucket.scale * RateBucket.scale, by: Int128(rate), .up)
        let start = Int128(max(fullAt.nanoseconds, now.nanoseconds))
        fullAt = Timestamp(nanoseconds: Int64(clamping: start + interval))
    }

    /// Keeps the tokens that are used where the rate changes, so that a lower rate never gives any
    /// back.
    mutating func rescale(at now: Timestamp, from old: Int64, to new: Int64) {
        guard fullAt > now, old > 0, new > 0 else { return }
        let wait = Int128(fullAt.nanoseconds) - Int128(now.nanoseconds)
        let scaled = divide(wait * Int128(old), by: Int128(new), .up)
        fullAt = Timestamp(nanoseconds: Int64(clamping: Int128(now.nanoseconds) + scaled))
    }

    private static let scale: Int128 = 1_000_000_000
}
