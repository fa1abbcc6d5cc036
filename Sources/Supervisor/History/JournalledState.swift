import Journal
import Risk
import Runtime
import Trading

/// The core's state as its journal has it now: the newest snapshot and what came after. Decides
/// nothing again; `JournalReplay` does.
struct JournalledState {
    let engine: RiskEngine

    init(_ options: ConsoleOptions) throws {
        engine = try JournalledState.walk(options, fromSnapshot: true) { _, _ in }
    }

    /// Applies the recorded entries one after the other, from the first that the journal has;
    /// `body` sees each, and the state after it.
    @discardableResult
    static func walk(
        _ options: ConsoleOptions, fromSnapshot: Bool = false,
        _ body: (RiskEngine, [UInt8]) throws -> Void
    ) throws -> RiskEngine {
        let configuration = try options.configuration()
        let path = options.stateDirectory.journal(of: configuration.core.name)
        guard FileSystem.exists(path) else {
            throw ProcessFailure(.unavailable, "there is no journal at \(path)")
        }
        do {
            let reader = try JournalReader(opening: path)
            var (engine, start) = try JournalReplay.beginning(
                of: reader, cluster: configuration.cluster)
            if fromSnapshot, let snapshot = try reader.latestSnapshot() {
                engine = try RiskEngine(snapshot: snapshot.bytes)
                start = snapshot.head
            }
            var effects = RiskEffects()
            _ = try reader.replay(after: start) { _, bytes in
                effects.removeAll()
                let entry = bytes.withUnsafeBytes { Array($0) }
                _ = try engine.recover(entry, into: &effects)
                try body(engine, entry)
            }
            return engine
        } catch let error as JournalError {
            throw ProcessFailure(.refused, "\(path): \(error)")
        } catch let error as EntryError {
            throw ProcessFailure(.refused, "\(path): \(error)")
        } catch let error as SnapshotError {
            throw ProcessFailure(.refused, "\(path): \(error)")
        }
    }
}
