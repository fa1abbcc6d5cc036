import Foundation
import MarketSim
import Trading

/// A backtest's replay beside hftbacktest's, over the same recording in the same run: with nothing
/// to do, and with an order cancelled and replaced every ten events.
enum SimulationBench {
    private static let events = 2_000_000
    private static let latency = Span.milliseconds(10)
    /// The step of the idle replay, in nanoseconds.
    private static let step: Int64 = 100_000_000

    static func measure(in folder: String) throws -> [Figure] {
        let peer = try PeerBench.hftbacktest(in: folder, events: events)
        let path = "\(folder)/data/l2_\(events).bin"
        guard FileManager.default.fileExists(atPath: path) else {
            print("simulation: skipped: its recording is made by the peer's generator")
            return []
        }
        let columns = try read(path)
        var idle: [Double] = []
        var busy: [Double] = []
        var tally = Tally()
        // The first run of each warms caches and is not counted.
        for run in 0...Stopwatch.runs {
            let (quiet, active) = (replay(columns), trade(columns))
            guard run > 0 else { continue }
            idle.append(Double(columns.count) / quiet)
            busy.append(Double(columns.count) / active.seconds)
            tally = active.tally
        }
        print(
            "simulation: \(tally.orders) orders, \(tally.fills) fills of \(tally.lots) lots, "
                + "\(tally.partial) of them partial"
                + (peer.map { "; the peer \($0.orders) orders, \($0.fills) fills" } ?? ""))
        let name = "hftbacktest"
        return [
            Figure(
                name: "simulation_idle", value: Stopwatch.median(idle), unit: "events/s",
                runs: Stopwatch.runs, peer: name, peerValue: peer?.idle),
            Figure(
                name: "simulation_order_every_10_events", value: Stopwatch.median(busy),
                unit: "events/s", runs: Stopwatch.runs, peer: name + ", whole fills",
                peerValue: peer?.busy),
        ]
    }

    /// The 32-byte records of the shared generator, in columns.
    private static func read(_ path: String) throws -> EventColumns {
        let data = try Data(contentsOf: URL(filePath: path), options: .alwaysMapped)
        let count = data.count / 32
        var events: [MarketEvent] = []
        events.reserveCapacity(count)
        data.withUnsafeBytes { bytes in
            for row in 0..<count {
                let at = row * 32
                func word<Value>(_ offset: Int, as type: Value.Type) -> Value {
                    bytes.loadUnaligned(fromByteOffset: at + offset, as: type)
                }
                let isLast = word(26, as: UInt16.self) & 1 != 0
                events.append(
                    MarketEvent(
                        word(24, as: UInt8.self) == 1 ? .level : .trade,
                        venueAt: word(0, as: Int64.self), localAt: word(8, as: Int64.self),
                        price: word(16, as: Int32.self), quantity: word(20, as: Int32.self),
                        isBuy: word(25, as: UInt8.self) == 1, continues: !isLast))
            }
        }
        let columns = EventColumns(events)
        if let fault = columns.firstFault(instruments: 1) {
            throw BenchFailure("\(path): event \(fault.index): \(fault.reason)")
        }
        return columns
    }

    private static func backtest(_ columns: EventColumns) -> Backtest {
        let cent = Price(units: 10_000_000)
        return Backtest(
            columns,
            BacktestSetup(
                instruments: [
                    BacktestInstrument(
                        instrument: InstrumentID("BENCH") ?? .empty, tick: cent, lot: Quantity(1),
                        prices: 1...99, fees: FeeSchedule(always: .none), queue: .log)
                ],
                cash: Money(1_000_000), entry: .constant(latency), response: .constant(latency)))
    }

    /// Seconds for a replay in steps of a tenth of a second.
    private static func replay(_ columns: EventColumns) -> Double {
        var backtest = backtest(columns)
        let began = Stopwatch.nanoseconds()
        var moment = backtest.now + step
        while backtest.elapse(until: moment) { moment += step }
        let seconds = Double(Stopwatch.nanoseconds() - began) / 1e9
        precondition(backtest.receivedCount == columns.count, "the replay ended early")
        return seconds
    }

    private struct Tally {
        var orders = 0
        var fills = 0
        var partial = 0
        var lots = 0
    }

    /// Seconds for a replay in which every ten events the order is cancelled and another one rests
    /// at the best price of the other side of it.
    private static func trade(_ columns: EventColumns) -> (seconds: Double, tally: Tally) {
        var backtest = backtest(columns)
        var tally = Tally()
        var working: BacktestOrderID?
        var (isBuy, next) = (true, 10)
        let began = Stopwatch.nanoseconds()
        loop: while true {
            switch backtest.advance() {
            case .end: break loop
            case .timer: break
            case .report:
                guard let report = backtest.lastReport, report.kind == .filled else { continue }
                tally.fills += 1
                tally.lots += Int(report.quantity)
                if report.remaining > 0 { tally.partial += 1 }
            case .event:
                guard backtest.receivedCount >= next else { continue }
                next = backtest.receivedCount / 10 * 10 + 10
                if let id = working, backtest.order(id) != nil { backtest.cancel(id) }
                let price = isBuy ? backtest.bestBid() : backtest.bestAsk()
                guard let price else { continue }
                working = backtest.submit(
                    BacktestOrderTerms(
                        isBuy: isBuy, price: price, quantity: 10, isPostOnly: true))
                tally.orders += 1
                isBuy.toggle()
            }
        }
        return (Double(Stopwatch.nanoseconds() - began) / 1e9, tally)
    }
}
