import Portfolio
import Trading
import Wire

/// The whole state as bytes: versioned SBE messages in key order, so that equal states have equal
/// bytes. What can be computed from the records is not stored.
extension RiskEngine {
    /// The snapshot. The state hash is SHA-256 over these bytes.
    package func snapshotBytes() -> [UInt8] {
        var writer = SnapshotWriter()
        writeHead(into: &writer)
        writeScopes(into: &writer)
        writeAgents(into: &writer)
        writeLimits(into: &writer)
        writeInstruments(into: &writer)
        writeMarks(into: &writer)
        writeCloses(into: &writer)
        writeRegistry(into: &writer)
        writeLedger(into: &writer)
        writeOrders(into: &writer)
        writeTrails(into: &writer)
        writeReach(into: &writer)
        writeCosts(into: &writer)
        writeBreaks(into: &writer)
        writeBrakes(into: &writer)
        writeMarkouts(into: &writer)
        writeFillRates(into: &writer)
        writeGovernance(into: &writer)
        writeDirectives(into: &writer)
        writeHealth(into: &writer)
        if isAlertPathDead { writer.append(AlertPathChanged(isDead: .yes)) }
        return writer.finish()
    }

    private func writeHead(into writer: inout SnapshotWriter) {
        let head = SnapshotHead(
            engineVersion: RiskEngine.version, cluster: cluster, marketTime: now, coreEpoch: epoch,
            arming: arming, mode: mode, isCrashLoop: Flag(isCrashLoop), lastOrderID: lastOrderID,
            limitSnapshot: limitSnapshot, retirements: retirements,
            forgottenThrough: forgottenThrough, requested: counters.requested,
            permitted: counters.permitted, rejected: counters.rejected,
            duplicates: counters.duplicates, intents: counters.intents, cancels: counters.cancels,
            fills: counters.fills, busts: counters.busts, settled: counters.settled,
            reportsIgnored: counters.reportsIgnored, alarms: counters.alarms)
        let reasons = counters.reasons.map {
            SnapshotHead.ReasonsEntry(reason: $0.reason, count: $0.count)
        }
        let nonces = nonces.map { SnapshotHead.NoncesEntry(nonce: $0) }
        writer.append { head.encode(into: &$0, reasons: reasons, nonces: nonces) }
    }

    private func writeScopes(into writer: inout SnapshotWriter) {
        for gateway in gateways.sorted(by: { $0.id < $1.id }) {
            writer.append(
                SnapshotGateway(
                    gateway: gateway.id, lease: gateway.lease, nextPermit: gateway.nextPermit,
                    highestEpoch: gateway.highestEpoch, isKilled: Flag(gateway.isKilled)))
        }
        for account in accounts.sorted(by: { $0.key < $1.key }) {
            writer.append(record(of: account))
        }
        for key in strategyNodes.keys.sorted() {
            let totals = ledger.totals(of: key)
            writer.append(
                SnapshotStrategy(
                    org: key.org, account: key.account, mode: key.mode, strategy: key.strategy,
                    realized: totals.realized, fees: totals.fees))
        }
    }

    private func record(of account: AccountState) -> SnapshotAccount {
        let book = ledger.accounts[account.ledger]
        let balance = book.balance
        return SnapshotAccount(
            org: account.key.org, account: account.key.account, mode: account.key.mode,
            venue: account.venue, gateway: gateways[Int(account.gateway)].id,
            isReconciled: Flag(account.isReconciled), venueCash: account.venueCash,
            venueCashAt: account.venueCashAt, capital: balance.capital, cash: book.cash,
            position: balance.position, realized: balance.realized, fees: balance.fees,
            settlement: balance.redeemable, pairing: balance.pairing, tradeFlow: book.tradeFlow,
            feesPaid: book.feesPaid, payouts: book.payouts,
            collateralConsumed: book.collateralConsumed)
    }

    private func writeReach(into writer: inout SnapshotWriter) {
        for account in accounts.sorted(by: { $0.key < $1.key }) {
            writer.append(
                SnapshotReach(
                    org: account.key.org, account: account.key.account, mode: account.key.mode,
                    fillsKnownUntil: account.fillsKnownUntil))
        }
        if isDisarmedByOperator || isStopped {
            writer.append(
                SnapshotHold(isDisarmed: Flag(isDisarmedByOperator), isStopped: Flag(isStopped)))
        }
    }

    private func writeGovernance(into writer: inout SnapshotWriter) {
        if !roster.names.isEmpty {
            let names = roster.names.map { SnapshotOperators.OperatorsEntry(name: $0) }
            let record = SnapshotOperators(quorum: roster.quorum)
            writer.append { record.encode(into: &$0, operators: names) }
        }
        for (place, origin) in limitOrigins.sorted(by: { $0.key < $1.key }) {
            let scope = place.scope
            writer.append(
                SnapshotLimitOrigin(
                    kind: place.kind, level: scope.level, org: scope.org, account: scope.account,
                    mode: scope.mode, strategy: scope.strategy, venue: scope.venue,
                    instrument: scope.instrument, eventSet: scope.eventSet,
                    version: origin.version, at: origin.at, signer: origin.signer,
                    cosigner: origin.cosigner, isConfigured: Flag(origin.configured != nil),
                    configured: origin.configured ?? 0))
        }
        if let pending = pendingLimits {
            let record = SnapshotPendingLimits(effectiveAt: pending.effectiveAt)
            writer.append { record.encode(into: &$0, change: pending.frame) }
        }
    }

