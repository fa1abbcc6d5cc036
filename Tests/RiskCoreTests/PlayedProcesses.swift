import Cryptography
import Journal
import RiskCore
import Synchronization
import Testing
import Trading
import Transport
import Wire

/// What the follower's thread has answered.
final class FollowAnswers: Sendable {
    typealias Answer = Result<JournalFollower.Answer, JournalError>
    private let answers = Mutex<[Answer]>([])

    func add(_ answer: Answer) { answers.withLock { $0.append(answer) } }

    func takeAll() -> [Answer] {
        answers.withLock { answers in
            defer { answers.removeAll() }
            return answers
        }
    }
}

/// A gateway that does what a test says: it grants leases and states an empty venue by itself, and
/// answers permits only when told.
final class PlayedGateway: LoopService {
    let orders: LinkServer
    let market: MarketPublisher
    var authenticator: PermitAuthenticator?
    var received: [[UInt8]] = []
    var lease = LeaseID.zero
    var highestEpoch = Epoch.zero
    var cash = Money(1_000)
    var positions: [InstrumentID: Quantity] = [:]
    var openOrders: [OrderID] = []
    /// What a reconciliation states again before positions.
    var settlements: [InstrumentSettlement] = []
    var grantsLeases = true
    var answersReconcile = true
    /// The permit whose fill a reconciliation states again.
    var repeatsFillOf: OrderPermit?
    /// The kill latch that leases state.
    var isKilled = false
    private var now: Timestamp = .zero

    static let instrument = InstrumentID("KXTEST-1") ?? .empty

    init(orders: LinkServer, market: MarketPublisher) {
        self.orders = orders
        self.market = market
    }

    func turnBegan(_ clock: TurnClock) { now = clock.wall }
    func linkOpened(
        _ peer: ProcessID, incarnation: Incarnation, resumed: Bool, on link: LinkName
    ) {}
    func linkClosed(_ peer: ProcessID, because reason: LinkClosure, on link: LinkName) {}
    func endOfBatch() throws {}

    func received(_ frame: [UInt8], from peer: ProcessID, on link: LinkName) {
        received.append(frame)
        guard let template = try? WireFrame.template(of: frame) else { return }
        switch template {
        case .requestLease: grant(frame)
        case .reconcile: if answersReconcile { reconcile() }
        default: break
        }
    }

    private func grant(_ frame: [UInt8]) {
        guard grantsLeases, let request = try? RequestLease(decoding: frame) else { return }
        let isBehind = request.coreEpoch < highestEpoch
        if !isBehind {
            highestEpoch = request.coreEpoch
            lease = lease.next
        }
        send(
            LeaseGranted(
                lease: isBehind ? .zero : lease, highestEpoch: highestEpoch,
                permitHighWater: .zero, journalSequence: request.journalSequence,
                chainHead: request.chainHead, mode: .paper, isKilled: Flag(isKilled)
            ).frame())
    }

    /// States venue truth.
    func reconcile() {
        if let repeatsFillOf { fill(repeatsFillOf) }
        for settlement in settlements { send(settlement.frame()) }
        for order in openOrders {
            send(
                VenueOrder(
                    orderID: order, instrument: PlayedGateway.instrument, clientOrderID: .empty,
                    venueOrderID: .empty, side: .buy, price: .zero, remaining: .zero,
                    filled: .zero, marketTime: now
                ).frame())
        }
        for (instrument, quantity) in positions.sorted(by: { $0.key < $1.key }) {
            send(
                VenuePosition(
                    account: AccountID("main") ?? .empty, instrument: instrument,
                    quantity: quantity, marketTime: now
                ).frame())
        }
        send(
            VenueBalance(
                org: OrgID("demo") ?? .empty, account: AccountID("main") ?? .empty, cash: cash,
                marketTime: now
            ).frame())
        send(
            Reconciled(
                orders: UInt32(openOrders.count), positions: UInt32(positions.count), fills: 0,
                marketTime: now
            ).frame())
    }

