import Foundation
package import Trading

/// Best quotes of a Kalshi event as they were recorded:
/// `prediction_markets/kalshi_bbo_<EVENT>.csv[.gz]` in cents and
/// `prediction_markets/kalshi_superbowl_<EVENT>_bbo_*.csv[.gz]` in dollars.
///
/// The recordings have no settlements. A market counts as resolved by its last quotes, at 95 cents
/// and above or at 5 and below, and an event only where that leaves one winner.
package struct QuoteRecording: Sendable {
    /// One moment of a market's touch; a side that is not there is nil.
    package struct Quote: Sendable, Hashable {
        /// By the clock of the recorder, whose time zone is not known; read as UTC.
        package let at: Timestamp
        package let bid: Double?
        package let ask: Double?

        /// The middle, where both sides are there.
        package var middle: Double? {
            guard let bid, let ask else { return nil }
            return (bid + ask) / 2
        }

        /// What the quotes say of the value: the middle, or all that one side proves.
        package var value: Double? {
            middle ?? bid.map { max($0, 0.5) } ?? ask.map { min($0, 0.5) }
        }
    }

    /// All quotes of one market, in order.
    package struct Market: Sendable {
        package let ticker: String
        package let quotes: [Quote]

        /// Whether the last quotes call it won or lost; nil where they leave it open.
        package var isWon: Bool? {
            guard let last = quotes.last(where: { $0.bid != nil || $0.ask != nil }) else {
                return nil
            }
            if let bid = last.bid, bid >= 0.95 { return true }
            if let ask = last.ask, ask <= 0.05 { return false }
            return nil
        }
    }

    package let path: String
    package let event: String
    /// In the order of their tickers.
    package let markets: [Market]
    package private(set) var corrupt = 0

    private static let folder = "prediction_markets"
    private static let prefixes = ["kalshi_bbo_", "kalshi_superbowl_"]

    /// The recordings of a directory in the order of their names; none where there are none.
    /// `text` narrows them to those whose file's name has it.
    package static func events(
        in directory: String, named text: String? = nil
    ) throws(RecordingError) -> [QuoteRecording] {
        let place = "\(directory)/\(folder)"
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: place) else {
            return []
        }
        var events: [QuoteRecording] = []
        for name in names.sorted() {
            let isCSV = name.hasSuffix(".csv") || name.hasSuffix(".csv.gz")
            guard isCSV, prefixes.contains(where: { name.hasPrefix($0) }),
                text.map({ name.contains($0) }) ?? true
            else { continue }
            events.append(try QuoteRecording(path: "\(place)/\(name)"))
        }
        return events
    }

    /// Whether each market's end is known and one of them won.
    package var isResolved: Bool {
        markets.allSatisfy { $0.isWon != nil } && markets.count(where: { $0.isWon == true }) == 1
    }

    package init(path: String) throws(RecordingError) {
        let reader = try CompressedLineReader(path: path)
        guard case .text(let header) = try reader.next(),
            let form = Form(header: String(decoding: header, as: UTF8.self))
        else {
            throw RecordingError(.corruptHeader, "\(path):1: is not a recording of quotes")
        }
        var quotes: [String: [Quote]] = [:]
        var corrupt = 0
        while let line = try reader.next() {
            guard case .text(let text) = line, let row = form.row(text) else {
                corrupt += 1
                continue
            }
            quotes[row.ticker, default: []].append(row.quote)
        }
        guard let first = quotes.keys.min(), let end = first.lastIndex(of: "-") else {
            throw RecordingError(.empty, "\(path): has no quote that can be read")
        }
        self.path = path
        self.corrupt = corrupt
        event = String(first[..<end])
        markets = quotes.sorted { $0.key < $1.key }.map { ticker, list in
            Market(ticker: ticker, quotes: list.sorted { $0.at < $1.at })
        }
    }

    /// When the first quote of the event was recorded.
    package var opensAt: Timestamp? { markets.compactMap(\.quotes.first?.at).min() }

    /// By how many whole days the event is moved where its markets are to close before `moment`;
    /// nil where the outcome cannot be told. Whatever is told about the event moves with it.
    package func shift(closingBefore moment: Timestamp) -> Span? {
        guard isResolved, let last = markets.compactMap(\.quotes.last?.at).max() else { return nil }
        let day = Span.seconds(86_400).nanoseconds
        let room = (moment - .seconds(60) - last).nanoseconds
        let days = room >= 0 ? room / day : (room - day + 1) / day
        return Span(nanoseconds: days * day)
    }

    /// The markets as the simulated venue lists them, moved by as many whole days as fit, so that
    /// all of them close before `moment`; none where the outcome cannot be told.
    package func markets(closingBefore moment: Timestamp) -> [RecordedEventMarket] {
        guard let shift = shift(closingBefore: moment),
            let last = markets.compactMap(\.quotes.last?.at).max()
        else { return [] }
        let day = Span.seconds(86_400).nanoseconds
        return markets.compactMap { market in
            guard let opens = market.quotes.first?.at, let isWon = market.isWon else { return nil }
            return RecordedEventMarket(
                ticker: market.ticker, event: event, title: title(of: market),
                rules: "Recorded quotes, moved by \(shift.nanoseconds / day) days.",
                opensAt: opens + shift, closesAt: last + shift + .seconds(1),
                payout: isWon ? .one : .zero, steps: steps(of: market, shift))
        }
    }

    /// A bucket that is open below or above is not told apart by its ticker: the lowest number of
    /// the event is open below.
    private func title(of market: Market) -> String {
        let strike = market.ticker.split(separator: "-").last.map(String.init) ?? ""
        guard strike.hasPrefix("T"), let level = Double(strike.dropFirst()) else {
            return "\(event): \(strike)?"
        }
        let levels = markets.compactMap {
            $0.ticker.split(separator: "-").last.flatMap { Double($0.dropFirst()) }
        }
        return "\(event): \(level == levels.min() ? "<" : ">")\(strike.dropFirst())?"
    }

    /// The middle to half a cent, within what a generated market can show.
    private func steps(of market: Market, _ shift: Span) -> [RecordedEventMarket.Step] {
        var steps: [RecordedEventMarket.Step] = []
        for quote in market.quotes {
            guard let value = quote.value else { continue }
            let fair = min(0.97, max(0.03, (value * 200).rounded() / 200))
            if let before = steps.last {
                if before.value == fair { continue }
                if before.from == quote.at + shift { steps.removeLast() }
            }
            steps.append(.init(from: quote.at + shift, value: fair))
        }
        return steps
    }
}

