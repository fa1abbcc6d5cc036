package import Trading
package import Wire

/// How far one scope's equity may fall below its highest, and what follows. Fractions are decimals
/// with nine digits.
package struct DrawdownRule: Sendable, Hashable, BitwiseCopyable {
    package static let one: Int64 = 1_000_000_000

    /// From this drawdown on, sizes shrink.
    package var soft: Int64
    /// At this drawdown the scope is halted; nil where no drawdown halts it.
    package var hard: Int64?
    /// What is left of the sizes at least, until the halt.
    package var floor: Int64
    /// What is left of the sizes between a halt and the next high.
    package var probation: Int64
    /// How long a halt lasts; nil where only a person ends it.
    package var cooldown: Span?

    package init(
        soft: Int64? = nil, hard: Int64?, floor: Int64 = one / 10, probation: Int64 = one / 2,
        cooldown: Span? = nil
    ) {
        self.soft = min(max(soft ?? hard ?? 0, 0), hard ?? .max)
        self.hard = hard
        self.floor = min(max(floor, 0), DrawdownRule.one)
        self.probation = min(max(probation, 0), DrawdownRule.one)
        self.cooldown = cooldown
    }
}

/// The brake of one scope: full size near the highest equity, less below `soft`, none at `hard`,
/// and half of it from the end of a halt until the next high.
///
/// After a halt the highest equity starts again at the present one; only limits on losses remember
/// more than that.
package struct DrawdownBrake: Sendable, Hashable, BitwiseCopyable {
    package private(set) var phase: BrakePhase = .normal
    package private(set) var equity: Money = .zero
    /// The highest equity since the last halt.
    package private(set) var peak: Money = .zero
    /// The end of the halt; `.max` where only a person ends it.
    package private(set) var until: Timestamp = .zero

    package init() {}

    package init(phase: BrakePhase, equity: Money, peak: Money, until: Timestamp) {
        self.phase = phase
        self.equity = equity
        self.peak = peak
        self.until = until
    }

    /// Takes the equity of now. A halt whose time is over ends only if it may.
    package mutating func observe(
        _ equity: Money, at now: Timestamp, _ rule: DrawdownRule, mayResume: Bool
    ) {
        self.equity = equity
        if phase == .halted {
            if mayResume, now >= until { resume() }
            return
        }
        if equity > peak {
            peak = equity
            phase = .normal
        }
        guard let hard = rule.hard else {
            if phase == .reduced { phase = .normal }
            return
        }
        if isBeyond(hard, orAt: true) {
            halt(at: now, rule)
        } else if phase != .probation {
            phase = isBeyond(rule.soft, orAt: false) ? .reduced : .normal
        }
    }

    /// Halts, whatever the reason.
    package mutating func halt(at now: Timestamp, _ rule: DrawdownRule) {
        phase = .halted
        until = rule.cooldown.map { now + $0 } ?? .distantFuture
    }

    /// Ends a halt on probation.
    package mutating func resume() {
        phase = .probation
        peak = equity
        until = .zero
    }

    /// Money came from outside or left: the drawdown stays the fraction that it was.
    package mutating func rebase(from before: Money, to after: Money) {
        if before > .zero, after > .zero {
            let scaled = Int128(peak.units) * Int128(after.units)
            peak = Money(
                units: Int64(clamping: divide(scaled, by: Int128(before.units), .up)))
        } else {
            peak = Money(units: Int64(clamping: Int128(peak.units) + gap(before, after)))
        }
    }

    private func gap(_ before: Money, _ after: Money) -> Int128 {
        Int128(after.units) - Int128(before.units)
    }

    /// The fall below the highest equity as a fraction of it; all of it where there was nothing.
    package var drawdown: (part: Int128, whole: Int128) {
        let fall = max(0, gap(equity, peak))
        if fall == 0 { return (0, 1) }
        return peak > .zero ? (fall, Int128(peak.units)) : (1, 1)
    }

    private func isBeyond(_ fraction: Int64, orAt: Bool) -> Bool {
        let (part, whole) = drawdown
        let scaled = part * Int128(DrawdownRule.one)
        let bound = whole * Int128(fraction)
        return orAt ? scaled >= bound && part > 0 : scaled > bound
    }

    /// What is left of every size limit, as a fraction.
    package func multiplier(_ rule: DrawdownRule) -> (part: Int128, whole: Int128) {
        let one = Int128(DrawdownRule.one)
        guard phase != .halted else { return (0, 1) }
        var range: Int128 = 1
        var part = one
        if let hard = rule.hard, hard > rule.soft, isBeyond(rule.soft, orAt: false) {
            let (fallen, whole) = drawdown
            range = whole * Int128(hard - rule.soft)
            let excess = fallen * one - whole * Int128(rule.soft)
            part = max(Int128(rule.floor) * range, one * (range - excess))
        }
        if phase == .probation, part > Int128(rule.probation) * range {
            return (Int128(rule.probation), one)
        }
        return (part, one * range)
    }

    /// The multiplier as a decimal with nine digits, rounded down.
    package func multiplierUnits(_ rule: DrawdownRule) -> Int64 {
        let (part, whole) = multiplier(rule)
        if whole <= Int128(DrawdownRule.one) {
            return Int64(clamping: part * Int128(DrawdownRule.one) / whole)
        }
        return Int64(clamping: part / (whole / Int128(DrawdownRule.one)))
    }
}

extension Timestamp {
    /// No time comes after it.
    static let distantFuture = Timestamp(nanoseconds: .max)
}
