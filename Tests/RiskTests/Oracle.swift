import Portfolio
import Risk
import Trading
import Wire

/// What the engine must decide on exposure, computed from the scenario's own list of orders and
/// fills, from nothing each time and without sums that are kept: slow and plain.
struct Oracle {
    let scenario: Scenario

    /// What the oracle may answer.
    static let reasons: [RejectReason] = [
        .none, .notArmed, .haltedScope, .orderRepeated, .instrumentNotOpen,
        .instrumentWatchOnly, .instrumentDeprecated, .resolutionDisputed, .disputedLossExceeded,
        .snapshotStale,
        .sizeAboveMaximum, .depthShareExceeded, .notionalAboveMaximum, .collarExceeded,
        .priceWalkExceeded, .spreadCrossExceeded, .priceInTail, .edgeBelowMinimum,
        .planNotionalExceeded, .orderToTradeExceeded, .openOrdersExceeded,
        .openNotionalExceeded, .positionExceeded, .volatilityExceeded, .grossNotionalExceeded,
        .netNotionalExceeded, .eventShareExceeded, .eventLossExceeded, .linkedLossExceeded,
        .collateralInsufficient, .selfTrade, .lossDailyExceeded, .drawdownHalted,
        .drawdownSizeExceeded, .adverseMarkoutExceeded,
    ]

    /// What no life comes to: tests of their own try it.
    static let reasonsElsewhere: [RejectReason] = [
        .identityUnknown, .identityMismatch, .grantMissing, .modeNotAllowed, .killed, .reduceOnly,
        .duplicateRequest, .duplicateMismatch, .incarnationStale, .explanationMissing,
        .instrumentUnknown, .ruleChanged, .settlementWindow, .quoteMissing,
        .quoteStale, .quoteCrossed, .clockSkewed, .venueGuarded, .quoteGuarded,
        .sizeBelowMinimum, .sizeOffGrid, .priceOutOfRange, .priceOffGrid, .depthMissing,
        .messageRateExceeded, .orderRateExceeded, .parentUnknown, .parentExceeded,
        .parentMismatch, .parentExpired, .expiryMissing, .limitMissing, .arithmeticOverflow,
        .overload, .gatewayUnavailable, .journalUnavailable, .staleWork, .orderUnknown,
        .orderTerminal, .lossWeeklyExceeded, .lossTotalExceeded, .leverageExceeded,
        .tradeLossExceeded, .closeCollarExceeded, .closeMissing,
    ]

    init(_ scenario: Scenario) { self.scenario = scenario }

    /// The reason of the first exposure control that must deny, `.none` when all must pass, or nil
    /// where a control that is not modelled here may have its say.
    func decide(_ request: OrderRequest, strategy: Int, instrument: String) -> RejectReason? {
        let candidate = Scenario.Order(
            id: .zero, strategy: strategy, instrument: instrument, side: request.side,
            price: request.price, quantity: request.quantity)
        for rule in [repeated, status, lifecycle, dispute, snapshotAge, size, liquidity, notional] {
            if let reason = rule(candidate) { return reason }
        }
        for (answer, reason) in [
            (collar(candidate), RejectReason.collarExceeded), (walk(candidate), .priceWalkExceeded),
        ] where answer != .within {
            return answer == .beyond ? reason : nil
        }
        if let reason = spreadCross(candidate) ?? tail(candidate) ?? edge(request, candidate) {
            return reason
        }
        for rule in [plan, orderToTrade, openOrders, openNotional, position] {
            if let reason = rule(candidate) { return reason }
        }
        let volatility = volatility(candidate)
        if volatility != .within { return volatility == .beyond ? .volatilityExceeded : nil }
        for rule in [gross, net, eventShare, eventLoss, linkedLoss] {
            if let reason = rule(candidate) { return reason }
        }
        let tenant = scenario.tenant(of: strategy)
        if reserved(with: candidate, of: tenant) > cash(of: tenant) {
            return .collateralInsufficient
        }
        if tradesWithItself(candidate) { return .selfTrade }
        let stage = scenario.lossStages[strategy]
        if stage == 3 || stage == 2 && !reduces(candidate) { return .lossDailyExceeded }
        return fallen(candidate) ?? adverse(candidate) ?? RejectReason.none
    }

