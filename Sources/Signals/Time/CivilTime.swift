/// A date and a time of day without a zone, in the Gregorian calendar.
package struct CivilTime: Sendable, Hashable, Codable, CustomStringConvertible {
    /// As if the clock stood at Greenwich.
    package let secondsSince1970: Int64

    package init(secondsSince1970: Int64) { self.secondsSince1970 = secondsSince1970 }

    package init(year: Int, month: Int, day: Int, hour: Int = 0, minute: Int = 0) {
        let days = CivilTime.daysSince1970(year, month, day)
        secondsSince1970 = days * 86_400 + Int64(hour) * 3_600 + Int64(minute) * 60
    }

    /// `2026-03-08` or `2026-03-08T02:30`; nil where the text is anything else.
    package init?(_ text: String) {
        let parts = text.split(separator: "T", omittingEmptySubsequences: false)
        guard parts.count <= 2 else { return nil }
        let date = parts[0].split(separator: "-").map { Int($0) }
        guard date.count == 3, let year = date[0], let month = date[1], let day = date[2],
            (1...12).contains(month), day >= 1, day <= CivilTime.days(inMonth: month, of: year)
        else { return nil }
        var clock = (0, 0)
        if parts.count == 2 {
            let time = parts[1].split(separator: ":").map { Int($0) }
            guard time.count >= 2, let hour = time[0], let minute = time[1],
                (0..<24).contains(hour), (0..<60).contains(minute)
            else { return nil }
            clock = (hour, minute)
        }
        self.init(year: year, month: month, day: day, hour: clock.0, minute: clock.1)
    }

    /// Days since 1970-01-01.
    package var day: Int64 {
        (secondsSince1970 >= 0 ? secondsSince1970 : secondsSince1970 - 86_399) / 86_400
    }

    /// 0 is a Sunday.
    package var weekday: Int { Int(((day + 4) % 7 + 7) % 7) }

    package var startOfDay: CivilTime { CivilTime(secondsSince1970: day * 86_400) }

    package func adding(days: Int64) -> CivilTime {
        CivilTime(secondsSince1970: secondsSince1970 + days * 86_400)
    }

    package var year: Int { date.year }
    package var month: Int { date.month }

    /// Howard Hinnant's civil_from_days.
    private var date: (year: Int, month: Int, day: Int) {
        let shifted = day + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra =
            (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let dayOfMonth = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return (Int(year), Int(month), Int(dayOfMonth))
    }

    /// The day of the year from 0.
    package var dayOfYear: Int {
        Int(day - CivilTime.daysSince1970(year, 1, 1))
    }

    /// Howard Hinnant's days_from_civil.
    private static func daysSince1970(_ year: Int, _ month: Int, _ day: Int) -> Int64 {
        let shiftedYear = Int64(month <= 2 ? year - 1 : year)
        let era = (shiftedYear >= 0 ? shiftedYear : shiftedYear - 399) / 400
        let yearOfEra = shiftedYear - era * 400
        let shiftedMonth = Int64((month + 9) % 12)
        let dayOfYear = (153 * shiftedMonth + 2) / 5 + Int64(day) - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }

    package static func days(inMonth month: Int, of year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    package var description: String {
        func padded(_ value: Int, _ width: Int) -> String {
            let text = String(value)
            return String(repeating: "0", count: max(0, width - text.count)) + text
        }
        let date = self.date
        let second = Int(secondsSince1970 - day * 86_400)
        let text = "\(padded(date.year, 4))-\(padded(date.month, 2))-\(padded(date.day, 2))"
        if second == 0 { return text }
        return text + "T\(padded(second / 3_600, 2)):\(padded(second / 60 % 60, 2))"
    }
}
