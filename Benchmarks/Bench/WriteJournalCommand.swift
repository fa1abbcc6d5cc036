import ArgumentParser
import Cryptography
import Foundation
import Journal
import Risk
import Trading
import Wire

/// Writes a core's journal of a size that matters, so that what reads journals can be measured: a
/// quarter of its orders is filled, the others are cancelled while 10,000 are open.
struct WriteJournalCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "write-journal", abstract: "Writes a journal of so many orders.")

    @Argument(help: "Where the journal is made; nothing may be there.")
    var path: String

    @Option(help: "How many orders.")
    var orders = 1_000_000

    @Option(help: "The cluster that it says it is of.")
    var cluster = "bench"

    func validate() throws {
        guard orders > 0 else { throw ValidationError("--orders: expected at least one") }
        guard !FileManager.default.fileExists(atPath: path) else {
            throw ValidationError("\(path): there is something already")
        }
    }

    func run() throws {
        let store = try JournalStore(
            opening: path,
            options: JournalStore.Options(
                identity: JournalIdentity(
                    cluster: cluster, owner: "core", schemaVersion: UInt32(WireSchema.version)),
                engineVersion: RiskEngine.version, checkpointKey: .generate()))
        try store.begin(epoch: Epoch(1))
        for frame in BenchOrders.beginning {
            try append(frame, at: BenchOrders.now, to: store)
        }
        var engine = BenchOrders.engine()
        var effects = RiskEffects()
        for index in 0..<BenchOrders.instruments {
            try declare(index, &engine, &effects, store)
        }
        try store.commit()
        try trade(&engine, &effects, store)
        try store.commit()
        store.close()
    }

    private func trade(
        _ engine: inout RiskEngine, _ effects: inout RiskEffects, _ store: JournalStore
    ) throws {
        let work = try BenchWork.make(BenchOrders.instruments)
        var open: [OrderID] = []
        for index in 0..<orders {
            let now = BenchOrders.now + .microseconds(10) * Int64(index)
            if open.count == Churn.openOrders {
                let order = open[index % Churn.openOrders]
                try end(
                    order, work[(index - Churn.openOrders) % work.count], at: now, &engine, store)
            }
            let item = work[index % work.count].moved(to: now, by: index / work.count)
            effects.removeAll()
            let judgement = engine.apply(
                item.request, item.facts, from: item.agent, reference: item.reference, at: now,
                into: &effects)
            guard judgement.isPermitted else {
                throw BenchFailure("order \(index): \(judgement.reason)")
            }
            var writer = WireWriter(capacity: 1_024)
            judgement.encode(into: &writer, envelope: .unset)
            _ = try store.append(
                epoch: Epoch(1), at: now, template: OrderRequest.templateID,
                body: JournalEntry(at: now).frame(
                    command: BenchOrders.frame(of: item.request),
                    reference: item.reference.frame(), decision: writer.bytes))
            if open.count < Churn.openOrders {
                open.append(judgement.orderID)
            } else {
                open[index % Churn.openOrders] = judgement.orderID
            }
            if index % JournalBench.batch == 0 { try store.commit() }
        }
    }

    /// Every fourth order is filled before its end.
    private func end(
        _ order: OrderID, _ item: BenchWork, at now: Timestamp, _ engine: inout RiskEngine,
        _ store: JournalStore
    ) throws {
        var effects = RiskEffects()
        var fate = BenchOrders.fate(of: order, at: now)
        if order.rawValue.isMultiple(of: 4) {
            let fill = BenchOrders.fill(of: order, item.request, at: now)
            engine.apply(fill, at: now, into: &effects)
            try append(fill.frame(), at: now, to: store)
            (fate.state, fate.filled) = (.filled, fill.quantity)
        }
        engine.apply(fate, at: now, into: &effects)
        try append(fate.frame(), at: now, to: store)
    }

    private func declare(
        _ index: Int, _ engine: inout RiskEngine, _ effects: inout RiskEffects,
        _ store: JournalStore
    ) throws {
        let (intent, judgement) = try RiskBench.declareIntent(index, &engine, &effects)
        var writer = WireWriter(capacity: 1_024)
        judgement.encode(into: &writer, envelope: .unset)
        _ = try store.append(
            epoch: Epoch(1), at: BenchOrders.now, template: DeclareIntent.templateID,
            body: JournalEntry(at: BenchOrders.now).frame(
                command: intent, reference: [], decision: writer.bytes))
    }

    private func append(_ frame: [UInt8], at now: Timestamp, to store: JournalStore) throws {
        _ = try store.append(
            epoch: Epoch(1), at: now, template: try WireFrame.template(of: frame).rawValue,
            body: BenchOrders.entry(of: frame, at: now))
    }
}
