package import Trading
package import Wire

extension GatewayEngine {
    /// What the venue said: an answer to a call, or news of its own.
    package mutating func handle(
        _ event: VenueEvent, at now: GatewayInstant, into effects: inout [GatewayEffect]
    ) {
        switch event {
        case .placed(let call, let state): placed(call, state, at: now, into: &effects)
        case .cancelled(let call, let client, let remaining):
            cancelled(call, client, remaining: remaining, at: now, into: &effects)
        case .cancelledAll(let call, let count):
            calls[call] = nil
            quiesceCancelled(count: count, into: &effects)
        case .order(let call, let state): inquired(call, state, at: now, into: &effects)
        case .openOrders, .fills, .positions, .balance:
            answered(event, at: now, into: &effects)
        case .instruments(let call, let listed):
            calls[call] = nil
            for instrument in listed { list(instrument) }
        case .book(let call, _, _), .feeSchedule(let call, _), .healthy(let call, _):
            calls[call] = nil
        case .failed(let call, let failure):
            failed(call, failure, at: now, into: &effects)
        case .orderChanged(let state):
            guard let order = order(of: state) else { return }
            observe(order, state, at: now, into: &effects)
        case .filled(let fill): filled(fill, from: .stream, at: now, into: &effects)
        case .instrumentChanged(let instrument): list(instrument)
        case .settled(let settlement): settled(settlement, at: now, into: &effects)
        case .connected:
            submit(.instruments, for: .instruments, into: &effects)
            submit(.balance, for: .balance, into: &effects)
            for order in openOrders { inquire(order, into: &effects) }
            // What happened while the venue was away shows in a comparison of everything.
            if isLeaseActive, let since = fillsAskedSince {
                reconcile(Reconcile(fillsSince: since), into: &effects)
            }
        case .disconnected, .bookChanged, .bookStale, .traded, .tick, .refusedPayload: break
        }
        progressQuiescing(into: &effects)
    }

    /// What is settled is listed no more.
    private mutating func list(_ instrument: VenueInstrument) {
        let id = instrument.instrument.id
        instruments[id] = instrument.status == .settled ? nil : instrument
    }

    /// The core asks for an order to be cancelled. Always allowed.
    package mutating func cancel(
        _ command: CancelOrder, at now: Timestamp, into effects: inout [GatewayEffect]
    ) {
        guard let order = orders[command.orderID] else {
            // Cancels have their own lane and may overtake the permit.
            cancelledBeforeArrival.append(command.orderID)
            if cancelledBeforeArrival.count > 4_096 { cancelledBeforeArrival.removeFirst() }
            return
        }
        guard order.isOpen else {
            // The core may have missed the end: the same fate again, never another.
            return setFate(order, order.state, .none, at: now, into: &effects)
        }
        startCancel(order, command.reason, at: now, into: &effects)
    }

    /// The core asks what became of a permit of an earlier session.
    package mutating func answer(
        _ query: FateQuery, at now: Timestamp, into effects: inout [GatewayEffect]
    ) {
        guard let order = orders[query.orderID] else {
            let fate = PermitFate(
                lease: query.lease, permit: query.permit, orderID: query.orderID,
                state: .refusedByGateway, reason: .gapSkipped, instrument: query.instrument,
                clientOrderID: query.clientOrderID, venueOrderID: .empty, filled: .zero,
                remaining: .zero, marketTime: now)
            effects.append(.report(.fate(fate)))
            return
        }
        if order.isOpen && !isInFlight(order.orderID) {
            inquire(order, into: &effects)
        } else {
            setFate(order, order.state, .none, at: now, into: &effects)
        }
    }

    /// The core asks for venue truth: fills first, so that positions never run ahead of them, then
    /// orders, every settlement that is kept, positions and cash. One that is under way begins
    /// anew: a core that asks again has heard nothing of it.
    package mutating func reconcile(
        _ request: Reconcile, into effects: inout [GatewayEffect]
    ) {
        for (call, purpose) in calls where purpose.isReconciling { calls[call] = nil }
        reconciliation = Reconciliation(fillsSince: request.fillsSince)
        fillsAskedSince = request.fillsSince
        submit(.fills(since: request.fillsSince), for: .reconcileFills, into: &effects)
    }

    /// Retries what is due: doubtful orders, unfinished quiescing, fills that the venue owes.
    package mutating func timerFired(
        at now: GatewayInstant, into effects: inout [GatewayEffect]
    ) {
        for orderID in retryAt.keys.sorted() {
            guard let due = retryAt[orderID], due <= now.monotonic else { continue }
            retryAt[orderID] = nil
            guard let order = orders[orderID], order.isOpen || strays.contains(orderID)
            else { continue }
            if order.ending == nil { inquire(order, into: &effects) }
            if order.lacksFills { catchUp(order, at: now, into: &effects) }
        }
        if let waiting = reconciliation, let due = waiting.retryAt, due <= now.monotonic {
            reconcile(Reconcile(fillsSince: waiting.fillsSince), into: &effects)
        }
        if let due = quiescing?.retryAt, due <= now.monotonic {
            quiescing?.retryAt = nil
            quiescing?.stage = .draining
            progressQuiescing(into: &effects)
        }
    }

