import Foundation
import Runtime
import Signals
import Trading

/// Final polls of general elections since 1998: our races beside the plain mean of all margins.
/// Both are fitted on elections before 2016 and scored from 2016 on.
enum PollStudy {
    /// A race of the file with what came of it.
    private struct Race {
        let id: String
        let office: String
        let year: Int
        let election: CivilTime
        var polls: [(day: CivilTime, poll: RacePoll, place: String)] = []
        /// The mean of margins, in points, as the baseline takes it.
        var margins: [Double] = []
        let margin: Double
        /// The first candidate's share of the two in the vote.
        let share: Double
    }

    private static let offices = ["Pres-G", "Sen-G", "Gov-G", "House-G"]
    private static let firstTestYear = 2016

    static func run(_ input: Study.Input) throws -> [StudyReport] {
        let dataset = try input.folder.dataset("politics/raw_polls_with_results_1998_2022.csv")
        let races = try races(dataset, input.asOf)
        let past = races.filter { $0.year < firstTestYear }
        var terms = RaceModel.Terms(offices: [:])
        var deviations: [String: Double] = [:]
        for office in offices {
            let own = past.filter { $0.office == office && $0.margin != 0 }
            terms.offices[office] = try fit(own, input.asOf)
            deviations[office] = fitDeviation(own)
        }
        let elections = past.map { $0.election.moment.nanoseconds }
        guard let first = elections.min(), let last = elections.max() else { return [] }
        let window = first...last
        return try offices.map { office in
            var board = Scoreboard(["races", "mean of margins", "even"])
            let deviation = deviations[office] ?? 5
            let model = RaceModel(terms, window: window)
            for race in races
            where race.office == office && race.year >= firstTestYear && race.margin != 0 {
                let forecast = try forecast(race, model, input.asOf)
                let baseline = baseline(race, deviation)
                board.add(
                    Scoreboard.Row(
                        cluster: Int64(race.year), outcome: race.margin > 0 ? .index(0) : .index(1),
                        forecasts: [
                            [forecast, 1 - forecast], [baseline, 1 - baseline], [0.5, 0.5],
                        ]))
            }
            let office = office.replacingOccurrences(of: "-G", with: "")
            return StudyReport(
                title: "\(office): final polls, elections from 2016 on", board: board,
                datasets: [dataset], parameters: model.parameters,
                notes: [
                    String(format: "deviation of the baseline %.2f points, ", deviation)
                        + "fitted on elections before 2016",
                    "races of a year share their errors: intervals and evidence count years",
                ])
        }
    }

    private static func baseline(_ race: Race, _ deviation: Double) -> Double {
        let mean = race.margins.reduce(0, +) / Double(race.margins.count)
        return min(1 - 1e-6, max(1e-6, NormalDistribution.cumulative(mean / deviation)))
    }

    private static func forecast(
        _ race: Race, _ model: RaceModel, _ asOf: AsOf
    ) throws -> Double {
        try learned(race, model, asOf).forecast(race.id, at: race.election.moment).probabilities[0]
    }

    private static func learned(
        _ race: Race, _ model: RaceModel, _ asOf: AsOf
    ) throws -> ModelFeed<RaceModel> {
        var feed = ModelFeed(model)
        for (day, poll, place) in race.polls {
            try feed.take(
                asOf.observed(poll, event: day.moment, ingest: day.moment, at: place))
        }
        return feed
    }

    /// The root mean square of how far the mean of polls was off in past races, in points.
    private static func fitDeviation(_ races: [Race]) -> Double {
        let squares = races.reduce(0) { sum, race in
            let error = race.margins.reduce(0, +) / Double(race.margins.count) - race.margin
            return sum + error * error
        }
        return (squares / Double(races.count)).squareRoot()
    }

