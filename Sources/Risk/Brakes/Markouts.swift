import Trading
import Wire

/// How a strategy's fills in one instrument fared: where the market stood some time after each,
/// against the price of the fill, in our favour.
struct Markouts: Sendable, Hashable {
    static let horizons: [Span] = [.seconds(5), .seconds(30), .seconds(300)]
    /// How many fills a mean remembers, about.
    static let memory: Int64 = 8
    /// Fills that are waited for at most; those beyond are not measured.
    static let pendingMax = 256

    struct Mean: Sendable, Hashable, BitwiseCopyable {
        var mean = Price.zero
        var fills: UInt32 = 0

        /// Takes one more markout: a plain mean at first, then an exponential one.
        mutating func take(_ markout: Price) {
            fills = fills == .max ? fills : fills + 1
            let weight = min(Int64(fills), Markouts.memory)
            let step = divide(
                Int128(markout.units) - Int128(mean.units), by: Int128(weight), .down)
            mean = Price(units: mean.units + Int64(clamping: step))
        }
    }

    struct Pending: Sendable, Hashable, BitwiseCopyable {
        let side: Side
        let price: Price
        let filledAt: Timestamp
        /// The next horizon that ends.
        var horizon: Int

        var dueAt: Timestamp { filledAt + Markouts.horizons[horizon] }
    }

    var means = [Mean](repeating: Mean(), count: Markouts.horizons.count)
    var pending: [Pending] = []
    /// Until then the strategy only reduces here.
    var blockedUntil = Timestamp.zero
    /// The mean that blocked it.
    var blockedAt = Price.zero

    /// Measures every horizon that ends before `end` at one value.
    mutating func measure(before end: Timestamp, at value: Price) {
        for index in pending.indices {
            while pending[index].horizon < Markouts.horizons.count, pending[index].dueAt < end {
                let fill = pending[index]
                let gain = Price(units: fill.side.sign * (value.units - fill.price.units))
                means[fill.horizon].take(gain)
                pending[index].horizon += 1
            }
        }
        pending.removeAll { $0.horizon == Markouts.horizons.count }
    }

    /// The worst mean over at least `fills` fills; nil where none has so many.
    func worst(of fills: Int64) -> Price? {
        means.filter { Int64($0.fills) >= max(1, fills) }.map(\.mean).min()
    }
}
