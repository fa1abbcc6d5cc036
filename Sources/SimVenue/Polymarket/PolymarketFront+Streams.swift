import MarketSim
import NIOHTTP1
import Runtime
import Trading

/// What the two streams are told.
extension PolymarketFront {
    func socket(for head: HTTPRequestHead) -> (any VenueSocket)? {
        let path = head.uri.split(separator: "?").first.map(String.init) ?? ""
        return PolymarketSocket.Stream(rawValue: path).map { PolymarketSocket($0, front: self) }
    }

    private var payloads: PolymarketPayloads { PolymarketPayloads(front: self) }

    /// Sends what the exchange did to whoever follows it. The changes of one step to one market
    /// are one message, after everything else.
    func publish(_ effects: [ExchangeEffect]) {
        var changed: [(market: SimMarketID, levels: [(side: Side, price: Price)])] = []
        for effect in effects {
            switch effect {
            case .bookChanged(let market, let side, let price, _):
                guard engine.listing.tokens[market.index] != nil else { continue }
                let index =
                    changed.firstIndex { $0.market == market }
                    ?? {
                        changed.append((market, []))
                        return changed.count - 1
                    }()
                let isThere = changed[index].levels.contains {
                    $0.side == side && $0.price == price
                }
                if !isThere { changed[index].levels.append((side, price)) }
            case .traded(let trade): publish(trade)
            case .orderChanged(let order): publish(order, isRemoved: false)
            case .orderRemoved(let order, _, _): publish(order, isRemoved: true)
            case .phaseChanged(let market, let phase): publish(market, phase)
            case .filled, .strikeKnown, .paid: break
            }
        }
        for entry in changed { publish(entry.market, entry.levels) }
        for session in sessions { session.flush() }
    }

    // MARK: The market stream

    private func listeners(_ tokens: [ListedToken]) -> [PolymarketSocket] {
        sessions.filter { session in
            session.stream == .market && tokens.contains { session.follows($0) }
        }
    }

    private func publish(_ market: SimMarketID, _ levels: [(side: Side, price: Price)]) {
        guard let yes = engine.token(.yes, of: market) else { return }
        let sessions = listeners([yes, yes.other])
        guard !sessions.isEmpty else { return }
        let message = JSONText.object { text in
            text.field("event_type", "price_change")
            text.field("market", yes.listing.condition)
            text.array("price_changes") { array in
                for token in [yes, yes.other] {
                    let hash = payloads.bookHash(token)
                    for level in levels {
                        array.element { change(token, level.side, level.price, hash, &$0) }
                    }
                }
            }
            text.field("timestamp", String(engine.now.milliseconds))
        }
        for session in sessions { session.send(message) }
        publishBest(yes, sessions)
    }

    /// A level of a token's book, with its new total.
    private func change(
        _ token: ListedToken, _ side: Side, _ price: Price, _ hash: String,
        _ text: inout JSONText
    ) {
        let total =
            exchange.levels(side, token.market).first { $0.price == price }?.quantity ?? .zero
        text.field("asset_id", token.number)
        text.field("price", token.price(price).description)
        text.field("size", total.description)
        text.field("side", token.side(side) == .buy ? "BUY" : "SELL")
        text.field("hash", hash)
        text.field("best_bid", (bestPrice(.buy, token) ?? .zero).description)
        text.field("best_ask", (bestPrice(.sell, token) ?? .one).description)
    }

    private func publishBest(_ yes: ListedToken, _ sessions: [PolymarketSocket]) {
        let now = [exchange.best(.buy, yes.market), exchange.best(.sell, yes.market)]
        guard best[yes.market] != now else { return }
        best[yes.market] = now
        for token in [yes, yes.other] {
            let message = JSONText.object {
                $0.field("event_type", "best_bid_ask")
                $0.field("market", token.listing.condition)
                $0.field("asset_id", token.number)
                $0.field("best_bid", (bestPrice(.buy, token) ?? .zero).description)
                $0.field("best_ask", (bestPrice(.sell, token) ?? .one).description)
                $0.field("spread", spread(token) ?? "1")
                $0.field("timestamp", String(engine.now.milliseconds))
            }
            for session in sessions where session.isCustom && session.follows(token) {
                session.send(message)
            }
        }
    }

    /// A trade is told at both tokens, as the venue does.
    private func publish(_ trade: SimTrade) {
        guard let (taker, _) = payloads.parties(trade) else { return }
        for token in [taker.token, taker.token.other] {
            let sessions = listeners([token])
            guard !sessions.isEmpty else { continue }
            let side = token.token == taker.token.token ? taker.side : taker.side.opposite
            let message = JSONText.object {
                $0.field("event_type", "last_trade_price")
                $0.field("market", token.listing.condition)
                $0.field("asset_id", token.number)
                $0.field("price", token.price(trade.price).description)
                $0.field("size", trade.quantity.description)
                $0.field("side", side == .buy ? "BUY" : "SELL")
                $0.field("fee_rate_bps", "0")
                $0.field("transaction_hash", VenueNames.transaction(trade.id))
                $0.field("timestamp", String(trade.at.milliseconds))
            }
            for session in sessions { session.send(message) }
        }
        guard engine.isOfWallet(trade) else { return }
        let status = status(trade)
        open.append(OpenTrade(trade: trade, told: status.name))
        tell(trade)
    }

