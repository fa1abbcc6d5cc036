import Foundation
import Runtime
import Testing
import Trading
import Wire

@testable import Supervisor

@Suite struct LiveTableTests {
    private static let core = coreStatus([
        StatusLabel.requested: 120, StatusLabel.permitted: 110, "rejected.quoteStale": 7,
        "rejected.sizeAboveMaximum": 3, StatusLabel.fills: 40,
        StatusLabel.realized: -1_250_000_000, StatusLabel.unrealized: 250_000_000,
        StatusLabel.decisionMedian: 310_000, StatusLabel.decisionTail: 12_000_000,
    ])

    @Test func showsEveryProcessInAlignedColumns() {
        let lines = LiveTable.lines(
            [
                LiveTable.Row(
                    name: "sim-venue", pid: 12, state: "ready", restarts: 0, status: nil),
                LiveTable.Row(
                    name: "core", pid: 4711, state: "ready", restarts: 2,
                    status: LiveTableTests.core),
                LiveTable.Row(
                    name: "agent-crypto", pid: nil, state: "restarting", restarts: 1, status: nil),
            ], title: "title")
        #expect(lines[0] == "title")
        #expect(
            lines[1]
                == "process        pid  state       restarts  market time  requested  permitted"
                + "  rejected  fills  PnL  decision p50/p99")
        #expect(
            lines[3]
                == "core          4711  armed              2  12:30:05           120        110"
                + "        10     40   -1        310us/12ms")
        #expect(lines[4].hasPrefix("agent-crypto     -  restarting         1  -"))
    }

    @Test func aHaltedProcessSaysSo() {
        var reply = StatusReply(
            nonce: 1, kind: .gateway, arming: .armed, isKilled: .yes, isReady: .yes,
            incarnation: Incarnation(1), marketTime: .zero, tick: .zero, journalSequence: .zero,
            chainHead: .zero, stateHash: .zero)
        reply.isKilled = .yes
        let status = ProcessStatus(reply, process: Sample.gateway, counters: [:], version: "")
        let row = LiveTable.Row(
            name: "gw", pid: 1, state: "ready", restarts: 0, status: status)
        #expect(LiveTable.lines([row], title: "")[2].contains("halted"))
    }

    @Test func aStreamGetsOneLine() {
        #expect(
            LiveTable.progress(LiveTableTests.core)
                == "market=12:30:05 armed requested=120 permitted=110 rejected=10 fills=40 pnl=-1 "
                + "decision_p50=310us decision_p99=12ms")
    }
}

@Suite struct BrakeReportTests {
    @Test func saysWhatIsBrakedAndWhatIsNearest() throws {
        let report = try #require(
            BrakeReport([
                "brake.strategy.updown": 0, "brake.account.main": 653_846_153, "brake.firm": 1,
                "near.org.demo": 812_000_000, "fills": 3,
            ]))
        #expect(
            report.lines == [
                "nearest brake: org demo, 81 % used",
                "braked: account main reduced, sizes at 65 %", "braked: firm reduce-only",
                "braked: strategy updown halted",
            ])
        #expect(report.braked.map(\.state) == ["reduced", "reduce-only", "halted"])
    }

    @Test func saysNothingWhereNothingIsLimited() {
        #expect(BrakeReport(["fills": 3]) == nil)
    }
}

@Suite struct RunSummaryTests {
    @Test func hasTheKeysThatScriptsRelyOn() throws {
        let summary = RunSummary(
            core: coreStatus([
                StatusLabel.requested: 12, StatusLabel.permitted: 10, "rejected.quoteStale": 2,
                "rejected.killed": 0, StatusLabel.fills: 4, StatusLabel.settled: 3,
                StatusLabel.fees: 70_000_001, StatusLabel.realized: -1_500_000_000,
                StatusLabel.unrealized: 20_000_000, StatusLabel.decisionMedian: 310_500,
                StatusLabel.decisionTail: 905_000,
            ]), stateHash: "ab", mode: .paper, restarts: 1, isComplete: true)
        let line = summary.line
        #expect(line.hasPrefix("summary {"))
        let data = Data(line.dropFirst("summary ".count).utf8)
        let object = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        #expect(object["requested"] as? Int == 12)
        #expect(object["state_hash"] as? String == "ab")
        #expect(object["permitted"] as? Int == 10)
        #expect(object["rejected"] as? [String: Int] == ["quoteStale": 2])
        #expect(object["fills"] as? Int == 4)
        #expect(object["settled"] as? Int == 3)
        #expect(object["fees"] as? String == "0.070000001")
        #expect(object["realized"] as? String == "-1.5")
        #expect(object["unrealized"] as? String == "0.02")
        #expect(object["decision_p50_us"] as? Double == 310.5)
        #expect(object["decision_p99_us"] as? Double == 905)
        #expect(object["mode"] as? String == "paper")
        #expect(object["complete"] as? Bool == true)
        #expect(object["restarts"] as? Int == 1)
    }
}
