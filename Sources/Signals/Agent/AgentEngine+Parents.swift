import Execution
import Trading

/// Working what is wanted of a market by an algorithm, child by child.
extension AgentEngine {
    /// Begins a parent for an edge, unless one works the side already; what stands against it,
    /// where something does.
    mutating func pursue(
        _ edge: Edge, by plan: ExecutionPlan, _ opinion: Opinion, _ view: MarketView,
        at now: Timestamp
    ) -> Abstention? {
        let id = view.instrument.id
        if parents.contains(where: { $0.instrument == id && $0.side == edge.side }) {
            return .quoted
        }
        if markets[id]?.mayAct(edge.side, at: now) != true { return .waiting }
        guard let quantity = size(edge, view, most: terms.intentQuantity) else {
            return .sizeTooSmall
        }
        let limit = limit(from: edge, opinion, view, at: now)
        let deadline = min(now + plan.horizon, view.window.quotesUntil)
        let sizes = ChildSizes(
            lot: view.instrument.lot, minimum: max(terms.orderQuantityMin, view.instrument.lot))
        let terms = ParentTerms(
            side: edge.side, quantity: quantity, limit: limit, startsAt: now, deadline: deadline,
            tick: view.instrument.tick, sizes: sizes,
            fees: .kalshi(
                takerRate: terms.takerRate, makerRate: terms.makerRate, multiplier: .one,
                precision: KalshiFees.cent),
            edge: Price(max(0, edge.net), rounding: .down) ?? .zero, style: plan.style,
            child: AdaptiveChild(share: plan.childShare, usualSpread: plan.usualSpread),
            crossesAtDeadline: plan.crossesAtDeadline)
        do throws(ParentRefusal) {
            let execution = try ParentExecution(terms)
            intents.forget(id, edge.side)
            counts.parents += 1
            parents.append(
                ActiveParent(
                    instrument: id, side: edge.side, quantity: quantity, limit: limit,
                    deadline: deadline, execution: execution, wakesAt: now))
            return nil
        } catch {
            let resume = now + self.terms.requestInterval
            markets[id]?.rest(edge.side, until: resume)
            return .sizeTooSmall
        }
    }

    /// Works every parent that has news, a market that moved or a moment that came.
    mutating func work(at now: Timestamp, _ tick: TickNumber, into effects: inout AgentEffects) {
        for index in parents.indices { work(index, at: now, tick, into: &effects) }
        let resume = now + terms.requestInterval
        for parent in parents where parent.execution.isDone {
            markets[parent.instrument]?.rest(parent.side, until: resume)
        }
        parents.removeAll { $0.execution.isDone && $0.child == nil }
    }

    /// A child of a parent is over, or was filled; told when the parent is worked next.
    mutating func tellParent(of request: RequestID, _ event: (UInt32) -> ExecutionEvent) {
        guard
            let index = parents.firstIndex(where: { $0.child?.request == request }),
            let child = parents[index].child
        else { return }
        parents[index].news.append(event(child.number))
        if case .ended = event(child.number) {
            parents[index].child = nil
            parents[index].isLeaving = false
        }
    }

    /// Whether an algorithm decides about an order.
    func isChild(_ order: WorkingOrder) -> Bool {
        parents.contains { $0.child?.request == order.requestID }
    }

    private mutating func work(
        _ index: Int, at now: Timestamp, _ tick: TickNumber, into effects: inout AgentEffects
    ) {
        let (opinion, view, event) = standing(of: parents[index], at: now, tick)
        var wanted: [ExecutionEffect] = []
        let news = parents[index].news
        parents[index].news = []
        for change in news { parents[index].execution.apply(change, at: now, into: &wanted) }
        parents[index].execution.apply(event, at: now, into: &wanted)
        if let moment = parents[index].wakesAt, moment <= now {
            parents[index].wakesAt = nil
            parents[index].execution.apply(.timer, at: now, into: &wanted)
        }
        // A child that cannot be asked for is over at once, and the parent may answer to that.
        var next = 0
        while next < wanted.count {
            switch wanted[next] {
            case .submit(let child):
                if !submit(child, of: index, opinion, view, at: now, into: &effects) {
                    parents[index].execution.apply(
                        .ended(child: child.number), at: now, into: &wanted)
                }
            case .cancel: parents[index].isLeaving = true
            case .wake(let moment): parents[index].wakesAt = moment
            case .finished: break
            }
            next += 1
        }
        leave(index, at: now, into: &effects)
    }

