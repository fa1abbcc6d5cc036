import Cryptography
import MarketSim
import Trading

/// The lines of the venue's log. Every line begins with `event`; times are market time in
/// nanoseconds except `wall`, which stands last and is the only thing that a rerun changes.
enum LogLine {
    /// What kind of log this is; a reader refuses another.
    static let version: Int64 = 1

    static func start(seed: UInt64, fingerprint: String, origin: Timestamp?, wall: Timestamp)
        -> [UInt8]
    {
        JSONText.object {
            $0.field("event", "start")
            $0.field("version", version)
            $0.field("seed", seed)
            $0.field("recording", fingerprint)
            $0.field("origin", origin?.nanoseconds ?? 0)
            $0.field("simulated_counterparties", true)
            $0.field("wall", wall.nanoseconds)
        }
    }

    static func account(_ name: String, deposit: Money) -> [UInt8] {
        JSONText.object {
            $0.field("event", "account")
            $0.field("account", name)
            $0.field("deposit", deposit.description)
        }
    }

    /// A wallet that came, with an account of its own.
    static func wallet(
        _ address: String, deposit: Money, tick: TickNumber, now: Timestamp, wall: Timestamp
    ) -> [UInt8] {
        JSONText.object {
            $0.field("event", "wallet")
            stamp(&$0, tick, now)
            $0.field("account", address)
            $0.field("deposit", deposit.description)
            $0.field("wall", wall.nanoseconds)
        }
    }

    /// An API key that a wallet was given or gave up. The key itself follows from the seed.
    static func walletKey(
        _ address: String, nonce: String, isThere: Bool, tick: TickNumber, now: Timestamp,
        wall: Timestamp
    ) -> [UInt8] {
        JSONText.object {
            $0.field("event", "wallet_key")
            stamp(&$0, tick, now)
            $0.field("account", address)
            $0.field("nonce", nonce)
            $0.field("present", isThere)
            $0.field("wall", wall.nanoseconds)
        }
    }

    static func tick(_ tick: TickNumber, _ now: Timestamp) -> [UInt8] {
        JSONText.object {
            $0.field("event", "tick")
            stamp(&$0, tick, now)
        }
    }

    /// An order that came, and what the venue said.
    static func place(
        _ terms: SimOrderTerms, _ label: OrderLabel? = nil, ticker: String, account: String,
        result: Result<SimOrder, SimDecline>, tick: TickNumber, now: Timestamp, wall: Timestamp
    ) -> [UInt8] {
        JSONText.object {
            $0.field("event", "place")
            stamp(&$0, tick, now)
            $0.field("account", account)
            $0.field("ticker", ticker)
            $0.field("client_order_id", terms.clientOrderID.description)
            $0.field("side", terms.side.description)
            $0.field("price", terms.price.description)
            $0.field("count", terms.quantity.description)
            $0.field("time_in_force", Int64(terms.timeInForce.rawValue))
            $0.field("post_only", terms.isPostOnly)
            $0.field("expires", terms.expiresAt?.nanoseconds ?? 0)
            $0.field("self_trade_prevention", Int64(terms.selfTradePrevention.rawValue))
            if let token = terms.token { $0.field("token", token.rawValue) }
            if let label {
                $0.field("hash", label.hash)
                $0.field("kind", label.kind)
                $0.field("expiration", label.expiration)
                $0.field("maker", label.maker)
                $0.field("salt", label.salt)
            }
            switch result {
            case .success(let order):
                $0.field("result", "accepted")
                $0.field("order_id", VenueNames.order(order.id))
                $0.field("filled", order.filled.description)
                $0.field("remaining", order.remaining.description)
            case .failure(let decline):
                $0.field("result", "declined")
                $0.field("code", decline.rawValue)
            }
            $0.field("wall", wall.nanoseconds)
        }
    }

    static func cancel(
        _ id: SimOrderID, clientOrderID: VenueReference?, account: String, taken: Quantity?,
        tick: TickNumber, now: Timestamp, wall: Timestamp
    ) -> [UInt8] {
        JSONText.object {
            $0.field("event", "cancel")
            stamp(&$0, tick, now)
            $0.field("account", account)
            $0.field("order_id", VenueNames.order(id))
            $0.field("client_order_id", clientOrderID?.description ?? "")
            $0.field("result", taken == nil ? "not_found" : "cancelled")
            $0.field("count", (taken ?? .zero).description)
            $0.field("wall", wall.nanoseconds)
        }
    }

    /// A request about orders that never came as far as the exchange.
    static func refused(
        account: String, method: String, path: String, clientOrderID: String, code: String,
        tick: TickNumber, now: Timestamp, wall: Timestamp
    ) -> [UInt8] {
        JSONText.object {
            $0.field("event", "refused")
            stamp(&$0, tick, now)
            $0.field("account", account)
            $0.field("method", method)
            $0.field("path", path)
            $0.field("client_order_id", clientOrderID)
            $0.field("code", code)
            $0.field("wall", wall.nanoseconds)
        }
    }

    /// Something about the venue itself: a participant that was late, a restart, the end.
    static func note(
        _ event: String, _ text: String, tick: TickNumber, now: Timestamp, wall: Timestamp
    ) -> [UInt8] {
        JSONText.object {
            $0.field("event", event)
            stamp(&$0, tick, now)
            $0.field("text", text)
            $0.field("wall", wall.nanoseconds)
        }
    }

