import MarketSim
import TestSupport
import Testing
import Trading

/// What must hold whatever the market and the strategy do.
@Suite struct BacktestPropertyTests {
    /// A strategy that does everything at random, and what it saw.
    private struct Trial {
        var reports: [BacktestReport] = []
        var terms: [BacktestOrderID: BacktestOrderTerms] = [:]
        var queues: [BacktestOrderID: Double] = [:]
        var backtest: Backtest
        private var random: SeededRandom
        private var open: [BacktestOrderID] = []

        init(_ events: [MarketEvent], seed: UInt64, queue: QueueModel) {
            random = SeededRandom(seed: seed &+ 99)
            let latency = LatencyModel.spikes(
                .distribution(floor: .milliseconds(1), median: .milliseconds(3), deviation: 0.7),
                period: .milliseconds(200), length: .milliseconds(20), extra: .milliseconds(30))
            backtest = Backtest(
                EventColumns(events),
                BacktestSetup(
                    instruments: [
                        instrument(.kalshi(.quadraticWithMakerFees), queue: queue)
                    ], cash: Money(1_000), entry: latency, response: latency, seed: seed))
        }

        mutating func run(steps: Int = .max) {
            var left = steps
            while left > 0 {
                left -= 1
                switch backtest.advance() {
                case .end: return
                case .timer: break
                case .report: if let report = backtest.lastReport { reports.append(report) }
                case .event: act()
                }
                watchQueues()
            }
        }

        private mutating func watchQueues() {
            for id in open {
                guard let ahead = backtest.queueAhead(of: id) else { continue }
                if let before = queues[id] {
                    #expect(ahead <= before, "\(id) went back from \(before) to \(ahead)")
                }
                #expect(ahead >= 0)
                queues[id] = ahead
            }
        }

        private mutating func act() {
            guard let bid = backtest.bestBid(), let ask = backtest.bestAsk() else { return }
            open.removeAll { backtest.order($0) == nil }
            switch Int.random(in: 0..<12, using: &random) {
            case 0, 1, 2:
                let isBuy = Bool.random(using: &random)
                let away = Int32.random(in: -2...2, using: &random)
                let kinds: [TimeInForce] = [
                    .goodTillCancelled, .goodTillCancelled, .immediateOrCancel, .fillOrKill,
                    .goodTillTime,
                ]
                let time = kinds[Int.random(in: 0..<kinds.count, using: &random)]
                let order = BacktestOrderTerms(
                    isBuy: isBuy, price: isBuy ? bid + away : ask - away,
                    quantity: Int32.random(in: 1...60, using: &random), timeInForce: time,
                    isPostOnly: time == .goodTillCancelled && Bool.random(using: &random),
                    expiresAt: time == .goodTillTime ? backtest.now + 40_000_000 : 0)
                let id = backtest.submit(order)
                terms[id] = order
                open.append(id)
            case 3:
                guard let id = open.randomElement(using: &random) else { return }
                backtest.cancel(id)
            case 4:
                guard let id = open.randomElement(using: &random) else { return }
                backtest.reduce(id, to: Int32.random(in: 0...50, using: &random))
            default: break
            }
        }
    }

    private static let models: [QueueModel] = [
        .riskAverse, .power(2), .log, .logOfSum, .powerOfSum(2), .powerOfShare(3),
    ]

    @Test(arguments: 1...12)
    func holdsWhateverHappens(seed: UInt64) {
        let events = randomMarket(2_000, seed: seed)
        let model = Self.models[Int(seed) % Self.models.count]
        var trial = Trial(events, seed: seed, queue: model)
        trial.run()
        #expect(trial.reports.contains { $0.kind == .filled }, "seed \(seed) fills nothing")
        checkQuantities(trial, seed)
        checkMoney(trial, seed)
        checkLiquidity(trial, events, seed)
    }

    /// Every order's fills, reductions and what was taken off make its size.
    private func checkQuantities(_ trial: Trial, _ seed: UInt64) {
        let byOrder = Dictionary(grouping: trial.reports, by: \.order)
        for (id, terms) in trial.terms {
            let reports = byOrder[id] ?? []
            let gone = reports.filter { $0.kind != .accepted && $0.kind != .refused }
                .reduce(0) { $0 + Int($1.quantity) }
            let left = Int(trial.backtest.order(id)?.remaining ?? 0)
            #expect(gone + left == Int(terms.quantity), "seed \(seed), \(id)")
            #expect(reports.filter(\.isLast).count <= 1, "seed \(seed), \(id)")
            if let last = reports.firstIndex(where: \.isLast) {
                let later = reports[(last + 1)...]
                #expect(later.allSatisfy { $0.kind == .refused }, "seed \(seed), \(id)")
            }
        }
    }

    /// Cash and inventory are what the reports say.
    private func checkMoney(_ trial: Trial, _ seed: UInt64) {
        let account = trial.backtest.account
        #expect(account.audit() == .zero, "seed \(seed)")
        var cash = Money(1_000)
        var position: Int64 = 0
        for report in trial.reports where report.kind == .filled {
            guard let terms = trial.terms[report.order] else { continue }
            let sign: Int64 = terms.isBuy ? 1 : -1
            cash -= Money(units: sign * Int64(report.price) * 10_000_000 * Int64(report.quantity))
            cash -= report.fee
            position += sign * Int64(report.quantity)
            let isWithin = terms.isBuy ? report.price <= terms.price : report.price >= terms.price
            #expect(isWithin, "seed \(seed): filled beyond the limit")
        }
        #expect(position == account.holdings[0].position, "seed \(seed)")
        // What is short is held as NO, for which a dollar a contract was paid in all.
        #expect(cash - Money(account.holdings[0].short) == account.cash, "seed \(seed)")
    }

