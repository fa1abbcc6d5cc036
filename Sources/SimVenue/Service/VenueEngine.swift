import MarketSim
import Runtime
import Trading

/// The venue without its network: simulation, recording and log in step.
///
/// Every order is logged with what the venue said before anybody is told, so that a venue that was
/// killed is built again from its log by doing everything again (`recover`).
final class VenueEngine {
    private(set) var simulation: VenueSimulation
    private(set) var effects = ExchangeEffects()
    /// Those of the configuration first, then the wallets as they came.
    private(set) var participants: [VenueParticipant]
    let listing: VenueListing
    /// What goes wrong on purpose.
    let faults: FaultDirector?
    /// The last public trades, newest last.
    private(set) var trades: [SimTrade] = []
    /// The trades of wallets, oldest first.
    private(set) var tokenTrades: [SimTrade] = []
    /// What Polymarket's protocol knows of its orders, and the orders by their hashes.
    private(set) var labels: [SimOrderID: OrderLabel] = [:]
    private(set) var orderIDs: [String: SimOrderID] = [:]
    /// The API keys that wallets have.
    private(set) var walletKeys: Set<WalletKey> = []

    private let options: VenueOptions
    private let log: VenueLog?
    private let feed: RecordedFeed?
    private let instruments: [InstrumentID: SimMarketID]
    private let tokens: [String: ListedToken]
    private let conditions: [String: SimMarketID]
    private var places: [SimAccountID: Int]
    /// Ticks after the end of the recording, which let the last markets settle.
    private var epilogueCount = 0

    private static let epilogueMax = 60
    private static let tradeCountMax = 10_000

    init(options: VenueOptions, wall: Timestamp) throws {
        self.options = options
        log = try options.logPath.map { try VenueLog(path: $0) }
        let reader = options.logPath.flatMap { VenueLogReader(path: $0) }
        let first = reader?.next()
        var origin = wall
        if let first {
            guard case .start(let start) = LogRecord(first), start.version == LogLine.version else {
                throw VenueLogError(
                    description: "\(options.logPath ?? ""):1: expected the start of a venue log of "
                        + "version \(LogLine.version)")
            }
            if start.origin != 0 { origin = Timestamp(nanoseconds: start.origin) }
        }
        listing = try VenueEngine.listing(options.markets, origin: origin)
        guard !listing.markets.isEmpty else {
            throw VenueLogError(description: "the recording has no market that can be listed")
        }
        let began = listing.markets.map(\.opensAt).min() ?? origin
        faults = options.faults.map { FaultDirector($0, origin: began) }
        if case .recording(let recording) = listing.source {
            feed = try RecordedFeed(recording, options.flow)
        } else {
            feed = nil
        }
        simulation = VenueSimulation(
            seed: options.seed, markets: listing.markets,
            participants: options.keys.map { ($0.id, options.balance) }, parameters: options.flow)
        participants = options.keys.enumerated().map {
            VenueParticipant(key: $0.element, account: SimAccountID($0.offset), tier: options.tier)
        }
        instruments = Dictionary(
            listing.markets.enumerated().map { ($0.element.instrument, SimMarketID($0.offset)) },
            uniquingKeysWith: { first, _ in first })
        places = Dictionary(
            uniqueKeysWithValues: participants.indices.map { (SimAccountID($0), $0) })
        tokens = VenueEngine.tokens(listing)
        conditions = Dictionary(
            listing.tokens.map { ($0.value.condition, SimMarketID($0.key)) },
            uniquingKeysWith: { first, _ in first })
        if let reader, first != nil {
            try recover(from: reader, first: first ?? [])
            append(LogLine.note("restart", "", tick: tick, now: now, wall: wall))
        } else {
            begin(origin: origin, wall: wall)
        }
        try flush()
    }

    /// Whether market time is a recording's; else it is the wall clock's.
    var isRecorded: Bool {
        if case .recording = listing.source { true } else { false }
    }
    /// Markets that live by the wall clock cannot be hurried.
    var speed: ReplaySpeed { isRecorded ? options.speed : .factor(1) }
    var tick: TickNumber { simulation.tick }
    var now: Timestamp { simulation.now }
    var exchange: Exchange { simulation.exchange }

    func participant(key: String) -> VenueParticipant? {
        participants.first { $0.key.id == key }
    }

    func participant(_ account: SimAccountID) -> VenueParticipant? {
        places[account].map { participants[$0] }
    }

