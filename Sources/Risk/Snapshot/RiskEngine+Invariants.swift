import Portfolio
import Trading
import Wire

/// What must always hold between the parts of the state, computed again from the orders and the
/// ledger. Linear in the state: for checkpoints, restores and tests, not for every command.
extension RiskEngine {
    /// Traps when an invariant does not hold.
    package func checkInvariants() {
        let found = firstBreak()
        precondition(found == nil, "risk engine: \(found ?? "")")
    }

    /// The first invariant that does not hold, or nil.
    package func firstBreak() -> String? {
        if let found = ledger.firstBreak() { return found.description }
        return firstExposureBreak() ?? firstEarningBreak() ?? firstReservationBreak()
            ?? firstMeterBreak()
            ?? firstIntentBreak() ?? firstRegistryBreak()
    }

    /// Every book holds what its orders, the ledger and the books below it say.
    private func firstExposureBreak() -> String? {
        var expected: [BookKey: [Int: Exposure]] = [:]
        for (key, position) in ledger.allPositions {
            guard let strategy = strategyNodes[key.owner],
                let instrument = instrumentIndex[key.instrument]
            else { return "\(key) is held and has no place" }
            let flow = strategyFlow(strategy, instrument)
            add(
                Exposure(cash: flow, quantity: position.quantity), .none, strategy, instrument,
                &expected)
        }
        for index in orders.indices {
            let order = orders[index]
            if order.reserved != order.exposed {
                return "order \(order.id) reserves \(order.reserved), exposed \(order.exposed)"
            }
            guard let load = OrderLoad(order.side, order.price, order.reserved) else {
                return "the load of order \(order.id) does not fit"
            }
            add(Exposure(), load, order.strategy, order.instrument, &expected)
        }
        for index in books.indices {
            let key = BookKey(node: books[index].node, event: books[index].event)
            for ordinal in books[index].exposures.indices {
                let wanted = expected[key]?[ordinal] ?? Exposure()
                if books[index].exposures[ordinal] != wanted {
                    let level = nodes[Int(books[index].node)].level
                    return "exposure of a \(level) in event set \(events[books[index].event].id)"
                        + " is \(books[index].exposures[ordinal]), expected \(wanted)"
                }
            }
            if books[index].sums != MemberSums(books[index].exposures) {
                return "the sums of a book in event set \(events[books[index].event].id)"
                    + " are not those of its members"
            }
        }
        return nil
    }

    /// Every scope has earned what the ledger says and holds what its books do.
    private func firstEarningBreak() -> String? {
        let flows = ledgerFlows()
        var holdings = [Money](repeating: .zero, count: nodes.count)
        for index in books.indices {
            let members = events[books[index].event].members
            for (ordinal, exposure) in books[index].exposures.enumerated() {
                let mark = instruments[members[ordinal]].mark
                holdings[Int(books[index].node)] += mark.worth(of: exposure.quantity)
            }
        }
        for index in nodes.indices {
            let key = meters[nodes[index].meter].key
            if nodes[index].flow != flows[index] {
                return "\(key) counts a flow of \(nodes[index].flow), has \(flows[index])"
            }
            if nodes[index].holdings != holdings[index] {
                return "\(key) counts holdings of \(nodes[index].holdings)"
            }
        }
        return nil
    }

    private func strategyFlow(_ strategy: Int32, _ instrument: Int32) -> Money {
        let key = BookKey(node: strategy, event: instruments[instrument].event)
        return exposure(bookIndex[key] ?? -1, instruments[instrument].ordinal).cash
    }

    private func add(
        _ held: Exposure, _ load: OrderLoad, _ strategy: Int32, _ instrument: Int32,
        _ expected: inout [BookKey: [Int: Exposure]]
    ) {
        let ordinal = instruments[instrument].ordinal
        var node = strategy
        while node >= 0 {
            let key = BookKey(node: node, event: instruments[instrument].event)
            var exposure = expected[key]?[ordinal] ?? Exposure()
            exposure.move(cash: held.cash, quantity: held.quantity)
            _ = exposure.add(load)
            expected[key, default: [:]][ordinal] = exposure
            node = nodes[Int(node)].parent
        }
    }

