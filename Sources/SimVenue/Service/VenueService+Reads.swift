import MarketSim
import NIOHTTP1
import Trading

/// The routes that only read.
extension VenueService {
    private var payloads: KalshiPayloads { KalshiPayloads(simulation: engine.simulation) }

    func publicRead(_ parts: [String], _ request: VenueRequest) -> VenueResponse {
        switch (parts.first, parts.count) {
        case ("exchange", 2) where parts[1] == "status":
            return .object {
                $0.field("exchange_active", true)
                $0.field("trading_active", true)
            }
        case ("markets", 1): return markets(request)
        case ("markets", 2) where parts[1] == "trades": return trades(request)
        case ("markets", 2):
            return withMarket(parts[1]) { id in
                .object { $0.object("market") { payloads.market(id, &$0) } }
            }
        case ("markets", 3) where parts[2] == "orderbook":
            return withMarket(parts[1]) { book($0, request) }
        case ("events", 1): return events(request)
        case ("events", 2):
            let members = members(of: parts[1])
            guard !members.isEmpty else { return .notFound }
            let isNested = request.query["with_nested_markets"] == "true"
            return .object {
                $0.object("event") { payloads.event(members, withMarkets: isNested, &$0) }
                $0.array("markets") { array in
                    for id in members { array.element { payloads.market(id, &$0) } }
                }
            }
        case ("series", 1): return series()
        case ("series", 2) where parts[1] == "fee_changes":
            return .object { $0.array("series_fee_change_arr") { _ in } }
        case ("series", 2):
            guard let definition = engine.contracts.first(where: { $0.series == parts[1] })
            else { return .notFound }
            return .object { $0.object("series") { payloads.series(definition, &$0) } }
        default: return .notFound
        }
    }

    func privateRead(
        _ parts: [String], _ request: VenueRequest, _ participant: VenueParticipant
    ) -> VenueResponse {
        switch (parts.first, parts.count) {
        case ("balance", 1): return balance(participant)
        case ("orders", 1), ("events", 2): return orders(request, participant)
        case ("orders", 2): return order(parts[1], participant)
        case ("events", 3): return order(parts[2], participant)
        case ("fills", 1): return fills(request, participant)
        case ("positions", 1): return positions(request, participant)
        case ("settlements", 1): return settlements(request, participant)
        default: return .notFound
        }
    }

    /// What the account's tier allows, in the usual requests a second.
    func limits(_ participant: VenueParticipant) -> VenueResponse {
        let tier = participant.tier
        return .object {
            $0.field("usage_tier", tier.rawValue)
            $0.field("read_limit", Int64(tier.readTokensPerSecond / TokenBucket.requestCost))
            $0.field("write_limit", Int64(tier.writeTokensPerSecond / TokenBucket.requestCost))
        }
    }

    // MARK: Public

    private func withMarket(
        _ ticker: String, _ body: (SimMarketID) -> VenueResponse
    ) -> VenueResponse {
        guard let market = engine.market(ticker) else { return .notFound }
        return body(market)
    }

    /// Markets that are listed, newest first.
    private func markets(_ request: VenueRequest) -> VenueResponse {
        let exchange = engine.exchange
        let tickers = request.query["tickers"]?.split(separator: ",").map(String.init)
        let wanted = engine.listed(asTokens: false).reversed().filter {
            let definition = exchange.definition($0)
            let name = definition.instrument.description
            return request.matches("series_ticker", definition.series)
                && request.matches("event_ticker", definition.eventSet.description)
                && (tickers?.contains(name) ?? true)
                && isWanted(exchange.phase($0), request.query["status"])
        }
        return page(wanted, "markets", request, limitMax: 1_000) { payloads.market($0, &$1) }
    }

    private func isWanted(_ phase: MarketPhase, _ filter: String?) -> Bool {
        guard let filter, !filter.isEmpty else { return true }
        return filter.split(separator: ",").contains {
            switch ($0, phase) {
            case ("open", .open), ("settled", .settled): true
            case ("closed", .closed), ("closed", .determined): true
            default: false
            }
        }
    }

    /// The listed markets of an event, in the order of their listing.
    private func members(of event: String) -> [SimMarketID] {
        engine.listed(asTokens: false).filter {
            engine.exchange.definition($0).eventSet.description == event
        }
    }

    /// Events with a listed market, by their newest one.
    private func events(_ request: VenueRequest) -> VenueResponse {
        let exchange = engine.exchange
        var seen: Set<EventSetID> = []
        let wanted = engine.listed(asTokens: false).reversed().filter {
            request.matches("series_ticker", exchange.definition($0).series)
                && isWanted(exchange.phase($0), request.query["status"])
                && seen.insert(exchange.definition($0).eventSet).inserted
        }
        let isNested = request.query["with_nested_markets"] == "true"
        return page(wanted, "events", request, limitMax: 200) {
            let event = exchange.definition($0).eventSet.description
            payloads.event(members(of: event), withMarkets: isNested, &$1)
        }
    }

    private func series() -> VenueResponse {
        var seen: Set<String> = []
        let definitions = engine.contracts.filter { seen.insert($0.series).inserted }
        return .object { text in
            text.array("series") { array in
                for definition in definitions {
                    array.element { payloads.series(definition, &$0) }
                }
            }
        }
    }

    private func book(_ id: SimMarketID, _ request: VenueRequest) -> VenueResponse {
        let depth = request.query["depth"].flatMap { Int($0) } ?? 0
        let levels = depth > 0 ? depth : Int.max
        return .object {
            $0.object("orderbook_fp") { book in
                book.array("yes_dollars") { payloads.levels(.buy, id, depth: levels, &$0) }
                book.array("no_dollars") { payloads.levels(.sell, id, depth: levels, &$0) }
            }
        }
    }

