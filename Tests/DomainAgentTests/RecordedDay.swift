import Foundation
import Runtime
import Signals
import Testing
import Trading

/// The recorded day of real prices and outcomes, where it is on this machine.
struct RecordedDay {
    let markets: [RecordedMarket]
    let samples: [SpotSample]

    /// The folder of the recordings; nil where there are none.
    static let folder: String? = {
        let environment = ProcessInfo.processInfo.environment["BELLWETHER_DATA"]
        let package = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let folder = environment ?? package.appending(path: "../shared/data").path
        return FileManager.default.fileExists(atPath: folder + "/crypto") ? folder : nil
    }()

    static func load() throws -> RecordedDay {
        let folder = try #require(folder)
        let (markets, _) = try MarketRecording(directory: folder).rows()
        let reader = try SpotRecording(directory: folder).samples(by: .received)
        var samples: [SpotSample] = []
        while let sample = try reader.next() { samples.append(sample) }
        return RecordedDay(markets: markets, samples: samples)
    }

    /// The markets that lie fully inside the feed.
    var inside: [RecordedMarket] {
        let first = samples.map(\.feedAt).min() ?? .zero
        let last = samples.map(\.feedAt).max() ?? .zero
        return markets.filter { $0.start >= first && $0.end <= last }
    }
}

extension RecordedMarket {
    /// The instrument that the simulated venue makes of the market.
    var instrument: Instrument? {
        let name = "KXBTCUD5M-\(start.nanoseconds / 1_000_000_000)"
        guard let id = InstrumentID(name), let set = EventSetID(name),
            let venue = VenueID("kalshi")
        else { return nil }
        return Instrument(
            id: id, venue: venue, eventSet: set, tick: Price(units: 10_000_000),
            lot: Quantity(1), openAt: start - .seconds(3_600), closeAt: end, title: title,
            ruleHash: "")
    }
}
