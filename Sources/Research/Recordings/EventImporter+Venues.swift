import Foundation
import MarketSim
import Runtime
import Trading

/// What venues' own data say.
extension EventImporter {
    // MARK: Kalshi's best prices

    /// The columns of the two kinds of files, by their header.
    private struct BestColumns {
        let timestamp: Int
        let ticker: Int
        let bid: Int
        let ask: Int
        let sizes: (bid: Int, ask: Int)?
        /// Prices are in cents, else in dollars.
        let isCents: Bool

        init?(header: [Substring]) {
            func place(_ name: Substring) -> Int? { header.firstIndex(of: name) }
            guard let timestamp = place("timestamp") else { return nil }
            self.timestamp = timestamp
            if let ticker = place("market_ticker"), let bid = place("best_yes_bid"),
                let ask = place("implied_yes_ask")
            {
                (self.ticker, self.bid, self.ask) = (ticker, bid, ask)
                sizes = nil
                isCents = true
            } else if let ticker = place("ticker"), let bid = place("best_bid_price"),
                let ask = place("best_ask_price"), let bidSize = place("best_bid_size"),
                let askSize = place("best_ask_size")
            {
                (self.ticker, self.bid, self.ask) = (ticker, bid, ask)
                sizes = (bidSize, askSize)
                isCents = false
            } else {
                return nil
            }
        }
    }

    private struct Best: Equatable {
        var price = Price.zero
        var size = Quantity.zero
    }

    /// Our time alone was recorded: it stands for the venue's too.
    func readBestPrices(into events: inout ImportedEvents) throws(RecordingError) {
        var taken = events
        var columns: BestColumns?
        var width = 0
        var last: [UInt16: (bid: Best, ask: Best)] = [:]
        try eachLine { (line, text) throws(RecordingError) in
            let fields = text.split(separator: ",", omittingEmptySubsequences: false)
            guard let columns else {
                columns = BestColumns(header: fields)
                width = fields.count
                guard columns != nil else {
                    throw RecordingError(
                        .corruptHeader, "\(path):1: these are no columns of best prices")
                }
                return
            }
            guard fields.count == width else {
                throw taken.bad(line, "expected \(width) fields, found \(fields.count)")
            }
            guard let at = ImportedTime.parse(fields[columns.timestamp]) else {
                throw taken.bad(line, "`\(fields[columns.timestamp])` is no time")
            }
            let market = try taken.instrument(fields[columns.ticker], line: line)
            let bid = try best(fields, columns, columns.bid, columns.sizes?.bid, taken, line)
            let ask = try best(fields, columns, columns.ask, columns.sizes?.ask, taken, line)
            let before = last[market] ?? (Best(), Best())
            last[market] = (bid, ask)
            // What retreats goes first, so that the book is not crossed in between.
            move(market, isBuy: true, from: before.bid, to: bid, at: at, line, &taken)
            move(market, isBuy: false, from: before.ask, to: ask, at: at, line, &taken)
        }
        events = taken
    }

    private func best(
        _ fields: [Substring], _ columns: BestColumns, _ price: Int, _ size: Int?,
        _ events: ImportedEvents, _ line: Int
    ) throws(RecordingError) -> Best {
        if fields[price].isEmpty { return Best() }
        guard let value = Price(decimal: fields[price]) else {
            throw events.bad(line, "`\(fields[price])` is no price")
        }
        let dollars = columns.isCents ? Price(units: value.units / 100) : value
        // A side without an order is written as nothing or a whole dollar.
        if dollars <= .zero || dollars >= .one { return Best() }
        guard let size else { return Best(price: dollars, size: unknownSize) }
        guard let quantity = Quantity(decimal: fields[size]), !quantity.isNegative else {
            throw events.bad(line, "`\(fields[size])` is no size")
        }
        return quantity.isZero ? Best() : Best(price: dollars, size: quantity)
    }