    /// Asks for the fills that the venue owes, and again until they have come.
    private mutating func catchUp(
        _ order: GatewayOrder, at now: GatewayInstant, into effects: inout [GatewayEffect]
    ) {
        retryAt[order.orderID] = now.monotonic + GatewayEngine.fillsDelay
        guard !calls.values.contains(.catchUpFills) else { return }
        let oldest = openOrders.filter(\.lacksFills).map(\.permittedAt).min() ?? .zero
        let since = max(oldest, .zero + GatewayEngine.fillsOverlap) - GatewayEngine.fillsOverlap
        submit(.fills(since: since), for: .catchUpFills, into: &effects)
    }

    // MARK: Orders

    mutating func startCancel(
        _ order: GatewayOrder, _ reason: GatewayReason, at now: Timestamp,
        into effects: inout [GatewayEffect]
    ) {
        cancelReasons[order.orderID] = reason
        guard !calls.values.contains(.cancel(order.orderID)) else { return }
        let venueID = order.venueOrderID.isEmpty ? nil : order.venueOrderID
        submit(
            .cancel(clientOrderID: order.clientOrderID, venueOrderID: venueID),
            for: .cancel(order.orderID), into: &effects)
    }

    mutating func inquire(_ order: GatewayOrder, into effects: inout [GatewayEffect]) {
        guard !calls.values.contains(.inquire(order.orderID)) else { return }
        orders[order.orderID]?.inquiries += 1
        submit(
            .order(clientOrderID: order.clientOrderID), for: .inquire(order.orderID),
            into: &effects)
    }

    private func isInFlight(_ orderID: OrderID) -> Bool {
        calls.values.contains(.place(orderID)) || calls.values.contains(.inquire(orderID))
    }

    /// The order that the venue means: by our key, else by the venue's own name, which is all that
    /// a venue without client order ids says of what an earlier process placed.
    func orderID(client: VenueReference, venue: VenueReference) -> OrderID? {
        if !client.isEmpty { return orderByClientID[client] }
        guard !venue.isEmpty else { return nil }
        return orders.values.first { $0.venueOrderID == venue }?.orderID
    }

    private func order(of state: VenueOrderState) -> GatewayOrder? {
        orderID(client: state.clientOrderID, venue: state.venueOrderID).flatMap { orders[$0] }
    }

    private mutating func placed(
        _ call: VenueCallID, _ state: VenueOrderState, at now: GatewayInstant,
        into effects: inout [GatewayEffect]
    ) {
        guard case .place(let orderID)? = calls.removeValue(forKey: call),
            let order = orders[orderID]
        else { return }
        observe(order, state, at: now, into: &effects)
        // The lease may have ended while the call was in flight.
        if let current = orders[orderID], current.isOpen, current.ending == nil, !isLeaseActive {
            startCancel(current, .cancelledOnDisconnect, at: now.market, into: &effects)
        }
    }

    /// Takes the venue's statement of an order. An end is reported once the fills account for it.
    private mutating func observe(
        _ known: GatewayOrder, _ state: VenueOrderState, at now: GatewayInstant,
        into effects: inout [GatewayEffect]
    ) {
        guard var order = orders[known.orderID] else { return }
        guard order.isOpen else {
            return observeEnded(order, state, at: now.market, into: &effects)
        }
        order.venueOrderID = state.venueOrderID
        order.inquiries = 0
        order.absences = 0
        order.stated = max(order.stated, state.filled)
        if state.state.isTerminal {
            let reason: GatewayReason =
                switch state.state {
                case .cancelled: cancelReasons[order.orderID] ?? .cancelledByVenue
                case .expired: .expiredAtVenue
                default: .none
                }
            order.ending = GatewayOrder.Ending(
                state: state.state, reason: reason, filled: state.filled)
        }
        orders[order.orderID] = order
        if order.state == .permitted || order.state == .unknown {
            setFate(order, .working, .none, at: now.market, into: &effects)
        }
        finish(order.orderID, at: now, into: &effects)
        cancelAgain(order.orderID, at: now.market, into: &effects)
    }

    /// The venue denied an order so often that it counted as ended, and shows it working after all:
    /// its reservation is gone, so it must not rest.
    private mutating func observeEnded(
        _ order: GatewayOrder, _ state: VenueOrderState, at now: Timestamp,
        into effects: inout [GatewayEffect]
    ) {
        guard order.isPresumedEnded, !state.state.isTerminal else {
            strays.remove(order.orderID)
            return
        }
        orders[order.orderID]?.venueOrderID = state.venueOrderID
        orders[order.orderID]?.inquiries = 0
        if strays.insert(order.orderID).inserted {
            effects.append(.alarm("order_after_its_end", detail: "order \(order.orderID)"))
        }
        startCancel(
            orders[order.orderID] ?? order, cancelReasons[order.orderID] ?? .venueUnknown,
            at: now, into: &effects)
    }

