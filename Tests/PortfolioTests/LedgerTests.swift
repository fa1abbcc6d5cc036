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
        #expect(desk.ledger.accounts[0].balance.redeemable.isZero)
        desk.check()
    }

    @Test(arguments: [("1", "10", "6"), ("0", "0", "-4"), ("0.25", "2.5", "-1.5")])
    func settlementPaysTheValue(value: String, payout: String, gain: String) {
        var desk = Desk(capital: 100)
        desk.fill(.buy, "0.4", "10")
        let settled = desk.settle(at: value, payout: payout)
        #expect(settled?.first?.payout == amount(payout))
        #expect(desk.position.realized == amount(gain))
        #expect(desk.ledger.accounts[0].balance.redeemable.isZero)
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
        #expect(desk.ledger.accounts[0].balance.redeemable == amount("0.01"))
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
        #expect(desk.ledger.accounts[0].balance.redeemable == amount("4"))
        desk.fill(.sell, "0.5", "4")
        #expect(desk.cash == amount("104"))
        #expect(desk.position.isFlat)
        #expect(desk.ledger.accounts[0].balance.redeemable.isZero)
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
        #expect(desk.ledger.accounts[0].balance.redeemable == amount("-10"))
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

/// First in, first out.
@Suite struct LotTests {
    private func desk() -> Desk {
        var desk = Desk(capital: 100)
        let isSet = desk.ledger.setCostMethod(.fifo, of: desk.owner.accountKey)
        #expect(isSet)
        return desk
    }

    @Test func theOldestContractsAreClosedFirst() {
        var desk = desk()
        desk.fill(.buy, "0.4", "10")
        desk.fill(.buy, "0.6", "10")
        desk.fill(.sell, "0.7", "15")
        // Ten at 0.4 and five at 0.6; average cost would have released 7.5.
        #expect(desk.position.realized == amount("3.5"))
        #expect(desk.position.cost == amount("3"))
        desk.check()
        desk.fill(.sell, "0.5", "15")
        #expect(desk.position.realized == amount("3"))
        #expect(desk.position.cost == amount("5"))
        desk.check()
    }

    @Test func bothMethodsEndWithTheSameMoney() {
        var (first, average) = (desk(), Desk(capital: 100))
        for (side, price, size) in [
            (Side.buy, "0.31", "7"), (.buy, "0.52", "3"), (.sell, "0.4", "4"), (.sell, "0.45", "9"),
            (.buy, "0.2", "3"),
        ] {
            first.fill(side, price, size, fee: "0.01")
            average.fill(side, price, size, fee: "0.01")
        }
        #expect(first.position.isFlat && average.position.isFlat)
        #expect(first.cash == average.cash)
        #expect(first.position.realized == average.position.realized)
        first.check()
    }

    @Test func aBustOfACloseBringsTheOldestBack() {
        var desk = desk()
        desk.fill(.buy, "0.4", "10")
        desk.fill(.buy, "0.6", "10")
        let sale = desk.fill(.sell, "0.7", "10")
        desk.ledger.bust(sale)
        #expect(desk.position.cost == amount("10"))
        #expect(desk.position.realized.isZero)
        desk.fill(.sell, "0.7", "10")
        #expect(desk.position.realized == amount("3"))
        desk.check()
    }

    @Test func aBustOfAPurchaseThatWasPartlySoldTradesBack() {
        var desk = desk()
        let first = desk.fill(.buy, "0.4", "10")
        desk.fill(.buy, "0.6", "10")
        desk.fill(.sell, "0.7", "5")
        desk.ledger.bust(first)
        #expect(desk.position.quantity == quantity("5"))
        #expect(desk.cash == amount("97.5"))
        desk.check()
    }

    @Test func theMethodIsNotChangedUnderAPosition() {
        var desk = desk()
        desk.fill(.buy, "0.4", "10")
        let account = desk.owner.accountKey
        let isChanged = desk.ledger.setCostMethod(.average, of: account)
        let isKept = desk.ledger.setCostMethod(.fifo, of: account)
        #expect(!isChanged && isKept)
        desk.fill(.sell, "0.4", "10")
        let isChangedWhenFlat = desk.ledger.setCostMethod(.average, of: account)
        #expect(isChangedWhenFlat)
        desk.check()
    }
}

/// Resolved, redeemable and cash; rebates, funding and corrections.
@Suite struct LineTests {
    @Test func aPositionIsResolvedThenRedeemableThenCash() {
        var desk = Desk(capital: 100)
        let account = desk.owner.accountKey
        desk.fill(.buy, "0.4", "10")
        desk.ledger.setResolved(true, account, desk.instrument)
        var balance: Posting { desk.ledger.accounts[0].balance }
        #expect(balance.position.isZero)
        #expect(balance.resolved == amount("4"))
        #expect(balance.realized.isZero)
        desk.check()
        desk.settle(at: "1", payout: "0")
        #expect(balance.resolved.isZero)
        #expect(balance.redeemable == amount("10"))
        #expect(balance.realized == amount("-6"))
        #expect(desk.cash == amount("96"))
        desk.check()
    }

    @Test func anAmendedOutcomeIsAPositionAgain() {
        var desk = Desk(capital: 100)
        let account = desk.owner.accountKey
        desk.fill(.buy, "0.4", "10")
        desk.ledger.setResolved(true, account, desk.instrument)
        desk.fill(.sell, "0.5", "4")
        #expect(desk.ledger.accounts[0].balance.resolved == amount("2.4"))
        desk.ledger.setResolved(false, account, desk.instrument)
        #expect(desk.ledger.accounts[0].balance.position == amount("2.4"))
        #expect(desk.ledger.accounts[0].balance.resolved.isZero)
        desk.check()
    }

    @Test func rebatesAreNotNegativeFees() {
        var desk = Desk(capital: 100)
        desk.fill(.buy, "0.5", "10", fee: "0.18")
        let rebated = desk.fill(.sell, "0.5", "10", fee: "-0.02")
        #expect(desk.ledger.accounts[0].balance.fees == amount("0.18"))
        #expect(desk.ledger.accounts[0].balance.rebates == amount("-0.02"))
        #expect(desk.ledger.totals(of: desk.owner).rebates == amount("0.02"))
        desk.ledger.bust(rebated)
        #expect(desk.ledger.accounts[0].balance.rebates.isZero)
        #expect(desk.ledger.accounts[0].balance.fees == amount("0.18"))
        desk.check()
    }

    @Test func moneyBesideTradesHasItsOwnLines() {
        var desk = Desk(capital: 100)
        let account = desk.owner.accountKey
        desk.ledger.fund(amount("0.5"), account: account)
        desk.ledger.correct(amount("-0.01"), account: account)
        #expect(desk.cash == amount("100.49"))
        #expect(desk.ledger.accounts[0].capital == amount("100"))
        #expect(desk.ledger.accounts[0].balance.funding == amount("-0.5"))
        #expect(desk.ledger.accounts[0].balance.corrections == amount("0.01"))
        desk.ledger.reserve(amount("40"), account: 0)
        #expect(desk.cash == amount("100.49"))
        #expect(desk.ledger.accounts[0].balance.reserved == amount("40"))
        desk.check()
    }
}
