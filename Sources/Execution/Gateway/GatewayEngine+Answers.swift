import Trading
import Wire

extension GatewayEngine {
    mutating func inquired(
        _ call: VenueCallID, _ state: VenueOrderState?, at now: GatewayInstant,
        into effects: inout [GatewayEffect]
    ) {
        guard case .inquire(let orderID)? = calls.removeValue(forKey: call),
            let order = orders[orderID], order.isOpen || strays.contains(orderID)
        else { return }
        if let state {
            handle(.orderChanged(state), at: now, into: &effects)
            // The stream may have been away when it was filled in part.
            if let order = orders[orderID], order.isOpen, order.lacksFills {
                retryAt[orderID] = now.monotonic + GatewayEngine.fillsDelay
            }
            return
        }
        guard order.isOpen else {
            strays.remove(orderID)
            return
        }
        // A placement may still be on its way: believe "no such order" only when it is repeated,
        // and never while the call is in flight.
        guard !calls.values.contains(.place(orderID)) else { return retry(order, at: now) }
        orders[orderID]?.absences += 1
        guard order.absences + 1 >= GatewayEngine.absencesMin else {
            return retry(order, at: now)
        }
        let end: OrderState = order.state == .working ? .cancelled : .declined
        setFate(order, end, .venueUnknown, at: now.market, into: &effects)
    }

    mutating func retry(_ order: GatewayOrder, at now: GatewayInstant) {
        retryAt[order.orderID] = now.monotonic + GatewayEngine.retryDelay
    }

    mutating func failed(
        _ call: VenueCallID, _ failure: VenueFailure, at now: GatewayInstant,
        into effects: inout [GatewayEffect]
    ) {
        guard let purpose = calls.removeValue(forKey: call) else { return }
        switch purpose {
        case .place(let orderID):
            guard let order = orders[orderID] else { return }
            placementFailed(order, failure, at: now, into: &effects)
        case .cancel(let orderID), .inquire(let orderID):
            guard let order = orders[orderID], order.isOpen || strays.contains(orderID)
            else { return }
            if order.inquiries > GatewayEngine.inquiriesMax {
                effects.append(.alarm("order_in_doubt", detail: "order \(orderID)"))
            }
            retry(order, at: now)
        case .quiesceCancel, .quiesceCheck: waitToQuiesce(at: now)
        case .reconcileFills, .reconcileOrders, .reconcilePositions, .reconcileBalance:
            reconciliation?.retryAt = now.monotonic + GatewayEngine.reconcileDelay
            effects.append(.alarm("reconcile_failed", detail: "\(failure)"))
        case .catchUpFills, .balance, .instruments:
            effects.append(.alarm("venue_call_failed", detail: "\(purpose): \(failure)"))
        }
    }

    private mutating func placementFailed(
        _ order: GatewayOrder, _ failure: VenueFailure, at now: GatewayInstant,
        into effects: inout [GatewayEffect]
    ) {
        switch failure {
        case .declined:
            setFate(order, .declined, .venueDeclined, at: now.market, into: &effects)
        case .notSent:
            setFate(order, .declined, .venueUnavailable, at: now.market, into: &effects)
        case .unknown:
            setFate(order, .unknown, .venueUnknown, at: now.market, into: &effects)
            retry(order, at: now)
        }
    }

    /// Answers that belong to a quiescing or a reconciliation.
    mutating func answered(
        _ event: VenueEvent, at now: GatewayInstant, into effects: inout [GatewayEffect]
    ) {
        switch event {
        case .openOrders(let call, let open):
            switch calls.removeValue(forKey: call) {
            case .quiesceCheck: quiesceChecked(open, at: now, into: &effects)
            case .reconcileOrders: reconciled(orders: open, at: now, into: &effects)
            default: break
            }
        case .fills(let call, let fills):
            let purpose = calls.removeValue(forKey: call)
            for fill in fills {
                filled(
                    fill, from: purpose == .reconcileFills ? .reconciliation : .catchUp, at: now,
                    into: &effects)
            }
            guard purpose == .reconcileFills else { return }
            reconciliation?.fills = fills.count
            submit(.openOrders, for: .reconcileOrders, into: &effects)
        case .positions(let call, let holdings):
            guard calls.removeValue(forKey: call) == .reconcilePositions else { return }
            reconciled(positions: holdings, at: now, into: &effects)
        case .balance(let call, let cash):
            let purpose = calls.removeValue(forKey: call)
            effects.append(
                .report(
                    .balance(
                        VenueBalance(
                            org: terms.org, account: terms.account, cash: cash,
                            marketTime: now.market))))
            guard purpose == .reconcileBalance, let done = reconciliation else { return }
            reconciliation = nil
            effects.append(
                .report(
                    .reconciled(
                        Reconciled(
                            orders: UInt32(done.orders), positions: UInt32(done.positions),
                            fills: UInt32(done.fills), marketTime: now.market))))
        default: break
        }
    }

    private mutating func reconciled(
        orders open: [VenueOrderState], at now: GatewayInstant,
        into effects: inout [GatewayEffect]
    ) {
        reconciliation?.orders = open.count
        for state in open {
            effects.append(
                .report(
                    .order(
                        VenueOrder(
                            orderID: orderID(
                                client: state.clientOrderID, venue: state.venueOrderID) ?? .zero,
                            instrument: state.instrument, clientOrderID: state.clientOrderID,
                            venueOrderID: state.venueOrderID, side: state.side,
                            price: state.price, remaining: state.remaining,
                            filled: state.filled, marketTime: now.market))))
        }
        // An order that rests no more has ended without our hearing of it.
        let listed = Set(
            open.compactMap { orderID(client: $0.clientOrderID, venue: $0.venueOrderID) })
        for order in openOrders
        where order.state == .working && order.ending == nil && !listed.contains(order.orderID) {
            inquire(order, into: &effects)
        }
        submit(.positions, for: .reconcilePositions, into: &effects)
    }

    private mutating func reconciled(
        positions: [VenueHolding], at now: GatewayInstant, into effects: inout [GatewayEffect]
    ) {
        reconciliation?.positions = positions.count
        // A settlement explains why a position is gone: a core that missed it hears of it first.
        for settlement in settlements { effects.append(.report(.settlement(settlement))) }
        for holding in positions {
            effects.append(
                .report(
                    .position(
                        VenuePosition(
                            account: terms.account, instrument: holding.instrument,
                            quantity: holding.quantity, marketTime: now.market))))
        }
        submit(.balance, for: .reconcileBalance, into: &effects)
    }
}