    /// The market of a ticker of Kalshi's, once it is listed.
    func market(_ ticker: String) -> SimMarketID? {
        listed(ticker).flatMap { listing.tokens[$0.index] == nil ? $0 : nil }
    }

    /// The market of a name in the log, whatever protocol it is served by.
    private func listed(_ ticker: String) -> SimMarketID? {
        guard let market = InstrumentID(ticker).flatMap({ instruments[$0] }),
            market.index < simulation.listedCount
        else { return nil }
        return market
    }

    /// The market of a condition of Polymarket's, once it is listed.
    func market(condition: String) -> SimMarketID? {
        conditions[condition.lowercased()].flatMap {
            $0.index < simulation.listedCount ? $0 : nil
        }
    }

    /// A token of Polymarket's, once its market is listed.
    func token(_ number: String) -> ListedToken? {
        tokens[number].flatMap { $0.market.index < simulation.listedCount ? $0 : nil }
    }

    /// A listed market's token; nil for a market of Kalshi's.
    func token(_ token: SimToken, of market: SimMarketID) -> ListedToken? {
        listing.tokens[market.index].map {
            ListedToken(market: market, token: token, listing: $0)
        }
    }

    /// The markets that were ever listed by one of the protocols, oldest first.
    func listed(asTokens: Bool) -> [SimMarketID] {
        (0..<simulation.listedCount).filter { (listing.tokens[$0] != nil) == asTokens }
            .map { SimMarketID($0) }
    }

    /// The definitions of Kalshi's markets.
    var contracts: [MarketDefinition] {
        listing.markets.enumerated().filter { listing.tokens[$0.offset] == nil }.map(\.element)
    }

    private static func tokens(_ listing: VenueListing) -> [String: ListedToken] {
        var tokens: [String: ListedToken] = [:]
        for (index, entry) in listing.tokens {
            for token in SimToken.allCases {
                tokens[entry.number(token)] = ListedToken(
                    market: SimMarketID(index), token: token, listing: entry)
            }
        }
        return tokens
    }

    // MARK: Market time

    /// The moment of the next tick; nil when the recording is at its end and all is settled.
    func nextTick(wall: Timestamp) throws -> Timestamp? {
        let last = tick == .zero ? nil : now
        switch listing.source {
        case .wall(let origin, let interval):
            return last.map { max($0 + interval, wall) } ?? max(origin, wall)
        case .recording:
            if let moment = try feed?.nextTick(after: last) { return moment }
            guard !simulation.isFinished, epilogueCount < VenueEngine.epilogueMax, let last else {
                return nil
            }
            return last + RecordedFeed.gapTick
        }
    }

    /// Brings market time to `moment`; what happened is in `effects` and in the log.
    func advance(to moment: Timestamp) throws {
        try step(to: moment)
        append(LogLine.tick(tick, now))
        for line in effectLines() { append(line) }
        try flush()
    }

    private func step(to moment: Timestamp) throws {
        let before = now
        let isFirst = tick == .zero
        if let feed, try feed.nextTick(after: isFirst ? nil : before) == nil { epilogueCount += 1 }
        let points = try feed?.points(until: moment) ?? (observed: [], noticed: [])
        effects.removeAll()
        let isCrumbled = faults?.stands(.crumbs, at: moment) ?? false
        simulation.limitFills(to: isCrumbled ? Quantity(1) : nil)
        simulation.advance(
            to: moment, observed: points.observed, noticed: points.noticed, into: &effects)
        absorb()
        if !isFirst {
            for participant in participants { participant.writes.fill(moment - before) }
        }
    }

    // MARK: Orders

    func place(
        _ terms: SimOrderTerms, _ label: OrderLabel? = nil, for participant: VenueParticipant,
        wall: Timestamp
    ) throws -> Result<SimOrder, SimDecline> {
        let result = apply(terms, label, for: participant)
        append(
            LogLine.place(
                terms, label, ticker: exchange.definition(terms.market).instrument.description,
                account: participant.key.id, result: result, tick: tick, now: now, wall: wall))
        for line in effectLines() { append(line) }
        try flush()
        return result
    }

    /// The contracts that were taken off the book; nil where the order does not rest.
    func cancel(
        _ id: SimOrderID, for participant: VenueParticipant, wall: Timestamp
    ) throws -> (order: SimOrder, taken: Quantity)? {
        let before = exchange.order(id).flatMap { $0.account == participant.account ? $0 : nil }
        let order = apply(cancel: id, for: participant)
        let taken = order == nil ? nil : before?.remaining
        append(
            LogLine.cancel(
                id, clientOrderID: before?.terms.clientOrderID, account: participant.key.id,
                taken: taken, tick: tick, now: now, wall: wall))
        for line in effectLines() { append(line) }
        try flush()
        guard let order, let taken else { return nil }
        return (order, taken)
    }

