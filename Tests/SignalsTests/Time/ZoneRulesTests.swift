import Foundation
import Signals
import Testing
import Trading

@Suite struct ZoneRulesTests {
    /// The machine's zone files; they are the same as anybody's.
    private static let folder = "/usr/share/zoneinfo"
    private static let hasZones = FileManager.default.fileExists(atPath: folder + "/UTC")

    private func zone(_ name: String) throws -> ZoneRules {
        let data = try Data(contentsOf: URL(filePath: ZoneRulesTests.folder + "/" + name))
        return try ZoneRules(tzif: Array(data))
    }

    @Test(.enabled(if: hasZones, "there is no tzdata in /usr/share/zoneinfo"))
    func eventClockVector() throws {
        guard let file = try AlgorithmVectors("event_clock") else { return }
        for item in file.cases {
            let zone = try zone(try #require(item.input["zone"] as? String))
            if let date = item.input["date"] as? String {
                let day = try #require(CivilTime(date))
                if item.expected["hours"] != nil {
                    let hours = Double(zone.daySeconds(day)) / 3_600
                    #expect(hours == (try item.expected.number("hours")), "\(item.name)")
                }
                continue
            }
            let text = try #require(item.input["local"] as? String)
            let local = try #require(CivilTime(text))
            let moment = zone.moment(
                of: local, isLater: try item.input.number("fold") == 1)
            let utc = try #require(item.expected["utc"] as? String)
            #expect(moment.utc.description.prefix(19) + "Z" == utc, "\(item.name)")
            #expect(Double(moment.offsetMinutes) == (try item.expected.number("offsetMinutes")))
            #expect(moment.exists == item.expected["localExists"] as? Bool, "\(item.name)")
            #expect(moment.isAmbiguous == item.expected["ambiguous"] as? Bool, "\(item.name)")
        }
    }

    @Test(.enabled(if: hasZones, "there is no tzdata in /usr/share/zoneinfo"))
    func agreesWithFoundationHourByHour() throws {
        for name in ["America/New_York", "Europe/London", "Australia/Lord_Howe", "Asia/Kolkata"] {
            let zone = try zone(name)
            let other = try #require(TimeZone(identifier: name))
            // From 1985 to 2045: tables and the rule for the far future.
            for second in stride(from: Int64(473_385_600), to: 2_366_841_600, by: 3_600 * 7) {
                let date = Date(timeIntervalSince1970: TimeInterval(second))
                let expected = Int64(other.secondsFromGMT(for: date))
                #expect(zone.offset(atSecond: second).current == expected, "\(name) at \(second)")
            }
        }
    }

    @Test(.enabled(if: hasZones, "there is no tzdata in /usr/share/zoneinfo"))
    func aTimeThatClocksJumpOverIsSaidSo() throws {
        let zone = try zone("America/New_York")
        let gap = try #require(CivilTime("2026-03-08T02:30"))
        let first = zone.moment(of: gap, isLater: false)
        #expect(!first.exists && !first.isAmbiguous)
        #expect(first.utc.description.hasPrefix("2026-03-08T07:30:00"))
        #expect(
            zone.moment(of: gap, isLater: true).utc.description.hasPrefix("2026-03-08T06:30:00"))
        let spring = try #require(CivilTime("2026-03-08"))
        #expect(zone.daySeconds(spring) == 23 * 3_600)
        // The station's day begins at standard midnight: 05:00 UTC in July as well.
        let july = try #require(CivilTime("2026-07-04"))
        #expect(zone.startOfStandardDay(july).description.hasPrefix("2026-07-04T05:00:00"))
    }

    @Test func brokenFilesAreRefused() {
        #expect(throws: ZoneRules.Malformed.self) { try ZoneRules(tzif: []) }
        #expect(throws: ZoneRules.Malformed.self) { try ZoneRules(tzif: Array("TZif2".utf8)) }
        #expect(throws: ZoneRules.Malformed.self) {
            try ZoneRules(tzif: [UInt8](repeating: 7, count: 400))
        }
        #expect(CivilTime("2026-02-29") == nil)
        #expect(CivilTime("2026-02-28T24:00") == nil)
        #expect(CivilTime("yesterday") == nil)
    }
}
