import Journal
import Risk
import Trading
import Wire

/// Reading a journal again, its chain checked: with the decisions that it has, as a start does, and
/// deciding everything again, as `journal replay` does.
enum ReplayBench {
    private static let orders = 20_000
    private static let openOrders = 5_000

    static func measure(in folder: String) throws -> [Figure] {
        let path = "\(folder)/replay.sqlite"
        let (before, entries) = try write(to: path)
        var recovering: [Double] = []
        var deciding: [Double] = []
        for _ in 0..<Stopwatch.runs {
            recovering.append(try recover(path, from: before, entries))
            deciding.append(try decideAgain(path, from: before, entries))
        }
        return [
            Figure(
                name: "replay_recorded", value: Stopwatch.median(recovering), unit: "entries/s",
                runs: Stopwatch.runs),
            Figure(
                name: "replay_decided_again", value: Stopwatch.median(deciding),
                unit: "entries/s", runs: Stopwatch.runs),
        ]
    }

    /// Orders with their decisions, and the end of the oldest for each that comes once enough are
    /// open. Answers the state before the first and how many entries there are.
    private static func write(to path: String) throws -> (RiskEngine, entries: Int) {
        let store = try JournalBench.store(at: path)
        defer { store.close() }
        var engine = BenchOrders.engine()
        var effects = RiskEffects()
        try RiskBench.declareIntents(&engine, &effects)
        let before = engine
        var open: [OrderID] = []
        for (index, item) in try BenchWork.make(orders).enumerated() {
            effects.removeAll()
            if index >= openOrders {
                let fate = BenchOrders.fate(of: open[index - openOrders], at: BenchOrders.now)
                engine.apply(fate, at: BenchOrders.now, into: &effects)
                _ = try store.append(
                    epoch: Epoch(1), at: BenchOrders.now, template: PermitFate.templateID,
                    body: JournalEntry(at: BenchOrders.now).frame(
                        command: fate.frame(), reference: [], decision: []))
            }
            open.append(try JournalBench.decide(item, &engine, &effects, store).orderID)
            if index % JournalBench.batch == 0 { try store.commit() }
        }
        try store.commit()
        return (before, 2 * orders - openOrders)
    }

    private static func recover(
        _ path: String, from before: RiskEngine, _ entries: Int
    ) throws -> Double {
        var engine = before
        var effects = RiskEffects()
        return try perSecond(path, entries) { _, body in
            effects.removeAll()
            try engine.recover(body, into: &effects)
        }
    }

    private static func decideAgain(
        _ path: String, from before: RiskEngine, _ entries: Int
    ) throws -> Double {
        // No entry is a checkpoint, so no state is hashed.
        var checker = ReplayChecker(from: before) { _ in .zero }
        return try perSecond(path, entries) { number, body in try checker.check(number, body) }
    }

    private static func perSecond(
        _ path: String, _ entries: Int, _ body: (SequenceNumber, [UInt8]) throws -> Void
    ) throws -> Double {
        let reader = try JournalReader(opening: path)
        let start = try reader.start()
        var count = 0
        let began = Stopwatch.nanoseconds()
        _ = try reader.replay(after: start) { header, bytes in
            try body(header.sequence, bytes.withUnsafeBytes { Array($0) })
            count += 1
        }
        let seconds = Double(Stopwatch.nanoseconds() - began) / 1e9
        guard count == entries else {
            throw BenchFailure("the journal has \(count) entries, expected \(entries)")
        }
        return Double(count) / seconds
    }
}
