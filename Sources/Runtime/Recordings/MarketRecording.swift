import Foundation
package import Trading

/// A recorded market: up or down between two moments, with how it was really resolved.
package struct RecordedMarket: Sendable, Hashable {
    package let slug: String
    package let title: String
    /// The rule text as recorded, or empty.
    package let rules: String
    package let start: Timestamp
    package let end: Timestamp
    /// What one YES (up) contract paid; nil where the market was not resolved.
    package let payout: Price?
    /// The price at the start, where it was recorded.
    package let strike: Price?
    /// The price grid that was recorded at the end of the market's life.
    package let tick: Price

    package init(
        slug: String, title: String, rules: String, start: Timestamp, end: Timestamp,
        payout: Price?, strike: Price?, tick: Price
    ) {
        precondition(start < end, "\(slug): a market starts before it ends")
        self.slug = slug
        self.title = title
        self.rules = rules
        self.start = start
        self.end = end
        self.payout = payout
        self.strike = strike
        self.tick = tick
    }

    package var outcome: SettlementOutcome? {
        payout.map { $0 == .one ? .yes : $0 == .zero ? .no : .value }
    }
}

/// Recorded markets: `crypto/polymarket_btc5m_markets_outcomes_*.jsonl[.gz]` below a directory.
package struct MarketRecording: Sendable, Hashable {
    /// The files in the order of their names.
    package let paths: [String]

    /// The most markets that are held; a year of five-minute markets is 105,120.
    private static let marketCountMax = 200_000

    package init(directory: String) throws(RecordingError) {
        paths = try RecordingFiles.find(
            in: directory, folder: "crypto", prefix: "polymarket_btc5m_markets_outcomes_",
            suffix: ".jsonl")
    }

    /// All markets, sorted by their start, and what was skipped.
    package func rows() throws(RecordingError) -> (markets: [RecordedMarket], RecordingCounts) {
        var markets: [RecordedMarket] = []
        var counts = RecordingCounts()
        for path in paths {
            let reader = try CompressedLineReader(path: path)
            while let line = try reader.next() {
                guard markets.count < MarketRecording.marketCountMax else {
                    throw RecordingError(
                        .unreadable,
                        "\(path):\(reader.lineNumber): more than"
                            + " \(MarketRecording.marketCountMax) markets; split the recording")
                }
                switch MarketRow.parse(line) {
                case .success(let market): markets.append(market)
                case .failure(let refusal):
                    counts.noteCorrupt(path, line: reader.lineNumber, refusal.reason)
                }
            }
        }
        guard !markets.isEmpty else {
            throw RecordingError(.empty, "\(paths[0]): has no market that can be read")
        }
        markets.sort { ($0.start, $0.slug) < ($1.start, $1.slug) }
        counts.rows = markets.count
        return (markets, counts)
    }
}

/// The text form of a market: one JSON object a line.
enum MarketRow {
    struct Refusal: Error {
        let reason: String
    }

    /// The fields of the recording that are used.
    struct Fields: Codable {
        struct Raw: Codable {
            var question: String?
            var description: String?
            var orderPriceMinTickSize: Decimal?
        }
        var slug: String
        var asset: String
        var interval_sec: Int64
        var start_sec: Int64
        var end_sec: Int64
        var resolved: Bool
        var outcome_prices: [String]?
        var strike_value: String?
        var raw: Raw?
    }

    static func parse(_ line: CompressedLineReader.Line) -> Result<RecordedMarket, Refusal> {
        guard case .text(let text) = line else {
            return .failure(Refusal(reason: "line is too long"))
        }
        let fields: Fields
        do {
            fields = try JSONDecoder().decode(Fields.self, from: Foundation.Data(text))
        } catch {
            return .failure(Refusal(reason: "expected a market as a JSON object: \(error)"))
        }
        do throws(Refusal) {
            return .success(try market(fields))
        } catch {
            return .failure(error)
        }
    }

    private static func market(_ fields: Fields) throws(Refusal) -> RecordedMarket {
        guard fields.start_sec > 0, fields.end_sec > fields.start_sec,
            fields.end_sec < 4_102_444_800
        else {
            throw Refusal(reason: "start_sec and end_sec: expected seconds since 1970, in order")
        }
        let strike = try fields.strike_value.map { text throws(Refusal) in
            guard let price = Price(eighteenDecimals: Array(text.utf8)[...]), price.units > 0
            else { throw Refusal(reason: "strike_value: expected an integer of 10⁻¹⁸") }
            return price
        }
        let tickText = fields.raw?.orderPriceMinTickSize.map { "\($0)" } ?? "0.01"
        guard let tick = Price(decimal: tickText), tick.units > 0, tick < .one else {
            throw Refusal(reason: "orderPriceMinTickSize: expected a price step")
        }
        return RecordedMarket(
            slug: fields.slug, title: fields.raw?.question ?? fields.slug,
            rules: fields.raw?.description ?? "", start: Timestamp(seconds: fields.start_sec),
            end: Timestamp(seconds: fields.end_sec), payout: try payout(fields), strike: strike,
            tick: tick)
    }

    /// The payouts of YES and NO must be two prices that sum to one.
    private static func payout(_ fields: Fields) throws(Refusal) -> Price? {
        guard fields.resolved else { return nil }
        let prices = (fields.outcome_prices ?? []).map { Price(decimal: $0) }
        guard prices.count == 2, let yes = prices[0], let no = prices[1],
            !yes.isNegative, !no.isNegative, yes.addingChecked(no) == .one
        else {
            throw Refusal(reason: "outcome_prices: expected two prices that sum to 1")
        }
        return yes
    }
}
