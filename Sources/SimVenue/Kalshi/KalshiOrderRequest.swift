import Foundation
import MarketSim
import Trading

/// The body of `POST /portfolio/events/orders`, checked field by field.
struct KalshiOrderRequest {
    /// Why a body is refused.
    struct Refusal: Error {
        let details: String
    }

    let ticker: String
    let clientOrderID: VenueReference
    let side: Side
    let price: Price
    let quantity: Quantity
    let timeInForce: TimeInForce
    let isPostOnly: Bool
    let expiresAt: Timestamp?
    let selfTradePrevention: SelfTradePrevention

    private struct Fields: Decodable {
        var ticker: String?
        var client_order_id: String?
        var side: String?
        var count: String?
        var price: String?
        var time_in_force: String?
        var expiration_time: Int64?
        var post_only: Bool?
        var reduce_only: Bool?
        var self_trade_prevention_type: String?
        var order_group_id: String?
        var subaccount: Int64?
    }

    /// The client's name for an order, where a body that is refused still has one.
    static func clientOrderID(in body: [UInt8]) -> String {
        // A body that cannot be read has none.
        (try? JSONDecoder().decode(Fields.self, from: Foundation.Data(body)))?.client_order_id ?? ""
    }

    init(_ body: [UInt8]) throws(Refusal) {
        let fields: Fields
        do {
            fields = try JSONDecoder().decode(Fields.self, from: Foundation.Data(body))
        } catch {
            throw Refusal(details: "the body is not a valid order: \(error)")
        }
        try self.init(fields)
    }

    /// One order of a batch: what it asks for or why it is refused, and the client's name for it.
    struct BatchEntry {
        let clientOrderID: String
        let order: Result<KalshiOrderRequest, Refusal>
    }

    /// The orders of `POST /portfolio/events/orders/batched`, each judged alone.
    static func batch(_ body: [UInt8]) throws(Refusal) -> [BatchEntry] {
        struct Batch: Decodable { var orders: [Fields] }
        do {
            let batch = try JSONDecoder().decode(Batch.self, from: Foundation.Data(body))
            return batch.orders.map { fields in
                BatchEntry(
                    clientOrderID: fields.client_order_id ?? "",
                    order: Result { () throws(Refusal) in try KalshiOrderRequest(fields) })
            }
        } catch {
            throw Refusal(details: "the body is not a valid batch of orders: \(error)")
        }
    }

    private init(_ fields: Fields) throws(Refusal) {
        ticker = try KalshiOrderRequest.required(fields.ticker, "ticker")
        side = try KalshiOrderRequest.choice(
            fields.side, "side", ["bid": Side.buy, "ask": Side.sell])
        timeInForce = try KalshiOrderRequest.timeInForce(fields)
        selfTradePrevention = try KalshiOrderRequest.choice(
            fields.self_trade_prevention_type, "self_trade_prevention_type",
            ["taker_at_cross": .takerAtCross, "maker": .maker])
        price = try KalshiOrderRequest.decimal(fields.price, "price")
        quantity = try KalshiOrderRequest.decimal(fields.count, "count")
        isPostOnly = fields.post_only ?? false
        expiresAt = fields.expiration_time.map {
            Timestamp(seconds: min(max($0, 0), 9_000_000_000))
        }
        guard fields.reduce_only != true, fields.order_group_id == nil, fields.subaccount ?? 0 == 0
        else {
            throw Refusal(
                details: "reduce_only, order_group_id and subaccount are not simulated")
        }
        let name = fields.client_order_id ?? ""
        guard let reference = name.isEmpty ? VenueReference.empty : VenueReference(name) else {
            throw Refusal(details: "client_order_id: at most 40 of A-Z a-z 0-9 . _ -")
        }
        clientOrderID = reference
    }

    func terms(in market: SimMarketID) -> SimOrderTerms {
        SimOrderTerms(
            clientOrderID: clientOrderID, market: market, side: side, price: price,
            quantity: quantity, timeInForce: timeInForce, isPostOnly: isPostOnly,
            expiresAt: expiresAt, selfTradePrevention: selfTradePrevention)
    }

    /// An order with an expiry is `good_till_canceled` with an `expiration_time`.
    private static func timeInForce(_ fields: Fields) throws(Refusal) -> TimeInForce {
        let stated: TimeInForce = try choice(
            fields.time_in_force, "time_in_force",
            [
                "good_till_canceled": .goodTillCancelled,
                "immediate_or_cancel": .immediateOrCancel, "fill_or_kill": .fillOrKill,
            ])
        let expires = fields.expiration_time != nil
        return stated == .goodTillCancelled && expires ? .goodTillTime : stated
    }

    private static func required(_ value: String?, _ name: String) throws(Refusal) -> String {
        guard let value, !value.isEmpty else { throw Refusal(details: "\(name) is required") }
        return value
    }

    private static func choice<Choice>(
        _ value: String?, _ name: String, _ choices: [String: Choice]
    ) throws(Refusal) -> Choice {
        let text = try required(value, name)
        guard let choice = choices[text] else {
            let known = choices.keys.sorted().joined(separator: ", ")
            throw Refusal(details: "\(name): expected one of \(known), found \(text.prefix(40))")
        }
        return choice
    }

    private static func decimal<Amount: FixedPoint>(
        _ value: String?, _ name: String
    ) throws(Refusal) -> Amount {
        let text = try required(value, name)
        guard let amount = Amount(decimal: text) else {
            throw Refusal(details: "\(name): expected a decimal string, found \(text.prefix(40))")
        }
        return amount
    }
}