    func send(_ frame: [UInt8]) {
        _ = orders.send(frame, to: CoreFixture.core, lane: .priority)
    }

    // MARK: Told by a test

    var permits: [OrderPermit] {
        received.compactMap { try? OrderPermit(decoding: $0) }
    }

    func count(_ template: WireTemplate) -> Int {
        received.count { (try? WireFrame.template(of: $0)) == template }
    }

    /// Whether the last permit's code holds.
    func isLastPermitSealed() throws -> Bool {
        let frame = try #require(
            received.last { (try? WireFrame.template(of: $0)) == .orderPermit })
        let permit = try OrderPermit(decoding: frame)
        let code = try SHA256Digest(bytes: permit.mac.bytes)
        return authenticator?.verify(
            frame, range: OrderPermit.authenticatedRange, code: code) == true
    }

    func define(at time: Timestamp? = nil) {
        let time = time ?? now
        send(
            InstrumentDefined(
                instrument: PlayedGateway.instrument, venue: VenueID("kalshi") ?? .empty,
                eventSet: EventSetID("KXTEST-1") ?? .empty, tick: Price(units: 10_000_000),
                lot: Quantity(1), openAt: .zero, closeAt: time + .seconds(86_400),
                status: .open, isExclusive: .yes, isExhaustive: .yes, ruleHash: .zero,
                marketTime: time
            ).frame(title: Array("test".utf8)))
    }

    func publishBook(bid: Int64 = 48, ask: Int64 = 52, at time: Timestamp? = nil) {
        let time = time ?? now
        let level = { (cents: Int64) in Price(units: cents * 10_000_000) }
        let frame = BookSnapshot(
            instrument: PlayedGateway.instrument, bookSequence: SequenceNumber(1),
            receivedAt: time, marketTime: time, isStale: .no
        ).frame(
            bids: [.init(price: level(bid), quantity: Quantity(100))],
            asks: [.init(price: level(ask), quantity: Quantity(100))])
        market.publish(frame, topic: MarketTopic(PlayedGateway.instrument))
    }

    /// Changes the kill latch and says so.
    func latch(_ isKilled: Bool) {
        self.isKilled = isKilled
        send(GatewayLatch(isKilled: Flag(isKilled), highestNonce: 1, marketTime: now).frame())
    }

    /// The instrument pays a dollar for each of `quantity` contracts, which the venue then holds no
    /// more.
    func settle(quantity: Int64, at time: Timestamp) {
        let settlement = InstrumentSettlement(
            account: AccountID("main") ?? .empty, instrument: PlayedGateway.instrument,
            outcome: .yes, value: .one, quantity: Quantity(quantity), payout: Money(quantity),
            settledAt: time, marketTime: time)
        settlements.append(settlement)
        positions[PlayedGateway.instrument] = nil
        cash += Money(quantity)
        send(settlement.frame())
    }

    func report(_ permit: OrderPermit, _ state: OrderState, filled: Quantity = .zero) {
        send(
            PermitFate(
                lease: permit.lease, permit: permit.permit, orderID: permit.orderID, state: state,
                reason: .none, instrument: permit.instrument,
                clientOrderID: permit.clientOrderID, venueOrderID: .empty, filled: filled,
                remaining: permit.quantity - filled, marketTime: now
            ).frame(detail: []))
    }

    func fill(_ permit: OrderPermit, trade: String = "trade-1", at time: Timestamp? = nil) {
        let time = time ?? now
        send(
            FillReport(
                orderID: permit.orderID, account: permit.account, instrument: permit.instrument,
                tradeID: VenueReference(trade) ?? .empty, venueOrderID: .empty,
                clientOrderID: permit.clientOrderID, side: permit.side, price: permit.price,
                quantity: permit.quantity, fee: Money(units: 10_000_000), liquidity: .maker,
                finality: .final, filledAt: time, marketTime: time
            ).frame())
    }
}

