import Portfolio
import Risk
import TestSupport
import Testing
import Trading
import Wire

/// A seeded life of a cluster: requests of two strategies, and a gateway that reports in any order.
/// Keeps its own account of everything, from which `Oracle` computes what the engine must decide.
struct Scenario {
    /// What the scenario knows of an order, without asking the engine.
    struct Order {
        let id: OrderID
        let strategy: Int
        let instrument: String
        let side: Side
        let price: Price
        let quantity: Quantity
        var permittedAt = Timestamp.zero
        var state: OrderState = .permitted
        var filled: Quantity = .zero
        var reported: Quantity = .zero

        var exposed: Quantity {
            max(.zero, (state.isTerminal ? reported : quantity) - filled)
        }
    }

    struct Fill {
        let order: Int
        let trade: String
        let quantity: Quantity
        let price: Price
        let fee: Money
        var isBusted = false
    }

    struct Limit: Equatable {
        let kind: LimitKind
        let level: LimitLevel
        /// The tenant of an org's or an account's limit, the strategy of a strategy's.
        let holder: Int
        let instrument: String
    }

    /// An org with its account, and who trades and serves it.
    struct Tenant {
        let agent: ProcessID
        let gateway: ProcessID
        let cash: String
    }

    static let tenants = [
        Tenant(agent: Rig.agentID, gateway: Rig.gatewayID, cash: "60"),
        Tenant(agent: named("agent-other"), gateway: named("gw-other"), cash: "40"),
    ]

    static let repeatWindow = Span.seconds(6)
    static let walkWindow = Span.seconds(8)

    /// Whether venues may misbehave: late fills, busts, fees beyond the reserve.
    let seed: UInt64
    let isWild: Bool
    /// What was not as the oracle says; the first one ends the life.
    var faults: [String] = []
    var random: SeededRandom
    var rig: Rig
    var strategies = [Rig.owner]
    var instruments: [String] = []
    var settled: Set<String> = []
    /// Of what the venue says that its outcome is contested.
    var disputed: Set<String> = []
    var outcomes: [String: Bool] = [:]
    /// What each tenant was paid.
    var payouts: [String: [Money]] = [:]
    var orders: [Order] = []
    var fills: [Fill] = []
    var limits: [(limit: Limit, value: Int64)] = []
    /// Where each instrument was last worth something.
    var marks: [String: Int128] = [:]
    /// The most that each strategy may lose in the day, and the rung of the ladder it has reached.
    let lossLimits: [Int128]
    var lossStages = [0, 0, 0]
    var drawdown = Drawdown(capital: Int128(amount(Scenario.tenants[1].cash).units))
    var standings = [Standing(), Standing()]
    /// The change of limits that waits for its time.
    var waiting: (changes: [(limit: Limit, value: Int64?)], at: Timestamp)?
    var nonce: UInt64 = 0
    var epoch: UInt64 = 1
    var lease: UInt64 = 1
    var incarnation: UInt64 = 1
    /// When each strategy was last resumed.
    var resumedAt = [Timestamp.zero, .zero, .zero]
    /// When each tenant's account was last found to be as its venue states it.
    var comparisons: [Comparison] = []
    var watches: [Pair: Watch] = [:]
    var deeds: [Deed] = []
    /// The whole books of each instrument.
    var books: [String: [Book]] = [:]
    /// How often something happened that some life must have.
    var exercised: [String: Int] = [:]
    /// How often each reason was what both the engine and the oracle found; none where they passed.
    var reasons: [RejectReason: Int] = [:]
    var markets = 0
    let isExclusive: Bool
    /// Whether an operator's registry says what may be traded; then it changes now and then.
    let hasRegistry: Bool
    /// Whether minutes pass now and then, in which the market moves.
    let isSlow: Bool
    /// Whether many small orders come at once.
    let isBusy: Bool
    var registryVersion: UInt64 = 0
    /// What it states of single events; all others are tradable.
    var statements: [String: RegistrySet] = [:]

