import Execution
import MarketSim
import TestSupport
import Testing
import Trading

/// Works a parent against the backtest's exchange, as a backtest does, and keeps what happened.
struct ParentDriver {
    let terms: ParentTerms
    private(set) var parent: ParentExecution
    private var backtest: Backtest
    private var orders: [UInt32: BacktestOrderID] = [:]
    private(set) var children: [ChildOrder] = []
    private(set) var cancels: [UInt32] = []
    private(set) var fills: [(child: UInt32, price: Int32, quantity: Int64, at: Timestamp)] = []
    private(set) var ends = 0
    private(set) var finished: [ExecutionEffect] = []
    /// The most children that were open at once.
    private(set) var openMost = 0
    private var open: Set<UInt32> = []

    static let cent = Price(units: 10_000_000)

    init(_ terms: ParentTerms, _ events: [MarketEvent]) throws {
        self.terms = terms
        parent = try ParentExecution(terms)
        let name = try #require(InstrumentID("TEST"))
        let instrument = BacktestInstrument(
            instrument: name, tick: Self.cent, lot: Quantity(1), prices: 1...99,
            fees: FeeSchedule(always: .none))
        backtest = Backtest(
            EventColumns(events),
            BacktestSetup(
                instruments: [instrument], entry: .constant(.milliseconds(3)),
                response: .constant(.milliseconds(3))))
    }

    mutating func run() {
        loop: while true {
            switch backtest.advance() {
            case .end: break loop
            case .timer: tell(.timer)
            case .event:
                for index in backtest.lastEvents where backtest.event(index).kind == .trade {
                    tell(.traded(Quantity(Int64(backtest.event(index).quantity))))
                }
                tell(.market(market()))
            case .report: report()
            }
        }
    }

    private func market() -> ExecutionMarket? {
        guard let bid = backtest.bestBid(), let ask = backtest.bestAsk() else { return nil }
        let book = backtest.book()
        return ExecutionMarket(
            bid: Self.cent * Int64(bid), ask: Self.cent * Int64(ask),
            bidQuantity: Quantity(Int64(book.quantity(isBuy: true, at: bid))),
            askQuantity: Quantity(Int64(book.quantity(isBuy: false, at: ask))))
    }

    private mutating func report() {
        guard let report = backtest.lastReport,
            let child = orders.first(where: { $0.value == report.order })?.key
        else { return }
        if report.kind == .filled {
            fills.append(
                (
                    child, report.price, Int64(report.quantity),
                    Timestamp(nanoseconds: backtest.now)
                ))
            tell(.filled(child: child, quantity: Quantity(Int64(report.quantity))))
        }
        if report.isLast {
            open.remove(child)
            ends += 1
            tell(.ended(child: child))
        }
    }

    mutating func tell(_ event: ExecutionEvent) {
        var effects: [ExecutionEffect] = []
        parent.apply(event, at: Timestamp(nanoseconds: backtest.now), into: &effects)
        for effect in effects {
            switch effect {
            case .submit(let child): submit(child)
            case .cancel(let child):
                cancels.append(child)
                if let id = orders[child] { backtest.cancel(id) }
            case .wake(let moment): backtest.wake(at: moment.nanoseconds)
            case .finished: finished.append(effect)
            }
        }
    }

    private mutating func submit(_ child: ChildOrder) {
        children.append(child)
        open.insert(child.number)
        openMost = max(openMost, open.count)
        orders[child.number] = backtest.submit(
            BacktestOrderTerms(
                isBuy: child.side == .buy, price: Int32(child.price.units / Self.cent.units),
                quantity: Int32(child.quantity.units / Quantity(1).units),
                timeInForce: child.timeInForce, isPostOnly: child.isPostOnly))
    }
}

/// A book whose touch wanders by a cent, with trades at it, a message about every 20 ms.
func wanderingMarket(_ count: Int, seed: UInt64) -> [MarketEvent] {
    var random = SeededRandom(seed: seed)
    var events: [MarketEvent] = []
    var (bid, at): (Int32, Int64) = (49, 1_000_000_000)
    func add(_ kind: MarketEventKind, _ price: Int32, _ quantity: Int32, _ isBuy: Bool) {
        events.append(
            MarketEvent(
                kind, venueAt: at, localAt: at + 2_000_000, price: price, quantity: quantity,
                isBuy: isBuy))
    }
    for price in Int32(40)...49 { add(.level, price, 100, true) }
    for price in Int32(51)...60 { add(.level, price, 100, false) }
    while events.count < count {
        at += Int64.random(in: 1_000_000...40_000_000, using: &random)
        let draw = Int.random(in: 0..<100, using: &random)
        let isBuy = Bool.random(using: &random)
        let quantity = Int32.random(in: 20...150, using: &random)
        if draw < 30 {
            add(.trade, isBuy ? bid + 2 : bid, Int32.random(in: 1...60, using: &random), isBuy)
        } else if draw < 90 {
            add(.level, isBuy ? bid : bid + 2, quantity, isBuy)
        } else if isBuy, bid < 55 {
            add(.level, bid + 2, 0, false)
            add(.level, bid + 3, quantity, false)
            bid += 1
            add(.level, bid, quantity, true)
        } else if !isBuy, bid > 43 {
            add(.level, bid, 0, true)
            bid -= 1
            add(.level, bid, quantity, true)
            add(.level, bid + 2, quantity, false)
        }
    }
    return events
}