    /// The same for the intent that a request belongs to: twenty contracts at the worst price.
    func decideIntent(strategy: Int, instrument: String) -> RejectReason {
        let whole = Scenario.Order(
            id: .zero, strategy: strategy, instrument: instrument, side: .buy, price: .zero,
            quantity: quantity("20"))
        if let reason = status(whole) { return reason }
        if scenario.hasRegistry {
            let state = scenario.standing(of: scenario.event(of: instrument)).state
            if state == .new || state == .watchOnly { return .instrumentWatchOnly }
        }
        return plan(whole) ?? .none
    }

    /// Nothing where the account has fallen too far, smaller sizes on the way there.
    private func fallen(_ order: Scenario.Order) -> RejectReason? {
        guard scenario.tenant(of: order.strategy) == 1 else { return nil }
        if scenario.drawdown.isHalted { return .drawdownHalted }
        let left = scenario.drawdown.left
        if left == Drawdown.one || reduces(order) { return nil }
        let isLarge =
            exceeds(.orderQuantityMax, order, left: left) { _ in Int128(order.quantity.units) }
            || exceeds(.orderNotionalMax, order, left: left) { _ in
                committed(order, order.quantity)
            }
            || exceeds(.positionMax, order, inScopesOfInstrument: true, left: left) { scope in
                largestPosition(with: order, scope)
            }
        return isLarge ? .drawdownSizeExceeded : nil
    }

    /// Why nothing is permitted at all: the account differs from its venue, or did and nobody has
    /// said why. What happens to one tenant's account is nothing to the other.
    func shut(_ strategy: Int) -> RejectReason? {
        let standing = scenario.standings[scenario.tenant(of: strategy)]
        if standing.isDoubted { return .notArmed }
        return standing.isBroken ? .haltedScope : nil
    }

    // MARK: - Rules

    private func status(_ order: Scenario.Order) -> RejectReason? {
        scenario.disputed.contains(order.instrument) ? .instrumentNotOpen : nil
    }

    private func lifecycle(_ order: Scenario.Order) -> RejectReason? {
        guard scenario.hasRegistry else { return nil }
        switch scenario.standing(of: scenario.event(of: order.instrument)).state {
        case .tradable: return nil
        case .new, .watchOnly: return .instrumentWatchOnly
        case .deprecated: return reduces(order) ? nil : .instrumentDeprecated
        }
    }

    private func dispute(_ order: Scenario.Order) -> RejectReason? {
        guard !reduces(order) else { return nil }
        if scenario.isDisputed(scenario.event(of: order.instrument)) { return .resolutionDisputed }
        let isBeyond = exceeds(.disputedLossMax, order, inScopesOfInstrument: true) { scope in
            scenario.allEvents.filter { scenario.isDisputed($0) }
                .reduce(0) { $0 + max(0, loss(of: $1, with: nil, scope)) }
        }
        return isBeyond ? .disputedLossExceeded : nil
    }

    private func linkedLoss(_ order: Scenario.Order) -> RejectReason? {
        guard scenario.hasRegistry else { return nil }
        let own = scenario.event(of: order.instrument)
        let bucket = scenario.bucket(of: own)
        let isBeyond = exceeds(.linkedLossMax, order, inScopesOfInstrument: true) { scope in
            scenario.allEvents.filter { scenario.bucket(of: $0) == bucket }.reduce(0) {
                $0 + max(0, loss(of: $1, with: $1 == own ? order : nil, scope))
            }
        }
        return isBeyond ? .linkedLossExceeded : nil
    }

    private func size(_ order: Scenario.Order) -> RejectReason? {
        exceeds(.orderQuantityMax, order) { _ in Int128(order.quantity.units) }
            ? .sizeAboveMaximum : nil
    }

    /// A hundred contracts are visible on either side of the scenario's books.
    private func liquidity(_ order: Scenario.Order) -> RejectReason? {
        let isLarge = exceeds(.depthShareMax, order) { _ in
            (Int128(order.quantity.units) + 99) / 100
        }
        return isLarge ? .depthShareExceeded : nil
    }

    private func notional(_ order: Scenario.Order) -> RejectReason? {
        exceeds(.orderNotionalMax, order) { _ in committed(order, order.quantity) }
            ? .notionalAboveMaximum : nil
    }