extension QuoteRecording {
    /// The columns of a recording.
    private enum Form {
        case cents
        case dollars

        init?(header: String) {
            if header.hasPrefix("timestamp,market_ticker,best_yes_bid,best_no_bid,") {
                self = .cents
            } else if header.hasPrefix("timestamp,ticker,best_bid_price,best_bid_size,best_ask") {
                self = .dollars
            } else {
                return nil
            }
        }

        func row(_ text: ArraySlice<UInt8>) -> (ticker: String, quote: Quote)? {
            let fields = text.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
                .map { String(decoding: $0, as: UTF8.self) }
            guard fields.count >= 6, let at = Form.moment(fields[0]), fields[1].contains("-") else {
                return nil
            }
            let (bid, ask): (Double?, Double?) =
                switch self {
                case .cents:
                    (Double(fields[2]).map { $0 / 100 }, Double(fields[5]).map { $0 / 100 })
                case .dollars: (Double(fields[2]), Double(fields[4]))
                }
            func price(_ value: Double?) -> Double? {
                guard let value, value > 0, value < 1 else { return nil }
                return value
            }
            return (fields[1], Quote(at: at, bid: price(bid), ask: price(ask)))
        }

        /// `2026-02-08T14:12:11.706445`.
        static func moment(_ text: String) -> Timestamp? {
            let parts = text.split(separator: ".")
            guard let whole = parts.first, let seconds = Form.seconds(String(whole)) else {
                return nil
            }
            let digits = parts.count > 1 ? parts[1].prefix(6) : "0"
            guard let part = Int64(digits) else { return nil }
            let scale = (0..<(9 - digits.count)).reduce(Int64(1)) { scale, _ in scale * 10 }
            return Timestamp(seconds: seconds) + Span(nanoseconds: part * scale)
        }

        private static func seconds(_ text: String) -> Int64? {
            let numbers = text.split { "-T:".contains($0) }.compactMap { Int32($0) }
            guard text.utf8.count == 19, numbers.count == 6, (1...12).contains(numbers[1]),
                (1...31).contains(numbers[2]), (0...23).contains(numbers[3]),
                (0...59).contains(numbers[4]), (0...60).contains(numbers[5])
            else { return nil }
            var parts = tm()
            parts.tm_year = numbers[0] - 1_900
            parts.tm_mon = numbers[1] - 1
            parts.tm_mday = numbers[2]
            parts.tm_hour = numbers[3]
            parts.tm_min = numbers[4]
            parts.tm_sec = numbers[5]
            return Int64(timegm(&parts))
        }
    }
}