    private func writeAgents(into writer: inout SnapshotWriter) {
        for agent in agents.sorted(by: { $0.id < $1.id }) {
            let record = SnapshotAgent(
                agent: agent.id, incarnation: agent.incarnation,
                requestHighWater: agent.requestHighWater, intentHighWater: agent.intentHighWater,
                requested: agent.counters.requested, permitted: agent.counters.permitted,
                rejected: agent.counters.rejected, fills: agent.counters.fills)
            let grants = agent.grants.compactMap { grant in
                nodes[Int(grant.strategy)].strategy.map { key in
                    SnapshotAgent.GrantsEntry(
                        org: key.org, account: key.account, mode: key.mode,
                        strategy: key.strategy, venue: grant.venue)
                }
            }
            let decided = agent.window.indices.map { offset in
                entry(agent.window[(agent.windowStart + offset) % agent.window.count])
            }
            writer.append { record.encode(into: &$0, grants: grants, decided: decided) }
        }
    }

    private func entry(_ request: DecidedRequest) -> SnapshotAgent.DecidedEntry {
        SnapshotAgent.DecidedEntry(
            kind: request.kind, number: request.number, contentHash: request.contentHash,
            orderID: request.orderID, reason: request.reason, level: request.level,
            limit: request.limit, value: request.value)
    }

    private func writeLimits(into writer: inout SnapshotWriter) {
        for halt in halts {
            let scope = halt.scope
            writer.append(
                SnapshotHalt(
                    scope: scope.kind, org: scope.org, account: scope.account,
                    strategy: scope.strategy, venue: scope.venue, instrument: scope.instrument,
                    state: halt.state, since: halt.since))
        }
        let known = meters.indices.filter { !limits.stated(by: $0).isEmpty || meters[$0].isUsed }
        for index in known.sorted(by: { meters[$0].key < meters[$1].key }) {
            let meter = meters[index]
            let key = meter.key
            let record = SnapshotMeter(
                level: key.level, org: key.org, account: key.account, mode: key.mode,
                strategy: key.strategy, venue: key.venue, instrument: key.instrument,
                eventSet: key.eventSet, messagesFullAt: meter.messages.fullAt,
                ordersFullAt: meter.orders.fullAt)
            let limits = LimitKind.allCases.compactMap { kind in
                self.limits[kind, index].map { SnapshotMeter.LimitsEntry(kind: kind, value: $0) }
            }
            writer.append { record.encode(into: &$0, limits: limits) }
        }
        writeActivity(known.map { meters[$0] }.filter { !$0.activity.isEmpty }, into: &writer)
    }

    private func writeActivity(_ active: [Meter], into writer: inout SnapshotWriter) {
        for meter in active.sorted(by: { $0.key < $1.key }) {
            let key = meter.key
            let record = SnapshotActivity(
                level: key.level, org: key.org, account: key.account, mode: key.mode,
                strategy: key.strategy, venue: key.venue, instrument: key.instrument,
                eventSet: key.eventSet)
            let minutes = meter.activity.minutes.map {
                SnapshotActivity.MinutesEntry(
                    minute: $0.minute, orders: $0.orders, trades: $0.trades)
            }
            writer.append { record.encode(into: &$0, minutes: minutes) }
        }
    }

    private func writeInstruments(into writer: inout SnapshotWriter) {
        for key in eventIndex.keys.sorted() {
            guard let index = eventIndex[key] else { continue }
            let closing = eventsClosed.firstIndex(of: index).map { UInt64($0 + 1) } ?? 0
            writer.append(SnapshotEvent(venue: key.venue, eventSet: key.id, closing: closing))
        }
        let known = instruments.indices.map { instruments[$0] }
        for instrument in known.sorted(by: { $0.id < $1.id }) {
            writer.append(
                SnapshotInstrument(
                    instrument: instrument.id, venue: instrument.venue,
                    eventSet: events[instrument.event].id, tick: instrument.tick,
                    lot: instrument.lot, openAt: instrument.openAt, closeAt: instrument.closeAt,
                    status: instrument.status, isExclusive: Flag(instrument.isExclusive),
                    isExhaustive: Flag(instrument.isExhaustive), ruleHash: instrument.ruleHash,
                    isSettled: Flag(instrument.settledAt != nil),
                    settledAt: instrument.settledAt ?? .zero, bid: instrument.bid,
                    ask: instrument.ask, markedAt: instrument.markedAt))
            let volatility = instrument.volatility
            if volatility.samples > 0 {
                writer.append(
                    SnapshotVolatility(
                        instrument: instrument.id, sampledAt: volatility.sampledAt,
                        logit: volatility.logit, variance: volatility.variance,
                        samples: volatility.samples))
            }
        }
    }

