import Runtime
import Testing
import Trading
import Wire

@testable import Supervisor

/// Where the market stood some time after each fill.
@Suite struct MarkoutFoldTests {
    private let market = InstrumentID("KXA") ?? .empty
    private let other = InstrumentID("KXB") ?? .empty

    private func fill(
        _ trade: String, _ side: Side = .buy, at seconds: Int64 = 0, in instrument: String = "KXA",
        finality: FillFinality = .final
    ) -> FillRow {
        FillRow(
            entry: SequenceNumber(1), order: OrderID(1), at: Timestamp(seconds: 1_000 + seconds),
            instrument: InstrumentID(instrument) ?? .empty, side: side,
            price: Price(units: 500_000_000), quantity: Quantity(2), fee: .zero,
            liquidity: .maker, trade: VenueReference(trade) ?? .empty, finality: finality,
            body: [])
    }

    private func cents(_ number: Int64) -> Price { Price(units: number * 10_000_000) }
    private func at(_ seconds: Int64) -> Timestamp { Timestamp(seconds: 1_000 + seconds) }

    /// Trade, horizon and gain in cents.
    private func told(_ changes: [TraceChange]) -> [String] {
        changes.compactMap { change in
            guard case .markout(let row) = change else { return nil }
            return "\(row.trade) \(row.horizon) \(row.gain.units / 10_000_000)"
        }
    }

    @Test func eachHorizonIsMeasuredAtTheMarkThatStoodThen() {
        var fold = MarkoutFold()
        fold.wait(for: fill("b"), mark: cents(50))
        fold.wait(for: fill("s", .sell), mark: cents(50))
        #expect(fold.measure(before: at(5)).isEmpty, "the horizon has not ended")
        fold.note(cents(53), of: market)
        // The mark that comes in the very moment of the end was not there before it.
        #expect(told(fold.measure(before: at(6))) == ["b 0 3", "s 0 -3"])
        fold.note(cents(40), of: market)
        #expect(told(fold.measure(before: at(29))).isEmpty)
        #expect(told(fold.measure(before: at(301))) == ["b 1 -10", "b 2 -10", "s 1 10", "s 2 10"])
        #expect(!fold.isWaiting(for: market))
        #expect(fold.measure(before: at(9_999)).isEmpty)
    }

    @Test func whatIsLeftIsMeasuredAtWhatTheMarketPaid() {
        var fold = MarkoutFold()
        fold.wait(for: fill("b"), mark: cents(50))
        fold.wait(for: fill("o", in: "KXB"), mark: cents(50))
        #expect(told(fold.measure(before: at(6))) == ["b 0 0", "o 0 0"])
        #expect(told(fold.settle(market, at: .one)) == ["b 1 50", "b 2 50"])
        #expect(fold.isWaiting(for: other) && !fold.isWaiting(for: market))
    }

    @Test func aFillCountsOnceAndABustedOneNever() {
        var fold = MarkoutFold()
        fold.wait(for: fill("b"), mark: cents(50))
        fold.wait(for: fill("b"), mark: cents(50))
        fold.wait(for: fill("x"), mark: cents(50))
        fold.wait(for: fill("x", finality: .busted), mark: cents(50))
        #expect(told(fold.measure(before: at(6))) == ["b 0 0"])
    }

    @Test func withoutATrustedMarkNothingIsSaid() {
        var fold = MarkoutFold()
        fold.wait(for: fill("b"), mark: nil)
        #expect(fold.measure(before: at(6)).isEmpty)
        fold.note(cents(51), of: market)
        #expect(told(fold.measure(before: at(31))) == ["b 1 1"])
    }
}

/// How long processes take to come back.
@Suite struct RecoveryTests {
    private func row(_ name: String, isReady: Bool) -> LiveTable.Row {
        LiveTable.Row(
            name: name, pid: nil, state: isReady ? "ready" : "restarting", restarts: 0,
            status: nil)
    }

    @Test func countsFromNotReadyToReadyOfWhatWasReadyOnce() {
        let board = StatusBoard()
        func post(_ second: Int64, core: Bool, agent: Bool) {
            board.post(
                [row("core", isReady: core), row("agent", isReady: agent)], at: .seconds(second))
        }
        post(0, core: false, agent: false)
        post(5, core: true, agent: false)
        #expect(board.recoveries.count == 0 && board.recoveries.mean == nil, "a start is none")
        post(6, core: false, agent: true)
        post(8, core: false, agent: true)
        post(10, core: true, agent: false)
        #expect(board.recoveries.count == 1 && board.recoveries.mean == 4)
        post(12, core: true, agent: true)
        #expect(board.recoveries.count == 2 && board.recoveries.mean == 3)
    }
}
