import Foundation
import Logging
import Runtime
import Synchronization
import Testing
import Trading

@testable import Supervisor

private let oneChannel = "channels: [ { name: hook, kind: webhook, url: http://127.0.0.1:9/ } ]"

private let start = Timestamp(seconds: 1_753_315_200)

extension AlertReading {
    fileprivate init(_ signal: AlertSignal, _ subject: String, _ value: Double) {
        self.init(signal: signal, subject: subject, value: value, text: "\(subject) is bad")
    }
}

/// A book and its store, driven by hand.
private struct AlertDesk {
    let folder: ScratchFolder
    let configuration: AlertConfiguration
    var store: AlertStore
    var book: AlertBook

    init(_ yaml: String = oneChannel) throws {
        folder = try ScratchFolder()
        configuration = try #require(try alertSample(yaml).supervisor.alerts)
        store = try AlertStore(path: folder.path + "/alerts.sqlite")
        book = AlertBook(configuration)
    }

    /// What a supervisor that was killed finds when it starts again.
    mutating func restart() throws {
        store = try AlertStore(path: folder.path + "/alerts.sqlite")
        book = AlertBook(configuration)
    }

    @discardableResult
    mutating func look(_ readings: [AlertReading], after seconds: Int64) throws -> [AlertChange] {
        let now = start + .seconds(seconds)
        let changes = book.judge(readings, standing: try store.standing(), at: now)
        try store.write(changes, telling: configuration.channels, at: now)
        return changes
    }

    /// What a channel is told, all of it taken.
    func told(_ channel: String = "hook") throws -> [String] {
        var told: [String] = []
        while let pending = try store.next(for: channel) {
            told.append("\(pending.kind) \(pending.alert.rule) \(pending.alert.subject)")
            try store.attempted(pending, problem: nil, at: start)
        }
        return told
    }
}

@Suite struct AlertTests {
    // MARK: Rules

    @Test func raisesOnceAndClearsWhatIsOver() throws {
        var desk = try AlertDesk()
        let halt = [AlertReading(.halted, "core", 1)]
        try desk.look(halt, after: 0)
        for second in 1...30 { try desk.look(halt, after: Int64(second)) }
        #expect(try desk.told() == ["raised halted core"])
        // A flap of less than ten seconds is the same alert.
        try desk.look([], after: 31)
        try desk.look(halt, after: 40)
        for second in 41...50 { try desk.look([], after: Int64(second)) }
        #expect(try desk.told() == [])
        try desk.look([], after: 51)
        #expect(try desk.told() == ["cleared halted core"])
        try desk.look(halt, after: 60)
        #expect(try desk.told() == ["raised halted core"])
        #expect(try desk.store.newest(10).map(\.clearedAt) == [nil, start + .seconds(51)])
    }

    @Test func whatMustLastIsGivenItsTime() throws {
        var desk = try AlertDesk()
        let down = [AlertReading(.processDown, "gw", 1)]
        try desk.look(down, after: 0)
        try desk.look(down, after: 9)
        #expect(try desk.store.standing().isEmpty)
        // Well for a moment: its time begins anew.
        try desk.look([AlertReading(.processDown, "gw", 0)], after: 9)
        try desk.look(down, after: 10)
        try desk.look(down, after: 19)
        #expect(try desk.store.standing().isEmpty)
        try desk.look(down, after: 20)
        #expect(try desk.told() == ["raised process-down gw"])
    }

    @Test func fourFifthsOfABrakeWarnAndAllOfItPages() throws {
        var desk = try AlertDesk()
        try desk.look([AlertReading(.brakeUsed, "brake of firm", 0.799)], after: 0)
        #expect(try desk.store.standing().isEmpty)
        try desk.look([AlertReading(.brakeUsed, "brake of firm", 0.8)], after: 1)
        #expect(try desk.store.standing().map(\.severity) == [.warning])
        try desk.look([AlertReading(.brakeUsed, "brake of firm", 1)], after: 2)
        #expect(try desk.store.standing().map(\.rule) == ["brake-near", "brake-reached"])
    }

