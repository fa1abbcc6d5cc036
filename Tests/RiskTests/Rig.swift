import Foundation
import Portfolio
import Risk
import Testing
import Trading
import Wire

/// An engine with a journal, one account, one agent and everything that an order needs to pass, so
/// that a test changes only what it is about.
struct Rig {
    static let gatewayID: ProcessID = named("gw-kalshi")
    static let agentID: ProcessID = named("agent-crypto")
    static let venue: VenueID = named("kalshi")
    static let owner = StrategyKey(
        org: named("demo"), account: named("main"), mode: .paper, strategy: named("updown"))
    static let digest = Digest(bytes: [UInt8](repeating: 7, count: 32)) ?? .zero

    var engine = Rig.freshEngine()
    var effects = RiskEffects()
    var now = Timestamp(seconds: 1_000)
    /// Frames of JournalEntry, in order.
    var journal: [[UInt8]] = []
    var requests: UInt64 = 0
    var intents: UInt64 = 0
    var trades: UInt64 = 0
    /// The last permit of every order.
    var permits: [OrderID: OrderPermit] = [:]

    /// Limits that let the orders of these tests pass, all at the firm's level.
    static let roomyLimits: [(LimitKind, String)] = [
        (.orderQuantityMax, "100"), (.orderNotionalMax, "100"), (.collarPassive, "0.5"),
        (.collarAggressive, "0.2"), (.quoteAgeMax, "2"), (.messagesPerSecond, "1000"),
        (.messageBurst, "1000"), (.ordersPerSecond, "1000"), (.orderBurst, "1000"),
        (.openOrdersMax, "1000"), (.openNotionalMax, "10000"), (.positionMax, "1000"),
        (.eventLossMax, "1000"),
    ]

    #if BELLWETHER_MUTANTS
        /// What `scripts/mutants` spoils in every engine of these tests: `removed:CONTROL` or
        /// `inverted:CONTROL`. A name that is none spoils nothing, and so counts as survived.
        static let mutant: Mutant? = {
            let name = ProcessInfo.processInfo.environment["BELLWETHER_MUTANT"] ?? ""
            let parts = name.split(separator: ":")
            guard parts.count == 2, ["removed", "inverted"].contains(parts[0]),
                let control = Control.allCases.first(where: { "\($0)" == parts[1] })
            else { return nil }
            return Mutant(control, isInverted: parts[0] == "inverted")
        }()
    #endif

    /// An engine before its first command, mutated like all others.
    static func freshEngine() -> RiskEngine { mutated(RiskEngine(cluster: named("test"))) }

    static func mutated(_ engine: RiskEngine) -> RiskEngine {
        #if BELLWETHER_MUTANTS
            var engine = engine
            engine.mutant = mutant
        #endif
        return engine
    }

    init(
        cash: String = "1000", without missing: LimitKind? = nil,
        instruments: [String] = ["KX-1"], eventSet: String? = nil, isExclusive: Bool = false,
        mode: Mode = .paper
    ) {
        apply(
            CoreStarted(
                startedEpoch: Epoch(1), engineVersion: RiskEngine.version, mode: mode,
                isCrashLoop: .no))
        open(Rig.owner, cash: cash)
        grant(Rig.owner, to: Rig.agentID)
        for (kind, value) in Rig.roomyLimits where kind != missing { limit(kind, value) }
        connectGateway(lease: 1)
        for name in instruments {
            define(name, eventSet: eventSet ?? name, isExclusive: isExclusive)
        }
        connectAgent(1)
        reconcile()
    }

    // MARK: - Set-up

    mutating func open(
        _ owner: StrategyKey, cash: String, gateway: ProcessID = Rig.gatewayID
    ) {
        apply(
            AccountOpened(
                org: owner.org, account: owner.account, mode: owner.mode, venue: Rig.venue,
                gateway: gateway, cash: amount(cash)))
    }

    mutating func grant(_ owner: StrategyKey, to agent: ProcessID, _ isGranted: Bool = true) {
        apply(
            StrategyGranted(
                agent: agent, org: owner.org, account: owner.account, mode: owner.mode,
                strategy: owner.strategy, venue: Rig.venue, isGranted: Flag(isGranted)))
    }

