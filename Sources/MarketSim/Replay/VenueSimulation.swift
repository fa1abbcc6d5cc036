package import Trading

/// A venue in market time: lists markets, lets the generated counterparties trade, settles.
///
/// Everything follows from the seed, the markets, the spot points of each tick and the orders of
/// the participants, so a venue that is given them again is the same venue again.
package struct VenueSimulation: Sendable {
    package private(set) var exchange = Exchange()
    package private(set) var tick: TickNumber = .zero
    package private(set) var now: Timestamp = .zero

    private let seed: UInt64
    private let parameters: FlowParameters
    private let accounts: FlowAccounts
    private var flows: [MarketFlow?]
    private var latent: [Double]
    /// What informed traders and makers know of the spot price.
    private var truth = SpotTracker()
    private var noticed = SpotTracker()
    /// What traders who know first take as the strike of each market.
    private var strikes: [Price?]
    /// Markets below are settled; markets from `nextToOpen` on are not listed.
    private var firstUnsettled = 0
    private var nextToOpen = 0
    /// The markets that are listed and not settled, in order: one that lives long stands before
    /// many that are over.
    private var alive: [Int] = []
    /// The random stream of each market. Markets with a path count for themselves, so that listing
    /// them beside others changes nothing for those.
    private let streams: [UInt64]

    /// How long after its end a market is determined and settled.
    package static let determinedAfter = Span.seconds(3)
    package static let settledAfter = Span.seconds(5)
    /// How long after its start the strike of a market is published.
    package static let strikeAfter = Span.seconds(2)

    /// `markets` must be sorted by when they open; participants get their deposits at once.
    package init(
        seed: UInt64, markets: [MarketDefinition], participants: [(name: String, deposit: Money)],
        parameters: FlowParameters = FlowParameters()
    ) {
        self.seed = seed
        self.parameters = parameters
        for participant in participants {
            _ = exchange.open(
                account: participant.name, deposit: participant.deposit, isParticipant: true)
        }
        accounts = FlowAccounts(parameters: parameters, exchange: &exchange)
        latent = []
        for (index, market) in markets.enumerated() {
            precondition(
                index == 0 || markets[index - 1].opensAt <= market.opensAt,
                "markets are sorted by when they open")
            _ = exchange.add(market: market)
            if case .latent(let start) = market.fair {
                latent.append(start)
            } else {
                latent.append(0.5)
            }
        }
        streams = VenueSimulation.streams(of: markets)
        flows = Array(repeating: nil, count: markets.count)
        strikes = Array(repeating: nil, count: markets.count)
    }

    private static func streams(of markets: [MarketDefinition]) -> [UInt64] {
        var paths: UInt64 = 1 << 32
        var others: UInt64 = 0
        return markets.map { market in
            if case .path = market.fair {
                paths += 1
                return paths - 1
            }
            others += 1
            return others - 1
        }
    }

    // MARK: Time

    /// Brings the venue to the next tick of market time.
    ///
    /// `observed` are the spot prices that informed traders came to know since the last tick,
    /// `noticed` those that makers did, each in order.
    package mutating func advance(
        to moment: Timestamp, observed: [SpotPoint], noticed points: [SpotPoint],
        into effects: inout ExchangeEffects
    ) {
        precondition(moment >= now, "market time never goes back: \(now) to \(moment)")
        let elapsed = tick == .zero ? 0 : min((moment - now).seconds, 2)
        tick = tick.next
        now = moment
        for point in observed {
            truth.observe(point)
            takeStrikes(from: point)
        }
        for point in points { noticed.observe(point) }
        changePhases(into: &effects)
        exchange.expireOrders(in: alive, at: now, into: &effects)
        for index in alive {
            guard let view = view(of: index, elapsed: elapsed) else { continue }
            flows[index]?.act(view, tick: tick, parameters, &exchange, into: &effects)
        }
    }

    /// Cuts every match into fills of at most so many contracts; nil: none is cut.
    package mutating func limitFills(to most: Quantity?) {
        precondition(most.map { $0 > .zero } ?? true, "an empty fill")
        exchange.fillMax = most
    }

    /// Whether every market has been settled.
    package var isFinished: Bool { firstUnsettled == exchange.marketCount }

    /// The markets that are listed and not settled.
    package var listed: Range<Int> { firstUnsettled..<nextToOpen }
    /// How many markets were listed so far, settled ones included.
    package var listedCount: Int { nextToOpen }

    // MARK: Orders of participants

    /// Opens the account of a participant that comes later.
    package mutating func open(account name: String, deposit: Money) -> SimAccountID {
        exchange.open(account: name, deposit: deposit, isParticipant: true)
    }

    /// Takes an order of a participant or says why not.
    package mutating func place(
        _ terms: SimOrderTerms, for account: SimAccountID, into effects: inout ExchangeEffects
    ) -> Result<SimOrder, SimDecline> {
        exchange.place(terms, for: account, at: now, into: &effects)
    }

    /// Takes a participant's order off the book; nil when it does not rest.
    package mutating func cancel(
        _ id: SimOrderID, for account: SimAccountID, into effects: inout ExchangeEffects
    ) -> SimOrder? {
        exchange.cancel(id, for: account, at: now, into: &effects)
    }

    // MARK: Phases

    private mutating func changePhases(into effects: inout ExchangeEffects) {
        while nextToOpen < exchange.marketCount,
            exchange.definition(SimMarketID(nextToOpen)).opensAt <= now
        {
            let market = SimMarketID(nextToOpen)
            exchange.openTrading(market, into: &effects)
            flows[nextToOpen] = MarketFlow(
                market: market, stream: streams[nextToOpen], seed: seed, accounts: accounts,
                parameters: parameters)
            alive.append(nextToOpen)
            nextToOpen += 1
        }
        for index in alive {
            publishStrike(SimMarketID(index), into: &effects)
            end(SimMarketID(index), into: &effects)
        }
        alive.removeAll { exchange.phase(SimMarketID($0)) == .settled }
        while firstUnsettled < nextToOpen,
            exchange.phase(SimMarketID(firstUnsettled)) == .settled
        {
            firstUnsettled += 1
        }
    }

    private mutating func end(_ market: SimMarketID, into effects: inout ExchangeEffects) {
        let closesAt = exchange.definition(market).closesAt
        if exchange.phase(market) == .open, now >= closesAt {
            exchange.closeTrading(market, at: now, into: &effects)
            flows[market.index] = nil
        }
        if exchange.phase(market) == .closed, now >= closesAt + VenueSimulation.determinedAfter {
            exchange.determine(market, into: &effects)
        }
        if exchange.phase(market) == .determined,
            now >= closesAt + VenueSimulation.settledAfter
        {
            exchange.settle(market, at: now, into: &effects)
            let imbalance = exchange.audit()
            precondition(imbalance.isZero, "money is not conserved: \(imbalance)")
        }
    }

    // MARK: Strikes

    /// The first true price at or after a market's start is its strike, where none is recorded.
    private mutating func takeStrikes(from point: SpotPoint) {
        for index in alive {
            guard strikes[index] == nil else { continue }
            let definition = exchange.definition(SimMarketID(index))
            guard case .spot(let recorded) = definition.fair, definition.startsAt <= point.at
            else { continue }
            strikes[index] = recorded ?? point.price
        }
    }

    private mutating func publishStrike(
        _ market: SimMarketID, into effects: inout ExchangeEffects
    ) {
        let definition = exchange.definition(market)
        guard case .spot(let recorded) = definition.fair, exchange.strike(market) == nil,
            now >= definition.startsAt + VenueSimulation.strikeAfter
        else { return }
        if strikes[market.index] == nil, let recorded { strikes[market.index] = recorded }
        guard let strike = strikes[market.index] else { return }
        exchange.publish(strike: strike, of: market, into: &effects)
    }

    // MARK: Views

    private mutating func view(of index: Int, elapsed: Double) -> MarketView? {
        let market = SimMarketID(index)
        let definition = exchange.definition(market)
        guard exchange.phase(market) == .open else { return nil }
        let secondsToEnd = (definition.closesAt - now).seconds
        if case .latent = definition.fair {
            return latentView(market, elapsed: elapsed, secondsToEnd: secondsToEnd)
        }
        if case .path(let path) = definition.fair {
            return pathView(market, path, elapsed: elapsed, secondsToEnd: secondsToEnd)
        }
        guard let truePrice = truth.price, let trueAt = truth.at else { return nil }
        let makerPrice = noticed.price ?? truePrice
        let makerAt = noticed.at ?? trueAt
        let strike = strikes[index]?.doubleValue
        let hasStarted = strike != nil
        func fair(_ price: Double, _ at: Timestamp, _ variance: Double) -> Double {
            guard let strike else { return 0.5 }
            return DigitalOption.value(
                spot: price, strike: strike, variancePerSecond: variance,
                seconds: max((definition.closesAt - at).seconds, 0))
        }
        let makerFair = fair(makerPrice, makerAt, noticed.variancePerSecond)
        let shift = (2 * noticed.variancePerSecond).squareRoot()
        let moved = fair(makerPrice * (1 + shift), makerAt, noticed.variancePerSecond)
        let isAfterJump =
            noticed.jumpedAt.map { (now - $0).seconds < parameters.pullAfterJump } ?? false
        return MarketView(
            market: market, now: now, elapsed: elapsed, secondsToEnd: secondsToEnd,
            hasStarted: hasStarted,
            truth: fair(truePrice, trueAt, truth.variancePerSecond),
            makerFair: makerFair, sensitivity: abs(moved - makerFair),
            isStale: (now - makerAt).seconds > parameters.staleAfter, isAfterJump: isAfterJump)
    }

    /// A path that was made before; makers see it later than informed traders. Nothing but news
    /// moves such a market, so it is as quiet as one that has not started.
    private func pathView(
        _ market: SimMarketID, _ path: FairPath, elapsed: Double, secondsToEnd: Double
    ) -> MarketView {
        let known = path.value(at: now - parameters.makerDelay)
        let before = path.value(at: now - parameters.makerDelay - .seconds(2))
        let calm = path.value(at: now - .milliseconds(Int64(parameters.pullAfterJump * 1_000)))
        return MarketView(
            market: market, now: now, elapsed: elapsed, secondsToEnd: secondsToEnd,
            hasStarted: false, truth: path.value(at: now - parameters.informedDelay),
            makerFair: known, sensitivity: 0.002 + abs(known - before), isStale: false,
            isAfterJump: abs(known - calm) > FairPath.jump, isQuiet: known == before)
    }

    /// A hidden probability that wanders in log odds; makers see it a tick late.
    private mutating func latentView(
        _ market: SimMarketID, elapsed: Double, secondsToEnd: Double
    ) -> MarketView {
        var random = SimRandom(
            seed: seed, stream: .latent, market: streams[market.index], tick: tick.rawValue)
        let before = latent[market.index]
        let step = 0.01 * elapsed.squareRoot() * random.normal()
        let spread = before * (1 - before)
        let next = min(0.97, max(0.03, before + spread * step))
        latent[market.index] = next
        return MarketView(
            market: market, now: now, elapsed: elapsed, secondsToEnd: secondsToEnd,
            hasStarted: true, truth: next, makerFair: before, sensitivity: 0.002, isStale: false,
            isAfterJump: false)
    }
}

extension Exchange {
    mutating func publish(
        strike: Price, of market: SimMarketID, into effects: inout ExchangeEffects
    ) {
        precondition(markets[market.index].strike == nil, "a strike is published once")
        markets[market.index].strike = strike
        effects.append(.strikeKnown(market, strike))
    }
}
