import Foundation
import MarketSim
import Research
import Runtime
import Synchronization
import TestSupport
import Testing
import Trading

/// Many backtests of one made-up recording.
@Suite struct SweepTests {
    private let folder: URL

    init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "bw-sweeps-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    private func clean() {
        // A leftover in the temporary folder is harmless.
        try? FileManager.default.removeItem(at: folder)
    }

    private func path(_ name: String) -> String { folder.appending(path: name).path }

    /// A recording of a market around 0.50, and the backtest that a sweep varies.
    private func write(_ vary: String) throws -> String {
        var random = SeededRandom(seed: 11)
        var events: [MarketEvent] = []
        func add(_ kind: MarketEventKind, _ price: Int32, _ quantity: Int32, isBuy: Bool) {
            let at = Int64(events.count) * 50_000_000 + 1_000_000_000_000
            events.append(
                MarketEvent(
                    kind, venueAt: at, localAt: at + 5_000_000, price: price, quantity: quantity,
                    isBuy: isBuy))
        }
        while events.count < 2_000 {
            let size = Int32(random.next() % 40) + 1
            switch random.next() % 4 {
            case 0: add(.trade, 49, size, isBuy: false)
            case 1: add(.trade, 51, size, isBuy: true)
            case 2: add(.level, 49, size, isBuy: true)
            default: add(.level, 51, size, isBuy: false)
            }
        }
        let instrument = RecordedInstrument(
            name: try #require(VenueReference("MADE-UP")), tick: Price(units: 10_000_000),
            lot: Quantity(1), prices: 1...99)
        _ = try EventRecordingWriter.write(events, of: [instrument], to: path("made.events"))
        let limits = [
            ("order-quantity-min", "1"), ("order-quantity-max", "25"),
            ("order-notional-max", "25"), ("collar-passive", "0.5"), ("collar-aggressive", "0.5"),
            ("quote-age-max", "60s"), ("messages-per-second", "200"), ("message-burst", "400"),
            ("orders-per-second", "200"), ("order-burst", "400"), ("open-orders-max", "50"),
            ("open-notional-max", "200"), ("event-loss-max", "60"), ("position-max", "60"),
        ].map { "  - { level: firm, kind: \($0.0), value: \($0.1) }" }
        try """
        recording: made.events
        cash: "1000"
        market: { fees: kalshi }
        agent:
          domain: touch
          parameters: { interval: 100ms, policy: coin-flip, flip-every: 3 }
        limits:
        \(limits.joined(separator: "\n"))
        """.write(toFile: path("backtest.yaml"), atomically: true, encoding: .utf8)
        try "backtest: backtest.yaml\nvary:\n\(vary)\n"
            .write(toFile: path("sweep.yaml"), atomically: true, encoding: .utf8)
        return path("sweep.yaml")
    }

    private let twoByTwo = """
          - { key: agent.parameters.flip-every, values: [3, 7] }
          - { key: limits.2.value, values: [0.1, 25] }
        """

    @Test func everyCombinationIsWhatItsBacktestIs() throws {
        defer { clean() }
        let plan = try SweepPlan(path: write(twoByTwo))
        #expect(plan.count == 4)
        #expect(plan.settings(of: 1).map(\.value) == ["3", "25"])
        let file = try SweepFile(path("out.jsonl"), for: plan)
        let results = try SweepRun(plan, jobs: 2).run(into: file)
        #expect(results.map(\.run) == [0, 1, 2, 3])
        for result in results {
            let outcome = try BacktestRunner(plan.plan(of: result.run)).run()
            #expect(result.profit == outcome.summary.profit)
            #expect(result.fills == outcome.summary.fills)
        }
        // The values reach the agent and the risk engine.
        #expect(results[1].permitted != results[3].permitted)
        #expect(results[0].permitted == 0 && results[1].permitted > 0)
        let table = SweepTable.lines(results, of: plan, most: 2)
        #expect(table.count == 3)
        #expect(table[0].contains("agent.parameters.flip-every"))
        let best = try #require(results.max { $0.profit < $1.profit })
        #expect(table[1].contains(String(format: "%.2f", best.profit)))
    }

    /// The same best run is worth less the more was tried beside it, and nothing where it stands
    /// alone or never traded.
    @Test func theBestOfManyIsDeflated() throws {
        defer { clean() }
        func result(_ run: Int, profit: Double, sharpe: Double?) throws -> SweepResult {
            let moments = sharpe.map { #","sharpe":\#($0),"skew":0,"kurtosis":3,"periods":500"# }
            let text =
                #"{"plan":"p","run":\#(run),"settings":{},"profit":\#(profit),"drawdownMax":0,"#
                + #""fees":0,"permitted":0,"rejected":0,"fills":0,"shortfallBasisPoints":0"#
                + (moments ?? "") + "}"
            return try JSONDecoder().decode(SweepResult.self, from: Data(text.utf8))
        }
        let best = try result(0, profit: 9, sharpe: 0.12)
        let others = try (1...40).map { run in
            try result(run, profit: 0, sharpe: Double(run % 5 - 2) * 0.04)
        }
        let few = try #require(SweepTable.deflated([best] + others.prefix(5)))
        let many = try #require(SweepTable.deflated([best] + others))
        #expect(few < 1 && many < few && many > 0)
        #expect(SweepTable.deflated([best]) == nil)
        #expect(try SweepTable.deflated([result(0, profit: 9, sharpe: nil)] + others) == nil)
        // What a sweep itself measures has the figures, where it traded.
        let plan = try SweepPlan(path: write(twoByTwo))
        let results = try SweepRun(plan, jobs: 2).run(into: SweepFile(path("o.jsonl"), for: plan))
        #expect(results.map { $0.sharpe != nil } == results.map { $0.permitted > 0 })
    }

    @Test func goesOnWhereItWasStopped() throws {
        defer { clean() }
        let plan = try SweepPlan(path: write(twoByTwo))
        let out = path("out.jsonl")
        let whole = try SweepRun(plan, jobs: 1).run(into: SweepFile(out, for: plan))
        // Stopped while the third line was being written.
        let lines = try String(contentsOfFile: out, encoding: .utf8).split(separator: "\n")
        let cut = lines[0] + "\n" + lines[1] + "\n" + lines[2].prefix(40)
        try String(cut).write(toFile: out, atomically: true, encoding: .utf8)
        let file = try SweepFile(out, for: plan)
        #expect(file.known.count == 2)
        let told = Mutex(0)
        let again = try SweepRun(plan, jobs: 1).run(into: file) { _ in told.withLock { $0 += 1 } }
        #expect(again == whole)
        #expect(told.withLock { $0 } == 2, "what was known is not run again")
        #expect(try SweepFile(out, for: plan).known.count == 4)
    }

    @Test func resultsOfAnotherSweepAreRefused() throws {
        defer { clean() }
        let out = path("out.jsonl")
        let plan = try SweepPlan(path: write(twoByTwo))
        _ = try SweepRun(plan, jobs: 2).run(into: SweepFile(out, for: plan))
        let other = try SweepPlan(
            path: write("  - { key: agent.parameters.flip-every, values: [3, 8] }"))
        let error = #expect(throws: ProcessFailure.self) { try SweepFile(out, for: other) }
        #expect("\(try #require(error))".contains("out.jsonl:1: a result of another sweep"))
        try "nonsense\n".write(toFile: out, atomically: true, encoding: .utf8)
        #expect(throws: ProcessFailure.self) { try SweepFile(out, for: plan) }
    }

    @Test(arguments: [
        ("  - { key: agent.parameters.no-such, values: [1] }", "no-such"),
        ("  - { key: market.queue, values: [fifo] }", "fifo"),
        ("  - { key: limits.99.value, values: [1] }", "`99` is no place in a list of 14"),
        ("  - { key: market, values: [1] }", "not a single value"),
        ("  - { key: seed, values: [] }", "a list of values"),
        ("  - { key: seed, values: [1, 1] }", "each once"),
        ("  - { key: nowhere.at.all, values: [1] }", "no `nowhere`"),
    ])
    func nonsenseIsRefusedBeforeTheFirstRun(vary: String, words: String) throws {
        defer { clean() }
        let file = try write(vary)
        let error = #expect(throws: (any Error).self) { try SweepPlan(path: file) }
        #expect("\(try #require(error))".contains(words))
    }

    @Test func tooManyRunsAreRefused() throws {
        defer { clean() }
        let values = (1...400).map(String.init).joined(separator: ", ")
        let file = try write(
            """
              - { key: seed, values: [\(values)] }
              - { key: agent.parameters.flip-every, values: [\(values)] }
            """)
        let error = #expect(throws: (any Error).self) { try SweepPlan(path: file) }
        #expect("\(try #require(error))".contains("at most 100000 runs"))
    }
}
