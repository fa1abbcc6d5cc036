import Portfolio
import Trading
import Wire

extension RiskEngine {
    /// The engine that a snapshot describes. Everything that is not stored is computed, and the
    /// invariants are checked before anybody relies on it.
    package init(snapshot bytes: [UInt8]) throws(SnapshotError) {
        var reader = SnapshotReader(bytes: bytes)
        var restoring = try Restoration(first: try reader.next())
        while let record = try reader.next() {
            if restoring.isComplete {
                throw .misplaced(offset: record.offset, "follows the end")
            }
            try restoring.take(record)
        }
        guard restoring.isComplete else { throw .truncated(offset: bytes.count) }
        self = try restoring.finish()
    }
}

/// One frame of a snapshot.
struct SnapshotRecord {
    let offset: Int
    let frame: [UInt8]

    /// Decodes the record, naming its place where it cannot be.
    func decode<Value>(
        _ body: ([UInt8]) throws(WireError) -> Value
    ) throws(SnapshotError) -> Value {
        do {
            return try body(frame)
        } catch {
            throw .badRecord(offset: offset, error)
        }
    }
}

/// Cuts a snapshot into its frames.
struct SnapshotReader {
    private let bytes: [UInt8]
    private var offset = 0

    init(bytes: [UInt8]) { self.bytes = bytes }

    mutating func next() throws(SnapshotError) -> SnapshotRecord? {
        let start = offset
        if start == bytes.count { return nil }
        guard start + 4 <= bytes.count else { throw .truncated(offset: start) }
        var length = 0
        for position in 0..<4 { length |= Int(bytes[start + position]) << (8 * position) }
        guard length <= WireFrame.maximumLength, start + 4 + length <= bytes.count else {
            throw .truncated(offset: start)
        }
        offset = start + 4 + length
        return SnapshotRecord(offset: start, frame: Array(bytes[start + 4..<offset]))
    }
}

/// An engine being put together from records.
private struct Restoration {
    private var engine: RiskEngine
    private var records: UInt64 = 1
    private var closings: [(place: UInt64, event: Int32)] = []
    private var hasBrakes = false
    private(set) var isComplete = false

    init(first: SnapshotRecord?) throws(SnapshotError) {
        guard let first else { throw .truncated(offset: 0) }
        let head = try first.decode { frame throws(WireError) in
            try SnapshotHead(decoding: frame)
        }
        let readable = RiskEngine.snapshotVersionMin...RiskEngine.version
        guard readable.contains(head.engineVersion) else {
            throw .otherVersion(found: head.engineVersion, expected: RiskEngine.version)
        }
        engine = RiskEngine(cluster: head.cluster)
        engine.now = head.marketTime
        engine.epoch = head.coreEpoch
        engine.arming = head.arming
        engine.mode = head.mode
        engine.isCrashLoop = head.isCrashLoop.isSet
        engine.lastOrderID = head.lastOrderID
        engine.limitSnapshot = head.limitSnapshot
        engine.retirements = head.retirements
        engine.forgottenThrough = head.forgottenThrough
        engine.counters = RiskCounters(head)
        let reasons = try first.decode { frame throws(WireError) in
            try SnapshotHead.reasons(in: frame)
        }
        for entry in reasons { engine.counters[entry.reason] = entry.count }
        engine.nonces = try first.decode { frame throws(WireError) in
            try SnapshotHead.nonces(in: frame).map(\.nonce)
        }
    }

