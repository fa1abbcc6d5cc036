import Logging
import MarketSim
import NIOCore
import Runtime
import Trading

/// Kalshi's WebSocket: commands in, messages of channels out.
extension VenueService {
    func connect(_ participant: VenueParticipant, channel: any Channel) -> SocketSession {
        let session = SocketSession(
            participant: participant, channel: channel, now: MonotonicClock.now()
        ) { [unowned self] in fateOfMessage(at: "kalshi") }
        sessions.append(session)
        return session
    }

    func disconnect(_ session: SocketSession) {
        sessions.removeAll { $0 === session }
        if session.subscription(.clock) != nil { leaveClock(session, isLost: true) }
    }

    func receive(_ bytes: [UInt8], from session: SocketSession) {
        if let tick = SocketCommand.acknowledgedTick(bytes) {
            acknowledge(tick, by: session)
            return
        }
        guard let command = SocketCommand(bytes) else {
            refuse(nil, .unreadable, session)
            return
        }
        switch command.cmd {
        case "subscribe": subscribe(command, session)
        case "unsubscribe": unsubscribe(command, session)
        case "update_subscription": update(command, session)
        case "list_subscriptions": list(command, session)
        case "clock_ack":
            if let tick = command.params?.tick { acknowledge(TickNumber(tick), by: session) }
        default: refuse(command.id, .unknownCommand, session)
        }
        session.flush()
    }

    // MARK: Commands

    private func subscribe(_ command: SocketCommand, _ session: SocketSession) {
        guard let parameters = command.params else {
            return refuse(command.id, .paramsRequired, session)
        }
        guard let names = parameters.channels, !names.isEmpty else {
            return refuse(command.id, .channelsRequired, session)
        }
        guard let markets = resolve(command, session) else { return }
        for name in names {
            guard let channel = SocketChannel(rawValue: name) else {
                refuse(command.id, .unknownChannel, session)
                continue
            }
            guard session.subscription(channel) == nil else {
                refuse(command.id, .alreadySubscribed, session)
                continue
            }
            let sid = session.subscribe(channel, markets.isEmpty ? nil : Set(markets))
            session.send(
                JSONText.object {
                    if let id = command.id { $0.field("id", id) }
                    $0.field("type", "subscribed")
                    $0.object("msg") {
                        $0.field("channel", name)
                        $0.field("sid", sid)
                    }
                })
            if channel == .books { sendSnapshots(markets, sid: sid, command: nil, session) }
            if channel == .clock { joinClock(session) }
        }
    }

    private func unsubscribe(_ command: SocketCommand, _ session: SocketSession) {
        guard let sids = command.params?.sids, !sids.isEmpty else {
            return refuse(command.id, .sidsRequired, session)
        }
        for sid in sids {
            guard let subscription = session.subscription(sid: sid) else {
                refuse(command.id, .unknownSID, session)
                continue
            }
            let sequence = session.nextSequence(of: sid)
            session.send(
                JSONText.object {
                    if let id = command.id { $0.field("id", id) }
                    $0.field("sid", sid)
                    if let sequence { $0.field("seq", sequence) }
                    $0.field("type", "unsubscribed")
                })
            session.unsubscribe(sid)
            if subscription.channel == .clock { leaveClock(session, isLost: false) }
        }
    }

    private func update(_ command: SocketCommand, _ session: SocketSession) {
        guard let parameters = command.params else {
            return refuse(command.id, .paramsRequired, session)
        }
        let sids = parameters.sids ?? parameters.sid.map { [$0] } ?? []
        guard sids.count == 1 else { return refuse(command.id, .exactlyOneSID, session) }
        guard let subscription = session.subscription(sid: sids[0]) else {
            return refuse(command.id, .unknownSID, session)
        }
        guard let action = parameters.action else {
            return refuse(command.id, .actionRequired, session)
        }
        guard let markets = resolve(command, session) else { return }
        guard !markets.isEmpty else { return refuse(command.id, .tickersRequired, session) }
        let sid = subscription.sid
        switch action {
        case "get_snapshot":
            guard subscription.channel == .books else {
                return refuse(command.id, .unsupportedAction, session)
            }
            sendSnapshots(markets, sid: sid, command: command.id, session)
        case "add_markets":
            let before = subscription.markets ?? []
            let added = markets.filter { !before.contains($0) }
            session.setMarkets(before.union(markets), of: sid)
            confirm(command, sid: sid, session)
            if subscription.channel == .books {
                sendSnapshots(added, sid: sid, command: nil, session)
            }
        case "delete_markets":
            let before = subscription.markets ?? Set(engine.listed(asTokens: false))
            session.setMarkets(before.subtracting(markets), of: sid)
            confirm(command, sid: sid, session)
        default: refuse(command.id, .unsupportedAction, session)
        }
    }

