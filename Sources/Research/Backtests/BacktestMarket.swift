import MarketSim
import Runtime
import Trading
import Wire

/// The instruments of a recording as agent, core and venue see them, under the terms of a plan.
struct BacktestMarket: Sendable {
    /// One instrument with its grids in dollars.
    struct Listing: Sendable {
        let instrument: Instrument
        let sim: BacktestInstrument
        /// The touch and depth are counted in these.
        let tick: Price
        let lot: Quantity

        func price(_ steps: Int32) -> Price { tick * Int64(steps) }
        func quantity(_ lots: Int64) -> Quantity { lot * lots }
    }

    let listings: [Listing]

    init(_ recording: EventRecording, _ plan: BacktestPlan) throws(ProcessFailure) {
        guard recording.events.count > 0 else {
            throw ProcessFailure(.usage, "\(recording.path): there is no event in it")
        }
        let last = recording.events[recording.events.count - 1]
        let start = Timestamp(nanoseconds: recording.events[0].venueAt)
        let end = Timestamp(nanoseconds: last.localAt) + .seconds(2)
        var listings: [Listing] = []
        for (place, recorded) in recording.instruments.enumerated() {
            listings.append(
                try BacktestMarket.listing(recorded, place, plan, from: start, until: end))
        }
        self.listings = listings
    }

    private static func listing(
        _ recorded: RecordedInstrument, _ place: Int, _ plan: BacktestPlan, from: Timestamp,
        until: Timestamp
    ) throws(ProcessFailure) -> Listing {
        let tick = Price(units: recorded.tick.units / plan.unit)
        guard tick.units * plan.unit == recorded.tick.units, Price.one.isMultiple(of: tick) else {
            throw ProcessFailure(
                .usage,
                "\(plan.file): market.unit: \(recorded.name)'s tick of \(recorded.tick) in units "
                    + "of \(plan.unit) is no whole part of a dollar: choose a power of ten")
        }
        let dollar = Price.one.units / tick.units
        guard recorded.prices.lowerBound >= 0, Int64(recorded.prices.upperBound) <= dollar else {
            let highest = recorded.tick * Int64(recorded.prices.upperBound)
            throw ProcessFailure(
                .usage,
                "\(plan.file): market.unit: \(recorded.name) was at \(highest), which is more "
                    + "than \(plan.unit): name a unit above all its prices")
        }
        let lot = recorded.lot * plan.unit
        let id = name(recorded.name, place)
        let instrument = Instrument(
            id: id, venue: plan.venue, eventSet: eventSet(id, plan), tick: tick, lot: lot,
            openAt: from, closeAt: until, title: "\(recorded.name)", ruleHash: "")
        return Listing(
            instrument: instrument,
            sim: BacktestInstrument(
                instrument: id, tick: tick, lot: lot, prices: recorded.prices, fees: plan.fees,
                queue: plan.queue),
            tick: tick, lot: lot)
    }

    /// A venue's name may be longer than ours: then its place tells it from others.
    private static func name(_ reference: VenueReference, _ place: Int) -> InstrumentID {
        if let name = InstrumentID("\(reference)") { return name }
        return InstrumentID("\("\(reference)".prefix(25)).\(place)") ?? .empty
    }

    private static func eventSet(_ id: InstrumentID, _ plan: BacktestPlan) -> EventSetID {
        let text = "\(id)"
        switch plan.eventSets {
        case .each: return EventSetID(text) ?? .empty
        case .prefix:
            let parts = text.split(separator: "-")
            let prefix = parts.dropLast().joined(separator: "-")
            return EventSetID(prefix.isEmpty ? text : prefix) ?? .empty
        }
    }

    /// The setup of the exchange.
    func setup(_ plan: BacktestPlan) -> BacktestSetup {
        BacktestSetup(
            instruments: listings.map(\.sim), cash: plan.cash, feed: plan.feed, entry: plan.entry,
            response: plan.response, seed: plan.seed)
    }
}

extension BacktestMarket.Listing {
    /// The book as it has reached us, as the market channel shows it.
    func book(
        _ book: FlatBook, depth: Int, sequence: SequenceNumber
    ) -> OrderBook {
        OrderBook(
            bids: levels(book, isBuy: true, depth), asks: levels(book, isBuy: false, depth),
            sequence: sequence)
    }

    private func levels(_ book: FlatBook, isBuy: Bool, _ depth: Int) -> [BookLevel] {
        var levels: [BookLevel] = []
        var next = isBuy ? book.bestBid : book.bestAsk
        while let price = next, levels.count < depth {
            // A price of nothing or of a whole dollar is no price that could be traded on.
            if price > 0, self.price(price) < .one {
                levels.append(
                    BookLevel(
                        price: self.price(price),
                        quantity: quantity(Int64(book.quantity(isBuy: isBuy, at: price)))))
            }
            next = book.next(isBuy: isBuy, behind: price)
        }
        return levels
    }

    /// The message that defines the instrument for the core.
    func definition(_ status: InstrumentStatus, isExclusive: Bool, at now: Timestamp)
        -> InstrumentDefined
    {
        var envelope = Envelope.unset
        envelope.sender = BacktestNames.gateway
        return InstrumentDefined(
            envelope: envelope, instrument: instrument.id, venue: instrument.venue,
            eventSet: instrument.eventSet, tick: tick, lot: lot, openAt: instrument.openAt,
            closeAt: instrument.closeAt, status: status, isExclusive: Flag(isExclusive),
            isExhaustive: .no, ruleHash: .zero, marketTime: now)
    }
}