    mutating func take(_ record: SnapshotRecord) throws(SnapshotError) {
        let template = try record.decode { frame throws(WireError) in
            try WireFrame.template(of: frame)
        }
        switch template {
        case .snapshotGateway: try takeGateway(record)
        case .snapshotAccount: try takeAccount(record)
        case .snapshotStrategy: try takeStrategy(record)
        case .snapshotAgent: try takeAgent(record)
        case .snapshotHalt: try takeHalt(record)
        case .snapshotMeter: try takeMeter(record)
        case .snapshotEvent: try takeEvent(record)
        case .snapshotInstrument: try takeInstrument(record)
        case .snapshotNet: try takeNet(record)
        case .snapshotPosition: try takePosition(record)
        case .snapshotIntent: try takeIntent(record)
        case .snapshotOrder: try takeOrder(record)
        case .snapshotFill: try takeFill(record)
        case .snapshotActivity: try takeActivity(record)
        case .snapshotVolatility: try takeVolatility(record)
        case .snapshotTrail: try takeTrail(record)
        case .snapshotReach: try takeReach(record)
        case .snapshotHold: try takeHold(record)
        case .snapshotMark: try takeMark(record)
        case .snapshotClose: try takeClose(record)
        case .snapshotIntentFills: try takeIntentFills(record)
        case .snapshotBrake: try takeBrake(record)
        case .snapshotLedger, .snapshotLot, .snapshotRebates, .snapshotResolved, .snapshotBreak,
            .snapshotGap:
            try takeCost(record, template)
        case .snapshotMarkout: try takeMarkout(record)
        case .snapshotFillRate: try takeFillRate(record)
        case .snapshotOperators: try takeOperators(record)
        case .snapshotLimitOrigin: try takeLimitOrigin(record)
        case .snapshotPendingLimits: try takePendingLimits(record)
        case .snapshotDirective, .snapshotHaltIDs, .snapshotOverride, .snapshotCapitalMove:
            try takeDirectives(record, template)
        case .snapshotRegistry: try takeRegistry(record)
        case .registrySet: try takeRegistrySet(record)
        case .registryLink: try takeRegistryLink(record)
        case .registryRule: try takeRegistryRule(record)
        case .snapshotRuleChange: try takeRuleChange(record)
        case .snapshotHealth: try takeHealth(record)
        case .snapshotQuoteGuard: try takeQuoteGuard(record)
        case .snapshotReconciled: try takeReconciled(record)
        case .alertPathChanged:
            let value = try record.decode { frame throws(WireError) in
                try AlertPathChanged(decoding: frame)
            }
            engine.isAlertPathDead = value.isDead.isSet
        case .snapshotEnd:
            let end = try record.decode { frame throws(WireError) in
                try SnapshotEnd(decoding: frame)
            }
            guard end.records == records else {
                throw .wrongCount(found: records, expected: end.records)
            }
            isComplete = true
        default: throw .unexpectedTemplate(offset: record.offset, template.rawValue)
        }
        records += 1
    }

    /// Computes what is not stored and checks all of it.
    consuming func finish() throws(SnapshotError) -> RiskEngine {
        closings.sort { $0.place < $1.place }
        engine.eventsClosed = closings.map(\.event)
        engine.refreshHalts()
        engine.standAllEvents()
        let known = engine.orders.indices.sorted { engine.orders[$0].id < engine.orders[$1].id }
        for index in known { engine.relink(index) }
        engine.retired =
            known.filter { engine.orders[$0].state.isTerminal }
            .sorted { engine.orders[$0].retirement < engine.orders[$1].retirement }
        engine.finishBrakes(areStored: hasBrakes)
        if let found = engine.firstBreak() { throw .inconsistent(found) }
        return engine
    }

    // MARK: - Records

    private mutating func takeGateway(_ record: SnapshotRecord) throws(SnapshotError) {
        let value = try record.decode { frame throws(WireError) in
            try SnapshotGateway(decoding: frame)
        }
        let index = Int(engine.gateway(value.gateway))
        engine.gateways[index].lease = value.lease
        engine.gateways[index].nextPermit = value.nextPermit
        engine.gateways[index].highestEpoch = value.highestEpoch
        engine.gateways[index].isKilled = value.isKilled.isSet
    }