    @Test func rulesOfTheConfigurationReplaceThoseOfTheSameName() throws {
        let configuration = try #require(
            try alertSample(
                oneChannel
                    + "\nrules: [ { name: brake-near, severity: page, signal: brake-used, "
                    + "at-least: 0.5, for: 5s } ]"
            ).supervisor.alerts)
        let rule = try #require(configuration.rules.first { $0.name == "brake-near" })
        #expect(rule.severity == .page && rule.atLeast == 0.5 && rule.lasting == .seconds(5))
        #expect(configuration.rules.count == AlertRuleConfiguration.standard.count)
    }

    // MARK: Escalation

    private let escalating = """
        escalate-after: 60s
        channels:
          - { name: hook, kind: webhook, url: http://127.0.0.1:9/ }
          - { name: boss, kind: webhook, url: http://127.0.0.1:9/, escalation: true }
        """

    @Test func whatNobodyTakesOnIsToldToMoreAndAgain() throws {
        var desk = try AlertDesk(escalating)
        let halt = [AlertReading(.halted, "core", 1)]
        for second in 0...125 { try desk.look(halt, after: Int64(second)) }
        #expect(
            try desk.told() == ["raised", "escalated", "escalated"].map { "\($0) halted core" })
        #expect(try desk.told("boss") == ["escalated halted core", "escalated halted core"])
        try #expect(desk.store.acknowledge(1, by: "anna", at: start + .seconds(126)))
        try desk.restart()
        for second in 127...400 { try desk.look(halt, after: Int64(second)) }
        #expect(try desk.told() == [] && desk.told("boss") == [])
        let alert = try #require(try desk.store.standing().first)
        #expect(alert.acknowledgedBy == "anna" && alert.escalations == 2)
        // The first to take it on has it; what is not there or over cannot be taken on.
        try #expect(desk.store.acknowledge(1, by: "ben", at: start))
        #expect(try desk.store.standing().first?.acknowledgedBy == "anna")
        try #expect(!desk.store.acknowledge(2, by: "ben", at: start))
    }

    @Test func aWarningDoesNotEscalate() throws {
        var desk = try AlertDesk(escalating)
        for second in 0...300 {
            try desk.look([AlertReading(.restarts, "gw", 3)], after: Int64(second))
        }
        #expect(try desk.told() == ["raised restarting gw"] && desk.told("boss") == [])
    }

    // MARK: Crashes

    @Test func aCrashForgetsNothingAndRepeatsNothing() throws {
        var desk = try AlertDesk()
        let halt = [AlertReading(.halted, "core", 1)]
        try desk.look(halt, after: 0)
        // Killed before the channel was told.
        try desk.restart()
        try desk.look(halt, after: 1)
        #expect(try desk.told() == ["raised halted core"])
        // Killed after.
        try desk.restart()
        try desk.look(halt, after: 2)
        #expect(try desk.told() == [])
        // What was over while nobody watched is cleared.
        try desk.restart()
        try desk.look([], after: 100)
        try desk.look([], after: 110)
        #expect(try desk.told() == ["cleared halted core"])
    }

    @Test func whatADeadChannelMissesIsBounded() throws {
        var desk = try AlertDesk()
        for number in 0..<AlertStore.pendingMax + 50 {
            try desk.look([AlertReading(.restarts, "p\(number)", 3)], after: 0)
        }
        let told = try desk.told()
        #expect(told.count == AlertStore.pendingMax)
        #expect(told.last == "raised restarting p\(AlertStore.pendingMax + 49)")
    }

    @Test func thePastIsNobodysAlarm() {
        func progress(_ head: UInt64, _ lag: UInt64) -> TraceProjection.Progress {
            .init(entry: head - lag, head: head, lag: lag, marketTime: "", problem: nil)
        }
        var caughtUp = AlertStart(at: .seconds(10))
        let begun = [
            caughtUp.isOver(progress(0, 0), at: .seconds(10)),
            caughtUp.isOver(progress(90_000, 50_000), at: .seconds(20)),
            caughtUp.isOver(progress(90_000, 1_000), at: .seconds(21)),
            // Once begun, a lag is a matter of its own rule.
            caughtUp.isOver(progress(190_000, 90_000), at: .seconds(22)),
        ]
        #expect(begun == [false, false, true, true])
        var stuck = AlertStart(at: .seconds(10))
        let late = [129, 130].map { second in
            stuck.isOver(progress(90_000, 50_000), at: .seconds(second))
        }
        #expect(late == [false, true])
    }

    // MARK: Channels

    private let notice = AlertNotice(
        notice: "c-1", kind: .raised, cluster: "c", mode: "paper", alert: 4, rule: "halted",
        severity: .page, subject: "core", text: "core <!channel> & \"more\"", at: "now")

    private func channel(_ yaml: String) throws -> AlertChannelConfiguration {
        try #require(try alertSample("channels: [ { name: a, \(yaml) } ]").supervisor.alerts)
            .channels[0]
    }

    private func json(_ text: String) throws -> [String: Any] {
        try #require(
            JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    }

    @Test func everyServiceIsToldAsItWants() throws {
        let slack = try json(channel("kind: slack, url: https://x.org/a").body(of: notice))
        #expect(
            (slack["text"] as? String)?.contains("core &lt;!channel&gt; &amp; \"more\"") == true)
        let discord = try json(channel("kind: discord, url: https://x.org/a").body(of: notice))
        #expect(
            (discord["content"] as? String)?.hasPrefix("[c PAPER] PAGE: core <!channel>") == true)
        let mentions = try #require(discord["allowed_mentions"] as? [String: [String]])
        #expect(mentions == ["parse": []])
        let telegram = try json(
            channel("kind: telegram, chat: \"-100\", url: https://x.org/a").body(of: notice))
        #expect(telegram["chat_id"] as? String == "-100" && telegram["text"] != nil)
        let plain = try json(channel("kind: webhook, url: https://x.org/a").body(of: notice))
        #expect(plain["alert"] as? Int == 4 && plain["severity"] as? String == "page")
    }

    @Test(arguments: [
        ("channels: []", "channels"),
        ("channels: [ { name: a, kind: pigeon } ]", "kind"),
        ("channels: [ { name: a, kind: slack } ]", "url"),
        ("channels: [ { name: a, kind: slack, url: ftp://x } ]", "url"),
        ("channels: [ { name: a, kind: telegram, url: https://x.org } ]", "chat"),
        ("channels: [ { name: a, kind: command, command: rm } ]", "command"),
        (
            "channels: [ { name: a, kind: slack, url: https://x.org, escalation: true } ]",
            "channels"
        ),
        (oneChannel + "\nrules: [ { name: a, severity: loud, signal: halted } ]", "severity"),
        (oneChannel + "\nrules: [ { name: a, severity: page, signal: moon } ]", "signal"),
        (oneChannel + "\nheartbeat: { url: nowhere }", "url"),
        (oneChannel + "\ndegrade-after: 500ms", "degrade-after"),
    ])
    func nonsenseIsRefusedByItsKey(yaml: String, key: String) throws {
        let error = #expect(throws: (any Error).self) { _ = try alertSample(yaml) }
        #expect("\(try #require(error))".contains(key))
    }

    @Test func aCommandReadsTheNoticeAndMustEndWell() async throws {
        let folder = try ScratchFolder()
        let path = folder.path + "/told"
        let courier = AlertCourier()
        let good = try channel("kind: command, command: /usr/bin/tee \(path)")
        try await courier.tell(good, notice)
        #expect(try json(String(contentsOfFile: path, encoding: .utf8))["alert"] as? Int == 4)
        for (command, words) in [
            ("/usr/bin/false", "ended with 1"), ("/nowhere/at-all", "cannot be run"),
            ("/usr/bin/sleep 60", "did not end"),
        ] {
            let bad = try channel("kind: command, command: \(command)")
            let error = await #expect(throws: AlertProblem.self) {
                try await courier.tell(bad, notice)
            }
            #expect(
                "\(try #require(error))".contains(words), "\(command): \(String(describing: error))"
            )
        }
        await courier.close()
    }
}
