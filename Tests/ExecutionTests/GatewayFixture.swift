import Execution
import Trading
import Wire

/// A gateway engine with one open instrument and a granted lease, and a record of what it did.
struct GatewayFixture {
    var engine: GatewayEngine
    var now = GatewayInstant(
        market: Timestamp(seconds: 1_000), monotonic: MonotonicTime(nanoseconds: 0))
    var facts: [GatewayFact] = []
    var reports: [GatewayReport] = []
    var alarms: [String] = []
    var submitted: [(call: VenueCall, id: VenueCallID)] = []
    /// Until when each submitted call may go out.
    var deadlines: [MonotonicTime?] = []

    static let instrument = InstrumentID(name: LongName("KXTEST-1") ?? .empty)
    static let terms = terms(isReplay: false)

    static func terms(
        isReplay: Bool, quorum: Int = 1, mode: Mode = .paper
    ) -> GatewayTerms {
        GatewayTerms(
            cluster: ShortName("test") ?? .empty,
            gateway: ProcessID(name: ShortName("gw-kalshi") ?? .empty),
            venue: VenueID(name: ShortName("kalshi") ?? .empty),
            org: OrgID(name: ShortName("demo") ?? .empty),
            account: AccountID(name: ShortName("main") ?? .empty), mode: mode,
            lastLine: LastLineLimits(
                orderQuantityMax: Quantity(10), orderNotionalMax: Money(8), ordersPerSecondMax: 5),
            isReplay: isReplay, quorum: quorum)
    }

    init(
        granted: Bool = true, isReplay: Bool = false, quorum: Int = 1, mode: Mode = .paper
    ) {
        engine = GatewayEngine(
            terms: GatewayFixture.terms(isReplay: isReplay, quorum: quorum, mode: mode))
        perform { engine, now, effects in
            engine.handle(
                .instrumentChanged(GatewayFixture.listing(.open)), at: now, into: &effects)
        }
        if granted { grantLease(epoch: 1) }
        forget()
    }

    static func listing(_ status: InstrumentStatus) -> VenueInstrument {
        VenueInstrument(
            instrument: Instrument(
                id: instrument, venue: terms.venue,
                eventSet: EventSetID(name: instrument.name), tick: Price(units: 10_000_000),
                lot: Quantity(units: 10_000_000), openAt: .zero,
                closeAt: Timestamp(seconds: 2_000), title: "test", ruleHash: ""),
            status: status, isExclusive: true, isExhaustive: false)
    }

    mutating func perform(
        _ body: (inout GatewayEngine, GatewayInstant, inout [GatewayEffect]) -> Void
    ) {
        var effects: [GatewayEffect] = []
        body(&engine, now, &effects)
        for effect in effects {
            switch effect {
            case .record(let fact): facts.append(fact)
            case .submit(let call, let id, let deadline):
                submitted.append((call, id))
                deadlines.append(deadline)
            case .report(let report): reports.append(report)
            case .alarm(let name, _): alarms.append(name)
            }
        }
    }

    /// Asks for a lease and answers the quiescing calls with an empty venue.
    mutating func grantLease(epoch: UInt64) {
        perform { engine, now, effects in
            engine.request(
                RequestLease(
                    coreEpoch: Epoch(epoch), journalSequence: .zero, chainHead: .zero),
                at: now.market, into: &effects)
        }
        answerQuiesce()
    }

    mutating func answerQuiesce(open: [VenueOrderState] = []) {
        answer { id in .cancelledAll(id, count: 0) }
        answer { id in .openOrders(id, open) }
    }

    /// Answers the last submitted call.
    mutating func answer(_ event: (VenueCallID) -> VenueEvent) {
        guard let last = submitted.last else { return }
        let answered = event(last.id)
        perform { engine, now, effects in engine.handle(answered, at: now, into: &effects) }
    }

    /// Time passes, and what is due then is done.
    mutating func pass(_ span: Span) {
        now = GatewayInstant(market: now.market + span, monotonic: now.monotonic + span)
        perform { engine, now, effects in engine.timerFired(at: now, into: &effects) }
    }

    mutating func forget() {
        facts = []
        reports = []
        alarms = []
        submitted = []
        deadlines = []
    }

    mutating func accept(_ permit: OrderPermit, isAuthentic: Bool = true) {
        perform { engine, now, effects in
            engine.accept(permit, isAuthentic: isAuthentic, at: now, into: &effects)
        }
    }

    func permit(_ number: UInt64, order: UInt64? = nil) -> OrderPermit {
        let terms = GatewayFixture.terms
        return OrderPermit(
            permitEpoch: engine.highestEpoch, lease: engine.lease,
            permit: PermitSequence(number), gateway: terms.gateway,
            agent: ProcessID(name: ShortName("agent-crypto") ?? .empty),
            orderID: OrderID(order ?? number), org: terms.org, account: terms.account,
            mode: .paper, strategy: StrategyID(name: ShortName("updown") ?? .empty),
            venue: terms.venue, instrument: GatewayFixture.instrument, side: .buy,
            timeInForce: .goodTillTime, isPostOnly: .yes, price: Price(units: 500_000_000),
            quantity: Quantity(2), expiresAt: Timestamp(seconds: 1_100),
            validity: .seconds(1), intentID: IntentID(1), parentQuantity: Quantity(10),
            parentCumulative: Quantity(2), limitSnapshot: 1,
            clientOrderID: VenueReference("bw-\(order ?? number)") ?? .empty, mac: .zero)
    }

    func venueOrder(
        _ permit: OrderPermit, _ state: OrderState, filled: Quantity = .zero
    ) -> VenueOrderState {
        VenueOrderState(
            clientOrderID: permit.clientOrderID,
            venueOrderID: VenueReference("venue-\(permit.orderID)") ?? .empty,
            instrument: permit.instrument, side: permit.side, price: permit.price,
            filled: filled, remaining: permit.quantity - filled, state: state)
    }

    func fill(_ permit: OrderPermit, trade: String, quantity: Quantity) -> VenueFill {
        VenueFill(
            tradeID: VenueReference(trade) ?? .empty, clientOrderID: permit.clientOrderID,
            venueOrderID: VenueReference("venue-\(permit.orderID)") ?? .empty,
            instrument: permit.instrument, side: permit.side, price: permit.price,
            quantity: quantity, fee: Money(units: 1_000_000), liquidity: .maker,
            finality: .final, filledAt: now.market)
    }

    var fates: [PermitFate] {
        reports.compactMap { if case .fate(let fate) = $0 { fate } else { nil } }
    }
    var fills: [FillReport] {
        reports.compactMap { if case .fill(let fill) = $0 { fill } else { nil } }
    }
    var fillsAskedSince: [Timestamp] {
        submitted.compactMap { if case .fills(let since) = $0.call { since } else { nil } }
    }
    var cancels: Int {
        submitted.count { if case .cancel = $0.call { true } else { false } }
    }
    var placements: Int {
        submitted.count { if case .place = $0.call { true } else { false } }
    }
}
