/// The rule at the end of a TZif file: `EST5EDT,M3.2.0,M11.1.0`. Changes on Julian days are not
/// used by any zone of today and are refused.
struct PosixZoneRule: Sendable, Equatable {
    /// A change on a weekday of a month: the last one if `week` is 5.
    private struct Change: Equatable {
        let month: Int
        let week: Int
        let weekday: Int
        /// Seconds after local midnight; may be negative or beyond a day.
        let second: Int64
    }

    private let standard: Int64
    private let summer: Int64
    private let start: Change?
    private let end: Change?

    init(_ text: String) throws(ZoneRules.Malformed) {
        var scanner = Scanner(text)
        scanner.skipName()
        standard = -(try scanner.seconds())
        guard !scanner.isAtEnd else {
            (summer, start, end) = (standard, nil, nil)
            return
        }
        scanner.skipName()
        summer = scanner.peek == "," ? standard + 3_600 : -(try scanner.seconds())
        start = try PosixZoneRule.change(&scanner)
        end = try PosixZoneRule.change(&scanner)
    }

    func offset(atSecond second: Int64) -> (current: Int64, standard: Int64) {
        guard let start, let end else { return (standard, standard) }
        let year = CivilTime(secondsSince1970: second + standard).year
        let begins = PosixZoneRule.second(start, year) - standard
        let ends = PosixZoneRule.second(end, year) - summer
        let isSummer =
            begins < ends
            ? second >= begins && second < ends : second >= begins || second < ends
        return (isSummer ? summer : standard, standard)
    }

    /// The local second of a year's change, as seconds since 1970 of a clock without a zone.
    private static func second(_ change: Change, _ year: Int) -> Int64 {
        let first = CivilTime(year: year, month: change.month, day: 1)
        let skip = (change.weekday - first.weekday + 7) % 7
        var day = 1 + skip + 7 * (change.week - 1)
        while day > CivilTime.days(inMonth: change.month, of: year) { day -= 7 }
        let date = CivilTime(year: year, month: change.month, day: day)
        return date.secondsSince1970 + change.second
    }

    private static func change(_ scanner: inout Scanner) throws(ZoneRules.Malformed) -> Change {
        try scanner.expect(",")
        try scanner.expect("M")
        let month = try scanner.integer()
        try scanner.expect(".")
        let week = try scanner.integer()
        try scanner.expect(".")
        let weekday = try scanner.integer()
        guard (1...12).contains(month), (1...5).contains(week), (0...6).contains(weekday) else {
            throw scanner.malformed()
        }
        guard scanner.peek == "/" else {
            return Change(month: month, week: week, weekday: weekday, second: 7_200)
        }
        try scanner.expect("/")
        return Change(month: month, week: week, weekday: weekday, second: try scanner.seconds())
    }
}

/// Reads a rule character by character.
private struct Scanner {
    private let text: String
    private var rest: Substring

    init(_ text: String) {
        self.text = text
        rest = text[...]
    }

    var isAtEnd: Bool { rest.isEmpty }
    var peek: Character? { rest.first }

    func malformed() -> ZoneRules.Malformed {
        ZoneRules.Malformed(description: "the rule `\(text)` of a TZif file cannot be read")
    }

    mutating func expect(_ character: Character) throws(ZoneRules.Malformed) {
        guard rest.first == character else { throw malformed() }
        rest.removeFirst()
    }

    /// A name of letters, or anything between angle brackets.
    mutating func skipName() {
        if rest.first == "<" {
            rest = rest.drop { $0 != ">" }.dropFirst()
        } else {
            rest = rest.drop { $0.isLetter }
        }
    }

    mutating func integer() throws(ZoneRules.Malformed) -> Int {
        let digits = rest.prefix { $0.isNumber }
        guard let value = Int(digits) else { throw malformed() }
        rest = rest.dropFirst(digits.count)
        return value
    }

    /// `[+-]hh[:mm[:ss]]` as seconds.
    mutating func seconds() throws(ZoneRules.Malformed) -> Int64 {
        let isNegative = rest.first == "-"
        if rest.first == "-" || rest.first == "+" { rest.removeFirst() }
        var total = Int64(try integer()) * 3_600
        for unit in [Int64(60), 1] where rest.first == ":" {
            rest.removeFirst()
            total += Int64(try integer()) * unit
        }
        return isNegative ? -total : total
    }
}