    private mutating func takeAccount(_ record: SnapshotRecord) throws(SnapshotError) {
        let value = try record.decode { frame throws(WireError) in
            try SnapshotAccount(decoding: frame)
        }
        let key = AccountKey(org: value.org, account: value.account, mode: value.mode)
        guard engine.accountIndex[key] == nil, let gateway = engine.gatewayIndex[value.gateway]
        else { throw .misplaced(offset: record.offset, "account \(key)") }
        var balance = Posting()
        balance.capital = value.capital
        balance.cash = value.cash
        balance.position = value.position
        balance.realized = value.realized
        balance.fees = value.fees
        balance.redeemable = value.settlement
        balance.pairing = value.pairing
        engine.ledger.restore(
            AccountBook(
                key: key, balance: balance, tradeFlow: value.tradeFlow, feesPaid: value.feesPaid,
                payouts: value.payouts, collateralConsumed: value.collateralConsumed))
        let index = Int(
            engine.insertAccount(
                key, venue: value.venue, gateway: gateway,
                ledger: engine.ledger.accounts.count - 1))
        engine.accounts[index].isReconciled = value.isReconciled.isSet
        engine.accounts[index].venueCash = value.venueCash
        engine.accounts[index].venueCashAt = value.venueCashAt
        engine.accounts[index].fillsKnownUntil = value.venueCashAt
    }

    private mutating func takeCost(
        _ record: SnapshotRecord, _ template: WireTemplate
    ) throws(SnapshotError) {
        let isPlaced = try record.decode { frame throws(WireError) in
            try engine.restoreCost(template, frame)
        }
        if !isPlaced { throw .misplaced(offset: record.offset, "a part of the ledger") }
    }

    private mutating func takeHold(_ record: SnapshotRecord) throws(SnapshotError) {
        let value = try record.decode { frame throws(WireError) in
            try SnapshotHold(decoding: frame)
        }
        engine.isDisarmedByOperator = value.isDisarmed.isSet
        engine.isStopped = value.isStopped.isSet
    }

    private mutating func takeOperators(_ record: SnapshotRecord) throws(SnapshotError) {
        let value = try record.decode { frame throws(WireError) in
            try SnapshotOperators(decoding: frame)
        }
        let names = try record.decode { frame throws(WireError) in
            try SnapshotOperators.operators(in: frame).map(\.name)
        }
        engine.roster = OperatorRoster(quorum: value.quorum, names: names)
    }

    private mutating func takeLimitOrigin(_ record: SnapshotRecord) throws(SnapshotError) {
        let value = try record.decode { frame throws(WireError) in
            try SnapshotLimitOrigin(decoding: frame)
        }
        guard let scope = ScopeKey(value) else {
            throw .misplaced(offset: record.offset, "a limit of no scope")
        }
        engine.limitOrigins[LimitPlace(scope, value.kind)] = LimitOrigin(
            version: value.version, at: value.at, signer: value.signer, cosigner: value.cosigner,
            configured: value.isConfigured.isSet ? value.configured : nil)
    }

    private mutating func takePendingLimits(_ record: SnapshotRecord) throws(SnapshotError) {
        let value = try record.decode { frame throws(WireError) in
            try SnapshotPendingLimits(decoding: frame)
        }
        let change = try record.decode { frame throws(WireError) in
            try SnapshotPendingLimits.change(in: frame)
        }
        _ = try record.decode { _ throws(WireError) in try SignedLimits(decoding: change) }
        engine.pendingLimits = PendingLimits(effectiveAt: value.effectiveAt, frame: change)
    }

    private mutating func takeDirectives(
        _ record: SnapshotRecord, _ template: WireTemplate
    ) throws(SnapshotError) {
        try record.decode { frame throws(WireError) in
            switch template {
            case .snapshotDirective: engine.restore(try SnapshotDirective(decoding: frame))
            case .snapshotOverride: engine.restore(try SnapshotOverride(decoding: frame))
            case .snapshotCapitalMove: try engine.restoreCapitalMove(frame)
            default: try engine.restoreHaltNumbers(frame)
            }
        }
    }

    private mutating func takeRegistry(_ record: SnapshotRecord) throws(SnapshotError) {
        let value = try record.decode { frame throws(WireError) in
            try SnapshotRegistry(decoding: frame)
        }
        engine.registry.version = value.version
        engine.registry.digest = value.digest
        engine.registry.signer = value.operator
        engine.registry.awaited = value.awaited
    }

    private mutating func takeRegistrySet(_ record: SnapshotRecord) throws(SnapshotError) {
        engine.take(
            try record.decode { frame throws(WireError) in try RegistrySet(decoding: frame) })
    }

