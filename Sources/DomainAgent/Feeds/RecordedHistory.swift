import Foundation
package import Runtime
package import Signals
import Trading

/// Facts about recorded markets out of files that no feed wrote: results of a league, the highs of
/// a station. Each has the moment at which it was known, and nothing that was known only after the
/// first quote of a market is told about it.
///
/// The venue moves recorded events by whole days; what is said about one event moves with it.
package struct RecordedHistory: Sendable {
    /// In the order in which they were known.
    package private(set) var facts: [FeedFact] = []
    /// What is not there or was left out, in sentences.
    package private(set) var notes: [String] = []

    /// What happened on a day is in the papers of the next, at noon in Greenwich at the latest.
    private static let knownAfter = Span.seconds(36 * 3_600)

    private let folder: String

    package init(
        _ parameters: HistoryParameters, in folder: String
    ) throws(RecordingError) {
        self.folder = folder
        guard parameters != HistoryParameters() else { return }
        let until = try SpotRecording(directory: folder).ends().last.receivedAt
        try addGames(parameters, closingBefore: until)
        for climate in parameters.climates { try add(climate, closingBefore: until) }
        // Facts of one moment stay in the order of their file.
        facts = facts.enumerated().sorted {
            ($0.element.ingest, $0.offset) < ($1.element.ingest, $1.offset)
        }.map(\.element)
    }

    // MARK: Games

    private mutating func addGames(
        _ parameters: HistoryParameters, closingBefore until: Timestamp
    ) throws(RecordingError) {
        var opened: [Timestamp] = []
        for fixture in parameters.fixtures {
            let places = try places(ofEventsNamed: fixture.event, closingBefore: until)
            guard let place = places.first(where: { $0.event == fixture.event }) else {
                notes.append("no recorded quotes of \(fixture.event)")
                continue
            }
            opened.append(place.opensAt)
            facts.append(RecordedHistory.fact(of: fixture, at: place))
        }
        guard let results = parameters.results, let first = opened.min() else { return }
        try add(results, knownBefore: first)
    }

    private static func fact(of fixture: HistoryParameters.Fixture, at place: Place) -> FeedFact {
        let told = place.opensAt + place.shift
        let starts = fixture.starts + place.shift
        return FeedFact(
            source: "configuration", kind: "fixture", topic: fixture.event, event: told,
            ingest: told, unit: "minutes",
            values: [
                "minutes": fixture.minutes, "neutral": fixture.isNeutral ? 1 : 0,
                "season": Double(fixture.season), "starts": Double(starts.nanoseconds) / 1e9,
            ], names: ["first": fixture.first, "second": fixture.second])
    }

    private mutating func add(
        _ results: HistoryParameters.Results, knownBefore limit: Timestamp
    ) throws(RecordingError) {
        guard let table = try table(results.file) else { return }
        let date = try table.column("date")
        let season = try table.column("season")
        let neutral = try table.column("neutral")
        let teams = [try table.column("team1"), try table.column("team2")]
        let scores = [try table.column("score1"), try table.column("score2")]
        var late = 0
        for row in table.rows {
            guard let year = try table.number(row, season), Int(year) >= results.from,
                let first = table.text(row, teams[0]), let second = table.text(row, teams[1]),
                let points = try table.number(row, scores[0]),
                let against = try table.number(row, scores[1])
            else { continue }
            let played = try RecordedHistory.day(table, row, date)
            let known = played + RecordedHistory.knownAfter
            guard known <= limit else {
                late += 1
                continue
            }
            facts.append(
                FeedFact(
                    source: "results", kind: "result", topic: "league", event: played,
                    ingest: known, unit: "points",
                    values: [
                        "margin": points - against, "season": year,
                        "neutral": try table.number(row, neutral) ?? 0,
                    ], names: ["first": first, "second": second]))
        }
        note(late, of: results.file)
    }

    // MARK: Climates

    private mutating func add(
        _ climate: HistoryParameters.Climate, closingBefore until: Timestamp
    ) throws(RecordingError) {
        let places = try places(ofEventsNamed: climate.series + "-", closingBefore: until)
        guard !places.isEmpty else {
            notes.append("no recorded quotes of \(climate.series)")
            return
        }
        guard let table = try table(climate.file) else { return }
        let highs = try RecordedHistory.highs(table)
        for place in places {
            guard let day = RecordedHistory.day(ofEvent: place.event) else {
                notes.append("\(place.event): its name does not end in a day such as 25DEC10")
                continue
            }
            let known = highs.filter {
                Timestamp(seconds: $0.day.secondsSince1970) + RecordedHistory.knownAfter
                    <= place.opensAt
            }
            note(highs.count - known.count, of: climate.file)
            let near = known.filter { $0.day.isNear(day, days: Int64(climate.days)) }
            guard let fact = RecordedHistory.fact(climate, near, at: place) else {
                notes.append("\(place.event): too few days of the season in \(climate.file)")
                continue
            }
            facts.append(fact)
        }
    }

    private static func fact(
        _ climate: HistoryParameters.Climate, _ near: [High], at place: Place
    ) -> FeedFact? {
        let years = Set(near.map(\.day.year)).count
        guard near.count >= 30, years >= 3, let last = near.map(\.day.secondsSince1970).max()
        else { return nil }
        let count = Double(near.count)
        let mean = near.reduce(0) { $0 + $1.degrees } / count
        let squares = near.reduce(0) { $0 + ($1.degrees - mean) * ($1.degrees - mean) }
        return FeedFact(
            source: "station", kind: "climate", topic: place.event,
            event: min(Timestamp(seconds: last), place.opensAt) + place.shift,
            ingest: place.opensAt + place.shift, unit: "fahrenheit",
            values: [
                "mean": mean, "deviation": max(1, (squares / (count - 1)).squareRoot()),
                "years": Double(years),
            ], names: ["station": climate.station])
    }

    private struct High {
        let day: CivilTime
        let degrees: Double
    }

    private static func highs(_ table: CSVTable) throws(RecordingError) -> [High] {
        let date = try table.column("DATE")
        let high = try table.column("TMAX")
        var highs: [High] = []
        for row in table.rows {
            guard let degrees = try table.number(row, high) else { continue }
            let day = try day(table, row, date)
            highs.append(
                High(
                    day: CivilTime(secondsSince1970: day.nanoseconds / 1_000_000_000),
                    degrees: degrees))
        }
        return highs
    }

    /// The day in the last part of an event's name: `KXHIGHNY-25DEC10`.
    static func day(ofEvent event: String) -> CivilTime? {
        let months = [
            "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC",
        ]
        guard let part = event.split(separator: "-").last, part.utf8.count == 7,
            let year = Int(part.prefix(2)), let number = Int(part.suffix(2)),
            let month = months.firstIndex(of: String(part.dropFirst(2).prefix(3)))
        else { return nil }
        func padded(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return CivilTime("\(2_000 + year)-\(padded(month + 1))-\(padded(number))")
    }

    // MARK: Files

    /// Where a recorded event lies, by its own clock, and how far the venue moves it.
    private struct Place {
        let event: String
        let opensAt: Timestamp
        let shift: Span
    }

    private func places(
        ofEventsNamed name: String, closingBefore until: Timestamp
    ) throws(RecordingError) -> [Place] {
        var places: [Place] = []
        for quotes in try QuoteRecording.events(in: folder, named: name) {
            guard let opensAt = quotes.opensAt, let shift = quotes.shift(closingBefore: until)
            else { continue }
            places.append(Place(event: quotes.event, opensAt: opensAt, shift: shift))
        }
        return places
    }

    private mutating func table(_ file: String) throws(RecordingError) -> CSVTable? {
        let path = "\(folder)/\(file)"
        guard FileManager.default.fileExists(atPath: path) else {
            notes.append("\(path): no such file")
            return nil
        }
        return try CSVTable(Dataset(name: file, path: path))
    }

    private static func day(
        _ table: CSVTable, _ row: CSVTable.Row, _ column: CSVTable.Column
    ) throws(RecordingError) -> Timestamp {
        guard let day = table.text(row, column).flatMap({ CivilTime($0) }) else {
            throw table.bad(row, column, "expected a day such as 2021-02-07")
        }
        return Timestamp(seconds: day.secondsSince1970)
    }

    private mutating func note(_ late: Int, of file: String) {
        guard late > 0 else { return }
        notes.append("\(file): left out \(late) rows that were known after the first quote")
    }
}

extension CivilTime {
    /// Whether the day of the year is at most so many from that of another, round the year's end.
    fileprivate func isNear(_ other: CivilTime, days: Int64) -> Bool {
        let month = CivilTime(year: other.year, month: other.month, day: 1)
        let place = Int(other.day - month.day) + 1
        return (year - 1...year + 1).contains {
            abs(CivilTime(year: $0, month: other.month, day: place).day - day) <= days
        }
    }
}