    private func apply(
        _ terms: SimOrderTerms, _ label: OrderLabel?, for participant: VenueParticipant
    ) -> Result<SimOrder, SimDecline> {
        effects.removeAll()
        let result = simulation.place(terms, for: participant.account, into: &effects)
        if case .success(let order) = result {
            participant.orders.append(order.id)
            if let label {
                labels[order.id] = label
                orderIDs[label.hash] = order.id
            }
        }
        absorb()
        return result
    }

    // MARK: Wallets

    /// The wallet's account, which is opened when it first comes.
    func wallet(_ address: String, wall: Timestamp) throws -> VenueParticipant {
        if let known = participant(key: address) { return known }
        let participant = open(wallet: address)
        append(LogLine.wallet(address, deposit: options.balance, tick: tick, now: now, wall: wall))
        try flush()
        return participant
    }

    private func open(wallet address: String) -> VenueParticipant {
        let account = simulation.open(account: address, deposit: options.balance)
        let participant = VenueParticipant(
            key: ParticipantKey(id: address, publicKey: nil), account: account, tier: options.tier)
        places[account] = participants.count
        participants.append(participant)
        return participant
    }

    /// Gives a wallet an API key, or takes it away.
    func setKey(_ key: WalletKey, isThere: Bool, wall: Timestamp) throws {
        apply(key, isThere: isThere)
        append(
            LogLine.walletKey(
                key.address, nonce: key.nonce, isThere: isThere, tick: tick, now: now, wall: wall))
        try flush()
    }

    private func apply(_ key: WalletKey, isThere: Bool) {
        if isThere { walletKeys.insert(key) } else { walletKeys.remove(key) }
    }

    private func apply(cancel id: SimOrderID, for participant: VenueParticipant) -> SimOrder? {
        effects.removeAll()
        let order = simulation.cancel(id, for: participant.account, into: &effects)
        absorb()
        return order
    }

    // MARK: Log

    /// Logs a request about orders that never came as far as the exchange.
    func refuse(
        account: String, method: String, path: String, clientOrderID: String, code: String,
        wall: Timestamp
    ) throws {
        append(
            LogLine.refused(
                account: account, method: method, path: path, clientOrderID: clientOrderID,
                code: code, tick: tick, now: now, wall: wall))
        try flush()
    }

    func note(_ event: String, _ text: String, wall: Timestamp) throws {
        append(LogLine.note(event, text, tick: tick, now: now, wall: wall))
        try flush()
    }

    /// Writes what every participant has.
    func logBalances(wall: Timestamp) throws {
        for participant in participants {
            append(
                LogLine.balance(
                    account: participant.key.id, cash: exchange.cash(participant.account),
                    available: exchange.available(participant.account),
                    deposit: exchange.deposit(participant.account), tick: tick, now: now,
                    wall: wall))
        }
        try flush()
    }

    /// Gives the log back; nothing may be ordered any more.
    func release() { log?.release() }

    private func append(_ line: [UInt8]) { log?.append(line) }
    private func flush() throws { try log?.flush() }

    private func effectLines() -> [[UInt8]] {
        guard log != nil else { return [] }
        let exchange = simulation.exchange
        return effects.list.compactMap {
            LogLine.effect($0, exchange, tick: tick, now: now)
        }
    }

    /// Whether a trade is of tokens and one of its parties is no generated counterparty.
    func isOfWallet(_ trade: SimTrade) -> Bool {
        listing.tokens[trade.market.index] != nil
            && (places[trade.taker.account] != nil || places[trade.maker.account] != nil)
    }

    /// Keeps what participants may ask for later.
    private func absorb() {
        for effect in effects.list {
            switch effect {
            case .filled(let fill): participant(fill.account)?.fills.append(fill)
            case .paid(let payout): participant(payout.account)?.payouts.append(payout)
            case .traded(let trade):
                trades.append(trade)
                if isOfWallet(trade) { tokenTrades.append(trade) }
            case .bookChanged, .orderChanged, .orderRemoved, .phaseChanged, .strikeKnown: break
            }
        }
        if trades.count > 2 * VenueEngine.tradeCountMax {
            trades.removeFirst(trades.count - VenueEngine.tradeCountMax)
        }
    }

