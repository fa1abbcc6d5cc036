package import Trading
package import Wire

extension GatewayEngine {
    /// Checks a permit and, where it holds, consumes it and sends the order.
    ///
    /// A permit whose MAC does not verify proves nothing, not even whose order it names: it changes
    /// no state and gets no fate, only an alarm. Any other refusal uses the permit's number up.
    package mutating func accept(
        _ permit: OrderPermit, isAuthentic: Bool, at now: GatewayInstant,
        into effects: inout [GatewayEffect]
    ) {
        guard isAuthentic else {
            effects.append(.alarm("permit_forged", detail: "order \(permit.orderID)"))
            return
        }
        if let reason = proofRefusal(of: permit) {
            effects.append(
                .alarm("permit_refused", detail: "order \(permit.orderID): \(reason)"))
            refuse(permit, reason, at: now.market, into: &effects)
            return
        }
        reportSkipped(before: permit, at: now.market, into: &effects)
        if let reason = contentRefusal(of: permit) ?? lastLineRefusal(of: permit, at: now) {
            refuse(permit, reason, at: now.market, into: &effects)
            return
        }
        record(.permitConsumed(permit), into: &effects)
        orders[permit.orderID]?.permittedAt = now.market
        // Replay's market time stands still until the tick's orders are at the venue: none is late,
        // however slow the disk.
        submit(
            .place(VenueTicket(permit)), for: .place(permit.orderID),
            deadline: terms.isReplay ? nil : now.monotonic + permit.validity, into: &effects)
    }

    /// The permit's validity ran out between commit and wire: nothing was sent.
    package mutating func expired(
        _ call: VenueCallID, at now: Timestamp, into effects: inout [GatewayEffect]
    ) {
        guard case .place(let orderID)? = calls.removeValue(forKey: call),
            let order = orders[orderID]
        else { return }
        setFate(order, .expired, .permitExpired, at: now, into: &effects)
        progressQuiescing(into: &effects)
    }

    /// Whether the permit is the core's, for this gateway, fresh and never used.
    private func proofRefusal(of permit: OrderPermit) -> GatewayReason? {
        if permit.gateway != terms.gateway { return .wrongGateway }
        if permit.permitEpoch != highestEpoch { return .epochStale }
        if permit.lease > lease || lease == .zero { return .leaseUnknown }
        if permit.lease < lease || !isLeaseActive { return .leaseRetired }
        if permit.permit <= permitHighWater { return .permitReplayed }
        return nil
    }

    /// Whether what the permit allows is something that this gateway does at all.
    private func contentRefusal(of permit: OrderPermit) -> GatewayReason? {
        if permit.mode > terms.mode { return .modeAbove }
        if permit.org != terms.org || permit.account != terms.account || permit.mode != terms.mode {
            return .wrongAccount
        }
        let isPriceSane = permit.price > .zero && permit.price < .one
        if permit.venue != terms.venue || !isPriceSane || permit.quantity <= .zero
            || permit.clientOrderID.isEmpty || permit.validity <= .zero
            || orderByClientID[permit.clientOrderID] != nil || orders[permit.orderID] != nil
        {
            return .fieldMismatch
        }
        if halts.contains(where: { $0.scope.covers(permit) }) { return .killed }
        if cancelledBeforeArrival.contains(permit.orderID) { return .cancelledByRequest }
        guard let listed = instruments[permit.instrument], listed.status == .open else {
            return .instrumentUnknown
        }
        let isOnGrid =
            permit.price.isMultiple(of: listed.instrument.tick)
            && permit.quantity.isMultiple(of: listed.instrument.lot)
        if !isOnGrid { return .fieldMismatch }
        let isParentKept =
            permit.quantity <= permit.parentCumulative
            && permit.parentCumulative <= permit.parentQuantity
        return isParentKept ? nil : .parentExceeded
    }

    private mutating func lastLineRefusal(
        of permit: OrderPermit, at now: GatewayInstant
    ) -> GatewayReason? {
        if permit.quantity > terms.lastLine.orderQuantityMax { return .lastLineSize }
        let worst = permit.side == .buy ? permit.price : permit.price.complement
        guard let notional = Money(checking: worst, times: permit.quantity, .up),
            notional <= terms.lastLine.orderNotionalMax
        else { return .lastLineNotional }
        let time = terms.isReplay ? now.market.nanoseconds : now.monotonic.nanoseconds
        return rate.take(at: time) ? nil : .lastLineRate
    }

    /// A fate for a permit that never became an order here.
    private mutating func refuse(
        _ permit: OrderPermit, _ reason: GatewayReason, at now: Timestamp,
        into effects: inout [GatewayEffect]
    ) {
        let fate = PermitFate(
            lease: permit.lease, permit: permit.permit, orderID: permit.orderID,
            state: .refusedByGateway, reason: reason, instrument: permit.instrument,
            clientOrderID: permit.clientOrderID, venueOrderID: .empty, filled: .zero,
            remaining: permit.quantity, marketTime: now)
        // A replayed permit's order may be alive: its number is spent, its fate is not ours to set.
        guard reason != .permitReplayed, orders[permit.orderID] == nil else { return }
        if permit.lease == lease && isLeaseActive {
            record(.fate(fate), into: &effects)
        }
        effects.append(.report(.fate(fate)))
    }

    /// Numbers below this one that never came can never be used: each gets its one fate now.
    private mutating func reportSkipped(
        before permit: OrderPermit, at now: Timestamp, into effects: inout [GatewayEffect]
    ) {
        let missing = permit.permit.rawValue - permitHighWater.rawValue - 1
        for offset in 0..<min(missing, 1_024) {
            let fate = PermitFate(
                lease: permit.lease,
                permit: PermitSequence(permitHighWater.rawValue + 1 + offset), orderID: .zero,
                state: .refusedByGateway, reason: .gapSkipped, instrument: .empty,
                clientOrderID: .empty, venueOrderID: .empty, filled: .zero, remaining: .zero,
                marketTime: now)
            effects.append(.report(.fate(fate)))
        }
        if missing > 0 {
            effects.append(.alarm("permit_gap", detail: "\(missing) before \(permit.permit)"))
        }
    }
}

extension VenueTicket {
    init(_ permit: OrderPermit) {
        self.init(
            clientOrderID: permit.clientOrderID, instrument: permit.instrument,
            side: permit.side, price: permit.price, quantity: permit.quantity,
            timeInForce: permit.timeInForce, isPostOnly: permit.isPostOnly.isSet,
            expiresAt: permit.timeInForce == .goodTillTime ? permit.expiresAt : nil,
            permittedAt: permit.envelope.sentAt)
    }
}
