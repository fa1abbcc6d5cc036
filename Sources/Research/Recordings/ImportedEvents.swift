package import MarketSim
package import Runtime
package import Trading

/// What an import has read so far: events in exact numbers, brought to whole steps and lots at the
/// end, when every number of an instrument is known.
package struct ImportedEvents: Sendable {
    private struct Event: Sendable, BitwiseCopyable {
        let venueAt: Int64
        let localAt: Int64
        let price: Int64
        let quantity: Int64
        let line: Int32
        let instrument: UInt16
        let kind: MarketEventKind
        let isBuy: Bool
        let continues: Bool
    }

    /// What had to be mended or left out, for the report.
    package struct Notes: Sendable, Hashable, Encodable {
        /// Records whose venue time stepped back and was raised to that of the record before.
        package var raised = 0
        /// Records that say nothing that is recorded.
        package var skipped = 0
        /// Changes below zero, cut off at zero: what was there before the recording is not known.
        package var clamped = 0
        /// Nanoseconds that were added to our times, because our clock was behind the venue's.
        package var clockShift: Int64 = 0

        package init() {}
    }

    /// Where the grids come from.
    package struct Grid: Sendable, Hashable {
        /// Nil for the largest step that all prices are multiples of.
        package var tick: Price?
        /// Nil for the largest lot that all quantities are multiples of.
        package var lot: Quantity?
        package init(tick: Price?, lot: Quantity?) {
            self.tick = tick
            self.lot = lot
        }
    }

    private let path: String
    private var events: [Event] = []
    private var names: [VenueReference] = []
    private var places: [VenueReference: UInt16] = [:]
    package private(set) var notes = Notes()

    package init(path: String) { self.path = path }

    package var count: Int { events.count }

    package mutating func skip() { notes.skipped += 1 }
    package mutating func noteClamped() { notes.clamped += 1 }

    /// The place of an instrument, which is new where it has not been seen.
    package mutating func instrument(
        _ text: some StringProtocol, line: Int
    ) throws(RecordingError) -> UInt16 {
        guard let name = VenueReference(text) else {
            throw bad(line, "`\(text)` is no name of an instrument")
        }
        if let place = places[name] { return place }
        guard names.count < Int(UInt16.max) else { throw bad(line, "too many instruments") }
        let place = UInt16(names.count)
        names.append(name)
        places[name] = place
        return place
    }

    package mutating func add(
        _ kind: MarketEventKind, _ instrument: UInt16, venueAt: Int64, localAt: Int64,
        price: Price = .zero, quantity: Quantity = .zero, isBuy: Bool = false,
        continues: Bool = false, line: Int
    ) {
        events.append(
            Event(
                venueAt: venueAt, localAt: localAt, price: price.units, quantity: quantity.units,
                line: Int32(clamping: line), instrument: instrument, kind: kind, isBuy: isBuy,
                continues: continues))
    }

    /// `FILE:LINE: what`.
    package func bad(_ line: Int, _ what: String) -> RecordingError {
        RecordingError(.unreadable, "\(path):\(line): \(what)")
    }

    /// Sorted, whole events. Records are in the order of receipt; one that was received before the
    /// one before it is refused with its row.
    package mutating func finish(
        _ grid: Grid
    ) throws(RecordingError) -> (events: [MarketEvent], instruments: [RecordedInstrument]) {
        guard !events.isEmpty else {
            throw RecordingError(.empty, "\(path): there is no event in it")
        }
        for (before, event) in zip(events, events.dropFirst())
        where event.localAt < before.localAt {
            throw bad(Int(event.line), "received before the record above it: sort the file")
        }
        let behind = events.reduce(Int64(0)) { max($0, $1.venueAt - $1.localAt) }
        notes.clockShift = behind
        let (ticks, lots) = try grids(grid)
        var ranges = [(Int32, Int32)](repeating: (.max, .min), count: names.count)
        var venueAt = Int64.min
        var result: [MarketEvent] = []
        result.reserveCapacity(events.count)
        for event in events {
            if event.venueAt < venueAt { notes.raised += 1 }
            venueAt = max(venueAt, event.venueAt)
            let place = Int(event.instrument)
            let whole = MarketEvent(
                event.kind, venueAt: venueAt, localAt: event.localAt + behind,
                price: try steps(event.price, ticks[place], event, "price"),
                quantity: try steps(event.quantity, lots[place], event, "quantity"),
                isBuy: event.isBuy, continues: event.continues, instrument: event.instrument)
            if event.kind == .level || event.kind == .trade {
                let (low, high) = ranges[place]
                ranges[place] = (min(low, whole.price), max(high, whole.price))
            }
            result.append(whole)
        }
        let instruments = names.indices.map { place in
            let (low, high) = ranges[place]
            return RecordedInstrument(
                name: names[place], tick: Price(units: ticks[place]),
                lot: Quantity(units: lots[place]), prices: low <= high ? low...high : 0...0)
        }
        return (result, instruments)
    }

    private func grids(_ grid: Grid) throws(RecordingError) -> ([Int64], [Int64]) {
        var ticks = [Int64](repeating: 0, count: names.count)
        var lots = ticks
        for event in events {
            let place = Int(event.instrument)
            ticks[place] = divisor(ticks[place], event.price)
            lots[place] = divisor(lots[place], event.quantity)
        }
        return (
            ticks.map { grid.tick?.units ?? max($0, 1) },
            lots.map { grid.lot?.units ?? ($0 == 0 ? Quantity(1).units : $0) }
        )
    }

    private func steps(
        _ units: Int64, _ step: Int64, _ event: Event, _ what: String
    ) throws(RecordingError) -> Int32 {
        let value = Price(units: units)
        guard units % step == 0 else {
            throw bad(
                Int(event.line), "the \(what) \(value) is no multiple of \(Price(units: step))")
        }
        guard let steps = Int32(exactly: units / step) else {
            throw bad(
                Int(event.line),
                "the \(what) \(value) has more than 2³¹ steps of \(Price(units: step)): "
                    + "name a coarser grid")
        }
        return steps
    }
}

/// The greatest common divisor; of zero and a number it is the number.
private func divisor(_ first: Int64, _ second: Int64) -> Int64 {
    var (a, b) = (first.magnitude, second.magnitude)
    while b != 0 { (a, b) = (b, a % b) }
    return Int64(a)
}
