import CAllocations
import Foundation
import Risk
import Trading
import Wire

/// A decision in process: every control over the whole hierarchy, with limits at every level and
/// 10,000 open orders, and the recording of it.
enum RiskBench {
    private static let orders = 30_000
    private static let scales = [10_000, 100_000, 1_000_000]

    static func measure() throws -> [Figure] {
        var medians: [Double] = []
        var tails: [Double] = []
        var warm: [Double] = []
        var both: [Double] = []
        var (deciding, recording) = (0.0, 0.0)
        for _ in 0..<Stopwatch.runs {
            var churn = Churn()
            try churn.run(through: Churn.openOrders)
            churn.forgetTimes()
            try churn.run(through: orders)
            medians.append(churn.quantile(0.5))
            tails.append(churn.quantile(0.999))
            warm.append(churn.medianAgain)
            both.append(churn.meanOfBoth)
            deciding = max(deciding, churn.allocationsDeciding)
            recording = max(recording, churn.allocationsRecording)
        }
        let peer = try PeerBench.nautilusNanoseconds()
        let figures = [
            Figure(
                name: "risk_decide", value: Stopwatch.median(medians), unit: "ns",
                runs: Stopwatch.runs, peer: peer == nil ? nil : "NautilusTrader's pre-trade path",
                peerValue: peer),
            figure("risk_decide_p999", Stopwatch.median(tails), "ns"),
            figure("risk_decide_again", Stopwatch.median(warm), "ns"),
            figure("risk_decide_and_record", Stopwatch.median(both), "ns"),
            figure("risk_decide_allocations", deciding, "an order"),
            figure("risk_record_allocations", recording, "an order"),
        ]
        return try figures + scaling()
    }

    /// What a decision takes once so many orders have come and nearly all of them have gone.
    private static func scaling() throws -> [Figure] {
        var churn = Churn()
        return try scales.map { scale in
            try churn.run(through: scale - Churn.openOrders)
            churn.forgetTimes()
            try churn.run(through: scale)
            return figure("risk_decide_after_\(scale)_orders", churn.quantile(0.5), "ns", runs: 1)
        }
    }

    private static func figure(
        _ name: String, _ value: Double, _ unit: String, runs: Int = Stopwatch.runs
    ) -> Figure { Figure(name: name, value: value, unit: unit, runs: runs) }

    /// Ten intents for each strategy: one for each instrument that it trades.
    static func declareIntents(
        _ engine: inout RiskEngine, _ effects: inout RiskEffects
    ) throws {
        for index in 0..<BenchOrders.instruments {
            _ = try declareIntent(index, &engine, &effects)
        }
    }

    /// One instrument's; answers its frame and what was decided.
    static func declareIntent(
        _ index: Int, _ engine: inout RiskEngine, _ effects: inout RiskEffects
    ) throws -> (frame: [UInt8], Judgement) {
        let place = BenchOrders.Place(index)
        let intent = BenchOrders.intent(
            number: place.intent, instrument: place.instrument, strategy: place.strategy)
        let frame = intent.frame()
        effects.removeAll()
        let judgement = engine.apply(
            intent, RequestFacts(declareIntent: frame.span.bytes),
            from: BenchOrders.agent(place.strategy), at: BenchOrders.now, into: &effects)
        precondition(judgement.verdict == .accepted, "intent: \(judgement.reason)")
        return (frame, judgement)
    }
}

/// Orders that come one by one; once 10,000 are open, the oldest goes for each that comes.
struct Churn {
    static let openOrders = 10_000
    private static let step = Span.microseconds(10)

    private var engine = BenchOrders.engine()
    private var effects = RiskEffects()
    private var open: [OrderID] = []
    private var work: [BenchWork] = []
    private var done = 0
    private var times: [UInt64] = []
    private var timesAgain: [UInt64] = []
    private var bothNanoseconds: UInt64 = 0
    private var deciding: UInt64 = 0
    private var recording: UInt64 = 0

    /// Runs until so many orders have come in all.
    mutating func run(through count: Int) throws {
        if work.isEmpty {
            try RiskBench.declareIntents(&engine, &effects)
            work = try BenchWork.make(BenchOrders.instruments)
            times.reserveCapacity(1_000_000)
            timesAgain.reserveCapacity(1_000_000)
        }
        while done < count { runOne() }
    }

