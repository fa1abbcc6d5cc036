import MarketSim
import Testing
import Trading

/// The generated domains beside the spot price.
struct SyntheticWorldsTests {
    private static let start = Timestamp(seconds: 1_767_225_600)

    private static func worlds(
        seed: UInt64 = 7, seconds: Int = 86_400, pace: Int = 1
    ) -> [(domain: String, world: World)] {
        SyntheticWorlds(seed: seed, start: start, seconds: seconds, pace: pace).all()
    }

    @Test func theSeedDecidesEverything() {
        let first = Self.worlds()
        let second = Self.worlds()
        let other = Self.worlds(seed: 8)
        for index in first.indices {
            #expect(first[index].world.rows == second[index].world.rows)
            #expect(first[index].world.markets == second[index].world.markets)
            #expect(first[index].world.rows != other[index].world.rows)
        }
    }

    @Test(arguments: [(86_400, 1), (900, 96), (3_600, 24)])
    func everyDomainHasMarketsThatEndInside(seconds: Int, pace: Int) {
        let end = Self.start + .seconds(Int64(seconds))
        for (domain, world) in Self.worlds(seconds: seconds, pace: pace) {
            #expect(!world.markets.isEmpty, "\(domain)")
            #expect(!world.rows.isEmpty, "\(domain)")
            for market in world.markets {
                #expect(market.opensAt >= Self.start && market.opensAt < market.closesAt)
                #expect(market.closesAt < end, "\(market.ticker)")
                #expect(InstrumentID(market.ticker) != nil, "\(market.ticker)")
                #expect(EventSetID(market.event) != nil)
            }
            #expect(Set(world.markets.map(\.ticker)).count == world.markets.count)
            let times = world.rows.map(\.ingest)
            #expect(times == times.sorted(), "\(domain)")
        }
    }

    /// One outcome of a race, a game or a day's high comes true.
    @Test func exclusiveOutcomesHaveOneWinner() {
        for (domain, world) in Self.worlds() where domain != "macro" {
            let events = Dictionary(grouping: world.markets, by: \.event)
            for (event, markets) in events {
                #expect(markets.count { $0.payout == .one } == 1, "\(domain) \(event)")
            }
        }
    }

    /// What the public believes is worth something: over many seeds it is nearer to what comes
    /// true than a coin is.
    @Test func thePublicKnowsSomething() {
        var (sum, count) = (0.0, 0.0)
        for seed in UInt64(1)...12 {
            for (_, world) in Self.worlds(seed: seed) {
                for market in world.markets {
                    let middle = Span(
                        nanoseconds: (market.closesAt - market.opensAt).nanoseconds / 2)
                    let value = market.path.value(at: market.opensAt + middle)
                    let outcome = market.payout == .one ? 1.0 : 0.0
                    sum += (value - outcome) * (value - outcome)
                    count += 1
                }
            }
        }
        #expect(count > 300)
        #expect(sum / count < 0.2, "Brier \(sum / count) of \(count)")
    }

    /// Markets with a path change nothing for the others that trade beside them.
    @Test func listingMoreMarketsLeavesTheOthersAlone() throws {
        func trades(withPaths: Bool) throws -> [SimTrade] {
            let end = Self.start + .seconds(600)
            let latent = MarketDefinition(
                instrument: try #require(InstrumentID("A-1")),
                eventSet: try #require(EventSetID("A")), title: "A", rules: "",
                tick: Price(units: 10_000_000), lot: Quantity(1), opensAt: Self.start,
                startsAt: Self.start, closesAt: end, payout: .one, fair: .latent(start: 0.4),
                fees: .quadraticWithMakerFees)
            let path = try #require(
                FairPath([(Self.start, 0.3), (Self.start + .seconds(60), 0.5)]))
            let other = MarketDefinition(
                instrument: try #require(InstrumentID("0-1")),
                eventSet: try #require(EventSetID("0")), title: "0", rules: "",
                tick: Price(units: 10_000_000), lot: Quantity(1), opensAt: Self.start,
                startsAt: Self.start, closesAt: end, payout: .zero, fair: .path(path),
                fees: .quadraticWithMakerFees)
            var simulation = VenueSimulation(
                seed: 3, markets: withPaths ? [other, latent] : [latent], participants: [])
            var effects = ExchangeEffects()
            var found: [SimTrade] = []
            for second in Int64(0)..<120 {
                effects.removeAll()
                simulation.advance(
                    to: Self.start + .seconds(second), observed: [], noticed: [], into: &effects)
                for case .traded(let trade) in effects.list
                where simulation.exchange.definition(trade.market).title == "A" {
                    found.append(trade)
                }
            }
            return found
        }
        let alone = try trades(withPaths: false).map { "\($0.price) \($0.quantity) \($0.at)" }
        let beside = try trades(withPaths: true).map { "\($0.price) \($0.quantity) \($0.at)" }
        #expect(!alone.isEmpty)
        #expect(alone == beside)
    }
}
