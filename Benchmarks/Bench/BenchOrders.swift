import Risk
import Trading
import Wire

/// A risk engine of a size that matters, and orders for it: 1,000 instruments in 200 event sets,
/// 100 strategies of one agent each in 4 orgs.
enum BenchOrders {
    static let instruments = 1_000
    static let strategies = 100
    static let events = 200
    /// How many instruments a strategy trades, each under an intent of its own.
    static let intentsEach = instruments / strategies
    static let now = Timestamp(seconds: 1_000)
    static let gateway: ProcessID = named("gw-bench")
    static let venue: VenueID = named("bench")
    static let digest = Digest(bytes: [UInt8](repeating: 7, count: 32)) ?? .zero
    static let features = [
        OrderRequest.FeaturesEntry(label: named("sigma"), value: 0.5),
        OrderRequest.FeaturesEntry(label: named("spot"), value: 64_000),
    ]

    /// Where the order of a number belongs: strategies take turns, and each goes over its
    /// instruments.
    struct Place {
        let strategy: Int
        let instrument: Int
        let intent: UInt64

        init(_ number: Int) {
            let round = number / strategies % intentsEach
            strategy = number % strategies
            instrument = strategy + strategies * round
            intent = UInt64(round + 1)
        }
    }

    static func named(_ text: String) -> LongName { LongName(text) ?? .empty }
    static func named<Name: ShortIdentifier>(_ text: String) -> Name { Name(text) ?? .empty }
    static func instrument(_ index: Int) -> InstrumentID {
        InstrumentID("BENCH-\(index)") ?? .empty
    }
    /// The event set of five instruments that follow one another.
    static func event(_ index: Int) -> EventSetID { EventSetID("SET-\(index)") ?? .empty }
    static func agent(_ strategy: Int) -> ProcessID { named("agent-\(strategy)") }
    static func org(_ strategy: Int) -> OrgID { named("org-\(strategy % 4)") }
    static func account(_ strategy: Int) -> AccountID { named("account-\(strategy % 4)") }
    static func strategy(_ index: Int) -> StrategyID { named("strategy-\(index)") }

    /// An engine that permits what `request` asks for.
    static func engine() -> RiskEngine {
        var engine = RiskEngine(cluster: ShortName("bench") ?? .empty)
        var effects = RiskEffects()
        for frame in beginning {
            do {
                try engine.recover(entry(of: frame, at: now), into: &effects)
            } catch { preconditionFailure("the engine does not begin: \(error)") }
        }
        return engine
    }

    /// The frames of what brings an engine there, in order.
    static var beginning: [[UInt8]] {
        let start = CoreStarted(
            startedEpoch: Epoch(1), engineVersion: RiskEngine.version, mode: .paper,
            isCrashLoop: .no)
        let lease = GatewayConnected(
            gateway: gateway, lease: LeaseID(1), highestEpoch: Epoch(1), isKilled: .no)
        let reconciled = (0..<4).map {
            AccountReconciled(
                gateway: gateway, account: account($0), venueCash: .zero, ledgerCash: .zero,
                breaks: 0)
        }
        var frames = [start.frame()] + accounts
        frames += BenchLimits.all.map { $0.frame() }
        frames.append(lease.frame())
        for index in 0..<instruments { frames.append(definition(of: index).frame()) }
        return frames + reconciled.map { $0.frame() }
    }

    /// The body of a journal's entry that is no decision.
    static func entry(of frame: [UInt8], at now: Timestamp) -> [UInt8] {
        JournalEntry(at: now).frame(command: frame, reference: [], decision: [])
    }

    private static var accounts: [[UInt8]] {
        var frames = (0..<4).map {
            AccountOpened(
                org: org($0), account: account($0), mode: .paper, venue: venue,
                gateway: gateway, cash: Money(1_000_000)
            ).frame()
        }
        for index in 0..<strategies {
            frames.append(
                StrategyGranted(
                    agent: agent(index), org: org(index), account: account(index),
                    mode: .paper, strategy: strategy(index), venue: venue, isGranted: .yes
                ).frame())
            frames.append(AgentConnected(agent: agent(index), granted: Incarnation(1)).frame())
        }
        return frames
    }