    init(seed: UInt64, isWild: Bool) {
        self.seed = seed
        self.isWild = isWild
        random = SeededRandom(seed: seed)
        isExclusive = seed.isMultiple(of: 2)
        lossLimits = [12_000_000_000, 5_000_000_000, 30_000_000_000]
        hasRegistry = seed % 4 >= 2
        isSlow = seed % 5 == 1
        isBusy = seed % 5 == 2
        rig = Rig(cash: "60", instruments: [])
        let second = StrategyKey(
            org: Rig.owner.org, account: Rig.owner.account, mode: .paper, strategy: named("second"))
        rig.grant(second, to: Rig.agentID)
        strategies.append(second)
        openOther()
        comparisons = Scenario.tenants.map { _ in Comparison(at: rig.now) }
        for (owner, loss) in zip(strategies, lossLimits) {
            rig.limit(
                .lossDailyMax, Money(units: Int64(loss)).description, at: .strategy, owner: owner)
        }
        rig.limit(.collarAggressive, "0.5")
        rig.limit(.collarPassive, "0.9")
        rig.limit(.repeatMax, "60")
        rig.limit(.walkMax, "1")
        rig.limit(.repeatWindow, "6")
        rig.limit(.walkWindow, "8")
        limitDrawdown()
        nameOperators()
        if hasRegistry { restate() }
        for _ in 0..<2 { openEvent() }
        let rare: [LimitKind] =
            isSlow ? [.brakeCooldown, .adverseMarkoutMax] : isBusy ? [.orderToTradeMax] : []
        for kind in rare { set(kind, at: .firm, 0, instruments[0]) }
    }

    /// Event sets of one to three members, named so that the set can be read off the member.
    mutating func openEvent() {
        markets += 1
        for member in 0..<Int.random(in: 1...3, using: &random) {
            let name = "KX\(markets)-\(member)"
            rig.define(name, eventSet: "KX\(markets)", isExclusive: isExclusive)
            instruments.append(name)
        }
    }

    func event(of instrument: String) -> String {
        String(instrument.prefix { $0 != "-" })
    }

    mutating func run(steps: Int, after: (inout Scenario, Int) -> Void) {
        for step in 0..<steps {
            let entries = rig.journal.count
            rig.pass(.milliseconds(Int64.random(in: 0...300, using: &random)))
            applyDueLimits()
            act()
            brake()
            observeDrawdown()
            after(&self, step)
            if let fault = faults.first {
                let commands = rig.journal[entries...].map(describe).joined(separator: "\n")
                Issue.record("make test-oracle SEED=\(seed): step \(step): \(fault)\n\(commands)")
                return
            }
        }
    }

    private func describe(_ entry: [UInt8]) -> String {
        guard let command = try? JournalEntry.command(in: entry),
            let template = try? WireFrame.template(of: command)
        else { return "?" }
        let detail: Any? =
            switch template {
            case .orderRequest: try? OrderRequest(decoding: command)
            case .fillReport: try? FillReport(decoding: command)
            case .permitFate: try? PermitFate(decoding: command)
            case .limitSet: try? LimitSet(decoding: command)
            case .instrumentSettlement: try? InstrumentSettlement(decoding: command)
            default: nil
            }
        return detail.map { "\($0)" } ?? "\(template)"
    }

    /// Notes what must be the same and is not.
    mutating func require<Value: Equatable>(_ found: Value, _ expected: Value, _ what: String) {
        if found != expected { faults.append("\(what) is \(found), not \(expected)") }
    }

    mutating func act() {
        for tenant in standings.indices
        where standings[tenant].isDoubted || standings[tenant].isBroken {
            if Int.random(in: 0..<4, using: &random) == 0 { explain(tenant) }
        }
        switch Int.random(in: 0..<107, using: &random) {
        case 0..<41: request()
        case 41..<45: repeatRequest()
        case 45..<70: fill()
        case 70..<82: report()
        case 82..<86: cancel()
        case 86..<89: isWild ? bust() : fill()
        case 89..<91: setLimit()
        case 91..<92: proposeLimits()
        case 92..<94: settle()
        case 94..<95: hasRegistry && Bool.random(using: &random) ? restate() : openEvent()
        case 95..<96: operate()
        case 96..<97: Bool.random(using: &random) ? reconnectGateway() : doubt()
        case 97..<98: restart()
        case 98..<99: reconnectAgent()
        case 99..<101: reconcileAgain()
        case 101..<103: isSlow ? pause() : isBusy ? burst() : mark()
        case 103..<104: contest()
        default: mark()
        }
    }

    // MARK: - Requests

    mutating func request() {
        guard let instrument = instruments.randomElement(using: &random) else { return }
        let strategy = Int.random(in: 0..<3, using: &random)
        let side: Side = Bool.random(using: &random) ? .buy : .sell
        let cents = Int64.random(in: 2...98, using: &random)
        let lots = Int64.random(in: 1...1_500, using: &random)
        request(
            strategy, instrument, side, Price(units: cents * 10_000_000),
            Quantity(units: lots * 10_000_000))
    }

