import Portfolio
import Trading
import Wire

/// Who has lost too much does less, or nothing. Losses are those of robust marks: a book that
/// empties or widens brakes nobody.
extension RiskEngine {
    /// No scope has lost more than its limits of the day, the week and all time; beyond three
    /// quarters of one of them, orders only reduce.
    func checkLossLimit(_ context: OrderContext) -> ControlResult {
        var node = context.strategy
        while node >= 0 {
            let scope = Int(node)
            node = nodes[scope].parent
            if nodes[scope].brake.isOpen { continue }
            let stage = nodes[scope].brake.worstStage
            let isHalted = nodes[scope].brake.isHalted && nodes[scope].brake.cause != .drawdown
            guard isHalted || stage.rung >= LossStage.reduceOnly.rung else { continue }
            if !isHalted, stage != .halted, reducesPosition(context) { continue }
            return lossDenial(nodes[scope])
        }
        return checkTradeLoss(context)
    }

    /// The strategy's position in this instrument has not lost more than a trade may, against its
    /// cost and at its robust mark; where it has, orders there only reduce.
    private func checkTradeLoss(_ context: OrderContext) -> ControlResult {
        guard let (level, limit) = tightest(.tradeLossMax, context) else { return .passed }
        let key = PositionKey(owner: context.key, instrument: instruments[context.instrument].id)
        let position = ledger.position(key)
        guard !position.isFlat, let mark = instruments[context.instrument].mark.trusted else {
            return .passed
        }
        let lost = (position.cost - position.payout(at: mark)).units
        guard lost > max(0, limit), !reducesPosition(context) else {
            return .passed(level, limit: limit, value: max(0, lost))
        }
        return .denied(.tradeLossExceeded, level, limit: limit, value: lost)
    }

    /// The denial of the longest period whose ladder stands highest, or of the loss that halted
    /// the scope before a new period began.
    private func lossDenial(_ scope: ScopeNode) -> ControlResult {
        let brake = scope.brake
        let stage = brake.isReduceOnly ? brake.worstStage : .halted
        var cause = brake.cause
        if brake.isReduceOnly {
            cause = .lossDaily
            if brake.week.stage == stage { cause = .lossWeekly }
            if brake.totalStage == stage { cause = .lossTotal }
        }
        let (reason, kind, loss): (RejectReason, LimitKind, Int64) =
            switch cause {
            case .lossTotal:
                (.lossTotalExceeded, .lossTotalMax, Int64(clamping: -Int128(brake.profit.units)))
            case .lossWeekly:
                (.lossWeeklyExceeded, .lossWeeklyMax, brake.week.loss(brake.profit))
            case .lossDaily, .drawdown, .none:
                (.lossDailyExceeded, .lossDailyMax, brake.day.loss(brake.profit))
            }
        let limit = limits[kind, scope.meter].map { LossStage.threshold(stage, of: $0) }
        return .denied(reason, scope.level, limit: Int64(clamping: limit ?? 0), value: loss)
    }

    /// No scope is halted by a drawdown; within one, sizes are a fraction of their limits unless
    /// the order only reduces.
    func checkDrawdown(_ context: OrderContext) -> ControlResult {
        var node = context.strategy
        var left = DrawdownRule.one
        var level = LimitLevel.none
        while node >= 0 {
            let scope = Int(node)
            node = nodes[scope].parent
            if nodes[scope].brake.isOpen { continue }
            if nodes[scope].brake.isHalted, nodes[scope].brake.cause == .drawdown {
                return halted(nodes[scope])
            }
            if nodes[scope].brake.multiplier < left {
                left = nodes[scope].brake.multiplier
                level = nodes[scope].level
            }
        }
        if left == DrawdownRule.one || reducesPosition(context) { return .passed }
        return checkShrunk(context, to: left, level)
    }

    private func halted(_ scope: ScopeNode) -> ControlResult {
        let (part, whole) = scope.brake.drawdown.drawdown
        let value = part * Int128(DrawdownRule.one) / whole
        return .denied(
            .drawdownHalted, scope.level, limit: limits[.drawdownHardMax, scope.meter] ?? 0,
            value: Int64(clamping: value))
    }

    /// The strategy's fills in this instrument have not turned against it; where they have, orders
    /// only reduce until its cooldown is over.
    func checkAdverseSelection(_ context: OrderContext) -> ControlResult {
        let book = context.chain.strategy
        guard book >= 0, context.ordinal < books[book].markouts.count,
            context.now < books[book].markouts[context.ordinal].blockedUntil,
            !reducesPosition(context)
        else { return .passed }
        let mean = books[book].markouts[context.ordinal].blockedAt
        return .denied(
            .adverseMarkoutExceeded, .strategy,
            limit: tightest(.adverseMarkoutMax, context)?.limit ?? 0, value: -mean.units)
    }

    /// The order and the position it leads to, against what is left of their limits.
    private func checkShrunk(
        _ context: OrderContext, to left: Int64, _ level: LimitLevel
    ) -> ControlResult {
        guard let load = context.load else {
            return .denied(.arithmeticOverflow)
        }
        let sizes: [2 of (kind: LimitKind, value: Int64)] = [
            (.orderQuantityMax, context.quantity.units), (.orderNotionalMax, load.notional.units),
        ]
        for slot in 0..<2 {
            guard let limit = tightest(sizes[slot].kind, context)?.limit else { continue }
            let shrunk = shrink(limit, to: left)
            if sizes[slot].value > shrunk {
                return .denied(
                    .drawdownSizeExceeded, level, limit: shrunk, value: sizes[slot].value)
            }
        }
        for slot in 0..<7 where context.path.meters[slot] >= 0 {
            guard let limit = limits[.positionMax, context.path.meters[slot]] else {
                continue
            }
            let book = BookChain.slot(of: MeterPath.level(slot))
            guard let worst = context.worstPosition[book] else {
                return .denied(.arithmeticOverflow, level, limit: limit)
            }
            let shrunk = shrink(limit, to: left)
            if worst > shrunk {
                return .denied(.drawdownSizeExceeded, level, limit: shrunk, value: worst)
            }
        }
        return .passed
    }

    private func shrink(_ limit: Int64, to left: Int64) -> Int64 {
        Int64(clamping: divide(Int128(limit) * Int128(left), by: Int128(DrawdownRule.one), .down))
    }
}
