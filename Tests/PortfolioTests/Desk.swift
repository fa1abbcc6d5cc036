import Portfolio
import Testing
import Trading

/// One account with one strategy and one instrument, for tests of the ledger.
struct Desk {
    var ledger = Ledger()
    let owner: StrategyKey
    let instrument: InstrumentID
    let startingCash: Money

    init(capital: Int64) {
        owner = StrategyKey(
            org: name("org"), account: name("main"), mode: .paper, strategy: name("first"))
        instrument = InstrumentID(name: LongName("KXBTC-1") ?? .empty)
        startingCash = Money(capital)
        ledger.deposit(startingCash, into: owner.accountKey)
    }

    var cash: Money { ledger.accounts[0].cash }
    var position: Position {
        ledger.position(PositionKey(owner: owner, instrument: instrument))
    }

    func strategy(_ text: String) -> StrategyKey {
        StrategyKey(
            org: owner.org, account: owner.account, mode: owner.mode, strategy: name(text))
    }

    @discardableResult
    mutating func fill(
        _ side: Side, _ at: String, _ contracts: String, fee: String = "0",
        by strategy: StrategyKey? = nil
    ) -> BookedFill {
        ledger.book(
            LedgerFill(
                owner: strategy ?? owner, instrument: instrument, side: side, price: price(at),
                quantity: quantity(contracts), fee: amount(fee)))
    }

    @discardableResult
    mutating func settle(at value: String, payout: String) -> [SettledPosition]? {
        ledger.settle(owner.accountKey, instrument, at: price(value), payout: amount(payout))
    }

    func check(_ location: SourceLocation = #_sourceLocation) {
        #expect(ledger.firstBreak() == nil, sourceLocation: location)
    }
}

func name<ID: ShortIdentifier>(_ text: String) -> ID { ID(text) ?? .empty }
func amount(_ text: String) -> Money { Money(decimal: text) ?? .max }
func price(_ text: String) -> Price { Price(decimal: text) ?? .max }
func quantity(_ text: String) -> Quantity { Quantity(decimal: text) ?? .max }
