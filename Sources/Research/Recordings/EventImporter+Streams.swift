import Foundation
import MarketSim
import Runtime
import Trading

/// Binance's raw streams.
extension EventImporter {
    /// Depth and trades; best prices alone (`bookTicker`) are in the depth too and are left out.
    func readStreams(into events: inout ImportedEvents) throws(RecordingError) {
        var taken = events
        var touched = TouchedLevels()
        try eachLine { (line, text) throws(RecordingError) in
            let parts = text.split(separator: " ", maxSplits: 1)
            guard parts.count == 2, let localAt = Int64(parts[0]) else {
                throw taken.bad(line, "expected the time of receipt, a space and JSON")
            }
            let object: Any
            do {
                object = try JSONSerialization.jsonObject(with: Data(parts[1].utf8))
            } catch { throw taken.bad(line, "no JSON: \(error.localizedDescription)") }
            guard let whole = object as? [String: Any] else {
                throw taken.bad(line, "no message of a combined stream")
            }
            if whole["lastUpdateId"] != nil {
                return try snapshot(whole, touched, localAt, line, &taken)
            }
            guard let message = whole["data"] as? [String: Any] else {
                throw taken.bad(line, "no message of a combined stream")
            }
            switch message["e"] as? String {
            case "depthUpdate": try depth(message, localAt, line, &touched, &taken)
            case "trade": try trade(message, localAt, line, &taken)
            default: taken.skip()
            }
        }
        events = taken
    }

    private func depth(
        _ message: [String: Any], _ localAt: Int64, _ line: Int,
        _ touched: inout TouchedLevels, _ events: inout ImportedEvents
    ) throws(RecordingError) {
        let time = (message["T"] ?? message["E"]) as? NSNumber
        guard let symbol = message["s"] as? String, let time = time?.int64Value,
            let bids = message["b"] as? [[String]], let asks = message["a"] as? [[String]]
        else { throw events.bad(line, "a depth update without its symbol, time or levels") }
        let market = try events.instrument(symbol, line: line)
        touched.market = market
        let update = (message["u"] as? NSNumber)?.int64Value ?? 0
        let levels = bids.map { (true, $0) } + asks.map { (false, $0) }
        for (place, (isBuy, level)) in levels.enumerated() {
            guard level.count == 2, let price = Price(decimal: level[0]),
                let quantity = Quantity(decimal: level[1]), !quantity.isNegative
            else { throw events.bad(line, "a level that is no price and quantity: \(level)") }
            touched.note(isBuy, price, update)
            events.add(
                .level, market, venueAt: time * 1_000_000, localAt: localAt, price: price,
                quantity: quantity, isBuy: isBuy, continues: place + 1 < levels.count, line: line)
        }
    }

    /// The whole book as it was at one update, asked for while updates were coming: a level that a
    /// later update has set stays as it is.
    private func snapshot(
        _ message: [String: Any], _ touched: TouchedLevels, _ localAt: Int64, _ line: Int,
        _ events: inout ImportedEvents
    ) throws(RecordingError) {
        guard let market = touched.market else {
            throw events.bad(line, "a snapshot before the first update that names its symbol")
        }
        guard let update = (message["lastUpdateId"] as? NSNumber)?.int64Value,
            let time = ((message["T"] ?? message["E"]) as? NSNumber)?.int64Value,
            let bids = message["bids"] as? [[String]], let asks = message["asks"] as? [[String]]
        else { throw events.bad(line, "a snapshot without its update, time or levels") }
        var shown: Set<TouchedLevels.Level> = []
        for (isBuy, level) in bids.map({ (true, $0) }) + asks.map({ (false, $0) }) {
            guard level.count == 2, let price = Price(decimal: level[0]),
                let quantity = Quantity(decimal: level[1]), quantity > .zero
            else { throw events.bad(line, "a level that is no price and quantity: \(level)") }
            shown.insert(TouchedLevels.Level(isBuy: isBuy, price: price))
            guard !touched.isNewer(isBuy, price, than: update) else { continue }
            events.add(
                .level, market, venueAt: time * 1_000_000, localAt: localAt, price: price,
                quantity: quantity, isBuy: isBuy, line: line)
        }
        for level in touched.before(update) where !shown.contains(level) {
            events.add(
                .level, market, venueAt: time * 1_000_000, localAt: localAt, price: level.price,
                isBuy: level.isBuy, line: line)
        }
    }

    private func trade(
        _ message: [String: Any], _ localAt: Int64, _ line: Int, _ events: inout ImportedEvents
    ) throws(RecordingError) {
        guard let symbol = message["s"] as? String,
            let time = (message["T"] as? NSNumber)?.int64Value,
            let price = (message["p"] as? String).flatMap({ Price(decimal: $0) }),
            let quantity = (message["q"] as? String).flatMap({ Quantity(decimal: $0) }),
            let isBuyerMaker = message["m"] as? Bool
        else { throw events.bad(line, "a trade without its symbol, time, price, size or side") }
        guard quantity > .zero, price > .zero else { return events.skip() }
        let market = try events.instrument(symbol, line: line)
        events.add(
            .trade, market, venueAt: time * 1_000_000, localAt: localAt, price: price,
            quantity: quantity, isBuy: !isBuyerMaker, line: line)
    }
}

/// The levels that updates have set, with the newest update of each.
private struct TouchedLevels {
    struct Level: Hashable {
        let isBuy: Bool
        let price: Price
    }

    var market: UInt16?
    private var updates: [Level: Int64] = [:]

    mutating func note(_ isBuy: Bool, _ price: Price, _ update: Int64) {
        updates[Level(isBuy: isBuy, price: price)] = update
    }

    func isNewer(_ isBuy: Bool, _ price: Price, than update: Int64) -> Bool {
        updates[Level(isBuy: isBuy, price: price)].map { $0 > update } ?? false
    }

    /// What was set by an update not after this one, in order.
    func before(_ update: Int64) -> [Level] {
        updates.filter { $0.value <= update }.map(\.key)
            .sorted { ($0.isBuy ? 0 : 1, $0.price) < ($1.isBuy ? 0 : 1, $1.price) }
    }
}
