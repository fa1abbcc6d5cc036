import Portfolio
import Trading
import Wire

/// The life of a permitted order: its reservation, its end, and how long it is remembered.
extension RiskEngine {
    /// Makes the order that a judgement permits and reserves it everywhere.
    mutating func insertOrder(
        _ request: OrderRequest, _ judgement: Judgement, _ places: Judgement.Places,
        at now: Timestamp
    ) -> Int32 {
        let (strategy, instrument) = (places.strategy, places.instrument)
        let (agent, parent) = (places.agent, places.intent)
        precondition(
            strategy >= 0 && instrument >= 0 && agent >= 0 && parent >= 0,
            "permitted order \(judgement.orderID) has no place")
        let gateway = accounts[Int(nodes[Int(strategy)].account)].gateway
        precondition(
            gateways[Int(gateway)].id == judgement.gateway,
            "order \(judgement.orderID) is for \(judgement.gateway), which is not its account's")
        let index = orders.insert(
            OrderRecord(
                id: judgement.orderID, requestID: request.requestID, intentID: request.intentID,
                incarnation: request.incarnation, agent: agent, strategy: strategy,
                account: nodes[Int(strategy)].account, instrument: instrument, gateway: gateway,
                epoch: epoch, lease: judgement.lease, permit: judgement.permit,
                clientOrderID: judgement.clientOrderID, side: request.side,
                timeInForce: request.timeInForce, isPostOnly: request.isPostOnly.isSet,
                price: request.price, quantity: request.quantity, expiresAt: request.expiresAt,
                permittedAt: now, touchedAt: now))
        orderIndex[judgement.orderID] = index
        openOrderCount += 1
        intents[parent].committed += request.quantity
        intents[parent].openChildren += 1
        precondition(
            intents[parent].committed <= intents[parent].quantity,
            "intent \(intents[parent].key.id) is exceeded by order \(judgement.orderID)")
        precondition(
            judgement.permit >= gateways[Int(gateway)].nextPermit,
            "permit \(judgement.permit) is not after \(gateways[Int(gateway)].nextPermit)")
        gateways[Int(gateway)].nextPermit = judgement.permit.next
        reserve(index)
        link(index)
        count(places.path, by: 1)
        follow(index, path: places.path)
        countActivity(places.path, isTrade: false)
        return index
    }

    /// The permit of an order, complete but for its envelope, validity and authenticator.
    func permit(for index: Int32, parentCumulative: Quantity) -> OrderPermit {
        let order = orders[index]
        let account = accounts[Int(order.account)]
        guard let strategy = nodes[Int(order.strategy)].strategy else {
            preconditionFailure("order \(order.id) belongs to no strategy")
        }
        let key = intentKey(of: order)
        return OrderPermit(
            permitEpoch: order.epoch, lease: order.lease, permit: order.permit,
            gateway: gateways[Int(order.gateway)].id, agent: agents[Int(order.agent)].id,
            orderID: order.id, org: strategy.org, account: strategy.account, mode: strategy.mode,
            strategy: strategy.strategy, venue: account.venue,
            instrument: instruments[order.instrument].id, side: order.side,
            timeInForce: order.timeInForce, isPostOnly: Flag(order.isPostOnly),
            price: order.price, quantity: order.quantity, expiresAt: order.expiresAt,
            validity: .zero, intentID: order.intentID,
            parentQuantity: intentIndex[key].map { intents[$0].quantity } ?? .zero,
            parentCumulative: parentCumulative, limitSnapshot: limitSnapshot,
            clientOrderID: order.clientOrderID, mac: .zero)
    }

    func intentKey(of order: OrderRecord) -> IntentKey {
        IntentKey(
            agent: agents[Int(order.agent)].id, incarnation: order.incarnation,
            id: order.intentID)
    }

    /// Asks for an order's cancel, whatever its state: the gateway's fact decides. It is a message
    /// to the venue like others, and counts as one, but waits for no token.
    mutating func cancelOrder(
        _ index: Int32, because reason: GatewayReason, into effects: inout RiskEffects
    ) {
        let order = orders[index]
        takeTokens(
            path(strategy: order.strategy, instrument: order.instrument), .cancels, at: now)
        if order.state.canBecome(.cancelling) {
            orders[index].state = .cancelling
            effects.append(
                .update(update(of: index, reason: .none), agent: agents[Int(order.agent)].id))
        }
        effects.append(
            .cancel(
                CancelOrder(
                    orderID: order.id, instrument: instruments[order.instrument].id,
                    clientOrderID: order.clientOrderID, reason: reason),
                gateway: gateways[Int(order.gateway)].id))
    }

    /// What an agent is told of its order.
    func update(
        of index: Int32, reason: GatewayReason, fill: FillReport? = nil
    ) -> OrderUpdate {
        let order = orders[index]
        let remaining = order.state.isTerminal ? .zero : max(.zero, order.quantity - order.filled)
        let instrument = instruments[order.instrument]
        let book = bookIndex[BookKey(node: order.strategy, event: instrument.event)] ?? -1
        return OrderUpdate(
            orderID: order.id, requestID: order.requestID, intentID: order.intentID,
            instrument: instrument.id, side: order.side, state: order.state, gatewayReason: reason,
            filled: order.filled, remaining: remaining, lastPrice: fill?.price ?? .zero,
            lastQuantity: fill?.quantity ?? .zero, lastFee: fill?.fee ?? .zero,
            lastLiquidity: fill?.liquidity ?? .maker,
            position: exposure(book, instrument.ordinal).quantity, marketTime: now)
    }