    /// Nothing is filled beyond what traded or was shown, in sum over the whole run.
    private func checkLiquidity(_ trial: Trial, _ events: [MarketEvent], _ seed: UInt64) {
        struct Place: Hashable {
            let isBuy: Bool
            let price: Int32
        }
        var shown: [Place: Int32] = [:]
        var everShown: [Place: Int] = [:]
        var traded: [Int64: [Bool: Int]] = [:]
        var appeared: [Int64: [Bool: Int]] = [:]
        for event in events {
            if event.kind == .trade {
                traded[event.venueAt, default: [:]][event.isBuy, default: 0] += Int(event.quantity)
                continue
            }
            let place = Place(isBuy: event.isBuy, price: event.price)
            let more = max(0, event.quantity - (shown[place] ?? 0))
            shown[place] = event.quantity
            everShown[place, default: 0] += Int(more)
            appeared[event.venueAt, default: [:]][event.isBuy, default: 0] += Int(event.quantity)
        }
        var taken: [Place: Int] = [:]
        var met: [Int64: [Bool: Int]] = [:]
        for report in trial.reports where report.kind == .filled {
            guard let terms = trial.terms[report.order] else { continue }
            if report.liquidity == .taker {
                let place = Place(isBuy: !terms.isBuy, price: report.price)
                taken[place, default: 0] += Int(report.quantity)
            } else {
                met[report.venueAt, default: [:]][!terms.isBuy, default: 0] += Int(report.quantity)
            }
        }
        for (place, quantity) in taken {
            #expect(quantity <= everShown[place] ?? 0, "seed \(seed), \(place)")
        }
        for (at, sides) in met {
            for (isBuy, quantity) in sides {
                let most = (traded[at]?[isBuy] ?? 0) + (appeared[at]?[isBuy] ?? 0)
                #expect(quantity <= most, "seed \(seed), at \(at)")
            }
        }
    }

    @Test(arguments: 1...6)
    func aShiftOfAllClocksChangesNothing(seed: UInt64) {
        let shift: Int64 = 86_400_000_000_000 * 365 + 12_345
        var plain = Trial(randomMarket(2_000, seed: seed), seed: seed, queue: .log)
        var shifted = Trial(
            randomMarket(2_000, seed: seed, start: 1_000_000_000 + shift), seed: seed, queue: .log)
        plain.run()
        shifted.run()
        #expect(plain.reports.count == shifted.reports.count)
        for (one, other) in zip(plain.reports, shifted.reports) {
            #expect(one.kind == other.kind && one.quantity == other.quantity)
            #expect(one.price == other.price && one.fee == other.fee)
            #expect(one.venueAt + shift == other.venueAt)
            #expect(one.localAt + shift == other.localAt)
        }
        #expect(plain.backtest.account == shifted.backtest.account)
    }

    @Test func aCopyGoesOnAsTheOriginal() {
        var trial = Trial(randomMarket(3_000, seed: 5), seed: 5, queue: .standard)
        trial.run(steps: 1_500)
        var copy = trial
        trial.run()
        copy.run()
        #expect(trial.reports == copy.reports)
        #expect(trial.backtest.account == copy.backtest.account)
    }

    /// What a strategy can look at is made of what has reached it: the book that it sees is that of
    /// the records whose local time has come, and no report is older than its way.
    @Test(arguments: 1...6)
    func nothingIsSeenBeforeItCouldBe(seed: UInt64) {
        let events = randomMarket(2_000, seed: seed)
        var backtest = Backtest(
            EventColumns(events),
            BacktestSetup(
                instruments: [instrument()],
                feed: .model(
                    .distribution(
                        floor: .milliseconds(2), median: .milliseconds(4), deviation: 1)),
                entry: .constant(.milliseconds(3)), response: .constant(.milliseconds(2))))
        var known: [[Int32: Int32]] = [[:], [:]]
        var sent: [BacktestOrderID: Int64] = [:]
        var lastSeen = 0
        loop: while true {
            switch backtest.advance() {
            case .end: break loop
            case .timer: break
            case .report:
                guard let report = backtest.lastReport, let at = sent[report.order] else { break }
                #expect(report.venueAt >= at + 3_000_000)
                #expect(backtest.now >= report.venueAt + 2_000_000)
            case .event:
                for index in backtest.lastEvents {
                    let event = backtest.event(index)
                    #expect(index == lastSeen, "a record was left out")
                    lastSeen += 1
                    #expect(event.venueAt + 2_000_000 <= backtest.now)
                    if event.kind == .level {
                        known[event.isBuy ? 0 : 1][event.price] =
                            event.quantity == 0 ? nil : event.quantity
                    }
                }
                #expect(backtest.bestBid() == known[0].keys.max())
                #expect(backtest.bestAsk() == known[1].keys.min())
                if lastSeen % 50 == 0, let bid = backtest.bestBid() {
                    let id = backtest.submit(
                        BacktestOrderTerms(isBuy: true, price: bid, quantity: 2))
                    sent[id] = backtest.now
                }
            }
        }
        #expect(lastSeen == events.count)
    }

    /// A strategy that asks for a record of the future is stopped.
    @Test func lookingAheadIsStopped() async {
        await #expect(processExitsWith: .failure) {
            var backtest = Backtest(
                EventColumns(randomMarket(100, seed: 1)),
                BacktestSetup(instruments: [instrument()]))
            _ = backtest.advance()
            _ = backtest.event(backtest.lastEvents.upperBound)
        }
    }
}
