/// The one decision: which requests become permits, and what everything that happened means for
/// exposure.
///
/// Purpose: controls, limits, exposure, order states, permits' content, arming and kill state, and
/// the ledger behind them. Pure: no clock, randomness, I/O, logging or Foundation; the same journal
/// gives the same state. Start reading at `RiskEngine.decide` (Commands/), then
/// `Controls/ControlTable.swift`, then `RiskEngine.record`.
package import Portfolio
package import Trading
package import Wire

/// Decides order requests and keeps what they and the venue's reports add up to.
///
/// The shape of every judged command: `decide` looks and changes nothing; `record` makes a decision
/// so; `apply` is both. Recovery records the decisions that the journal has; replay decides again
/// and compares. Time is an argument and never decreases.
package struct RiskEngine: Sendable {
    /// Changes whenever the same journal could give another state or decision.
    package static let version: UInt32 = 7

    /// Snapshots from this version on are read. Whoever raises `version` says here whether older
    /// ones still mean the same.
    package static let snapshotVersionMin: UInt32 = 4

    /// Names the cluster in client order ids.
    package let cluster: ShortName
    /// The time of the last command.
    package internal(set) var now = Timestamp(nanoseconds: .min)
    package internal(set) var epoch: Epoch = .zero
    package internal(set) var arming: ArmingState = .disarmed
    /// The mode of the core's last start: paper arms by itself.
    package internal(set) var mode: Mode = .paper
    package internal(set) var isCrashLoop = false
    /// An operator has disarmed the core, until one arms it.
    var isDisarmedByOperator = false
    /// An operator has ended the run, until the core starts again or an operator arms it.
    var isStopped = false
    /// Alerts reach nobody, so that orders only reduce.
    package internal(set) var isAlertPathDead = false
    package internal(set) var lastOrderID: OrderID = .zero
    package internal(set) var limitSnapshot: UInt64 = 0
    package internal(set) var counters = RiskCounters()
    package internal(set) var ledger = Ledger()

    var meters = Slab<Meter>()
    var meterIndex: [ScopeKey: Int32] = [:]
    var limits = LimitTable()
    /// Computed from `limits`; no state.
    var tightest = TightestTable()
    var nodes: [ScopeNode] = []
    var modeNodes: [ModeScope: Int32] = [:]
    var strategyNodes: [StrategyKey: Int32] = [:]
    var accounts: [AccountState] = []
    var accountIndex: [AccountKey: Int32] = [:]
    /// Settlements that are not explained, oldest first.
    var settlementGaps: [SettlementGap] = []
    var gateways: [GatewayState] = []
    var gatewayIndex: [ProcessID: Int32] = [:]
    var agents: [AgentState] = []
    var agentIndex: [ProcessID: Int32] = [:]
    var intents = Slab<IntentState>()
    var intentIndex: [IntentKey: Int32] = [:]
    var instruments = Slab<InstrumentState>()
    var instrumentIndex: [InstrumentID: Int32] = [:]
    var events = Slab<EventState>()
    var eventIndex: [EventKey: Int32] = [:]
    /// Event sets that are closed, oldest first.
    var eventsClosed: [Int32] = []
    var registry = Registry()
    var books = Slab<EventBook>()
    var bookIndex: [BookKey: Int32] = [:]
    var orders = Slab<OrderRecord>()
    var orderIndex: [OrderID: Int32] = [:]
    var openOrderCount = 0
    /// Orders that are done, oldest first, from `retiredStart` on.
    var retired: [Int32] = []
    var retiredStart = 0
    var retirements: UInt64 = 0
    /// The last fills of no order of ours that were booked, oldest first.
    var foreignFills: [FillRecord] = []
    /// No order that was last touched after this has been forgotten.
    var forgottenThrough = Timestamp(nanoseconds: .min)
    /// Latched halts, sorted by scope.
    var halts: [Halt] = []
    /// Who the operators are; nobody until the journal names them.
    package internal(set) var roster = OperatorRoster(quorum: 1, names: [])
    /// Who changed which limit last. What is not here is as the configuration said it first.
    var limitOrigins: [LimitPlace: LimitOrigin] = [:]
    var pendingLimits: PendingLimits?
    /// What was latched, by number.
    var haltNumbers = HaltNumbers()
    /// Directives that operators have given, until they expire.
    var directives = DirectiveBook()
    /// Limits that operators let single orders past.
    var overrides = OverrideBook()
    /// Some scope states a collar around the close of the day before.
    var isClosing = false
    /// Collateral that operators moved between scopes.
    var capital = CapitalBook()
    /// Nonces of operators' commands, oldest first.
    var nonces: [UInt64] = []

    #if BELLWETHER_MUTANTS
        /// Not part of the state.
        package var mutant: Mutant?
    #endif

    /// An engine before its first command.
    package init(cluster: ShortName) {
        self.cluster = cluster
        _ = meter(.firm)
    }

    /// What is bounded, and where.
    enum Capacity {
        static let openOrders = 65_536
        static let retiredOrders = 2_048
        static let eventsClosed = 256
        static let instruments = 65_536
        static let halts = 1_024
        static let nonces = 64
        static let foreignFills = 1_024
        static let settlementGaps = 1_024
    }

    /// The strategy that takes fills which belong to no order of ours.
    static let unattributed = StrategyID("unattributed") ?? .empty

    /// Moves time forward. Our own time never decreases.
    mutating func advance(to time: Timestamp) {
        precondition(time >= now, "time went back from \(now) to \(time)")
        now = time
    }

    mutating func alarm(_ alarm: RiskAlarm, into effects: inout RiskEffects) {
        counters.alarms += 1
        effects.append(.alarm(alarm))
    }
}
