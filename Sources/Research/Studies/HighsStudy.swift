import Foundation
import Runtime
import Signals
import Trading

/// New York's highs as a venue listed them: the climate of the season beside the prices of nine in
/// the evening before, and what trading on it at the touch would have come to.
enum HighsStudy {
    /// The best prices of one bracket in cents, as received.
    private struct Quote {
        let at: Timestamp
        let ticker: String
        let bid: Double
        let ask: Double
    }

    /// A reported high with the morning after it, when it is known.
    private struct High {
        let day: CivilTime
        let known: Timestamp
        let degrees: Double
    }

    private static let prefix = "prediction_markets/kalshi_bbo_KXHIGHNY-"
    private static let stationFile = "weather/ghcn_daily_nyc_central_park_2016_2024.csv"
    /// The recorder's clock: markets open at ten in New York, seven in its files.
    private static let clockBehind: Int64 = 8 * 3_600
    /// Nine in the evening in New York, in winter: seconds of the market's day in Greenwich.
    private static let decision: Int64 = 2 * 3_600
    /// Days of the season on each side.
    private static let season = 15
    /// Contracts of each order.
    private static let contracts: Int64 = 100

    static func run(_ input: Study.Input) throws -> [StudyReport] {
        let station = try input.folder.dataset(stationFile)
        let highs = try highs(station, input.asOf)
        var board = Scoreboard(["season's climate", "market, middle of the touch"])
        var results: [(cluster: Int64, value: Double)] = []
        var orders = 0
        var skipped = 0
        var sets = [station]
        for name in input.folder.files() where name.hasPrefix(prefix) {
            let dataset = try input.folder.dataset(
                name.hasSuffix(".gz") ? String(name.dropLast(3)) : name)
            sets.append(dataset)
            let quotes = try quotes(dataset, input.asOf)
            guard let day = day(name) else {
                throw RecordingError(.unreadable, "\(name): expected a day such as 25DEC10")
            }
            let now = Timestamp(seconds: day.secondsSince1970 + decision)
            var touch: [String: Quote] = [:]
            var last: [String: Quote] = [:]
            for quote in quotes {
                if quote.at <= now { touch[quote.ticker] = quote }
                last[quote.ticker] = quote
            }
            let ladder = ladder(Array(last.keys))
            let book = ladder.compactMap { touch[$0] }
            guard let winner = ladder.firstIndex(where: { (last[$0]?.bid ?? 0) >= 99 }),
                book.count == ladder.count,
                let model = climate(highs, day, now, ladder)
            else {
                skipped += 1
                continue
            }
            let middles = book.map { ($0.bid + $0.ask) / 2 }
            let sum = middles.reduce(0, +)
            board.add(
                Scoreboard.Row(
                    cluster: day.day, outcome: .index(winner),
                    forecasts: [model, middles.map { $0 / sum }]))
            let (net, count) = traded(on: model, book, winner: winner)
            orders += count
            results.append((day.day, net))
        }
        guard !results.isEmpty else {
            throw RecordingError(.missing, "\(prefix)*: no event with a price and an outcome")
        }
        let net = StudyReport.text(Scoreboard.estimate(results))
        return [
            StudyReport(
                title: "New York's highs, nine in the evening before, against the market",
                board: board, datasets: sets, parameters: nil, isOrdered: true,
                price: "market, middle of the touch",
                notes: [
                    "net of fees at the touch, dollars an event: \(net) "
                        + "(\(orders) orders of \(contracts) contracts, \(results.count) events)",
                    "the log score's price is the middle, scaled to one, which nobody could trade; "
                        + "only the net result is at the touch, whatever its size",
                    "\(skipped) events left out: no outcome, price or climate",
                    "the recording has no forecasts, so the agent's own model is not judged here",
                    "intervals are normal; over so few events they are far too narrow",
                ])
        ]
    }

    /// What buying every bracket at the touch that the model finds cheap came to, net of fees, and
    /// in how many orders.
    private static func traded(
        on model: [Double], _ book: [Quote], winner: Int
    ) -> (net: Double, orders: Int) {
        var (net, orders) = (0.0, 0)
        for index in book.indices {
            let paid = index == winner ? 1.0 : 0
            for (p, cents, payout) in [
                (model[index], book[index].ask, paid),
                (1 - model[index], 100 - book[index].bid, 1 - paid),
            ] where cents > 0 && cents < 100 {
                let cost = cents / 100 + fee(cents)
                guard p > cost else { continue }
                net += (payout - cost) * Double(contracts)
                orders += 1
            }
        }
        return (net, orders)
    }