    /// Starts the figures again.
    mutating func forgetTimes() {
        times.removeAll(keepingCapacity: true)
        timesAgain.removeAll(keepingCapacity: true)
        (bothNanoseconds, deciding, recording) = (0, 0, 0)
    }

    /// So much of the decisions took at most so many nanoseconds, reading the clock included.
    func quantile(_ share: Double) -> Double { Churn.quantile(share, of: times) }

    /// What the same decision takes a second time, when all that it looks at is near the processor.
    var medianAgain: Double { Churn.quantile(0.5, of: timesAgain) }

    private static func quantile(_ share: Double, of times: [UInt64]) -> Double {
        let sorted = times.sorted()
        return Double(sorted[min(sorted.count - 1, Int(Double(sorted.count) * share))])
    }

    var meanOfBoth: Double { Double(bothNanoseconds) / Double(times.count) }
    var allocationsDeciding: Double { Double(deciding) / Double(times.count) }
    var allocationsRecording: Double { Double(recording) / Double(times.count) }

    private mutating func runOne() {
        let now = BenchOrders.now + Churn.step * Int64(done)
        if done >= Churn.openOrders { end(open[done % Churn.openOrders], at: now) }
        let item = work[done % work.count].moved(to: now, by: done / work.count)
        effects.removeAll()
        let before = allocations_of_thread()
        let start = Stopwatch.nanoseconds()
        let judgement = engine.decide(
            item.request, item.facts, from: item.agent, reference: item.reference, at: now)
        let decided = Stopwatch.nanoseconds()
        let between = allocations_of_thread()
        let again = engine.decide(
            item.request, item.facts, from: item.agent, reference: item.reference, at: now)
        let decidedAgain = Stopwatch.nanoseconds()
        engine.record(
            item.request, item.facts, judgement, reference: item.reference, at: now,
            into: &effects)
        let recorded = Stopwatch.nanoseconds()
        deciding += between - before
        recording += allocations_of_thread() - between
        precondition(judgement.isPermitted, "order \(done): \(judgement.reason)")
        precondition(again.permit == judgement.permit, "order \(done) is decided differently")
        timesAgain.append(decidedAgain - decided)
        times.append(decided - start)
        bothNanoseconds += decided - start + recorded - decidedAgain
        if open.count < Churn.openOrders {
            open.append(judgement.orderID)
        } else {
            open[done % Churn.openOrders] = judgement.orderID
        }
        done += 1
    }

    private mutating func end(_ order: OrderID, at now: Timestamp) {
        effects.removeAll()
        engine.apply(BenchOrders.fate(of: order, at: now), at: now, into: &effects)
    }
}

/// Requests made beforehand, so that only the decision is timed.
struct BenchWork {
    private(set) var request: OrderRequest
    let frame: [UInt8]
    private(set) var facts: RequestFacts
    let agent: ProcessID
    private(set) var reference: ReferenceUpdated

    /// The same order again, so many rounds later.
    func moved(to now: Timestamp, by rounds: Int) -> BenchWork {
        var moved = self
        let number = request.requestID.rawValue + UInt64(rounds * BenchOrders.intentsEach)
        moved.request.requestID = RequestID(number)
        moved.request.quotedAt = now
        moved.request.expiresAt = now + .seconds(60)
        moved.reference.receivedAt = now
        moved.reference.marketTime = now
        moved.facts = RequestFacts(
            contentHash: number, hasSignal: facts.hasSignal, hasModel: facts.hasModel,
            hasFeatures: facts.hasFeatures)
        return moved
    }

    static func make(_ count: Int) throws -> [BenchWork] {
        try (0..<count).map { index in
            let place = BenchOrders.Place(index)
            let request = BenchOrders.request(
                number: UInt64(index / BenchOrders.strategies + 1), intent: place.intent,
                instrument: place.instrument, strategy: place.strategy)
            let frame = BenchOrders.frame(of: request)
            return BenchWork(
                request: request, frame: frame,
                facts: try RequestFacts(orderRequest: frame.span.bytes),
                agent: BenchOrders.agent(place.strategy),
                reference: BenchOrders.reference(instrument: place.instrument))
        }
    }
}
