import Cryptography
import MarketSim
import Trading

/// Polymarket's shapes of things, as its clients of 2026 read them.
struct PolymarketPayloads {
    let front: PolymarketFront

    private var engine: VenueEngine { front.engine }
    private var exchange: Exchange { front.engine.exchange }

    // MARK: Markets

    /// A market in the full form of `/markets`.
    func market(_ id: SimMarketID, _ text: inout JSONText) {
        guard let yes = engine.token(.yes, of: id) else { return }
        let definition = exchange.definition(id)
        let phase = exchange.phase(id)
        let listing = yes.listing
        text.field("enable_order_book", true)
        text.field("active", phase != .unlisted)
        text.field("closed", phase > .open)
        text.field("archived", false)
        text.field("accepting_orders", phase == .open)
        text.field("accepting_order_timestamp", definition.opensAt.rfc3339)
        text.number("minimum_order_size", definition.sizeMin)
        text.number("minimum_tick_size", definition.tick)
        text.field("condition_id", listing.condition)
        text.field("question_id", Keccak256.hash(listing.condition).hex)
        text.field("question", listing.question)
        text.field("description", definition.rules)
        text.field("market_slug", listing.slug)
        text.field("end_date_iso", definition.closesAt.rfc3339)
        text.field("seconds_delay", Int64(0))
        text.field("fpmm", "")
        text.field("maker_base_fee", Int64(0))
        text.field("taker_base_fee", Int64(0))
        text.field("notifications_enabled", false)
        text.field("neg_risk", listing.isNegativeRisk)
        text.field("neg_risk_market_id", "")
        text.field("neg_risk_request_id", "")
        text.field("icon", "")
        text.field("image", "")
        text.object("rewards") {
            $0.null("rates")
            $0.field("min_size", Int64(0))
            $0.field("max_spread", Int64(0))
        }
        text.field("is_50_50_outcome", false)
        tokens(of: id, &text)
        text.array("tags") { $0.element("Simulated") }
    }

    /// As above, without what does not change.
    func simplified(_ id: SimMarketID, _ text: inout JSONText) {
        guard let yes = engine.token(.yes, of: id) else { return }
        let phase = exchange.phase(id)
        text.field("condition_id", yes.listing.condition)
        tokens(of: id, &text)
        text.field("active", phase != .unlisted)
        text.field("closed", phase > .open)
        text.field("archived", false)
        text.field("accepting_orders", phase == .open)
    }

    private func tokens(of id: SimMarketID, _ text: inout JSONText) {
        let definition = exchange.definition(id)
        let isDecided = exchange.phase(id) >= .determined
        text.array("tokens") { array in
            for token in SimToken.allCases {
                guard let listed = engine.token(token, of: id) else { continue }
                let value = isDecided ? definition.payout : exchange.lastPrice(id) ?? .zero
                array.element {
                    $0.field("token_id", listed.number)
                    $0.field("outcome", listed.outcome)
                    $0.number("price", listed.price(value))
                    $0.field("winner", isDecided && listed.price(value) == .one)
                }
            }
        }
    }

    /// The short form with what trading needs, of `/clob-markets`.
    func terms(_ id: SimMarketID, _ text: inout JSONText) {
        guard let yes = engine.token(.yes, of: id) else { return }
        let definition = exchange.definition(id)
        text.field("c", yes.listing.condition)
        text.array("t") { array in
            for token in [yes, yes.other] {
                array.element {
                    $0.field("t", token.number)
                    $0.field("o", token.outcome)
                }
            }
        }
        text.number("mos", definition.sizeMin)
        text.number("mts", definition.tick)
        text.field("mbf", Int64(0))
        text.field("tbf", Int64(0))
        text.field("nr", yes.listing.isNegativeRisk)
        text.field("ao", exchange.phase(id) == .open)
        guard case .polymarket(let exponent) = definition.fees.schedule,
            !definition.fees.takerRate.isZero
        else { return }
        text.object("fd") {
            $0.number("r", definition.fees.takerRate)
            $0.field("e", Int64(exponent))
            $0.field("to", true)
        }
    }

    // MARK: Books

    /// A token's levels, worst first.
    func levels(_ side: Side, _ token: ListedToken) -> [BookLevel] {
        exchange.levels(token.side(side), token.market).reversed().map {
            BookLevel(price: token.price($0.price), quantity: $0.quantity)
        }
    }

    /// A book with its sum: SHA-1 over these same members with an empty `hash`.
    func book(_ token: ListedToken, isStream: Bool, _ text: inout JSONText) {
        let at = String(engine.now.milliseconds)
        let plain = JSONText.object { members(token, at: at, hash: "", &$0) }
        if isStream { text.field("event_type", "book") }
        members(token, at: at, hash: SHA1.hex(of: plain), &text)
    }

    func bookHash(_ token: ListedToken) -> String {
        let at = String(engine.now.milliseconds)
        return SHA1.hex(of: JSONText.object { members(token, at: at, hash: "", &$0) })
    }

    private func members(
        _ token: ListedToken, at: String, hash: String, _ text: inout JSONText
    ) {
        let definition = exchange.definition(token.market)
        text.field("market", token.listing.condition)
        text.field("asset_id", token.number)
        text.field("timestamp", at)
        text.field("hash", hash)
        text.array("bids") { array(levels(.buy, token), &$0) }
        text.array("asks") { array(levels(.sell, token), &$0) }
        text.field("min_order_size", definition.sizeMin.description)
        text.field("tick_size", definition.tick.description)
        text.field("neg_risk", token.listing.isNegativeRisk)
        let last = exchange.lastPrice(token.market).map { token.price($0).description }
        text.field("last_trade_price", last ?? "")
    }

