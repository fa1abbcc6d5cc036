import Portfolio
import Testing
import Trading

@Suite struct LedgerTests {
    @Test func buyingYesPaysPriceTimesQuantity() {
        var desk = Desk(capital: 100)
        desk.fill(.buy, "0.4", "10")
        #expect(desk.cash == amount("96"))
        #expect(desk.position.quantity == quantity("10"))
        #expect(desk.position.cost == amount("4"))
        desk.check()
    }

    @Test func sellingWhenFlatBuysNo() {
        var desk = Desk(capital: 100)
        desk.fill(.sell, "0.4", "10")
        #expect(desk.cash == amount("94"))
        #expect(desk.position.quantity == quantity("-10"))
        #expect(desk.position.cost == amount("6"))
        desk.check()
    }

    @Test func closingPaysOutPairs() {
        var desk = Desk(capital: 100)
        desk.fill(.sell, "0.4", "10")
        desk.fill(.buy, "0.3", "10")
        // NO bought at 0.6, YES at 0.3: ten pairs pay ten, so one dollar is gained.
        #expect(desk.cash == amount("101"))
        #expect(desk.position.isFlat)
        #expect(desk.position.realized == amount("1"))
        desk.check()
    }

    @Test func aTradeThroughZeroClosesThenOpens() {
        var desk = Desk(capital: 100)
        desk.fill(.buy, "0.4", "10")
        desk.fill(.sell, "0.5", "15")
        #expect(desk.position.quantity == quantity("-5"))
        #expect(desk.position.cost == amount("2.5"))
        #expect(desk.position.realized == amount("1"))
        #expect(desk.cash == amount("98.5"))
        desk.check()
    }

    @Test func averageCostSplitsRealizedFromUnrealized() {
        var desk = Desk(capital: 100)
        desk.fill(.buy, "0.4", "10")
        desk.fill(.buy, "0.6", "10")
        desk.fill(.sell, "0.7", "5")
        #expect(desk.position.cost == amount("7.5"))
        #expect(desk.position.realized == amount("1"))
        #expect(desk.position.unrealized(bid: price("0.65"), ask: nil) == amount("2.25"))
        #expect(desk.position.unrealized(bid: nil, ask: price("0.7")) == amount("-7.5"))
        desk.check()
    }

    @Test func aShortIsMarkedAtTheAsk() {
        var desk = Desk(capital: 100)
        desk.fill(.sell, "0.4", "10")
        #expect(desk.position.unrealized(bid: price("0.1"), ask: price("0.3")) == amount("1"))
        #expect(desk.position.unrealized(bid: price("0.1"), ask: nil) == amount("-6"))
    }

    @Test func feesAreChargedAndRebatesGivenBack() {
        var desk = Desk(capital: 100)
        desk.fill(.buy, "0.5", "10", fee: "0.18")
        desk.fill(.sell, "0.5", "10", fee: "-0.02")
        #expect(desk.cash == amount("99.84"))
        #expect(desk.position.fees == amount("0.16"))
        #expect(desk.ledger.totals(of: desk.owner).fees == amount("0.16"))
        desk.check()
    }

    @Test func residuesOfAverageCostAreReleasedByTheLastTrade() {
        var desk = Desk(capital: 100)
        desk.fill(.buy, "0.333333333", "0.01")
        desk.fill(.buy, "0.1", "0.02")
        for _ in 0..<3 { desk.fill(.sell, "0.2", "0.01") }
        #expect(desk.position.isFlat)
        #expect(desk.position.cost.isZero)
        #expect(desk.cash == desk.startingCash + desk.position.realized)
        desk.check()
    }

    @Test func strategiesOfOneAccountAreNettedByTheVenue() {
        var desk = Desk(capital: 100)
        let other = desk.strategy("second")
        desk.fill(.buy, "0.5", "10")
        desk.fill(.sell, "0.6", "10", by: other)
        // The venue closed the account's position: five paid, six received.
        #expect(desk.cash == amount("101"))
        #expect(desk.position.quantity == quantity("10"))
        let book = desk.ledger.accounts[0]
        #expect(book.balance.pairing == amount("-10"))
        desk.check()
        desk.settle(at: "1", payout: "0")
        #expect(desk.cash == amount("101"))
        #expect(desk.ledger.totals(of: desk.owner).realized == amount("5"))
        #expect(desk.ledger.totals(of: other).realized == amount("-4"))
        #expect(desk.ledger.accounts[0].balance.settlement.isZero)
        desk.check()
    }

