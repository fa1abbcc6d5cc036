import Trading

/// Protection of what stands, and the bounded search for what could stand.
extension AgentEngine {
    /// Takes away every quote that may not stand any more. Never shed: it is bounded by the number
    /// of open orders.
    mutating func protect(at now: Timestamp, _ tick: TickNumber, into effects: inout AgentEffects) {
        for index in orders.indices {
            guard let orderID = orders[index].orderID, mayCancel(orders[index], at: now) else {
                continue
            }
            guard let reason = danger(to: orders[index], at: now, tick) else { continue }
            cancel(index, orderID, because: reason, at: now, into: &effects)
        }
    }

    /// Looks at the markets whose time it is, as far as the budget goes.
    mutating func scan(at now: Timestamp, _ tick: TickNumber, into effects: inout AgentEffects) {
        queueScans(at: now)
        var shed = 0
        for _ in 0..<terms.scanBudget {
            guard let id = scans.next(at: now, shed: &shed) else { break }
            counts.scanned += 1
            look(at: id, now, tick, into: &effects)
        }
        for _ in 0..<shed { counts.abstentions.add(.staleScan) }
    }

    mutating func cancel(
        _ index: Int, _ orderID: OrderID, because reason: Abstention, at now: Timestamp,
        into effects: inout AgentEffects
    ) {
        orders[index].cancelAskedAt = now
        lastRequest = lastRequest.next
        counts.cancels += 1
        counts.withdrawals.add(reason)
        effects.add(.cancel(lastRequest, orderID))
    }

    /// A cancel is asked for again when nothing came of it for a while.
    func mayCancel(_ order: WorkingOrder, at now: Timestamp) -> Bool {
        guard order.liquidity == .maker else { return false }
        return order.cancelAskedAt.map { now - $0 >= terms.rejectionPause } ?? true
    }

    private mutating func queueScans(at now: Timestamp) {
        for _ in 0..<terms.scanLoad {
            for id in schedule {
                guard let market = markets[id] else { continue }
                if market.window.quotesFrom > now + terms.scanHorizon { break }
                if market.window.endsAt <= now || market.status == .settled { continue }
                if !scans.add(id, at: now) { counts.abstentions.add(.scanOverflow) }
            }
        }
    }

    private mutating func look(
        at id: InstrumentID, _ now: Timestamp, _ tick: TickNumber,
        into effects: inout AgentEffects
    ) {
        guard let market = markets[id] else { return }
        let found: SideLook
        switch view(of: market, at: now, tick) {
        case .failure(let abstention): found = SideLook(edge: nil, reason: abstention.reason)
        case .success(let view):
            switch policy.assess(view, at: now) {
            case .abstain(let reason): found = SideLook(edge: nil, reason: reason)
            case .believe(let opinion):
                let bought = count(quote(.buy, opinion, view, at: now, into: &effects))
                let sold = quote(.sell, opinion, view, at: now, into: &effects)
                looks.note(count(sold).preferred(to: bought), of: market, at: now)
                return
            case .gamble(let side, let opinion):
                found = gamble(side, opinion, view, at: now, into: &effects)
            }
        }
        looks.note(count(found), of: market, at: now)
    }

    private mutating func count(_ look: SideLook) -> SideLook {
        if let reason = look.reason { counts.abstentions.add(reason) }
        return look
    }

    private func view(
        of market: MarketState, at now: Timestamp, _ tick: TickNumber
    ) -> Result<MarketView, AbstentionError> {
        market.view(at: now, tick: tick, ageMax: terms.bookAgeMax, without: orders)
    }

    /// Why a standing quote may not stand any longer; nil while it may.
    private func danger(
        to order: WorkingOrder, at now: Timestamp, _ tick: TickNumber
    ) -> Abstention? {
        guard let ground = order.ground, let market = markets[order.instrument] else {
            return .adopted
        }
        switch view(of: market, at: now, tick) {
        case .failure(let abstention): return abstention.reason
        case .success(let view):
            switch policy.assess(view, at: now) {
            case .abstain(let reason): return reason
            case .gamble: return nil
            case .believe(let opinion): return danger(to: order, ground, opinion, view, now)
            }
        }
    }

    private func danger(
        to order: WorkingOrder, _ ground: WorkingOrder.Ground, _ opinion: Opinion,
        _ view: MarketView, _ now: Timestamp
    ) -> Abstention? {
        let moved = abs(opinion.basis - ground.basis) * ground.sensitivity
        let tick = view.instrument.tick.doubleValue
        if moved > tick * Double(terms.moveTicks) { return .basisMoved }
        let idea = OrderIdea(
            side: order.side, liquidity: order.liquidity, price: order.price,
            quantity: max(order.remaining, view.instrument.lot))
        let edge = edge(of: idea, opinion, view, at: now)
        // Between zero and the minimum a quote is kept: that is the hysteresis.
        return edge.net < 0 ? .edgeGone : nil
    }
}
