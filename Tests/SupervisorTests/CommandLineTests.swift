import ArgumentParser
import Runtime
import Testing
import Trading
import Wire

@testable import Supervisor

@Suite struct CommandLineTests {
    private func parse<Command: ParsableCommand>(
        _ arguments: String..., as type: Command.Type
    ) throws -> Command {
        try #require(try SupervisorCommand.parseAsRoot(arguments) as? Command)
    }

    @Test func upTakesTheBoundsOfARun() throws {
        let up = try parse(
            "up", "--config", "c.yaml", "--state", "/s", "--for", "90s", "--speed", "max",
            "--data", "/d", "--fresh", "--json", as: UpCommand.self)
        #expect(up.limit?.span == .seconds(90))
        #expect(up.speed == .unpaced)
        #expect(up.data == "/d")
        #expect(up.fresh && up.json)
        let plain = try parse("up", "--config", "c.yaml", as: UpCommand.self)
        #expect(plain.speed == .factor(1))
        #expect(plain.limit == nil && !plain.fresh)
    }

    @Test(arguments: [
        ["up"], ["up", "--config", "c", "--speed", "fast"],
        ["up", "--config", "c", "--speed", "0"],
        ["up", "--config", "c", "--for", "60"], ["explain"], ["explain", "seven"],
        ["orders", "--last", "0"], ["halt", "--org", "a b"], ["journal", "mend"], ["keys", "init"],
        ["journal", "show", "--limit", "-1"], ["nothing"],
        ["journal", "verify", "--key", "00"], ["journal", "export", "--org", "o"],
        ["resolve-break", "--org", "o", "--account", "a"],
        ["post", "--org", "o", "--account", "a", "--why", "gift", "--amount", "1"],
        ["statement", "--day", "today"],
    ])
    func refusesWrongUsage(_ arguments: [String]) {
        #expect(throws: (any Error).self) { try SupervisorCommand.parseAsRoot(arguments) }
    }

    @Test func everyCommandIsThere() throws {
        _ = try parse("run", "--config", "c", as: RunCommand.self)
        _ = try parse("status", as: StatusCommand.self)
        #expect(try parse("explain", "42", as: ExplainCommand.self).order == 42)
        #expect(try parse("orders", "--last", "7", as: OrdersCommand.self).last == 7)
        _ = try parse("journal", "verify", "--of", "gw-kalshi", as: JournalVerifyCommand.self)
        _ = try parse("arm", as: ArmCommand.self)
        let resume = try parse("resume", "--org", "o", "--out", "f", as: ResumeCommand.self)
        #expect(resume.quorum.out == "f")
        #expect(resume.quorum.expiresIn.span == .seconds(86_400))
        for path in [["sign", "f"], ["limits", "sign", "f"]] {
            #expect(try SupervisorCommand.parseAsRoot(path) is SignCommand)
        }
        for path in [["apply", "f"], ["limits", "apply", "f"]] {
            #expect(try SupervisorCommand.parseAsRoot(path) is ApplyCommand)
        }
        let post = try parse(
            "post", "--org", "o", "--account", "a", "--why", "funding", "--amount=-0.5",
            as: PostCommand.self)
        #expect(post.amount.money == Sample.money("-0.5"))
        _ = try parse(
            "resolve-break", "--org", "o", "--account", "a", "--reason", "fee",
            as: ResolveBreakCommand.self)
        let statement = try parse("statement", "--day", "2026-07-24", as: StatementCommand.self)
        #expect(statement.day == "2026-07-24")
        _ = try parse("disarm", "--reason", "upgrade", as: DisarmCommand.self)
        _ = try parse("journal", "replay", as: JournalReplayCommand.self)
        let export = try parse(
            "journal", "export", "--org", "o", "--out", "f", as: JournalExportCommand.self)
        #expect(export.out == "f")
        let verify = try parse(
            "journal", "verify", "--export", "f", as: JournalVerifyCommand.self)
        #expect(verify.export == "f")
        #expect(try parse("journal", "show", "--from", "9", as: JournalShowCommand.self).from == 9)
        #expect(try parse("keys", "init", "/k", as: KeysInitCommand.self).folder == "/k")
    }

    @Test func aHaltIsForOneScope() throws {
        func scope(_ arguments: String...) throws -> OperatorScope {
            let command = try SupervisorCommand.parseAsRoot(["halt"] + arguments)
            return try #require(command as? HaltCommand).scope.named()
        }
        #expect(try scope() == .all)
        #expect(try scope("--org", "demo") == .org(Sample.org))
        #expect(
            try scope("--org", "demo", "--account", "main") == .account(Sample.org, Sample.account))
        #expect(
            try scope("--org", "demo", "--account", "main", "--strategy", "updown")
                == .strategy(Sample.org, Sample.account, Sample.strategy))
        #expect(try scope("--venue", "kalshi") == .venue(Sample.venue))
        #expect(
            try scope("--instrument", "KXBTCUD5M-1753315200") == .instrument(Sample.instrument))
        #expect(throws: ProcessFailure.self) { try scope("--account", "main") }
        #expect(throws: ProcessFailure.self) { try scope("--org", "demo", "--strategy", "updown") }
        #expect(throws: ProcessFailure.self) { try scope("--org", "demo", "--venue", "kalshi") }
    }

    @Test func withoutAClusterACommandSaysWhatToName() throws {
        let status = try parse("status", "--state", "/nonexistent/state", as: StatusCommand.self)
        let error = #expect(throws: ProcessFailure.self) { try status.options.configuration() }
        #expect(error?.code == .usage)
        #expect(error?.description.contains("--config or --state") == true)
    }
}