    mutating func limit(
        _ kind: LimitKind, _ value: String, at level: LimitLevel = .firm,
        owner: StrategyKey = Rig.owner, instrument: String = "KX-1", eventSet: String = "KX-1",
        version: UInt64 = 7
    ) {
        apply(
            LimitSet(
                kind: kind, level: level, org: owner.org, account: owner.account, mode: owner.mode,
                strategy: owner.strategy, venue: Rig.venue, instrument: named(instrument),
                eventSet: named(eventSet), value: units(value), snapshot: version))
    }

    mutating func connectGateway(
        lease: UInt64, highestEpoch: UInt64 = 1, isKilled: Bool = false,
        gateway: ProcessID = Rig.gatewayID
    ) {
        apply(
            GatewayConnected(
                gateway: gateway, lease: LeaseID(lease), highestEpoch: Epoch(highestEpoch),
                isKilled: Flag(isKilled)))
    }

    /// The core starts again and its gateway agrees with it.
    mutating func restart(epoch: UInt64 = 2) {
        apply(
            CoreStarted(
                startedEpoch: Epoch(epoch), engineVersion: RiskEngine.version, mode: .paper,
                isCrashLoop: .no))
        connectGateway(lease: epoch + 1)
        reconcile()
    }

    /// The core's process ends and takes its state up from its snapshot.
    mutating func reload() {
        let bytes = engine.snapshotBytes()
        guard let restored = try? RiskEngine(snapshot: bytes) else {
            Issue.record("our own snapshot is refused")
            return
        }
        #expect(restored.snapshotBytes() == bytes, "a restart changed the state")
        engine = Rig.mutated(restored)
    }

    mutating func connectAgent(_ incarnation: UInt64, agent: ProcessID = Rig.agentID) {
        apply(AgentConnected(agent: agent, granted: Incarnation(incarnation)))
        requests = 0
        intents = 0
    }

    mutating func reconcile(
        breaks: UInt32 = 0, owner: StrategyKey = Rig.owner, from gateway: ProcessID = Rig.gatewayID
    ) {
        apply(
            AccountReconciled(
                gateway: gateway, account: owner.account, venueCash: .zero,
                ledgerCash: .zero, breaks: breaks))
    }

    mutating func define(
        _ name: String, eventSet: String, isExclusive: Bool = false, isExhaustive: Bool = false,
        tick: String = "0.01", lot: String = "0.01", status: InstrumentStatus = .open,
        openAt: Timestamp = .zero, closeAt: Timestamp = Timestamp(seconds: 1_000_000),
        ruleHash: Digest = Rig.digest
    ) {
        apply(
            InstrumentDefined(
                envelope: Rig.envelope(Rig.gatewayID), instrument: named(name), venue: Rig.venue,
                eventSet: named(eventSet), tick: price(tick), lot: quantity(lot), openAt: openAt,
                closeAt: closeAt, status: status, isExclusive: Flag(isExclusive),
                isExhaustive: Flag(isExhaustive), ruleHash: ruleHash, marketTime: now))
    }

    /// The venue says that the status of an instrument has changed.
    mutating func change(_ instrument: String, to status: InstrumentStatus) {
        apply(
            InstrumentChanged(
                envelope: Rig.envelope(Rig.gatewayID), instrument: named(instrument),
                status: status, marketTime: now))
    }

    // MARK: - Registry

    /// A statement that lets every event set whose name begins so be traded, unless adjusted.
    static func registered(
        _ name: String, isPattern: Bool = true, adjust: (inout RegistrySet) -> Void = { _ in }
    ) -> RegistrySet {
        var set = RegistrySet(
            venue: Rig.venue, eventSet: named(name), isPattern: Flag(isPattern), state: .tradable,
            isExclusive: .yes, isExhaustive: .yes, resolution: .open, resolvesAt: .zero,
            window: .zero, source: LongName("test") ?? .empty)
        adjust(&set)
        return set
    }

    /// A version of the registry, with links and reviewed rules by the name of the set.
    mutating func register(
        _ version: UInt64, _ sets: [RegistrySet], links: [(String, String)] = [],
        rules: [(String, Digest)] = []
    ) {
        apply(
            RegistryBegan(
                version: version, digest: Rig.digest, operator: named("local"),
                statements: UInt32(sets.count + links.count + rules.count)))
        for set in sets { apply(set) }
        for set in sets {
            for (name, bucket) in links where set.eventSet == named(name) {
                apply(
                    RegistryLink(
                        venue: set.venue, eventSet: set.eventSet, isPattern: set.isPattern,
                        bucket: LongName(bucket) ?? .empty))
            }
            for (name, rule) in rules where set.eventSet == named(name) {
                apply(
                    RegistryRule(
                        venue: set.venue, eventSet: set.eventSet, isPattern: set.isPattern,
                        ruleHash: rule))
            }
        }
    }

