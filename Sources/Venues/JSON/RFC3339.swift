package import Trading

/// Times as venues write them: `2022-11-22T20:44:01Z`, with decimals or an offset.
package enum RFC3339 {
    /// The moment, or nil where the text is no such time or lies outside 1970–2200. Decimals beyond
    /// the ninth are dropped.
    package static func parse(_ text: some StringProtocol) -> Timestamp? {
        let bytes = Array(text.utf8)
        guard bytes.count >= 20, bytes.count <= 40 else { return nil }
        guard
            let year = number(bytes, 0..<4, followedBy: "-"),
            let month = number(bytes, 5..<7, followedBy: "-"),
            let day = number(bytes, 8..<10, followedBy: "Tt "),
            let hour = number(bytes, 11..<13, followedBy: ":"),
            let minute = number(bytes, 14..<16, followedBy: ":"),
            let second = number(bytes, 17..<19, followedBy: ".Zz+-"),
            (1970...2200).contains(year), (1...12).contains(month),
            (1...daysOfMonth(month, year)).contains(day), hour < 24, minute < 60, second < 61
        else { return nil }
        var index = 19
        guard let nanoseconds = decimals(bytes, &index) else { return nil }
        guard let offset = offsetSeconds(bytes, index) else { return nil }
        let days = daysFromCivil(year: year, month: month, day: day)
        let seconds = days * 86_400 + hour * 3_600 + minute * 60 + second - offset
        return Timestamp(nanoseconds: seconds * 1_000_000_000 + nanoseconds)
    }

    private static func number(
        _ bytes: [UInt8], _ range: Range<Int>, followedBy separators: StaticString
    ) -> Int64? {
        var value: Int64 = 0
        for byte in bytes[range] {
            guard byte &- UInt8(ascii: "0") < 10 else { return nil }
            value = value * 10 + Int64(byte - UInt8(ascii: "0"))
        }
        let next = bytes[range.upperBound]
        return separators.description.utf8.contains(next) ? value : nil
    }

    private static func decimals(_ bytes: [UInt8], _ index: inout Int) -> Int64? {
        guard bytes[index] == UInt8(ascii: ".") else { return 0 }
        index += 1
        var value: Int64 = 0
        var digits = 0
        while index < bytes.count, bytes[index] &- UInt8(ascii: "0") < 10 {
            if digits < 9 { value = value * 10 + Int64(bytes[index] - UInt8(ascii: "0")) }
            digits += 1
            index += 1
        }
        guard digits > 0 else { return nil }
        for _ in min(digits, 9)..<9 { value *= 10 }
        return value
    }

    private static func offsetSeconds(_ bytes: [UInt8], _ index: Int) -> Int64? {
        guard index < bytes.count else { return nil }
        let rest = Array(bytes[index...])
        if rest == [UInt8(ascii: "Z")] || rest == [UInt8(ascii: "z")] { return 0 }
        guard rest.count == 6, rest[0] == UInt8(ascii: "+") || rest[0] == UInt8(ascii: "-"),
            let hours = number(rest + [0x3A], 1..<3, followedBy: ":"),
            let minutes = number(rest + [0x3A], 4..<6, followedBy: ":"), hours < 24, minutes < 60
        else { return nil }
        let seconds = hours * 3_600 + minutes * 60
        return rest[0] == UInt8(ascii: "-") ? -seconds : seconds
    }

    private static func daysOfMonth(_ month: Int64, _ year: Int64) -> Int64 {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// Howard Hinnant's civil-to-days algorithm (chrono-Compatible Low-Level Date Algorithms).
    private static func daysFromCivil(year: Int64, month: Int64, day: Int64) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let era = shifted / 400
        let yearOfEra = shifted - era * 400
        let monthIndex = (month + 9) % 12
        let dayOfYear = (153 * monthIndex + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }
}
