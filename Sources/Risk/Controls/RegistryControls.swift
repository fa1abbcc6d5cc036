import Trading
import Wire

/// What the registry says of the order's event: whether it may be traded at all, whether its end is
/// near or disputed, and which other events could go wrong with it.
extension RiskEngine {
    /// The event set is tradable; a deprecated one is only wound down.
    func checkLifecycle(_ context: OrderContext) -> ControlResult {
        switch events[context.event].standing.lifecycle {
        case .tradable: return .passed
        case .new, .watchOnly: return .denied(.instrumentWatchOnly, .instrument)
        case .deprecated:
            guard context.kind == .intent || reducesPosition(context) else {
                return .denied(.instrumentDeprecated, .instrument)
            }
            return .passed
        }
    }

    /// The instrument's rule is one that was reviewed. A change freezes it until it is.
    func checkRuleChange(_ context: OrderContext) -> ControlResult {
        let instrument = context.instrument
        let isReviewed =
            events[context.event].standing.rules.isEmpty
            || events[context.event].standing.rules.contains(instruments[instrument].ruleHash)
        guard instruments[instrument].changedRule == nil, isReviewed else {
            return .denied(.ruleChanged, .instrument)
        }
        return .passed
    }

    /// From the window before the expected resolution until settlement, orders only reduce.
    func checkSettlementWindow(_ context: OrderContext) -> ControlResult {
        let window = events[context.event].standing.window
        guard window > .zero else { return .passed }
        let resolvesAt = events[context.event].standing.resolvesAt
        let expected = resolvesAt > .zero ? resolvesAt : instruments[context.instrument].closeAt
        let (start, overflow) = expected.nanoseconds.subtractingReportingOverflow(
            window.nanoseconds)
        if overflow { return .denied(.arithmeticOverflow, .event) }
        let now = context.now.nanoseconds
        guard now < start || context.kind == .intent || reducesPosition(context) else {
            return .denied(.settlementWindow, .event, limit: start, value: now)
        }
        return .passed(.event, limit: start, value: now)
    }

    /// While an outcome is proposed or disputed, its event takes no new risk; and while too much is
    /// locked in disputes, nothing in the scope does.
    func checkDispute(_ context: OrderContext) -> ControlResult {
        let isDisputed = events[context.event].isDisputed
        let locked = eachMeter(
            .disputedLossMax, context, .disputedLossExceeded, by: ScopeValues.Disputed.self
        ) {
            engine, _, _, meter in engine.meters[meter].disputed.units
        }
        guard isDisputed || locked.isDenied else { return locked }
        if reducesPosition(context) { return .passed }
        return isDisputed ? .denied(.resolutionDisputed, .event) : locked
    }

    /// The worst losses of linked events, added up: nothing is credited for their differing.
    func checkLinkedLoss(_ context: OrderContext) -> ControlResult {
        var found: ControlResult?
        for bucket in events[context.event].standing.links {
            let result = each(.linkedLossMax, context, .linkedLossExceeded) {
                engine, context, book, _ in engine.linkedLoss(Int(bucket), with: context, book)
            }
            if result.isDenied { return result }
            found = tighter(found, result)
        }
        return found ?? .passed
    }

    private func linkedLoss(
        _ bucket: Int, with context: OrderContext, _ book: Int
    ) -> Int64? {
        guard let added = context.addedLoss[book] else { return nil }
        let level = MeterPath.level(book)
        let linked = registry.buckets[bucket][node(of: context.strategy, at: level)]
        return linked.addingChecked(Money(units: added))?.units
    }

    /// The node of a strategy's order at a level. What is no scope of positions is measured over
    /// the firm.
    private func node(of strategy: Int32, at level: LimitLevel) -> Int32 {
        var node = strategy
        while nodes[Int(node)].level != level, nodes[Int(node)].parent >= 0 {
            node = nodes[Int(node)].parent
        }
        return node
    }
}