    // MARK: - Requests

    static func envelope(_ sender: ProcessID) -> Envelope {
        var envelope = Envelope.unset
        envelope.sender = sender
        return envelope
    }

    /// Declares a parent that is large enough for anything and returns its number.
    @discardableResult
    mutating func declare(
        _ side: Side, instrument: String = "KX-1", quantity contracts: String = "100000",
        limit: String? = nil, deadline: Timestamp? = nil, owner: StrategyKey = Rig.owner,
        agent: ProcessID = Rig.agentID, number: UInt64? = nil
    ) -> (id: IntentID, judgement: Judgement) {
        intents += 1
        let intent = DeclareIntent(
            envelope: Rig.envelope(agent), incarnation: incarnation(of: agent),
            intentID: IntentID(number ?? intents), org: owner.org, account: owner.account,
            mode: owner.mode, strategy: owner.strategy, instrument: named(instrument), side: side,
            quantity: quantity(contracts),
            limitPrice: price(limit ?? (side == .buy ? "0.99" : "0.01")),
            deadline: deadline ?? now + .seconds(3_600), urgency: 0.5)
        let frame = intent.frame()
        effects.removeAll()
        let judgement = engine.apply(
            intent, RequestFacts(declareIntent: frame.span.bytes), from: agent, at: now,
            into: &effects)
        journal(frame, judgement: judgement)
        return (intent.intentID, judgement)
    }

    func incarnation(of agent: ProcessID) -> Incarnation {
        Incarnation(engine.nextIncarnation(of: agent).rawValue - 1)
    }

    /// A sound request; `adjust` makes it the test's own.
    mutating func makeRequest(
        _ side: Side, _ at: String, _ contracts: String, instrument: String = "KX-1",
        intent: IntentID, owner: StrategyKey = Rig.owner, agent: ProcessID = Rig.agentID
    ) -> OrderRequest {
        requests += 1
        return OrderRequest(
            envelope: Rig.envelope(agent), incarnation: incarnation(of: agent),
            requestID: RequestID(requests), intentID: intent, org: owner.org,
            account: owner.account, mode: owner.mode, strategy: owner.strategy,
            instrument: named(instrument), side: side, timeInForce: .goodTillTime,
            isPostOnly: .no, price: price(at), quantity: quantity(contracts),
            expiresAt: now + .seconds(60), policyVersion: 1, modelHash: Rig.digest,
            featureHash: Rig.digest, confidence: 0.7, fairValue: price("0.55"),
            expectedEdge: amount("0.01"), quoteSequence: SequenceNumber(1), quotedAt: now)
    }

    /// The market around 0.50, received now; a nil touch is an empty side.
    func quote(
        bid: String? = "0.49", ask: String? = "0.51", instrument: String = "KX-1",
        receivedAt: Timestamp? = nil, isStale: Bool = false
    ) -> ReferenceUpdated {
        ReferenceUpdated(
            instrument: named(instrument), bid: bid.map { price($0) } ?? .zero,
            bidQuantity: quantity("10"), ask: ask.map { price($0) } ?? .zero,
            askQuantity: quantity("10"), bidDepth: quantity("100"), askDepth: quantity("100"),
            bookSequence: SequenceNumber(1), receivedAt: receivedAt ?? now,
            isStale: Flag(isStale), marketTime: now)
    }

    static let explanation = Explanation()

    struct Explanation {
        var signal = Array("signal".utf8)
        var model = Array("model".utf8)
        var features = [
            OrderRequest.FeaturesEntry(label: LongName("sigma") ?? .empty, value: 0.5)
        ]
    }

    /// Decides a request, records it, and journals both.
    @discardableResult
    mutating func send(
        _ request: OrderRequest, reference: ReferenceUpdated?,
        explanation: Explanation = Rig.explanation, from agent: ProcessID = Rig.agentID
    ) -> Judgement {
        let frame = request.frame(
            features: explanation.features, signal: explanation.signal, model: explanation.model)
        guard let facts = try? RequestFacts(orderRequest: frame.span.bytes) else {
            preconditionFailure("a frame of our own does not decode")
        }
        effects.removeAll()
        let before = engine.snapshotBytesIfSmall
        let judgement = engine.decide(request, facts, from: agent, reference: reference, at: now)
        #expect(before == engine.snapshotBytesIfSmall, "deciding changed the state")
        engine.record(
            request, facts, judgement, reference: reference, at: now, into: &effects)
        journal(frame, reference: reference?.frame() ?? [], judgement: judgement)
        for case .permit(let permit) in effects.items { permits[permit.orderID] = permit }
        return judgement
    }

