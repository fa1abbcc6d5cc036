package import Cryptography
import Foundation
package import MarketSim
package import Runtime
package import Trading

/// An instrument of a recording: what the venue calls it, and the grids that its numbers are
/// counted in.
package struct RecordedInstrument: Sendable, Hashable {
    package let name: VenueReference
    /// One step of a price.
    package let tick: Price
    /// One unit of a quantity.
    package let lot: Quantity
    /// The lowest and highest price of its levels and trades, in steps.
    package let prices: ClosedRange<Int32>

    package init(name: VenueReference, tick: Price, lot: Quantity, prices: ClosedRange<Int32>) {
        precondition(tick.units > 0 && lot.units > 0, "\(name): tick and lot are positive")
        self.name = name
        self.tick = tick
        self.lot = lot
        self.prices = prices
    }
}

/// The layout of a recording of market events, version 1. Little-endian, 28 bytes an event.
///
///     header, 128 bytes   magic, version, counts, offsets, size, two SHA-256
///     instruments         64 bytes each: name (40, zero-padded), tick, lot, lowest, highest price
///     columns             venueAt, localAt, price, quantity, tag: `MarketSim.EventColumns`
///     index               for every 65,536th event its venueAt and localAt
///
/// The header's hash covers the header before it; the content's covers everything after the header.
enum EventLayout {
    static let magic = Array("BWEVENTS".utf8)
    static let version: UInt32 = 1
    static let headerSize = 128
    static let instrumentSize = 64
    static let indexStride = 65_536
    static let contentHashOffset = 64
    static let headerHashOffset = 96

    static func columnsOffset(instruments: Int) -> Int {
        headerSize + instruments * instrumentSize
    }
    static func indexOffset(instruments: Int, events: Int) -> Int {
        // Five columns of 4 or 8 bytes end on a multiple of 4; the index begins on one of 8.
        (columnsOffset(instruments: instruments) + events * EventColumns.bytesPerEvent + 7) & ~7
    }
    static func fileSize(instruments: Int, events: Int) -> Int {
        indexOffset(instruments: instruments, events: events)
            + (events + indexStride - 1) / indexStride * 16
    }
}

