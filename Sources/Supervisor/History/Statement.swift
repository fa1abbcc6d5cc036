import Portfolio
import Risk
import Trading

/// A scope's balances at one moment.
///
/// A strategy holds no cash of its own: its `cash` is what its trades and settlements have brought
/// it, less fees, as if it were alone in its account.
struct StatementBalance: Sendable, Equatable {
    var cash: Money = .zero
    /// The part of the cash that open orders may lock; accounts alone have it.
    var reserved: Money = .zero
    /// Positions at cost.
    var cost: Money = .zero
    /// What settled positions are due and the venue has not paid.
    var due: Money = .zero
    /// Pairs that strategies of one account hold against each other and the venue has paid.
    var pairing: Money = .zero
    var capital: Money = .zero
    var realized: Money = .zero
    var unrealized: Money = .zero
    /// Fees less rebates.
    var fees: Money = .zero
    /// Of the positions at cost, those whose outcome is determined and not settled yet.
    var resolved: Money = .zero
    var funding: Money = .zero
    var corrections: Money = .zero

    /// What the scope owns, positions at their marks.
    var equity: Money { cash + cost + due + pairing + unrealized }

    /// Zero where the books balance: what is owned at cost is what was put in and earned.
    var imbalance: Money {
        cash + cost + due + pairing - capital - realized + fees - funding - corrections
    }

    mutating func add(_ book: AccountBook, reserved: Money) {
        cash += book.cash
        self.reserved += reserved
        cost += book.cost
        resolved += book.balance.resolved
        due += book.balance.redeemable
        pairing += book.balance.pairing
        capital += book.capital
        realized -= book.balance.realized
        fees += book.fees
        funding -= book.balance.funding
        corrections -= book.balance.corrections
    }

    mutating func add(_ book: StrategyBook) {
        realized += book.realized
        fees += book.fees
        cash += book.realized - book.fees
    }

    /// Adds a position. What it cost has left the cash of a strategy, and that of an account long
    /// ago.
    mutating func add(_ position: MarkedPosition, isOwn: Bool) {
        unrealized += position.unrealized
        guard isOwn else { return }
        cost += position.cost
        cash -= position.cost
    }
}

/// What moved a scope's balances in a period. Every amount is what the scope gained, but `fees`.
struct StatementFlows: Sendable, Equatable {
    var transfers: Money = .zero
    /// Sales less purchases, pairs that the venue paid back included.
    var trades: Money = .zero
    var fees: Money = .zero
    var rebates: Money = .zero
    /// What settled positions brought: an account what the venue paid, a strategy what it was due.
    var settlements: Money = .zero
    /// Interest and incentives received, less what holding cost.
    var funding: Money = .zero
    var corrections: Money = .zero
    var cost: Money = .zero
    var due: Money = .zero
    var pairing: Money = .zero
    var realized: Money = .zero
    var fills: Int = 0
    var busts: Int = 0
    /// Contracts traded, and price × quantity of them; busts are not taken off.
    var volume: Quantity = .zero
    var notional: Money = .zero

    var isEmpty: Bool { self == StatementFlows() }

    /// Counts a posting in the books of an account or a whole org.
    mutating func add(_ line: LedgerLine) {
        let posting = line.posting
        switch line.kind {
        case .transfer: transfers += posting.cash
        case .fill, .bust: trades += posting.cash + posting.fees + posting.rebates
        case .settlement, .payout, .resolution: settlements += posting.cash
        case .funding: funding += posting.cash
        case .correction: corrections += posting.cash
        }
        due += posting.redeemable
        pairing += posting.pairing
        addTrade(line)
    }

    /// Counts a posting in the books of its strategy, which is alone there: its pairs are its own,
    /// and what it is due counts as paid.
    mutating func addOwn(_ line: LedgerLine) {
        let posting = line.posting
        let proceeds = -(posting.position + posting.resolved + posting.realized)
        switch line.kind {
        case .transfer: break
        case .fill, .bust: trades += proceeds
        case .settlement, .payout, .resolution, .funding, .correction: settlements += proceeds
        }
        addTrade(line)
    }

    private mutating func addTrade(_ line: LedgerLine) {
        let posting = line.posting
        cost += posting.position + posting.resolved
        realized -= posting.realized
        fees += posting.fees
        rebates -= posting.rebates
        switch line.kind {
        case .fill:
            fills += 1
            volume += line.quantity
            notional += line.notional
        case .bust: busts += 1
        default: break
        }
    }
}

/// One scope's day: what it had, what moved, and what it has.
struct Statement: Sendable, Equatable {
    let day: String
    let scope: StatementScope
    let opening: StatementBalance
    let flows: StatementFlows
    let closing: StatementBalance
    /// What is held at the end, in instrument order.
    let positions: [MarkedPosition]

    /// One balance that is not what opening and flows make of it, and by how much.
    struct Difference: Sendable, Equatable {
        let what: String
        let by: Money
    }

    /// Every rule that does not hold. Empty for a statement that balances.
    var differences: [Difference] {
        let cash =
            flows.transfers + flows.trades - flows.fees + flows.rebates + flows.settlements
            + flows.funding + flows.corrections
        let held = positions.reduce(Money.zero) { $0 + $1.cost }
        let gain = positions.reduce(Money.zero) { $0 + $1.unrealized }
        let rules: [(String, Money)] = [
            ("cash", closing.cash - opening.cash - cash),
            ("position at cost", closing.cost - opening.cost - flows.cost),
            ("settlement due", closing.due - opening.due - flows.due),
            ("pairs", closing.pairing - opening.pairing - flows.pairing),
            ("capital", closing.capital - opening.capital - flows.transfers),
            ("realised", closing.realized - opening.realized - flows.realized),
            ("fees", closing.fees - opening.fees - flows.fees + flows.rebates),
            ("funding", closing.funding - opening.funding - flows.funding),
            ("corrections", closing.corrections - opening.corrections - flows.corrections),
            ("positions held", closing.cost - held),
            ("unrealised", closing.unrealized - gain),
            ("the books at the end", closing.imbalance),
        ]
        return rules.filter { !$0.1.isZero }.map { Difference(what: $0.0, by: $0.1) }
    }

    var isBalanced: Bool { differences.isEmpty }
}
