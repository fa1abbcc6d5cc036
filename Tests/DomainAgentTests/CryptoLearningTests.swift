import DomainAgent
import Foundation
import Logging
import Runtime
import Signals
import TestSupport
import Testing
import Trading

/// The files by which an agent takes part in what clusters learn.
@Suite struct CryptoLearningTests {
    private let folder = FileManager.default.temporaryDirectory.path + "/bwl-\(UUID().uuidString)"
    private var exchange: ExchangeFolder { ExchangeFolder(folder + "/exchange") }
    private let log = Logger(label: "learning") { _ in SwiftLogNoOpLogHandler() }

    init() throws {
        try FileManager.default.createDirectory(
            atPath: folder + "/exchange", withIntermediateDirectories: true)
    }

    private func parameters(offerEvery: Int = 0) throws -> LearningParameters {
        let yaml = "learned:\n  exchange: exchange\n  offer-every: \(offerEvery)\n"
        let root = try ConfigurationSection(
            ConfigurationValue(yaml: yaml, file: "t.yaml"), file: "t.yaml", path: "")
        return try LearningParameters(root.section("learned"))
    }

    private func learning(
        _ policy: CryptoUpDownPolicy, offerEvery: Int = 0
    ) throws -> CryptoLearning {
        CryptoLearning(
            try parameters(offerEvery: offerEvery), folder: folder, state: folder, policy: policy,
            log: log)
    }

    private func lay(_ text: String) throws { try exchange.write(text, to: exchange.version) }

    private func count(
        _ name: String, _ learning: CryptoLearning, _ policy: CryptoUpDownPolicy
    ) -> Int64? { learning.values(of: policy).first { $0.0 == name }?.1 }

    private let good =
        #"{"federation":"demo","height":3,"model":"abc","parameters":{"volatility":0.1,"#
        + #""drift":0,"slope":1.1,"offset":0}}"#

    @Test func aVersionGoesOnTrialOnce() throws {
        var policy = CryptoUpDownPolicy()
        let learning = try learning(policy)
        var now = MonotonicTime.zero
        #expect(!learning.turn(&policy, at: now), "there is none yet")
        try lay(good)
        #expect(!learning.turn(&policy, at: now + .milliseconds(10)), "files are looked at slowly")
        now = now + .seconds(1)
        #expect(learning.turn(&policy, at: now), "the model is another one")
        #expect(policy.rollout.stage == .shadow && policy.rollout.candidate?.height == 3)
        #expect(!learning.turn(&policy, at: now + .seconds(1)))
        #expect(count("learned_trial", learning, policy) == 3)
    }

    @Test(arguments: [
        "", "{", "[]", #"{"federation":"demo","height":3,"model":"abc","parameters":{}}"#,
        #"{"federation":"d","height":3,"model":"a","parameters":{"volatility":9,"drift":0,"slope":1,"offset":0}}"#,
        #"{"federation":"d","height":3,"model":"a","parameters":{"volatility":0,"drift":0,"slope":1,"offset":0,"more":1}}"#,
        #"{"federation":"d","height":-3,"model":"a","parameters":{"volatility":0,"drift":0,"slope":1,"offset":0}}"#,
    ])
    func nonsenseIsRefusedAndTheModelStays(text: String) throws {
        var policy = CryptoUpDownPolicy()
        let learning = try learning(policy)
        try lay(text)
        #expect(!learning.turn(&policy, at: .zero))
        #expect(policy.rollout.stage == .none)
        #expect(count("learned_refused", learning, policy) == 1)
        try lay(good)
        #expect(learning.turn(&policy, at: .zero + .seconds(2)), "the next good one is taken")
    }

    @Test func whatIsInUseOutlivesTheAgent() throws {
        try #expect(CryptoLearning.saved(in: folder) == UpDownRollout.Saved())
        var policy = CryptoUpDownPolicy()
        let learning = try learning(policy)
        try lay(good)
        _ = learning.turn(&policy, at: .zero)
        let learned = try #require(UpDownLearned([0.1, 0, 1.1, 0]))
        let live = UpDownRollout.Version(height: 2, model: "old", learned: learned)
        policy = CryptoUpDownPolicy(
            rollout: UpDownRollout(saved: .init(live: live, refused: ["bad"])))
        #expect(learning.turn(&policy, at: .zero + .seconds(1)))
        try #expect(CryptoLearning.saved(in: folder).live == live)
        try #expect(CryptoLearning.saved(in: folder).refused == ["bad"])
        // A file that somebody has changed is not believed.
        let path = folder + "/learned.json"
        let text = try String(contentsOfFile: path, encoding: .utf8)
        for wrong in ["{}", text.replacingOccurrences(of: "1.1", with: "77")] {
            try wrong.write(toFile: path, atomically: true, encoding: .utf8)
            #expect(throws: ProcessFailure.self) { try CryptoLearning.saved(in: folder) }
        }
    }

    /// What the agent has seen becomes an offer that `fed-sync` would take.
    @Test func theAgentOffersWhatItHasLearned() async throws {
        var policy = CryptoUpDownPolicy()
        var random = SeededRandom(seed: 9)
        var price = 65_000.0
        for second in 0...1_500 as ClosedRange<Int64> {
            price *= 1 + 1e-4 * Double.random(in: -1...1, using: &random)
            let at = AgentCluster.start + .seconds(second)
            let exact = try #require(Price(price, rounding: .nearestEven))
            _ = policy.observe(SpotObservation(feedAt: at, receivedAt: at, price: exact))
        }
        let learning = try learning(policy, offerEvery: 5)
        _ = learning.turn(&policy, at: .zero)
        for _ in 0..<500 where !FileSystem.exists(exchange.offer) {
            try await Task.sleep(for: .milliseconds(20))
        }
        let text = try TextFile.read(exchange.offer)
        let offer = try JSONDecoder().decode(ExchangedOffer.self, from: Data(text.utf8))
        #expect(Set(offer.parameters.keys) == Set(UpDownLearned.names))
        #expect(offer.weight > 0 && offer.weight <= 1)
    }
}
