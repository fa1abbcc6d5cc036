import Foundation
import MarketSim
import NIOHTTP1
import Runtime
import Trading

/// Batches of orders: each entry succeeds or fails alone and is billed like a single request.
extension VenueService {
    func placeBatch(
        _ request: VenueRequest, _ parts: [String], _ participant: VenueParticipant
    ) throws -> VenueResponse {
        let entries: [KalshiOrderRequest.BatchEntry]
        do {
            entries = try KalshiOrderRequest.batch(request.body)
        } catch {
            return try refuse(
                request, parts, participant, .badRequest, "invalid_parameters", error.details)
        }
        guard participant.pays(forBatchOf: entries.count) else {
            return try throttle(request, parts, participant)
        }
        var answers: [(clientOrderID: String, outcome: Result<SimOrder, EntryRefusal>)] = []
        for entry in entries {
            let outcome = try place(entry, request, parts, participant)
            answers.append((entry.clientOrderID, outcome))
        }
        return .object(.created) { text in
            text.array("orders") { array in
                for answer in answers {
                    array.element { element in
                        switch answer.outcome {
                        case .success(let order): created(order, &element)
                        case .failure(let refusal):
                            element.field("client_order_id", answer.clientOrderID)
                            refusal.write(&element)
                        }
                    }
                }
            }
        }
    }

    private func place(
        _ entry: KalshiOrderRequest.BatchEntry, _ request: VenueRequest, _ parts: [String],
        _ participant: VenueParticipant
    ) throws -> Result<SimOrder, EntryRefusal> {
        let refusal: EntryRefusal
        switch entry.order {
        case .failure(let why):
            refusal = EntryRefusal("invalid_parameters", details: why.details)
        case .success(let order):
            if let market = engine.market(order.ticker) {
                let result = try engine.place(
                    order.terms(in: market), for: participant, wall: WallClock.now())
                publishEffects()
                return result.mapError { EntryRefusal($0.rawValue, message: "\($0)") }
            }
            refusal = EntryRefusal("market_not_found", message: "market not found")
        }
        try engine.refuse(
            account: participant.key.id, method: request.method.rawValue,
            path: (["portfolio"] + parts).joined(separator: "/"),
            clientOrderID: entry.clientOrderID, code: refusal.code, wall: WallClock.now())
        return .failure(refusal)
    }

    func cancelBatch(
        _ request: VenueRequest, _ parts: [String], _ participant: VenueParticipant
    ) throws -> VenueResponse {
        let batch: CancelBatch
        do {
            batch = try JSONDecoder().decode(
                CancelBatch.self, from: Foundation.Data(request.body))
        } catch {
            return try refuse(
                request, parts, participant, .badRequest, "invalid_parameters",
                "the body is not a valid batch of cancels: \(error)")
        }
        guard participant.pays(forBatchOf: batch.orders.count) else {
            return try throttle(request, parts, participant)
        }
        var answers: [(name: String, done: (order: SimOrder, taken: Quantity)?)] = []
        for entry in batch.orders {
            let done = try VenueNames.order(entry.order_id).flatMap {
                try engine.cancel($0, for: participant, wall: WallClock.now())
            }
            if done != nil { publishEffects() }
            answers.append((entry.order_id, done))
        }
        let missing = EntryRefusal(
            "order_not_found", message: "order not found or no longer resting")
        return .object { text in
            text.array("orders") { array in
                for answer in answers {
                    array.element { element in
                        if let done = answer.done {
                            cancelled(done.order, done.taken, &element)
                        } else {
                            element.field("order_id", answer.name)
                            element.field("reduced_by", KalshiPayloads.count(.zero))
                            missing.write(&element)
                        }
                    }
                }
            }
        }
    }

    private func throttle(
        _ request: VenueRequest, _ parts: [String], _ participant: VenueParticipant
    ) throws -> VenueResponse {
        try logRefusal(
            request, ["portfolio"] + parts, account: participant.key.id,
            code: "too_many_requests")
        return .throttled
    }

    /// The body of `DELETE /portfolio/events/orders/batched`.
    private struct CancelBatch: Decodable {
        struct Entry: Decodable { var order_id: String }
        var orders: [Entry]
    }

    /// Why one entry of a batch came to nothing, in the words of the venue's errors.
    struct EntryRefusal: Error {
        let code: String
        let message: String
        let details: String

        init(_ code: String, message: String? = nil, details: String = "") {
            self.code = code
            self.message = message ?? code
            self.details = details
        }

        func write(_ text: inout JSONText) {
            text.object("error") {
                $0.field("code", code)
                $0.field("message", message)
                $0.field("details", details)
            }
        }
    }
}

extension VenueParticipant {
    /// Takes the tokens of a batch's entries but the first, which the request itself has paid.
    fileprivate func pays(forBatchOf count: Int) -> Bool {
        for _ in 0..<max(count - 1, 0) where !writes.take() { return false }
        return true
    }
}