    private func begin(origin: Timestamp, wall: Timestamp) {
        var fixed: Timestamp?
        if case .wall = listing.source { fixed = origin }
        append(
            LogLine.start(
                seed: options.seed, fingerprint: listing.fingerprint, origin: fixed, wall: wall))
        for participant in participants {
            append(LogLine.account(participant.key.id, deposit: options.balance))
        }
    }

    private static func listing(
        _ markets: VenueOptions.Markets, origin: Timestamp
    ) throws -> VenueListing {
        switch markets {
        case .recorded(let directory): try VenueListing(recordedIn: directory)
        case .demo: .demo(origin: origin)
        case .file(let path): try .file(path, origin: origin)
        }
    }
}

/// Building the venue again from its log.
extension VenueEngine {
    /// Does everything again that the log says and compares what follows from it, line by line.
    private func recover(from reader: VenueLogReader, first: [UInt8]) throws {
        try checkStart(first, reader)
        var expected: [[UInt8]] = []
        var next = 0
        var accounts = 0
        while let line = reader.next() {
            guard let record = LogRecord(line) else {
                throw refusal(reader, "is no line of a venue log")
            }
            switch record {
            case .start: throw refusal(reader, "a second start")
            case .account(let name, let deposit):
                guard accounts < options.keys.count, participants[accounts].key.id == name,
                    deposit == options.balance
                else { throw refusal(reader, "the accounts are not those of the configuration") }
                accounts += 1
            case .effect:
                guard next < expected.count, expected[next] == line else {
                    let wanted = next < expected.count ? expected[next] : Array("nothing".utf8)
                    throw refusal(
                        reader,
                        "does not follow from the orders; expected "
                            + String(decoding: wanted, as: UTF8.self))
                }
                next += 1
            case .note: break
            case .tick, .place, .cancel, .wallet, .walletKey:
                guard next == expected.count else {
                    throw refusal(reader, "an effect of an earlier line is missing before it")
                }
                try redo(record, reader)
                expected = effectLines()
                next = 0
            }
        }
        guard accounts == options.keys.count || accounts == 0 else {
            throw refusal(reader, "the accounts are not those of the configuration")
        }
        if accounts == 0 {
            for key in options.keys {
                append(LogLine.account(key.id, deposit: options.balance))
            }
        }
        for line in expected[next...] { append(line) }
        effects.removeAll()
    }

    private func checkStart(_ line: [UInt8], _ reader: VenueLogReader) throws {
        guard case .start(let start) = LogRecord(line) else {
            throw refusal(reader, "is no start")
        }
        guard start.seed == options.seed, start.recording == listing.fingerprint else {
            throw refusal(
                reader,
                "the log is of seed \(start.seed) on `\(start.recording)`, the "
                    + "configuration says seed \(options.seed) on `\(listing.fingerprint)`: move "
                    + "the log away to begin anew")
        }
    }

    private func redo(_ record: LogRecord, _ reader: VenueLogReader) throws {
        switch record {
        case .tick(let number, let moment):
            let scheduled = try feed == nil ? moment : nextTick(wall: moment)
            guard number == tick.next, scheduled == moment else {
                throw refusal(
                    reader, "expected tick \(tick.next) at \(scheduled?.nanoseconds ?? 0)")
            }
            try step(to: moment)
        case .place(let place):
            var terms = place.terms
            guard let market = listed(place.ticker), let owner = participant(key: place.account)
            else { throw refusal(reader, "an order for an unknown market or account") }
            terms.market = market
            let result = apply(terms, place.label, for: owner)
            let name = (try? result.get()).map { VenueNames.order($0.id) }
            guard name == place.orderID else {
                throw refusal(reader, "the order comes to \(name ?? "a decline") now")
            }
        case .cancel(let cancel):
            guard let owner = participant(key: cancel.account) else {
                throw refusal(reader, "a cancel for an unknown account")
            }
            _ = apply(cancel: cancel.order, for: owner)
        case .wallet(let address, let deposit):
            guard deposit == options.balance, participant(key: address) == nil else {
                throw refusal(reader, "a wallet that is there, or with another deposit")
            }
            effects.removeAll()
            _ = open(wallet: address)
        case .walletKey(let key, let isThere):
            effects.removeAll()
            apply(key, isThere: isThere)
        case .start, .account, .effect, .note: break
        }
    }

    private func refusal(_ reader: VenueLogReader, _ reason: String) -> VenueLogError {
        VenueLogError(
            description: "\(options.logPath ?? ""):\(reader.lineNumber): \(reason)")
    }
}
