import Glibc
package import Trading

/// How long a message is on its way. Every sample is positive or zero, in nanoseconds.
package enum LatencyModel: Sendable, Hashable {
    /// Always the same.
    case constant(Span)
    /// What was measured: at each moment the newest measurement not after it, before the first one
    /// the first. Ascending in time, not empty.
    case recorded([LatencySample])
    /// A floor and a lognormal part beyond it: `median` is that part's, `deviation` its σ.
    case distribution(floor: Span, median: Span, deviation: Double)
    /// Another model, and every `period` a spike that lasts `length` and adds `extra`.
    indirect case spikes(LatencyModel, period: Span, length: Span, extra: Span)
}

/// A measured latency.
package struct LatencySample: Sendable, Hashable, BitwiseCopyable {
    package let at: Timestamp
    package let latency: Span
    package init(at: Timestamp, latency: Span) {
        self.at = at
        self.latency = latency
    }
}

/// A latency model with its own numbers of chance. Spikes count from the first moment asked for, so
/// that a shift of all clocks changes nothing.
struct LatencySource: Sendable {
    private let model: LatencyModel
    private var random: SimRandom
    private var origin: Int64?
    /// Where the last look-up of a recorded latency ended.
    private var cursor = 0

    init(_ model: LatencyModel, seed: UInt64, channel: UInt64) {
        LatencySource.check(model)
        self.model = model
        random = SimRandom(seed: seed, stream: .latency, market: channel)
    }

    /// The latency of a message that leaves at `now`.
    mutating func sample(at now: Int64) -> Int64 {
        if case .constant(let span) = model { return span.nanoseconds }
        let first = origin ?? now
        origin = first
        return sample(model, at: now, since: first)
    }

    private mutating func sample(
        _ model: LatencyModel, at now: Int64, since first: Int64
    ) -> Int64 {
        switch model {
        case .constant(let span): return span.nanoseconds
        case .recorded(let samples):
            if samples[cursor].at.nanoseconds > now { cursor = 0 }
            while cursor + 1 < samples.count, samples[cursor + 1].at.nanoseconds <= now {
                cursor += 1
            }
            return samples[cursor].latency.nanoseconds
        case .distribution(let floor, let median, let deviation):
            let part = Double(median.nanoseconds) * exp(deviation * random.normal())
            return floor.nanoseconds + Int64(min(part, 60e9))
        case .spikes(let base, let period, let length, let extra):
            let usual = sample(base, at: now, since: first)
            let phase = max(0, now - first) % period.nanoseconds
            let isSpike = phase >= period.nanoseconds - length.nanoseconds
            return isSpike ? usual + extra.nanoseconds : usual
        }
    }

    private static func check(_ model: LatencyModel) {
        switch model {
        case .constant(let span): precondition(span >= .zero, "a latency is not negative: \(span)")
        case .recorded(let samples):
            precondition(!samples.isEmpty, "no latency was recorded")
            precondition(samples.allSatisfy { $0.latency >= .zero }, "a latency is not negative")
            precondition(
                zip(samples, samples.dropFirst()).allSatisfy { $0.at <= $1.at }, "ascending")
        case .distribution(let floor, let median, let deviation):
            precondition(floor >= .zero && median >= .zero, "a latency is not negative")
            precondition(deviation >= 0 && deviation.isFinite, "a deviation of \(deviation)")
        case .spikes(let base, let period, let length, let extra):
            check(base)
            precondition(period > .zero && extra >= .zero, "a spike every \(period)")
            precondition(length >= .zero && length <= period, "a spike of \(length)")
        }
    }
}
