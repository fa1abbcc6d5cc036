import Foundation
import Runtime
import Signals

/// The weather service's highs of the evening before, in 160 cities over a year: six buckets of two
/// degrees as markets list them, beside the forecast with one scatter for all and the climate.
enum TemperatureStudy {
    /// A station's day.
    private struct Day {
        let day: CivilTime
        let station: String
        let forecast: Double
        let actual: Double
        let place: String
    }

    /// Days of the network before the first is scored.
    private static let warmup: Int64 = 30
    /// A day's high is reported in the next morning, so the evening before a day knows the highs of
    /// up to two days before it.
    private static let delay: Int64 = 2

    static func run(_ input: Study.Input) throws -> [StudyReport] {
        let dataset = try input.folder.dataset("weather/nws_forecast_vs_actual_2021_2022.csv")
        let days = try days(dataset, input.asOf)
        guard let first = days.first?.day.day else { return [] }
        var board = Scoreboard(["station forecast", "forecast, one scatter", "last 30 days"])
        var feed = ModelFeed(TemperatureModel())
        var scatter = (count: 0.0, sum: 0.0, squares: 0.0)
        var climate: [String: [Double]] = [:]
        var crps: Sums = (ours: 0, raw: 0, even: 0, climate: 0, count: 0, covered: 0)
        var learned = days.startIndex
        for day in days {
            while learned < days.endIndex, days[learned].day.day <= day.day.day - delay {
                let past = days[learned]
                let known = past.day.adding(days: 1)
                try feed.take(
                    input.asOf.observed(
                        TemperatureOutcome(
                            station: past.station, dayOfYear: past.day.dayOfYear,
                            forecasts: [past.forecast], actual: past.actual),
                        event: past.day.moment, ingest: known.moment, at: past.place))
                let error = past.actual - past.forecast
                scatter = (
                    scatter.count + 1, scatter.sum + error, scatter.squares + error * error
                )
                climate[past.station, default: []].append(past.actual)
                learned += 1
            }
            let recent = Array((climate[day.station] ?? []).suffix(30))
            guard day.day.day >= first + warmup, recent.count >= 20,
                let ours = feed.model.distribution(
                    station: day.station, forecasts: [day.forecast])
            else { continue }
            let whole = Int(day.forecast.rounded())
            let edges = [whole - 4, whole - 2, whole, whole + 2, whole + 4]
            let question = TemperatureQuestion(
                station: day.station, forecasts: [day.forecast], edges: edges)
            let bias = scatter.sum / scatter.count
            let one = (scatter.squares / scatter.count - bias * bias).squareRoot()
            let mean = recent.reduce(0, +) / Double(recent.count)
            let around = recent.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
            let wide = max(1, (around / Double(recent.count - 1)).squareRoot())
            board.add(
                Scoreboard.Row(
                    cluster: day.day.day, outcome: .index(bucket(day.actual, edges)),
                    forecasts: [
                        feed.forecast(question, at: feed.latest).probabilities,
                        masses(edges, day.forecast, one), masses(edges, mean, wide),
                    ]))
            crps.ours += DistributionScores.crps(
                mean: ours.mean, deviation: ours.deviation, outcome: day.actual)
            crps.raw += abs(day.actual - day.forecast)
            crps.even += DistributionScores.crps(
                mean: day.forecast, deviation: one, outcome: day.actual)
            crps.climate += DistributionScores.crps(
                mean: mean, deviation: wide, outcome: day.actual)
            crps.count += 1
            crps.covered += abs(day.actual - ours.mean) <= 1.2815515655446 * ours.deviation ? 1 : 0
        }
        return [report(board, dataset, feed.model.parameters, crps)]
    }

    /// Sums of scores over the forecasts of a study.
    private typealias Sums = (
        ours: Double, raw: Double, even: Double, climate: Double, count: Double, covered: Double
    )

    private static func report(
        _ board: Scoreboard, _ dataset: Dataset, _ parameters: ParameterSet, _ crps: Sums
    ) -> StudyReport {
        let n = crps.count
        return StudyReport(
            title: "Highs of 160 cities, 12 hours ahead, six buckets of two degrees",
            board: board, datasets: [dataset], parameters: parameters,
            isOrdered: true,
            notes: [
                String(
                    format: "CRPS in degrees Fahrenheit: station %.4f, one scatter %.4f, "
                        + "last 30 days %.4f, raw forecast (its absolute error) %.4f",
                    crps.ours / n, crps.even / n, crps.climate / n, crps.raw / n),
                String(format: "80 %% intervals covered %.4f", crps.covered / n),
                "cities of a day share their weather: intervals and evidence count days",
            ])
    }

    private static func bucket(_ actual: Double, _ edges: [Int]) -> Int {
        edges.firstIndex { actual <= Double($0) + 0.5 } ?? edges.count
    }

    private static func masses(
        _ edges: [Int], _ mean: Double, _ deviation: Double
    ) -> [Double] {
        let degrees = DegreeBuckets(mean: mean, deviation: deviation)
        let levels = [0] + edges.map { degrees.atMost($0) } + [1]
        return zip(levels, levels.dropFirst()).map { $1 - $0 }
    }

    private static func days(_ dataset: Dataset, _ asOf: AsOf) throws -> [Day] {
        let table = try CSVTable(dataset)
        let date = try table.column("date")
        let place = (try table.column("city"), try table.column("state"))
        let forecast = try table.column("forecast_hi_prev_PM")
        let actual = try table.column("actual_hi_next_AM")
        var days: [Day] = []
        for row in table.rows {
            let day = try table.day(row, date)
            try asOf.admit(
                event: day.moment, ingest: day.adding(days: 1).moment, at: table.place(row))
            guard let forecast = try table.number(row, forecast),
                let actual = try table.number(row, actual)
            else { continue }
            // Some rows hold what no thermometer showed; the model would refuse them, and so does
            // every baseline here.
            guard abs(actual - forecast) <= 50, (-80...140).contains(actual) else { continue }
            let city = try table.requiredText(row, place.0)
            days.append(
                Day(
                    day: day, station: "\(city) \(table.text(row, place.1) ?? "")",
                    forecast: forecast, actual: actual, place: table.place(row)))
        }
        return days.enumerated().sorted {
            ($0.element.day.day, $0.offset) < ($1.element.day.day, $1.offset)
        }.map(\.element)
    }
}
