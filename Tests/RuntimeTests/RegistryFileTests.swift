import Cryptography
import Foundation
import Runtime
import Testing
import Trading
import Wire

@Suite struct RegistryFileTests {
    private let whole = """
        registry: 1
        cluster: test
        version: 3
        sets:
          - venue: kalshi
            set: KXBTC*
            state: tradable
            source: cf-brti
            linked: [bitcoin, crypto]
            window: 10s
          - venue: kalshi
            set: KXELECTION
            state: deprecated
            exclusive: true
            exhaustive: true
            resolution: disputed
            resolves-at: 2026-11-03T23:59:30Z
            source: ap
            rules: [\(String(repeating: "0a", count: 32))]
        """

    @Test func aFileStatesSets() throws {
        let file = try RegistryFile(yaml: whole, file: "r.yaml")
        #expect(file.version == 3)
        #expect(file.cluster == ShortName("test"))
        let pattern = file.sets[0]
        #expect(pattern.statement.eventSet == EventSetID("KXBTC"))
        #expect(pattern.statement.isPattern.isSet)
        #expect(pattern.statement.state == .tradable)
        #expect(!pattern.statement.isExclusive.isSet)
        #expect(pattern.statement.window == .seconds(10))
        #expect(pattern.links == ["bitcoin", "crypto"].compactMap { LongName($0) })
        let single = file.sets[1]
        #expect(!single.statement.isPattern.isSet)
        #expect(single.statement.isExclusive.isSet)
        #expect(single.statement.isExhaustive.isSet)
        #expect(single.statement.resolution == .disputed)
        #expect(single.statement.resolvesAt.description == "2026-11-03T23:59:30.000000000Z")
        #expect(single.rules.count == 1)
    }

    @Test(arguments: [
        ("registry: 1", "registry: 2", 1, "registry"),
        ("version: 3", "version: 0", 3, "version"),
        ("version: 3", "version: -1", 3, "version"),
        ("version: 3", "version: 99999999999999999999", 3, "version"),
        ("state: tradable", "state: open", 7, "sets[0].state"),
        ("window: 10s", "window: 0s", 10, "sets[0].window"),
        ("window: 10s", "windows: 10s", 10, "sets[0]"),
        ("set: KXELECTION", "set: KXBTC*", 12, "sets[1].set"),
        ("set: KXELECTION", "set: \"*\"", 12, "sets[1].set"),
        ("exclusive: true", "exclusive: yes", 14, "sets[1].exclusive"),
        ("exclusive: true", "exclusive: false", 15, "sets[1].exhaustive"),
        ("resolution: disputed", "resolution: maybe", 16, "sets[1].resolution"),
        ("2026-11-03T23:59:30Z", "2026-02-30T00:00:00Z", 17, "sets[1].resolves-at"),
        ("2026-11-03T23:59:30Z", "tomorrow", 17, "sets[1].resolves-at"),
        ("rules: [0a", "rules: [0", 19, "sets[1].rules"),
        ("[bitcoin, crypto]", "[bitcoin, bitcoin]", 9, "sets[0].linked"),
        ("[bitcoin, crypto]", "bitcoin", 9, "sets[0].linked"),
    ])
    func whatIsWrongIsNamedWithItsPlace(
        right: String, wrong: String, line: Int, key: String
    ) throws {
        let text = whole.replacingOccurrences(of: right, with: wrong)
        #expect(text != whole)
        let error = #expect(throws: ConfigurationError.self) {
            try RegistryFile(yaml: text, file: "r.yaml")
        }
        #expect(error?.file == "r.yaml")
        #expect(error?.line == line, "\(error?.description ?? "")")
        #expect(error?.key == key)
        #expect(error?.expected.isEmpty == false)
    }

    @Test func onlyWhatAnOperatorSignedIsTaken() throws {
        let key = try Ed25519PrivateKey.generate()
        let name = try #require(ShortName("ann"))
        let cluster = try #require(ShortName("test"))
        let seal = try SignedRegistry.seal(of: whole, by: name, with: key)
        func read(
            _ text: String, _ seal: String, cluster: ShortName = cluster,
            by key: Ed25519PublicKey? = key.publicKey
        ) throws -> SignedRegistry {
            try SignedRegistry(
                text, seal: seal, file: "r.yaml", cluster: cluster,
                operators: key.map { [name: $0] } ?? [:])
        }
        let registry = try read(whole, seal)
        #expect(registry.signer == name)
        #expect(registry.file.version == 3)
        let other = try Ed25519PrivateKey.generate()
        let wrong: [(String, () throws -> SignedRegistry)] = [
            ("signature", { try read(whole + "\n", seal) }),
            ("signature", { try read(whole, seal, by: other.publicKey) }),
            ("operator", { try read(whole, seal, by: nil) }),
            ("", { try read(whole, "") }),
            ("", { try read(whole, "ann zz") }),
            ("signature", { try read(whole, "ann 00") }),
            ("cluster", { try read(whole, seal, cluster: #require(ShortName("live"))) }),
        ]
        for (index, (subject, attempt)) in wrong.enumerated() {
            let error = #expect(throws: ConfigurationError.self, "\(index)") { try attempt() }
            #expect(error?.key == subject, "\(index)")
        }
        // What was signed as a command is no registry.
        let bytes = Array(whole.utf8)
        let command = try OperatorSeal.sign(bytes, range: 0..<bytes.count, reason: [], with: key)
        #expect(throws: ConfigurationError.self) {
            _ = try read(whole, "ann \(Hex.encode(command))")
        }
    }

    @Test func theSampleIsARegistryOfThePaperCluster() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let path = root.appending(path: "deploy/config/registry.yaml").path()
        let text = try TextFile.read(path)
        let file = try RegistryFile(yaml: text, file: path)
        let configuration = try ClusterConfiguration(
            path: root.appending(path: "deploy/config/paper.yaml").path())
        #expect(file.cluster == configuration.cluster)
        #expect(configuration.registryPath == nil, "keys are made at the first start")
    }
}
