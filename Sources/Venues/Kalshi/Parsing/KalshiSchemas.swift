/// The fields of Kalshi's payloads, as the official specifications of March and July 2026 have
/// them. Integer prices and counts are of the older one and are never read.
enum KalshiSchemas {
    static let envelope = PayloadSchema(
        "message", required: ["type"], known: ["id", "sid", "seq", "msg"])

    static let snapshot = PayloadSchema(
        "orderbook_snapshot", required: ["market_ticker"],
        known: [
            "market_id", "yes_dollars_fp", "no_dollars_fp", "yes_dollars", "no_dollars", "yes",
            "no", "true", "false",
        ])

    static let delta = PayloadSchema(
        "orderbook_delta", required: ["market_ticker", "price_dollars", "delta_fp", "side"],
        known: [
            "market_id", "price", "delta", "client_order_id", "subaccount", "ts", "ts_ms",
        ])

    static let trade = PayloadSchema(
        "trade", required: ["trade_id", "market_ticker", "yes_price_dollars", "count_fp"],
        known: [
            "yes_price", "no_price", "no_price_dollars", "count", "taker_side",
            "taker_outcome_side", "taker_book_side", "is_block_trade", "ts", "ts_ms",
        ])

    static let streamFill = PayloadSchema(
        "fill",
        required: [
            "trade_id", "order_id", "market_ticker", "is_taker", "yes_price_dollars", "count_fp",
            "fee_cost",
        ],
        known: [
            "client_order_id", "exchange_index", "side", "action", "outcome_side", "book_side",
            "purchased_side", "yes_price", "count", "ts", "ts_ms", "post_position",
            "post_position_fp", "subaccount",
        ])

    static let fill = PayloadSchema(
        "fill",
        required: [
            "trade_id", "order_id", "ticker", "is_taker", "yes_price_dollars", "count_fp",
            "fee_cost",
        ],
        known: [
            "fill_id", "market_ticker", "client_order_id", "exchange_index", "side", "action",
            "outcome_side", "book_side", "purchased_side", "no_price_dollars", "yes_price",
            "no_price", "price", "count", "created_time", "subaccount_number", "ts", "ts_ms",
            "yes_price_fixed", "no_price_fixed",
        ])

    static let order = PayloadSchema(
        "order",
        required: [
            "order_id", "ticker", "status", "yes_price_dollars", "fill_count_fp",
            "remaining_count_fp",
        ],
        known: [
            "client_order_id", "user_id", "exchange_index", "side", "action", "is_yes",
            "outcome_side", "book_side", "type", "yes_price", "no_price", "no_price_dollars",
            "initial_count_fp", "initial_count", "fill_count", "remaining_count",
            "taker_fill_cost_dollars", "maker_fill_cost_dollars", "taker_fees_dollars",
            "maker_fees_dollars", "taker_fill_cost", "maker_fill_cost", "taker_fees",
            "maker_fees", "queue_position", "order_group_id", "self_trade_prevention_type",
            "cancel_order_on_pause", "created_time", "created_ts_ms", "last_update_time",
            "last_updated_ts_ms", "last_update_reason", "expiration_time", "expiration_ts_ms",
            "subaccount_number",
        ])

    static let lifecycle = PayloadSchema(
        "market_lifecycle_v2", required: ["market_ticker", "event_type"],
        known: [
            "exchange_index", "open_ts", "close_ts", "determination_ts", "settled_ts", "result",
            "settlement_value", "is_deactivated", "additional_metadata", "price_level_structure",
            "price_ranges", "strike_type", "floor_strike", "cap_strike", "custom_strike",
            "yes_sub_title",
        ])

    static let clock = PayloadSchema("clock", required: ["tick", "ts_ns"], known: ["end"])

    static let placement = PayloadSchema(
        "created order", required: ["order_id", "fill_count", "remaining_count"],
        known: ["client_order_id", "average_fill_price", "average_fee_paid", "ts_ms"])

    static let cancellation = PayloadSchema(
        "cancelled order", required: ["order_id", "reduced_by"],
        known: ["client_order_id", "ts_ms"])

    static let market = PayloadSchema(
        "market",
        required: ["ticker", "event_ticker", "status", "open_time", "close_time"],
        known: [
            "market_type", "title", "subtitle", "yes_sub_title", "no_sub_title", "created_time",
            "updated_time", "expected_expiration_time", "expiration_time",
            "latest_expiration_time", "settlement_timer_seconds", "response_price_units",
            "yes_bid_dollars", "yes_bid_size_fp", "yes_ask_dollars", "yes_ask_size_fp",
            "no_bid_dollars", "no_ask_dollars", "last_price_dollars", "volume_fp",
            "volume_24h_fp", "result", "can_close_early", "fractional_trading_enabled",
            "open_interest_fp", "notional_value_dollars", "previous_yes_bid_dollars",
            "previous_yes_ask_dollars", "previous_price_dollars", "liquidity_dollars",
            "settlement_value_dollars", "settlement_ts", "expiration_value",
            "occurrence_datetime", "fee_waiver_expiration_time", "early_close_condition",
            "strike_type", "floor_strike", "cap_strike", "functional_strike", "custom_strike",
            "rules_primary", "rules_secondary", "mve_collection_ticker", "mve_selected_legs",
            "primary_participant_key", "price_level_structure", "price_ranges",
            "is_provisional", "exchange_index", "settlement_bounds_type",
            // Integer prices and counts, and what else earlier versions had.
            "yes_bid", "yes_ask", "no_bid", "no_ask", "last_price", "previous_yes_bid",
            "previous_yes_ask", "previous_price", "volume", "volume_24h", "liquidity",
            "open_interest", "notional_value", "settlement_value", "tick_size", "category",
            "risk_limit_cents",
        ])

    static let event = PayloadSchema(
        "event", required: ["event_ticker", "series_ticker", "mutually_exclusive"],
        known: [
            "sub_title", "title", "collateral_return_type", "category", "strike_date",
            "strike_period", "markets", "available_on_brokers", "product_metadata",
            "last_updated_ts", "fee_type_override", "fee_multiplier_override", "exchange_index",
            "price_level_structure", "settlement_sources",
        ])

    static let series = PayloadSchema(
        "series", required: ["ticker", "fee_type", "fee_multiplier"],
        known: [
            "frequency", "title", "category", "tags", "settlement_sources", "contract_url",
            "contract_terms_url", "product_metadata", "additional_prohibitions", "volume",
            "volume_fp", "last_updated_ts", "categories", "exchange_index",
        ])

    static let position = PayloadSchema(
        "position", required: ["ticker", "position_fp"],
        known: [
            "total_traded_dollars", "market_exposure_dollars", "realized_pnl_dollars",
            "resting_orders_count", "fees_paid_dollars", "last_updated_ts", "total_traded",
            "position", "market_exposure", "realized_pnl", "fees_paid", "exchange_index",
            "subaccount_number",
        ])

    static let settlement = PayloadSchema(
        "settlement",
        required: [
            "ticker", "market_result", "yes_count_fp", "no_count_fp", "revenue", "settled_time",
        ],
        known: [
            "event_ticker", "yes_total_cost_dollars", "no_total_cost_dollars", "fee_cost", "value",
            "yes_count", "no_count", "yes_total_cost", "no_total_cost", "exchange_index",
            "payout_dollars", "ts_ms",
        ])
}
