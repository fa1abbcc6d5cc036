import Trading

/// All generated counterparties of one market, in the order in which they act: makers who win the
/// race, informed traders, slower makers, noise.
struct MarketFlow: Sendable {
    let market: SimMarketID
    private let seed: UInt64
    /// Which of the seed's streams the market draws from.
    private let stream: UInt64
    private var makers: [MakerFlow]
    private let noise: NoiseFlow
    private let informed: [InformedFlow]

    init(
        market: SimMarketID, stream: UInt64, seed: UInt64, accounts: FlowAccounts,
        parameters: FlowParameters
    ) {
        self.market = market
        self.stream = stream
        self.seed = seed
        makers = accounts.makers.map {
            MakerFlow(account: $0, stream: stream, seed: seed, parameters: parameters)
        }
        noise = NoiseFlow(account: accounts.noise)
        informed = accounts.informed.map {
            InformedFlow(account: $0, stream: stream, seed: seed, parameters: parameters)
        }
    }

    mutating func act(
        _ view: MarketView, tick: TickNumber, _ parameters: FlowParameters,
        _ exchange: inout Exchange, into effects: inout ExchangeEffects
    ) {
        var random = self.random(.race, tick)
        let isQuick = makers.map { _ in random.chance(parameters.makerQuickness) }
        var makerRandom = self.random(.makers, tick)
        for index in makers.indices where isQuick[index] {
            makers[index].act(view, parameters, &makerRandom, &exchange, into: &effects)
        }
        random = self.random(.informed, tick)
        for trader in informed { trader.act(view, parameters, &random, &exchange, into: &effects) }
        for index in makers.indices where !isQuick[index] {
            makers[index].act(view, parameters, &makerRandom, &exchange, into: &effects)
        }
        random = self.random(.noise, tick)
        noise.act(view, parameters, &random, &exchange, into: &effects)
    }

    private func random(_ part: SimRandom.Stream, _ tick: TickNumber) -> SimRandom {
        SimRandom(
            seed: seed, stream: part, market: stream, tick: tick.rawValue)
    }
}

/// The accounts of the generated counterparties.
struct FlowAccounts: Sendable {
    let makers: [SimAccountID]
    let informed: [SimAccountID]
    let noise: SimAccountID

    init(parameters: FlowParameters, exchange: inout Exchange) {
        makers = (0..<parameters.makerCount).map {
            exchange.open(
                account: "maker-\($0 + 1)", deposit: parameters.deposit, isParticipant: false)
        }
        informed = (0..<parameters.informedCount).map {
            exchange.open(
                account: "informed-\($0 + 1)", deposit: parameters.deposit, isParticipant: false)
        }
        noise = exchange.open(
            account: "noise", deposit: parameters.deposit, isParticipant: false)
    }
}
