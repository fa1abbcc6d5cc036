import Cryptography
import Foundation
import Risk
import RiskCore
import Runtime
import Testing
import Trading
import Wire

/// The core reads the registry of what may be traded, and nothing but one that holds.
@Suite struct RegistryTests {
    private func text(
        version: Int, cluster: String = "test", state: String = "tradable", more: String = ""
    ) -> String {
        """
        registry: 1
        cluster: \(cluster)
        version: \(version)
        sets:
          - { venue: kalshi, set: KX*, state: \(state), source: brti, linked: [btc]\(more) }
        """
    }

    private func write(_ text: String, _ fixture: CoreFixture, isSigned: Bool = true) throws {
        let url = URL(filePath: fixture.registryPath)
        try Data(text.utf8).write(to: url)
        guard isSigned else { return }
        let seal = try SignedRegistry.seal(
            of: text, by: #require(ShortName("local")), with: fixture.operatorKey)
        try Data(seal.utf8).write(
            to: URL(filePath: SignedRegistry.signaturePath(of: fixture.registryPath)))
    }

    @Test func aRegistryIsTakenAtTheStartAndWhenItChanges() throws {
        let fixture = try CoreFixture()
        fixture.hasRegistry = true
        try write(text(version: 1), fixture)
        let core = try fixture.startCore()
        #expect(core.engine.registryView.version == 1)
        #expect(core.engine.registryView.isWhole)
        try write(text(version: 2, state: "watch-only"), fixture)
        try fixture.run("the second version") { core.engine.registryView.version == 2 }
        try fixture.stopCore()
        _ = try fixture.verify()
        let again = try fixture.startCore()
        #expect(again.engine.registryView.version == 2)
    }

    @Test func whatDoesNotHoldLeavesTheOldOneAsItIs() throws {
        let fixture = try CoreFixture()
        fixture.hasRegistry = true
        try write(text(version: 5), fixture)
        let core = try fixture.startCore()
        let before = core.engine.registryView
        let other = try Ed25519PrivateKey.generate()
        let bad: [(String, Bool)] = [
            (text(version: 4), true), (text(version: 5, state: "new"), true),
            (text(version: 6), false), (text(version: 7, cluster: "other"), true),
            (text(version: 8, more: ", colour: red"), true), ("registry: [", true),
        ]
        for (step, (text, isSigned)) in bad.enumerated() {
            try write(text, fixture, isSigned: isSigned)
            try fixture.run("a refusal") { core.registriesRefused > step }
            #expect(core.engine.registryView == before, "\(text)")
        }
        let forged = text(version: 9)
        try write(forged, fixture, isSigned: false)
        let seal = try SignedRegistry.seal(
            of: forged, by: #require(ShortName("local")), with: other)
        try Data(seal.utf8).write(
            to: URL(filePath: SignedRegistry.signaturePath(of: fixture.registryPath)))
        try fixture.run("a refusal") { core.registriesRefused > bad.count }
        #expect(core.engine.registryView == before)
        // A core that starts then goes on with what it has.
        try fixture.stopCore()
        #expect(try fixture.startCore().engine.registryView.version == 5)
    }

    @Test func aCoreWithoutItsFirstRegistryDoesNotServe() throws {
        let fixture = try CoreFixture()
        fixture.hasRegistry = true
        #expect(throws: (any Error).self) {
            try fixture.startCore()
            try fixture.run("a stop") { false }
        }
    }
}