    @Test(arguments: [("1", "10", "6"), ("0", "0", "-4"), ("0.25", "2.5", "-1.5")])
    func settlementPaysTheValue(value: String, payout: String, gain: String) {
        var desk = Desk(capital: 100)
        desk.fill(.buy, "0.4", "10")
        let settled = desk.settle(at: value, payout: payout)
        #expect(settled?.first?.payout == amount(payout))
        #expect(desk.position.realized == amount(gain))
        #expect(desk.ledger.accounts[0].balance.settlement.isZero)
        #expect(desk.cash == amount("96") + amount(payout))
        desk.check()
    }

    @Test func aShortIsPaidTheComplement() {
        var desk = Desk(capital: 100)
        desk.fill(.sell, "0.4", "10")
        desk.settle(at: "0", payout: "10")
        #expect(desk.cash == amount("104"))
        #expect(desk.position.realized == amount("4"))
        desk.check()
    }

    @Test func aPayoutThatDiffersStaysInSight() {
        var desk = Desk(capital: 100)
        desk.fill(.buy, "0.4", "10")
        desk.settle(at: "1", payout: "9.99")
        #expect(desk.ledger.accounts[0].balance.settlement == amount("0.01"))
        #expect(desk.cash == amount("105.99"))
        desk.check()
    }

    @Test func aSecondSettlementIsRefused() {
        var desk = Desk(capital: 100)
        desk.fill(.buy, "0.4", "10")
        desk.settle(at: "1", payout: "10")
        let again = desk.settle(at: "1", payout: "10")
        #expect(again == nil)
        #expect(desk.cash == amount("106"))
        desk.check()
    }

    @Test func aLateFillAfterSettlementIsSettledAtOnce() {
        var desk = Desk(capital: 100)
        desk.fill(.buy, "0.4", "10")
        // The venue had already sold four, so it pays for six; the report comes late.
        desk.settle(at: "1", payout: "6")
        #expect(desk.ledger.accounts[0].balance.settlement == amount("4"))
        desk.fill(.sell, "0.5", "4")
        #expect(desk.cash == amount("104"))
        #expect(desk.position.isFlat)
        #expect(desk.ledger.accounts[0].balance.settlement.isZero)
        #expect(desk.position.realized == amount("4"))
        desk.check()
    }

    @Test func aBustReversesTheFillExactly() {
        var desk = Desk(capital: 100)
        let first = desk.fill(.buy, "0.4", "10", fee: "0.1")
        desk.fill(.buy, "0.6", "10")
        desk.ledger.bust(first)
        #expect(desk.position.quantity == quantity("10"))
        #expect(desk.position.cost == amount("6"))
        #expect(desk.position.realized.isZero)
        #expect(desk.position.fees.isZero)
        #expect(desk.cash == amount("94"))
        desk.check()
    }

    @Test func aBustAfterTheCloseTradesBack() {
        var desk = Desk(capital: 100)
        let first = desk.fill(.buy, "0.4", "10")
        desk.fill(.sell, "0.6", "10")
        desk.ledger.bust(first)
        // What is left is the sale alone: ten NO at 0.4.
        #expect(desk.position.quantity == quantity("-10"))
        #expect(desk.cash == amount("96"))
        desk.settle(at: "0", payout: "10")
        #expect(desk.cash == amount("106"))
        #expect(desk.position.realized == amount("6"))
        desk.check()
    }

    @Test func aBustAfterSettlementOwesThePayoutBack() {
        var desk = Desk(capital: 100)
        let fill = desk.fill(.buy, "0.4", "10")
        desk.settle(at: "1", payout: "10")
        desk.ledger.bust(fill)
        #expect(desk.position.realized.isZero)
        #expect(desk.ledger.accounts[0].balance.settlement == amount("-10"))
        desk.check()
    }

    @Test func forgettingKeepsTheTotals() {
        var desk = Desk(capital: 100)
        desk.fill(.sell, "0.4", "10")
        desk.settle(at: "1", payout: "0")
        desk.ledger.forget(desk.owner.accountKey, desk.instrument)
        #expect(desk.ledger.allPositions.isEmpty)
        #expect(desk.ledger.totals(of: desk.owner).realized == amount("-6"))
        #expect(desk.cash == amount("94"))
        desk.check()
    }

    @Test func withdrawalsAreCapital() {
        var desk = Desk(capital: 100)
        desk.ledger.deposit(amount("-30"), into: desk.owner.accountKey)
        #expect(desk.cash == amount("70"))
        #expect(desk.ledger.accounts[0].capital == amount("70"))
        desk.check()
    }
}