    /// The terms under which the shares that came were likeliest.
    private static func fit(_ races: [Race], _ asOf: AsOf) throws -> RaceModel.OfficeTerms {
        func terms(_ point: [Double]) -> RaceModel.OfficeTerms {
            RaceModel.OfficeTerms(
                systematic: exp(point[0]), house: exp(point[1]), pull: exp(point[2]))
        }
        let office = races.first?.office ?? ""
        var failure: (any Error)?
        let start = [log(0.02), log(0.02), log(0.1)]
        let found = Minimiser.simplex(from: start, scale: [0.4, 0.4, 0.8], stepsMax: 60) { point in
            let model = RaceModel(RaceModel.Terms(offices: [office: terms(point)]))
            do {
                return try races.reduce(0) { sum, race in
                    let learned = try learned(race, model, asOf)
                    guard let (mean, deviation, _) = learned.model.share(of: race.id) else {
                        return sum
                    }
                    return sum
                        + DistributionScores.log(
                            mean: mean, deviation: deviation, outcome: race.share)
                }
            } catch {
                failure = error
                return 0
            }
        }
        if let failure { throw failure }
        return terms(found.point)
    }

    private static func races(_ dataset: Dataset, _ asOf: AsOf) throws -> [Race] {
        let table = try CSVTable(dataset)
        let columns = try [
            "race_id", "year", "type_simple", "pollster", "polldate", "samplesize", "cand1_pct",
            "cand2_pct", "electiondate", "margin_actual", "margin_poll", "cand1_party",
            "cand1_actual",
            "cand2_actual",
        ].map { try table.column($0) }
        var races: [String: Race] = [:]
        for row in table.rows {
            let office = try table.requiredText(row, columns[2])
            guard offices.contains(office) else { continue }
            let id = try table.requiredText(row, columns[0])
            let day = try american(table, row, columns[4])
            let election = try american(table, row, columns[8])
            // The result is known a day later, and the file says it beside every poll.
            try asOf.admit(
                event: day.moment, ingest: election.adding(days: 1).moment, at: table.place(row))
            // Which candidate comes first may follow from the result: the Democrat does here.
            let sign = table.text(row, columns[11]) == "REP" ? -1.0 : 1
            let one = try table.required(row, columns[6])
            let two = try table.required(row, columns[7])
            guard one + two > 0, one > 0, two > 0 else { continue }
            let share = sign > 0 ? one / (one + two) : two / (one + two)
            let year = Int(try table.required(row, columns[1]))
            let margin = sign * (try table.required(row, columns[9]))
            let votes = try (table.required(row, columns[12]), table.required(row, columns[13]))
            let voted = (sign > 0 ? votes.0 : votes.1) / (votes.0 + votes.1)
            var race =
                races[id]
                ?? Race(
                    id: id, office: office, year: year, election: election, margin: margin,
                    share: voted)
            race.margins.append(sign * (try table.required(row, columns[10])))
            race.polls.append(
                (
                    day,
                    RacePoll(
                        race: id, office: office, house: try table.requiredText(row, columns[3]),
                        share: share, sampleSize: try table.number(row, columns[5]) ?? 500,
                        daysLeft: Double(max(0, election.day - day.day))), table.place(row)
                ))
            races[id] = race
        }
        return races.values.map { race in
            var race = race
            race.polls.sort { ($0.day.day, $0.place) < ($1.day.day, $1.place) }
            return race
        }.sorted { ($0.election.day, $0.id) < ($1.election.day, $1.id) }
    }

    /// `10/13/1998`.
    private static func american(
        _ table: CSVTable, _ row: CSVTable.Row, _ column: CSVTable.Column
    ) throws -> CivilTime {
        let text = try table.requiredText(row, column)
        let parts = text.split(separator: "/").compactMap { Int($0) }
        guard parts.count == 3, (1...12).contains(parts[0]),
            parts[1] >= 1, parts[1] <= CivilTime.days(inMonth: parts[0], of: parts[2])
        else { throw table.bad(row, column, "expected a day such as 10/13/1998, found `\(text)`") }
        return CivilTime(year: parts[2], month: parts[0], day: parts[1])
    }
}
