import MarketSim
import NIOHTTP1
import Runtime
import Trading

/// The routes that only read.
extension PolymarketFront {
    private var payloads: PolymarketPayloads { PolymarketPayloads(front: self) }

    private static let noBook = error(
        .notFound, "No orderbook exists for the requested token id")
    private static let marketPageSize = 500
    private static let pageSize = 100

    /// Nil for a route that is not public.
    func publicRead(_ parts: [String], _ request: VenueRequest) -> VenueResponse? {
        if request.method == .POST { return batch(request) }
        guard request.method == .GET else { return nil }
        switch (parts.first ?? "", parts.count) {
        case ("", 0), ("ok", 1): return VenueResponse(.ok, Array(#""OK""#.utf8))
        case ("time", 1):
            return VenueResponse(.ok, Array(String(wallNow.wholeSeconds).utf8))
        case ("version", 1): return .object { $0.field("version", Int64(2)) }
        case ("markets", 1), ("sampling-markets", 1):
            return page(engine.listed(asTokens: true), request, Self.marketPageSize) {
                payloads.market($0, &$1)
            }
        case ("simplified-markets", 1), ("sampling-simplified-markets", 1):
            return page(engine.listed(asTokens: true), request, Self.marketPageSize) {
                payloads.simplified($0, &$1)
            }
        case ("markets", 2):
            return withMarket(parts[1]) { id in .object { payloads.market(id, &$0) } }
        case ("clob-markets", 2):
            return withMarket(parts[1]) { id in .object { payloads.terms(id, &$0) } }
        case ("markets-by-token", 2): return marketOfToken(parts[1])
        case ("prices-history", 1): return history(request)
        case (let name, 1):
            guard Self.tokenReads.contains(name) else { return nil }
            guard let token = engine.token(request.query["token_id"] ?? "") else {
                return Self.noBook
            }
            return tokenRead(name, token, side: request.query["side"] ?? "")
        default: return nil
        }
    }

    private func withMarket(
        _ condition: String, _ body: (SimMarketID) -> VenueResponse
    ) -> VenueResponse {
        guard let market = engine.market(condition: condition) else {
            return Self.error(.notFound, "market not found")
        }
        return body(market)
    }

    private func marketOfToken(_ number: String) -> VenueResponse {
        guard let token = engine.token(number) else {
            return Self.error(.notFound, "market not found")
        }
        return .object {
            $0.field("condition_id", token.listing.condition)
            $0.field("primary_token_id", token.listing.yes)
            $0.field("secondary_token_id", token.listing.no)
        }
    }

    // MARK: Prices

    private static let tokenReads: Set = [
        "book", "midpoint", "price", "spread", "last-trade-price", "tick-size", "neg-risk",
        "fee-rate",
    ]

    private func tokenRead(_ name: String, _ token: ListedToken, side: String) -> VenueResponse {
        switch name {
        case "book": return .object { payloads.book(token, isStream: false, &$0) }
        case "midpoint":
            guard let middle = middle(token) else { return Self.noBook }
            return .object { $0.field("mid", middle) }
        case "spread":
            guard let spread = spread(token) else { return Self.noBook }
            return .object { $0.field("spread", spread) }
        case "price":
            guard side == "BUY" || side == "SELL" else {
                return Self.error(.badRequest, "Invalid side")
            }
            let price = bestPrice(side == "BUY" ? .buy : .sell, token)
            return .object { $0.field("price", price?.description ?? "0") }
        case "last-trade-price":
            return .object { lastTrade(token, &$0) }
        case "tick-size":
            return .object {
                $0.number("minimum_tick_size", exchange.definition(token.market).tick)
            }
        case "neg-risk": return .object { $0.field("neg_risk", token.listing.isNegativeRisk) }
        default: return .object { $0.field("base_fee", Int64(0)) }
        }
    }

    /// The best price at which somebody buys or sells a token.
    func bestPrice(_ side: Side, _ token: ListedToken) -> Price? {
        exchange.best(token.side(side), token.market).map { token.price($0.price) }
    }

    private func middle(_ token: ListedToken) -> String? {
        guard let bid = bestPrice(.buy, token), let ask = bestPrice(.sell, token) else {
            return nil
        }
        return Price(units: (bid.units + ask.units) / 2).description
    }

    func spread(_ token: ListedToken) -> String? {
        guard let bid = bestPrice(.buy, token), let ask = bestPrice(.sell, token) else {
            return nil
        }
        return Price(units: ask.units - bid.units).description
    }

    private func lastTrade(_ token: ListedToken, _ text: inout JSONText) {
        let last = engine.trades.last { $0.market == token.market }
        let taker = last.flatMap { payloads.parties($0)?.taker }
        let side = taker.map { taker in
            taker.token.token == token.token ? taker.side : taker.side.opposite
        }
        let price = last.map { token.price($0.price) }
        text.field("price", price?.description ?? "0.5")
        text.field("side", side.map { $0 == .buy ? "BUY" : "SELL" } ?? "")
    }

    /// `POST /books` and its like: the same for many tokens. Unknown ones are left out.
    private func batch(_ request: VenueRequest) -> VenueResponse? {
        let known: Set = ["/books", "/midpoints", "/prices", "/spreads", "/last-trades-prices"]
        guard known.contains(request.path) else { return nil }
        guard let wanted = PolymarketFields.list(of: Wanted.self, request.body),
            wanted.count <= 500
        else { return Self.error(.badRequest, "Invalid payload") }
        let tokens = wanted.compactMap { entry in
            engine.token(entry.token_id).map { (token: $0, side: entry.side) }
        }
        var text = JSONText()
        switch request.path {
        case "/books":
            text.array { array in
                for entry in tokens {
                    array.element { payloads.book(entry.token, isStream: false, &$0) }
                }
            }
        case "/last-trades-prices":
            text.array { array in
                for entry in tokens {
                    array.element {
                        $0.field("token_id", entry.token.number)
                        lastTrade(entry.token, &$0)
                    }
                }
            }
        case "/prices": prices(tokens, &text)
        default:
            text.object { object in
                for entry in tokens {
                    let value =
                        request.path == "/spreads" ? spread(entry.token) : middle(entry.token)
                    if let value { object.field(named: entry.token.number, value) }
                }
            }
        }
        return VenueResponse(.ok, text.bytes)
    }

    private struct Wanted: Decodable {
        let token_id: String
        var side: String?
    }

    private func prices(
        _ wanted: [(token: ListedToken, side: String?)], _ text: inout JSONText
    ) {
        var seen: Set<String> = []
        text.object { object in
            for entry in wanted where seen.insert(entry.token.number).inserted {
                let sides = Set(
                    wanted.filter { $0.token.number == entry.token.number }.compactMap(\.side))
                object.object(named: entry.token.number) {
                    for (name, side) in [("BUY", Side.buy), ("SELL", .sell)]
                    where sides.isEmpty || sides.contains(name) {
                        $0.field(
                            named: name, bestPrice(side, entry.token)?.description ?? "0")
                    }
                }
            }
        }
    }

    /// The public trades of a token as points, in seconds.
    private func history(_ request: VenueRequest) -> VenueResponse {
        guard let token = engine.token(request.query["market"] ?? "") else { return Self.noBook }
        let first = request.query["startTs"].flatMap { Int64($0) } ?? .min
        let last = request.query["endTs"].flatMap { Int64($0) } ?? .max
        return .object { text in
            text.array("history") { array in
                for trade in engine.trades where trade.market == token.market {
                    let second = trade.at.wholeSeconds
                    guard second >= first, second <= last else { continue }
                    array.element {
                        $0.field("t", second)
                        $0.number("p", token.price(trade.price))
                    }
                }
            }
        }
    }

    // MARK: Private

    func privateRead(
        _ parts: [String], _ request: VenueRequest, _ holder: Holder
    ) -> VenueResponse {
        switch (request.path, parts.count) {
        case ("/data/orders", _):
            let wanted = resting(holder).filter {
                isWanted(
                    $0.terms, market: request.query["market"], asset: request.query["asset_id"])
                    && request.matches("id", engine.labels[$0.id]?.hash ?? "")
            }
            return page(wanted, request, Self.pageSize) { listed($0, &$1) }
        case ("/data/pre-migration-orders", _):
            return page([SimOrder](), request, Self.pageSize) { listed($0, &$1) }
        case ("/data/trades", _):
            return page(trades(request, holder), request, Self.pageSize) {
                payloads.trade($0, for: holder.participant.account, isStream: false, &$1)
            }
        case (_, 3) where parts[0] == "data" && parts[1] == "order":
            guard let id = engine.orderIDs[parts[2].lowercased()], let order = exchange.order(id),
                order.account == holder.participant.account
            else { return Self.error(.notFound, "order not found") }
            return .object { listed(order, &$0) }
        case ("/balance-allowance", _), ("/balance-allowance/update", _):
            return balance(request, holder)
        case ("/auth/api-keys", _):
            return .object { text in
                text.array("apiKeys") { array in
                    for key in apiKeys(of: holder.participant.key.id) { array.element(key) }
                }
            }
        case ("/auth/ban-status/closed-only", _):
            return .object { $0.field("closed_only", false) }
        case ("/notifications", _): return VenueResponse(.ok, Array("[]".utf8))
        case ("/order-scoring", _): return .object { $0.field("scoring", false) }
        default: return Self.notFound
        }
    }

    private func listed(_ order: SimOrder, _ text: inout JSONText) {
        payloads.order(order, &text)
        text.field("created_at", order.placedAt.wholeSeconds)
    }

    /// The account's trades, newest first.
    private func trades(_ request: VenueRequest, _ holder: Holder) -> [SimTrade] {
        let account = holder.participant.account
        let after = request.query["after"].flatMap { Int64($0) } ?? .min
        let before = request.query["before"].flatMap { Int64($0) } ?? .max
        return engine.tokenTrades.reversed().filter { trade in
            guard trade.taker.account == account || trade.maker.account == account,
                let (taker, maker) = payloads.parties(trade)
            else { return false }
            let own = trade.taker.account == account ? taker : maker
            let asset = request.query["asset_id"] ?? ""
            return request.matches("id", VenueNames.trade(trade.id))
                && request.matches("market", taker.token.listing.condition)
                && (asset.isEmpty || asset == own.token.number || asset == taker.token.number)
                && trade.at.wholeSeconds >= after && trade.at.wholeSeconds <= before
        }
    }

    /// What a wallet has, in millionths, and what the exchanges may take of it: everything.
    private func balance(_ request: VenueRequest, _ holder: Holder) -> VenueResponse {
        let units: Int64
        if request.query["asset_type"] == "COLLATERAL" {
            units = exchange.cash(holder.participant.account).units
        } else {
            guard let token = engine.token(request.query["token_id"] ?? "") else {
                return Self.error(.badRequest, "invalid token id")
            }
            units =
                exchange.holding(holder.participant.account, token.market)
                .count(token.token).units
        }
        return .object { text in
            text.field("balance", String(units / 1_000))
            text.object("allowances") {
                for contract in PolymarketContract.allCases {
                    $0.field(named: contract.address, Self.unlimited)
                }
            }
        }
    }

    /// 2^256 − 1.
    private static let unlimited =
        "115792089237316195423570985008687907853269984665640564039457584007913129639935"

    // MARK: Pages

    /// A page of a list. The cursor is the place where it begins, in Base64: `MA==` is 0, and
    /// `LTE=`, −1, says that there is no other page.
    private func page<Element>(
        _ all: [Element], _ request: VenueRequest, _ size: Int,
        _ body: (Element, inout JSONText) -> Void
    ) -> VenueResponse {
        guard let start = PageCursor.place(request.query["next_cursor"] ?? "") else {
            return Self.error(.badRequest, "invalid next_cursor")
        }
        let part = all.dropFirst(start).prefix(size)
        let next = start + part.count
        return .object { text in
            text.field("limit", Int64(size))
            text.field("count", Int64(part.count))
            text.field("next_cursor", PageCursor.text(next < all.count ? next : -1))
            text.array("data") { array in
                for element in part { array.element { body(element, &$0) } }
            }
        }
    }
}
