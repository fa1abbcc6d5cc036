import Trading
import Wire

/// Records of a snapshot as parts of the engine.
extension RiskEngine {
    /// Puts an instrument into its event set. Used for definitions and for snapshots.
    mutating func insertInstrument(_ record: SnapshotInstrument) {
        let event = event(EventKey(venue: record.venue, id: record.eventSet))
        let index = instruments.insert(
            InstrumentState(
                id: record.instrument, venue: record.venue, event: event,
                ordinal: events[event].members.count, meter: meter(.instrument(record.instrument)),
                venueMeter: meter(.venue(record.venue)), tick: record.tick, lot: record.lot,
                openAt: record.openAt, closeAt: record.closeAt, status: record.status,
                isExclusive: record.isExclusive.isSet, isExhaustive: record.isExhaustive.isSet,
                ruleHash: record.ruleHash,
                settledAt: record.isSettled.isSet ? record.settledAt : nil, bid: record.bid,
                ask: record.ask, markedAt: record.markedAt))
        instrumentIndex[record.instrument] = index
        events[event].members.append(index)
        if record.status == .disputed, !record.isSettled.isSet {
            setDisputed(true, of: index)
        }
        if record.isSettled.isSet {
            events[event].settledMembers += 1
        } else if events[event].isClosed {
            // A name that was used before: the event goes on.
            events[event].isClosed = false
            eventsClosed.removeAll { $0 == event }
        }
        refreshEvent(event)
    }

    /// Puts an order back, without its fills and lists; false when it has no place.
    mutating func restore(_ record: SnapshotOrder) -> Bool {
        let owner = StrategyKey(
            org: record.org, account: record.account, mode: record.mode,
            strategy: record.strategy)
        guard let strategy = strategyNodes[owner], let agent = agentIndex[record.agent],
            let instrument = instrumentIndex[record.instrument],
            let gateway = gatewayIndex[record.gateway], record.price >= .zero,
            record.price <= .one, record.quantity > .zero
        else { return false }
        var order = OrderRecord(
            id: record.orderID, requestID: record.requestID, intentID: record.intentID,
            incarnation: record.incarnation, agent: agent, strategy: strategy,
            account: nodes[Int(strategy)].account, instrument: instrument, gateway: gateway,
            epoch: record.orderEpoch, lease: record.lease, permit: record.permit,
            clientOrderID: record.clientOrderID, side: record.side,
            timeInForce: record.timeInForce, isPostOnly: record.isPostOnly.isSet,
            price: record.price, quantity: record.quantity, expiresAt: record.expiresAt,
            permittedAt: record.permittedAt, touchedAt: record.touchedAt)
        order.state = record.state
        order.filled = record.filled
        order.reportedFilled = record.reportedFilled
        order.retirement = record.retirement
        orderIndex[record.orderID] = orders.insert(order)
        return true
    }
}

extension ScopeKey {
    /// The scope that a meter's record names, or nil when it names none.
    init?(_ record: SnapshotMeter) {
        self.init(
            LimitSet(
                kind: .orderQuantityMin, level: record.level, org: record.org,
                account: record.account, mode: record.mode, strategy: record.strategy,
                venue: record.venue, instrument: record.instrument, eventSet: record.eventSet,
                value: 0, snapshot: 0))
    }

    /// The scope that an activity's record names, or nil when it names none.
    init?(_ record: SnapshotActivity) {
        self.init(
            LimitSet(
                kind: .orderToTradeMax, level: record.level, org: record.org,
                account: record.account, mode: record.mode, strategy: record.strategy,
                venue: record.venue, instrument: record.instrument, eventSet: record.eventSet,
                value: 0, snapshot: 0))
    }
}

extension RiskCounters {
    /// The counts of a snapshot's head, without the reasons.
    init(_ head: SnapshotHead) {
        self.init()
        requested = head.requested
        permitted = head.permitted
        rejected = head.rejected
        duplicates = head.duplicates
        intents = head.intents
        cancels = head.cancels
        fills = head.fills
        busts = head.busts
        settled = head.settled
        reportsIgnored = head.reportsIgnored
        alarms = head.alarms
    }
}