    /// Declares a parent and sends one sound child of it.
    @discardableResult
    mutating func order(
        _ side: Side, _ at: String, _ contracts: String, instrument: String = "KX-1",
        owner: StrategyKey = Rig.owner, agent: ProcessID = Rig.agentID,
        adjust: (inout OrderRequest) -> Void = { _ in }
    ) -> Judgement {
        let parent = declare(side, instrument: instrument, owner: owner, agent: agent).id
        var request = makeRequest(
            side, at, contracts, instrument: instrument, intent: parent, owner: owner,
            agent: agent)
        adjust(&request)
        return send(request, reference: quote(instrument: instrument), from: agent)
    }

    @discardableResult
    mutating func cancel(_ id: OrderID, by agent: ProcessID = Rig.agentID) -> Judgement {
        requests += 1
        let cancel = CancelRequest(
            envelope: Rig.envelope(agent), incarnation: incarnation(of: agent),
            requestID: RequestID(requests), orderID: id)
        effects.removeAll()
        let judgement = engine.apply(cancel, from: agent, at: now, into: &effects)
        journal(cancel.frame(), judgement: judgement)
        return judgement
    }

    // MARK: - Reports

    mutating func fate(
        _ id: OrderID, _ state: OrderState, filled: String = "0",
        reason: GatewayReason = .none, from gateway: ProcessID = Rig.gatewayID
    ) {
        let permit = permits[id]
        let message = PermitFate(
            envelope: Rig.envelope(gateway), lease: permit?.lease ?? .zero,
            permit: permit?.permit ?? .zero, orderID: id, state: state, reason: reason,
            instrument: permit?.instrument ?? .empty,
            clientOrderID: permit?.clientOrderID ?? .empty,
            venueOrderID: .empty, filled: quantity(filled), remaining: .zero, marketTime: now)
        effects.removeAll()
        engine.apply(message, at: now, into: &effects)
        journal(message.frame())
    }

    /// Fills a permitted order at its own price unless another is given; returns the trade's name.
    @discardableResult
    mutating func fill(
        _ id: OrderID, _ contracts: String, at: String? = nil, fee: String = "0",
        trade: String? = nil, finality: FillFinality = .final, filledAt: Timestamp? = nil,
        from gateway: ProcessID = Rig.gatewayID
    ) -> String {
        trades += 1
        let tradeID = trade ?? "trade-\(trades)"
        let permit = permits[id]
        report(
            FillReport(
                envelope: Rig.envelope(gateway), orderID: id,
                account: permit?.account ?? Rig.owner.account,
                instrument: permit?.instrument ?? named("KX-1"),
                tradeID: VenueReference(tradeID) ?? .empty, venueOrderID: .empty,
                clientOrderID: .empty, side: permit?.side ?? .buy,
                price: at.map { price($0) } ?? permit?.price ?? price("0.5"),
                quantity: quantity(contracts), fee: amount(fee), liquidity: .maker,
                finality: finality, filledAt: filledAt ?? now, marketTime: now))
        return tradeID
    }

    /// Reports a fill as a gateway does that has forgotten the order: the venue's name is all there
    /// is.
    mutating func fillWithoutID(
        _ id: OrderID, _ contracts: String, trade: String, filledAt: Timestamp? = nil,
        name: VenueReference? = nil
    ) {
        guard let permit = permits[id] else { return }
        report(
            FillReport(
                envelope: Rig.envelope(permit.gateway), orderID: .zero, account: permit.account,
                instrument: permit.instrument, tradeID: VenueReference(trade) ?? .empty,
                venueOrderID: .empty, clientOrderID: name ?? permit.clientOrderID,
                side: permit.side, price: permit.price, quantity: quantity(contracts),
                fee: .zero, liquidity: .maker, finality: .final, filledAt: filledAt ?? now,
                marketTime: now))
    }

    mutating func report(_ fill: FillReport) {
        effects.removeAll()
        engine.apply(fill, at: now, into: &effects)
        journal(fill.frame())
    }