    private mutating func takeRegistryLink(_ record: SnapshotRecord) throws(SnapshotError) {
        let value = try record.decode { frame throws(WireError) in
            try RegistryLink(decoding: frame)
        }
        guard engine.take(value) else {
            throw .misplaced(offset: record.offset, "a link of \(value.eventSet)")
        }
    }

    private mutating func takeRegistryRule(_ record: SnapshotRecord) throws(SnapshotError) {
        let value = try record.decode { frame throws(WireError) in
            try RegistryRule(decoding: frame)
        }
        guard engine.take(value) else {
            throw .misplaced(offset: record.offset, "a rule of \(value.eventSet)")
        }
    }

    private mutating func takeRuleChange(_ record: SnapshotRecord) throws(SnapshotError) {
        let value = try record.decode { frame throws(WireError) in
            try SnapshotRuleChange(decoding: frame)
        }
        guard let index = engine.instrumentIndex[value.instrument] else {
            throw .misplaced(offset: record.offset, "a rule of \(value.instrument)")
        }
        engine.instruments[index].changedRule = value.ruleHash
    }

    private mutating func takeHealth(_ record: SnapshotRecord) throws(SnapshotError) {
        let value = try record.decode { frame throws(WireError) in
            try SnapshotHealth(decoding: frame)
        }
        let answers = try record.decode { frame throws(WireError) in
            try SnapshotHealth.answers(in: frame)
        }
        let key = AccountKey(org: value.org, account: value.account, mode: value.mode)
        guard let index = engine.accountIndex[key], answers.count <= VenueHealth.answersMax else {
            throw .misplaced(offset: record.offset, "the health of \(key)")
        }
        engine.accounts[Int(index)].health.guardedUntil = value.guardedUntil
        for answer in answers {
            engine.accounts[Int(index)].health.add(
                VenueHealth.Answer(
                    latency: answer.latency, isDeclined: answer.isDeclined.isSet))
        }
    }

    private mutating func takeReconciled(_ record: SnapshotRecord) throws(SnapshotError) {
        let value = try record.decode { frame throws(WireError) in
            try SnapshotReconciled(decoding: frame)
        }
        let key = AccountKey(org: value.org, account: value.account, mode: value.mode)
        guard let index = engine.accountIndex[key] else {
            throw .misplaced(offset: record.offset, "the reconciliation of \(key)")
        }
        engine.accounts[Int(index)].reconciledAt = value.reconciledAt
        engine.accounts[Int(index)].freshAt = value.freshAt
    }

    private mutating func takeQuoteGuard(_ record: SnapshotRecord) throws(SnapshotError) {
        let value = try record.decode { frame throws(WireError) in
            try SnapshotQuoteGuard(decoding: frame)
        }
        guard let index = engine.instrumentIndex[value.instrument] else {
            throw .misplaced(offset: record.offset, "a guard of \(value.instrument)")
        }
        engine.instruments[index].guardedUntil = value.guardedUntil
    }

    private mutating func takeReach(_ record: SnapshotRecord) throws(SnapshotError) {
        let value = try record.decode { frame throws(WireError) in
            try SnapshotReach(decoding: frame)
        }
        let key = AccountKey(org: value.org, account: value.account, mode: value.mode)
        guard let index = engine.accountIndex[key] else {
            throw .misplaced(offset: record.offset, "the fills of \(key)")
        }
        engine.accounts[Int(index)].fillsKnownUntil = value.fillsKnownUntil
    }

    private mutating func takeMark(_ record: SnapshotRecord) throws(SnapshotError) {
        let value = try record.decode { frame throws(WireError) in
            try SnapshotMark(decoding: frame)
        }
        guard engine.restore(value) else {
            throw .misplaced(offset: record.offset, "the mark of \(value.instrument)")
        }
    }

    private mutating func takeClose(_ record: SnapshotRecord) throws(SnapshotError) {
        let value = try record.decode { frame throws(WireError) in
            try SnapshotClose(decoding: frame)
        }
        guard engine.restore(value) else {
            throw .misplaced(offset: record.offset, "the close of \(value.instrument)")
        }
    }

