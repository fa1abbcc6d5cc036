import MarketSim
import Trading

/// What `sim-venue markets` prints.
package enum MarketList {
    /// A line a market for people, or one JSON array.
    package static func lines(
        markets: String?, data: String?, json: Bool
    ) throws -> [String] {
        let listing: VenueListing =
            if let data {
                try VenueListing(recordedIn: data)
            } else if let markets {
                try .file(markets, origin: .zero)
            } else {
                .demo(origin: .zero)
            }
        guard json else {
            return listing.markets.map { "\($0.instrument)\t\($0.title)" }
        }
        var text = JSONText()
        text.array { array in
            for market in listing.markets {
                array.element {
                    $0.field("title", market.title)
                    $0.object("kalshi") { $0.field("ticker", market.instrument.description) }
                }
            }
        }
        return [String(decoding: text.bytes, as: UTF8.self)]
    }
}
