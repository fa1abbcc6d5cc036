import Execution
import Trading

/// What the core says about our requests and orders.
extension AgentEngine {
    mutating func take(_ decision: CoreDecision, at now: Timestamp) {
        switch decision.subject {
        case .intent(let id):
            if !decision.isAllowed {
                counts.rejected += 1
                intents.drop(id)
            }
        case .order(let request, let intent):
            guard let index = orders.firstIndex(where: { $0.requestID == request }) else { return }
            if decision.isAllowed {
                orders[index].orderID = decision.orderID
                return
            }
            counts.rejected += 1
            if decision.isParentSpent { intents.drop(intent) }
            let order = orders.remove(at: index)
            tellParent(of: request) { .ended(child: $0) }
            let resume = now + terms.rejectionPause
            markets[order.instrument]?.rest(order.side, until: resume)
            release(order)
        case .cancel:
            // The order's own change tells what became of it; a refusal means that it is over.
            if !decision.isAllowed { counts.rejected += 1 }
        }
    }

    mutating func take(_ change: OrderChange, at now: Timestamp) {
        account.book(change)
        let index = place(of: change)
        if let fill = change.execution {
            counts.fills += 1
            follow(fill, of: change, index.map { orders[$0] }, at: now)
        }
        guard let index else { return }
        let request = orders[index].requestID
        if let fill = change.execution {
            tellParent(of: request) { .filled(child: $0, quantity: fill.quantity) }
        }
        orders[index].orderID = change.orderID
        orders[index].remaining = change.remaining
        guard change.state.isTerminal else { return }
        tellParent(of: request) { .ended(child: $0) }
        release(orders.remove(at: index))
    }

    mutating func settle(_ instrument: InstrumentID, value: Price, payout: Money) {
        counts.settled += 1
        account.settle(instrument, payout: payout)
        makerMarkout.settle(instrument, value: value)
        takerMarkout.settle(instrument, value: value)
        markets[instrument]?.status = .settled
        intents.forget(instrument)
    }

    /// The order that a change is about. Fills and fates have a lane of their own, so they may come
    /// before the decision that tells the order's id.
    private func place(of change: OrderChange) -> Int? {
        if let known = orders.firstIndex(where: { $0.orderID == change.orderID }) { return known }
        return orders.firstIndex {
            $0.orderID == nil && $0.requestID == change.requestID
                && $0.instrument == change.instrument && $0.side == change.side
        }
    }

    /// Gives what an order did not fill back to its parent.
    private mutating func release(_ order: WorkingOrder) {
        guard order.remaining.units > 0 else { return }
        intents.release(order.remaining, to: order.intentID, order.instrument, order.side)
    }

    private mutating func follow(
        _ fill: OrderChange.Execution, of change: OrderChange, _ order: WorkingOrder?,
        at now: Timestamp
    ) {
        let known = order?.ground?.mid ?? markets[change.instrument]?.mid
        let reference = known ?? fill.price.doubleValue
        switch fill.liquidity {
        case .maker:
            makerMarkout.record(
                change.instrument, change.side, quantity: fill.quantity, reference: reference,
                at: now)
        case .taker:
            takerMarkout.record(
                change.instrument, change.side, quantity: fill.quantity, reference: reference,
                at: now)
        }
    }
}
