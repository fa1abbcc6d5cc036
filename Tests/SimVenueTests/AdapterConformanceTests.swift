import Cryptography
import Execution
import Foundation
import Runtime
import SimVenue
import Testing
import Trading
import Venues

/// The Kalshi adapter against the simulated venue, over real sockets.
@Suite(.serialized) struct AdapterConformanceTests {
    private func venue(
        in directory: String, recorded: Bool = true, port: Int = 0
    ) throws -> VenueFixture {
        try VenueFixture(in: directory, recorded: recorded) {
            $0.speed = .unpaced
            $0.expected = ["demo-key"]
            $0.patience = .seconds(30)
            $0.kalshi = ListenAddress(host: "127.0.0.1", port: port)
        }
    }

    private func driver(_ venue: VenueFixture, isReplay: Bool = true) throws -> VenueDriver {
        try VenueDriver(
            port: venue.server.port, key: venue.key, isReplay: isReplay,
            directory: venue.directory)
    }

    /// A driver whose first tick has come and a market with a book on both sides.
    private func market(_ driver: VenueDriver) throws -> InstrumentID {
        try driver.connect()
        for _ in 0..<200 {
            _ = try driver.nextTick()
            let found = driver.books.keys.sorted().first {
                driver.books[$0]?.bestBid != nil && driver.books[$0]?.bestAsk != nil
                    && driver.instruments[$0]?.status == .open
            }
            if let found { return found }
            driver.acknowledge()
        }
        throw VenueDriver.Silence()
    }

    @Test func anOrderLivesAndIsCancelled() throws {
        let venue = try venue(in: VenueFixture.temporaryDirectory())
        let driver = try driver(venue)
        let instrument = try market(driver)
        let price = Price(units: 10_000_000)
        let ticket = driver.ticket("c-1", instrument, .buy, price, Quantity(5), isPostOnly: true)
        let order = try #require(try driver.place(ticket))
        #expect(order.state == .working)
        #expect(order.remaining == Quantity(5))

        guard case .openOrders(_, let open) = try driver.call(.openOrders) else {
            Issue.record("no open orders")
            return
        }
        #expect(open == [order])
        guard
            case .order(_, let found?) = try driver.call(
                .order(clientOrderID: ticket.clientOrderID))
        else {
            Issue.record("the order is not found")
            return
        }
        #expect(found == order)

        // The id is in use: the order may exist, and it does.
        guard case .unknown? = try driver.failure(.place(ticket)) else {
            Issue.record("a repeated id is not doubtful")
            return
        }
        guard
            case .cancelled(_, let client, let taken) = try driver.call(
                .cancel(clientOrderID: ticket.clientOrderID, venueOrderID: nil))
        else {
            Issue.record("not cancelled")
            return
        }
        #expect(client == ticket.clientOrderID)
        #expect(taken == Quantity(5))
        guard
            case .order(_, let gone?) = try driver.call(
                .order(clientOrderID: ticket.clientOrderID))
        else {
            Issue.record("the order is forgotten")
            return
        }
        #expect(gone.state == .cancelled)
        driver.acknowledge()
        let states = try driver.nextTick().compactMap { event -> OrderState? in
            guard case .orderChanged(let state) = event else { return nil }
            return state.state
        }
        #expect(states == [.working, .cancelled])
        #expect(driver.refusals.isEmpty, "\(driver.refusals)")
        try venue.stop()
    }

    @Test func refusalsAreTold() throws {
        let venue = try venue(in: VenueFixture.temporaryDirectory())
        let driver = try driver(venue)
        let instrument = try market(driver)
        let ask = try #require(driver.books[instrument]?.bestAsk)
        let cases: [(VenueTicket, String)] = [
            (
                driver.ticket("r-1", instrument, .buy, ask.price, Quantity(1), isPostOnly: true),
                "post_only_cross"
            ),
            (
                driver.ticket(
                    "r-2", instrument, .buy, Price(units: 10_000_000), Quantity(1), .fillOrKill),
                "fill_or_kill_insufficient_resting_volume"
            ),
            (
                driver.ticket("r-3", instrument, .buy, Price(units: 15_000_000), Quantity(1)),
                "invalid_price"
            ),
            (
                driver.ticket("r-4", instrument, .buy, Price(units: 500_000_000), Quantity(90_000)),
                "insufficient_balance"
            ),
        ]
        for (ticket, code) in cases {
            guard case .declined(let found, _)? = try driver.failure(.place(ticket)) else {
                Issue.record("\(code) is not declined")
                continue
            }
            #expect(found == code)
        }
        let nobody = try #require(VenueReference("nobody"))
        guard
            case .declined? = try driver.failure(
                .cancel(clientOrderID: nobody, venueOrderID: nobody))
        else {
            Issue.record("an unknown order was cancelled")
            return
        }
        guard case .order(_, nil) = try driver.call(.order(clientOrderID: nobody)) else {
            Issue.record("an unknown order was found")
            return
        }
        try venue.stop()
    }

