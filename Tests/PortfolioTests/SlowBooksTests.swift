import Portfolio
import TestSupport
import Testing
import Trading

/// The ledger against `SlowBooks`, command by command, at both cost methods.
@Suite struct SlowBooksTests {
    /// The ledger, the slow books and the sum of all postings, side by side.
    private struct Pair {
        var ledger: Ledger
        var slow: SlowBooks
        var posted = Posting()
        let account: AccountKey
        let strategies: [StrategyKey]
        /// The last fill of a strategy in an instrument, while nothing has followed it there.
        var last: [PositionKey: (booked: BookedFill, entry: Int)] = [:]

        init(_ method: CostMethod) {
            let desk = Desk(capital: 0)
            account = desk.owner.accountKey
            strategies = ["first", "second", "third"].map(desk.strategy)
            ledger = desk.ledger
            slow = SlowBooks(method: method)
            let isSet = ledger.setCostMethod(method, of: account)
            #expect(isSet)
            ledger.keepLines()
        }

        mutating func trade(_ fill: LedgerFill) {
            let sign: Int128 = fill.side == .buy ? 1 : -1
            let product = Int128(fill.price.units) * Int128(fill.quantity.units)
            let scale: Int128 = 1_000_000_000
            let notional = fill.side == .buy ? (product + scale - 1) / scale : product / scale
            slow.entries.append(
                .trade(
                    fill.owner.strategy, fill.instrument,
                    contracts: sign * Int128(fill.quantity.units), notional: notional,
                    fee: Int128(fill.fee.units)))
            let key = PositionKey(owner: fill.owner, instrument: fill.instrument)
            last[key] = (ledger.book(fill), slow.entries.count - 1)
        }

        /// Takes a last fill back, which must leave what was there before it. A fill that closed
        /// and opened at once is traded back at first-in-first-out cost, which is another thing.
        mutating func bust(_ key: PositionKey) {
            guard let (booked, entry) = last.removeValue(forKey: key) else { return }
            let fill = booked.fill
            let short = booked.change.short
            let opened = fill.side == .sell ? short : fill.quantity + short
            if slow.method == .fifo, opened != fill.quantity { return }
            ledger.bust(booked)
            slow.entries.append(.undo(entry))
        }

        mutating func move(_ amount: Money, _ choice: Int) {
            slow.entries.append(.cash(Int128(amount.units)))
            switch choice {
            case 0: ledger.deposit(amount, into: account)
            case 1: ledger.fund(amount, account: account)
            default: ledger.correct(amount, account: account)
            }
        }

        mutating func check(_ what: Comment) {
            for line in ledger.takeLines() {
                #expect(line.posting.sum.isZero, what)
                posted += line.posting
            }
            #expect(ledger.firstBreak() == nil, what)
            let found = ledger.accounts[0].balance
            #expect(posted == found, what)
            let holdings = slow.holdings()
            for (strategy, instruments) in holdings {
                for (instrument, wanted) in instruments {
                    let owner = StrategyKey(
                        org: account.org, account: account.account, mode: account.mode,
                        strategy: strategy)
                    let position = ledger.position(
                        PositionKey(owner: owner, instrument: instrument))
                    #expect(Int128(position.quantity.units) == wanted.contracts, what)
                    #expect(Int128(position.cost.units) == wanted.cost, what)
                    #expect(Int128(position.realized.units) == wanted.gain, what)
                }
            }
            let all = holdings.values.flatMap(\.values)
            #expect(Int128(found.fees.units) == all.reduce(0) { $0 + $1.charged }, what)
            #expect(Int128(found.rebates.units) == -all.reduce(0) { $0 + $1.rebated }, what)
            let moved = -(found.capital + found.funding + found.corrections)
            #expect(Int128(moved.units) == slow.outside, what)
        }
    }

    @Test(arguments: 0..<UInt64(40), CostMethod.allCases)
    func agreesAfterEveryCommand(seed: UInt64, method: CostMethod) {
        var random = SeededRandom(seed: seed)
        var pair = Pair(method)
        let instruments = (0..<3).compactMap { InstrumentID("KX-\($0)") }
        var open = instruments
        for step in 0..<150 {
            guard let owner = pair.strategies.randomElement(using: &random),
                let instrument = open.randomElement(using: &random)
            else { break }
            switch Int.random(in: 0..<100, using: &random) {
            case ..<75:
                pair.trade(fill(owner, instrument, &random))
            case ..<85:
                pair.bust(PositionKey(owner: owner, instrument: instrument))
            case ..<90:
                pair.move(
                    Money(units: Int64.random(in: -9_000_000_000...9_000_000_000, using: &random)),
                    Int.random(in: 0..<3, using: &random))
            case ..<97:
                pair.ledger.setResolved(Bool.random(using: &random), pair.account, instrument)
            default:
                guard open.count > 1 else { continue }
                settle(&pair, instrument, &random)
                open.removeAll { $0 == instrument }
            }
            pair.check("seed \(seed) step \(step) \(method)")
        }
    }

    private func settle(
        _ pair: inout Pair, _ instrument: InstrumentID, _ random: inout SeededRandom
    ) {
        let values: [Int64] = [0, 1_000_000_000, 370_000_000]
        let value = Price(units: values.randomElement(using: &random) ?? 0)
        let net = pair.ledger.netQuantity(pair.account, instrument)
        let perHeld = net.isNegative ? value.complement : value
        let payout = Money(perHeld, times: net.magnitude, .down)
        _ = pair.ledger.settle(pair.account, instrument, at: value, payout: payout)
        pair.slow.entries.append(.settle(instrument, perYes: Int128(value.units)))
        pair.last = pair.last.filter { $0.key.instrument != instrument }
    }

    private func fill(
        _ owner: StrategyKey, _ instrument: InstrumentID, _ random: inout SeededRandom
    ) -> LedgerFill {
        LedgerFill(
            owner: owner, instrument: instrument, side: Bool.random(using: &random) ? .buy : .sell,
            price: Price(units: Int64.random(in: 1..<1_000_000_000, using: &random)),
            quantity: Quantity(units: Int64.random(in: 1...50_000_000_000, using: &random)),
            fee: Money(units: Int64.random(in: -10_000_000...50_000_000, using: &random)))
    }
}
