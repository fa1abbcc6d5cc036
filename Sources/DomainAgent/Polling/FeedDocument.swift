import Foundation
package import Signals
package import Trading

/// A JSON answer of a source, as a tree. Foundation's parser bounds its depth.
package indirect enum FeedDocument: Sendable, Equatable, Decodable {
    case null
    case flag(Bool)
    case number(Double)
    case text(String)
    case list([FeedDocument])
    case object([String: FeedDocument])

    /// Nil where the bytes are no JSON.
    package init?(json bytes: [UInt8]) {
        guard let document = try? JSONDecoder().decode(FeedDocument.self, from: Data(bytes))
        else { return nil }
        self = document
    }

    package init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        if value.decodeNil() {
            self = .null
        } else if let flag = try? value.decode(Bool.self) {
            self = .flag(flag)
        } else if let number = try? value.decode(Double.self) {
            self = .number(number)
        } else if let text = try? value.decode(String.self) {
            self = .text(text)
        } else if let list = try? value.decode([FeedDocument].self) {
            self = .list(list)
        } else {
            self = .object(try value.decode([String: FeedDocument].self))
        }
    }

    /// What stands at a path of keys and places in lists, such as `periods.0.high`; nil where
    /// nothing does. The empty path is the document itself.
    package subscript(path: some StringProtocol) -> FeedDocument? {
        var place = self
        for key in path.split(separator: ".") {
            switch place {
            case .object(let entries):
                guard let next = entries[String(key)] else { return nil }
                place = next
            case .list(let items):
                guard let index = Int(key), items.indices.contains(index) else { return nil }
                place = items[index]
            default: return nil
            }
        }
        return place == .null ? nil : place
    }

    /// A number, also one that is written as text, as many sources do; a flag is 0 or 1, and a
    /// moment is the seconds since 1970.
    package var number: Double? {
        switch self {
        case .number(let value): value
        case .flag(let flag): flag ? 1 : 0
        case .text(let text):
            (Double(text) ?? moment.map { Double($0.nanoseconds) / 1e9 }).flatMap {
                $0.isFinite ? $0 : nil
            }
        default: nil
        }
    }

    /// A scalar as it is compared and put into names; whole numbers without a point.
    package var scalar: String? {
        switch self {
        case .text(let text): text
        case .flag(let flag): flag ? "true" : "false"
        case .number(let value):
            value == value.rounded() && abs(value) < 1e15 ? "\(Int64(value))" : "\(value)"
        default: nil
        }
    }

    package var list: [FeedDocument]? {
        if case .list(let items) = self { items } else { nil }
    }

    /// A moment: `2026-02-08T23:30Z`, `2025-12-09T07:00:00-05:00`, a day, or seconds or
    /// milliseconds since 1970.
    package var moment: Timestamp? {
        switch self {
        case .text(let text): FeedMoment(text)?.moment
        case .number(let value):
            // Seconds reach 1e11 in the year 5138.
            (0..<4.2e12).contains(value)
                ? Timestamp(milliseconds: Int64(value < 1e11 ? value * 1_000 : value)) : nil
        default: nil
        }
    }
}

/// A moment as text: what its clock shows, and how far that is from Greenwich.
package struct FeedMoment: Sendable, Equatable {
    package let shown: CivilTime
    private let seconds: Double
    /// East of Greenwich.
    private let offset: Int64

    /// Without a zone it is taken as Greenwich.
    package init?(_ text: String) {
        var clock = Substring(text)
        var offset: Int64 = 0
        if clock.hasSuffix("Z") || clock.hasSuffix("z") {
            clock = clock.dropLast()
        } else if let sign = clock.dropFirst(11).lastIndex(where: { $0 == "+" || $0 == "-" }) {
            let parts = clock[clock.index(after: sign)...].split(separator: ":").map { Int64($0) }
            guard parts.count == 2, let hours = parts[0], let minutes = parts[1],
                (0...14).contains(hours), (0..<60).contains(minutes)
            else { return nil }
            offset = (hours * 3_600 + minutes * 60) * (clock[sign] == "-" ? -1 : 1)
            clock = clock[..<sign]
        }
        guard let shown = CivilTime(String(clock)),
            (0...253_402_300_799).contains(
                shown.secondsSince1970)
        else { return nil }
        var seconds = 0.0
        let fields = clock.split(separator: ":")
        if fields.count > 3 { return nil }
        if fields.count == 3 {
            guard let value = Double(fields[2]), (0..<61).contains(value) else { return nil }
            seconds = value
        }
        self.shown = shown
        self.seconds = seconds
        self.offset = offset
    }

    /// Nil beyond the year 2100.
    package var moment: Timestamp? {
        let whole = shown.secondsSince1970 - offset
        guard (0..<4_102_444_800).contains(whole) else { return nil }
        return Timestamp(milliseconds: whole * 1_000 + Int64((seconds * 1_000).rounded()))
    }

    /// The day as venues write it in names, `25DEC09`: by the clock that was shown, or by one that
    /// is so many hours east of Greenwich.
    package func venueDay(offset hours: Int?) -> String {
        let months = [
            "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC",
        ]
        let local = hours.map {
            CivilTime(secondsSince1970: shown.secondsSince1970 - offset + Int64($0) * 3_600)
        }
        let date = local ?? shown
        let day = Int(date.day - CivilTime(year: date.year, month: date.month, day: 1).day) + 1
        func padded(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return padded(date.year % 100) + months[date.month - 1] + padded(day)
    }
}
