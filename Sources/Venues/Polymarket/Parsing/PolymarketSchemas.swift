/// The fields of Polymarket's payloads, as the official clients of 2026 read them.
enum PolymarketSchemas {
    static let book = PayloadSchema(
        "book", required: ["market", "asset_id", "bids", "asks", "timestamp", "hash"],
        known: [
            "event_type", "min_order_size", "tick_size", "neg_risk", "last_trade_price", "buys",
            "sells",
        ])

    static let level = PayloadSchema("level", required: ["price", "size"])

    static let priceChanges = PayloadSchema(
        "price_change", required: ["market", "price_changes", "timestamp"], known: ["event_type"])

    static let priceChange = PayloadSchema(
        "price_change", required: ["asset_id", "price", "size", "side"],
        known: ["hash", "best_bid", "best_ask"])

    static let tickChange = PayloadSchema(
        "tick_size_change",
        required: ["asset_id", "market", "old_tick_size", "new_tick_size", "timestamp"],
        known: ["event_type", "side"])

    static let print = PayloadSchema(
        "last_trade_price",
        required: ["asset_id", "market", "price", "side", "size", "timestamp"],
        known: ["event_type", "fee_rate_bps", "transaction_hash"])

    static let resolution = PayloadSchema(
        "market_resolved", required: ["market", "winning_asset_id", "timestamp"],
        known: [
            "event_type", "id", "question", "slug", "description", "assets_ids", "outcomes",
            "winning_outcome", "event_message", "tags",
        ])

    static let trade = PayloadSchema(
        "trade",
        required: [
            "id", "asset_id", "market", "side", "size", "price", "status", "taker_order_id",
            "maker_orders",
        ],
        known: [
            "event_type", "type", "last_update", "match_time", "matchtime", "outcome", "owner",
            "timestamp", "trade_owner", "fee_rate_bps", "bucket_index", "maker_address",
            "transaction_hash", "trader_side", "err_msg",
        ])

    static let makerOrder = PayloadSchema(
        "maker order", required: ["asset_id", "matched_amount", "order_id", "owner", "price"],
        known: ["outcome", "side", "fee_rate_bps", "maker_address", "outcome_index"])

    static let order = PayloadSchema(
        "order",
        required: [
            "id", "asset_id", "market", "side", "original_size", "size_matched", "price",
        ],
        known: [
            "event_type", "type", "status", "owner", "order_owner", "maker_address", "outcome",
            "timestamp", "created_at", "expiration", "order_type", "associate_trades",
        ])

    static let market = PayloadSchema(
        "market",
        required: [
            "condition_id", "tokens", "minimum_order_size", "minimum_tick_size", "neg_risk",
            "active", "closed", "accepting_orders", "question",
        ],
        known: [
            "enable_order_book", "archived", "accepting_order_timestamp", "question_id",
            "description", "market_slug", "end_date_iso", "game_start_time", "seconds_delay",
            "fpmm", "maker_base_fee", "taker_base_fee", "notifications_enabled",
            "neg_risk_market_id", "neg_risk_request_id", "icon", "image", "rewards",
            "is_50_50_outcome", "tags",
        ])

    static let token = PayloadSchema(
        "token", required: ["token_id", "outcome"], known: ["price", "winner"])

    static let placement = PayloadSchema(
        "placed order", required: ["success", "orderID"],
        known: [
            "errorMsg", "status", "takingAmount", "makingAmount", "transactionsHashes",
            "tradeIDs", "orderHashes",
        ])

    static let cancellation = PayloadSchema(
        "cancelled orders", required: ["canceled", "not_canceled"])

    static let balance = PayloadSchema(
        "balance", required: ["balance"], known: ["allowance", "allowances"])

    static let credentials = PayloadSchema(
        "API key", required: ["apiKey", "secret", "passphrase"])
}
