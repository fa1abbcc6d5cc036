/// What a record of a recording says.
package enum MarketEventKind: UInt8, Sendable, BitwiseCopyable, CaseIterable {
    /// `quantity` is what rests at `price` on `side` from now on; zero removes the level.
    case level = 1
    /// `quantity` was traded at `price`; `side` is the aggressor's.
    case trade = 2
    /// Both sides are empty until levels follow: the start of a snapshot. Queues keep their place.
    case clear = 3
    /// From now on a new order's price is a multiple of `price` steps of the grid.
    case tick = 4
    /// The market is over: one YES pays `price` steps of the grid.
    case settlement = 5
    /// The market is over and void: what open positions cost is given back.
    case void = 6
}

/// One record of market data, with the time at the venue and the time at which it reached us.
///
/// Prices are in steps of the instrument's grid and quantities in lots, so that a record has 32
/// bytes and money is exact.
package struct MarketEvent: Sendable, Hashable, BitwiseCopyable {
    /// The venue's time in nanoseconds.
    package var venueAt: Int64
    /// When we received it, in nanoseconds of the same clock.
    package var localAt: Int64
    package var price: Int32
    package var quantity: Int32
    package var kind: MarketEventKind
    /// The side of the book of a level, the aggressor's of a trade. No meaning elsewhere.
    package var isBuy: Bool
    /// Whether more of the same message of the venue follows.
    package var continues: Bool
    /// Which of the recording's instruments it is about.
    package var instrument: UInt16

    package init(
        _ kind: MarketEventKind, venueAt: Int64, localAt: Int64, price: Int32 = 0,
        quantity: Int32 = 0, isBuy: Bool = false, continues: Bool = false, instrument: UInt16 = 0
    ) {
        self.kind = kind
        self.venueAt = venueAt
        self.localAt = localAt
        self.price = price
        self.quantity = quantity
        self.isBuy = isBuy
        self.continues = continues
        self.instrument = instrument
    }
}

/// A recording in columns, 28 bytes a record: what a backtest reads.
///
/// The columns are borrowed from `owner` (a mapped file, an allocation), which stays alive as long
/// as they are used and never changes them.
package struct EventColumns: @unchecked Sendable {
    // The columns are never written, so any thread may read them.
    package let count: Int
    let venueAt: UnsafePointer<Int64>
    let localAt: UnsafePointer<Int64>
    let price: UnsafePointer<Int32>
    let quantity: UnsafePointer<Int32>
    let tag: UnsafePointer<UInt32>
    private let owner: AnyObject

    /// Bytes of one record over all columns.
    package static let bytesPerEvent = 28

    /// Columns of one block: all `venueAt`, then all `localAt`, `price`, `quantity`, `tag`. The
    /// block is 8-byte aligned and holds `count × bytesPerEvent` bytes.
    package init(block: UnsafeRawPointer, count: Int, owner: AnyObject) {
        precondition(count >= 0, "a recording has no negative count: \(count)")
        precondition(Int(bitPattern: block) % 8 == 0, "columns are aligned to 8 bytes")
        self.count = count
        self.owner = owner
        venueAt = block.assumingMemoryBound(to: Int64.self)
        localAt = (block + 8 * count).assumingMemoryBound(to: Int64.self)
        price = (block + 16 * count).assumingMemoryBound(to: Int32.self)
        quantity = (block + 20 * count).assumingMemoryBound(to: Int32.self)
        tag = (block + 24 * count).assumingMemoryBound(to: UInt32.self)
    }

    /// The first `count` of these events.
    package func prefix(_ count: Int) -> EventColumns {
        precondition(count >= 0 && count <= self.count, "\(count) events of \(self.count)")
        return EventColumns(cutting: self, to: count)
    }

    private init(cutting whole: EventColumns, to count: Int) {
        self.count = count
        owner = whole.owner
        (venueAt, localAt) = (whole.venueAt, whole.localAt)
        (price, quantity, tag) = (whole.price, whole.quantity, whole.tag)
    }

    /// Columns of events in memory.
    package init(_ events: [MarketEvent]) {
        let memory = EventMemory(byteCount: events.count * EventColumns.bytesPerEvent)
        for (index, event) in events.enumerated() {
            EventColumns.store(event, at: index, of: events.count, in: memory.block)
        }
        self.init(block: UnsafeRawPointer(memory.block), count: events.count, owner: memory)
    }

    /// Writes one event into a block of `count` events.
    package static func store(
        _ event: MarketEvent, at index: Int, of count: Int, in block: UnsafeMutableRawPointer
    ) {
        precondition(index >= 0 && index < count, "event \(index) of \(count)")
        block.storeBytes(of: event.venueAt, toByteOffset: 8 * index, as: Int64.self)
        block.storeBytes(of: event.localAt, toByteOffset: 8 * (count + index), as: Int64.self)
        block.storeBytes(of: event.price, toByteOffset: 16 * count + 4 * index, as: Int32.self)
        block.storeBytes(of: event.quantity, toByteOffset: 20 * count + 4 * index, as: Int32.self)
        block.storeBytes(of: event.tag, toByteOffset: 24 * count + 4 * index, as: UInt32.self)
    }

    /// The event at a place.
    package subscript(index: Int) -> MarketEvent {
        precondition(index >= 0 && index < count, "event \(index) of \(count)")
        let tag = tag[index]
        guard let kind = MarketEventKind(rawValue: UInt8(truncatingIfNeeded: tag)) else {
            preconditionFailure("event \(index) is of no kind: whoever maps a file checks it")
        }
        return MarketEvent(
            kind, venueAt: venueAt[index], localAt: localAt[index], price: price[index],
            quantity: quantity[index], isBuy: EventTag.isBuy(tag),
            continues: tag & EventTag.continues != 0, instrument: EventTag.instrument(tag))
    }
}

