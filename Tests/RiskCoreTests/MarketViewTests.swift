import RiskCore
import Testing
import Trading
import Wire

struct MarketViewTests {
    private let gateway = ProcessID("gw-a") ?? .empty
    private let other = ProcessID("gw-b") ?? .empty
    private let instrument = InstrumentID("KXTEST") ?? .empty

    private func book(
        bids: [(Int64, Int64)] = [(40, 5), (41, 7)], asks: [(Int64, Int64)] = [(45, 2), (44, 3)],
        at seconds: Int64 = 10, isStale: Bool = false
    ) -> [UInt8] {
        let cents = { (value: Int64) in Price(units: value * 10_000_000) }
        return BookSnapshot(
            instrument: instrument, bookSequence: SequenceNumber(9),
            receivedAt: Timestamp(seconds: seconds), marketTime: Timestamp(seconds: seconds),
            isStale: Flag(isStale)
        ).frame(
            bids: bids.map { .init(price: cents($0.0), quantity: Quantity($0.1)) },
            asks: asks.map { .init(price: cents($0.0), quantity: Quantity($0.1)) })
    }

    @Test func theTouchIsTheBestLevelWhateverTheOrder() throws {
        var view = MarketView()
        try view.take(book(), from: gateway)
        let reference = try #require(view.reference(for: instrument))
        #expect(reference.bid == Price(units: 410_000_000))
        #expect(reference.bidQuantity == Quantity(7))
        #expect(reference.bidDepth == Quantity(12))
        #expect(reference.ask == Price(units: 440_000_000))
        #expect(reference.askQuantity == Quantity(3))
        #expect(reference.askDepth == Quantity(5))
        #expect(!reference.isStale.isSet)
    }

    @Test func aGapMakesTheGatewaysBooksStaleUntilTheirNextSnapshot() throws {
        var view = MarketView()
        try view.take(book(), from: gateway)
        view.lose(other)
        #expect(view.reference(for: instrument)?.isStale == .no)
        view.lose(gateway)
        #expect(view.reference(for: instrument)?.isStale == .yes)
        try view.take(book(), from: gateway)
        #expect(view.reference(for: instrument)?.isStale == .no)
    }

    @Test func anotherGatewayCannotReplaceABook() throws {
        var view = MarketView()
        try view.take(book(), from: gateway)
        try view.take(book(bids: [(1, 1)]), from: other)
        #expect(view.reference(for: instrument)?.bid == Price(units: 410_000_000))
    }

    @Test func impossibleLevelsMakeABookStale() throws {
        var view = MarketView()
        try view.take(book(bids: [(-5, 1)]), from: gateway)
        #expect(view.reference(for: instrument)?.isStale == .yes)
        try view.take(book(asks: [(50, -3)]), from: gateway)
        #expect(view.reference(for: instrument)?.isStale == .yes)
    }

    @Test func marksComeAtMostOnceASecondAndOnlyWhenTheQuoteChanged() throws {
        var view = MarketView()
        let unknown = view.takeMark(of: instrument, at: Timestamp(seconds: 10))
        try view.take(book(), from: gateway)
        let first = view.takeMark(of: instrument, at: Timestamp(seconds: 10))
        let unchanged = view.takeMark(of: instrument, at: Timestamp(seconds: 20))
        try view.take(book(bids: [(42, 1)]), from: gateway)
        let early = view.takeMark(of: instrument, at: Timestamp(milliseconds: 10_999))
        let second = view.takeMark(of: instrument, at: Timestamp(seconds: 11))
        #expect(unknown == nil && unchanged == nil && early == nil)
        #expect(first?.marketTime == Timestamp(seconds: 10))
        #expect(second?.marketTime == Timestamp(seconds: 11))
    }

    @Test func anInstrumentThatIsOverIsForgotten() throws {
        var view = MarketView()
        try view.take(book(), from: gateway)
        view.forget(instrument)
        #expect(view.reference(for: instrument) == nil)
        #expect(view.count == 0)
    }
}

struct ReconciliationTests {
    private let instrument = InstrumentID("KXTEST") ?? .empty

    private func order(_ id: UInt64) -> VenueOrder {
        VenueOrder(
            orderID: OrderID(id), instrument: instrument, clientOrderID: .empty,
            venueOrderID: .empty, side: .buy, price: .zero, remaining: .zero, filled: .zero,
            marketTime: .zero)
    }

    private func position(_ quantity: Int64) -> VenuePosition {
        VenuePosition(
            account: .empty, instrument: instrument, quantity: Quantity(quantity),
            marketTime: .zero)
    }

    private func balance(_ cash: Int64) -> VenueBalance {
        VenueBalance(org: .empty, account: .empty, cash: Money(cash), marketTime: .zero)
    }

    @Test func agreementHasNoBreaks() {
        var reconciliation = Reconciliation()
        reconciliation.add(order(1))
        reconciliation.add(position(-3))
        reconciliation.add(balance(100))
        let breaks = reconciliation.breaks(
            ledgerCash: Money(100), ledgerPositions: [instrument: Quantity(-3)]
        ) { $0 == OrderID(1) }
        #expect(breaks.isEmpty)
    }

    @Test func cashIsComparedWhenNothingRests() {
        var reconciliation = Reconciliation()
        reconciliation.add(balance(99))
        let resting = reconciliation.breaks(
            ledgerCash: Money(100), ledgerPositions: [:], isResting: true
        ) { _ in true }
        #expect(resting.isEmpty)
        let idle = reconciliation.breaks(
            ledgerCash: Money(100), ledgerPositions: [:]
        ) { _ in true }
        #expect(idle.count == 1)
        reconciliation.add(order(1))
        let listed = reconciliation.breaks(
            ledgerCash: Money(100), ledgerPositions: [:]
        ) { _ in true }
        #expect(listed.isEmpty)
    }

    @Test func everyDifferenceIsABreak() {
        var reconciliation = Reconciliation()
        reconciliation.add(order(0))
        reconciliation.add(order(2))
        reconciliation.add(position(3))
        reconciliation.add(balance(99))
        let breaks = reconciliation.breaks(
            ledgerCash: Money(100), ledgerPositions: [:]
        ) { $0 == OrderID(1) }
        #expect(breaks.count == 3)
    }

    @Test(arguments: [(99, 2, 0), (100, 1, 0), (102, -1, 0), (98, 1, 1), (103, 1, 1), (100, 3, 1)])
    func differencesWithinTheToleranceAreNoBreaks(cash: Int64, held: Int64, count: Int) {
        var reconciliation = Reconciliation()
        reconciliation.add(position(held))
        reconciliation.add(balance(cash))
        let breaks = reconciliation.breaks(
            ledgerCash: Money(cash < 100 ? 100 : 101), ledgerPositions: [instrument: Quantity(1)],
            tolerance: Reconciliation.Tolerance(cash: Money(1), position: Quantity(1))
        ) { _ in true }
        #expect(breaks.count == (held == -1 ? 1 : count))
    }

    @Test func aPositionThatTheVenueDoesNotHaveIsABreak() {
        var reconciliation = Reconciliation()
        reconciliation.add(balance(100))
        let breaks = reconciliation.breaks(
            ledgerCash: Money(100), ledgerPositions: [instrument: Quantity(1)]
        ) { _ in true }
        #expect(breaks.count == 1)
    }

    @Test func aVenueThatStatesNoBalanceIsABreak() {
        let breaks = Reconciliation().breaks(
            ledgerCash: .zero, ledgerPositions: [:]
        ) { _ in true }
        #expect(breaks.count == 1)
    }
}