    /// Asks again for what was permitted before.
    mutating func repeatRequest() {
        let candidates = orders.suffix(4).filter { instruments.contains($0.instrument) }
        guard let last = candidates.randomElement(using: &random) else { return }
        for _ in 0..<2 {
            request(last.strategy, last.instrument, last.side, last.price, last.quantity)
            rig.pass(.milliseconds(Int64.random(in: 1...3_000, using: &random)))
        }
    }

    mutating func request(
        _ strategy: Int, _ instrument: String, _ side: Side, _ price: Price, _ quantity: Quantity
    ) {
        let agent = Scenario.tenants[tenant(of: strategy)].agent
        let parent = rig.declare(
            side, instrument: instrument, quantity: "20", owner: strategies[strategy],
            agent: agent)
        var request = rig.makeRequest(
            side, "0.50", "1", instrument: instrument, intent: parent.id,
            owner: strategies[strategy], agent: agent)
        request.price = price
        request.quantity = quantity
        let expected = Oracle(self).decide(request, strategy: strategy, instrument: instrument)
        let reference = rig.quote(instrument: instrument)
        let judgement = rig.send(request, reference: reference, from: agent)
        let oracle = Oracle(self)
        let shut = oracle.shut(strategy)
        let intent = shut ?? oracle.decideIntent(strategy: strategy, instrument: instrument)
        require(parent.judgement.reason, intent, "the reason of an intent")
        if intent != .none {
            if let shut { require(judgement.reason, shut, "the reason") }
            reasons[intent, default: 0] += 1
        } else if let expected {
            let what = "the reason (\(judgement.level) \(judgement.limit) \(judgement.value))"
            require(judgement.reason, expected, what)
            reasons[expected, default: 0] += 1
        }
        if judgement.reason == .orderRepeated { resume(strategy) }
        guard judgement.isPermitted else { return }
        let pair = Pair(strategy: strategy, instrument: instrument)
        if let watch = watches[pair], watch.hasCooledDown(by: rig.now) {
            happened("a cooldown ended such a block")
        }
        let late = comparisons[tenant(of: strategy)].lateUntil
        if late > .zero, late <= rig.now { happened("an account was late and became fresh") }
        orders.append(
            Order(
                id: judgement.orderID, strategy: strategy, instrument: instrument, side: side,
                price: request.price, quantity: request.quantity, permittedAt: rig.now))
        note(orders[orders.count - 1], isTrade: false)
    }

    /// A strategy was halted and its orders are being cancelled: a person lets it go on.
    private mutating func resume(_ strategy: Int) {
        cancelOrders(of: strategy)
        nonce += 1
        let outcome = rig.operate(.resume, .strategy, nonce: nonce) {
            $0.org = strategies[strategy].org
            $0.account = strategies[strategy].account
            $0.strategy = strategies[strategy].strategy
        }
        require(outcome, .done, "what a resume led to")
        release(strategy)
        resumedAt[strategy] = rig.now
        rig.pass(Span(nanoseconds: 1))
    }

    mutating func cancelOrders(of strategy: Int) {
        for index in orders.indices where !orders[index].state.isTerminal {
            if orders[index].strategy == strategy, orders[index].state.canBecome(.cancelling) {
                orders[index].state = .cancelling
            }
        }
    }

    mutating func cancel() {
        let open = orders.indices.filter { !orders[$0].state.isTerminal }
        guard let index = open.randomElement(using: &random) else { return }
        rig.cancel(orders[index].id, by: Scenario.tenants[tenant(of: orders[index].strategy)].agent)
        if orders[index].state.canBecome(.cancelling) { orders[index].state = .cancelling }
    }

    // MARK: - Reports

    mutating func report() {
        guard let index = orders.indices.suffix(40).randomElement(using: &random) else { return }
        let states: [OrderState] = [
            .sent, .unknown, .working, .cancelled, .declined, .expired, .refusedByGateway,
        ]
        guard let state = states.randomElement(using: &random) else { return }
        let order = orders[index]
        var reported = order.filled
        // A sound venue reports no more fills of an order that it has said to be over.
        let mayGrow = isWild || !order.state.isTerminal
        if Bool.random(using: &random), order.filled < order.quantity, state != .refusedByGateway,
            mayGrow
        {
            let rest = (order.quantity - order.filled).units / 10_000_000
            reported += Quantity(units: Int64.random(in: 0...rest, using: &random) * 10_000_000)
        }
        rig.fate(order.id, state, filled: reported.description, from: gateway(of: order))
        orders[index].reported = max(order.reported, reported)
        if order.state.canBecome(state) { orders[index].state = state }
    }

