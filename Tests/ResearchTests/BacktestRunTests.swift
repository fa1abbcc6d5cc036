import Foundation
import MarketSim
import Research
import Runtime
import Signals
import TestSupport
import Testing
import Trading

/// An agent, the risk engine and the backtest's venue together, on made-up recordings.
@Suite struct BacktestRunTests {
    private let folder = FileManager.default.temporaryDirectory
        .appending(path: "bw-backtests-\(UUID())")

    private func clean() {
        // A leftover in the temporary folder is harmless.
        try? FileManager.default.removeItem(at: folder)
    }

    /// A market that wanders around 0.50 with trades at the touch, a record every 50 ms; in the end
    /// it settles at YES where `settles`.
    private func recording(
        seed: UInt64 = 5, count: Int = 20_000, settles: Bool = false, tick: Int64 = 10_000_000,
        base: Int32 = 50
    ) throws -> String {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        var random = SeededRandom(seed: seed)
        var events: [MarketEvent] = []
        var bid = base - 1
        func add(
            _ kind: MarketEventKind, _ price: Int32, _ quantity: Int32, isBuy: Bool,
            continues: Bool = false
        ) {
            let at = Int64(events.count) * 50_000_000 + 1_000_000_000_000
            events.append(
                MarketEvent(
                    kind, venueAt: at, localAt: at + 5_000_000, price: price, quantity: quantity,
                    isBuy: isBuy, continues: continues))
        }
        while events.count < count {
            let size = Int32(random.next() % 40) + 1
            switch random.next() % 10 {
            case 0 where bid < base + 20:
                add(.level, bid + 2, 0, isBuy: false, continues: true)
                add(.level, bid + 3, 30, isBuy: false, continues: true)
                bid += 1
                add(.level, bid, size, isBuy: true)
            case 1 where bid > base - 20:
                add(.level, bid, 0, isBuy: true, continues: true)
                add(.level, bid - 1, 30, isBuy: true, continues: true)
                bid -= 1
                add(.level, bid + 2, size, isBuy: false)
            case 2...4: add(.trade, bid, size, isBuy: false)
            case 5, 6: add(.trade, bid + 2, size, isBuy: true)
            default:
                let isBuy = random.next() % 2 == 0
                add(.level, isBuy ? bid : bid + 2, size, isBuy: isBuy)
            }
        }
        if settles { add(.settlement, Int32(1_000_000_000 / tick), 0, isBuy: false) }
        let path = folder.appending(path: "made.events").path
        let instrument = RecordedInstrument(
            name: try #require(VenueReference("MADE-UP")), tick: Price(units: tick),
            lot: Quantity(1), prices: 1...Int32(max(99, base + 40)))
        _ = try EventRecordingWriter.write(events, of: [instrument], to: path)
        return path
    }

    private func plan(
        _ recording: String, market: String = "fees: kalshi", parameters: String = "",
        limits: String = "", domain: String = "touch"
    ) throws -> BacktestPlan {
        let yaml = """
            recording: \(recording)
            cash: "1000"
            market: { \(market) }
            agent:
              domain: \(domain)
              parameters: { interval: 100ms, policy: coin-flip, flip-every: 3\(parameters) }
            limits:
              - { level: firm, kind: order-quantity-min, value: "1" }
              - { level: firm, kind: order-quantity-max, value: "25" }
              - { level: firm, kind: order-notional-max, value: "25" }
              - { level: firm, kind: collar-passive, value: "0.5" }
              - { level: firm, kind: collar-aggressive, value: "0.5" }
              - { level: firm, kind: quote-age-max, value: 60s }
              - { level: firm, kind: messages-per-second, value: 200 }
              - { level: firm, kind: message-burst, value: 400 }
              - { level: firm, kind: orders-per-second, value: 200 }
              - { level: firm, kind: order-burst, value: 400 }
              - { level: firm, kind: open-orders-max, value: 50 }
              - { level: firm, kind: open-notional-max, value: "200" }
              - { level: firm, kind: event-loss-max, value: "60" }
              - { level: firm, kind: position-max, value: "\(limits.isEmpty ? "60" : limits)" }
            """
        return try BacktestPlan(yaml: yaml, file: "made.yaml")
    }

    @Test func tradesAndBalancesToTheUnit() throws {
        defer { clean() }
        let outcome = try BacktestRunner(plan(recording())).run()
        #expect(outcome.summary.fills > 20, "\(outcome.summary)")
        #expect(outcome.summary.fees > 0)
        #expect(outcome.alarms.isEmpty, "\(outcome.alarms)")
        #expect(outcome.costs.rows.first?.fills == outcome.summary.fills)
        let cost = try #require(outcome.costs.rows.first)
        #expect(abs(cost.fees - outcome.summary.fees) < 1e-9)
        #expect(cost.shortfall.trading > 0, "who takes pays the spread: \(cost.shortfall)")
    }

    @Test func theSameSeedGivesTheSameRun() throws {
        defer { clean() }
        let plan = try plan(recording())
        #expect(try BacktestRunner(plan).run() == BacktestRunner(plan).run())
    }

    @Test func settlementPaysWhatIsHeld() throws {
        defer { clean() }
        let outcome = try BacktestRunner(plan(recording(settles: true))).run()
        #expect(outcome.series.last?.inventory == 0)
        #expect(outcome.summary.cashEnd == outcome.summary.equityEnd)
        let row = try #require(outcome.costs.rows.first)
        #expect(row.markouts.last?.horizon == "settlement")
        #expect(outcome.alarms.isEmpty, "\(outcome.alarms)")
    }

