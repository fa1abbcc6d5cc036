import MarketSim
import TestSupport
import Testing
import Trading

/// A cent's grid, whole contracts, no fees unless told.
func instrument(
    _ rule: FeeRule = .none, payoff: PayoffKind = .binary, merges: Bool = true,
    selfTrade: SelfTradeRule = .cancelResting, queue: QueueModel = .riskAverse
) -> BacktestInstrument {
    guard let name = InstrumentID("TEST") else { preconditionFailure("a name") }
    return BacktestInstrument(
        instrument: name, payoff: payoff, tick: Price(units: 10_000_000), lot: Quantity(1),
        prices: 1...99, fees: FeeSchedule(always: rule), mergesPairs: merges,
        selfTrade: selfTrade, queue: queue)
}

/// Writes a recording line by line: each message a millisecond after the one before.
struct Script {
    private(set) var events: [MarketEvent] = []
    private var at: Int64 = 1_000_000
    var feedLatency: Int64 = 0

    mutating func level(_ side: Side, _ price: Int32, _ quantity: Int32) {
        add(.level, price, quantity, isBuy: side == .buy)
    }
    /// A trade, and what is left of the level that it met.
    mutating func trade(by side: Side, _ price: Int32, _ quantity: Int32, leaving: Int32) {
        add(.trade, price, quantity, isBuy: side == .buy)
        level(side.opposite, price, leaving)
    }
    mutating func add(
        _ kind: MarketEventKind, _ price: Int32 = 0, _ quantity: Int32 = 0, isBuy: Bool = false
    ) {
        events.append(
            MarketEvent(
                kind, venueAt: at, localAt: at + feedLatency, price: price, quantity: quantity,
                isBuy: isBuy))
        at += 1_000_000
    }
    /// 48 | 50 bid and ask with these quantities.
    mutating func open(bid: Int32 = 100, ask: Int32 = 100) {
        level(.buy, 48, bid)
        level(.sell, 50, ask)
    }
}

/// Runs a backtest and keeps its reports.
struct Run {
    var backtest: Backtest
    var reports: [BacktestReport] = []

    init(
        _ script: Script, _ terms: BacktestInstrument = instrument(), cash: Money = .zero,
        entry: LatencyModel = .constant(.zero), response: LatencyModel = .constant(.zero)
    ) {
        backtest = Backtest(
            EventColumns(script.events),
            BacktestSetup(
                instruments: [terms], cash: cash, entry: entry, response: response))
    }

    /// Goes on until so many messages of the market have come.
    mutating func messages(_ count: Int) {
        var seen = 0
        while seen < count {
            switch backtest.advance() {
            case .event: seen += 1
            case .report: if let report = backtest.lastReport { reports.append(report) }
            case .timer: break
            case .end: return
            }
        }
    }
    mutating func finish() { messages(.max) }

    func fills(_ id: BacktestOrderID) -> [Int32] {
        reports.filter { $0.order == id && $0.kind == .filled }.map(\.quantity)
    }
    func kinds(_ id: BacktestOrderID) -> [BacktestReportKind] {
        reports.filter { $0.order == id }.map(\.kind)
    }
}

func order(
    _ side: Side, _ price: Int32, _ quantity: Int32, _ time: TimeInForce = .goodTillCancelled,
    postOnly: Bool = false, until: Int64 = 0
) -> BacktestOrderTerms {
    BacktestOrderTerms(
        isBuy: side == .buy, price: price, quantity: quantity, timeInForce: time,
        isPostOnly: postOnly, expiresAt: until)
}

/// A random market whose book is never crossed nor empty: the process of the shared benchmark
/// input, smaller.
func randomMarket(_ count: Int, seed: UInt64, start: Int64 = 1_000_000_000) -> [MarketEvent] {
    var random = SeededRandom(seed: seed)
    var books: [[Int32: Int32]] = [[:], [:]]
    var events: [MarketEvent] = []
    var at = start
    func add(_ kind: MarketEventKind, _ price: Int32, _ quantity: Int32, _ isBuy: Bool, _ on: Bool)
    {
        events.append(
            MarketEvent(
                kind, venueAt: at, localAt: at + 5_000_000, price: price, quantity: quantity,
                isBuy: isBuy, continues: on))
    }
    for depth in Int32(0)..<6 {
        for side in 0..<2 {
            let price = side == 0 ? 49 - depth : 51 + depth
            books[side][price] = Int32.random(in: 10...80, using: &random)
            add(.level, price, books[side][price] ?? 0, side == 0, false)
        }
    }
    while events.count < count {
        at += Int64.random(in: 100_000...2_000_000, using: &random)
        let side = Int.random(in: 0...1, using: &random)
        guard let bid = books[0].keys.max(), let ask = books[1].keys.min() else { break }
        let best = side == 0 ? bid : ask
        if Int.random(in: 0..<100, using: &random) < 20, books[side].count > 3 {
            let shown = books[side][best] ?? 0
            let traded = Int32.random(in: 1...max(1, shown), using: &random)
            add(.trade, best, traded, side == 1, true)
            books[side][best] = traded == shown ? nil : shown - traded
            add(.level, best, shown - traded, side == 0, false)
            continue
        }
        let away = Int32.random(in: -1...4, using: &random)
        var price = side == 0 ? bid - away : ask + away
        price = side == 0 ? min(price, ask - 1) : max(price, bid + 1)
        price = min(max(price, 2), 98)
        let quantity = Int32.random(in: 0...90, using: &random)
        if quantity == 0, books[side].count < 4 { continue }
        books[side][price] = quantity == 0 ? nil : quantity
        add(.level, price, quantity, side == 0, false)
    }
    return events
}
