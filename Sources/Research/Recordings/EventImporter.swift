import Foundation
import MarketSim
package import Runtime
package import Trading

/// The files that can be imported.
package enum ImportFormat: String, CaseIterable, Sendable {
    /// The 32-byte records of the shared benchmark input.
    case l2bin
    /// Rows `venue_at,local_at,instrument,kind,side,price,quantity`.
    case csv
    /// Kalshi's best prices, with or without sizes.
    case kalshiBBO = "kalshi-bbo"
    /// Kalshi's `orderbook_delta` flow.
    case kalshiDeltas = "kalshi-deltas"
    /// Binance's raw combined streams, each line with the time of its receipt.
    case binance
}

/// Reads one file of a format.
package struct EventImporter {
    package let path: String
    package let format: ImportFormat
    /// What the one instrument of a format without names is called.
    package var name: String = "INSTRUMENT"
    /// What rests at a best price whose size was not recorded.
    package var unknownSize = Quantity(1)
    /// Called with the number of rows that were read.
    package var progress: (Int) -> Void = { _ in }

    package init(path: String, format: ImportFormat) {
        self.path = path
        self.format = format
    }

    /// How often progress is told.
    static let progressStride = 10_000

    package func events() throws(RecordingError) -> ImportedEvents {
        var events = ImportedEvents(path: path)
        switch format {
        case .l2bin: try readBinary(into: &events)
        case .csv: try readCSV(into: &events)
        case .kalshiBBO: try readBestPrices(into: &events)
        case .kalshiDeltas: try readDeltas(into: &events)
        case .binance: try readStreams(into: &events)
        }
        return events
    }

    /// The grids of a format whose venue has one.
    package var grid: ImportedEvents.Grid {
        let cent = Price(units: 10_000_000)
        return switch format {
        case .l2bin: .init(tick: cent, lot: Quantity(1))
        case .kalshiBBO, .kalshiDeltas: .init(tick: cent, lot: nil)
        case .csv, .binance: .init(tick: nil, lot: nil)
        }
    }

    /// Every line with its number; one that is too long is an error.
    func eachLine(
        _ body: (Int, String) throws(RecordingError) -> Void
    ) throws(RecordingError) {
        let reader = try CompressedLineReader(path: path)
        while let line = try reader.next() {
            guard case .text(let bytes) = line else {
                throw RecordingError(.unreadable, "\(path):\(reader.lineNumber): too long a line")
            }
            if !bytes.isEmpty {
                try body(reader.lineNumber, String(decoding: bytes, as: UTF8.self))
            }
            if reader.lineNumber % EventImporter.progressStride == 0 {
                progress(reader.lineNumber)
            }
        }
        progress(reader.lineNumber)
    }

    // MARK: The shared benchmark input

    private func readBinary(into events: inout ImportedEvents) throws(RecordingError) {
        let data: Data
        do {
            data = try Data(contentsOf: URL(filePath: path), options: .alwaysMapped)
        } catch {
            throw RecordingError(.missing, "\(path): cannot be read: \(error)")
        }
        guard data.count % 32 == 0 else {
            throw RecordingError(
                .unreadable,
                "\(path): \(data.count) bytes are no whole number of 32-byte records: truncated")
        }
        let instrument = try events.instrument(name, line: 1)
        for row in 0..<data.count / 32 {
            let record = data.withUnsafeBytes { L2Record($0, at: row * 32) }
            guard let kind = record.marketKind else {
                throw events.bad(row + 1, "a record of kind \(record.kind)")
            }
            guard record.side == 1 || record.side == 2 else {
                throw events.bad(row + 1, "a record of side \(record.side)")
            }
            guard record.quantity >= 0, record.venueAt <= record.localAt else {
                throw events.bad(row + 1, "a record that cannot be: \(record)")
            }
            events.add(
                kind, instrument, venueAt: record.venueAt, localAt: record.localAt,
                price: Price(units: Int64(record.price) * 10_000_000),
                quantity: Quantity(Int64(record.quantity)), isBuy: record.side == 1,
                continues: record.flags & 1 == 0, line: row + 1)
            if row % EventImporter.progressStride == 0 { progress(row) }
        }
    }

    // MARK: CSV

    private func readCSV(into events: inout ImportedEvents) throws(RecordingError) {
        let header = "venue_at,local_at,instrument,kind,side,price,quantity"
        let names: [Substring: MarketEventKind] = [
            "level": .level, "trade": .trade, "clear": .clear, "tick": .tick,
            "settlement": .settlement, "void": .void,
        ]
        var taken = events
        try eachLine { (line, text) throws(RecordingError) in
            if line == 1 {
                guard text == header else {
                    throw RecordingError(
                        .corruptHeader, "\(path):1: expected the header `\(header)`")
                }
                return
            }
            let fields = text.split(separator: ",", omittingEmptySubsequences: false)
            guard fields.count == 7 else {
                throw taken.bad(line, "expected 7 fields, found \(fields.count)")
            }
            guard let venueAt = Int64(fields[0]), let localAt = Int64(fields[1]) else {
                throw taken.bad(line, "times are nanoseconds since 1970")
            }
            guard let kind = names[fields[3]] else {
                throw taken.bad(line, "no kind of record is called `\(fields[3])`")
            }
            let needsSide = kind == .level || kind == .trade
            guard !needsSide || fields[4] == "buy" || fields[4] == "sell" else {
                throw taken.bad(line, "a side is `buy` or `sell`, found `\(fields[4])`")
            }
            let price = fields[5].isEmpty ? Price.zero : Price(decimal: fields[5])
            let quantity = fields[6].isEmpty ? Quantity.zero : Quantity(decimal: fields[6])
            guard let price, let quantity, !quantity.isNegative else {
                throw taken.bad(line, "a price or quantity that is no decimal, or negative")
            }
            let instrument = try taken.instrument(fields[2], line: line)
            taken.add(
                kind, instrument, venueAt: venueAt, localAt: localAt, price: price,
                quantity: quantity, isBuy: fields[4] == "buy", line: line)
        }
        events = taken
    }
}

/// A record of the shared benchmark input.
private struct L2Record {
    let venueAt: Int64
    let localAt: Int64
    let price: Int32
    let quantity: Int32
    let kind: UInt8
    let side: UInt8
    let flags: UInt16

    init(_ bytes: UnsafeRawBufferPointer, at offset: Int) {
        venueAt = bytes.loadUnaligned(fromByteOffset: offset, as: Int64.self)
        localAt = bytes.loadUnaligned(fromByteOffset: offset + 8, as: Int64.self)
        price = bytes.loadUnaligned(fromByteOffset: offset + 16, as: Int32.self)
        quantity = bytes.loadUnaligned(fromByteOffset: offset + 20, as: Int32.self)
        kind = bytes[offset + 24]
        side = bytes[offset + 25]
        flags = bytes.loadUnaligned(fromByteOffset: offset + 26, as: UInt16.self)
    }

    var marketKind: MarketEventKind? { kind == 1 ? .level : kind == 2 ? .trade : nil }
}
