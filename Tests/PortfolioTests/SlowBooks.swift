import Trading

@testable import Portfolio

/// A ledger that keeps nothing but the list of what happened and works everything out again from
/// the first entry, in 128-bit integers. Written without the ledger: it knows the rules of
/// docs/HANDBOOK.md alone.
struct SlowBooks {
    /// One thing that happened to one strategy in one instrument.
    enum Entry {
        /// Contracts bought (positive) or sold, the price × quantity, and the fee.
        case trade(StrategyID, InstrumentID, contracts: Int128, notional: Int128, fee: Int128)
        /// The same taken back where it changed nothing that came after.
        case undo(Int)
        case settle(InstrumentID, perYes: Int128)
        case cash(Int128)
    }

    /// What a strategy has in an instrument, and what it made there.
    struct Holding: Equatable {
        var contracts: Int128 = 0
        var cost: Int128 = 0
        var gain: Int128 = 0
        var charged: Int128 = 0
        var rebated: Int128 = 0
        /// What each purchase that is left has cost: contracts and money, oldest first.
        var purchases: [(contracts: Int128, cost: Int128)] = []

        static func == (lhs: Holding, rhs: Holding) -> Bool {
            lhs.contracts == rhs.contracts && lhs.cost == rhs.cost && lhs.gain == rhs.gain
                && lhs.charged == rhs.charged && lhs.rebated == rhs.rebated
        }
    }

    private static let one: Int128 = 1_000_000_000
    let method: CostMethod
    var entries: [Entry] = []

    /// Works out every holding.
    func holdings() -> [StrategyID: [InstrumentID: Holding]] {
        var undone: Set<Int> = []
        for case .undo(let index) in entries { undone.insert(index) }
        var found: [StrategyID: [InstrumentID: Holding]] = [:]
        for (index, entry) in entries.enumerated() where !undone.contains(index) {
            switch entry {
            case .trade(let strategy, let instrument, let contracts, let notional, let fee):
                var holding = found[strategy]?[instrument] ?? Holding()
                trade(&holding, contracts, notional)
                if fee < 0 { holding.rebated -= fee } else { holding.charged += fee }
                found[strategy, default: [:]][instrument] = holding
            case .settle(let instrument, let perYes):
                for strategy in found.keys {
                    guard var holding = found[strategy]?[instrument] else { continue }
                    let perHeld = holding.contracts < 0 ? SlowBooks.one - perYes : perYes
                    let paid = abs(holding.contracts) * perHeld / SlowBooks.one
                    holding.gain += paid - holding.cost
                    holding.contracts = 0
                    holding.cost = 0
                    holding.purchases = []
                    found[strategy]?[instrument] = holding
                }
            case .undo, .cash: break
            }
        }
        return found
    }

    /// What money beside trades has brought.
    var outside: Int128 {
        entries.reduce(0) { sum, entry in
            if case .cash(let amount) = entry { sum + amount } else { sum }
        }
    }

    private func trade(_ holding: inout Holding, _ contracts: Int128, _ notional: Int128) {
        let size = abs(contracts)
        let isAgainst = holding.contracts != 0 && (holding.contracts < 0) != (contracts < 0)
        let closed = isAgainst ? min(size, abs(holding.contracts)) : 0
        // The price of a part: rounded down, and the rest for the other part.
        let closedNotional = closed == size ? notional : notional * closed / size
        if closed > 0 {
            let released = release(&holding, closed)
            let proceeds = contracts < 0 ? closedNotional : closed - closedNotional
            holding.gain += proceeds - released
            holding.cost -= released
        }
        let opened = size - closed
        if opened > 0 {
            let rest = notional - closedNotional
            let cost = contracts > 0 ? rest : opened - rest
            holding.cost += cost
            holding.purchases.append((opened, cost))
        }
        holding.contracts += contracts
    }

    private func release(_ holding: inout Holding, _ closed: Int128) -> Int128 {
        if method == .average {
            let whole = abs(holding.contracts)
            return closed == whole ? holding.cost : holding.cost * closed / whole
        }
        var left = closed
        var released: Int128 = 0
        while left > 0 {
            let first = holding.purchases.removeFirst()
            if first.contracts <= left {
                left -= first.contracts
                released += first.cost
            } else {
                let part = first.cost * left / first.contracts
                released += part
                holding.purchases.insert((first.contracts - left, first.cost - part), at: 0)
                left = 0
            }
        }
        return released
    }
}