    mutating func settle(
        _ instrument: String, _ outcome: SettlementOutcome, value: String = "0",
        payout: String, holding: String? = nil
    ) {
        settle(
            instrument, outcome, value: value, paying: amount(payout),
            holding: holding.map { quantity($0) })
    }

    mutating func settle(
        _ instrument: String, _ outcome: SettlementOutcome, value: String = "0", paying: Money,
        holding: Quantity? = nil, owner: StrategyKey = Rig.owner,
        from gateway: ProcessID = Rig.gatewayID
    ) {
        // The venue settles what the ledger holds, where a test does not say otherwise.
        let held = engine.ledger.netQuantity(owner.accountKey, named(instrument))
        apply(
            InstrumentSettlement(
                envelope: Rig.envelope(gateway), account: owner.account,
                instrument: named(instrument), outcome: outcome, value: price(value),
                quantity: holding ?? held, payout: paying, settledAt: now, marketTime: now))
    }

    @discardableResult
    mutating func operate(
        _ action: OperatorAction, _ scope: ScopeKind = .all, nonce: UInt64,
        adjust: (inout OperatorCommand) -> Void = { _ in }
    ) -> OperatorOutcome? {
        var command = OperatorCommand(
            nonce: nonce, action: action, scope: scope, org: .empty, account: .empty,
            strategy: .empty, venue: .empty, instrument: .empty, operator: named("local"),
            issuedAt: now, signature: .zero)
        adjust(&command)
        effects.removeAll()
        engine.apply(command, at: now, into: &effects)
        journal(command.frame())
        for case .reply(_, _, _, let outcome) in effects.items { return outcome }
        return nil
    }

    /// Applies a command that is not judged and journals it.
    mutating func apply(_ message: some FixedWireMessage) { applyFrame(message.frame()) }
    mutating func apply(_ message: InstrumentDefined) { applyFrame(message.frame()) }

    mutating func applyFrame(_ frame: [UInt8]) {
        effects.removeAll()
        let template = try? WireFrame.template(of: frame)
        let isApplied =
            try? template.map { template in
                try engine.apply(template, frame, at: now, into: &effects)
            }
        #expect(isApplied == true, "a frame of our own was not applied")
        journal(frame)
    }

    mutating func checkpoint() {
        let hash = testHash(engine.snapshotBytes())
        journal(
            Checkpoint(stateHash: hash, entries: UInt64(journal.count)).frame())
    }

    private mutating func journal(
        _ command: [UInt8], reference: [UInt8] = [], judgement: Judgement? = nil
    ) {
        var writer = WireWriter()
        judgement?.encode(into: &writer, envelope: .unset)
        journal.append(
            JournalEntry(at: now).frame(
                command: command, reference: reference, decision: writer.bytes))
    }

    // MARK: - Looking

    mutating func pass(_ span: Span) { now = now + span }

    var cash: Money { engine.status.cash }
    var position: Quantity {
        engine.ledger.position(
            PositionKey(owner: Rig.owner, instrument: named("KX-1"))
        ).quantity
    }
    var reserved: Money { engine.status.reserved }

    func check(_ location: SourceLocation = #_sourceLocation) {
        #expect(engine.firstBreak() == nil, sourceLocation: location)
    }
}

extension RiskEngine {
    /// The snapshot, where taking it at every step does not make a test slow.
    var snapshotBytesIfSmall: [UInt8] { lastOrderID.rawValue < 8 ? snapshotBytes() : [] }
}

/// Stands in for SHA-256, which pure modules do not have: 32 bytes that differ where input differs.
@Sendable func testHash(_ bytes: [UInt8]) -> Digest {
    var words: [UInt64] = [1, 2, 3, 4]
    for (index, byte) in bytes.enumerated() {
        words[index % 4] = (words[index % 4] ^ UInt64(byte)) &* 0x0000_0100_0000_01B3
    }
    let result = words.flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) }
    }
    return Digest(bytes: result) ?? .zero
}

func named<ID: ShortIdentifier>(_ text: String) -> ID { ID(text) ?? .empty }
func named<ID: LongIdentifier>(_ text: String) -> ID { ID(text) ?? .empty }
func named(_ text: String) -> ShortName { ShortName(text) ?? .empty }
func amount(_ text: String) -> Money { Money(decimal: text) ?? .max }
func price(_ text: String) -> Price { Price(decimal: text) ?? .max }
func quantity(_ text: String) -> Quantity { Quantity(decimal: text) ?? .max }
func units(_ text: String) -> Int64 { Money(decimal: text)?.units ?? .max }