/// A recording of market events, mapped into memory and checked.
package struct EventRecording: Sendable {
    package let path: String
    package let instruments: [RecordedInstrument]
    package let events: EventColumns
    /// Names the content, whatever the file is called.
    package let hash: SHA256Digest
    private let index: [(venueAt: Int64, localAt: Int64)]

    /// Maps a file. Refuses, with what is wrong and where, another version, a part of a file, bytes
    /// that differ from their checksum, and events that are unsorted or could not be.
    package init(_ path: String) throws(RecordingError) {
        let file = try MappedFile(path)
        let bytes = file.bytes
        let count = try EventRecording.header(bytes, path)
        let (events, instruments) = count
        let content = UnsafeRawBufferPointer(rebasing: bytes[EventLayout.headerSize...])
        var hash = SHA256()
        hash.update(content)
        let digest = hash.finish()
        guard
            digest.withBytes({
                $0.elementsEqual(
                    bytes[EventLayout.contentHashOffset..<EventLayout.headerHashOffset])
            })
        else {
            throw RecordingError(
                .unreadable, "\(path): the content differs from its checksum; import it again")
        }
        self.path = path
        self.hash = digest
        self.instruments = try EventRecording.instruments(bytes, instruments, path)
        guard let base = bytes.baseAddress else {
            throw RecordingError(.empty, "\(path): the file is empty")
        }
        let columns = base + EventLayout.columnsOffset(instruments: instruments)
        self.events = EventColumns(block: columns, count: events, owner: file)
        let start = EventLayout.indexOffset(instruments: instruments, events: events)
        index = stride(from: start, to: bytes.count, by: 16).map {
            (
                bytes.loadUnaligned(fromByteOffset: $0, as: Int64.self),
                bytes.loadUnaligned(fromByteOffset: $0 + 8, as: Int64.self)
            )
        }
        if let fault = self.events.firstFault(instruments: instruments) {
            throw RecordingError(.unreadable, "\(path): event \(fault.index): \(fault.reason)")
        }
    }

    /// The first event that happened at or after a moment, by the venue's clock.
    package func firstEvent(atOrAfter moment: Int64) -> Int {
        let block = max(0, (index.firstIndex { $0.venueAt >= moment } ?? index.count) - 1)
        var place = block * EventLayout.indexStride
        while place < events.count, events[place].venueAt < moment { place += 1 }
        return place
    }

    /// Checks the header; gives how many events and instruments there are.
    private static func header(
        _ bytes: UnsafeRawBufferPointer, _ path: String
    ) throws(RecordingError) -> (events: Int, instruments: Int) {
        guard bytes.count >= EventLayout.headerSize,
            bytes.prefix(8).elementsEqual(EventLayout.magic)
        else {
            throw RecordingError(
                .corruptHeader, "\(path): this is no recording of events; see `research import`")
        }
        let version = bytes.loadUnaligned(fromByteOffset: 8, as: UInt32.self)
        guard version == EventLayout.version else {
            throw RecordingError(
                .corruptHeader,
                "\(path): version \(version), this program reads \(EventLayout.version); "
                    + "import it again")
        }
        let expected = SHA256.hash(Array(bytes.prefix(EventLayout.headerHashOffset)))
        let stated = bytes[EventLayout.headerHashOffset..<EventLayout.headerSize]
        guard expected.withBytes({ $0.elementsEqual(stated) }) else {
            throw RecordingError(
                .corruptHeader, "\(path): the header differs from its checksum; import it again")
        }
        let events = Int(bytes.loadUnaligned(fromByteOffset: 16, as: Int64.self))
        let instruments = Int(bytes.loadUnaligned(fromByteOffset: 12, as: UInt32.self))
        guard (0..<1 << 40).contains(events), instruments <= Int(UInt16.max) else {
            throw RecordingError(.corruptHeader, "\(path): \(events) events cannot be")
        }
        let size = EventLayout.fileSize(instruments: instruments, events: events)
        guard bytes.count == size else {
            throw RecordingError(
                .unreadable,
                "\(path): \(bytes.count) bytes, expected \(size) for \(events) events: "
                    + "the file is \(bytes.count < size ? "truncated" : "too long"); copy it again")
        }
        return (events, instruments)
    }

    private static func instruments(
        _ bytes: UnsafeRawBufferPointer, _ count: Int, _ path: String
    ) throws(RecordingError) -> [RecordedInstrument] {
        var result: [RecordedInstrument] = []
        for index in 0..<count {
            let start = EventLayout.headerSize + index * EventLayout.instrumentSize
            let text = bytes[start..<start + 40].prefix { $0 != 0 }
            let name = String(decoding: text, as: UTF8.self)
            let tick = bytes.loadUnaligned(fromByteOffset: start + 40, as: Int64.self)
            let lot = bytes.loadUnaligned(fromByteOffset: start + 48, as: Int64.self)
            let low = bytes.loadUnaligned(fromByteOffset: start + 56, as: Int32.self)
            let high = bytes.loadUnaligned(fromByteOffset: start + 60, as: Int32.self)
            guard let name = VenueReference(name), tick > 0, lot > 0, low <= high else {
                throw RecordingError(.corruptHeader, "\(path): instrument \(index) is malformed")
            }
            result.append(
                RecordedInstrument(
                    name: name, tick: Price(units: tick), lot: Quantity(units: lot),
                    prices: low...high))
        }
        return result
    }
}

/// A file in memory, read-only, unmapped when nobody uses it.
private final class MappedFile {
    let bytes: UnsafeRawBufferPointer

    init(_ path: String) throws(RecordingError) {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else {
            let reason = String(cString: strerror(errno))
            throw RecordingError(
                errno == ENOENT ? .missing : .unreadable, "\(path): cannot be opened: \(reason)")
        }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0, status.st_size > 0 else {
            throw RecordingError(.empty, "\(path): the file is empty")
        }
        let size = Int(status.st_size)
        guard let start = mmap(nil, size, PROT_READ, MAP_PRIVATE, file, 0), start != MAP_FAILED
        else {
            let reason = String(cString: strerror(errno))
            throw RecordingError(.unreadable, "\(path): cannot be mapped: \(reason)")
        }
        bytes = UnsafeRawBufferPointer(start: start, count: size)
    }

    deinit {
        if let start = bytes.baseAddress {
            munmap(UnsafeMutableRawPointer(mutating: start), bytes.count)
        }
    }
}