    static func balance(
        account: String, cash: Money, available: Money, deposit: Money, tick: TickNumber,
        now: Timestamp, wall: Timestamp
    ) -> [UInt8] {
        JSONText.object {
            $0.field("event", "balance")
            stamp(&$0, tick, now)
            $0.field("account", account)
            $0.field("cash", cash.description)
            $0.field("available", available.description)
            $0.field("deposit", deposit.description)
            $0.field("wall", wall.nanoseconds)
        }
    }

    /// What the exchange did, for the effects that are logged.
    static func effect(
        _ effect: ExchangeEffect, _ exchange: Exchange, tick: TickNumber,
        now: Timestamp
    ) -> [UInt8]? {
        switch effect {
        case .bookChanged, .traded, .orderChanged: return nil
        case .filled(let fill): return filled(fill, exchange, tick: tick)
        case .orderRemoved(let order, let reason, let quantity):
            let ticker = exchange.definition(order.terms.market).instrument.description
            let account = exchange.name(order.account)
            return JSONText.object {
                $0.field("event", "removed")
                stamp(&$0, tick, now)
                $0.field("account", account)
                $0.field("ticker", ticker)
                $0.field("order_id", VenueNames.order(order.id))
                $0.field("client_order_id", order.terms.clientOrderID.description)
                $0.field("reason", reason.rawValue)
                $0.field("count", quantity.description)
            }
        case .phaseChanged(let market, let phase):
            let ticker = exchange.definition(market).instrument.description
            return JSONText.object {
                $0.field("event", "market")
                stamp(&$0, tick, now)
                $0.field("ticker", ticker)
                $0.field("phase", "\(phase)")
            }
        case .strikeKnown(let market, let strike):
            let ticker = exchange.definition(market).instrument.description
            return JSONText.object {
                $0.field("event", "strike")
                stamp(&$0, tick, now)
                $0.field("ticker", ticker)
                $0.field("strike", strike.description)
            }
        case .paid(let payout): return paid(payout, exchange, tick: tick)
        }
    }

    private static func filled(
        _ fill: SimFill, _ exchange: Exchange, tick: TickNumber
    ) -> [UInt8] {
        let ticker = exchange.definition(fill.market).instrument.description
        let account = exchange.name(fill.account)
        return JSONText.object {
            $0.field("event", "fill")
            stamp(&$0, tick, fill.at)
            $0.field("account", account)
            $0.field("ticker", ticker)
            $0.field("trade_id", VenueNames.trade(fill.trade))
            $0.field("order_id", VenueNames.order(fill.order))
            $0.field("client_order_id", fill.clientOrderID.description)
            $0.field("side", fill.side.description)
            $0.field("price", fill.price.description)
            $0.field("count", fill.quantity.description)
            $0.field("fee", fill.fee.description)
            $0.field("liquidity", fill.liquidity == .maker ? "maker" : "taker")
            $0.field("cash", fill.cashAfter.description)
            $0.field("position", fill.positionAfter.description)
        }
    }

    private static func paid(
        _ payout: SimPayout, _ exchange: Exchange, tick: TickNumber
    ) -> [UInt8] {
        let ticker = exchange.definition(payout.market).instrument.description
        let account = exchange.name(payout.account)
        return JSONText.object {
            $0.field("event", "payout")
            stamp(&$0, tick, payout.at)
            $0.field("account", account)
            $0.field("ticker", ticker)
            $0.field("outcome", "\(payout.outcome)")
            $0.field("value", payout.value.description)
            $0.field("position", payout.quantity.description)
            if !payout.pairs.isZero { $0.field("pairs", payout.pairs.description) }
            $0.field("payout", payout.payout.description)
            $0.field("cash", payout.cashAfter.description)
        }
    }

    private static func stamp(_ text: inout JSONText, _ tick: TickNumber, _ now: Timestamp) {
        text.field("tick", tick.rawValue)
        text.field("t", now.nanoseconds)
    }
}

/// The venue's names: UUIDs that count, so that a rerun gives the same ones.
enum VenueNames {
    static func order(_ id: SimOrderID) -> String { uuid("00000000-0000-4000-8000-", id.rawValue) }
    static func trade(_ id: SimTradeID) -> String { uuid("00000000-0000-4000-9000-", id.rawValue) }
    static func market(_ id: SimMarketID) -> String {
        uuid("00000000-0000-4000-a000-", UInt64(id.index))
    }
    static func user(_ id: SimAccountID) -> String {
        uuid("00000000-0000-4000-b000-", UInt64(id.index))
    }

    static func heartbeat(_ id: SimAccountID, _ count: UInt64) -> String {
        uuid("00000000-0000-4000-\(String(0xb000 + id.index & 0xfff, radix: 16))-", count)
    }
    /// The hash of the transaction that a trade is settled in.
    static func transaction(_ id: SimTradeID) -> String {
        Keccak256.hash("sim-venue transaction \(id)").hex
    }

    /// The order of a name; nil for what is none of ours.
    static func order(_ name: some StringProtocol) -> SimOrderID? {
        let prefix = "00000000-0000-4000-8000-"
        guard name.hasPrefix(prefix), name.utf8.count == prefix.utf8.count + 12 else { return nil }
        return UInt64(name.dropFirst(prefix.count), radix: 16).map { SimOrderID($0) }
    }

    private static func uuid(_ prefix: String, _ number: UInt64) -> String {
        let hex = String(number, radix: 16)
        return prefix + String(repeating: "0", count: max(0, 12 - hex.count)) + hex
    }
}