    static func definition(of index: Int) -> InstrumentDefined {
        InstrumentDefined(
            envelope: envelope(gateway), instrument: instrument(index), venue: venue,
            eventSet: event(index / 5),
            tick: Price(units: 10_000_000), lot: Quantity(units: 10_000_000), openAt: .zero,
            closeAt: Timestamp(seconds: 1_000_000), status: .open, isExclusive: .yes,
            isExhaustive: .no, ruleHash: digest, marketTime: now)
    }

    static func envelope(_ sender: ProcessID) -> Envelope {
        var envelope = Envelope.unset
        envelope.sender = sender
        return envelope
    }

    static func intent(number: UInt64, instrument index: Int, strategy: Int) -> DeclareIntent {
        DeclareIntent(
            envelope: envelope(agent(strategy)), incarnation: Incarnation(1),
            intentID: IntentID(number), org: org(strategy), account: account(strategy),
            mode: .paper, strategy: self.strategy(strategy), instrument: instrument(index),
            side: .buy, quantity: Quantity(1_000_000), limitPrice: Price(units: 990_000_000),
            deadline: now + .seconds(3_600), urgency: 0.5)
    }

    static func request(
        number: UInt64, intent: UInt64, instrument index: Int, strategy: Int
    ) -> OrderRequest {
        OrderRequest(
            envelope: envelope(agent(strategy)), incarnation: Incarnation(1),
            requestID: RequestID(number), intentID: IntentID(intent), org: org(strategy),
            account: account(strategy), mode: .paper, strategy: self.strategy(strategy),
            instrument: instrument(index), side: .buy, timeInForce: .goodTillTime,
            isPostOnly: .no, price: Price(units: 500_000_000), quantity: Quantity(1),
            expiresAt: now + .seconds(60), policyVersion: 1, modelHash: digest,
            featureHash: digest, confidence: 0.7, fairValue: Price(units: 550_000_000),
            expectedEdge: Money(units: 10_000_000), quoteSequence: SequenceNumber(1),
            quotedAt: now)
    }

    /// A request with its explanation, as an agent sends it.
    static func frame(of request: OrderRequest) -> [UInt8] {
        request.frame(
            features: features, signal: Array("bench signal".utf8),
            model: Array("bench model".utf8))
    }

    /// The end of an order that was cancelled before anything of it filled.
    static func fate(of order: OrderID, at now: Timestamp) -> PermitFate {
        PermitFate(
            envelope: envelope(gateway), lease: LeaseID(1), permit: PermitSequence(1),
            orderID: order, state: .cancelled, reason: .cancelledByRequest, instrument: .empty,
            clientOrderID: .empty, venueOrderID: .empty, filled: .zero, remaining: .zero,
            marketTime: now)
    }

    /// The fill of a whole order, alone at its price.
    static func fill(of order: OrderID, _ request: OrderRequest, at now: Timestamp) -> FillReport {
        let name = VenueReference("trade-\(order)") ?? .empty
        return FillReport(
            envelope: envelope(gateway), orderID: order, account: request.account,
            instrument: request.instrument, tradeID: name, venueOrderID: name,
            clientOrderID: .empty, side: request.side, price: request.price,
            quantity: request.quantity, fee: Money(units: 5_000_000), liquidity: .maker,
            finality: .final, filledAt: now, marketTime: now)
    }

    static func reference(instrument index: Int) -> ReferenceUpdated {
        ReferenceUpdated(
            instrument: instrument(index), bid: Price(units: 490_000_000),
            bidQuantity: Quantity(10), ask: Price(units: 510_000_000), askQuantity: Quantity(10),
            bidDepth: Quantity(100), askDepth: Quantity(100), bookSequence: SequenceNumber(1),
            receivedAt: now, isStale: .no, marketTime: now)
    }
}
