package import Wire

/// The controls in the order of their evaluation: the one list. The first denial ends it.
package enum ControlTable {
    /// For an order request: all of them.
    package static let order: [Control] = [
        .identity, .arming, .kill, .idempotency, .repeatedOrder, .explanation, .parentChild,
        .instrumentState, .lifecycle, .ruleChange, .settlementWindow, .dispute,
        .staleQuote, .liveGuard, .size, .liquidity, .notional, .priceCollar, .priceWalk,
        .spreadCross, .tailGuard, .edge, .planNotional, .expiry, .messageRate, .orderRate,
        .orderToTrade, .openOrders, .position, .volatility, .grossAndNet, .concentration,
        .eventLoss, .linkedLoss,
        .collateral, .selfTrade, .lossLimit, .drawdown, .adverseSelection, .gateway,
    ]

    /// For an intent: what can be known before the first child.
    package static let intent: [Control] = [
        .identity, .arming, .kill, .idempotency, .parentChild, .instrumentState, .lifecycle,
        .ruleChange, .size, .priceCollar, .planNotional, .messageRate,
    ]

    /// Nothing stands between an agent and the cancel of its own order.
    package static let cancel: [Control] = [.identity]

    /// The controls that a kind of command meets.
    package static func order(for kind: JudgedKind) -> [Control] {
        switch kind {
        case .order: order
        case .intent: intent
        case .cancel: cancel
        }
    }
}

extension RiskEngine {
    /// Evaluates a command's controls into a judgement until one denies.
    func evaluate(_ context: OrderContext, into judgement: inout Judgement) {
        let order = ControlTable.order(for: context.kind)
        for index in order.indices {
            let result = evaluate(order[index], context)
            judgement.results[index] = result
            if result.isDenied {
                if context.waives(result) {
                    judgement.results[index] = result.overridden
                    continue
                }
                judgement.verdict = .rejected
                judgement.reason = result.reason
                judgement.level = result.level
                judgement.limit = result.limit
                judgement.value = result.value
                return
            }
        }
        judgement.verdict = context.kind == .order ? .permitted : .accepted
    }

    @inline(__always) private func evaluate(
        _ control: Control, _ context: OrderContext
    ) -> ControlResult {
        #if BELLWETHER_MUTANTS
            // A control that is taken out is not asked: what it would have guarded may not exist.
            if let mutant, mutant.control == control {
                return mutant.isInverted ? mutant.invert(check(control, context)) : .passed
            }
        #endif
        return check(control, context)
    }

    /// One control. Every one has the same shape: it looks at the engine and the context, changes
    /// nothing, and passes or denies with reason, level, limit and value.
    @inline(__always) private func check(
        _ control: Control, _ context: OrderContext
    ) -> ControlResult {
        switch control {
        case .identity: checkIdentity(context)
        case .arming: checkArming(context)
        case .kill: checkKill(context)
        case .idempotency: checkIdempotency(context)
        case .explanation: checkExplanation(context)
        case .parentChild: checkParentChild(context)
        case .instrumentState: checkInstrumentState(context)
        case .lifecycle: checkLifecycle(context)
        case .ruleChange: checkRuleChange(context)
        case .settlementWindow: checkSettlementWindow(context)
        case .dispute: checkDispute(context)
        case .staleQuote: checkStaleQuote(context)
        case .liveGuard: checkLiveGuard(context)
        case .size: checkSize(context)
        case .notional: checkNotional(context)
        case .priceCollar: checkPriceCollar(context)
        case .expiry: checkExpiry(context)
        case .messageRate: checkMessageRate(context)
        case .orderRate: checkOrderRate(context)
        case .openOrders: checkOpenOrders(context)
        case .position: checkPosition(context)
        case .eventLoss: checkEventLoss(context)
        case .linkedLoss: checkLinkedLoss(context)
        case .collateral: checkCollateral(context)
        case .selfTrade: checkSelfTrade(context)
        case .lossLimit: checkLossLimit(context)
        case .drawdown: checkDrawdown(context)
        case .adverseSelection: checkAdverseSelection(context)
        case .gateway: checkGateway(context)
        case .repeatedOrder: checkRepeatedOrder(context)
        case .planNotional: checkPlanNotional(context)
        case .priceWalk: checkPriceWalk(context)
        case .spreadCross: checkSpreadCross(context)
        case .tailGuard: checkTailGuard(context)
        case .edge: checkEdge(context)
        case .orderToTrade: checkOrderToTrade(context)
        case .grossAndNet: checkGrossAndNet(context)
        case .concentration: checkConcentration(context)
        case .liquidity: checkLiquidity(context)
        case .volatility: checkVolatility(context)
        }
    }
}
