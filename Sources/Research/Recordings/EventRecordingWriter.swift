package import Cryptography
import Foundation
package import MarketSim
package import Runtime
import Trading

/// Writes recordings of market events: beside the file first, then in its place in one step.
package enum EventRecordingWriter {
    /// Writes events that are sorted by both times; gives the hash that names the content.
    package static func write(
        _ events: [MarketEvent], of instruments: [RecordedInstrument], to path: String
    ) throws(RecordingError) -> SHA256Digest {
        precondition(instruments.count <= Int(UInt16.max), "too many instruments")
        let (count, kinds) = (events.count, instruments.count)
        let size = EventLayout.fileSize(instruments: kinds, events: count)
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 64)
        defer { memory.deallocate() }
        memory.initializeMemory(as: UInt8.self, repeating: 0)
        guard let base = memory.baseAddress else {
            throw RecordingError(.empty, "\(path): nothing to write")
        }
        for (index, instrument) in instruments.enumerated() {
            store(instrument, at: EventLayout.headerSize + index * EventLayout.instrumentSize, base)
        }
        let columns = base + EventLayout.columnsOffset(instruments: kinds)
        var mark = EventLayout.indexOffset(instruments: kinds, events: count)
        for (index, event) in events.enumerated() {
            EventColumns.store(event, at: index, of: count, in: columns)
            if index % EventLayout.indexStride == 0 {
                base.storeBytes(of: event.venueAt, toByteOffset: mark, as: Int64.self)
                base.storeBytes(of: event.localAt, toByteOffset: mark + 8, as: Int64.self)
                mark += 16
            }
        }
        let digest = seal(memory, events: count, instruments: kinds)
        try save(UnsafeRawBufferPointer(memory), to: path)
        return digest
    }

    private static func store(
        _ instrument: RecordedInstrument, at offset: Int, _ base: UnsafeMutableRawPointer
    ) {
        let name = Array("\(instrument.name)".utf8)
        precondition(name.count <= 40, "a name has at most 40 bytes")
        for (index, byte) in name.enumerated() {
            base.storeBytes(of: byte, toByteOffset: offset + index, as: UInt8.self)
        }
        base.storeBytes(of: instrument.tick.units, toByteOffset: offset + 40, as: Int64.self)
        base.storeBytes(of: instrument.lot.units, toByteOffset: offset + 48, as: Int64.self)
        base.storeBytes(
            of: instrument.prices.lowerBound, toByteOffset: offset + 56, as: Int32.self)
        base.storeBytes(
            of: instrument.prices.upperBound, toByteOffset: offset + 60, as: Int32.self)
    }

    /// Fills in the header and both hashes.
    private static func seal(
        _ memory: UnsafeMutableRawBufferPointer, events: Int, instruments: Int
    ) -> SHA256Digest {
        memory.copyBytes(from: EventLayout.magic)
        memory.storeBytes(of: EventLayout.version, toByteOffset: 8, as: UInt32.self)
        memory.storeBytes(of: UInt32(instruments), toByteOffset: 12, as: UInt32.self)
        memory.storeBytes(of: Int64(events), toByteOffset: 16, as: Int64.self)
        var content = SHA256()
        content.update(
            UnsafeRawBufferPointer(rebasing: memory[EventLayout.headerSize...]))
        let digest = content.finish()
        digest.withBytes { bytes in
            for (index, byte) in bytes.enumerated() {
                memory[EventLayout.contentHashOffset + index] = byte
            }
        }
        let header = SHA256.hash(Array(memory.prefix(EventLayout.headerHashOffset)))
        header.withBytes { bytes in
            for (index, byte) in bytes.enumerated() {
                memory[EventLayout.headerHashOffset + index] = byte
            }
        }
        return digest
    }

    private static func save(
        _ bytes: UnsafeRawBufferPointer, to path: String
    ) throws(RecordingError) {
        let partial = path + ".partial"
        do {
            try Data(bytes).write(to: URL(filePath: partial))
        } catch {
            throw RecordingError(.unreadable, "\(partial): cannot be written: \(error)")
        }
        guard rename(partial, path) == 0 else {
            let reason = String(cString: strerror(errno))
            throw RecordingError(.unreadable, "\(path): cannot be put in place: \(reason)")
        }
    }
}