    @Test func theRiskEngineRefusesInTheLoop() throws {
        defer { clean() }
        let outcome = try BacktestRunner(plan(recording(), limits: "3")).run()
        #expect(outcome.costs.rejections.contains { $0.name == "positionExceeded" })
        #expect(outcome.series.allSatisfy { abs($0.inventory) <= 3 })
    }

    @Test func makersAreFilledFromTheQueue() throws {
        defer { clean() }
        let path = try recording()
        let yaml = try plan(
            path, market: "fees: none",
            parameters: ", edge-minimum: 0, taker-rate: \"0\", maker-rate: \"0\"")
        #expect(yaml.trading.edgeMinimum == 0)
        let outcome = try BacktestRunner(yaml).run(
            policy: TouchPolicy(touch(halfWidth: 0)), upTo: nil)
        let row = try #require(outcome.costs.rows.first)
        #expect((row.passiveFillRatio ?? 0) > 0)
        #expect(outcome.fills.contains { $0.isMaker })
    }

    private func touch(halfWidth: Double) -> TouchTerms {
        var terms = TouchTerms()
        terms.halfWidth = halfWidth
        return terms
    }

    // MARK: Look-ahead

    @Test func anHonestStrategyDoesNotDependOnTheFuture() throws {
        defer { clean() }
        let runner = try BacktestRunner(plan(recording()))
        let whole = try runner.run()
        #expect(!whole.orders.isEmpty)
        #expect(try runner.lookAhead(whole) == nil)
    }

    @Test func aStrategyThatSeesTheFutureIsCaught() throws {
        defer { clean() }
        let runner = try BacktestRunner(plan(recording()))
        let events = runner.recording.events
        let half = events.count / 2
        let whole = try runner.run(policy: Clairvoyant(events), upTo: nil)
        let cut = try runner.run(policy: Clairvoyant(events.prefix(half)), upTo: half)
        #expect(!whole.orders.isEmpty)
        #expect(whole.firstDifference(from: cut) != nil)
    }

    // MARK: Bad input

    @Test(arguments: [
        ("unit", "fees: none, unit: 3", "", "touch", "unit"),
        (
            "tiny orders", "fees: none",
            ", order-quantity-min: \"0.1\", order-quantity-max: \"0.5\"",
            "touch", "order-quantity-max"
        ),
        ("fee", "fees: magic", "", "touch", "market.fees"),
        ("domain", "fees: none", "", "weather", "agent.domain"),
        ("parameter", "fees: none", ", hope: 1", "touch", "hope"),
    ]) func refusesTheImpossible(
        _ name: String, market: String, parameters: String, domain: String, says: String
    ) throws {
        defer { clean() }
        let path = try recording(count: 100)
        do {
            _ = try BacktestRunner(
                plan(path, market: market, parameters: parameters, domain: domain))
            Issue.record("\(name) was taken")
        } catch {
            let failure = ProcessFailure(error)
            #expect(failure.code == .usage)
            #expect(failure.description.contains(says), "\(failure)")
        }
    }

    @Test func refusesPricesBeyondTheUnit() throws {
        defer { clean() }
        let path = try recording(count: 100, base: 6_000)
        let error = #expect(throws: ProcessFailure.self) { try BacktestRunner(plan(path)) }
        #expect(error?.description.contains("name a unit above all its prices") == true)
        #expect(throws: Never.self) {
            try BacktestRunner(
                plan(
                    path, market: "fees: none, unit: 100",
                    parameters: ", order-quantity-max: \"100\", intent-quantity: \"100\""))
        }
    }

    @Test func refusesAFileThatIsNotThere() throws {
        let error = #expect(throws: RecordingError.self) {
            try BacktestRunner(plan("nowhere/none.events"))
        }
        #expect(error.map { ProcessFailure($0).code } == .unavailable)
    }

    // MARK: The page

    @Test func thePageIsWholeAndEscaped() throws {
        defer { clean() }
        let outcome = try BacktestRunner(plan(recording())).run()
        let page = BacktestPage(outcome, title: "a <b> & \"c\"").html
        #expect(page.contains("a &lt;b&gt; &amp; &quot;c&quot;"))
        #expect(!page.contains("http"), "a report needs nothing from elsewhere")
        #expect(page.components(separatedBy: "<svg").count == 7)
        #expect(page.contains("class=\"bought\""))
    }
}

/// Knows where the price will be a minute later, as far as its recording goes.
private struct Clairvoyant: DomainPolicy {
    private let events: EventColumns

    init(_ events: EventColumns) { self.events = events }

    var version: UInt32 { 1 }
    var modelText: String { "the future" }
    var canonicalText: String { "the future" }
    mutating func observe(_ observation: Never) -> FactRefusal? {}
    var sources: [(name: String, health: SourceHealth)] { [] }

    func window(of instrument: Instrument) -> TradingWindow? {
        TradingWindow(
            quotesFrom: instrument.openAt, quotesUntil: instrument.closeAt,
            endsAt: instrument.closeAt)
    }

    func assess(_ market: MarketView, at now: Timestamp) -> Assessment {
        let moment = (now + .seconds(60)).nanoseconds
        var (low, high) = (0, events.count)
        while low < high {
            let middle = (low + high) / 2
            if events[middle].venueAt <= moment { low = middle + 1 } else { high = middle }
        }
        let opinion = Opinion(
            probability: 0.5, low: 0.5, high: 0.5, weight: 1, basis: 0.5, sensitivity: 0,
            features: FeatureVector(), signal: "seen")
        let later = Double(events[max(0, low - 1)].price) / 100
        return .gamble(later > market.mid ? .buy : .sell, opinion)
    }
}
