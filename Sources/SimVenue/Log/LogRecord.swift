import Foundation
import MarketSim
import Trading

/// A line of the log as it is read back when the venue starts again.
enum LogRecord {
    case start(Start)
    case account(name: String, deposit: Money)
    case tick(TickNumber, Timestamp)
    case place(Place)
    case cancel(Cancel)
    case wallet(String, deposit: Money)
    case walletKey(WalletKey, isThere: Bool)
    /// Follows from the lines before it: it is compared, not applied.
    case effect
    /// Says something about the venue and changes nothing.
    case note

    struct Start: Decodable {
        let version: Int64
        let seed: UInt64
        let recording: String
        let origin: Int64
    }

    struct Place {
        let account: String
        let ticker: String
        let terms: SimOrderTerms
        let label: OrderLabel?
        /// The name that the order was given, or nil where it was declined.
        let orderID: String?
    }

    struct Cancel {
        let account: String
        let order: SimOrderID
    }

    private struct Fields: Decodable {
        var event: String
        var tick: UInt64?
        var t: Int64?
        var account: String?
        var deposit: String?
        var ticker: String?
        var client_order_id: String?
        var side: String?
        var price: String?
        var count: String?
        var time_in_force: UInt8?
        var post_only: Bool?
        var expires: Int64?
        var self_trade_prevention: UInt8?
        var result: String?
        var order_id: String?
        var token: String?
        var hash: String?
        var kind: String?
        var expiration: Int64?
        var maker: String?
        var salt: UInt64?
        var nonce: String?
        var present: Bool?
    }

    /// Nil where the line is none of ours.
    init?(_ line: [UInt8]) {
        if let tick = LogRecord.tick(line) {
            self = tick
            return
        }
        let data = Foundation.Data(line)
        guard let fields = try? JSONDecoder().decode(Fields.self, from: data) else {
            // Not our JSON: the caller reports the line.
            return nil
        }
        switch fields.event {
        case "start":
            guard let start = try? JSONDecoder().decode(Start.self, from: data) else {
                // As above.
                return nil
            }
            self = .start(start)
        case "account":
            guard let name = fields.account,
                let deposit = fields.deposit.flatMap({ Money(decimal: $0) })
            else { return nil }
            self = .account(name: name, deposit: deposit)
        case "place":
            guard let place = LogRecord.place(fields) else { return nil }
            self = .place(place)
        case "cancel":
            guard let account = fields.account,
                let order = fields.order_id.flatMap({ VenueNames.order($0) })
            else { return nil }
            self = .cancel(Cancel(account: account, order: order))
        case "wallet":
            guard let name = fields.account,
                let deposit = fields.deposit.flatMap({ Money(decimal: $0) })
            else { return nil }
            self = .wallet(name, deposit: deposit)
        case "wallet_key":
            guard let address = fields.account, let nonce = fields.nonce,
                let isThere = fields.present
            else { return nil }
            self = .walletKey(WalletKey(address: address, nonce: nonce), isThere: isThere)
        case "fill", "removed", "market", "strike", "payout": self = .effect
        default: self = .note
        }
    }

    /// Nine lines of ten are ticks: `{"event":"tick","tick":1,"t":2}`.
    private static func tick(_ line: [UInt8]) -> LogRecord? {
        let prefix = #"{"event":"tick","tick":"#
        guard line.starts(with: prefix.utf8) else { return nil }
        let numbers = line.dropFirst(prefix.utf8.count).split { !(48...57).contains($0) }
            .compactMap { Int64(String(decoding: $0, as: UTF8.self)) }
        guard numbers.count == 2, numbers[0] > 0 else { return nil }
        return .tick(TickNumber(UInt64(numbers[0])), Timestamp(nanoseconds: numbers[1]))
    }

    private static func place(_ fields: Fields) -> Place? {
        guard let account = fields.account, let ticker = fields.ticker,
            let price = fields.price.flatMap({ Price(decimal: $0) }),
            let quantity = fields.count.flatMap({ Quantity(decimal: $0) }),
            let timeInForce = fields.time_in_force.flatMap({ TimeInForce(rawValue: $0) }),
            let prevention = fields.self_trade_prevention.flatMap({
                SelfTradePrevention(rawValue: $0)
            }),
            let isPostOnly = fields.post_only, let expires = fields.expires,
            fields.side == "buy" || fields.side == "sell"
        else { return nil }
        // The market's place is looked up by its ticker by whoever applies this.
        let terms = SimOrderTerms(
            clientOrderID: fields.client_order_id.flatMap { VenueReference($0) } ?? .empty,
            market: SimMarketID(0), side: fields.side == "buy" ? .buy : .sell, price: price,
            quantity: quantity, timeInForce: timeInForce, isPostOnly: isPostOnly,
            expiresAt: expires == 0 ? nil : Timestamp(nanoseconds: expires),
            selfTradePrevention: prevention, token: fields.token.flatMap { SimToken(rawValue: $0) })
        return Place(
            account: account, ticker: ticker, terms: terms, label: label(fields),
            orderID: fields.order_id)
    }

    private static func label(_ fields: Fields) -> OrderLabel? {
        guard let hash = fields.hash, let kind = fields.kind, let expiration = fields.expiration,
            let maker = fields.maker, let salt = fields.salt
        else { return nil }
        return OrderLabel(
            hash: hash, kind: kind, expiration: expiration, maker: maker, salt: salt)
    }
}
