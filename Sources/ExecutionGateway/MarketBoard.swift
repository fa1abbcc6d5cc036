import Execution
import Trading
import Wire

/// The venue's books and listings as the market channel shows them.
struct MarketBoard {
    private struct Listing {
        var definition: VenueInstrument
        var book = OrderBook()
        var isStale = true
        var receivedAt: Timestamp = .zero
        var hasChanged = false
    }

    private let depth: Int
    private var listings: [InstrumentID: Listing] = [:]
    private var changed: [InstrumentID] = []

    init(depth: Int) { self.depth = depth }

    /// Everything that is listed, in order of the names.
    var instruments: [VenueInstrument] {
        listings.keys.sorted().compactMap { listings[$0]?.definition }
    }

    /// Takes a listing; false when nothing is new in it. What is settled leaves the board, and is
    /// news only where it was on it.
    mutating func list(_ instrument: VenueInstrument) -> Bool {
        let id = instrument.instrument.id
        if instrument.status == .settled { return listings.removeValue(forKey: id) != nil }
        guard listings[id]?.definition != instrument else { return false }
        if listings[id] == nil {
            listings[id] = Listing(definition: instrument)
        } else {
            listings[id]?.definition = instrument
        }
        return true
    }

    mutating func forget(_ id: InstrumentID) { listings[id] = nil }

    mutating func set(_ book: OrderBook, of id: InstrumentID, at now: Timestamp) {
        guard listings[id] != nil else { return }
        listings[id]?.book = book
        listings[id]?.isStale = book.isCrossed
        listings[id]?.receivedAt = now
        touch(id)
    }

    mutating func markStale(_ id: InstrumentID) {
        guard listings[id]?.isStale == false else { return }
        listings[id]?.isStale = true
        touch(id)
    }

    mutating func markAllStale() {
        for id in listings.keys.sorted() { markStale(id) }
    }

    /// The snapshots of what changed since the last call, in order of the names.
    mutating func takeChanges(at now: Timestamp) -> [(InstrumentID, [UInt8])] {
        defer { changed.removeAll(keepingCapacity: true) }
        return changed.sorted().compactMap { id in
            listings[id]?.hasChanged = false
            return snapshot(of: id, at: now).map { (id, $0) }
        }
    }

    func snapshot(of id: InstrumentID, at now: Timestamp) -> [UInt8]? {
        guard let listing = listings[id] else { return nil }
        return BookSnapshot(
            instrument: id, bookSequence: listing.book.sequence,
            receivedAt: listing.receivedAt, marketTime: now, isStale: Flag(listing.isStale)
        ).frame(
            bids: listing.book.bids.prefix(depth).map {
                BookSnapshot.BidsEntry(price: $0.price, quantity: $0.quantity)
            },
            asks: listing.book.asks.prefix(depth).map {
                BookSnapshot.AsksEntry(price: $0.price, quantity: $0.quantity)
            })
    }

    private mutating func touch(_ id: InstrumentID) {
        guard listings[id]?.hasChanged == false else { return }
        listings[id]?.hasChanged = true
        changed.append(id)
    }
}

extension VenueInstrument {
    /// The message that defines this instrument.
    func definition(at now: Timestamp) -> [UInt8] {
        InstrumentDefined(
            instrument: instrument.id, venue: instrument.venue, eventSet: instrument.eventSet,
            tick: instrument.tick, lot: instrument.lot, openAt: instrument.openAt,
            closeAt: instrument.closeAt, status: status, isExclusive: Flag(isExclusive),
            isExhaustive: Flag(isExhaustive),
            ruleHash: Digest(hex: instrument.ruleHash) ?? .zero, marketTime: now
        ).frame(title: Array(instrument.title.utf8.prefix(512)))
    }
}
