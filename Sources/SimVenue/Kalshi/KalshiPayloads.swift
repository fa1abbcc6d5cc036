import MarketSim
import Trading

/// Kalshi's shapes of things, as its clients of 2026 read them (kalshi_python_sync 3.34.0): exact
/// decimal strings, with the fields of older versions where they cost nothing.
struct KalshiPayloads {
    let simulation: VenueSimulation

    private var exchange: Exchange { simulation.exchange }

    // MARK: Markets

    func market(_ id: SimMarketID, _ text: inout JSONText) {
        let definition = exchange.definition(id)
        let phase = exchange.phase(id)
        text.field("ticker", definition.instrument.description)
        text.field("event_ticker", definition.eventSet.description)
        text.field("market_type", "binary")
        text.field("title", definition.title)
        text.field("subtitle", "")
        text.field("yes_sub_title", "Up")
        text.field("no_sub_title", "Down")
        text.field("created_time", definition.opensAt.rfc3339)
        text.field("updated_time", max(definition.opensAt, simulation.now).rfc3339)
        text.field("open_time", definition.opensAt.rfc3339)
        text.field("close_time", definition.closesAt.rfc3339)
        let expiration = (definition.closesAt + VenueSimulation.settledAfter).rfc3339
        text.field("expected_expiration_time", expiration)
        text.field("expiration_time", expiration)
        text.field("latest_expiration_time", expiration)
        text.field("occurrence_datetime", definition.closesAt.rfc3339)
        text.field("settlement_timer_seconds", Int64(5))
        text.field("status", KalshiPayloads.status(phase))
        quotes(id, &text)
        text.field("can_close_early", false)
        text.field("fractional_trading_enabled", definition.lot < Quantity(1))
        text.field("notional_value_dollars", "1.0000")
        text.field("settlement_bounds_type", "default")
        text.field("rules_primary", definition.rules)
        text.field("rules_secondary", "")
        text.field("price_level_structure", "linear_cent")
        text.array("price_ranges") {
            $0.element {
                $0.field("start", "0.0000")
                $0.field("end", "1.0000")
                $0.field("step", KalshiPayloads.dollars(definition.tick))
            }
        }
        text.field("strike_type", "greater_or_equal")
        if let strike = exchange.strike(id) { text.number("floor_strike", strike) }
        text.field("is_provisional", false)
        text.field("exchange_index", Int64(0))
        result(id, phase, definition, &text)
    }

    private func quotes(_ id: SimMarketID, _ text: inout JSONText) {
        let bid = exchange.best(.buy, id)
        let ask = exchange.best(.sell, id)
        let bidPrice = bid?.price ?? .zero
        let askPrice = ask?.price ?? .one
        text.field("yes_bid_dollars", KalshiPayloads.dollars(bidPrice))
        text.field("yes_bid_size_fp", KalshiPayloads.count(bid?.quantity ?? .zero))
        text.field("yes_ask_dollars", KalshiPayloads.dollars(askPrice))
        text.field("yes_ask_size_fp", KalshiPayloads.count(ask?.quantity ?? .zero))
        text.field("no_bid_dollars", KalshiPayloads.dollars(askPrice.complement))
        text.field("no_ask_dollars", KalshiPayloads.dollars(bidPrice.complement))
        text.field("last_price_dollars", KalshiPayloads.dollars(exchange.lastPrice(id) ?? .zero))
        text.field("previous_yes_bid_dollars", "0.0000")
        text.field("previous_yes_ask_dollars", "0.0000")
        text.field("previous_price_dollars", "0.0000")
        text.field("volume_fp", KalshiPayloads.count(exchange.volume(id)))
        text.field("volume_24h_fp", KalshiPayloads.count(exchange.volume(id)))
        text.field("open_interest_fp", KalshiPayloads.count(exchange.openInterest(id)))
    }

    private func result(
        _ id: SimMarketID, _ phase: MarketPhase, _ definition: MarketDefinition,
        _ text: inout JSONText
    ) {
        guard phase >= .determined else {
            text.field("result", "")
            text.field("expiration_value", "")
            return
        }
        text.field("result", KalshiPayloads.result(definition.outcome))
        text.field("expiration_value", KalshiPayloads.dollars(definition.payout))
        text.field("settlement_value_dollars", KalshiPayloads.dollars(definition.payout))
        let settledAt = definition.closesAt + VenueSimulation.settledAfter
        text.field("settlement_ts", settledAt.rfc3339)
    }