    mutating func fill() {
        let candidates = orders.indices.suffix(60).filter { index in
            isWild
                ? orders[index].filled < orders[index].quantity && !wouldBeDue(orders[index])
                : orders[index].exposed > .zero
        }
        guard let index = candidates.randomElement(using: &random) else { return }
        let order = orders[index]
        let room = isWild ? order.quantity - order.filled : order.exposed
        let lots = Int64.random(in: 1...(room.units / 10_000_000), using: &random)
        let contracts = Quantity(units: lots * 10_000_000)
        // Sometimes the venue gives a better price than the order's own.
        let better = Int64.random(in: 0...1, using: &random) * 10_000_000 * -order.side.sign
        let at = min(max(Price(units: order.price.units + better), price("0.01")), price("0.99"))
        let feeMax = Money(
            units: Int64(
                Int128(contracts.units) * 7 * Int128(order.price.units)
                    * Int128(order.price.complement.units) / 100 / 1_000_000_000_000_000_000))
        let fee =
            isWild
            ? Money(units: Int64.random(in: -5_000_000...40_000_000, using: &random))
            : Money(units: Int64.random(in: 0...max(0, feeMax.units), using: &random))
        let trade = rig.fill(
            order.id, contracts.description, at: at.description, fee: fee.description,
            from: gateway(of: order))
        if settled.contains(order.instrument) {
            noteLate(Quantity(units: order.side.sign * contracts.units), order)
        } else {
            watch(order, at: at)
        }
        note(order, isTrade: true)
        fills.append(
            Fill(order: index, trade: trade, quantity: contracts, price: at, fee: fee))
        if marks[order.instrument] == nil { marks[order.instrument] = Int128(at.units) }
        orders[index].filled += contracts
        let state = orders[index].state
        if orders[index].filled >= order.quantity {
            if state.canBecome(.filled) { orders[index].state = .filled }
        } else if state != .cancelling, state.canBecome(.working) {
            orders[index].state = .working
        }
    }

    /// Whether a late fill would win: the venue owes for it what no settlement has paid, and the
    /// oracle counts only cash that came.
    private func wouldBeDue(_ order: Order) -> Bool {
        outcomes[order.instrument].map { $0 == (order.side == .buy) } ?? false
    }

    mutating func bust() {
        let candidates = fills.indices.filter { index in
            !fills[index].isBusted && !settled.contains(orders[fills[index].order].instrument)
        }
        guard let index = candidates.randomElement(using: &random) else { return }
        let fill = fills[index]
        rig.fill(
            orders[fill.order].id, fill.quantity.description, at: fill.price.description,
            fee: fill.fee.description, trade: fill.trade, finality: .busted,
            from: gateway(of: orders[fill.order]))
        fills[index].isBusted = true
        orders[fill.order].filled -= fill.quantity
        orders[fill.order].reported = max(
            .zero, orders[fill.order].reported - fill.quantity)
    }

    /// Settles an instrument that has no open or awaited orders, as the venue sees the account.
    mutating func settle() {
        let quiet = instruments.filter { name in
            !orders.contains {
                $0.instrument == name && ($0.exposed > .zero || !$0.state.isTerminal)
            }
        }
        guard instruments.count > 2, let name = quiet.randomElement(using: &random) else { return }
        let isYes = Bool.random(using: &random)
        for (tenant, details) in Scenario.tenants.enumerated() {
            let net = position(of: name) { self.tenant(of: $0) == tenant }
            let won = isYes ? max(.zero, net) : max(.zero, -net)
            rig.settle(
                name, isYes ? .yes : .no, paying: Money(pairs: won), owner: owner(of: tenant),
                from: details.gateway)
            payouts[name, default: []].append(Money(pairs: won))
        }
        instruments.removeAll { $0 == name }
        disputed.remove(name)
        settled.insert(name)
        watches = watches.filter { $0.key.instrument != name }
        outcomes[name] = isYes
    }

    /// The venue says that an outcome is contested, or that the market goes on.
    mutating func contest() {
        guard let name = instruments.randomElement(using: &random) else { return }
        let isOver = disputed.remove(name) != nil
        if !isOver { disputed.insert(name) }
        rig.change(name, to: isOver ? .open : .disputed)
    }