    private func confirm(_ command: SocketCommand, sid: UInt64, _ session: SocketSession) {
        let exchange = engine.exchange
        let markets = (session.subscription(sid: sid)?.markets ?? []).sorted { $0.index < $1.index }
        let sequence = session.nextSequence(of: sid)
        session.send(
            JSONText.object {
                if let id = command.id { $0.field("id", id) }
                $0.field("sid", sid)
                if let sequence { $0.field("seq", sequence) }
                $0.field("type", "ok")
                $0.object("msg") {
                    $0.array("market_tickers") { array in
                        for market in markets {
                            array.element(exchange.definition(market).instrument.description)
                        }
                    }
                }
            })
    }

    private func list(_ command: SocketCommand, _ session: SocketSession) {
        session.send(
            JSONText.object {
                if let id = command.id { $0.field("id", id) }
                $0.field("type", "ok")
                $0.array("msg") { array in
                    for subscription in session.subscriptions {
                        array.element {
                            $0.field("channel", subscription.channel.rawValue)
                            $0.field("sid", subscription.sid)
                        }
                    }
                }
            })
    }

    /// The markets that a command names; nil after an unknown one was refused.
    private func resolve(_ command: SocketCommand, _ session: SocketSession) -> [SimMarketID]? {
        var markets: [SimMarketID] = []
        for ticker in command.tickers ?? [] {
            guard let market = engine.market(ticker) else {
                refuse(command.id, .marketNotFound, session, ticker: ticker)
                return nil
            }
            if !markets.contains(market) { markets.append(market) }
        }
        return markets
    }

    private func refuse(
        _ id: Int64?, _ error: SocketError, _ session: SocketSession, ticker: String? = nil
    ) {
        session.send(
            JSONText.object {
                if let id { $0.field("id", id) }
                $0.field("type", "error")
                $0.object("msg") {
                    $0.field("code", error.rawValue)
                    $0.field("msg", error.message)
                    if let ticker { $0.field("market_ticker", ticker) }
                }
            })
        session.flush()
    }

    // MARK: Snapshots

    /// Snapshots of these markets; of all open ones where none is named.
    private func sendSnapshots(
        _ markets: [SimMarketID], sid: UInt64, command: Int64?, _ session: SocketSession
    ) {
        let exchange = engine.exchange
        let all = engine.listed(asTokens: false).filter { exchange.phase($0) == .open }
        for market in markets.isEmpty && command == nil ? all : markets {
            session.send(
                type: "orderbook_snapshot", sid: sid, command: command,
                body: snapshot(market, isEmpty: false))
        }
    }

    private func snapshot(_ market: SimMarketID, isEmpty: Bool) -> [UInt8] {
        let payloads = KalshiPayloads(simulation: engine.simulation)
        let depth = isEmpty ? 0 : Int.max
        return JSONText.object {
            $0.field("market_ticker", engine.exchange.definition(market).instrument.description)
            $0.field("market_id", VenueNames.market(market))
            $0.array("yes_dollars_fp") { payloads.levels(.buy, market, depth: depth, &$0) }
            $0.array("no_dollars_fp") { payloads.levels(.sell, market, depth: depth, &$0) }
        }
    }

    // MARK: What the exchange did

    /// Sends the engine's effects to whoever has subscribed. Changes of one price level within one
    /// step are sent as one delta, after everything else.
    func publishEffects() {
        polymarket.publish(engine.effects.list)
        guard !sessions.isEmpty else { return }
        var deltas: [LevelKey: Quantity] = [:]
        var order: [LevelKey] = []
        for effect in engine.effects.list {
            switch effect {
            case .bookChanged(let market, let side, let price, let delta):
                let key = LevelKey(market: market, side: side, price: price)
                if let before = deltas[key] {
                    deltas[key] = before + delta
                } else {
                    deltas[key] = delta
                    order.append(key)
                }
            case .traded(let trade): publish(trade)
            case .filled(let fill): publish(fill)
            case .orderChanged(let order), .orderRemoved(let order, _, _): publish(order)
            case .phaseChanged(let market, let phase)
            where engine.listing.tokens[market.index] == nil:
                publish(market, phase)
            case .phaseChanged: break
            case .strikeKnown(let market, let strike): publish(market, strike: strike)
            case .paid: break
            }
        }
        for key in order {
            guard let delta = deltas[key], !delta.isZero else { continue }
            publish(key, delta)
        }
        for session in sessions { session.flush() }
    }