    /// Orders of the same strategy and instrument that look the same, of the last 64 and within the
    /// window, since the strategy was last resumed.
    private func repeated(_ order: Scenario.Order) -> RejectReason? {
        let earlier = scenario.orders.filter {
            $0.strategy == order.strategy && $0.instrument == order.instrument
                && $0.permittedAt > scenario.resumedAt[order.strategy]
        }
        let same = earlier.suffix(64).filter {
            $0.side == order.side && $0.price == order.price && $0.quantity == order.quantity
                && (scenario.rig.now - $0.permittedAt) < Scenario.repeatWindow
        }
        return exceeds(.repeatMax, order) { _ in Int128(same.count + 1) * 1_000_000_000 }
            ? .orderRepeated : nil
    }

    enum Answer {
        case within
        case beyond
        /// So near that it may be either.
        case unsure
    }

    /// Unsure is what lies between one window and one step more.
    private func walk(_ order: Scenario.Order) -> Answer {
        func walked(within window: Span) -> Bool {
            let prices = scenario.orders.filter {
                $0.strategy == order.strategy && $0.instrument == order.instrument
                    && $0.side == order.side && scenario.rig.now - $0.permittedAt < window
            }.map(\.price)
            let distance =
                order.side == .buy
                ? order.price.units - (prices.min() ?? order.price).units
                : (prices.max() ?? order.price).units - order.price.units
            return exceeds(.walkMax, order) { _ in Int128(distance) }
        }
        if walked(within: Scenario.walkWindow) { return .beyond }
        let step = Span(nanoseconds: Scenario.walkWindow.nanoseconds / 16)
        return walked(within: Scenario.walkWindow + step) ? .unsure : .within
    }

    /// The quotes of the scenario are 0.49 and 0.51.
    private func spreadCross(_ order: Scenario.Order) -> RejectReason? {
        let isCrossing =
            order.side == .buy ? order.price >= price("0.51") : order.price <= price("0.49")
        let paid =
            order.side == .buy
            ? order.price.units - price("0.49").units : price("0.51").units - order.price.units
        return isCrossing && exceeds(.spreadCrossMax, order) { _ in Int128(paid) }
            ? .spreadCrossExceeded : nil
    }

    private func tail(_ order: Scenario.Order) -> RejectReason? {
        let left = order.side == .buy ? 1_000_000_000 - order.price.units : order.price.units
        let isIn = exceeds(.tailPrice, order, isFloor: true) { _ in Int128(left) }
        return isIn && !closes(order) ? .priceInTail : nil
    }

    private func edge(_ request: OrderRequest, _ order: Scenario.Order) -> RejectReason? {
        let isThin = exceeds(.edgeMin, order, isFloor: true) { _ in
            Int128(request.expectedEdge.units)
        }
        return isThin && !closes(order) ? .edgeBelowMinimum : nil
    }

    /// Whether the strategy's open orders of this side and this one together only close what it
    /// holds.
    private func closes(_ order: Scenario.Order) -> Bool {
        let held =
            scenario.settled.contains(order.instrument)
            ? .zero : scenario.position(of: order.instrument) { $0 == order.strategy }
        let open = scenario.orders.filter {
            $0.strategy == order.strategy && $0.instrument == order.instrument
                && $0.side == order.side
        }.reduce(order.quantity) { $0 + $1.exposed }
        return open <= (order.side == .buy ? -held : held)
    }

    /// Every plan of the scenario has one child.
    private func plan(_ order: Scenario.Order) -> RejectReason? {
        let isBeyond = exceeds(.planNotionalMax, order) { _ in
            (Int128(order.quantity.units) * 990_000_000 + 999_999_999) / 1_000_000_000
        }
        return isBeyond ? .planNotionalExceeded : nil
    }

    private func openOrders(_ order: Scenario.Order) -> RejectReason? {
        let isBeyond = exceeds(.openOrdersMax, order) { scope in
            let open = scenario.orders.filter { !$0.state.isTerminal && scope($0) }
            return Int128(open.count + 1) * 1_000_000_000
        }
        return isBeyond ? .openOrdersExceeded : nil
    }

    private func openNotional(_ order: Scenario.Order) -> RejectReason? {
        let isBeyond = exceeds(.openNotionalMax, order) { scope in
            scenario.orders.filter(scope).reduce(committed(order, order.quantity)) {
                $0 + committed($1, $1.exposed)
            }
        }
        return isBeyond ? .openNotionalExceeded : nil
    }