    private mutating func takeIntentFills(_ record: SnapshotRecord) throws(SnapshotError) {
        let value = try record.decode { frame throws(WireError) in
            try SnapshotIntentFills(decoding: frame)
        }
        let key = IntentKey(
            agent: value.agent, incarnation: value.incarnation, id: value.intentID)
        guard let index = engine.intentIndex[key] else {
            throw .misplaced(offset: record.offset, "fills of intent \(value.intentID)")
        }
        engine.intents[index].fills = value.fills
    }

    private mutating func takeBrake(_ record: SnapshotRecord) throws(SnapshotError) {
        let value = try record.decode { frame throws(WireError) in
            try SnapshotBrake(decoding: frame)
        }
        hasBrakes = true
        guard engine.restore(value) else {
            throw .misplaced(offset: record.offset, "the brake of a \(value.level)")
        }
    }

    private mutating func takeMarkout(_ record: SnapshotRecord) throws(SnapshotError) {
        let value = try record.decode { frame throws(WireError) in
            try SnapshotMarkout(decoding: frame)
        }
        let means = try record.decode { frame throws(WireError) in
            try SnapshotMarkout.means(in: frame)
        }
        let pending = try record.decode { frame throws(WireError) in
            try SnapshotMarkout.pending(in: frame)
        }
        guard engine.restore(value, means, pending) else {
            throw .misplaced(offset: record.offset, "markouts in \(value.instrument)")
        }
    }

    private mutating func takeFillRate(_ record: SnapshotRecord) throws(SnapshotError) {
        let value = try record.decode { frame throws(WireError) in
            try SnapshotFillRate(decoding: frame)
        }
        guard engine.restore(value) else {
            throw .misplaced(offset: record.offset, "the fills of a \(value.level)")
        }
    }

    private mutating func takeStrategy(_ record: SnapshotRecord) throws(SnapshotError) {
        let value = try record.decode { frame throws(WireError) in
            try SnapshotStrategy(decoding: frame)
        }
        let key = StrategyKey(
            org: value.org, account: value.account, mode: value.mode, strategy: value.strategy)
        guard engine.strategyNode(key) != nil else {
            throw .misplaced(offset: record.offset, "strategy \(key)")
        }
        engine.ledger.restore(
            StrategyBook(key: key, realized: value.realized, fees: value.fees))
    }

    private mutating func takeAgent(_ record: SnapshotRecord) throws(SnapshotError) {
        let value = try record.decode { frame throws(WireError) in
            try SnapshotAgent(decoding: frame)
        }
        let index = Int(engine.agent(value.agent))
        engine.agents[index].incarnation = value.incarnation
        engine.agents[index].requestHighWater = value.requestHighWater
        engine.agents[index].intentHighWater = value.intentHighWater
        engine.agents[index].counters.requested = value.requested
        engine.agents[index].counters.permitted = value.permitted
        engine.agents[index].counters.rejected = value.rejected
        engine.agents[index].counters.fills = value.fills
        let grants = try record.decode { frame throws(WireError) in
            try SnapshotAgent.grants(in: frame)
        }
        for grant in grants {
            let key = StrategyKey(
                org: grant.org, account: grant.account, mode: grant.mode,
                strategy: grant.strategy)
            guard let strategy = engine.strategyNodes[key] else {
                throw .misplaced(offset: record.offset, "a grant of \(key)")
            }
            engine.agents[index].grants.append(Grant(strategy: strategy, venue: grant.venue))
        }
        let decided = try record.decode { frame throws(WireError) in
            try SnapshotAgent.decided(in: frame)
        }
        for entry in decided {
            engine.agents[index].remember(
                DecidedRequest(
                    kind: entry.kind, number: entry.number, contentHash: entry.contentHash,
                    orderID: entry.orderID, reason: entry.reason, level: entry.level,
                    limit: entry.limit, value: entry.value))
        }
    }