    /// A cancel that failed, or met a placement on its way, is wanted until the order has ended.
    private mutating func cancelAgain(
        _ orderID: OrderID, at now: Timestamp, into effects: inout [GatewayEffect]
    ) {
        guard let order = orders[orderID], order.isOpen, order.ending == nil,
            let reason = cancelReasons[orderID], !calls.values.contains(.place(orderID))
        else { return }
        startCancel(order, reason, at: now, into: &effects)
    }

    private mutating func finish(
        _ orderID: OrderID, at now: GatewayInstant, into effects: inout [GatewayEffect]
    ) {
        guard let order = orders[orderID], order.isOpen, let ending = order.ending else { return }
        guard order.accounted >= ending.filled else {
            retryAt[orderID] = now.monotonic + GatewayEngine.fillsDelay
            return
        }
        retryAt[orderID] = nil
        setFate(order, ending.state, ending.reason, at: now.market, into: &effects)
    }

    private mutating func cancelled(
        _ call: VenueCallID, _ client: VenueReference, remaining: Quantity,
        at now: GatewayInstant, into effects: inout [GatewayEffect]
    ) {
        calls[call] = nil
        guard let orderID = orderByClientID[client], var order = orders[orderID] else { return }
        strays.remove(orderID)
        guard order.isOpen else { return }
        order.ending = GatewayOrder.Ending(
            state: .cancelled, reason: cancelReasons[orderID] ?? .cancelledByRequest,
            filled: order.quantity - remaining)
        orders[orderID] = order
        finish(orderID, at: now, into: &effects)
    }

    /// Books one fill, once. In a reconciliation it is reported again: the core drops repeats.
    mutating func filled(
        _ fill: VenueFill, from source: FillSource, at now: GatewayInstant,
        into effects: inout [GatewayEffect]
    ) {
        let orderID = orderID(client: fill.clientOrderID, venue: fill.venueOrderID) ?? .zero
        let report = FillReport(
            orderID: orderID, account: terms.account, instrument: fill.instrument,
            tradeID: fill.tradeID, venueOrderID: fill.venueOrderID,
            clientOrderID: orders[orderID]?.clientOrderID ?? fill.clientOrderID, side: fill.side,
            price: fill.price,
            quantity: fill.quantity, fee: fill.fee, liquidity: fill.liquidity,
            finality: fill.finality, filledAt: fill.filledAt, marketTime: now.market)
        guard let order = orders[orderID] else {
            // A listing names what has failed whether it was ever told or not.
            if fill.finality == .busted, source != .stream { return }
            // Who asks far back hears of orders that are forgotten: the core knows what is new.
            if source == .stream {
                effects.append(.alarm("fill_without_order", detail: "trade \(fill.tradeID)"))
            }
            effects.append(.report(.fill(report)))
            return
        }
        book(report, of: order, from: source, into: &effects)
        if let current = orders[orderID], current.isOpen, current.ending == nil,
            current.filled >= current.quantity
        {
            orders[orderID]?.ending = GatewayOrder.Ending(
                state: .filled, reason: .none, filled: current.quantity)
        }
        finish(orderID, at: now, into: &effects)
    }

    /// Records what is new of a fill and reports it: the fill, that it is final, that it is taken
    /// back. What was never booked cannot be taken back.
    private mutating func book(
        _ report: FillReport, of order: GatewayOrder, from source: FillSource,
        into effects: inout [GatewayEffect]
    ) {
        let trade = report.tradeID
        let isBooked = order.trades.contains(trade)
        let isNews: Bool
        switch report.finality {
        case .busted:
            guard isBooked else { return }
            isNews = !order.busted.contains(trade)
        case .provisional: isNews = !isBooked
        case .final:
            isNews = !isBooked || order.provisional.contains(trade)
            orders[order.orderID]?.provisional.removeAll { $0 == trade }
        }
        if report.finality == .busted ? isNews : !isBooked {
            record(.fill(report), into: &effects)
        }
        if isNews || source == .reconciliation { effects.append(.report(.fill(report))) }
    }

    private mutating func settled(
        _ settlement: VenueSettlement, at now: GatewayInstant,
        into effects: inout [GatewayEffect]
    ) {
        let report = InstrumentSettlement(
            account: terms.account, instrument: settlement.instrument,
            outcome: settlement.outcome, value: settlement.value, quantity: settlement.quantity,
            payout: settlement.payout, settledAt: settlement.settledAt, marketTime: now.market)
        // An adapter that was restarted says it again, and may know no more what it credited.
        if let known = settlements.first(where: { $0.instrument == report.instrument }),
            report.movesNoMoney
                || report.quantity == known.quantity && report.payout == known.payout
        {
            return effects.append(.report(.settlement(known)))
        }
        record(.settled(report), into: &effects)
        effects.append(.report(.settlement(report)))
    }
}
