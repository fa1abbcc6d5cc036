import MarketSim
import NIOHTTP1
import Runtime
import Trading

/// The routes that change something: each is logged before it is answered.
extension VenueService {
    func write(
        _ parts: [String], _ request: VenueRequest, _ participant: VenueParticipant
    ) throws -> VenueResponse {
        guard parts.count >= 2, parts[0] == "events", parts[1] == "orders" else {
            return try refuse(request, parts, participant, .notFound, "not_found", "no such route")
        }
        switch (request.method, parts.count) {
        case (.POST, 2): return try place(request, parts, participant)
        case (.DELETE, 2): return try cancelAll(participant)
        case (.POST, 3) where parts[2] == "batched":
            return try placeBatch(request, parts, participant)
        case (.DELETE, 3) where parts[2] == "batched":
            return try cancelBatch(request, parts, participant)
        case (.DELETE, 3): return try cancel(parts[2], request, parts, participant)
        default:
            return try refuse(request, parts, participant, .notFound, "not_found", "no such route")
        }
    }

    private func place(
        _ request: VenueRequest, _ parts: [String], _ participant: VenueParticipant
    ) throws -> VenueResponse {
        let order: KalshiOrderRequest
        do {
            order = try KalshiOrderRequest(request.body)
        } catch {
            return try refuse(
                request, parts, participant, .badRequest, "invalid_parameters", error.details)
        }
        guard let market = engine.market(order.ticker) else {
            return try refuse(
                request, parts, participant, .notFound, "market_not_found", "market not found")
        }
        let terms = order.terms(in: market)
        let result = try engine.place(terms, for: participant, wall: WallClock.now())
        publishEffects()
        switch result {
        case .success(let order): return created(order)
        case .failure(let decline):
            return .error(VenueService.status(decline), decline.rawValue, "\(decline)")
        }
    }

    private func created(_ order: SimOrder) -> VenueResponse {
        .object(.created) { created(order, &$0) }
    }

    func created(_ order: SimOrder, _ text: inout JSONText) {
        text.field("order_id", VenueNames.order(order.id))
        text.field("client_order_id", order.terms.clientOrderID.description)
        text.field("fill_count", KalshiPayloads.count(order.filled))
        text.field("remaining_count", KalshiPayloads.count(order.remaining))
        if !order.filled.isZero {
            let paid = Price(units: order.takerCost.units)
            text.field("average_fill_price", average(paid, over: order.filled))
            let fees = Price(units: order.takerFees.units)
            text.field("average_fee_paid", average(fees, over: order.filled))
        }
        text.field("ts_ms", engine.now.milliseconds)
    }

    /// An average for people: rounded to six decimals, never booked.
    private func average(_ total: Price, over quantity: Quantity) -> String {
        let units = divide(
            Int128(total.units) * Int128(Quantity.scale), by: Int128(quantity.units), .nearestEven)
        let rounded = Price(units: Int64(units)).rounded(
            toMultipleOf: Price(units: 1_000), .nearestEven)
        return KalshiPayloads.dollars(rounded)
    }

    private func cancel(
        _ name: String, _ request: VenueRequest, _ parts: [String],
        _ participant: VenueParticipant
    ) throws -> VenueResponse {
        guard let id = VenueNames.order(name) else {
            return try refuse(
                request, parts, participant, .notFound, "order_not_found", "order not found")
        }
        guard let done = try engine.cancel(id, for: participant, wall: WallClock.now()) else {
            return .error(.notFound, "order_not_found", "order not found or no longer resting")
        }
        publishEffects()
        return .object { cancelled(done.order, done.taken, &$0) }
    }

    private func cancelAll(_ participant: VenueParticipant) throws -> VenueResponse {
        var done: [(order: SimOrder, taken: Quantity)] = []
        for order in engine.exchange.restingOrders(participant.account) {
            if let cancelled = try engine.cancel(
                order.id, for: participant, wall: WallClock.now())
            {
                done.append(cancelled)
                publishEffects()
            }
        }
        return .object { text in
            text.array("orders") { array in
                for entry in done {
                    array.element { cancelled(entry.order, entry.taken, &$0) }
                }
            }
        }
    }

    func cancelled(_ order: SimOrder, _ taken: Quantity, _ text: inout JSONText) {
        text.field("order_id", VenueNames.order(order.id))
        text.field("client_order_id", order.terms.clientOrderID.description)
        text.field("reduced_by", KalshiPayloads.count(taken))
        text.field("ts_ms", engine.now.milliseconds)
    }

    func refuse(
        _ request: VenueRequest, _ parts: [String], _ participant: VenueParticipant,
        _ status: HTTPResponseStatus, _ code: String, _ details: String
    ) throws -> VenueResponse {
        try logRefusal(
            request, ["portfolio"] + parts, account: participant.key.id, code: code)
        return .error(status, code, code, details: details)
    }

    private static func status(_ decline: SimDecline) -> HTTPResponseStatus {
        switch decline {
        case .marketInactive, .duplicateClientOrderID, .postOnlyWouldCross,
            .fillOrKillUnfillable, .tooManyOpenOrders:
            .conflict
        case .invalidPrice, .invalidCount, .belowSizeMin, .invalidTerms, .insufficientBalance,
            .expiryInThePast:
            .badRequest
        }
    }
}