    private func publish(_ market: SimMarketID, _ phase: MarketPhase) {
        guard let yes = engine.token(.yes, of: market) else { return }
        guard phase == .open || phase == .determined else { return }
        let definition = exchange.definition(market)
        let message = JSONText.object { text in
            text.field("event_type", phase == .open ? "new_market" : "market_resolved")
            text.field("id", String(market.index))
            text.field("market", yes.listing.condition)
            text.field("question", yes.listing.question)
            text.field("slug", yes.listing.slug)
            text.field("description", definition.rules)
            text.array("assets_ids") {
                $0.element(yes.number)
                $0.element(yes.other.number)
            }
            text.array("outcomes") {
                $0.element(yes.outcome)
                $0.element(yes.other.outcome)
            }
            if phase == .determined {
                let winner = definition.outcome == .no ? yes.other : yes
                text.field("winning_asset_id", winner.number)
                text.field("winning_outcome", winner.outcome)
            }
            text.field("timestamp", String(engine.now.milliseconds))
        }
        let isNew = phase == .open
        for session in sessions where session.stream == .market && session.isCustom {
            if isNew || session.follows(yes) || session.follows(yes.other) {
                session.send(message)
            }
        }
    }

    // MARK: The user stream

    private func listeners(_ account: SimAccountID, _ listing: TokenListing) -> [PolymarketSocket] {
        sessions.filter { $0.account == account && $0.follows(listing) }
    }

    private func publish(_ order: SimOrder, isRemoved: Bool) {
        guard engine.labels[order.id] != nil,
            let token = engine.token(order.terms.token ?? .yes, of: order.terms.market)
        else { return }
        let isNew = announced.insert(order.id).inserted
        let sessions = listeners(order.account, token.listing)
        guard !sessions.isEmpty else { return }
        let message = JSONText.object {
            $0.field("event_type", "order")
            $0.field("type", isRemoved ? "CANCELLATION" : isNew ? "PLACEMENT" : "UPDATE")
            $0.field("order_owner", owner(order.account))
            $0.field("timestamp", String(engine.now.milliseconds))
            $0.field("created_at", String(order.placedAt.wholeSeconds))
            payloads.order(order, &$0)
        }
        for session in sessions { session.send(message) }
    }

    /// Tells both wallets of a trade where it stands.
    private func tell(_ trade: SimTrade) {
        guard let listing = engine.listing.tokens[trade.market.index] else { return }
        var accounts = [trade.taker.account]
        if trade.maker.account != trade.taker.account { accounts.append(trade.maker.account) }
        for account in accounts {
            let sessions = listeners(account, listing)
            guard !sessions.isEmpty else { continue }
            let message = JSONText.object {
                payloads.trade(trade, for: account, isStream: true, &$0)
            }
            for session in sessions { session.send(message) }
        }
    }

    // MARK: The life of a trade

    /// A trade that is not final, and what its wallets were told of it last.
    struct OpenTrade {
        let trade: SimTrade
        var told: String
    }

    /// Tells how the trades of wallets go on, as market time does.
    func settleTrades() {
        guard !open.isEmpty else { return }
        for index in open.indices {
            let name = status(open[index].trade).name
            guard open[index].told != name else { continue }
            open[index].told = name
            if name == TradeStatus.retrying { venue.note(.retrying, "polymarket", "trade") }
            tell(open[index].trade)
        }
        open.removeAll { $0.told == TradeStatus.confirmed }
        for session in sessions { session.flush() }
    }

    /// Where a trade stands, and since when.
    struct TradeStatus {
        let name: String
        let since: Timestamp

        static let matched = "MATCHED"
        static let retrying = "RETRYING"
        static let mined = "MINED"
        static let confirmed = "CONFIRMED"
    }

    func status(_ trade: SimTrade) -> TradeStatus {
        var steps: [(name: String, after: Span)] = [
            (TradeStatus.matched, .zero), (TradeStatus.mined, PolymarketFront.minedAfter),
            (TradeStatus.confirmed, PolymarketFront.confirmedAfter),
        ]
        if engine.faults?.stands(.retrying, at: trade.at) ?? false {
            // The first try fails; the second one takes as long again.
            let again = PolymarketFront.minedAfter
            steps = [
                steps[0], (TradeStatus.retrying, again),
                (TradeStatus.mined, PolymarketFront.minedAfter + again),
                (TradeStatus.confirmed, PolymarketFront.confirmedAfter + again),
            ]
        }
        let step = steps.last { engine.now >= trade.at + $0.after } ?? steps[0]
        return TradeStatus(name: step.name, since: trade.at + step.after)
    }
}