    private struct LevelKey: Hashable {
        let market: SimMarketID
        let side: Side
        let price: Price
    }

    private func publish(_ key: LevelKey, _ delta: Quantity) {
        send(.books, "orderbook_delta", key.market) {
            let isBid = key.side == .buy
            $0.field("market_ticker", engine.exchange.definition(key.market).instrument.description)
            $0.field("market_id", VenueNames.market(key.market))
            $0.field(
                "price_dollars", KalshiPayloads.dollars(isBid ? key.price : key.price.complement))
            $0.field("delta_fp", KalshiPayloads.count(delta))
            $0.field("side", isBid ? "yes" : "no")
            $0.field("ts_ms", engine.now.milliseconds)
        }
    }

    private func publish(_ trade: SimTrade) {
        send(.trades, "trade", trade.market) {
            KalshiPayloads(simulation: engine.simulation).trade(trade, isStream: true, &$0)
        }
    }

    private func publish(_ fill: SimFill) {
        send(.fills, "fill", fill.market, to: fill.account) {
            KalshiPayloads(simulation: engine.simulation).fill(fill, isStream: true, &$0)
        }
    }

    private func publish(_ order: SimOrder) {
        send(.orders, "user_order", order.terms.market, to: order.account) {
            KalshiPayloads(simulation: engine.simulation).order(order, &$0)
        }
    }

    private func publish(_ market: SimMarketID, strike: Price) {
        send(.lifecycle, "market_lifecycle_v2", market) {
            $0.field("event_type", "metadata_updated")
            $0.field("market_ticker", engine.exchange.definition(market).instrument.description)
            $0.field("strike_type", "greater_or_equal")
            $0.number("floor_strike", strike)
        }
    }

    private func publish(_ market: SimMarketID, _ phase: MarketPhase) {
        switch phase {
        case .unlisted: break
        case .open:
            publishLifecycle(market, "created")
            publishLifecycle(market, "activated")
            for session in sessions {
                guard let subscription = session.subscription(.books), subscription.markets == nil
                else { continue }
                session.send(
                    type: "orderbook_snapshot", sid: subscription.sid,
                    body: snapshot(market, isEmpty: true))
            }
        case .closed: publishLifecycle(market, "deactivated")
        case .determined: publishLifecycle(market, "determined")
        case .settled: publishLifecycle(market, "settled")
        }
    }

    private func publishLifecycle(_ market: SimMarketID, _ event: String) {
        let definition = engine.exchange.definition(market)
        send(.lifecycle, "market_lifecycle_v2", market) {
            $0.field("event_type", event)
            $0.field("market_ticker", definition.instrument.description)
            switch event {
            case "created":
                $0.field("open_ts", definition.opensAt.wholeSeconds)
                $0.field("close_ts", definition.closesAt.wholeSeconds)
                $0.object("additional_metadata") {
                    $0.field("name", definition.title)
                    $0.field("title", definition.title)
                    $0.field("yes_sub_title", "Up")
                    $0.field("no_sub_title", "Down")
                    $0.field("rules_primary", definition.rules)
                    $0.field("rules_secondary", "")
                    $0.field("can_close_early", false)
                    $0.field("event_ticker", definition.eventSet.description)
                    let expiry = definition.closesAt + VenueSimulation.settledAfter
                    $0.field("expected_expiration_ts", expiry.wholeSeconds)
                    $0.field("strike_type", "greater_or_equal")
                }
            case "determined":
                $0.field("result", KalshiPayloads.result(definition.outcome))
                $0.field("settlement_value", KalshiPayloads.dollars(definition.payout))
                $0.field("determination_ts", engine.now.wholeSeconds)
            case "settled": $0.field("settled_ts", engine.now.wholeSeconds)
            case "deactivated": $0.field("is_deactivated", true)
            default: break
            }
        }
    }

    /// Sends one body to the subscriptions of a channel that want the market; built only if any.
    private func send(
        _ channel: SocketChannel, _ type: String, _ market: SimMarketID,
        to account: SimAccountID? = nil, _ body: (inout JSONText) -> Void
    ) {
        guard engine.listing.tokens[market.index] == nil else { return }
        var text: [UInt8]?
        for session in sessions {
            guard let subscription = session.subscription(channel), subscription.includes(market),
                account == nil || account == session.participant.account
            else { continue }
            let bytes = text ?? JSONText.object(body)
            text = bytes
            session.send(type: type, sid: subscription.sid, body: bytes)
        }
    }
}
