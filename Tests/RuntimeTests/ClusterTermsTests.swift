import Foundation
import Runtime
import TestSupport
import Testing
import Trading
import Wire

/// What two processes must have read alike, and what tells one program from another.
@Suite struct ClusterTermsTests {
    private let gateway = ProcessID("gw-kalshi")
    private let agent = ProcessID("agent-crypto")

    private func terms(_ process: ProcessID?, _ changes: [(String, String)] = []) throws -> Digest?
    {
        var text = try sampleConfiguration()
        for (old, new) in changes {
            try #require(text.contains(old))
            text = text.replacing(old, with: new)
        }
        return try ClusterConfiguration(yaml: text, file: "p").terms(of: #require(process))
    }

    @Test func differsWhereTheTwoMustAgree() throws {
        let (atGateway, atAgent) = (try terms(gateway), try terms(agent))
        #expect(atGateway != nil && atAgent != nil && atGateway != atAgent)
        for change in [
            ("cluster: paper-demo", "cluster: other"), ("mode: paper", "mode: shadow"),
            ("  heartbeat: 200ms", "  heartbeat: 300ms"), ("  lease: 5s", "  lease: 6s"),
            ("account: main", "account: second"), ("org: demo", "org: rival"),
        ] {
            #expect(try terms(gateway, [change]) != atGateway, "\(change)")
            #expect(try terms(agent, [change]) != atAgent, "\(change)")
        }
        #expect(try terms(gateway, [("replay: true", "replay: false")]) != atGateway)
        #expect(try terms(agent, [("strategy: updown", "strategy: other")]) != atAgent)
    }

    @Test func isTheSameWhereOneAloneIsConcerned() throws {
        let changes = [
            ("parameters: {}        #", "parameters: { kelly-fraction: 0.1 } #"),
            ("checkpoint-every: 4096", "checkpoint-every: 1024"),
            ("value: \"25\"", "value: \"24\""), ("publish-depth: 10", "publish-depth: 5"),
        ]
        #expect(try terms(gateway, changes) == terms(gateway))
        #expect(try terms(agent, changes) == terms(agent))
        #expect(try terms(ProcessID("supervisor")) == nil)
    }

    @Test func aProgramIsItsBytes() throws {
        let folder = try ScratchFolder.make("builds")
        let path = folder + "/program"
        try Data("abc".utf8).write(to: URL(filePath: path))
        // FIPS 180-2, appendix B.1.
        #expect(
            try Executable.build(of: path).description
                == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        try Data(repeating: 7, count: 3 << 20).write(to: URL(filePath: path))
        let long = try Executable.build(of: path)
        try Data(repeating: 7, count: 3 << 20 + 1).write(to: URL(filePath: path))
        #expect(try Executable.build(of: path) != long)
        #expect(try !Executable.ownBuild().isZero)
        let missing = #expect(throws: ProcessFailure.self) {
            try Executable.build(of: folder + "/nothing")
        }
        #expect(missing?.code == .unavailable)
    }
}
