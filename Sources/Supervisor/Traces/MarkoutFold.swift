import Risk
import Trading

/// Where the market stood some time after each fill, against its price, in its favour: what of the
/// edge was still there. Measured at the mark that the core trusted then; a horizon that ends after
/// the market was settled is measured at what it paid.
///
/// Pure, as the fold that it is a part of.
struct MarkoutFold: Sendable {
    /// Of all markouts that are shown.
    static let horizons: [Span] = [.seconds(5), .seconds(30), .seconds(300)]

    private struct Awaited {
        let order: OrderID
        let trade: VenueReference
        let side: Side
        let price: Price
        let filledAt: Timestamp
        var horizon = 0

        var dueAt: Timestamp { filledAt + MarkoutFold.horizons[horizon] }
    }

    private var awaited: [InstrumentID: [Awaited]] = [:]
    /// The last trusted marks of the instruments that are waited for.
    private var marks: [InstrumentID: Price] = [:]
    private var nextDueAt = Timestamp(nanoseconds: .max)

    /// Waits for a fill's markouts; a fill that is repeated while it is waited for counts once.
    mutating func wait(for fill: FillRow, mark: Price?) {
        guard fill.finality != .busted else {
            awaited[fill.instrument]?.removeAll {
                $0.order == fill.order && $0.trade == fill.trade
            }
            return
        }
        let isKnown = awaited[fill.instrument]?.contains {
            $0.order == fill.order && $0.trade == fill.trade
        }
        if isKnown == true { return }
        let one = Awaited(
            order: fill.order, trade: fill.trade, side: fill.side, price: fill.price,
            filledAt: fill.at)
        awaited[fill.instrument, default: []].append(one)
        marks[fill.instrument] = mark
        nextDueAt = min(nextDueAt, one.dueAt)
    }

    /// Whether an instrument's marks are of interest.
    func isWaiting(for instrument: InstrumentID) -> Bool { awaited[instrument] != nil }

    /// The trusted mark of an instrument after an entry.
    mutating func note(_ mark: Price?, of instrument: InstrumentID) {
        guard isWaiting(for: instrument) else { return }
        marks[instrument] = mark
    }

    /// The markouts whose horizons ended before a moment, at the marks that stood until then.
    mutating func measure(before now: Timestamp) -> [TraceChange] {
        guard now > nextDueAt else { return [] }
        var changes: [TraceChange] = []
        for instrument in awaited.keys.sorted() {
            changes += measure(instrument, before: now, at: marks[instrument])
        }
        nextDueAt = awaited.values.joined().map(\.dueAt).min() ?? Timestamp(nanoseconds: .max)
        return changes
    }

    /// The market is over: what is still awaited is measured at what it paid.
    mutating func settle(_ instrument: InstrumentID, at value: Price) -> [TraceChange] {
        measure(instrument, before: Timestamp(nanoseconds: .max), at: value)
    }

    private mutating func measure(
        _ instrument: InstrumentID, before end: Timestamp, at mark: Price?
    ) -> [TraceChange] {
        guard var waiting = awaited[instrument] else { return [] }
        var changes: [TraceChange] = []
        for index in waiting.indices {
            while waiting[index].horizon < MarkoutFold.horizons.count, waiting[index].dueAt < end {
                let fill = waiting[index]
                // Without a mark that can be trusted a horizon passes unmeasured.
                if let mark {
                    changes.append(
                        .markout(
                            MarkoutRow(
                                order: fill.order, trade: fill.trade, horizon: fill.horizon,
                                gain: Price(
                                    units: fill.side.sign * (mark.units - fill.price.units)))))
                }
                waiting[index].horizon += 1
            }
        }
        waiting.removeAll { $0.horizon == MarkoutFold.horizons.count }
        awaited[instrument] = waiting.isEmpty ? nil : waiting
        if waiting.isEmpty { marks[instrument] = nil }
        return changes
    }
}