    /// `members` are the markets of the event, at least one. None of them is promised to exclude
    /// the others, so each is covered in full.
    func event(_ members: [SimMarketID], withMarkets: Bool, _ text: inout JSONText) {
        let definition = exchange.definition(members[0])
        text.field("event_ticker", definition.eventSet.description)
        text.field("series_ticker", definition.series)
        let isAlone = members.count == 1
        text.field("title", isAlone ? definition.title : definition.eventSet.description)
        text.field("sub_title", "")
        text.field("collateral_return_type", "")
        text.field("mutually_exclusive", false)
        text.field("category", definition.series == VenueListing.spotSeries ? "Crypto" : "Other")
        text.field("strike_date", definition.closesAt.rfc3339)
        text.array("settlement_sources") { _ in }
        text.field("exchange_index", Int64(0))
        guard withMarkets else { return }
        text.array("markets") { array in
            for id in members { array.element { market(id, &$0) } }
        }
    }

    func series(_ definition: MarketDefinition, _ text: inout JSONText) {
        text.field("ticker", definition.series)
        text.field("frequency", "custom")
        text.field("title", "Simulated \(definition.series)")
        text.field("category", "Crypto")
        text.array("categories") { $0.element("Crypto") }
        text.array("tags") { _ in }
        text.array("settlement_sources") { _ in }
        text.array("additional_prohibitions") { _ in }
        text.field("contract_url", "")
        text.field("contract_terms_url", "")
        let fees = definition.fees
        text.field(
            "fee_type", fees.makerRate.isZero ? "quadratic" : "quadratic_with_maker_fees")
        text.number("fee_multiplier", fees.multiplier)
        text.field("exchange_index", Int64(0))
    }

    /// Bids only, worst first: the ask of YES is the complement of the bid for NO.
    func levels(_ side: Side, _ id: SimMarketID, depth: Int, _ text: inout JSONText) {
        for level in exchange.levels(side, id).prefix(depth).reversed() {
            let price = side == .buy ? level.price : level.price.complement
            text.array {
                $0.element(KalshiPayloads.dollars(price))
                $0.element(KalshiPayloads.count(level.quantity))
            }
        }
    }

    // MARK: Orders and fills

    func order(_ order: SimOrder, _ text: inout JSONText) {
        let terms = order.terms
        text.field("order_id", VenueNames.order(order.id))
        text.field("user_id", VenueNames.user(order.account))
        text.field("client_order_id", terms.clientOrderID.description)
        text.field("ticker", exchange.definition(terms.market).instrument.description)
        KalshiPayloads.direction(terms.side, &text)
        text.field("is_yes", terms.side == .buy)
        text.field("type", "limit")
        text.field("status", KalshiPayloads.status(order.state))
        text.field("yes_price_dollars", KalshiPayloads.dollars(terms.price))
        text.field("no_price_dollars", KalshiPayloads.dollars(terms.price.complement))
        text.field("fill_count_fp", KalshiPayloads.count(order.filled))
        text.field("remaining_count_fp", KalshiPayloads.count(order.remaining))
        text.field("initial_count_fp", KalshiPayloads.count(terms.quantity))
        text.field("taker_fill_cost_dollars", KalshiPayloads.dollars(order.takerCost))
        text.field("maker_fill_cost_dollars", KalshiPayloads.dollars(order.makerCost))
        text.field("taker_fees_dollars", KalshiPayloads.dollars(order.takerFees))
        text.field("maker_fees_dollars", KalshiPayloads.dollars(order.makerFees))
        text.field("created_time", order.placedAt.rfc3339)
        text.field("last_update_time", order.updatedAt.rfc3339)
        if order.state == .expired { text.field("last_update_reason", "expired") }
        if let expiry = terms.expiresAt { text.field("expiration_time", expiry.rfc3339) }
        text.field(
            "self_trade_prevention_type",
            terms.selfTradePrevention == .maker ? "maker" : "taker_at_cross")
        text.field("cancel_order_on_pause", false)
        text.field("subaccount_number", Int64(0))
        text.field("exchange_index", Int64(0))
    }

    /// A fill; `isStream` gives the WebSocket's form.
    func fill(_ fill: SimFill, isStream: Bool, _ text: inout JSONText) {
        let ticker = exchange.definition(fill.market).instrument.description
        text.field("trade_id", VenueNames.trade(fill.trade))
        text.field("order_id", VenueNames.order(fill.order))
        text.field("client_order_id", fill.clientOrderID.description)
        text.field("market_ticker", ticker)
        KalshiPayloads.direction(fill.side, &text)
        text.field("count_fp", KalshiPayloads.count(fill.quantity))
        text.field("yes_price_dollars", KalshiPayloads.dollars(fill.price))
        text.field("is_taker", fill.liquidity == .taker)
        text.field("fee_cost", KalshiPayloads.dollars(fill.fee))
        text.field("ts", fill.at.wholeSeconds)
        text.field("ts_ms", fill.at.milliseconds)
        text.field("exchange_index", Int64(0))
        if isStream {
            text.field("purchased_side", fill.side == .buy ? "yes" : "no")
            text.field("post_position_fp", KalshiPayloads.count(fill.positionAfter))
        } else {
            text.field("fill_id", VenueNames.trade(fill.trade))
            text.field("ticker", ticker)
            text.field("no_price_dollars", KalshiPayloads.dollars(fill.price.complement))
            text.field("created_time", fill.at.rfc3339)
            text.field("subaccount_number", Int64(0))
        }
    }

