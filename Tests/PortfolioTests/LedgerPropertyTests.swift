import Portfolio
import TestSupport
import Testing
import Trading

/// A venue that knows only its own rules: it pays in full for YES and NO, gives one back for every
/// pair, and nets the whole account. Written without the ledger.
private struct NaiveVenue {
    var cash: Int128
    var yes: [InstrumentID: Int128] = [:]
    var no: [InstrumentID: Int128] = [:]
    let scale: Int128 = 1_000_000_000

    mutating func trade(_ fill: LedgerFill, reversed: Bool = false) {
        let product = Int128(fill.price.units) * Int128(fill.quantity.units)
        let paid = fill.side == .buy ? (product + scale - 1) / scale : product / scale
        let contracts = Int128(fill.quantity.units)
        let fee = Int128(fill.fee.units)
        let isPurchase = (fill.side == .buy) != reversed
        if isPurchase {
            cash -= paid
            yes[fill.instrument, default: 0] += contracts
        } else {
            cash -= contracts - paid
            no[fill.instrument, default: 0] += contracts
        }
        cash += reversed ? fee : -fee
        let pairs = min(yes[fill.instrument] ?? 0, no[fill.instrument] ?? 0)
        yes[fill.instrument, default: 0] -= pairs
        no[fill.instrument, default: 0] -= pairs
        cash += pairs
    }

    mutating func settle(_ instrument: InstrumentID, at value: Price) -> Int128 {
        let perYes = Int128(value.units)
        let payout =
            ((yes[instrument] ?? 0) * perYes + (no[instrument] ?? 0) * (scale - perYes)) / scale
        cash += payout
        yes[instrument] = 0
        no[instrument] = 0
        return payout
    }
}

@Suite struct LedgerPropertyTests {
    @Test(arguments: 0..<UInt64(60))
    func cashFollowsTheVenueToTheLastUnit(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let desk = Desk(capital: 100_000)
        var ledger = desk.ledger
        var venue = NaiveVenue(cash: Int128(desk.startingCash.units))
        let account = desk.owner.accountKey
        let strategies = ["first", "second", "third"].map(desk.strategy)
        let instruments = (0..<4).compactMap { InstrumentID("KX-\($0)") }
        var open = instruments
        var booked: [BookedFill] = []
        for step in 0..<300 {
            let choice = Int.random(in: 0..<100, using: &random)
            if choice < 85, let instrument = open.randomElement(using: &random) {
                let owner = strategies[Int.random(in: 0..<3, using: &random)]
                let fill = randomFill(owner, instrument, &random)
                booked.append(ledger.book(fill))
                venue.trade(fill)
            } else if choice < 95, !booked.isEmpty {
                let index = Int.random(in: 0..<booked.count, using: &random)
                let busted = booked.remove(at: index)
                if open.contains(busted.fill.instrument) {
                    ledger.bust(busted)
                    venue.trade(busted.fill, reversed: true)
                }
            } else if let instrument = open.randomElement(using: &random), open.count > 1 {
                let value = Price(
                    units: [0, 1_000_000_000, 370_000_000].randomElement(using: &random) ?? 0)
                let payout = Money(units: Int64(venue.settle(instrument, at: value)))
                _ = ledger.settle(account, instrument, at: value, payout: payout)
                if Bool.random(using: &random) { ledger.forget(account, instrument) }
                open.removeAll { $0 == instrument }
            }
            #expect(ledger.firstBreak() == nil, "seed \(seed) step \(step)")
            #expect(
                Int128(ledger.accounts[0].cash.units) == venue.cash, "seed \(seed) step \(step)")
            // Rounding of payouts over strategies is the only thing that may stay in settlement.
            #expect(
                ledger.accounts[0].balance.redeemable.magnitude < Money(units: 30),
                "seed \(seed) step \(step)")
        }
    }

    private func randomFill(
        _ owner: StrategyKey, _ instrument: InstrumentID, _ random: inout SeededRandom
    ) -> LedgerFill {
        LedgerFill(
            owner: owner, instrument: instrument, side: Bool.random(using: &random) ? .buy : .sell,
            price: Price(units: Int64.random(in: 1..<1_000_000_000, using: &random)),
            quantity: Quantity(units: Int64.random(in: 1...50_000_000_000, using: &random)),
            fee: Money(units: Int64.random(in: -10_000_000...50_000_000, using: &random)))
    }
}

/// Kalshi charges every fill and rounds over the order: the ledger follows it exactly.
@Suite struct VenueRoundingTests {
    @Test(arguments: 0..<UInt64(40), ["0.01", "0.0001"])
    func cashStaysOnTheVenuesGridAndAnOrderPaysItsExactFee(seed: UInt64, grid: String) {
        var random = SeededRandom(seed: seed)
        var desk = Desk(capital: 10_000)
        for _ in 0..<20 {
            var fees = KalshiOrderFees(precision: amount(grid))
            var (charged, rounded, exact) = (Money.zero, Money.zero, Money.zero)
            let before = desk.ledger.accounts[0]
            let side: Side = Bool.random(using: &random) ? .buy : .sell
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                let price = Price(units: Int64.random(in: 1...9_999, using: &random) * 100_000)
                let quantity = Quantity(
                    units: Int64.random(in: 1...900, using: &random) * 10_000_000)
                let fee = fees.charge(
                    side, price: price, quantity: quantity, rate: KalshiFees.takerRate)
                desk.ledger.book(
                    LedgerFill(
                        owner: desk.owner, instrument: desk.instrument, side: side, price: price,
                        quantity: quantity, fee: fee.net))
                charged += fee.net
                rounded += fee.rounding - fee.rebate
                exact += fee.trade
                #expect(desk.cash.isMultiple(of: amount(grid)), "seed \(seed)")
            }
            let after = desk.ledger.accounts[0]
            #expect(after.fees - before.fees == charged, "seed \(seed)")
            #expect(charged - exact == rounded, "seed \(seed)")
            // What rounding has kept of the whole order is less than a cent.
            #expect(rounded >= .zero && rounded < KalshiFees.cent, "seed \(seed)")
            desk.check()
        }
    }
}
