import FedSync
import Federation
import Foundation
import Runtime
import Testing
import Trading
import Transport

/// Agents and their cluster's peer meet in a folder.
@Suite struct ExchangeTests {
    private let folder = ExchangeFolder(
        FileManager.default.temporaryDirectory.path + "/bwx-\(UUID().uuidString)")

    init() throws {
        try FileManager.default.createDirectory(
            atPath: folder.path, withIntermediateDirectories: true)
    }

    private func lay(_ weight: Double, _ parameters: [String: Double]) throws {
        let data = try JSONEncoder().encode(
            ExchangedOffer(weight: weight, parameters: parameters))
        try folder.write(String(decoding: data, as: UTF8.self), to: folder.offer)
    }

    private func version() throws -> ExchangedVersion {
        let text = try TextFile.read(folder.version)
        return try JSONDecoder().decode(ExchangedVersion.self, from: Data(text.utf8))
    }

    @Test func anAgentsOfferEntersARoundAndTheVersionComesBack() throws {
        let federation = try FederationInMemory(count: 3, exchanges: [0: folder])
        try lay(0.5, ["volatility": 1.2, "drift": 0.1])
        for place in 1..<3 { try federation.offer(place, [1.0, 0], weight: 0.5) }
        let isDone = try federation.network.run(within: .seconds(100)) {
            (0..<3).allSatisfy { federation.height($0) == 1 }
        }
        try #require(isDone)
        #expect(!FileSystem.exists(folder.offer), "it was taken")
        let found = try version()
        let model = try federation.record(0).model
        #expect(found.height == 1 && found.model == "\(model.digest)")
        #expect(found.parameters["volatility"] == model.parameters[0])
        #expect(found.parameters["drift"] == model.parameters[1])
        #expect(abs(model.parameters[0] - 1 - 0.2 / 3) < 1e-3, "a third of what it offered")
        // Whoever comes back lays the version down again.
        try federation.kill(0)
        try FileManager.default.removeItem(atPath: folder.version)
        try federation.start(0)
        try federation.network.run(for: .seconds(3))
        try #expect(version() == found)
    }

    /// Whoever comes back has the optimiser's memory from its journal, and goes on as the others.
    @Test func theMomentsOutliveAPeer() throws {
        let federation = try FederationInMemory(count: 3, adam: AdamTerms())
        for round in 1...3 as ClosedRange<UInt64> {
            for place in 0..<3 {
                try federation.offer(place, [1.1 + 0.1 * Double(round), 0.1], weight: 0.5)
            }
            let isDone = try federation.network.run(within: .seconds(100)) {
                (0..<3).allSatisfy { federation.height($0) == round }
            }
            try #require(isDone, "no version \(round)")
            try federation.kill(Int(round) - 1)
            try federation.start(Int(round) - 1)
        }
        let models = try (0..<3).map { try federation.record($0).model }
        #expect(models[0] == models[1] && models[1] == models[2])
        #expect(models[0].moments.count == 4 && models[0].moments[0] > 0)
        let folder = federation.sample.members[0].folder
        #expect(folder.isJoined(as: federation.sample.invitation.configuration.adam))
    }

    @Test(arguments: [
        "", "{", #"{"weight":2,"parameters":{"volatility":1,"drift":0}}"#,
        #"{"weight":0.5,"parameters":{"volatility":1}}"#,
        #"{"weight":0.5,"parameters":{"volatility":1,"drift":0,"edge":1}}"#,
    ])
    func nonsenseIsNoOffer(text: String) throws {
        let federation = try FederationInMemory(count: 3, exchanges: [0: folder])
        try folder.write(text, to: folder.offer)
        try federation.network.run(for: .seconds(3))
        let updates = federation.sample.members[0].folder.updates
        #expect(FileSystem.names(in: updates).isEmpty)
        #expect(FileSystem.exists(folder.offer), "what was not taken stays to be looked at")
        let status = try TextFile.read(federation.sample.members[0].folder.status)
        #expect(FedSyncStatus(json: status)?.alarm != nil)
    }
}

extension FedSyncFolder {
    /// Whether the invitation on disk says the same of the optimiser.
    fileprivate func isJoined(as adam: AdamTerms?) -> Bool {
        (try? joined())?.configuration.adam == adam
    }
}