/// An agent that asks what a test tells it to.
final class PlayedAgent: LoopService {
    let core: LinkClient
    var received: [[UInt8]] = []
    var incarnation = Incarnation.zero
    var isReady = false
    private var requests: UInt64 = 0
    private var intents: UInt64 = 0
    private(set) var now: Timestamp = .zero

    init(core: LinkClient) { self.core = core }

    func turnBegan(_ clock: TurnClock) { now = clock.wall }
    func linkOpened(
        _ peer: ProcessID, incarnation: Incarnation, resumed: Bool, on link: LinkName
    ) {
        guard !resumed else { return }
        isReady = false
        (requests, intents) = (0, 0)
    }
    func linkClosed(_ peer: ProcessID, because reason: LinkClosure, on link: LinkName) {}
    func endOfBatch() throws {}

    func received(_ frame: [UInt8], from peer: ProcessID, on link: LinkName) {
        received.append(frame)
        if let granted = try? AgentGranted(decoding: frame) { incarnation = granted.incarnation }
        if (try? WireFrame.template(of: frame)) == .agentReady { isReady = true }
    }

    var decisions: [Decision] { received.compactMap { try? Decision(decoding: $0) } }
    var updates: [OrderUpdate] { received.compactMap { try? OrderUpdate(decoding: $0) } }

    func count(_ template: WireTemplate) -> Int {
        received.count { (try? WireFrame.template(of: $0)) == template }
    }

    func declare(quantity: Int64 = 100, at time: Timestamp? = nil) {
        intents += 1
        _ = core.send(
            DeclareIntent(
                incarnation: incarnation, intentID: IntentID(intents), org: key.org,
                account: key.account, mode: .paper, strategy: key.strategy,
                instrument: PlayedGateway.instrument, side: .buy, quantity: Quantity(quantity),
                limitPrice: Price(units: 900_000_000), deadline: (time ?? now) + .seconds(3_600),
                urgency: 0.5
            ).frame())
    }

    func request(
        cents: Int64 = 50, quantity: Int64 = 1, at time: Timestamp? = nil, signal: String = "spot"
    ) {
        requests += 1
        let time = time ?? now
        let hash = Digest(bytes: [UInt8](repeating: 1, count: 32)) ?? .zero
        let request = OrderRequest(
            incarnation: incarnation, requestID: RequestID(requests),
            intentID: IntentID(max(1, intents)), org: key.org, account: key.account, mode: .paper,
            strategy: key.strategy, instrument: PlayedGateway.instrument, side: .buy,
            timeInForce: .goodTillTime, isPostOnly: .no,
            price: Price(units: cents * 10_000_000), quantity: Quantity(quantity),
            expiresAt: time + .seconds(60), policyVersion: 1, modelHash: hash, featureHash: hash,
            confidence: 0.9, fairValue: Price(units: 600_000_000),
            expectedEdge: Money(units: 50_000_000), quoteSequence: SequenceNumber(1),
            quotedAt: time)
        let feature = OrderRequest.FeaturesEntry(
            label: LongName("sigma") ?? .empty, value: 0.4)
        _ = core.send(
            request.frame(
                features: [feature], signal: Array(signal.utf8), model: Array("digital".utf8)))
    }

    func cancel(_ order: OrderID) {
        requests += 1
        _ = core.send(
            CancelRequest(
                incarnation: incarnation, requestID: RequestID(requests), orderID: order
            ).frame())
    }

    func finish(_ tick: TickNumber) {
        _ = core.send(TickDone(tick: tick, requested: 0).frame())
    }

    private var key: StrategyKey {
        StrategyKey(
            org: OrgID("demo") ?? .empty, account: AccountID("main") ?? .empty, mode: .paper,
            strategy: StrategyID("updown") ?? .empty)
    }
}

/// A supervisor that sends what a test gives it.
final class PlayedSupervisor: LoopService {
    let core: LinkClient
    var received: [[UInt8]] = []
    private(set) var now: Timestamp = .zero

    init(core: LinkClient) { self.core = core }