    /// Brings an order's reservation to what is exposed now, in every scope.
    mutating func reserve(_ index: Int32) {
        let order = orders[index]
        let exposed = order.exposed
        if exposed == order.reserved { return }
        let before = load(order.side, order.price, order.reserved)
        let after = load(order.side, order.price, exposed)
        orders[index].reserved = exposed
        change(strategy: order.strategy, instrument: order.instrument) { exposure in
            exposure.remove(before)
            let fits = exposure.add(after)
            precondition(fits, "the load of order \(order.id) does not fit")
        }
        let path = path(strategy: order.strategy, instrument: order.instrument)
        for slot in 0..<7 where path.meters[slot] >= 0 {
            meters[path.meters[slot]].openNotional += after.notional - before.notional
        }
    }

    private func load(_ side: Side, _ price: Price, _ quantity: Quantity) -> OrderLoad {
        guard let load = OrderLoad(side, price, quantity) else {
            preconditionFailure("a permitted order's load does not fit: \(quantity) at \(price)")
        }
        return load
    }

    private mutating func count(_ path: MeterPath, by change: Int64) {
        for slot in 0..<7 where path.meters[slot] >= 0 {
            meters[path.meters[slot]].openOrders += change
            precondition(meters[path.meters[slot]].openOrders >= 0, "open orders became negative")
        }
    }

    /// Takes a terminal state: the reservation falls to what the gateway has reported and has not
    /// yet sent as fills, the parent gets back what can no longer fill, and the order is retired.
    mutating func end(_ index: Int32, as state: OrderState) {
        precondition(state.isTerminal, "\(state) is not an end")
        orders[index].state = state
        let order = orders[index]
        let mayFill = max(order.filled, order.reportedFilled)
        if let parent = intentIndex[intentKey(of: order)] {
            let unfilled = max(.zero, order.quantity - mayFill)
            intents[parent].committed -= unfilled
            intents[parent].openChildren -= 1
            precondition(
                !intents[parent].committed.isNegative && intents[parent].openChildren >= 0,
                "intent \(order.intentID) gave back more than it committed")
        }
        unlink(index)
        openOrderCount -= 1
        count(path(strategy: order.strategy, instrument: order.instrument), by: -1)
        reserve(index)
        retirements += 1
        orders[index].retirement = retirements
        retired.append(index)
        forgetOldOrders()
    }

    /// Forgets the oldest finished orders beyond what is kept. One that still waits for reported
    /// fills, and all after it, are kept.
    private mutating func forgetOldOrders() {
        while retired.count - retiredStart > Capacity.retiredOrders {
            let index = retired[retiredStart]
            guard orders[index].reserved.isZero else { return }
            retiredStart += 1
            forget(order: index)
        }
        if retiredStart > Capacity.retiredOrders {
            retired.removeFirst(retiredStart)
            retiredStart = 0
        }
    }

    /// Removes a finished order.
    mutating func forget(order index: Int32) {
        precondition(orders[index].state.isTerminal, "order \(orders[index].id) is not done")
        forgottenThrough = max(forgottenThrough, orders[index].touchedAt)
        orderIndex[orders[index].id] = nil
        orders[index].fills = []
        orders.remove(at: index)
    }

    // MARK: - Open orders of an account in an instrument

    private mutating func link(_ index: Int32) {
        let (book, ordinal) = accountBook(of: index)
        let side = orders[index].side
        let first = books[book].openOrders[ordinal][side]
        orders[index].next = first
        orders[index].previous = -1
        if first >= 0 { orders[first].previous = index }
        books[book].openOrders[ordinal][side] = index
    }

    private mutating func unlink(_ index: Int32) {
        let (book, ordinal) = accountBook(of: index)
        let next = orders[index].next
        let previous = orders[index].previous
        if next >= 0 { orders[next].previous = previous }
        if previous >= 0 {
            orders[previous].next = next
        } else {
            let side = orders[index].side
            precondition(
                books[book].openOrders[ordinal][side] == index, "open orders are not linked")
            books[book].openOrders[ordinal][side] = next
        }
        orders[index].next = -1
        orders[index].previous = -1
    }

    private mutating func accountBook(of index: Int32) -> (book: Int32, ordinal: Int) {
        let order = orders[index]
        let instrument = instruments[order.instrument]
        let node = accounts[Int(order.account)].node
        return (book(node: node, event: instrument.event), instrument.ordinal)
    }

    /// Puts a restored open order back into the lists and counts that are not stored.
    mutating func relink(_ index: Int32) {
        let order = orders[index]
        reserve(index)
        if order.state.isTerminal { return }
        openOrderCount += 1
        link(index)
        count(path(strategy: order.strategy, instrument: order.instrument), by: 1)
        if let parent = intentIndex[intentKey(of: order)] { intents[parent].openChildren += 1 }
    }

    /// Open orders in the order of their ids.
    var openOrders: [Int32] {
        orders.indices.filter { !orders[$0].state.isTerminal }
            .sorted { orders[$0].id < orders[$1].id }
    }
}
