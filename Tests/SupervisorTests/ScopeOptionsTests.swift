import ArgumentParser
import Runtime
import Testing
import Trading

@testable import Supervisor

/// How an operator names a scope.
@Suite struct ScopeOptionsTests {
    private func scope(_ arguments: String...) throws -> OperatorScope {
        try ScopeOptions.parse(arguments).named()
    }

    @Test func oneWordNamesWhatTheOptionsDo() throws {
        #expect(try scope() == .all)
        #expect(try scope("--scope", "all") == .all)
        #expect(try scope("--scope", "demo") == scope("--org", "demo"))
        #expect(
            try scope("--scope", "demo/main") == scope("--org", "demo", "--account", "main"))
        #expect(
            try scope("--scope", "demo/main/updown")
                == scope("--org", "demo", "--account", "main", "--strategy", "updown"))
        #expect(try scope("--scope", "venue:kalshi") == scope("--venue", "kalshi"))
        #expect(try scope("--scope", "instrument:KX-1") == scope("--instrument", "KX-1"))
    }

    @Test(arguments: ["", "demo/", "/main", "a/b/c/d", "planet:mars", "venue:", "demo//updown"])
    func nonsenseIsRefused(text: String) {
        #expect(throws: (any Error).self) { try scope("--scope", text) }
    }

    @Test func onlyOneWayAtATime() {
        #expect(throws: ProcessFailure.self) { try scope("--scope", "demo", "--org", "demo") }
        #expect(throws: ProcessFailure.self) { try scope("--scope", "demo", "--account", "main") }
    }
}