    /// The fee of one contract in dollars, of an order rounded up to the cent.
    private static func fee(_ cents: Double) -> Double {
        let fee = KalshiFees.classic(
            price: Price(units: Int64(cents) * 10_000_000),
            quantity: Quantity(units: contracts * 1_000_000_000), rate: KalshiFees.takerRate)
        return Double(fee.units) / 1e9 / Double(contracts)
    }

    /// `25DEC10` in a file's name.
    private static func day(_ name: String) -> CivilTime? {
        let text = String(name.dropFirst(prefix.count).prefix(7))
        let months = [
            "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC",
        ]
        guard text.count == 7, let year = Int(text.prefix(2)), let day = Int(text.suffix(2)),
            let month = months.firstIndex(of: String(text.dropFirst(2).prefix(3)))
        else { return nil }
        return CivilTime(year: 2_000 + year, month: month + 1, day: day)
    }

    private static func strike(_ ticker: String) -> Double {
        Double(ticker.split(separator: "-").last?.dropFirst() ?? "") ?? .nan
    }

    /// Tickers from the coldest bracket to the warmest.
    private static func ladder(_ tickers: [String]) -> [String] {
        tickers.sorted { strike($0) < strike($1) }
    }

    /// A normal of the same season's highs that were known.
    private static func climate(
        _ highs: [High], _ day: CivilTime, _ now: Timestamp, _ ladder: [String]
    ) -> [Double]? {
        let near = highs.filter { high in
            let apart = abs(high.day.dayOfYear - day.dayOfYear)
            return high.known <= now && min(apart, 365 - apart) <= season
        }.map(\.degrees)
        guard near.count >= 60, ladder.count >= 3 else { return nil }
        let mean = near.reduce(0, +) / Double(near.count)
        let squares = near.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        let deviation = (squares / Double(near.count - 1)).squareRoot()
        let degrees = DegreeBuckets(mean: mean, deviation: deviation)
        // `T40` at the cold end pays below 40, `B40.5` for 40 and 41, the other `T` above.
        let tops = ladder.dropLast().enumerated().map { index, ticker in
            index == 0 ? Int(strike(ticker)) - 1 : Int(strike(ticker) + 0.5)
        }
        let levels = [0] + tops.map { degrees.atMost($0) } + [1]
        return zip(levels, levels.dropFirst()).map { $1 - $0 }
    }

    private static func highs(_ dataset: Dataset, _ asOf: AsOf) throws -> [High] {
        let table = try CSVTable(dataset)
        let date = try table.column("DATE")
        let high = try table.column("TMAX")
        return try table.rows.compactMap { row in
            let day = try table.day(row, date)
            // Reported by ten in New York in the morning after.
            let known = day.adding(days: 1).moment + .seconds(15 * 3_600)
            try asOf.admit(event: day.moment, ingest: known, at: table.place(row))
            return try table.number(row, high).map { High(day: day, known: known, degrees: $0) }
        }
    }

    private static func quotes(_ dataset: Dataset, _ asOf: AsOf) throws -> [Quote] {
        let table = try CSVTable(dataset)
        let time = try table.column("timestamp")
        let ticker = try table.column("market_ticker")
        let bid = try table.column("best_yes_bid")
        let ask = try table.column("implied_yes_ask")
        return try table.rows.map { row in
            let text = try table.requiredText(row, time)
            guard let clock = CivilTime(String(text.prefix(16))), text.count >= 19,
                let second = Int64(text.dropFirst(17).prefix(2))
            else {
                throw table.bad(row, time, "expected a time, found `\(text)`")
            }
            // Up to the next whole second: no quote counts as known before it was.
            let at = Timestamp(seconds: clock.secondsSince1970 + second + 1 + clockBehind)
            try asOf.admit(event: at, ingest: at, at: table.place(row))
            return Quote(
                at: at, ticker: try table.requiredText(row, ticker),
                bid: try table.required(row, bid), ask: try table.required(row, ask))
        }
    }
}
