import MarketSim
import Trading

/// What `sim-venue markets` prints.
package enum MarketList {
    /// What one title is called by each protocol.
    private struct Entry {
        let title: String
        var ticker: String?
        var tokens: TokenListing?
    }

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
        let entries = entries(of: listing)
        guard json else {
            return entries.map {
                "\($0.ticker ?? "-")\t\($0.tokens?.condition ?? "-")\t\($0.title)"
            }
        }
        var text = JSONText()
        text.array { array in
            for entry in entries { array.element { write(entry, &$0) } }
        }
        return [String(decoding: text.bytes, as: UTF8.self)]
    }

    private static func write(_ entry: Entry, _ text: inout JSONText) {
        text.field("title", entry.title)
        if let tokens = entry.tokens {
            text.object("polymarket") {
                $0.field("condition_id", tokens.condition)
                $0.array("token_ids") {
                    $0.element(tokens.yes)
                    $0.element(tokens.no)
                }
            }
        }
        if let ticker = entry.ticker {
            text.object("kalshi") { $0.field("ticker", ticker) }
        }
    }

    /// Markets of one title belong together: Kalshi's come first in a listing.
    private static func entries(of listing: VenueListing) -> [Entry] {
        var entries: [Entry] = []
        for (index, market) in listing.markets.enumerated() {
            guard let tokens = listing.tokens[index] else {
                entries.append(
                    Entry(title: market.title, ticker: market.instrument.description))
                continue
            }
            let same = entries.firstIndex { $0.title == market.title && $0.tokens == nil }
            if let same {
                entries[same].tokens = tokens
            } else {
                entries.append(Entry(title: market.title, tokens: tokens))
            }
        }
        return entries
    }
}
