import Foundation
import Runtime
import Signals
import Trading

/// Economic figures of a year with what was expected of them: our surprises beside a normal with
/// the deviation of the past ones.
enum ReleaseStudy {
    /// A figure of the file.
    private struct Release {
        let moment: Timestamp
        let figure: PublishedFigure
        let place: String
    }

    private static let headline: Set = [
        "CPI m/m", "Non-Farm Employment Change", "Unemployment Rate", "Unemployment Claims",
    ]

    static func run(_ input: Study.Input) throws -> [StudyReport] {
        let dataset = try input.folder.dataset("macro/fxcalendar_usd_2019_2020.csv")
        let releases = try releases(dataset, input.asOf)
        let names = ["Student-t surprises", "normal, past deviation", "even"]
        var all = Scoreboard(names)
        var few = Scoreboard(names)
        var feed = ModelFeed(SurpriseModel())
        var past: [String: [Double]] = [:]
        for release in releases {
            let figure = release.figure
            let surprises = past[figure.series] ?? []
            // A baseline with a deviation of its own needs two surprises.
            if surprises.count >= 2 {
                let row = row(figure, surprises, feed, at: release.moment)
                all.add(row)
                if headline.contains(figure.series) { few.add(row) }
            }
            past[figure.series, default: []].append(figure.actual - figure.consensus)
            try feed.take(
                input.asOf.observed(
                    figure, event: release.moment, ingest: release.moment, at: release.place))
        }
        let note = "November 2019 to October 2020: the surprises of a pandemic"
        return [
            StudyReport(
                title: "CPI, payrolls, unemployment and claims in five buckets", board: few,
                datasets: [dataset], parameters: feed.model.parameters, isOrdered: true,
                notes: [note]),
            StudyReport(
                title: "Every figure with a consensus in five buckets", board: all,
                datasets: [dataset], parameters: feed.model.parameters, isOrdered: true,
                notes: [note]),
        ]
    }

    /// Five buckets around the consensus: as expected, one or two printing units off, and beyond.
    private static func row(
        _ figure: PublishedFigure, _ surprises: [Double], _ feed: ModelFeed<SurpriseModel>,
        at moment: Timestamp
    ) -> Scoreboard.Row {
        let edges = [-2.5, -0.5, 0.5, 2.5].map { figure.consensus + $0 * figure.unit }
        let question = FigureQuestion(
            series: figure.series, consensus: figure.consensus, unit: figure.unit, edges: edges)
        let ours = feed.forecast(question, at: moment).probabilities
        let squares = surprises.reduce(0) { $0 + $1 * $1 }
        let deviation = max(figure.unit / 2, (squares / Double(surprises.count)).squareRoot())
        let levels =
            [0]
            + edges.map { NormalDistribution.cumulative(($0 - figure.consensus) / deviation) }
            + [1]
        let normal = zip(levels, levels.dropFirst()).map { $1 - $0 }
        let outcome = edges.firstIndex { figure.actual < $0 } ?? edges.count
        let day = moment.nanoseconds / 86_400_000_000_000
        return Scoreboard.Row(
            cluster: day, outcome: .index(outcome),
            forecasts: [ours, normal, [Double](repeating: 0.2, count: 5)])
    }

    private static func releases(_ dataset: Dataset, _ asOf: AsOf) throws -> [Release] {
        let table = try CSVTable(dataset)
        let date = try table.column("event_dt_utc")
        let event = try table.column("event")
        let columns = (try table.column("actual"), try table.column("forecast"))
        var releases: [Release] = []
        for row in table.rows {
            let text = try table.requiredText(row, date)
            guard text.hasSuffix("+00:00"), let time = CivilTime(String(text.prefix(16))) else {
                throw table.bad(row, date, "expected a time in UTC, found `\(text)`")
            }
            try asOf.admit(event: time.moment, ingest: time.moment, at: table.place(row))
            guard let actual = table.text(row, columns.0).flatMap(number),
                let forecast = table.text(row, columns.1).flatMap(number)
            else { continue }
            releases.append(
                Release(
                    moment: time.moment,
                    figure: PublishedFigure(
                        series: try table.requiredText(row, event), consensus: forecast.value,
                        actual: actual.value, unit: min(actual.unit, forecast.unit)),
                    place: table.place(row)))
        }
        return releases.enumerated().sorted {
            ($0.element.moment, $0.offset) < ($1.element.moment, $1.offset)
        }.map(\.element)
    }

    /// `-1.4M` as its value and printing unit; nil for what is no single figure.
    private static func number(_ text: String) -> (value: Double, unit: Double)? {
        var digits = text[...]
        var factor = 1.0
        let factors: [Character: Double] = ["K": 1e3, "M": 1e6, "B": 1e9, "T": 1e12, "%": 1]
        if let last = digits.last, let known = factors[last] {
            factor = known
            digits = digits.dropLast()
        }
        guard let value = Double(digits), value.isFinite else { return nil }
        let decimals = digits.split(separator: ".", omittingEmptySubsequences: false)
        let places = decimals.count == 2 ? decimals[1].count : 0
        return (value * factor, factor * pow(10, -Double(places)))
    }
}