    private func position(_ order: Scenario.Order) -> RejectReason? {
        let isBeyond = exceeds(.positionMax, order, inScopesOfInstrument: true) { scope in
            largestPosition(with: order, scope)
        }
        return isBeyond ? .positionExceeded : nil
    }

    func largestPosition(
        with order: Scenario.Order, _ scope: (Scenario.Order) -> Bool
    ) -> Int128 {
        var held: Int128 = 0
        var buys: Int128 = 0
        var sells: Int128 = 0
        for fill in scenario.fills where !fill.isBusted {
            let filled = scenario.orders[fill.order]
            guard filled.instrument == order.instrument, scope(filled) else { continue }
            held += Int128(filled.side.sign) * Int128(fill.quantity.units)
        }
        for open in scenario.orders + [order] {
            guard open.instrument == order.instrument, scope(open) else { continue }
            if open.side == .buy {
                buys += Int128(open.exposed.units)
            } else {
                sells += Int128(open.exposed.units)
            }
        }
        return max(held + buys, -(held - sells), 0)
    }

    private func gross(_ order: Scenario.Order) -> RejectReason? {
        let isBeyond = exceeds(.grossNotionalMax, order) { scope in
            let names = Set(scenario.instruments + scenario.settled)
            return names.reduce(0) { total, name in
                let reach = reach(of: name, with: order, scope)
                return total + max(reach.long, reach.short, 0)
            }
        }
        return isBeyond ? .grossNotionalExceeded : nil
    }

    private func net(_ order: Scenario.Order) -> RejectReason? {
        let isBeyond = exceeds(.netNotionalMax, order) { scope in
            let names = Set(scenario.instruments + scenario.settled)
            let reaches = names.map { reach(of: $0, with: order, scope) }
            return max(
                reaches.reduce(0) { $0 + $1.long }, reaches.reduce(0) { $0 + $1.short }, 0)
        }
        return isBeyond ? .netNotionalExceeded : nil
    }

    /// The contracts that a scope can come to hold, and to owe, of one instrument.
    private func reach(
        of name: String, with order: Scenario.Order, _ scope: (Scenario.Order) -> Bool
    ) -> (long: Int128, short: Int128) {
        var reach = (long: Int128(0), short: Int128(0))
        for fill in scenario.fills where !fill.isBusted && !scenario.settled.contains(name) {
            let filled = scenario.orders[fill.order]
            guard filled.instrument == name, scope(filled) else { continue }
            let moved = Int128(filled.side.sign) * Int128(fill.quantity.units)
            reach.long += moved
            reach.short -= moved
        }
        for open in scenario.orders + [order] where open.instrument == name && scope(open) {
            if open.side == .buy {
                reach.long += Int128(open.exposed.units)
            } else {
                reach.short += Int128(open.exposed.units)
            }
        }
        return reach
    }

    private func eventLoss(_ order: Scenario.Order) -> RejectReason? {
        let isBeyond = exceeds(.eventLossMax, order, inScopesOfInstrument: true) { scope in
            loss(of: scenario.event(of: order.instrument), with: order, scope)
        }
        return isBeyond ? .eventLossExceeded : nil
    }

    // MARK: - Measures

    /// The worst over all outcomes of an event; each order fills or not, whichever is worse in that
    /// outcome. An event that is over loses nothing more.
    func loss(
        of event: String, with order: Scenario.Order?, _ scope: (Scenario.Order) -> Bool
    ) -> Int128 {
        let all = scenario.instruments + scenario.settled
        let members = all.filter { scenario.event(of: $0) == event }.sorted()
        if members.allSatisfy({ scenario.settled.contains($0) }) { return 0 }
        var worst = Int128.max
        for winners in outcomes(members) {
            var total: Int128 = 0
            for fill in scenario.fills where !fill.isBusted {
                let filled = scenario.orders[fill.order]
                guard members.contains(filled.instrument), scope(filled) else { continue }
                total += flow(fill)
                total +=
                    Int128(filled.side.sign) * Int128(fill.quantity.units)
                    * halves(held: filled.instrument, winners) / 2
            }
            for open in scenario.orders + (order.map { [$0] } ?? []) {
                guard members.contains(open.instrument), scope(open), open.exposed > .zero else {
                    continue
                }
                total += min(0, effect(open, halves: halves(open: open.instrument, winners)))
            }
            worst = min(worst, total)
        }
        return -worst
    }

