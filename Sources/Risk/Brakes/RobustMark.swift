import Trading

/// Where an instrument was last worth something that can be trusted: what brakes value positions
/// at. Limits on orders never use it.
///
/// A sane spread moves it to the middle. A wider one, or a side alone, proves only that the value
/// is not beyond the touch: it moves the mark no further than that. An empty, stale or crossed
/// book moves nothing, and in the settlement window nothing does.
struct RobustMark: Sendable, Hashable, BitwiseCopyable {
    /// Nil until the first sane spread or the first fill of ours.
    var trusted: Price?
    /// The market is over and not settled: positions count a haircut less.
    var isSettling = false
    /// How much less, per contract.
    var haircut = Price.zero

    /// A spread up to this is sane where no limit says otherwise.
    static let spreadMax: Int64 = 100_000_000

    mutating func observe(bid: Price, ask: Price, spreadMax: Int64) {
        if isSettling { return }
        let hasBoth = bid > .zero && ask > .zero
        if hasBoth, bid >= ask { return }
        if hasBoth, ask.units - bid.units <= spreadMax {
            trusted = Price(units: bid.units / 2 + ask.units / 2 + (bid.units & ask.units & 1))
            return
        }
        guard var mark = trusted else { return }
        if bid > .zero { mark = max(mark, bid) }
        if ask > .zero { mark = min(mark, ask) }
        trusted = mark
    }

    /// What a position is worth, rounded down.
    func worth(of quantity: Quantity) -> Money {
        guard !quantity.isZero, let trusted else { return .zero }
        var mark = trusted.units
        if isSettling {
            mark = quantity.isNegative ? mark + haircut.units : mark - haircut.units
            mark = min(max(mark, 0), Price.scale)
        }
        let product = Int128(mark) * Int128(quantity.units)
        return Money(units: Int64(clamping: divide(product, by: Int128(Price.scale), .down)))
    }
}