    func position(of instrument: String, where isCounted: (Int) -> Bool) -> Quantity {
        var total = Quantity.zero
        for fill in fills where !fill.isBusted {
            let order = orders[fill.order]
            guard order.instrument == instrument, isCounted(order.strategy) else { continue }
            total += Quantity(units: order.side.sign * fill.quantity.units)
        }
        return total
    }

    // MARK: - Configuration and sessions

    static let kinds: [LimitKind] = [
        .orderQuantityMax, .orderNotionalMax, .openOrdersMax, .openNotionalMax, .positionMax,
        .eventLossMax, .linkedLossMax, .disputedLossMax, .repeatMax, .walkMax, .spreadCrossMax,
        .tailPrice, .edgeMin, .planNotionalMax, .grossNotionalMax, .netNotionalMax,
        .depthShareMax, .volatilityBudget, .collarSigmas, .eventShareMax, .orderToTradeMax,
        .guardSnapshotAgeMax, .guardDwellMin, .adverseMarkoutMax, .adverseFillsMin, .brakeCooldown,
    ]

    /// Of them, those that bind from below, and those of which neither way is tighter.
    static let floors: [LimitKind] = [.tailPrice, .edgeMin]
    static let undirected: [LimitKind] = [
        .guardSnapshotAgeMax, .guardDwellMin, .adverseMarkoutMax, .adverseFillsMin, .brakeCooldown,
    ]

    /// What the firm states before anything is changed.
    static let stated: [(LimitKind, String)] =
        Rig.roomyLimits + [(.repeatMax, "60"), (.walkMax, "1")]

    mutating func setLimit() {
        guard let kind = Scenario.kinds.randomElement(using: &random) else { return }
        // What is locked in disputes is counted where collateral is: not by instrument.
        let levels: [LimitLevel] =
            kind == .disputedLossMax
            ? [.firm, .org, .account, .strategy, .venue]
            : [.firm, .org, .account, .strategy, .instrument, .event, .venue]
        guard
            let level = levels.randomElement(using: &random),
            let instrument = instruments.randomElement(using: &random)
        else { return }
        let strategy = Int.random(in: 0..<3, using: &random)
        set(kind, at: level, strategy, instrument)
    }

    /// Sets a limit to some value that binds now and then.
    mutating func set(
        _ kind: LimitKind, at level: LimitLevel, _ strategy: Int, _ instrument: String
    ) {
        let value = Int64.random(in: Scenario.values(of: kind), using: &random) * 10_000_000
        rig.limit(
            kind, Money(units: value).description, at: level, owner: strategies[strategy],
            instrument: instrument, eventSet: event(of: instrument),
            version: rig.engine.limitSnapshot + 1)
        waiting = nil
        let limit = limit(kind, level, strategy, instrument)
        limits.removeAll { $0.limit == limit }
        limits.append((limit, value))
    }

    func limit(
        _ kind: LimitKind, _ level: LimitLevel, _ strategy: Int, _ instrument: String
    ) -> Limit {
        let isOfTenant = level == .org || level == .account
        return Limit(
            kind: kind, level: level,
            holder: level == .strategy ? strategy : isOfTenant ? tenant(of: strategy) : 0,
            instrument: level == .instrument
                ? instrument : level == .event ? event(of: instrument) : "")
    }

    /// Hundredths that bind now and then.
    static func values(of kind: LimitKind) -> ClosedRange<Int64> {
        switch kind {
        case .repeatMax: 100...400
        case .walkMax: 10...90
        case .spreadCrossMax: 5...60
        case .tailPrice: 0...12
        case .edgeMin: 1...2
        case .planNotionalMax: 1_900...3_000
        case .depthShareMax: 5...15
        case .collarSigmas: 100...2_000
        case .eventShareMax: 2...40
        case .orderToTradeMax: 200...3_000
        case .guardSnapshotAgeMax: 300...6_000
        case .guardDwellMin: 100...1_000
        case .adverseMarkoutMax: 1...20
        case .adverseFillsMin: 100...400
        case .brakeCooldown: 100...2_000
        default: 200...3_000
        }
    }

    // MARK: - Registry

    /// Every event that was ever opened.
    var allEvents: [String] { (1...max(1, markets)).map { "KX\($0)" } }

    func standing(of event: String) -> RegistrySet { statements[event] ?? Rig.registered("KX") }

