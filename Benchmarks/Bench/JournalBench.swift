import Cryptography
import Dispatch
import Foundation
import GRDB
import Journal
import Risk
import Trading
import Wire

/// Durable decisions in process, beside raw SQLite rows of the same size in the same run.
enum JournalBench {
    private static let orders = 10_000
    private static let batch = 256

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
            let rows = try rawRows(in: "\(folder)/raw-\(run).sqlite", bytes: bytes)
            raw.append(rows.perSecond)
            rawCommit.append(rows.commit)
        }
        return [
            Figure(
                name: "durable_decisions_pipelined", value: Stopwatch.median(ours),
                unit: "1/s", runs: Stopwatch.runs, peer: "raw SQLite rows",
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

    /// Decides, records, chains and commits in groups; then one at a time.
    private static func decisions(
        in path: String
    ) throws -> (perSecond: Double, commit: Double, bytesEach: Int) {
        let store = try JournalStore(
            opening: path,
            options: JournalStore.Options(
                identity: JournalIdentity(cluster: "bench", owner: "core", schemaVersion: 1),
                engineVersion: RiskEngine.version, checkpointKey: .generate()))
        try store.begin(epoch: Epoch(1))
        var engine = BenchOrders.engine()
        var effects = RiskEffects()
        try RiskBench.declareIntents(&engine, &effects)
        let work = try BenchWork.make(orders + 200)
        var bytes = 0
        let start = DispatchTime.now().uptimeNanoseconds
        for (index, item) in work.prefix(orders).enumerated() {
            bytes += try decide(item, &engine, &effects, store)
            if index % batch == batch - 1 { try store.commit() }
        }
        try store.commit()
        let end = DispatchTime.now().uptimeNanoseconds
        var single: [Double] = []
        for item in work.dropFirst(orders) {
            let began = DispatchTime.now().uptimeNanoseconds
            bytes += try decide(item, &engine, &effects, store)
            try store.commit()
            single.append(Double(DispatchTime.now().uptimeNanoseconds - began) / 1_000)
        }
        store.close()
        return (
            Double(orders) / (Double(end - start) / 1e9), Stopwatch.median(single),
            bytes / work.count
        )
    }

    private static func decide(
        _ item: BenchWork, _ engine: inout RiskEngine, _ effects: inout RiskEffects,
        _ store: JournalStore
    ) throws -> Int {
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
        return body.count
    }

    /// The same number of rows of the same size, with nothing else: what SQLite itself takes.
    private static func rawRows(
        in path: String, bytes: Int
    ) throws -> (perSecond: Double, commit: Double) {
        var configuration = Configuration()
        configuration.prepareDatabase { db in
            try db.execute(sql: "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL")
        }
        let queue = try DatabaseQueue(path: path, configuration: configuration)
        defer { try? queue.close() }  // The file is deleted with its folder.
        try queue.writeWithoutTransaction { db in
            try db.execute(sql: "CREATE TABLE entry (seq INTEGER PRIMARY KEY, body BLOB)")
        }
        let body = Foundation.Data(repeating: 7, count: bytes)
        let insert = "INSERT INTO entry (body) VALUES (?)"
        return try queue.writeWithoutTransaction { db in
            let statement = try db.makeStatement(sql: insert)
            let start = DispatchTime.now().uptimeNanoseconds
            var left = orders
            while left > 0 {
                try db.inTransaction(.immediate) {
                    for _ in 0..<min(batch, left) { try statement.execute(arguments: [body]) }
                    return .commit
                }
                left -= batch
            }
            let end = DispatchTime.now().uptimeNanoseconds
            var single: [Double] = []
            for _ in 0..<200 {
                let began = DispatchTime.now().uptimeNanoseconds
                try db.inTransaction(.immediate) {
                    try statement.execute(arguments: [body])
                    return .commit
                }
                single.append(Double(DispatchTime.now().uptimeNanoseconds - began) / 1_000)
            }
            return (Double(orders) / (Double(end - start) / 1e9), Stopwatch.median(single))
        }
    }
}