    /// Who may win as the set allows; nil stands for a set that is voided. One that is settled may
    /// still have a trade that nobody has heard of, which is counted as if it could go either way.
    private func outcomes(_ members: [String]) -> [Set<String>?] {
        guard scenario.isExclusive else {
            return (0..<(1 << members.count)).map { bits in
                Set(members.indices.filter { bits >> $0 & 1 == 1 }.map { members[$0] })
            }
        }
        return [nil, []] + members.map { [$0] }
    }

    /// What a contract that is held pays, in halves of a dollar: what was paid, where it was.
    private func halves(held instrument: String, _ winners: Set<String>?) -> Int128 {
        if let paid = scenario.outcomes[instrument] { return paid ? 2 : 0 }
        return halves(open: instrument, winners)
    }

    /// What a contract of an open order pays, in halves of a dollar.
    private func halves(open instrument: String, _ winners: Set<String>?) -> Int128 {
        guard let winners else { return 1 }
        return winners.contains(instrument) ? 2 : 0
    }

    private func flow(_ fill: Scenario.Fill) -> Int128 {
        let order = scenario.orders[fill.order]
        let product = Int128(fill.price.units) * Int128(fill.quantity.units)
        let notional =
            order.side == .buy ? (product + 999_999_999) / 1_000_000_000 : product / 1_000_000_000
        return -Int128(order.side.sign) * notional - Int128(fill.fee.units)
    }

    /// What filling the rest of an order brings in an outcome, its fee reserve paid.
    private func effect(_ order: Scenario.Order, halves: Int128) -> Int128 {
        let product = Int128(order.price.units) * Int128(order.exposed.units)
        let value = Int128(order.exposed.units) * halves / 2
        let fee = feeReserve(order)
        return order.side == .buy
            ? value - (product + 999_999_999) / 1_000_000_000 - fee
            : product / 1_000_000_000 - value - fee
    }

    private func feeReserve(_ order: Scenario.Order) -> Int128 {
        if order.exposed.isZero { return 0 }
        let p = Int128(order.price.units)
        let numerator = 7 * Int128(order.exposed.units) * p * (1_000_000_000 - p)
        let denominator: Int128 = 100 * 1_000_000_000 * 1_000_000_000
        return (numerator + denominator - 1) / denominator + 10_000_000
    }

    private func committed(_ order: Scenario.Order, _ contracts: Quantity) -> Int128 {
        let p = Int128(order.price.units)
        let perContract = order.side == .buy ? p : 1_000_000_000 - p
        return (perContract * Int128(contracts.units) + 999_999_999) / 1_000_000_000
    }

    /// What the venue can lock at most: per instrument, the dearest subset of the open orders.
    func reserved(with order: Scenario.Order?, of tenant: Int) -> Int128 {
        let all = scenario.orders + (order.map { [$0] } ?? [])
        let open = all.filter { $0.exposed > .zero && scenario.tenant(of: $0.strategy) == tenant }
        var total: Int128 = 0
        for name in Set(open.map(\.instrument)) {
            let held =
                scenario.settled.contains(name)
                ? 0 : held(name, by: tenant)
            var buys: Int128 = 0
            var sells: Int128 = 0
            var bought: Int128 = 0
            var sold: Int128 = 0
            for order in open where order.instrument == name {
                total += feeReserve(order)
                let product = Int128(order.price.units) * Int128(order.exposed.units)
                if order.side == .buy {
                    buys += (product + 999_999_999) / 1_000_000_000
                    bought += Int128(order.exposed.units)
                } else {
                    sells += Int128(order.exposed.units) - product / 1_000_000_000
                    sold += Int128(order.exposed.units)
                }
            }
            let ifBought = buys - min(bought, max(0, -held))
            let ifSold = sells - min(sold, max(0, held))
            total += max(0, ifBought, ifSold)
        }
        return total
    }

    private func held(_ name: String, by tenant: Int) -> Int128 {
        Int128(scenario.position(of: name) { scenario.tenant(of: $0) == tenant }.units)
    }

