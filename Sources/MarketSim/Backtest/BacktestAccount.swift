package import Trading

/// What the account holds of one instrument, in lots.
package struct BacktestHolding: Sendable, Hashable {
    /// YES of a binary; the signed position of a linear instrument.
    package internal(set) var long: Int64 = 0
    /// NO of a binary, as bought by selling what was not held.
    package internal(set) var short: Int64 = 0
    /// What was paid for what is held, net of what came in, without fees.
    package internal(set) var cost: Money = .zero
    /// Lots bought and sold in total.
    package internal(set) var bought: Int64 = 0
    package internal(set) var sold: Int64 = 0
    package internal(set) var fees: Money = .zero

    /// Lots in YES terms.
    package var position: Int64 { long - short }
}

/// Cash and holdings of a backtest, exact to the unit.
///
/// A trade moves cash by price × quantity on the grid; a pair of YES and NO is a dollar, minted or
/// merged. So at every moment: cash = deposit − Σ cost − Σ fees + Σ payouts.
package struct BacktestAccount: Sendable, Hashable {
    package let deposit: Money
    package internal(set) var cash: Money
    package internal(set) var holdings: [BacktestHolding]
    package internal(set) var fees: Money = .zero
    /// What settled markets have paid.
    package internal(set) var payouts: Money = .zero
    /// What the holdings of settled markets had cost.
    package internal(set) var settledCost: Money = .zero

    init(deposit: Money, instruments: Int) {
        self.deposit = deposit
        cash = deposit
        holdings = Array(repeating: BacktestHolding(), count: instruments)
    }

    /// What conservation leaves unexplained: anything but zero is a broken invariant.
    package func audit() -> Money {
        let cost = holdings.reduce(Money.zero) { $0 + $1.cost }
        return cash - (deposit - cost - settledCost - fees + payouts)
    }

    mutating func trade(
        _ index: Int, _ terms: BacktestInstrument, isBuy: Bool, price: Int32, quantity: Int32,
        fee: Money
    ) {
        precondition(quantity > 0, "an empty fill")
        let lots = Int64(quantity)
        let paid = BacktestAccount.cost(terms, price: price, lots: lots)
        cash -= fee
        fees += fee
        holdings[index].fees += fee
        if isBuy { holdings[index].bought += lots } else { holdings[index].sold += lots }
        if terms.payoff == .linear {
            holdings[index].long += isBuy ? lots : -lots
            pay(index, isBuy ? paid : -paid)
            return
        }
        if isBuy {
            holdings[index].long += lots
            pay(index, paid)
        } else {
            sell(index, terms, price: price, lots: lots)
        }
        if terms.mergesPairs {
            let pairs = min(holdings[index].long, holdings[index].short)
            if pairs > 0 { merge(index, terms, lots: pairs) }
        }
    }

    /// Sells YES that is held, and for the rest buys NO at 1 − p.
    private mutating func sell(
        _ index: Int, _ terms: BacktestInstrument, price: Int32, lots: Int64
    ) {
        let held = min(holdings[index].long, lots)
        holdings[index].long -= held
        pay(index, -BacktestAccount.cost(terms, price: price, lots: held))
        let opened = lots - held
        holdings[index].short += opened
        let dollar = Int32(Price.one.units / terms.tick.units)
        pay(index, BacktestAccount.cost(terms, price: dollar - price, lots: opened))
    }

    /// Turns a dollar each into so many pairs.
    mutating func mint(_ index: Int, _ terms: BacktestInstrument, lots: Int64) {
        holdings[index].long += lots
        holdings[index].short += lots
        pay(index, BacktestAccount.dollars(terms, lots: lots))
    }

    /// Turns so many pairs into a dollar each.
    mutating func merge(_ index: Int, _ terms: BacktestInstrument, lots: Int64) {
        holdings[index].long -= lots
        holdings[index].short -= lots
        precondition(
            holdings[index].long >= 0 && holdings[index].short >= 0, "a merge without a pair")
        pay(index, -BacktestAccount.dollars(terms, lots: lots))
    }

    /// Pays what is held: YES `price` steps, NO the rest of the dollar.
    mutating func settle(_ index: Int, _ terms: BacktestInstrument, price: Int32) {
        let holding = holdings[index]
        var payout = BacktestAccount.cost(terms, price: price, lots: holding.long)
        if terms.payoff == .binary {
            let dollar = Int32(Price.one.units / terms.tick.units)
            payout += BacktestAccount.cost(terms, price: dollar - price, lots: holding.short)
        }
        close(index, payout: payout)
    }

    /// Gives back what is held at what it cost. Fees stay paid.
    mutating func void(_ index: Int) { close(index, payout: holdings[index].cost) }

    private mutating func close(_ index: Int, payout: Money) {
        cash += payout
        payouts += payout
        settledCost += holdings[index].cost
        holdings[index].cost = .zero
        holdings[index].long = 0
        holdings[index].short = 0
    }

    private mutating func pay(_ index: Int, _ amount: Money) {
        cash -= amount
        holdings[index].cost += amount
    }

    /// Price × lots, exact where the grid of the instrument has at most nine decimals.
    static func cost(_ terms: BacktestInstrument, price: Int32, lots: Int64) -> Money {
        let exact =
            Int128(terms.tick.units) * Int128(price) * Int128(terms.lot.units) * Int128(lots)
        return Money(units: Int64(divide(exact, by: Int128(Price.scale), .nearestEven)))
    }

    private static func dollars(_ terms: BacktestInstrument, lots: Int64) -> Money {
        Money(.one, times: Quantity(units: terms.lot.units * lots), .nearestEven)
    }
}
