import Foundation
package import Logging
package import Runtime
package import Signals
import Synchronization
package import Trading

/// The crypto agent's part in a federation. What arrives in the exchange folder goes on trial in
/// the policy; how far it is outlives the agent in a file of its own; what the agent's own markets
/// say is fitted on another thread and offered.
///
/// The core does not know of any of it: limits never depend on what was learned.
package final class CryptoLearning: PolicyLearning {
    private let exchange: ExchangeFolder
    private let offerEvery: Int
    /// What must not be forgotten of the trial.
    private let savedPath: String
    private let log: Logger
    private var nextLook = MonotonicTime.zero
    /// What was read last, so that it is looked at once.
    private var seen: String?
    private var saved: UpDownRollout.Saved
    private var stage: UpDownRollout.Stage
    private var offeredAt = 0
    private var refused: Int64 = 0
    private let fitting = Fitting()

    private static let interval = Span.seconds(1)

    package init(
        _ parameters: LearningParameters, folder: String, state: String,
        policy: CryptoUpDownPolicy, log: Logger
    ) {
        let path = parameters.exchange
        exchange = ExchangeFolder(path.hasPrefix("/") ? path : "\(state)/\(path)")
        offerEvery = parameters.offerEvery
        savedPath = CryptoLearning.savedPath(in: folder)
        self.log = log
        saved = policy.rollout.saved
        stage = policy.rollout.stage
    }

    private static func savedPath(in folder: String) -> String { folder + "/learned.json" }

    /// What an earlier run of the agent has put into use.
    package static func saved(in folder: String) throws(ProcessFailure) -> UpDownRollout.Saved {
        let path = savedPath(in: folder)
        guard FileSystem.exists(path) else { return UpDownRollout.Saved() }
        let text = try TextFile.read(path)
        guard
            let saved = try? JSONDecoder().decode(UpDownRollout.Saved.self, from: Data(text.utf8)),
            [saved.live, saved.fallback].compactMap({ $0?.learned.values }).allSatisfy({
                UpDownLearned($0) != nil
            })
        else {
            throw ProcessFailure(
                .refused,
                "\(path) is not what an agent has written: move it away, and the agent begins "
                    + "with the model as it is")
        }
        return saved
    }

    package func turn(_ policy: inout CryptoUpDownPolicy, at now: MonotonicTime) -> Bool {
        guard now >= nextLook else { return false }
        nextLook = now + CryptoLearning.interval
        look(&policy)
        offer(policy)
        return keep(policy)
    }

    package func values(of policy: CryptoUpDownPolicy) -> [(String, Int64)] {
        let rollout = policy.rollout
        return [
            ("learned_stage", Int64(rollout.stage.rawValue)),
            ("learned_live", Int64(clamping: rollout.saved.live?.height ?? 0)),
            ("learned_trial", Int64(clamping: rollout.candidate?.height ?? 0)),
            ("learned_judged", Int64(rollout.judged)),
            ("learned_markets", Int64(policy.marketsSeen)),
            ("learned_refused", refused),
        ]
    }

    // MARK: In

    private func look(_ policy: inout CryptoUpDownPolicy) {
        guard FileSystem.exists(exchange.version),
            let text = try? TextFile.read(exchange.version, sizeMax: ExchangeFolder.sizeMax),
            text != seen
        else { return }
        seen = text
        guard let found = try? JSONDecoder().decode(ExchangedVersion.self, from: Data(text.utf8)),
            let learned = CryptoLearning.learned(found.parameters)
        else {
            refused += 1
            let names = UpDownLearned.names.joined(separator: ", ")
            log.error(
                "learned_refused",
                metadata: [
                    "file": "\(exchange.version)",
                    "because": "expected a version with \(names) within their bounds",
                ])
            return
        }
        policy.stage(
            UpDownRollout.Version(height: found.height, model: found.model, learned: learned))
    }

    private static func learned(_ values: [String: Double]) -> UpDownLearned? {
        guard values.count == UpDownLearned.names.count else { return nil }
        return UpDownLearned(UpDownLearned.names.compactMap { values[$0] })
    }

    // MARK: Out

    /// Fits what the agent has seen, where there is enough news, and lays it down.
    private func offer(_ policy: CryptoUpDownPolicy) {
        guard offerEvery > 0, policy.marketsSeen - offeredAt >= offerEvery else { return }
        guard fitting.begin() else { return }
        offeredAt = policy.marketsSeen
        let (rows, exchange, log, fitting) = (policy.rows, exchange, log, fitting)
        Task.detached(priority: .background) {
            defer { fitting.end() }
            let values = UpDownLearned.fit(rows).values
            let offer = ExchangedOffer(
                weight: Double(rows.count) / Double(CryptoUpDownPolicy.rowsMax),
                parameters: Dictionary(zip(UpDownLearned.names, values)) { first, _ in first })
            do throws(ProcessFailure) {
                let text = try? JSONEncoder().encode(offer)
                try exchange.write(
                    String(decoding: text ?? Data(), as: UTF8.self), to: exchange.offer)
                log.info("offered", metadata: ["forecasts": "\(rows.count)"])
            } catch {
                log.error("offer_not_written", metadata: ["error": "\(error)"])
            }
        }
    }

    // MARK: Memory

    /// Whether the trial went on since the last look; what it changed is durable.
    private func keep(_ policy: CryptoUpDownPolicy) -> Bool {
        let rollout = policy.rollout
        guard rollout.stage != stage || rollout.saved != saved else { return false }
        (stage, saved) = (rollout.stage, rollout.saved)
        log.notice(
            "learned",
            metadata: [
                "stage": "\(stage)", "live": "\(saved.live?.height ?? 0)",
                "trial": "\(rollout.candidate?.height ?? 0)",
            ])
        do throws(ProcessFailure) {
            let text = try? JSONEncoder().encode(saved)
            try BinaryFile.write(String(decoding: text ?? Data(), as: UTF8.self), to: savedPath)
        } catch {
            log.error("learned_not_kept", metadata: ["error": "\(error)"])
        }
        return true
    }
}

/// Whether a fit is under way; there is one at a time.
private final class Fitting: Sendable {
    private let isUnderWay = Mutex(false)

    func begin() -> Bool {
        isUnderWay.withLock { isUnderWay in
            defer { isUnderWay = true }
            return !isUnderWay
        }
    }

    func end() { isUnderWay.withLock { $0 = false } }
}