    func trade(_ trade: SimTrade, isStream: Bool, _ text: inout JSONText) {
        let ticker = exchange.definition(trade.market).instrument.description
        text.field("trade_id", VenueNames.trade(trade.id))
        text.field(isStream ? "market_ticker" : "ticker", ticker)
        text.field("yes_price_dollars", KalshiPayloads.dollars(trade.price))
        text.field("no_price_dollars", KalshiPayloads.dollars(trade.price.complement))
        text.field("count_fp", KalshiPayloads.count(trade.quantity))
        let outcome = trade.takerSide == .buy ? "yes" : "no"
        text.field("taker_side", outcome)
        text.field("taker_outcome_side", outcome)
        text.field("taker_book_side", trade.takerSide == .buy ? "bid" : "ask")
        text.field("is_block_trade", false)
        if isStream {
            text.field("ts", trade.at.wholeSeconds)
            text.field("ts_ms", trade.at.milliseconds)
        } else {
            text.field("created_time", trade.at.rfc3339)
        }
    }

    func settlement(_ payout: SimPayout, _ text: inout JSONText) {
        let definition = exchange.definition(payout.market)
        let isYes = payout.quantity.units > 0
        let yes = isYes ? payout.quantity : .zero
        let no = isYes ? Quantity.zero : payout.quantity.magnitude
        text.field("ticker", definition.instrument.description)
        text.field("event_ticker", definition.eventSet.description)
        text.field("exchange_index", Int64(0))
        text.field("market_result", KalshiPayloads.result(payout.outcome))
        text.field("yes_count_fp", KalshiPayloads.count(yes))
        text.field("no_count_fp", KalshiPayloads.count(no))
        text.field(
            "yes_total_cost_dollars", KalshiPayloads.dollars(isYes ? payout.cost : .zero))
        text.field("no_total_cost_dollars", KalshiPayloads.dollars(isYes ? .zero : payout.cost))
        text.field("revenue", payout.payout.units / KalshiPayloads.cent)
        text.field("value", payout.value.units / KalshiPayloads.cent)
        text.field("fee_cost", KalshiPayloads.dollars(payout.fees))
        text.field("payout_dollars", KalshiPayloads.dollars(payout.payout))
        text.field("settled_time", payout.at.rfc3339)
        text.field("ts_ms", payout.at.milliseconds)
    }

    func position(_ account: SimAccountID, _ id: SimMarketID, _ text: inout JSONText) {
        let holding = exchange.holding(account, id)
        text.field("ticker", exchange.definition(id).instrument.description)
        text.field("exchange_index", Int64(0))
        text.field("position_fp", KalshiPayloads.count(holding.quantity))
        text.field("market_exposure_dollars", KalshiPayloads.dollars(holding.cost))
        text.field("realized_pnl_dollars", KalshiPayloads.dollars(holding.realized))
        text.field("fees_paid_dollars", KalshiPayloads.dollars(holding.fees))
        text.field(
            "total_traded_dollars", KalshiPayloads.dollars(Money(units: holding.volume.units)))
        text.field("last_updated_ts", holding.updatedAt.rfc3339)
    }

    // MARK: Words

    /// At least four decimals, as the venue writes dollars.
    static func dollars(_ value: some FixedPoint) -> String { value.decimal(minimumFraction: 4) }
    /// At least two decimals, as the venue writes contracts.
    static func count(_ value: Quantity) -> String { value.decimal(minimumFraction: 2) }
    static let cent: Int64 = 10_000_000

    static func direction(_ side: Side, _ text: inout JSONText) {
        text.field("side", "yes")
        text.field("action", side == .buy ? "buy" : "sell")
        text.field("outcome_side", side == .buy ? "yes" : "no")
        text.field("book_side", side == .buy ? "bid" : "ask")
    }

    static func status(_ phase: MarketPhase) -> String {
        switch phase {
        case .unlisted: "initialized"
        case .open: "active"
        case .closed: "closed"
        case .determined: "determined"
        case .settled: "finalized"
        }
    }

    static func status(_ state: OrderState) -> String {
        switch state {
        case .working: "resting"
        case .filled: "executed"
        default: "canceled"
        }
    }

    static func result(_ outcome: SettlementOutcome) -> String {
        switch outcome {
        case .yes: "yes"
        case .no: "no"
        case .value: "scalar"
        }
    }
}
