import Runtime
import Signals

/// One question about one set of files, answered walk-forward: every forecast is made from what was
/// known before its outcome.
package struct Study: Sendable {
    /// What a study is made with.
    package struct Input: Sendable {
        package let folder: DataFolder
        package let asOf: AsOf

        package init(folder: DataFolder, asOf: AsOf) {
            self.folder = folder
            self.asOf = asOf
        }
    }

    /// The domains that agents know.
    package enum Domain: String, CaseIterable, Sendable {
        case sports
        case politics
        case weather
        case macro
        case crypto
    }

    package let domain: Domain
    package let name: String
    package let run: @Sendable (Input) throws -> [StudyReport]

    /// Every study, in the order of domains.
    package static let all: [Study] = [
        Study(domain: .sports, name: "nfl", run: FootballStudy.run),
        Study(domain: .sports, name: "leagues", run: LeagueStudy.run),
        Study(domain: .sports, name: "world-cup", run: WorldCupStudy.run),
        Study(domain: .sports, name: "soccer-odds", run: SoccerOddsStudy.run),
        Study(domain: .politics, name: "polls", run: PollStudy.run),
        Study(domain: .weather, name: "temperature", run: TemperatureStudy.run),
        Study(domain: .weather, name: "highs", run: HighsStudy.run),
        Study(domain: .macro, name: "releases", run: ReleaseStudy.run),
        Study(domain: .crypto, name: "btc-5m", run: UpDownStudy.run),
    ]
}

extension CSVTable {
    /// A number that must be there.
    func required(_ row: Row, _ column: Column) throws(RecordingError) -> Double {
        guard let value = try number(row, column) else {
            throw bad(row, column, "expected a number, found nothing")
        }
        return value
    }

    /// Text that must be there.
    func requiredText(_ row: Row, _ column: Column) throws(RecordingError) -> String {
        guard let value = text(row, column) else { throw bad(row, column, "expected a text") }
        return value
    }

    /// A day that must be there: the first ten characters, `2026-07-24`.
    func day(_ row: Row, _ column: Column) throws(RecordingError) -> CivilTime {
        let text = try requiredText(row, column)
        guard let day = CivilTime(String(text.prefix(10))) else {
            throw bad(row, column, "expected a day such as 2026-07-24, found `\(text)`")
        }
        return day
    }

    /// FILE:LINE.
    func place(_ row: Row) -> String { "\(name):\(row.line)" }
}
