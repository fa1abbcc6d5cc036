package import Runtime
package import Signals
package import Trading

/// What recorded files say about recorded markets: the section `recorded` of an agent's
/// `parameters`. Paths are relative to the folder of recorded data; what that folder does not have
/// is left out.
package struct HistoryParameters: Sendable, Equatable {
    /// Games that are over, one a row: `date,season,neutral,team1,team2,score1,score2`.
    package struct Results: Sendable, Equatable {
        package let file: String
        /// The first season that is told.
        package let from: Int
    }

    /// A game that a recorded event is about. Who plays is not in the recorded quotes.
    package struct Fixture: Sendable, Equatable {
        package let event: String
        package let first: String
        package let second: String
        package let isNeutral: Bool
        package let season: Int
        /// How long is played.
        package let minutes: Double
        /// By the clock of the recorder.
        package let starts: Timestamp
    }

    /// The highs of a station, one day a row: `DATE,TMAX` in degrees Fahrenheit.
    package struct Climate: Sendable, Equatable {
        /// What the names of the events begin with; `-25DEC10` follows.
        package let series: String
        package let station: String
        package let file: String
        /// How many days of the year to each side of the event's count.
        package let days: Int
    }

    package private(set) var results: Results?
    package private(set) var fixtures: [Fixture] = []
    package private(set) var climates: [Climate] = []

    package init() {}

    /// Reads the section; `rules` say which facts the domain has a use for.
    package init(
        _ section: ConfigurationSection, rules: [FactRule]
    ) throws(ConfigurationError) {
        let kinds = rules.map(\.kind)
        try section.allow(
            HistoryParameters.uses.filter { kinds.contains($0.kind) }.map(\.key))
        if section.contains("results") {
            let entry = try section.section("results")
            try entry.allow("file", "from")
            results = Results(
                file: try entry.text("file"), from: try entry.integer("from", in: 1_900...2_100))
        }
        for entry in try section.sections("fixtures", isRequired: false) {
            fixtures.append(try HistoryParameters.fixture(entry))
        }
        for entry in try section.sections("climates", isRequired: false) {
            try entry.allow("series", "station", "file", "days")
            climates.append(
                Climate(
                    series: try entry.text("series"), station: try entry.text("station"),
                    file: try entry.text("file"),
                    days: try entry.integer("days", in: 1...60, default: 7)))
        }
    }

    /// What a key is of use for.
    private static let uses: [(key: String, kind: String)] = [
        ("results", "result"), ("fixtures", "fixture"), ("climates", "climate"),
    ]

    private static func fixture(
        _ entry: ConfigurationSection
    ) throws(ConfigurationError) -> Fixture {
        try entry.allow(
            "event", "first", "second", "neutral", "season", "minutes", "starts")
        guard let starts = CivilTime(try entry.text("starts")) else {
            throw entry.refusal("starts", expected: "a moment such as 2026-02-08T18:30")
        }
        return Fixture(
            event: try entry.text("event"), first: try entry.text("first"),
            second: try entry.text("second"), isNeutral: try entry.flag("neutral"),
            season: try entry.integer("season", in: 1_900...2_100),
            minutes: try entry.real("minutes", in: 1...300),
            starts: Timestamp(seconds: starts.secondsSince1970))
    }
}