    private func move(
        _ market: UInt16, isBuy: Bool, from before: Best, to after: Best, at: Int64, _ line: Int,
        _ events: inout ImportedEvents
    ) {
        guard before != after else { return }
        if !before.size.isZero, before.price != after.price {
            events.add(
                .level, market, venueAt: at, localAt: at, price: before.price, isBuy: isBuy,
                continues: !after.size.isZero, line: line)
        }
        guard !after.size.isZero else { return }
        events.add(
            .level, market, venueAt: at, localAt: at, price: after.price, quantity: after.size,
            isBuy: isBuy, line: line)
    }

    // MARK: Kalshi's deltas

    /// The feed has no snapshot, so what rested before is unknown: totals start at nothing, and
    /// what would go below is cut off and counted.
    func readDeltas(into events: inout ImportedEvents) throws(RecordingError) {
        struct Level: Hashable {
            let market: UInt16
            let isBuy: Bool
            let price: Price
        }
        var taken = events
        var totals: [Level: Quantity] = [:]
        try eachLine { (line, text) throws(RecordingError) in
            let fields = text.split(separator: "\t", omittingEmptySubsequences: false)
            guard fields.count == 6 else {
                throw taken.bad(line, "expected 6 fields, found \(fields.count)")
            }
            // The logger wrote New York's summer time.
            guard let localAt = ImportedTime.parse(fields[0], hoursBehind: 4),
                let venueAt = ImportedTime.parse(fields[5])
            else { throw taken.bad(line, "a time that cannot be read") }
            guard fields[2] == "yes" || fields[2] == "no" else {
                throw taken.bad(line, "a side is `yes` or `no`, found `\(fields[2])`")
            }
            guard let price = Price(decimal: fields[3]), price > .zero, price < .one,
                let change = Quantity(decimal: fields[4])
            else { throw taken.bad(line, "a price or change that cannot be read") }
            let isBuy = fields[2] == "yes"
            let level = Level(
                market: try taken.instrument(fields[1], line: line), isBuy: isBuy,
                price: isBuy ? price : price.complement)
            let total = (totals[level] ?? .zero) + change
            if total.isNegative { taken.noteClamped() }
            totals[level] = max(.zero, total)
            taken.add(
                .level, level.market, venueAt: venueAt, localAt: localAt, price: level.price,
                quantity: max(.zero, total), isBuy: isBuy, line: line)
        }
        events = taken
    }
}

/// Times as loggers write them.
package enum ImportedTime {
    /// `2026-03-21T22:21:01.84205Z` or `2026-03-21 18:21:04,082` in nanoseconds since 1970; a time
    /// without a zone is so many hours behind UTC.
    package static func parse(_ text: Substring, hoursBehind: Int64 = 0) -> Int64? {
        let bytes = Array(text.utf8)
        func number(_ range: Range<Int>) -> Int64? {
            guard range.upperBound <= bytes.count else { return nil }
            var value: Int64 = 0
            for byte in bytes[range] {
                guard byte >= 0x30, byte <= 0x39 else { return nil }
                value = value * 10 + Int64(byte - 0x30)
            }
            return value
        }
        guard bytes.count >= 19, let year = number(0..<4), let month = number(5..<7),
            let day = number(8..<10), let hour = number(11..<13), let minute = number(14..<16),
            let second = number(17..<19), (1...12).contains(month), (1...31).contains(day),
            hour < 24, minute < 60, second < 61
        else { return nil }
        var rest = bytes[19...]
        let isZoned = rest.last == UInt8(ascii: "Z")
        if isZoned { rest = rest.dropLast() }
        var fraction: Int64 = 0
        if let point = rest.first {
            guard point == UInt8(ascii: ".") || point == UInt8(ascii: ","),
                (2...10).contains(rest.count),
                let digits = number(rest.startIndex + 1..<rest.endIndex)
            else { return nil }
            fraction = (rest.count..<10).reduce(digits) { value, _ in value * 10 }
        }
        let days = daysFromCivil(year, month, day)
        let zone = isZoned ? 0 : hoursBehind * 3_600
        return (days * 86_400 + hour * 3_600 + minute * 60 + second + zone) * 1_000_000_000
            + fraction
    }

    /// Howard Hinnant's civil-to-days algorithm (chrono-Compatible Low-Level Date Algorithms).
    private static func daysFromCivil(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let era = shifted / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }
}
