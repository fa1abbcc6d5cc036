import Foundation
import MarketSim
package import Trading

/// Markets without a recording: the documented demonstration set, or a file of one's own.
extension VenueListing {
    /// Markets with fixed ids whose hidden probability wanders from the stated one. They live for a
    /// day from the moment when the venue first starts.
    package static func demo(origin: Timestamp) -> VenueListing {
        var rare = DemoMarket(ticker: "KXDEMO-RARE", title: "A rare event", fair: "0.1")
        rare.tick = "0.001"
        var first = DemoMarket(ticker: "KXDEMO-RACE-A", title: "The first of two wins", fair: "0.6")
        first.venues = [.polymarket]
        first.negative_risk = true
        var second = first
        second.ticker = "KXDEMO-RACE-B"
        second.title = "The second of two wins"
        second.fair = "0.4"
        let markets = [
            DemoMarket(ticker: "KXDEMO-EVEN", title: "An even chance", fair: "0.5"),
            DemoMarket(ticker: "KXDEMO-LIKELY", title: "A likely event", fair: "0.8"),
            rare, first, second,
        ]
        return VenueListing(markets, origin: origin, fingerprint: "demo")
    }

    /// The markets of a JSON file: `[{"ticker": "KXMINE-A", "title": "...", "fair": "0.3"}]`, each
    /// at both venues unless `venues` says otherwise.
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
                        + "digits, dots and dashes that no other has, a fair value between 0.03 "
                        + "and 0.97, venues that are kalshi or polymarket, and a tick that they "
                        + "have, found \(market)")
            }
        }
        return VenueListing(markets, origin: origin, fingerprint: "file \(path)")
    }

    /// Kalshi's markets first, then Polymarket's.
    private init(_ markets: [DemoMarket], origin: Timestamp, fingerprint: String) {
        let contracts = markets.filter { $0.isAt(.kalshi) }
        let listed = markets.filter { $0.isAt(.polymarket) }
        let tokens = listed.map(\.tokens)
        self.init(
            markets: contracts.map { $0.contract(origin: origin) }
                + zip(listed, tokens).map { $0.definition(of: $1, origin: origin) },
            tokens: Dictionary(
                uniqueKeysWithValues: tokens.enumerated().map {
                    ($0.offset + contracts.count, $0.element)
                }),
            fingerprint: fingerprint, source: .wall(origin: origin, interval: .milliseconds(250)))
    }
}

/// Why a file of markets cannot be used.
package struct ListingError: Error, Sendable, CustomStringConvertible {
    package let description: String
}

private struct DemoMarket: Decodable {
    enum Venue: String, Decodable {
        case kalshi
        case polymarket
    }

    var ticker: String
    var title: String
    var fair: String
    var venues: [Venue]?
    /// Polymarket's tick; Kalshi's is a cent.
    var tick: String?
    var negative_risk: Bool?

    func isAt(_ venue: Venue) -> Bool { venues?.contains(venue) ?? true }

    private var tokenTick: Price? { Price(decimal: tick ?? "0.01") }

    var isUsable: Bool {
        guard let price = Price(decimal: fair), let tick = tokenTick,
            ["0.1", "0.01", "0.005", "0.0025", "0.001", "0.0001"].contains(tick.description)
        else { return false }
        return InstrumentID(ticker) != nil && (0.03...0.97).contains(price.doubleValue)
            && venues?.isEmpty != true
    }

    var tokens: TokenListing {
        TokenListing(ticker: ticker, question: title, isNegativeRisk: negative_risk ?? false)
    }

    func contract(origin: Timestamp) -> MarketDefinition {
        definition(
            InstrumentID(ticker) ?? .empty, tick: VenueListing.tick, lot: Quantity(1),
            fees: .quadraticWithMakerFees, sizeMin: .zero, origin: origin)
    }

    /// As Polymarket lists it: five shares at least may rest, and takers pay the rate of politics.
    func definition(of tokens: TokenListing, origin: Timestamp) -> MarketDefinition {
        definition(
            tokens.instrument, tick: tokenTick ?? VenueListing.tick,
            lot: Quantity(units: 10_000),
            fees: .polymarket(rate: Price(units: 40_000_000)), sizeMin: Quantity(5),
            origin: origin)
    }

    /// Pays YES: what a demonstration market comes to matters to nobody.
    private func definition(
        _ name: InstrumentID, tick: Price, lot: Quantity, fees: SimFees, sizeMin: Quantity,
        origin: Timestamp
    ) -> MarketDefinition {
        MarketDefinition(
            instrument: name, eventSet: EventSetID(name.description) ?? .empty, title: title,
            rules: "A demonstration market. It resolves to YES.", tick: tick, lot: lot,
            opensAt: origin, startsAt: origin, closesAt: origin + .seconds(86_400), payout: .one,
            fair: .latent(start: Price(decimal: fair)?.doubleValue ?? 0.5), fees: fees,
            sizeMin: sizeMin)
    }
}