extension MarketEvent {
    /// Kind, flags and instrument in one word: bits 0–7, 8–15, 16–31.
    package var tag: UInt32 {
        UInt32(kind.rawValue) | (isBuy ? EventTag.buy : 0)
            | (continues ? EventTag.continues : 0) | UInt32(instrument) << 16
    }
}

/// The layout of an event's tag.
package enum EventTag {
    package static let buy: UInt32 = 1 << 8
    package static let continues: UInt32 = 1 << 9

    @inline(__always) static func isBuy(_ tag: UInt32) -> Bool { tag & buy != 0 }
    @inline(__always) static func instrument(_ tag: UInt32) -> UInt16 {
        UInt16(truncatingIfNeeded: tag >> 16)
    }
    /// Whether a word could be a tag: a known kind, known flags.
    package static func isValid(_ tag: UInt32) -> Bool {
        MarketEventKind(rawValue: UInt8(truncatingIfNeeded: tag)) != nil
            && tag & 0xFC00 == 0
    }
}

/// Memory that frees itself.
private final class EventMemory {
    let block: UnsafeMutableRawPointer
    init(byteCount: Int) {
        block = .allocate(byteCount: max(byteCount, 8), alignment: 8)
    }
    deinit { block.deallocate() }
}

extension EventColumns {
    /// The first event that no backtest could take: unsorted, of no kind, of an instrument that is
    /// not there, received before it happened, or with a number that has no meaning.
    package func firstFault(instruments: Int) -> (index: Int, reason: String)? {
        var (lastVenueAt, lastLocalAt) = (Int64.min, Int64.min)
        for index in 0..<count {
            let tag = tag[index]
            guard EventTag.isValid(tag) else { return (index, "its tag \(tag) is unknown") }
            guard Int(EventTag.instrument(tag)) < instruments else {
                return (index, "there is no instrument \(EventTag.instrument(tag))")
            }
            guard venueAt[index] >= lastVenueAt, localAt[index] >= lastLocalAt else {
                return (index, "it is not sorted")
            }
            guard localAt[index] >= venueAt[index] else {
                return (index, "it was received before it happened")
            }
            guard quantity[index] >= 0 else { return (index, "its quantity is negative") }
            let kind = UInt8(truncatingIfNeeded: tag)
            if kind == MarketEventKind.tick.rawValue, price[index] <= 0 {
                return (index, "its tick is not positive")
            }
            (lastVenueAt, lastLocalAt) = (venueAt[index], localAt[index])
        }
        return nil
    }
}
