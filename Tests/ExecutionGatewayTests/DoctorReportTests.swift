import ExecutionGateway
import Foundation
import Runtime
import Testing
import Trading
import Venues

@Suite struct DoctorReportTests {
    private func report(_ verdicts: [VenueFinding.Verdict]) throws -> DoctorReport {
        DoctorReport(
            gateway: try #require(ProcessID("gw-kalshi")), venue: try #require(VenueID("kalshi")),
            findings: verdicts.map { VenueFinding(.clock, $0, "seen", advice: "do \"this\"") })
    }

    @Test(arguments: [
        ([VenueFinding.Verdict.fine, .notice], ExitCode.success), ([.fine, .wrong], .refused),
        ([.wrong, .unreachable], .unavailable), ([], .success),
    ])
    func theWorstFindingIsTheExitCode(verdicts: [VenueFinding.Verdict], code: ExitCode) throws {
        #expect(try report(verdicts).exitCode == code)
    }

    @Test func linesSayWhatIsWrongAndWhatToDo() throws {
        let lines = try report([.wrong]).lines
        #expect(lines[0] == "gw-kalshi at kalshi")
        #expect(lines[1].contains("WRONG") && lines[1].contains("clock"))
        #expect(lines[2].contains("-> do \"this\""))
    }

    @Test func machinesGetTheSame() throws {
        let text = try report([.notice]).json()
        let value = try #require(
            try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        let findings = try #require(value["findings"] as? [[String: String]])
        #expect(value["gateway"] as? String == "gw-kalshi")
        #expect(
            findings == [
                [
                    "subject": "clock", "verdict": "notice", "detail": "seen",
                    "advice": "do \"this\"",
                ]
            ])
    }
}
