import Foundation
import MarketSim
import Research
import Runtime
import Testing
import Trading

@Suite struct EventRecordingTests {
    private let folder = FileManager.default.temporaryDirectory
        .appending(path: "bw-recordings-\(UUID())")

    private func path(_ name: String) throws -> String {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        return folder.appending(path: name).path
    }

    private func write(_ bytes: some Sequence<UInt8>, to name: String) throws -> String {
        let path = try path(name)
        try Data(bytes).write(to: URL(filePath: path))
        return path
    }

    private func clean() {
        // A leftover in the temporary folder is harmless.
        try? FileManager.default.removeItem(at: folder)
    }

    /// A recording of two instruments, of more than two blocks of its index.
    private func sample(_ count: Int = 150_000) throws -> (String, [MarketEvent]) {
        let events = (0..<count).map { (index: Int) -> MarketEvent in
            let at = Int64(index) * 1_000
            var event = MarketEvent(.level, venueAt: at, localAt: at + 500)
            event.price = Int32(index % 90 + 1)
            event.quantity = Int32(index % 1_000)
            event.isBuy = index % 2 == 0
            event.instrument = UInt16(index % 2)
            if index % 7 == 0 {
                event.kind = .trade
                event.continues = true
            }
            return event
        }
        let instruments = try ["A", "B"].map {
            RecordedInstrument(
                name: try #require(VenueReference($0)), tick: Price(units: 10_000_000),
                lot: Quantity(1), prices: 1...90)
        }
        let path = try path("sample.events")
        _ = try EventRecordingWriter.write(events, of: instruments, to: path)
        return (path, events)
    }

    @Test func givesBackWhatWasWritten() throws {
        defer { clean() }
        let (path, events) = try sample()
        let recording = try EventRecording(path)
        #expect(recording.instruments.map { "\($0.name)" } == ["A", "B"])
        #expect(recording.events.count == events.count)
        #expect(events.indices.allSatisfy { recording.events[$0] == events[$0] })
        let size = try #require(
            try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int)
        #expect(Double(size) / Double(events.count) < 32)
        #expect(recording.firstEvent(atOrAfter: 0) == 0)
        #expect(recording.firstEvent(atOrAfter: 131_072_001) == 131_073)
        #expect(recording.firstEvent(atOrAfter: .max) == events.count)
    }

    @Test func refusesEveryPartAndEveryFlippedByte() throws {
        defer { clean() }
        let (path, _) = try sample(6)
        let bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
        for length in 0..<bytes.count {
            let part = try write(bytes.prefix(length), to: "part")
            #expect(throws: RecordingError.self, "\(length) bytes") { try EventRecording(part) }
        }
        for place in bytes.indices {
            var flipped = bytes
            flipped[place] ^= 1 << UInt8(place % 8)
            let bad = try write(flipped, to: "bad")
            #expect(throws: RecordingError.self, "byte \(place)") { try EventRecording(bad) }
        }
        let long = try write(bytes + [0], to: "long")
        #expect(throws: RecordingError.self) { try EventRecording(long) }
    }

    @Test func namesTheVersionThatItCannotRead() throws {
        defer { clean() }
        let (path, _) = try sample(10)
        var bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
        bytes[8] = 9
        let other = try write(bytes, to: "other")
        let error = #expect(throws: RecordingError.self) { try EventRecording(other) }
        #expect(error?.message.contains("version 9, this program reads 1") == true)
    }

    @Test func refusesEventsThatAreNotSorted() throws {
        defer { clean() }
        let name = try #require(VenueReference("A"))
        let instrument = RecordedInstrument(
            name: name, tick: Price(units: 10_000_000), lot: Quantity(1), prices: 1...9)
        let wrong: [[MarketEvent]] = [
            [
                MarketEvent(.level, venueAt: 2, localAt: 2, price: 1, quantity: 1),
                MarketEvent(.level, venueAt: 1, localAt: 3, price: 1, quantity: 1),
            ],
            [MarketEvent(.level, venueAt: 2, localAt: 1, price: 1, quantity: 1)],
            [MarketEvent(.level, venueAt: 2, localAt: 2, price: 1, quantity: -1)],
            [MarketEvent(.level, venueAt: 2, localAt: 2, price: 1, instrument: 3)],
            [MarketEvent(.tick, venueAt: 2, localAt: 2, price: 0)],
        ]
        for events in wrong {
            let path = try path("unsorted")
            _ = try EventRecordingWriter.write(events, of: [instrument], to: path)
            let error = #expect(throws: RecordingError.self) { try EventRecording(path) }
            #expect(error?.message.contains("event \(events.count - 1)") == true)
        }
    }
}