    func turnBegan(_ clock: TurnClock) { now = clock.wall }
    func linkOpened(
        _ peer: ProcessID, incarnation: Incarnation, resumed: Bool, on link: LinkName
    ) {}
    func linkClosed(_ peer: ProcessID, because reason: LinkClosure, on link: LinkName) {}
    func endOfBatch() throws {}
    func received(_ frame: [UInt8], from peer: ProcessID, on link: LinkName) {
        received.append(frame)
    }

    var replies: [OperatorReply] { received.compactMap { try? OperatorReply(decoding: $0) } }
    var statuses: [StatusReply] { received.compactMap { try? StatusReply(decoding: $0) } }

    /// The counters of the last status.
    func counters() throws -> [String: Int64] {
        let frame = try #require(
            received.last { (try? WireFrame.template(of: $0)) == .statusReply })
        return Dictionary(
            try StatusReply.counters(in: frame).map { ($0.label.description, $0.value) }
        ) { first, _ in first }
    }

    func command(
        _ action: OperatorAction, nonce: UInt64, key: Ed25519PrivateKey,
        issuedAt: Timestamp? = nil, name: String = "local"
    ) throws {
        var command = OperatorCommand(
            nonce: nonce, action: action, scope: .all, org: .empty, account: .empty,
            strategy: .empty, venue: .empty, instrument: .empty,
            operator: try #require(ShortName(name)), issuedAt: issuedAt ?? now, signature: .zero)
        let signature = try OperatorSeal.sign(
            command.frame(reason: []), range: OperatorCommand.authenticatedRange, reason: [],
            with: key)
        command.signature = try #require(SignatureBytes(bytes: signature))
        _ = core.send(command.frame(reason: []))
    }

    /// Gives a directive that clears everything, or the account of the fixture.
    func loosen(
        _ action: OperatorAction, _ scope: ScopeKind = .all, halt: UInt64 = 0, number: UInt64,
        by keys: [(String, Ed25519PrivateKey)], reason: String = ""
    ) throws {
        let isAll = scope == .all
        let directive = OperatorDirective(
            cluster: try #require(ShortName("test")), number: number, action: action,
            scope: scope, org: isAll ? .empty : try #require(OrgID("demo")),
            account: isAll ? .empty : try #require(AccountID("main")), strategy: .empty,
            venue: .empty, instrument: .empty, issuedAt: now,
            expiresAt: now + .seconds(3_600), halt: halt
        ).frame(latches: [], reason: Array(reason.utf8))
        try give(directive, nonce: number, by: keys)
    }

    /// Gives a directive that is signed as `signed`.
    func give(
        _ directive: [UInt8], as signed: [UInt8]? = nil, nonce: UInt64,
        by keys: [(String, Ed25519PrivateKey)]
    ) throws {
        let signatures = try keys.map { name, key in
            DirectiveGiven.SignaturesEntry(
                operator: try #require(ShortName(name)),
                signature: try #require(
                    SignatureBytes(bytes: try DirectiveSeal.sign(signed ?? directive, with: key))))
        }
        let given = DirectiveGiven(nonce: nonce, receivedAt: .zero, isObeyed: .no)
        _ = core.send(given.frame(signatures: signatures, directive: directive))
    }

    /// Posts to the fixture's account; what is sent is `sent`, what is signed is `amount`.
    func post(
        _ amount: Money, as sent: Money? = nil, why: PostingReason = .transfer, nonce: UInt64,
        by keys: [(String, Ed25519PrivateKey)]
    ) throws {
        var posting = PostingDirective(
            cluster: try #require(ShortName("test")), number: nonce, why: why,
            org: try #require(OrgID("demo")), account: try #require(AccountID("main")),
            mode: .paper, amount: amount, issuedAt: now, expiresAt: now + .seconds(3_600))
        let signed = posting.frame(reason: [])
        posting.amount = sent ?? amount
        try give(posting.frame(reason: []), as: signed, nonce: nonce, by: keys)
    }
}
