import Portfolio
package import Trading
package import Wire

/// The state in numbers: what `status` and the summary line show.
package struct RiskStatus: Sendable, Hashable {
    package let arming: ArmingState
    package let epoch: Epoch
    package let counters: RiskCounters
    package let openOrders: Int
    package let cash: Money
    package let fees: Money
    package let realized: Money
    /// At liquidation marks: a long at the bid, a short at the ask, the worst where there is none.
    package let unrealized: Money
    package let reserved: Money
    /// What settled positions are due and the venue has not paid.
    package let settlementDue: Money
    package let halts: Int
}

/// A position that is not flat, with its mark.
package struct PositionView: Sendable, Hashable {
    package let owner: StrategyKey
    package let instrument: InstrumentID
    package let quantity: Quantity
    package let cost: Money
    package let realized: Money
    package let fees: Money
    package let unrealized: Money
}

/// An order as `orders` shows it.
package struct OrderView: Sendable, Hashable {
    package let orderID: OrderID
    package let agent: ProcessID
    package let owner: StrategyKey
    package let gateway: ProcessID
    package let lease: LeaseID
    package let permit: PermitSequence
    package let requestID: RequestID
    package let intentID: IntentID
    package let instrument: InstrumentID
    package let side: Side
    package let price: Price
    package let quantity: Quantity
    package let filled: Quantity
    package let state: OrderState
    package let clientOrderID: VenueReference
    package let permittedAt: Timestamp
    package let expiresAt: Timestamp
}

/// What the core compares with a gateway's account of itself.
package struct AccountView: Sendable, Hashable {
    package let org: OrgID
    package let account: AccountID
    package let mode: Mode
    package let venue: VenueID
    package let gateway: ProcessID
    package let cash: Money
    package let reserved: Money
    package let venueCash: Money
    package let isReconciled: Bool
    /// Fills after this may be missing when a lease begins.
    package let fillsKnownUntil: Timestamp
    /// What the venue should hold, in instrument order; instruments that are flat are left out.
    package let holdings: [Holding]

    package struct Holding: Sendable, Hashable {
        package let instrument: InstrumentID
        package let quantity: Quantity
    }
}

/// What an agent restarts from.
package struct AgentSnapshot: Sendable {
    package let granted: AgentGranted
    package let orders: [AgentOrder]
    package let positions: [AgentPosition]
}

extension RiskEngine {
    /// The state in numbers, over all accounts.
    package var status: RiskStatus {
        RiskStatus(
            arming: arming, epoch: epoch, counters: counters, openOrders: openOrderCount,
            cash: ledger.accounts.reduce(.zero) { $0 + $1.cash },
            fees: ledger.strategies.reduce(.zero) { $0 + $1.fees },
            realized: ledger.strategies.reduce(.zero) { $0 + $1.realized },
            unrealized: positionViews.reduce(.zero) { $0 + $1.unrealized },
            reserved: accounts.reduce(.zero) { $0 + $1.reserved },
            settlementDue: ledger.accounts.reduce(.zero) { $0 + $1.balance.redeemable },
            halts: halts.count)
    }

    /// Positions that are not flat, in key order.
    package var positionViews: [PositionView] {
        ledger.heldPositions.map { key, position in
            let instrument = instrumentIndex[key.instrument].map { instruments[$0] }
            return PositionView(
                owner: key.owner, instrument: key.instrument, quantity: position.quantity,
                cost: position.cost, realized: position.realized, fees: position.fees,
                unrealized: position.unrealized(
                    bid: instrument?.markBid, ask: instrument?.markAsk))
        }
    }

    /// Orders that are not terminal, in the order of their ids.
    package var openOrderViews: [OrderView] { openOrders.map(view) }

    /// An order that is open or still remembered.
    package func order(_ id: OrderID) -> OrderView? { orderIndex[id].map(view) }