    private mutating func takeHalt(_ record: SnapshotRecord) throws(SnapshotError) {
        let value = try record.decode { frame throws(WireError) in
            try SnapshotHalt(decoding: frame)
        }
        let scope = HaltScope(
            value.scope, org: value.org, account: value.account, strategy: value.strategy,
            venue: value.venue, instrument: value.instrument)
        engine.halts.append(Halt(scope: scope, state: value.state, since: value.since))
    }

    private mutating func takeMeter(_ record: SnapshotRecord) throws(SnapshotError) {
        let value = try record.decode { frame throws(WireError) in
            try SnapshotMeter(decoding: frame)
        }
        guard let key = ScopeKey(value) else {
            throw .misplaced(offset: record.offset, "a meter of no scope")
        }
        let index = engine.meter(key)
        engine.meters[index].messages = RateBucket(fullAt: value.messagesFullAt)
        engine.meters[index].orders = RateBucket(fullAt: value.ordersFullAt)
        let limits = try record.decode { frame throws(WireError) in
            try SnapshotMeter.limits(in: frame)
        }
        for limit in limits { engine.limits[limit.kind, index] = limit.value }
        if limits.contains(where: { $0.kind == .collarClose }) { engine.isClosing = true }
    }

    private mutating func takeActivity(_ record: SnapshotRecord) throws(SnapshotError) {
        let value = try record.decode { frame throws(WireError) in
            try SnapshotActivity(decoding: frame)
        }
        guard let key = ScopeKey(value), let index = engine.meterIndex[key] else {
            throw .misplaced(offset: record.offset, "the activity of no scope")
        }
        engine.meters[index].activity = try record.decode { frame throws(WireError) in
            Activity(
                minutes: try SnapshotActivity.minutes(in: frame).map {
                    Activity.Minute(minute: $0.minute, orders: $0.orders, trades: $0.trades)
                })
        }
    }

    private mutating func takeEvent(_ record: SnapshotRecord) throws(SnapshotError) {
        let value = try record.decode { frame throws(WireError) in
            try SnapshotEvent(decoding: frame)
        }
        let index = engine.event(EventKey(venue: value.venue, id: value.eventSet))
        if value.closing > 0 {
            engine.events[index].isClosed = true
            closings.append((place: value.closing, event: index))
        }
    }

    private mutating func takeInstrument(_ record: SnapshotRecord) throws(SnapshotError) {
        let value = try record.decode { frame throws(WireError) in
            try SnapshotInstrument(decoding: frame)
        }
        let key = EventKey(venue: value.venue, id: value.eventSet)
        guard engine.instrumentIndex[value.instrument] == nil, engine.eventIndex[key] != nil else {
            throw .misplaced(offset: record.offset, "instrument \(value.instrument)")
        }
        engine.insertInstrument(value)
    }

    private mutating func takeVolatility(_ record: SnapshotRecord) throws(SnapshotError) {
        let value = try record.decode { frame throws(WireError) in
            try SnapshotVolatility(decoding: frame)
        }
        guard let index = engine.instrumentIndex[value.instrument], value.samples > 0,
            value.logit.isFinite, value.variance.isFinite, value.variance >= 0
        else {
            throw .misplaced(offset: record.offset, "the volatility of \(value.instrument)")
        }
        engine.instruments[index].volatility = Volatility(
            sampledAt: value.sampledAt, logit: value.logit, variance: value.variance,
            samples: value.samples)
    }

    private mutating func takeNet(_ record: SnapshotRecord) throws(SnapshotError) {
        let value = try record.decode { frame throws(WireError) in
            try SnapshotNet(decoding: frame)
        }
        let key = AccountKey(org: value.org, account: value.account, mode: value.mode)
        guard engine.accountIndex[key] != nil else {
            throw .misplaced(offset: record.offset, "a holding of \(key)")
        }
        let holders = try record.decode { frame throws(WireError) in
            try SnapshotNet.holders(in: frame).map(\.strategy)
        }
        engine.ledger.restore(
            Ledger.InstrumentRecord(
                account: key, instrument: value.instrument,
                book: InstrumentBook(
                    net: value.net, strategyShort: value.strategyShort, pairing: value.pairing,
                    settledAt: value.isSettled.isSet ? value.settledAt : nil, holders: holders)))
    }

