package import Trading

/// The offsets of a time zone, read from the bytes of an IANA TZif file (RFC 9636), the rule for
/// the far future included.
package struct ZoneRules: Sendable, Equatable {
    /// Why a file cannot be used.
    package struct Malformed: Error, Equatable, CustomStringConvertible {
        package let description: String
    }

    /// What a local time means.
    package struct Moment: Sendable, Equatable {
        package let utc: Timestamp
        package let offsetMinutes: Int
        /// False where clocks jump over it.
        package let exists: Bool
        /// True where clocks show it twice.
        package let isAmbiguous: Bool
    }

    private var times: [Int64] = []
    /// Seconds east of Greenwich: before the first change, then after each one.
    private var offsets: [Int64] = []
    /// The same without summer time.
    private var standard: [Int64] = []
    private let rule: PosixZoneRule?

    package init(tzif bytes: [UInt8]) throws(Malformed) {
        var reader = ByteReader(bytes)
        let first = try ZoneHeader(&reader)
        guard first.version >= 2 else {
            throw Malformed(description: "a TZif file of version 1 ends in 2037; install tzdata")
        }
        try reader.skip(first.bodyByteCount(timeByteCount: 4))
        let header = try ZoneHeader(&reader)
        for _ in 0..<header.timeCount { times.append(Int64(bitPattern: try reader.number(8))) }
        var kinds: [Int] = []
        for _ in 0..<header.timeCount { kinds.append(Int(try reader.number(1))) }
        var types: [(offset: Int64, isSummer: Bool)] = []
        for _ in 0..<header.typeCount {
            let offset = Int64(Int32(bitPattern: UInt32(try reader.number(4))))
            types.append((offset, try reader.number(1) != 0))
            try reader.skip(1)
        }
        guard !types.isEmpty, kinds.allSatisfy({ types.indices.contains($0) }),
            zip(times, times.dropFirst()).allSatisfy({ $0 < $1 })
        else { throw Malformed(description: "the changes of a TZif file are out of order") }
        let before = types.first { !$0.isSummer } ?? types[0]
        var base = before.offset
        for type in [before] + kinds.map({ types[$0] }) {
            if !type.isSummer { base = type.offset }
            offsets.append(type.offset)
            standard.append(base)
        }
        try reader.skip(
            header.characterCount + header.leapCount * 12 + header.standardCount
                + header.universalCount)
        let footer = try reader.footer()
        rule = footer.isEmpty ? nil : try PosixZoneRule(footer)
    }

    /// Seconds east of Greenwich at a moment, and what they would be without summer time.
    package func offset(atSecond second: Int64) -> (current: Int64, standard: Int64) {
        if let rule, second >= times.last ?? .min { return rule.offset(atSecond: second) }
        var (low, high) = (0, times.count)
        while low < high {
            let middle = (low + high) / 2
            if times[middle] <= second { low = middle + 1 } else { high = middle }
        }
        return (offsets[low], standard[low])
    }

    /// What a local time means. Where clocks show it twice, `isLater` chooses; where they jump over
    /// it, it is read with the offset before the jump, or after it if `isLater` (PEP 495).
    package func moment(of local: CivilTime, isLater: Bool) -> Moment {
        let shown = local.secondsSince1970
        // Every change is far from the next, so a day to either side sees both offsets.
        let before = offset(atSecond: shown - 86_400).current
        let after = offset(atSecond: shown + 86_400).current
        let candidates = Set([before, after]).filter { offset(atSecond: shown - $0).current == $0 }
        let chosen: Int64
        switch candidates.count {
        case 1: chosen = candidates.first ?? before
        case 2: chosen = isLater ? after : before
        default: chosen = isLater ? after : before
        }
        return Moment(
            utc: Timestamp(seconds: shown - chosen), offsetMinutes: Int(chosen / 60),
            exists: !candidates.isEmpty, isAmbiguous: candidates.count == 2)
    }

    /// How many seconds a local day has.
    package func daySeconds(_ day: CivilTime) -> Int64 {
        let start = moment(of: day.startOfDay, isLater: false).utc
        let end = moment(of: day.startOfDay.adding(days: 1), isLater: false).utc
        return (end - start).nanoseconds / 1_000_000_000
    }

    /// The first moment of a day in local standard time, which is what a weather station's day is
    /// all year.
    package func startOfStandardDay(_ day: CivilTime) -> Timestamp {
        let shown = day.startOfDay.secondsSince1970
        let zone = offset(atSecond: shown + 43_200).standard
        return Timestamp(seconds: shown - zone)
    }
}

/// The counts at the head of each part of a TZif file.
private struct ZoneHeader {
    let version: UInt8
    let universalCount: Int
    let standardCount: Int
    let leapCount: Int
    let timeCount: Int
    let typeCount: Int
    let characterCount: Int

    init(_ reader: inout ByteReader) throws(ZoneRules.Malformed) {
        guard try reader.number(4) == 0x545A_6966 else {
            throw ZoneRules.Malformed(description: "the bytes are no TZif file")
        }
        let digit = UInt8(try reader.number(1))
        version = digit == 0 ? 1 : digit &- UInt8(ascii: "0")
        try reader.skip(15)
        universalCount = Int(try reader.number(4))
        standardCount = Int(try reader.number(4))
        leapCount = Int(try reader.number(4))
        timeCount = Int(try reader.number(4))
        typeCount = Int(try reader.number(4))
        characterCount = Int(try reader.number(4))
    }

    func bodyByteCount(timeByteCount: Int) -> Int {
        timeCount * (timeByteCount + 1) + typeCount * 6 + characterCount
            + leapCount * (timeByteCount + 4) + standardCount + universalCount
    }
}

/// Big-endian numbers out of bytes.
private struct ByteReader {
    private let bytes: [UInt8]
    private var place = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    mutating func skip(_ count: Int) throws(ZoneRules.Malformed) {
        guard count >= 0, bytes.count - place >= count else {
            throw ZoneRules.Malformed(description: "a TZif file ends after \(bytes.count) bytes")
        }
        place += count
    }

    mutating func number(_ byteCount: Int) throws(ZoneRules.Malformed) -> UInt64 {
        let start = place
        try skip(byteCount)
        return bytes[start..<place].reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// What stands between the last two line ends.
    mutating func footer() throws(ZoneRules.Malformed) -> String {
        guard try number(1) == 0x0A, let end = bytes[place...].firstIndex(of: 0x0A) else {
            throw ZoneRules.Malformed(description: "a TZif file lacks its last line")
        }
        return String(decoding: bytes[place..<end], as: UTF8.self)
    }
}