    private func writeLedger(into writer: inout SnapshotWriter) {
        for record in ledger.allInstruments {
            let book = record.book
            let message = SnapshotNet(
                org: record.account.org, account: record.account.account,
                mode: record.account.mode, instrument: record.instrument, net: book.net,
                strategyShort: book.strategyShort, pairing: book.pairing,
                isSettled: Flag(book.isSettled), settledAt: book.settledAt ?? .zero)
            let holders = book.holders.map { SnapshotNet.HoldersEntry(strategy: $0) }
            writer.append { message.encode(into: &$0, holders: holders) }
        }
        for (key, position) in ledger.allPositions {
            let owner = key.owner
            writer.append(
                SnapshotPosition(
                    org: owner.org, account: owner.account, mode: owner.mode,
                    strategy: owner.strategy, instrument: key.instrument,
                    quantity: position.quantity, cost: position.cost,
                    realized: position.realized, fees: position.fees, flow: flow(of: key)))
        }
    }

    /// What has flowed in a strategy's position since its event began.
    private func flow(of key: PositionKey) -> Money {
        guard let strategy = strategyNodes[key.owner],
            let instrument = instrumentIndex[key.instrument]
        else { return .zero }
        let book = bookIndex[BookKey(node: strategy, event: instruments[instrument].event)] ?? -1
        return exposure(book, instruments[instrument].ordinal).cash
    }

    private func writeOrders(into writer: inout SnapshotWriter) {
        let parents = intents.indices.map { intents[$0] }
        for intent in parents.sorted(by: { $0.key < $1.key }) {
            guard let owner = nodes[Int(intent.strategy)].strategy else { continue }
            writer.append(
                SnapshotIntent(
                    agent: intent.key.agent, incarnation: intent.key.incarnation,
                    intentID: intent.key.id, org: owner.org, account: owner.account,
                    mode: owner.mode, strategy: owner.strategy, instrument: intent.instrument,
                    side: intent.side, quantity: intent.quantity, limitPrice: intent.limitPrice,
                    deadline: intent.deadline, committed: intent.committed))
        }
        for intent in parents.sorted(by: { $0.key < $1.key }) where intent.fills > 0 {
            writer.append(
                SnapshotIntentFills(
                    agent: intent.key.agent, incarnation: intent.key.incarnation,
                    intentID: intent.key.id, fills: intent.fills))
        }
        let known = orders.indices.sorted { orders[$0].id < orders[$1].id }
        for index in known { writer.append(record(ofOrder: index)) }
        for fill in foreignFills { writer.append(record(of: fill, order: .zero)) }
        for index in known {
            for fill in orders[index].fills {
                writer.append(record(of: fill, order: orders[index].id))
            }
        }
    }

    private func writeTrails(into writer: inout SnapshotWriter) {
        for (owner, instrument, trail) in trails {
            let record = SnapshotTrail(
                org: owner.org, account: owner.account, mode: owner.mode,
                strategy: owner.strategy, instrument: instrument)
            let orders = trail.orders.map {
                SnapshotTrail.OrdersEntry(
                    side: $0.side, price: $0.price, quantity: $0.quantity, at: $0.at)
            }
            let steps = trail.walk.map {
                SnapshotTrail.StepsEntry(
                    since: $0.since, until: $0.until, lowestBuy: $0.lowestBuy,
                    highestSell: $0.highestSell)
            }
            writer.append { record.encode(into: &$0, orders: orders, steps: steps) }
        }
    }

    private func record(of fill: FillRecord, order: OrderID) -> SnapshotFill {
        SnapshotFill(
            orderID: order, tradeID: fill.tradeID, price: fill.price, quantity: fill.quantity,
            fee: fill.fee, cost: fill.change.cost, gain: fill.change.gain,
            short: fill.change.short, filledAt: fill.filledAt, finality: fill.finality)
    }

    private func record(ofOrder index: Int32) -> SnapshotOrder {
        let order = orders[index]
        guard let owner = nodes[Int(order.strategy)].strategy else {
            preconditionFailure("order \(order.id) belongs to no strategy")
        }
        return SnapshotOrder(
            orderID: order.id, requestID: order.requestID, intentID: order.intentID,
            incarnation: order.incarnation, agent: agents[Int(order.agent)].id, org: owner.org,
            account: owner.account, mode: owner.mode, strategy: owner.strategy,
            instrument: instruments[order.instrument].id,
            gateway: gateways[Int(order.gateway)].id, orderEpoch: order.epoch, lease: order.lease,
            permit: order.permit, clientOrderID: order.clientOrderID, side: order.side,
            timeInForce: order.timeInForce, isPostOnly: Flag(order.isPostOnly), price: order.price,
            quantity: order.quantity, expiresAt: order.expiresAt, permittedAt: order.permittedAt,
            state: order.state, filled: order.filled, reportedFilled: order.reportedFilled,
            touchedAt: order.touchedAt, retirement: order.retirement)
    }
}

extension Meter {
    /// Whether a bucket is not full for all that is known.
    var isUsed: Bool { messages != RateBucket() || orders != RateBucket() }
}
