import Portfolio
import Risk
import Runtime
import Trading
import Wire

/// The names that a backtest's processes have for one another.
enum BacktestNames {
    static let org = named("backtest", OrgID.self)
    static let account = named("main", AccountID.self)
    static let gateway = named("gw-backtest", ProcessID.self)
    static let agent = named("agent-backtest", ProcessID.self)

    private static func named<ID: ShortIdentifier>(_ text: String, _ type: ID.Type) -> ID {
        guard let name = ID(text) else { preconditionFailure("\(text) is a name") }
        return name
    }
}

/// The risk engine with one account and one agent, started as the core starts it: paper, with the
/// configured limits, the definitions of the gateway, and an account that agrees with its venue.
struct BacktestCore: Sendable {
    var engine: RiskEngine
    var effects = RiskEffects()
    let key: StrategyKey
    /// How often account and venue are compared.
    static let reconcileEvery = Span.seconds(300)
    private var reconciledAt: Timestamp

    init(_ plan: BacktestPlan, _ market: BacktestMarket, at now: Timestamp) {
        engine = RiskEngine(cluster: ShortName("backtest") ?? .empty)
        key = StrategyKey(
            org: BacktestNames.org, account: BacktestNames.account, mode: .paper,
            strategy: plan.strategy)
        reconciledAt = now
        engine.apply(
            CoreStarted(
                startedEpoch: Epoch(1), engineVersion: RiskEngine.version, mode: .paper,
                isCrashLoop: .no), at: now, into: &effects)
        engine.apply(
            AccountOpened(
                org: key.org, account: key.account, mode: key.mode, venue: plan.venue,
                gateway: BacktestNames.gateway, cash: plan.cash), at: now, into: &effects)
        engine.apply(
            StrategyGranted(
                agent: BacktestNames.agent, org: key.org, account: key.account, mode: key.mode,
                strategy: key.strategy, venue: plan.venue, isGranted: .yes),
            at: now, into: &effects)
        for limit in plan.limits { set(limit, at: now) }
        engine.apply(
            GatewayConnected(
                gateway: BacktestNames.gateway, lease: LeaseID(1), highestEpoch: Epoch(1),
                isKilled: .no), at: now, into: &effects)
        for listing in market.listings {
            engine.apply(
                listing.definition(.open, isExclusive: plan.isExclusive, at: now), at: now,
                into: &effects)
        }
        engine.apply(
            AgentConnected(
                agent: BacktestNames.agent,
                granted: engine.nextIncarnation(of: BacktestNames.agent)), at: now,
            into: &effects)
        reconcile(venueCash: plan.cash, at: now)
    }

    private mutating func set(_ limit: LimitConfiguration, at now: Timestamp) {
        guard let value = limit.kind.engineValue(ofConfigured: limit.value) else {
            preconditionFailure("\(limit.kind) of \(limit.value) was not bounded when read")
        }
        engine.apply(
            LimitSet(
                kind: limit.kind, level: limit.level, org: limit.org, account: limit.account,
                mode: .paper, strategy: limit.strategy, venue: limit.venue,
                instrument: limit.instrument, eventSet: limit.eventSet, value: value, snapshot: 1),
            at: now, into: &effects)
    }

    /// The account's cash in the core's ledger.
    var cash: Money {
        engine.accountView(of: BacktestNames.gateway)?.cash ?? .zero
    }

    func position(_ instrument: InstrumentID) -> Quantity {
        engine.ledger.position(PositionKey(owner: key, instrument: instrument)).quantity
    }

    func isReconcileDue(at now: Timestamp) -> Bool {
        now - reconciledAt >= BacktestCore.reconcileEvery
    }

    /// Compares the ledger's cash with the venue's. The caller sees to it that nothing is on its
    /// way.
    mutating func reconcile(venueCash: Money, at now: Timestamp) {
        reconciledAt = now
        engine.apply(
            AccountReconciled(
                gateway: BacktestNames.gateway, account: key.account, venueCash: venueCash,
                ledgerCash: cash, breaks: venueCash == cash ? 0 : 1), at: now, into: &effects)
    }
}