    private func array(_ levels: [BookLevel], _ text: inout JSONText) {
        for level in levels {
            text.element {
                $0.field("price", level.price.description)
                $0.field("size", level.quantity.description)
            }
        }
    }

    // MARK: Orders

    func order(_ order: SimOrder, _ text: inout JSONText) {
        guard let label = engine.labels[order.id],
            let token = engine.token(order.terms.token ?? .yes, of: order.terms.market)
        else { return }
        text.field("id", label.hash)
        text.field("status", PolymarketPayloads.status(order.state))
        text.field("owner", front.owner(order.account))
        text.field("maker_address", label.maker)
        text.field("market", token.listing.condition)
        text.field("asset_id", token.number)
        text.field("side", order.terms.isTokenSale ? "SELL" : "BUY")
        text.field("original_size", order.terms.quantity.description)
        text.field("size_matched", order.filled.description)
        text.field("price", token.price(order.terms.price).description)
        text.field("outcome", token.outcome)
        text.field("expiration", String(label.expiration))
        text.field("order_type", label.kind)
        text.array("associate_trades") { array in
            for trade in engine.tokenTrades
            where trade.taker.order == order.id || trade.maker.order == order.id {
                array.element(VenueNames.trade(trade.id))
            }
        }
    }

    static func status(_ state: OrderState) -> String {
        switch state {
        case .working: "LIVE"
        case .filled: "MATCHED"
        default: "CANCELED"
        }
    }

    /// What a taker's part of an order cost or brought, in dollars.
    static func dollars(_ order: SimOrder) -> Money {
        guard order.terms.token == .no else { return order.takerCost }
        let filled = Money(units: order.filled.units)
        return filled - order.takerCost
    }

    // MARK: Trades

    /// One party of a trade, with the token that it is shown with. A generated counterparty has
    /// none of its own: every other one is shown at the other token, so that pairs are minted and
    /// merged as at the venue.
    struct Party {
        let party: SimTradeParty
        let token: ListedToken
        /// In terms of its token.
        let side: Side
        let price: Price
    }

    func parties(_ trade: SimTrade) -> (taker: Party, maker: Party)? {
        let own = trade.taker.token ?? shown(trade.taker, against: trade.maker.token ?? .yes)
        let made = trade.maker.token ?? shown(trade.maker, against: own)
        guard let taken = engine.token(own, of: trade.market),
            let given = engine.token(made, of: trade.market)
        else { return nil }
        return (
            Party(
                party: trade.taker, token: taken, side: taken.side(trade.takerSide),
                price: taken.price(trade.price)),
            Party(
                party: trade.maker, token: given, side: given.side(trade.takerSide.opposite),
                price: given.price(trade.price))
        )
    }

    private func shown(_ party: SimTradeParty, against token: SimToken) -> SimToken {
        party.order.rawValue.isMultiple(of: 2) ? token : token.other
    }

    /// A trade as one of its wallets sees it.
    func trade(
        _ trade: SimTrade, for account: SimAccountID, isStream: Bool, _ text: inout JSONText
    ) {
        guard let (taker, maker) = parties(trade) else { return }
        let status = front.status(trade)
        if isStream {
            text.field("event_type", "trade")
            text.field("type", "TRADE")
            text.field("timestamp", String(engine.now.milliseconds))
            text.field("trade_owner", front.owner(account))
            text.field("matchtime", String(trade.at.wholeSeconds))
        }
        text.field("id", VenueNames.trade(trade.id))
        text.field("taker_order_id", name(taker.party))
        text.field("market", taker.token.listing.condition)
        text.field("asset_id", taker.token.number)
        text.field("side", taker.side == .buy ? "BUY" : "SELL")
        text.field("size", trade.quantity.description)
        text.field("price", taker.price.description)
        text.field("fee_rate_bps", "0")
        text.field("status", status.name)
        text.field("match_time", String(trade.at.wholeSeconds))
        text.field("last_update", String(status.since.wholeSeconds))
        text.field("outcome", taker.token.outcome)
        text.field("bucket_index", Int64(0))
        text.field("owner", front.owner(taker.party.account))
        text.field("maker_address", address(taker.party))
        text.field("transaction_hash", VenueNames.transaction(trade.id))
        text.field("trader_side", trade.taker.account == account ? "TAKER" : "MAKER")
        text.array("maker_orders") { array in
            array.element {
                $0.field("order_id", name(maker.party))
                $0.field("owner", front.owner(maker.party.account))
                $0.field("maker_address", address(maker.party))
                $0.field("matched_amount", trade.quantity.description)
                $0.field("price", maker.price.description)
                $0.field("fee_rate_bps", "0")
                $0.field("asset_id", maker.token.number)
                $0.field("outcome", maker.token.outcome)
                $0.field("outcome_index", Int64(maker.token.token == .yes ? 0 : 1))
                $0.field("side", maker.side == .buy ? "BUY" : "SELL")
            }
        }
    }

    /// An order's hash; a generated counterparty's follows from its number.
    private func name(_ party: SimTradeParty) -> String {
        engine.labels[party.order]?.hash ?? Keccak256.hash("sim-venue order \(party.order)").hex
    }

    private func address(_ party: SimTradeParty) -> String {
        if let label = engine.labels[party.order] { return label.maker }
        let hash = Keccak256.hash("sim-venue account \(party.account.index)").hex
        return "0x" + hash.suffix(40)
    }
}