    @Test func moneyAddsUp() throws {
        let venue = try venue(in: VenueFixture.temporaryDirectory())
        let driver = try driver(venue)
        let instrument = try market(driver)
        #expect(try driver.balance() == Money(1_000))
        let ask = try #require(driver.books[instrument]?.bestAsk)
        let order = try #require(
            try driver.place(
                driver.ticket(
                    "m-1", instrument, .buy, ask.price, Quantity(2), .immediateOrCancel)))
        #expect(order.filled == Quantity(2))
        driver.acknowledge()
        _ = try driver.nextTick()

        let bought = driver.fills.filter { $0.clientOrderID == VenueReference("m-1") }
        #expect(bought.map(\.quantity).reduce(.zero, +) == Quantity(2))
        let paid = bought.map { Money($0.price, times: $0.quantity, .up) + $0.fee }
            .reduce(.zero, +)
        #expect(try driver.balance() == Money(1_000) - paid)
        guard case .fills(_, let listed) = try driver.call(.fills(since: .zero)) else {
            Issue.record("no fills")
            return
        }
        #expect(
            listed.sorted { $0.tradeID < $1.tradeID } == bought.sorted { $0.tradeID < $1.tradeID })
        guard case .positions(_, let holdings) = try driver.call(.positions) else {
            Issue.record("no positions")
            return
        }
        #expect(holdings == [VenueHolding(instrument: instrument, quantity: Quantity(2))])
        guard case .feeSchedule(_, let fees) = try driver.call(.feeSchedule) else {
            Issue.record("no fees")
            return
        }
        #expect(fees.contains { $0.instrument == instrument && $0.taker > .zero })
        guard case .healthy = try driver.call(.health) else {
            Issue.record("not healthy")
            return
        }
        #expect(driver.refusals.isEmpty, "\(driver.refusals)")
        try venue.stop()
    }

    /// The books of the stream are those of the venue, at every tick that is looked at.
    @Test func booksOfTheStreamAreTheVenues() throws {
        let venue = try venue(in: VenueFixture.temporaryDirectory())
        let driver = try driver(venue)
        try driver.connect()
        var compared = 0
        while driver.tick < TickNumber(400) {
            _ = try driver.nextTick()
            if driver.tick.rawValue % 20 == 0 {
                for id in driver.books.keys.sorted() where driver.instruments[id]?.status == .open {
                    guard case .book(_, _, let book) = try driver.call(.book(id)) else { continue }
                    #expect(book.bids == driver.books[id]?.bids, "\(id) at \(driver.tick)")
                    #expect(book.asks == driver.books[id]?.asks, "\(id) at \(driver.tick)")
                    compared += 1
                }
            }
            driver.acknowledge()
        }
        #expect(compared >= 20)
        #expect(driver.refusals.isEmpty, "\(driver.refusals)")
        try venue.stop()
    }

    /// A run with orders, through several markets' lives.
    private func run(in directory: String, until last: UInt64) throws -> (
        transcript: [String], driver: VenueDriver
    ) {
        let venue = try venue(in: directory)
        let driver = try driver(venue)
        try driver.connect()
        var transcript: [String] = []
        while driver.tick < TickNumber(last) {
            let events = try driver.nextTick()
            transcript += events.map { String(describing: $0) } + ["tick \(driver.tick)"]
            if driver.tick.rawValue % 25 == 0 {
                for (index, id) in driver.books.keys.sorted().enumerated() {
                    guard driver.instruments[id]?.status == .open,
                        let ask = driver.books[id]?.bestAsk, let bid = driver.books[id]?.bestBid
                    else { continue }
                    let isBuy = driver.tick.rawValue % 50 == 0
                    let ticket = driver.ticket(
                        "t-\(driver.tick)-\(index)", id, isBuy ? .buy : .sell,
                        isBuy ? ask.price : bid.price, Quantity(1), .immediateOrCancel)
                    transcript.append(String(describing: try driver.call(.place(ticket))))
                    let resting = driver.ticket(
                        "q-\(driver.tick)-\(index)", id, .buy, bid.price, Quantity(2))
                    transcript.append(String(describing: try driver.call(.place(resting))))
                }
            }
            driver.acknowledge()
        }
        try venue.stop()
        return (transcript, driver)
    }

    @Test func theSameCallsGiveTheSameEvents() throws {
        let runs = try (0..<2).map { _ in
            try run(in: VenueFixture.temporaryDirectory(), until: 800)
        }
        #expect(runs[0].transcript == runs[1].transcript)
        let driver = runs[0].driver
        #expect(driver.refusals.isEmpty, "\(driver.refusals)")
        #expect(driver.connections == 1)
        #expect(!driver.fills.isEmpty)
        #expect(driver.settlements.count >= 2)
        for settlement in driver.settlements {
            let held = driver.fills.filter { $0.instrument == settlement.instrument }
                .map { $0.side == .buy ? $0.quantity : -$0.quantity }.reduce(.zero, +)
            #expect(settlement.quantity == held, "\(settlement.instrument)")
            let value = held.isNegative ? settlement.value.complement : settlement.value
            #expect(
                settlement.payout == Money(value, times: held.magnitude, .towardZero),
                "\(settlement.instrument)")
        }
    }

    /// A market's terms and its first book are there within the tick of its listing.
    @Test func newMarketsComeWithTheirBook() throws {
        let venue = try venue(in: VenueFixture.temporaryDirectory())
        let driver = try driver(venue)
        try driver.connect()
        var seen: Set<InstrumentID> = Set(driver.instruments.keys)
        var listed = 0
        while driver.tick < TickNumber(700) {
            let events = try driver.nextTick()
            for event in events {
                guard case .instrumentChanged(let instrument) = event,
                    seen.insert(instrument.instrument.id).inserted, driver.tick > TickNumber(1)
                else { continue }
                listed += 1
                let hasBook = events.contains {
                    guard case .bookChanged(let id, _) = $0 else { return false }
                    return id == instrument.instrument.id
                }
                #expect(hasBook, "\(instrument.instrument.id) at \(driver.tick)")
            }
            driver.acknowledge()
        }
        #expect(listed >= 1)
        try venue.stop()
    }

    /// Without ticks: events come as they happen, calls overlap.
    @Test func liveNeedsNoTicks() throws {
        let venue = try VenueFixture(in: VenueFixture.temporaryDirectory(), recorded: false) {
            $0.speed = .factor(20)
        }
        let driver = try driver(venue, isReplay: false)
        var instrument: InstrumentID?
        while instrument == nil {
            _ = try driver.next()
            instrument = driver.books.keys.sorted().first { driver.books[$0]?.bestAsk != nil }
        }
        let ticket = VenueTicket(
            clientOrderID: try #require(VenueReference("l-1")),
            instrument: try #require(instrument), side: .buy, price: Price(units: 10_000_000),
            quantity: Quantity(1), timeInForce: .goodTillCancelled, isPostOnly: true,
            expiresAt: nil)
        #expect(try driver.place(ticket)?.state == .working)
        guard case .cancelledAll(_, 1) = try driver.call(.cancelAll) else {
            Issue.record("not cancelled")
            return
        }
        guard case .openOrders(_, []) = try driver.call(.openOrders) else {
            Issue.record("something rests")
            return
        }
        #expect(driver.refusals.isEmpty, "\(driver.refusals)")
        #expect(driver.tick == .zero)
        try venue.stop()
    }

    @Test func aWrongKeyIsRefused() throws {
        let venue = try venue(in: VenueFixture.temporaryDirectory())
        let driver = try VenueDriver(
            port: venue.server.port, key: .generate(), directory: venue.directory)
        guard case .disconnected = try driver.next() else {
            Issue.record("connected with a wrong key")
            return
        }
        guard case .declined? = try driver.failure(.balance) else {
            Issue.record("answered a wrong key")
            return
        }
        try venue.stop()
    }

    @Test func nobodyThereIsNotSent() throws {
        let directory = try VenueFixture.temporaryDirectory()
        let venue = try venue(in: directory)
        let port = venue.server.port
        try venue.stop()
        let driver = try VenueDriver(port: port, key: venue.key, directory: directory)
        guard case .disconnected = try driver.next() else {
            Issue.record("connected to nobody")
            return
        }
        let instrument = try #require(InstrumentID("M"))
        let ticket = driver.ticket(
            "n-1", instrument, .buy, Price(units: 500_000_000), Quantity(1))
        guard case .notSent? = try driver.failure(.place(ticket)) else {
            Issue.record("an order went to nobody")
            return
        }
    }

    @Test func aVenueThatComesBackIsConnectedAgain() throws {
        let directory = try VenueFixture.temporaryDirectory()
        let first = try venue(in: directory)
        let driver = try driver(first)
        let instrument = try market(driver)
        let ask = try #require(driver.books[instrument]?.bestAsk)
        _ = try driver.place(
            driver.ticket("b-1", instrument, .buy, ask.price, Quantity(1), .immediateOrCancel))
        let port = first.server.port
        try first.stop()
        while driver.disconnections == 0 { _ = try driver.next() }

        let second = try venue(in: directory, port: port)
        try driver.connect()
        _ = try driver.nextTick()
        guard case .positions(_, let holdings) = try driver.call(.positions) else {
            Issue.record("no positions")
            return
        }
        #expect(holdings == [VenueHolding(instrument: instrument, quantity: Quantity(1))])
        guard case .fills(_, let fills) = try driver.call(.fills(since: .zero)) else {
            Issue.record("no fills")
            return
        }
        #expect(fills.map(\.clientOrderID) == [VenueReference("b-1")])
        driver.acknowledge()
        _ = try driver.nextTick()
        #expect(driver.refusals.isEmpty, "\(driver.refusals)")
        try second.stop()
    }
}
