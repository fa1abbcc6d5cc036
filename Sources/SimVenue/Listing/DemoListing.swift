import Foundation
import MarketSim
package import Trading

/// Markets without a recording: the documented demonstration set, or a file of one's own.
extension VenueListing {
    /// Three markets with fixed ids whose hidden probability wanders from the stated one. They live
    /// for a day from the moment when the venue first starts.
    package static func demo(origin: Timestamp) -> VenueListing {
        let markets = [
            ("KXDEMO-EVEN", "An even chance", "0.5"),
            ("KXDEMO-LIKELY", "A likely event", "0.8"),
            ("KXDEMO-RARE", "A rare event", "0.1"),
        ].map { DemoMarket(ticker: $0.0, title: $0.1, fair: $0.2) }
        return VenueListing(markets, origin: origin, fingerprint: "demo")
    }

    /// The markets of a JSON file: `[{"ticker": "KXMINE-A", "title": "...", "fair": "0.3"}]`.
    package static func file(_ path: String, origin: Timestamp) throws -> VenueListing {
        guard let bytes = FileManager.default.contents(atPath: path) else {
            throw ListingError(description: "\(path): cannot be read")
        }
        let markets: [DemoMarket]
        do {
            markets = try JSONDecoder().decode([DemoMarket].self, from: bytes)
        } catch {
            throw ListingError(
                description: "\(path): expected an array of {ticker, title, fair}: \(error)")
        }
        for (index, market) in markets.enumerated() {
            guard market.isUsable,
                !markets[..<index].contains(where: { $0.ticker == market.ticker })
            else {
                throw ListingError(
                    description: "\(path): [\(index)]: expected a ticker of at most 32 letters, "
                        + "digits, dots and dashes that no other has, and a fair value between "
                        + "0.03 and 0.97, found \(market)")
            }
        }
        return VenueListing(markets, origin: origin, fingerprint: "file \(path)")
    }

    private init(_ markets: [DemoMarket], origin: Timestamp, fingerprint: String) {
        self.init(
            markets: markets.map { $0.definition(origin: origin) }, fingerprint: fingerprint,
            source: .wall(origin: origin, interval: .milliseconds(250)))
    }
}

/// Why a file of markets cannot be used.
package struct ListingError: Error, Sendable, CustomStringConvertible {
    package let description: String
}

private struct DemoMarket: Decodable {
    let ticker: String
    let title: String
    let fair: String

    var isUsable: Bool {
        guard let price = Price(decimal: fair) else { return false }
        return InstrumentID(ticker) != nil && (0.03...0.97).contains(price.doubleValue)
    }

    /// Pays YES: what a demonstration market comes to matters to nobody.
    func definition(origin: Timestamp) -> MarketDefinition {
        MarketDefinition(
            instrument: InstrumentID(ticker) ?? .empty, eventSet: EventSetID(ticker) ?? .empty,
            title: title, rules: "A demonstration market. It resolves to YES.",
            tick: VenueListing.tick, lot: Quantity(1), opensAt: origin, startsAt: origin,
            closesAt: origin + .seconds(86_400), payout: .one,
            fair: .latent(start: Price(decimal: fair)?.doubleValue ?? 0.5),
            fees: .quadraticWithMakerFees)
    }
}
