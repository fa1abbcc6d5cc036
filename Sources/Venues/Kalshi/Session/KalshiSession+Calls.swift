import Execution
import Trading

/// The calls of the port.
extension KalshiSession {
    mutating func submit(
        _ call: VenueCall, _ id: VenueCallID, into effects: inout [KalshiEffect]
    ) {
        let purpose = Purpose.call(id)
        switch call {
        case .place(let ticket):
            begin(PlaceOrder(ticket: ticket), for: purpose, isEffect: true, into: &effects)
        case .cancel(let client, let venue):
            begin(
                CancelOrder(clientOrderID: client, venueOrderID: venue), for: purpose,
                isEffect: true, into: &effects)
        case .cancelAll:
            begin(CancelAllOrders(), for: purpose, isEffect: true, into: &effects)
        case .openOrders: begin(ListOpenOrders(), for: purpose, into: &effects)
        case .order(let client):
            begin(FindOrder(clientOrderID: client), for: purpose, into: &effects)
        case .fills(let since): begin(ListFills(since: since), for: purpose, into: &effects)
        case .positions: begin(ListPositions(), for: purpose, into: &effects)
        case .balance: begin(ReadBalance(), for: purpose, into: &effects)
        case .instruments:
            begin(ListMarkets(series: configuration.series), for: purpose, into: &effects)
        case .book(let instrument):
            begin(ReadBook(instrument: instrument), for: purpose, into: &effects)
        case .feeSchedule: begin(ReadFees(), for: purpose, into: &effects)
        case .health: begin(ReadHealth(), for: purpose, into: &effects)
        }
    }

    /// The event that answers a call.
    mutating func answer(_ id: VenueCallID, _ result: Result<KalshiResult, Failed>) -> VenueEvent {
        switch result {
        case .failure(let error): return .failed(id, error.failure)
        case .success(let result): return answer(id, result)
        }
    }

    private mutating func answer(_ id: VenueCallID, _ result: KalshiResult) -> VenueEvent {
        switch result {
        case .placed(let state): return .placed(id, state)
        case .cancelled(let client, let taken):
            return .cancelled(id, clientOrderID: client, remaining: taken)
        case .cancelledAll(let count): return .cancelledAll(id, count: count)
        case .openOrders(let orders): return .openOrders(id, orders)
        case .order(let order): return .order(id, order)
        case .fills(let fills): return .fills(id, fills)
        case .positions(let holdings): return .positions(id, holdings)
        case .balance(let money): return .balance(id, money)
        case .markets(let markets):
            return .instruments(id, markets.compactMap { memory.instrument($0) })
        case .book(let instrument, let book): return .book(id, instrument, book)
        case .fees(let fees): return .feeSchedule(id, fees)
        case .healthy: return .healthy(id, at: memory.now.wall)
        case .settlements: preconditionFailure("no call asks for settlements")
        }
    }
}