    /// Whether the registry or the venue says that an event's outcome is contested.
    func isDisputed(_ event: String) -> Bool {
        hasRegistry && standing(of: event).resolution != .open
            || disputed.contains { self.event(of: $0) == event }
    }

    /// Events of even numbers may go wrong together, and so may the odd ones.
    func bucket(of event: String) -> String {
        statements[event] == nil ? "all" : event.hasSuffix("2") ? "even" : "odd"
    }

    /// A new version that says something else of some events.
    mutating func restate() {
        registryVersion += 1
        for event in allEvents where Bool.random(using: &random) {
            if statements.removeValue(forKey: event) != nil { continue }
            let states: [LifecycleState] = [.tradable, .tradable, .watchOnly, .deprecated, .new]
            let resolutions: [ResolutionState] = [.open, .open, .proposed, .disputed]
            let state = states.randomElement(using: &random) ?? .tradable
            let resolution = resolutions.randomElement(using: &random) ?? .open
            statements[event] = Rig.registered(event, isPattern: false) {
                $0.state = state
                $0.resolution = resolution
            }
        }
        let names = statements.keys.sorted()
        rig.register(
            registryVersion, [Rig.registered("KX")] + names.compactMap { statements[$0] },
            links: [("KX", "all")] + names.map { ($0, bucket(of: $0)) })
    }

    mutating func operate() {
        nonce += 1
        let strategy = Int.random(in: 0..<3, using: &random)
        let owner = strategies[strategy]
        let scope = { (command: inout OperatorCommand) in
            command.org = owner.org
            command.account = owner.account
            command.strategy = owner.strategy
        }
        rig.operate(.halt, .strategy, nonce: nonce, adjust: scope)
        cancelOrders(of: strategy)
        nonce += 1
        rig.operate(.resume, .strategy, nonce: nonce, adjust: scope)
        release(strategy)
        resumedAt[strategy] = rig.now
        rig.pass(Span(nanoseconds: 1))
    }

    mutating func reconnectGateway() {
        lease += 1
        for (tenant, details) in Scenario.tenants.enumerated() {
            rig.connectGateway(lease: lease, highestEpoch: epoch, gateway: details.gateway)
            reconcile(tenant)
        }
    }

    mutating func restart() {
        epoch += 1
        rig.reload()
        rig.apply(
            CoreStarted(
                startedEpoch: Epoch(epoch), engineVersion: RiskEngine.version, mode: .paper,
                isCrashLoop: .no))
        reconnectGateway()
    }

    /// Strategies that have lost too much are halted: their orders are being cancelled.
    mutating func brake() {
        for strategy in 0..<3 {
            if lossStages[strategy] == 3 { continue }
            let loss = -Oracle(self).earned(by: strategy)
            let limit = lossLimits[strategy]
            let stage =
                loss > limit ? 3 : 4 * loss > 3 * limit ? 2 : 2 * loss > limit ? 1 : 0
            lossStages[strategy] = max(lossStages[strategy], stage)
            guard stage == 3 else { continue }
            cancelOrders(of: strategy)
        }
    }

    mutating func reconnectAgent() {
        incarnation += 1
        for tenant in Scenario.tenants { rig.connectAgent(incarnation, agent: tenant.agent) }
    }

    mutating func mark() {
        guard let instrument = instruments.randomElement(using: &random),
            !disputed.contains(instrument)
        else { return }
        let bid = Int64.random(in: 1...90, using: &random) * 10_000_000
        let spread = Int64.random(in: 1...30, using: &random) * 10_000_000
        let ask = min(bid + spread, 990_000_000)
        let sides = Int.random(in: 0..<6, using: &random)
        let (hasBid, hasAsk) = (sides != 0 && sides != 2, sides != 1 && sides != 2)
        measure(instrument, byNow: false)
        rig.apply(
            rig.quote(
                bid: hasBid ? Price(units: bid).description : nil,
                ask: hasAsk ? Price(units: ask).description : nil, instrument: instrument))
        if hasBid, hasAsk, ask - bid <= 100_000_000 {
            marks[instrument] = Int128(bid + ask) / 2
        } else if let mark = marks[instrument] {
            marks[instrument] = min(
                max(mark, hasBid ? Int128(bid) : 0), hasAsk ? Int128(ask) : 1_000_000_000)
        }
        measure(instrument, byNow: true)
        if hasBid, hasAsk {
            books[instrument, default: []].append(Book(at: rig.now, middle: (bid + ask) / 2))
        }
    }
}
