import Dispatch
import Risk
import Trading
import Wire

/// A decision in process: every control over the whole hierarchy, and the recording of it.
enum RiskBench {
    private static let orders = 10_000

    static func measure() throws -> [Figure] {
        var decideTimes: [Double] = []
        var bothTimes: [Double] = []
        for _ in 0..<Stopwatch.runs {
            let (decide, both) = try run()
            decideTimes.append(decide)
            bothTimes.append(both)
        }
        return [
            Figure(
                name: "risk_decide", value: Stopwatch.median(decideTimes), unit: "ns",
                runs: Stopwatch.runs),
            Figure(
                name: "risk_decide_and_record", value: Stopwatch.median(bothTimes), unit: "ns",
                runs: Stopwatch.runs),
        ]
    }

    /// The mean over 10,000 orders that stay open, 100 for each strategy.
    private static func run() throws -> (decide: Double, both: Double) {
        var engine = BenchOrders.engine()
        var effects = RiskEffects()
        try declareIntents(&engine, &effects)
        let work = try BenchWork.make(orders)
        let start = DispatchTime.now().uptimeNanoseconds
        var permitted = 0
        for item in work {
            let judgement = engine.decide(
                item.request, item.facts, from: item.agent, reference: item.reference,
                at: BenchOrders.now)
            if judgement.isPermitted { permitted += 1 }
        }
        let decided = DispatchTime.now().uptimeNanoseconds
        precondition(permitted == orders, "\(permitted) of \(orders) permitted")
        for item in work {
            effects.removeAll()
            engine.apply(
                item.request, item.facts, from: item.agent, reference: item.reference,
                at: BenchOrders.now, into: &effects)
        }
        let recorded = DispatchTime.now().uptimeNanoseconds
        return (
            Double(decided - start) / Double(orders),
            Double(recorded - decided) / Double(orders)
        )
    }

    static func declareIntents(
        _ engine: inout RiskEngine, _ effects: inout RiskEffects
    ) throws {
        for strategy in 0..<BenchOrders.strategies {
            let intent = BenchOrders.intent(number: 1, instrument: strategy, strategy: strategy)
            let frame = intent.frame()
            effects.removeAll()
            let judgement = engine.apply(
                intent, RequestFacts(declareIntent: frame.span.bytes),
                from: BenchOrders.agent(strategy), at: BenchOrders.now, into: &effects)
            precondition(judgement.verdict == .accepted, "intent: \(judgement.reason)")
        }
    }
}

/// Requests made beforehand, so that only the decision is timed.
struct BenchWork {
    let request: OrderRequest
    let frame: [UInt8]
    let facts: RequestFacts
    let agent: ProcessID
    let reference: ReferenceUpdated

    static func make(_ count: Int) throws -> [BenchWork] {
        try (0..<count).map { index in
            let strategy = index % BenchOrders.strategies
            let request = BenchOrders.request(
                number: UInt64(index / BenchOrders.strategies + 1), instrument: strategy,
                strategy: strategy)
            let frame = BenchOrders.frame(of: request)
            return BenchWork(
                request: request, frame: frame,
                facts: try RequestFacts(orderRequest: frame.span.bytes),
                agent: BenchOrders.agent(strategy),
                reference: BenchOrders.reference(instrument: strategy))
        }
    }
}