    /// What a parent is told of its market: where it stands, or that its reason is gone.
    private func standing(
        of parent: ActiveParent, at now: Timestamp, _ tick: TickNumber
    ) -> (Opinion?, MarketView?, ExecutionEvent) {
        guard let market = markets[parent.instrument],
            case .success(let view) = market.view(
                at: now, tick: tick, ageMax: terms.bookAgeMax, without: orders)
        else { return (nil, nil, .market(nil)) }
        guard case .believe(let opinion) = policy.assess(view, at: now),
            hasEdge(parent, opinion, view, at: now)
        else { return (nil, nil, .stop) }
        return (
            opinion, view,
            .market(
                ExecutionMarket(
                    bid: view.bid.price, ask: view.ask.price, bidQuantity: view.bid.quantity,
                    askQuantity: view.ask.quantity,
                    adverseMarkout: makerMarkout.adverse(at: terms.markoutHorizon, asOf: now)))
        )
    }

    /// Whether anything at all may still be bought or sold within the parent's limit.
    private func hasEdge(
        _ parent: ActiveParent, _ opinion: Opinion, _ view: MarketView, at now: Timestamp
    ) -> Bool {
        let touch = parent.side == .buy ? view.bid.price : view.ask.price
        let price =
            parent.side == .buy ? min(touch, parent.limit) : max(touch, parent.limit)
        let idea = OrderIdea(
            side: parent.side, liquidity: .maker, price: price, quantity: parent.quantity)
        return edge(of: idea, opinion, view, at: now).net >= 0
    }

    /// The worst price at which taking still has the least edge; the edge's own where it has not.
    private func limit(
        from edge: Edge, _ opinion: Opinion, _ view: MarketView, at now: Timestamp
    ) -> Price {
        guard edge.liquidity == .taker else { return edge.price }
        let step = view.instrument.tick * edge.side.sign
        var limit = edge.price
        for _ in 0..<10 {
            let next = limit + step
            guard next > .zero, next < .one else { break }
            let idea = OrderIdea(
                side: edge.side, liquidity: .taker, price: next,
                quantity: terms.orderQuantityMax)
            guard self.edge(of: idea, opinion, view, at: now).net >= terms.edgeMinimum else {
                break
            }
            limit = next
        }
        return limit
    }

    /// Asks for a child; false where it cannot be asked for now.
    private mutating func submit(
        _ child: ChildOrder, of index: Int, _ opinion: Opinion?, _ view: MarketView?,
        at now: Timestamp, into effects: inout AgentEffects
    ) -> Bool {
        guard let opinion, let view else { return false }
        let parent = parents[index]
        let idea = OrderIdea(
            side: child.side, liquidity: child.isPostOnly ? .maker : .taker, price: child.price,
            quantity: min(child.quantity, terms.orderQuantityMax))
        let edge = edge(of: idea, opinion, view, at: now)
        if edge.net < (idea.liquidity == .taker ? terms.edgeMinimum : 0) { return false }
        if markets[parent.instrument]?.mayAct(idea.side, at: now) != true
            || crossesOwn(idea, parent.instrument) || orders.count >= terms.openOrdersMax
            || effects.requestCount + 2 > terms.requestsPerTickMax
        {
            return false
        }
        let obstacle = place(
            idea, edge, opinion, view, at: now,
            under: IntentPlan(
                quantity: parent.quantity, limit: parent.limit, deadline: parent.deadline),
            into: &effects)
        if let obstacle {
            counts.abstentions.add(obstacle)
            return false
        }
        parents[index].child = (child.number, lastRequest)
        return true
    }

    private func crossesOwn(_ idea: OrderIdea, _ id: InstrumentID) -> Bool {
        orders.contains {
            $0.instrument == id && $0.side == idea.side.opposite
                && (idea.side == .buy ? $0.price <= idea.price : $0.price >= idea.price)
        }
    }

    /// Takes a child away, as soon as its number is known.
    private mutating func leave(
        _ index: Int, at now: Timestamp, into effects: inout AgentEffects
    ) {
        guard parents[index].isLeaving, let request = parents[index].child?.request,
            let place = orders.firstIndex(where: { $0.requestID == request }),
            let orderID = orders[place].orderID, mayCancel(orders[place], at: now)
        else { return }
        cancel(place, orderID, because: .requoted, at: now, into: &effects)
    }
}
