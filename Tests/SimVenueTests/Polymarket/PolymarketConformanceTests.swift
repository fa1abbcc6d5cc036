import Cryptography
import Execution
import Foundation
import Runtime
import SimVenue
import Testing
import Trading
import Venues

/// Our own Polymarket adapter against the simulated venue, over real sockets.
@Suite(.serialized, .timeLimit(.minutes(3))) struct PolymarketConformanceTests {
    private static let secret = String(repeating: "2a", count: 32)

    private func driver(_ venue: VenueFixture) throws -> VenueDriver {
        try VenueDriver(
            polymarketPort: venue.server.polymarketPort, secret: PolymarketConformanceTests.secret,
            directory: venue.directory)
    }

    /// A market with a cent's tick that has a book on both sides, once the adapter is there.
    private func market(_ driver: VenueDriver) throws -> InstrumentID {
        try driver.connect()
        while true {
            let found = driver.books.keys.sorted().first {
                driver.books[$0]?.bestBid != nil && driver.books[$0]?.bestAsk != nil
                    && driver.instruments[$0]?.instrument.tick == Price(units: 10_000_000)
            }
            if let found { return found }
            _ = try driver.next()
        }
    }

    private func ticket(
        _ driver: VenueDriver, _ name: String, _ instrument: InstrumentID, _ side: Side,
        _ price: Price, _ count: Int64, _ timeInForce: TimeInForce = .goodTillCancelled,
        isPostOnly: Bool = false
    ) -> VenueTicket {
        driver.ticket(
            name, instrument, side, price, Quantity(count), timeInForce, isPostOnly: isPostOnly)
    }

    @Test func anOrderLivesAndIsCancelled() throws {
        let venue = try VenueFixture(in: VenueFixture.temporaryDirectory(), recorded: false)
        let driver = try driver(venue)
        let instrument = try market(driver)
        #expect(driver.instruments.count == 5)
        #expect(try driver.balance() == Money(1_000))
        let cheap = Price(units: 50_000_000)
        let ticket = ticket(driver, "p-1", instrument, .buy, cheap, 20, isPostOnly: true)
        let order = try #require(try driver.place(ticket))
        #expect(order.state == .working)
        guard case .openOrders(_, let open) = try driver.call(.openOrders) else {
            Issue.record("no open orders")
            return
        }
        #expect(open.map(\.clientOrderID) == [ticket.clientOrderID])
        guard
            case .cancelled(_, _, let taken) = try driver.call(
                .cancel(clientOrderID: ticket.clientOrderID, venueOrderID: nil))
        else {
            Issue.record("not cancelled")
            return
        }
        #expect(taken == Quantity(20))
        guard case .healthy = try driver.call(.health) else {
            Issue.record("not healthy")
            return
        }
        #expect(driver.refusals.isEmpty, "\(driver.refusals)")
        try venue.stop()
    }

    @Test func refusalsAreTold() throws {
        let venue = try VenueFixture(in: VenueFixture.temporaryDirectory(), recorded: false)
        let driver = try driver(venue)
        let instrument = try market(driver)
        let high = Price(units: 990_000_000)
        let low = Price(units: 10_000_000)
        let cases: [(VenueTicket, String)] = [
            (ticket(driver, "r-1", instrument, .buy, high, 10, isPostOnly: true), "post-only"),
            (ticket(driver, "r-2", instrument, .buy, low, 100, .fillOrKill), "FOK"),
            (ticket(driver, "r-3", instrument, .buy, low, 100, .immediateOrCancel), "FAK"),
            (ticket(driver, "r-4", instrument, .buy, low, 900_000), "balance"),
        ]
        for (ticket, word) in cases {
            guard case .declined(_, let message)? = try driver.failure(.place(ticket)) else {
                Issue.record("\(word) is not declined")
                continue
            }
            #expect(message.contains(word), "\(message)")
        }
        try venue.stop()
    }

    /// Buys, then sells short, which buys NO: cash and position are what the fills come to, and
    /// every fill is told until it is final.
    @Test func fillsComeToWhatTheVenueHas() throws {
        let venue = try VenueFixture(in: VenueFixture.temporaryDirectory(), recorded: false)
        let driver = try driver(venue)
        let instrument = try market(driver)
        var filled = Quantity.zero
        for (number, side) in [Side.buy, .sell, .sell].enumerated() {
            let best = try #require(
                side == .buy
                    ? driver.books[instrument]?.bestAsk : driver.books[instrument]?.bestBid)
            let limit = Price(units: best.price.units + side.sign * 30_000_000)
            let order = ticket(
                driver, "f-\(number)", instrument, side, limit, 6, .immediateOrCancel)
            let state = try #require(try driver.place(order))
            filled += side == .buy ? state.filled : -state.filled
        }
        try waitUntilFinal(driver, count: 3)
        let fills = driver.fills.filter { $0.finality == .final }
        var cash = Money(1_000)
        var position = Quantity.zero
        for fill in fills {
            let cost = Money(fill.price, times: fill.quantity, .nearestEven)
            cash += fill.side == .buy ? -cost : cost
            cash -= fill.fee
            position += fill.side == .buy ? fill.quantity : -fill.quantity
        }
        #expect(position == filled)
        guard case .positions(_, let holdings) = try driver.call(.positions) else {
            Issue.record("no positions")
            return
        }
        #expect(holdings.first { $0.instrument == instrument }?.quantity ?? .zero == position)
        // A short position is NO that was bought: a dollar each was given for it.
        let held = position.isNegative ? Money(units: position.magnitude.units) : .zero
        #expect(try driver.balance() == cash - held)
        #expect(driver.refusals.isEmpty, "\(driver.refusals)")
        try venue.stop()
    }

    /// Waits until as many orders have only final fills.
    private func waitUntilFinal(_ driver: VenueDriver, count: Int) throws {
        while true {
            let final = driver.fills.filter { $0.finality == .final }
            let all = Set(driver.fills.map(\.tradeID))
            if Set(final.map(\.clientOrderID)).count >= count, Set(final.map(\.tradeID)) == all {
                return
            }
            _ = try driver.next()
        }
    }

    /// A venue that was stopped goes on from its log: wallets, keys, orders and tokens are there.
    @Test func aRestartedVenueKnowsItsWallets() throws {
        let directory = try VenueFixture.temporaryDirectory()
        let venue = try VenueFixture(in: directory, recorded: false)
        let driver = try driver(venue)
        let instrument = try market(driver)
        let ask = try #require(driver.books[instrument]?.bestAsk)
        let cheap = Price(units: 50_000_000)
        _ = try driver.place(
            ticket(
                driver, "w-1", instrument, .buy, Price(units: ask.price.units + 20_000_000), 6,
                .immediateOrCancel))
        let resting = try #require(
            try driver.place(ticket(driver, "w-2", instrument, .buy, cheap, 10)))
        let before = try driver.balance()
        driver.adapter.stop()
        try venue.stop()

        let again = try VenueFixture(in: directory, recorded: false)
        let other = try self.driver(again)
        _ = try market(other)
        #expect(try other.balance() == before)
        guard case .openOrders(_, let open) = try other.call(.openOrders) else {
            Issue.record("no open orders")
            return
        }
        #expect(open.map(\.venueOrderID) == [resting.venueOrderID])
        #expect(try again.log("wallet").count == 1)
        #expect(try again.log("wallet_key").count == 1)
        try again.stop()
    }
}