    private mutating func takePosition(_ record: SnapshotRecord) throws(SnapshotError) {
        let value = try record.decode { frame throws(WireError) in
            try SnapshotPosition(decoding: frame)
        }
        let owner = StrategyKey(
            org: value.org, account: value.account, mode: value.mode, strategy: value.strategy)
        guard let strategy = engine.strategyNodes[owner],
            let instrument = engine.instrumentIndex[value.instrument]
        else { throw .misplaced(offset: record.offset, "a position of \(owner)") }
        let position = Position(
            quantity: value.quantity, cost: value.cost, realized: value.realized,
            fees: value.fees)
        engine.ledger.restore(
            position, under: PositionKey(owner: owner, instrument: value.instrument))
        engine.markByCost(instrument, position)
        engine.change(strategy: strategy, instrument: instrument) {
            $0.move(cash: value.flow, quantity: value.quantity)
        }
    }

    private mutating func takeTrail(_ record: SnapshotRecord) throws(SnapshotError) {
        let value = try record.decode { frame throws(WireError) in
            try SnapshotTrail(decoding: frame)
        }
        var trail = OrderTrail()
        trail.orders = try record.decode { frame throws(WireError) in
            try SnapshotTrail.orders(in: frame).map {
                OrderTrail.Order(
                    side: $0.side, price: $0.price, quantity: $0.quantity, at: $0.at)
            }
        }
        trail.walk = try record.decode { frame throws(WireError) in
            try SnapshotTrail.steps(in: frame).map {
                OrderTrail.Step(
                    since: $0.since, until: $0.until, lowestBuy: $0.lowestBuy,
                    highestSell: $0.highestSell)
            }
        }
        let owner = StrategyKey(
            org: value.org, account: value.account, mode: value.mode, strategy: value.strategy)
        guard engine.restore(trail, of: owner, in: value.instrument) else {
            throw .misplaced(offset: record.offset, "a trail of \(owner)")
        }
    }

    private mutating func takeIntent(_ record: SnapshotRecord) throws(SnapshotError) {
        let value = try record.decode { frame throws(WireError) in
            try SnapshotIntent(decoding: frame)
        }
        let owner = StrategyKey(
            org: value.org, account: value.account, mode: value.mode, strategy: value.strategy)
        guard let strategy = engine.strategyNodes[owner],
            let agent = engine.agentIndex[value.agent]
        else { throw .misplaced(offset: record.offset, "an intent of \(owner)") }
        let key = IntentKey(
            agent: value.agent, incarnation: value.incarnation, id: value.intentID)
        let index = engine.intents.insert(
            IntentState(
                key: key, strategy: strategy, instrument: value.instrument,
                place: engine.instrumentIndex[value.instrument] ?? -1, side: value.side,
                quantity: value.quantity, limitPrice: value.limitPrice,
                deadline: value.deadline, committed: value.committed))
        engine.intentIndex[key] = index
        engine.agents[Int(agent)].intents.append(index)
    }

    private mutating func takeOrder(_ record: SnapshotRecord) throws(SnapshotError) {
        let value = try record.decode { frame throws(WireError) in
            try SnapshotOrder(decoding: frame)
        }
        guard engine.orderIndex[value.orderID] == nil, engine.restore(value) else {
            throw .misplaced(offset: record.offset, "order \(value.orderID)")
        }
    }

    private mutating func takeFill(_ record: SnapshotRecord) throws(SnapshotError) {
        let value = try record.decode { frame throws(WireError) in
            try SnapshotFill(decoding: frame)
        }
        let fill = FillRecord(
            tradeID: value.tradeID, price: value.price, quantity: value.quantity, fee: value.fee,
            change: Position.Change(cost: value.cost, gain: value.gain, short: value.short),
            filledAt: value.filledAt, finality: value.finality)
        if value.orderID == .zero {
            engine.foreignFills.append(fill)
        } else if let index = engine.orderIndex[value.orderID] {
            engine.orders[index].fills.append(fill)
        } else {
            throw .misplaced(offset: record.offset, "a fill of order \(value.orderID)")
        }
    }
}