    /// Accounts reserve what their books need.
    private func firstReservationBreak() -> String? {
        for account in accounts {
            let needs = books.indices.filter { books[$0].node == account.node }
                .flatMap { books[$0].exposures }
                .reduce(Int128(0)) { $0 + $1.cashNeed }
            let posted = ledger.accounts[account.ledger].balance.reserved
            if posted != account.reserved {
                return "account \(account.key) reserves \(account.reserved), posted \(posted)"
            }
            if needs != Int128(account.reserved.units) {
                return "account \(account.key) reserves \(account.reserved), needs \(needs)"
            }
        }
        return nil
    }

    /// Meters count the open orders and the losses of what they cover.
    private func firstMeterBreak() -> String? {
        var open: [Int32: Int64] = [:]
        var notional: [Int32: Money] = [:]
        for index in orders.indices {
            let order = orders[index]
            let path = path(strategy: order.strategy, instrument: order.instrument)
            let load = OrderLoad(order.side, order.price, order.reserved) ?? .none
            for slot in 0..<7 where path.meters[slot] >= 0 {
                open[path.meters[slot], default: 0] += order.state.isTerminal ? 0 : 1
                notional[path.meters[slot], default: .zero] += load.notional
            }
        }
        var losses: [Int32: Money] = [:]
        for index in books.indices {
            let node = nodes[Int(books[index].node)]
            losses[node.meter, default: .zero] += books[index].loss
            let set = events[books[index].event]
            if node.level == .firm, let member = set.members.first {
                losses[set.meter, default: .zero] += books[index].loss
                losses[instruments[member].venueMeter, default: .zero] += books[index].loss
            }
        }
        let reaches = expectedReaches()
        for index in meters.indices {
            let meter = meters[index]
            if meter.reach != reaches[index] ?? Reach() {
                return "\(meter.key) counts a gross of \(meter.reach.gross)"
            }
            if meter.openOrders != open[index] ?? 0 {
                return
                    "\(meter.key) counts \(meter.openOrders) open orders, has \(open[index] ?? 0)"
            }
            if meter.openNotional != notional[index] ?? .zero {
                return "\(meter.key) counts an open notional of \(meter.openNotional)"
            }
            if meter.collateral != losses[index] ?? .zero {
                return "\(meter.key) counts a collateral of \(meter.collateral)"
            }
        }
        return nil
    }

    private func expectedReaches() -> [Int32: Reach] {
        var reaches: [Int32: Reach] = [:]
        for index in books.indices {
            let node = nodes[Int(books[index].node)]
            let set = events[books[index].event]
            for (ordinal, exposure) in books[index].exposures.enumerated() {
                let instrument = instruments[set.members[ordinal]]
                let counted =
                    node.level == .firm
                    ? [node.meter, instrument.meter, set.meter, instrument.venueMeter]
                    : [node.meter]
                for meter in counted {
                    reaches[meter] = (reaches[meter] ?? Reach()) + Reach(exposure)
                }
            }
        }
        return reaches
    }

    /// A parent has committed at least what its open children can still fill, and never too much.
    private func firstIntentBreak() -> String? {
        var children: [IntentKey: (count: Int, quantity: Quantity)] = [:]
        for index in orders.indices where !orders[index].state.isTerminal {
            let key = intentKey(of: orders[index])
            children[key, default: (count: 0, quantity: .zero)].count += 1
            children[key, default: (count: 0, quantity: .zero)].quantity += orders[index].quantity
        }
        for index in intents.indices {
            let intent = intents[index]
            let open = children[intent.key] ?? (count: 0, quantity: .zero)
            if intent.openChildren != open.count {
                return "intent \(intent.key.id) of \(intent.key.agent) counts"
                    + " \(intent.openChildren) open children, has \(open.count)"
            }
            if intent.committed > intent.quantity || intent.committed < open.quantity {
                return "intent \(intent.key.id) of \(intent.key.agent) has committed"
                    + " \(intent.committed) of \(intent.quantity), open \(open.quantity)"
            }
        }
        return nil
    }
}
