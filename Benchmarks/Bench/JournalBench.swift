import Cryptography
import Dispatch
import Journal
import Risk
import Trading
import Wire

/// Durable decisions in process, beside raw SQLite rows of the same size, hashed in a chain, in the
/// same run.
enum JournalBench {
    private static let orders = 10_000
    private static let singles = 200
    static let batch = 256

    static func measure(in folder: String) throws -> [Figure] {
        var ours: [Double] = []
        var raw: [Double] = []
        var oneCommit: [Double] = []
        var rawCommit: [Double] = []
        var bytes = 0
        for run in 0..<Stopwatch.runs {
            let decided = try decisions(in: "\(folder)/core-\(run).sqlite")
            ours.append(decided.perSecond)
            oneCommit.append(decided.commit)
            bytes = decided.bytesEach
            let rows = try RawSQLite(path: "\(folder)/raw-\(run).sqlite")
            defer { rows.close() }
            raw.append(try rows.rowsPerSecond(orders, bytes: bytes, batch: batch))
            rawCommit.append(Stopwatch.median(try rows.commitMicroseconds(200, bytes: bytes)))
        }
        return [
            Figure(
                name: "durable_decisions_pipelined", value: Stopwatch.median(ours),
                unit: "1/s", runs: Stopwatch.runs, peer: "raw SQLite + SHA-256 chain",
                peerValue: Stopwatch.median(raw)),
            Figure(
                name: "durable_decision_one_at_a_time", value: Stopwatch.median(oneCommit),
                unit: "us", runs: Stopwatch.runs, peer: "raw SQLite commit",
                peerValue: Stopwatch.median(rawCommit)),
            Figure(
                name: "journal_bytes_per_order", value: Double(bytes), unit: "bytes",
                runs: Stopwatch.runs),
        ]
    }

    /// Decides, records, chains and commits one at a time, then in groups.
    private static func decisions(
        in path: String
    ) throws -> (perSecond: Double, commit: Double, bytesEach: Int) {
        let store = try store(at: path)
        var engine = BenchOrders.engine()
        var effects = RiskEffects()
        try RiskBench.declareIntents(&engine, &effects)
        let work = try BenchWork.make(orders + singles)
        var bytes = 0
        // One at a time first: behind the others the log is still being copied.
        var single: [Double] = []
        for item in work.prefix(singles) {
            let began = DispatchTime.now().uptimeNanoseconds
            bytes += try decide(item, &engine, &effects, store).bytes
            try store.commit()
            single.append(Double(DispatchTime.now().uptimeNanoseconds - began) / 1_000)
        }
        let start = DispatchTime.now().uptimeNanoseconds
        for (index, item) in work.dropFirst(singles).enumerated() {
            bytes += try decide(item, &engine, &effects, store).bytes
            if index % batch == batch - 1 { try store.commit() }
        }
        try store.commit()
        let end = DispatchTime.now().uptimeNanoseconds
        store.close()
        return (
            Double(orders) / (Double(end - start) / 1e9), Stopwatch.median(single),
            bytes / work.count
        )
    }

    /// A new journal in its first epoch.
    static func store(at path: String) throws -> JournalStore {
        let store = try JournalStore(
            opening: path,
            options: JournalStore.Options(
                identity: JournalIdentity(cluster: "bench", owner: "core", schemaVersion: 1),
                engineVersion: RiskEngine.version, checkpointKey: .generate()))
        try store.begin(epoch: Epoch(1))
        return store
    }

    /// Decides an order that is permitted, records and appends it.
    static func decide(
        _ item: BenchWork, _ engine: inout RiskEngine, _ effects: inout RiskEffects,
        _ store: JournalStore
    ) throws -> (orderID: OrderID, bytes: Int) {
        effects.removeAll()
        let judgement = engine.apply(
            item.request, item.facts, from: item.agent, reference: item.reference,
            at: BenchOrders.now, into: &effects)
        var writer = WireWriter(capacity: 1_024)
        judgement.encode(into: &writer, envelope: .unset)
        let body = JournalEntry(at: BenchOrders.now).frame(
            command: item.frame, reference: item.reference.frame(), decision: writer.bytes)
        _ = try store.append(
            epoch: Epoch(1), at: BenchOrders.now, template: OrderRequest.templateID, body: body)
        return (judgement.orderID, body.count)
    }
}