    /// A tenant's capital, flows, payouts, less a dollar for every NO that is held.
    func cash(of tenant: Int) -> Int128 {
        var total = Int128(amount(Scenario.tenants[tenant].cash).units)
        for fill in scenario.fills where !fill.isBusted {
            let strategy = scenario.orders[fill.order].strategy
            if scenario.tenant(of: strategy) == tenant { total += flow(fill) }
        }
        for name in scenario.instruments { total -= max(0, -held(name, by: tenant)) }
        for name in scenario.settled {
            let paid = scenario.payouts[name]?[tenant] ?? .zero
            // What fills after the settlement is due and not paid.
            total += Int128(paid.units) - max(0, -held(name, by: tenant))
        }
        return total
    }

    /// What a strategy has earned: what flowed, what was paid out, and what it holds at the marks.
    func earned(by strategy: Int) -> Int128 {
        var total: Int128 = 0
        var positions: [String: Int128] = [:]
        for fill in scenario.fills where !fill.isBusted {
            let order = scenario.orders[fill.order]
            guard order.strategy == strategy else { continue }
            total += flow(fill)
            positions[order.instrument, default: 0] +=
                Int128(order.side.sign) * Int128(fill.quantity.units)
        }
        for (name, held) in positions {
            if let isYes = scenario.outcomes[name] {
                total += isYes ? held : 0
            } else {
                let product = held * (scenario.marks[name] ?? 0)
                let whole = product / 1_000_000_000
                total += product % 1_000_000_000 < 0 ? whole - 1 : whole
            }
        }
        return total
    }

    func reduces(_ order: Scenario.Order) -> Bool {
        let held = scenario.position(of: order.instrument) { $0 == order.strategy }.units
        let same = scenario.orders.filter {
            $0.instrument == order.instrument && $0.strategy == order.strategy
                && $0.side == order.side
        }
        let open = same.reduce(order.quantity.units) { $0 + $1.exposed.units }
        return open <= (order.side == .buy ? -held : held)
    }

    private func tradesWithItself(_ order: Scenario.Order) -> Bool {
        scenario.orders.contains { other in
            guard !other.state.isTerminal, other.instrument == order.instrument,
                other.side != order.side,
                scenario.tenant(of: other.strategy) == scenario.tenant(of: order.strategy)
            else { return false }
            return order.side == .buy ? other.price <= order.price : other.price >= order.price
        }
    }

    // MARK: - Limits

    /// Whether any limit of a kind that concerns the order is exceeded in its own scope.
    func exceeds(
        _ kind: LimitKind, _ order: Scenario.Order, inScopesOfInstrument isNarrow: Bool = false,
        isFloor: Bool = false, left: Int128 = Drawdown.one,
        _ measure: ((Scenario.Order) -> Bool) -> Int128
    ) -> Bool {
        limits(of: kind, on: order, inScopesOfInstrument: isNarrow).contains {
            let value = measure($0.covers)
            let limit = Int128($0.value) * left / Drawdown.one
            return isFloor ? value < limit : value > limit
        }
    }

    /// A limit that concerns an order, and the orders that it adds up.
    struct StatedLimit {
        let limit: Scenario.Limit
        let value: Int64
        let covers: (Scenario.Order) -> Bool
    }

    /// All limits of a kind that concern an order. A narrow one, of an instrument or an event,
    /// counts what all the firm has in it.
    func limits(
        of kind: LimitKind, on order: Scenario.Order, inScopesOfInstrument isNarrow: Bool = false
    ) -> [StatedLimit] {
        let event = scenario.event(of: order.instrument)
        let tenant = scenario.tenant(of: order.strategy)
        return scenario.allLimits(of: kind).compactMap { limit, value in
            let covers: (Scenario.Order) -> Bool
            switch limit.level {
            case .firm, .venue: covers = { _ in true }
            case .org, .account:
                guard limit.holder == tenant else { return nil }
                covers = { scenario.tenant(of: $0.strategy) == limit.holder }
            case .strategy where limit.holder == order.strategy:
                covers = { $0.strategy == order.strategy }
            case .instrument where limit.instrument == order.instrument:
                covers = { isNarrow || $0.instrument == order.instrument }
            case .event where limit.instrument == event:
                covers = { isNarrow || scenario.event(of: $0.instrument) == event }
            default: return nil
            }
            return StatedLimit(limit: limit, value: value, covers: covers)
        }
    }
}