    private func view(_ index: Int32) -> OrderView {
        let order = orders[index]
        guard let owner = nodes[Int(order.strategy)].strategy else {
            preconditionFailure("order \(order.id) belongs to no strategy")
        }
        return OrderView(
            orderID: order.id, agent: agents[Int(order.agent)].id, owner: owner,
            gateway: gateways[Int(order.gateway)].id, lease: order.lease, permit: order.permit,
            requestID: order.requestID, intentID: order.intentID,
            instrument: instruments[order.instrument].id, side: order.side, price: order.price,
            quantity: order.quantity, filled: order.filled, state: order.state,
            clientOrderID: order.clientOrderID, permittedAt: order.permittedAt,
            expiresAt: order.expiresAt)
    }

    /// Every account, in key order.
    package var accountViews: [AccountView] {
        accounts.sorted { $0.key < $1.key }.map { account in
            let holdings = ledger.allInstruments.compactMap { record -> AccountView.Holding? in
                guard record.account == account.key, !record.book.isSettled,
                    !record.book.net.isZero
                else { return nil }
                return AccountView.Holding(
                    instrument: record.instrument, quantity: record.book.net)
            }
            return AccountView(
                org: account.key.org, account: account.key.account, mode: account.key.mode,
                venue: account.venue, gateway: gateways[Int(account.gateway)].id,
                cash: ledger.accounts[account.ledger].cash, reserved: account.reserved,
                venueCash: account.venueCash, isReconciled: account.isReconciled,
                fillsKnownUntil: account.fillsKnownUntil, holdings: holdings)
        }
    }

    /// The account that a gateway serves.
    package func accountView(of gateway: ProcessID) -> AccountView? {
        accountViews.first { $0.gateway == gateway }
    }

    /// Whether the accounts that a gateway serves are the same as at its venue.
    package func isReconciled(_ gateway: ProcessID) -> Bool {
        guard let index = gatewayIndex[gateway] else { return false }
        return accounts.allSatisfy { $0.gateway != index || $0.isReconciled }
    }

    /// The lease of a gateway; zero while there is none.
    package func lease(of gateway: ProcessID) -> LeaseID {
        gatewayIndex[gateway].map { gateways[Int($0)].lease } ?? .zero
    }

    /// What an agent has asked for and got.
    package func counters(of agent: ProcessID) -> AgentCounters {
        agentIndex[agent].map { agents[Int($0)].counters } ?? AgentCounters()
    }

    /// Instruments that are held, have open orders, or fills whose markouts are awaited, in name
    /// order: those that need marks.
    package var instrumentsOfInterest: [InstrumentID] {
        var names = Set(ledger.heldPositions.map(\.key.instrument))
        for index in openOrders { names.insert(instruments[orders[index].instrument].id) }
        for index in books.indices {
            let members = events[books[index].event].members
            for (ordinal, markouts) in books[index].markouts.enumerated()
            where !markouts.pending.isEmpty { names.insert(instruments[members[ordinal]].id) }
        }
        return names.sorted()
    }

    /// What an agent restarts from: its first strategy, its open orders and its positions. Nil for
    /// an agent without a grant.
    package func snapshot(for agent: ProcessID) -> AgentSnapshot? {
        guard let index = agentIndex[agent], let grant = agents[Int(index)].grants.first,
            let owner = nodes[Int(grant.strategy)].strategy,
            let account = accountIndex[owner.accountKey]
        else { return nil }
        let own = openOrders.filter { orders[$0].agent == index }
        let positions = ledger.heldPositions.filter { $0.key.owner == owner }
        let granted = AgentGranted(
            incarnation: agents[Int(index)].incarnation, org: owner.org, account: owner.account,
            mode: owner.mode, strategy: owner.strategy,
            cash: ledger.accounts[accounts[Int(account)].ledger].cash,
            orders: UInt32(own.count), positions: UInt32(positions.count), marketTime: now)
        return AgentSnapshot(
            granted: granted,
            orders: own.map { slot in
                let order = orders[slot]
                return AgentOrder(
                    orderID: order.id, requestID: order.requestID, intentID: order.intentID,
                    instrument: instruments[order.instrument].id, side: order.side,
                    price: order.price, quantity: order.quantity, filled: order.filled,
                    state: order.state)
            },
            positions: positions.map {
                AgentPosition(
                    instrument: $0.key.instrument, quantity: $0.position.quantity,
                    cost: $0.position.cost)
            })
    }
}
