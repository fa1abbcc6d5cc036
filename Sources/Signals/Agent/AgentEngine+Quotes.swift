import Trading

/// From an opinion to an order.
extension AgentEngine {
    /// Quotes one side of a market, or takes what is offered, where there is an edge.
    mutating func quote(
        _ side: Side, _ opinion: Opinion, _ view: MarketView, at now: Timestamp,
        into effects: inout AgentEffects
    ) -> SideLook {
        let edge = bestEdge(side, opinion, view, at: now)
        guard edge.net >= terms.edgeMinimum else {
            return SideLook(edge: edge, reason: .edgeTooSmall)
        }
        if let plan = terms.execution {
            return SideLook(edge: edge, reason: pursue(edge, by: plan, opinion, view, at: now))
        }
        if let reason = obstacle(to: edge, view, at: now, into: &effects) {
            return SideLook(edge: edge, reason: reason)
        }
        guard let quantity = size(edge, view, most: terms.orderQuantityMax) else {
            return SideLook(edge: edge, reason: .sizeTooSmall)
        }
        let idea = OrderIdea(
            side: side, liquidity: edge.liquidity, price: edge.price, quantity: quantity)
        // Rounding weighs more on a small order than on the one that the edge was computed for.
        let exact = self.edge(of: idea, opinion, view, at: now)
        guard exact.net >= terms.edgeMinimum else {
            return SideLook(edge: exact, reason: .edgeTooSmall)
        }
        return SideLook(
            edge: exact, reason: place(idea, exact, opinion, view, at: now, into: &effects))
    }

    /// Takes a side at the touch whatever the edge, with the smallest order.
    mutating func gamble(
        _ side: Side, _ opinion: Opinion, _ view: MarketView, at now: Timestamp,
        into effects: inout AgentEffects
    ) -> SideLook {
        let step = view.instrument.lot
        let idea = OrderIdea(
            side: side, liquidity: .taker, price: touch(against: side, view).price,
            quantity: max(step, terms.orderQuantityMin.rounded(toMultipleOf: step, .up)))
        let edge = edge(of: idea, opinion, view, at: now)
        let held = account.position(view.instrument.id) * side.sign
        let isFull = held + idea.quantity > terms.positionMax
        if let reason = isFull ? .positionFull : obstacle(to: edge, view, at: now, into: &effects) {
            return SideLook(edge: edge, reason: reason)
        }
        return SideLook(
            edge: edge, reason: place(idea, edge, opinion, view, at: now, into: &effects))
    }

    func edge(
        of idea: OrderIdea, _ opinion: Opinion, _ view: MarketView, at now: Timestamp
    ) -> Edge {
        edges.edge(
            idea, fair: edges.fair(idea.side, opinion, view),
            haircut: haircut(of: idea, opinion, view, at: now),
            secondsToPayout: (view.window.endsAt - now).seconds)
    }

    /// The selection to expect of a fill: measured on our fills of this kind, and until enough
    /// were, what the order expects of itself.
    private func haircut(
        of idea: OrderIdea, _ opinion: Opinion, _ view: MarketView, at now: Timestamp
    ) -> Double {
        switch idea.liquidity {
        case .taker: takerMarkout.adverse(at: terms.markoutHorizon, asOf: now)
        case .maker:
            makerMarkout.adverse(
                at: terms.markoutHorizon, prior: edges.selection(of: idea, opinion, view),
                asOf: now)
        }
    }

    /// Taking, when the edge pays fee and markout; else the first passive price that does; else
    /// what comes nearest to it.
    private func bestEdge(
        _ side: Side, _ opinion: Opinion, _ view: MarketView, at now: Timestamp
    ) -> Edge {
        var idea = OrderIdea(
            side: side, liquidity: .taker, price: touch(against: side, view).price,
            quantity: terms.orderQuantityMax)
        let taken = edge(of: idea, opinion, view, at: now)
        if taken.net >= terms.edgeMinimum { return taken }
        idea.liquidity = .maker
        var best = taken
        for price in passivePrices(side, view) {
            idea.price = price
            let posted = edge(of: idea, opinion, view, at: now)
            if posted.net >= terms.edgeMinimum { return posted }
            if posted.net > best.net { best = posted }
        }
        return best
    }

    /// Prices that would rest, the most attractive to others first.
    private func passivePrices(_ side: Side, _ view: MarketView) -> [Price] {
        let tick = view.instrument.tick
        let steps = -1...terms.quoteDistanceTicks
        switch side {
        case .buy:
            return steps.map { view.bid.price - tick * $0 }
                .filter { $0 < view.ask.price && $0.units > 0 }
        case .sell:
            return steps.map { view.ask.price + tick * $0 }
                .filter { $0 > view.bid.price && $0 < .one }
        }
    }

    /// What stands in the way of an order. A standing quote that is far from its best price is
    /// taken away here.
    private mutating func obstacle(
        to edge: Edge, _ view: MarketView, at now: Timestamp, into effects: inout AgentEffects
    ) -> Abstention? {
        let id = view.instrument.id
        if let index = orders.firstIndex(where: { $0.instrument == id && $0.side == edge.side }) {
            requote(index, edge, view, at: now, into: &effects)
            return .quoted
        }
        let crosses = orders.contains {
            $0.instrument == id && $0.side == edge.side.opposite
                && (edge.side == .buy ? $0.price <= edge.price : $0.price >= edge.price)
        }
        if crosses { return .selfCross }
        if markets[id]?.mayAct(edge.side, at: now) != true { return .waiting }
        if orders.count >= terms.openOrdersMax { return .ordersFull }
        // A request may need its parent declared before it.
        let isFull = effects.requestCount + 2 > terms.requestsPerTickMax
        return isFull ? .requestsFull : nil
    }

    private mutating func requote(
        _ index: Int, _ edge: Edge, _ view: MarketView, at now: Timestamp,
        into effects: inout AgentEffects
    ) {
        let order = orders[index]
        guard let orderID = order.orderID, mayCancel(order, at: now) else { return }
        let distance = (edge.price - order.price).magnitude
        let isFar = distance >= view.instrument.tick * terms.requoteTicks
        let isOldEnough = now - order.requestedAt >= terms.requestInterval
        guard isFar && isOldEnough else { return }
        cancel(index, orderID, because: .requoted, at: now, into: &effects)
    }

    /// The quantity of an order or a parent: quarter Kelly of free equity less what is held, in
    /// tiny orders.
    func size(_ edge: Edge, _ view: MarketView, most: Quantity) -> Quantity? {
        guard edge.cost > 0, edge.cost < 1 else { return nil }
        let fraction =
            terms.kellyFraction * Kelly.binary(probability: edge.probability, cost: edge.cost)
        let free = max(0, freeEquity.doubleValue)
        guard let target = Quantity(fraction * free / edge.cost, rounding: .down) else {
            return nil
        }
        let held = account.position(view.instrument.id) * edge.side.sign
        var room = min(min(target, terms.positionMax) - held, most)
        if edge.liquidity == .taker, terms.execution == nil {
            room = min(room, touch(against: edge.side, view).quantity)
        }
        let quantity = room.rounded(toMultipleOf: view.instrument.lot, .down)
        return quantity >= max(terms.orderQuantityMin, view.instrument.lot) ? quantity : nil
    }

    /// Cash that no open order claims.
    private var freeEquity: Money {
        orders.reduce(account.cash) { $0 - $1.collateral }
    }

    private func touch(against side: Side, _ view: MarketView) -> BookLevel {
        side == .buy ? view.ask : view.bid
    }
}