    private func trades(_ request: VenueRequest) -> VenueResponse {
        let exchange = engine.exchange
        let wanted = engine.trades.reversed().filter {
            engine.listing.tokens[$0.market.index] == nil
                && request.matches("ticker", exchange.definition($0.market).instrument.description)
                && request.isInTime($0.at)
        }
        return page(wanted, "trades", request, limitMax: 1_000) {
            payloads.trade($0, isStream: false, &$1)
        }
    }

    // MARK: Private

    private func balance(_ participant: VenueParticipant) -> VenueResponse {
        let exchange = engine.exchange
        let cash = exchange.cash(participant.account)
        let available = exchange.available(participant.account)
        var value: Money = .zero
        for index in 0..<engine.simulation.listedCount {
            value += exchange.holding(participant.account, SimMarketID(index)).cost
        }
        return .object {
            $0.field("balance", available.units / KalshiPayloads.cent)
            $0.field("balance_dollars", KalshiPayloads.dollars(available))
            $0.field("cash_dollars", KalshiPayloads.dollars(cash))
            $0.field("portfolio_value", value.units / KalshiPayloads.cent)
            $0.field("updated_ts", engine.now.wholeSeconds)
        }
    }

    private func orders(
        _ request: VenueRequest, _ participant: VenueParticipant
    ) -> VenueResponse {
        let exchange = engine.exchange
        // What rests is short; what ever was is long: the common question walks the short list.
        let candidates: [SimOrder] =
            request.query["status"] == "resting"
            ? exchange.restingOrders(participant.account).reversed()
            : participant.orders.reversed().compactMap { exchange.order($0) }
        let wanted = candidates.filter {
            let definition = exchange.definition($0.terms.market)
            return request.matches("ticker", definition.instrument.description)
                && request.matches("event_ticker", definition.eventSet.description)
                && request.matches("status", KalshiPayloads.status($0.state))
                && request.isInTime($0.placedAt)
        }
        return page(wanted, "orders", request, limitMax: 1_000) { payloads.order($0, &$1) }
    }

    private func order(_ name: String, _ participant: VenueParticipant) -> VenueResponse {
        guard let id = VenueNames.order(name), let order = engine.exchange.order(id),
            order.account == participant.account
        else { return .error(.notFound, "not_found", "order not found") }
        return .object { $0.object("order") { payloads.order(order, &$0) } }
    }

    private func fills(
        _ request: VenueRequest, _ participant: VenueParticipant
    ) -> VenueResponse {
        let exchange = engine.exchange
        let wanted = participant.fills.reversed().filter {
            request.matches("ticker", exchange.definition($0.market).instrument.description)
                && request.matches("order_id", VenueNames.order($0.order))
                && request.isInTime($0.at)
        }
        return page(wanted, "fills", request, limitMax: 1_000) {
            payloads.fill($0, isStream: false, &$1)
        }
    }

    private func positions(
        _ request: VenueRequest, _ participant: VenueParticipant
    ) -> VenueResponse {
        let exchange = engine.exchange
        let wanted = engine.listed(asTokens: false).reversed().filter {
            !exchange.holding(participant.account, $0).quantity.isZero
                && request.matches("ticker", exchange.definition($0).instrument.description)
        }
        return page(
            wanted, "market_positions", request, limitMax: 1_000,
            extra: {
                $0.array("event_positions") { _ in }
            }
        ) { payloads.position(participant.account, $0, &$1) }
    }

    private func settlements(
        _ request: VenueRequest, _ participant: VenueParticipant
    ) -> VenueResponse {
        let exchange = engine.exchange
        let wanted = participant.payouts.reversed().filter {
            request.matches("ticker", exchange.definition($0.market).instrument.description)
                && request.isInTime($0.at)
        }
        return page(wanted, "settlements", request, limitMax: 1_000) {
            payloads.settlement($0, &$1)
        }
    }

    // MARK: Pages

    /// A page of a list. The cursor counts from the list's old end, which never moves, so nothing
    /// is left out or repeated when new things come while somebody pages.
    private func page<Element>(
        _ all: [Element], _ name: StaticString, _ request: VenueRequest, limitMax: Int,
        extra: (inout JSONText) -> Void = { _ in },
        _ body: (Element, inout JSONText) -> Void
    ) -> VenueResponse {
        let limit = min(max(request.query["limit"].flatMap { Int($0) } ?? 100, 1), limitMax)
        let cursor = request.query["cursor"] ?? ""
        var start = 0
        if !cursor.isEmpty {
            guard let left = Int(cursor), left >= 0, left <= all.count else {
                return .error(.badRequest, "invalid_parameters", "invalid cursor")
            }
            start = all.count - left
        }
        let part = all[start..<min(start + limit, all.count)]
        let left = all.count - part.endIndex
        return .object {
            $0.array(name) { array in
                for element in part { array.element { body(element, &$0) } }
            }
            extra(&$0)
            $0.field("cursor", left == 0 ? "" : String(left))
        }
    }
}

extension VenueRequest {
    /// Whether a filter is absent or met.
    func matches(_ name: String, _ value: String) -> Bool {
        guard let filter = query[name], !filter.isEmpty else { return true }
        return filter == value
    }

    /// Whether a moment lies between `min_ts` and `max_ts`, in seconds.
    func isInTime(_ moment: Timestamp) -> Bool {
        if let first = query["min_ts"].flatMap({ Int64($0) }), moment.wholeSeconds < first {
            return false
        }
        if let last = query["max_ts"].flatMap({ Int64($0) }), moment.wholeSeconds > last {
            return false
        }
        return true
    }
}
