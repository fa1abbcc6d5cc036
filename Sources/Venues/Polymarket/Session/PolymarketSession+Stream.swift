import Execution
import Trading

/// Connections and their messages.
extension PolymarketSession {
    /// A connection that lived this long was a good one.
    static let goodConnection = Span.seconds(30)

    // Connecting.

    mutating func connect(into effects: inout [PolymarketEffect]) {
        stream.reconnectAt = nil
        stream.reset(to: .preparing)
        if memory.credentials == nil {
            begin(ProveWallet(), for: .prove, into: &effects)
        } else {
            list(into: &effects)
        }
    }

    private mutating func list(into effects: inout [PolymarketEffect]) {
        begin(ListConditions(configuration.markets), for: .listMarkets, into: &effects)
    }

    /// A step of our own has ended: the next one, or the end of the connection.
    mutating func finish(
        _ purpose: Purpose, _ result: Result<PolymarketResult, Failed>,
        into effects: inout [PolymarketEffect]
    ) {
        switch (purpose, result) {
        case (.prove, .success): list(into: &effects)
        case (.listMarkets, .success(.markets(let markets))):
            listed(markets, into: &effects)
            begin(ReadTokenFees(isIncremental: true), for: .readFees, into: &effects)
        case (.readFees, .success):
            begin(ReadHoldings(.positions), for: .readHoldings, into: &effects)
        case (.readHoldings, .success):
            begin(ListOpenTokens(), for: .listOrders, into: &effects)
        case (.listOrders, .success):
            stream.phase = .opening
            for feed in PolymarketFeed.allCases { effects.append(.openSocket(feed)) }
        case (.beat, .success(.beaten(let id))):
            stream.isBeating = false
            stream.heartbeat = id
        case (.beat, _):
            // The next beat begins anew.
            stream.isBeating = false
            stream.heartbeat = ""
        case (.compare(let instrument), .success(.book(_, let book))):
            compared(instrument, book, into: &effects)
        case (.compare, _): break
        default:
            // A key that is refused is asked for again.
            if case .failure(let error) = result, case .declined("http-401", _) = error.failure {
                memory.credentials = nil
            }
            lose("the connection cannot be prepared: \(result)", into: &effects)
        }
    }

    private mutating func listed(
        _ markets: [PolymarketMarket], into effects: inout [PolymarketEffect]
    ) {
        let listed = Set(markets.map(\.id))
        for gone in memory.markets.keys.sorted() where !listed.contains(gone) {
            memory.forget(gone)
        }
        for market in markets {
            guard memory.markets[market.id].map({ $0.condition == market.condition }) ?? true else {
                effects.append(.emit(refusal("two conditions begin with \(market.id)", [])))
                continue
            }
            memory.keep(market)
            if let instrument = memory.instrument(market) {
                effects.append(.emit(.instrumentChanged(instrument)))
            }
        }
    }

    mutating func opened(_ feed: PolymarketFeed, into effects: inout [PolymarketEffect]) {
        guard stream.phase == .opening, let credentials = memory.credentials else { return }
        let markets = memory.markets.values.filter { $0.status == .open || $0.status == .paused }
            .sorted { $0.id < $1.id }
        stream.opened.insert(feed)
        switch feed {
        case .market: effects.append(.send(feed, PolymarketFeed.subscription(to: markets)))
        case .user:
            effects.append(
                .send(feed, PolymarketFeed.subscription(to: markets, as: credentials)))
        }
        guard stream.opened.count == PolymarketFeed.allCases.count else { return }
        for market in markets where stream.books[market.id] == nil {
            stream.books[market.id] = PolymarketStream.Book()
        }
        stream.phase = .filling
        stream.fillingSince = now
        stream.pingAt = now + PolymarketStream.pingEvery
        stream.beatAt = now
        advance(into: &effects)
    }

    /// The connection is usable when every book is there.
    private mutating func advance(into effects: inout [PolymarketEffect]) {
        guard stream.phase == .filling, stream.books.values.allSatisfy(\.isThere) else { return }
        stream.phase = .live
        stream.liveSince = now
        stream.hasReportedLoss = false
        stream.compareAt = now + PolymarketStream.compareEvery
        effects.append(.emit(.connected))
    }

    mutating func closed(
        _ feed: PolymarketFeed, _ reason: String, into effects: inout [PolymarketEffect]
    ) {
        guard stream.phase == .opening || stream.phase == .filling || stream.phase == .live
        else { return }
        lose("\(feed.rawValue): \(reason)", into: &effects)
    }

    /// Gives the connection up: a new one starts from listings and books.
    private mutating func lose(_ reason: String, into effects: inout [PolymarketEffect]) {
        if let since = stream.liveSince, now >= since + PolymarketSession.goodConnection {
            stream.backoff = PolymarketStream.backoffMin
        }
        stream.liveSince = nil
        stream.reset(to: .closed)
        for feed in PolymarketFeed.allCases { effects.append(.closeSocket(feed, reason)) }
        if !stream.hasReportedLoss { effects.append(.emit(.disconnected(reason))) }
        stream.hasReportedLoss = true
        stream.reconnectAt = now + stream.backoff
        stream.backoff = min(stream.backoff * 2, PolymarketStream.backoffMax)
    }

    // Time.

    mutating func elapse(into effects: inout [PolymarketEffect]) {
        if let at = stream.reconnectAt, now >= at { connect(into: &effects) }
        if let until = stream.modeUntil, now >= until {
            stream.modeUntil = nil
            memory.mode = nil
            tellMode(into: &effects)
        }
        guard stream.phase == .filling || stream.phase == .live else { return }
        if stream.phase == .filling, now > stream.fillingSince + configuration.timeouts.command {
            return lose("a book did not come", into: &effects)
        }
        if now >= stream.pingAt {
            stream.pingAt = now + PolymarketStream.pingEvery
            for feed in PolymarketFeed.allCases { effects.append(.send(feed, Array("PING".utf8))) }
        }
        if now >= stream.beatAt, !stream.isBeating {
            stream.beatAt = now + PolymarketStream.beatEvery
            stream.isBeating = true
            begin(BeatHeart(last: stream.heartbeat), for: .beat, into: &effects)
        }
        guard stream.phase == .live, now >= stream.compareAt else { return }
        compareNext(into: &effects)
    }

    /// Exchange modes: what is not taken is paused, and tried again after a while.
    mutating func tellMode(into effects: inout [PolymarketEffect]) {
        if memory.mode != nil { stream.modeUntil = now + PolymarketStream.modePatience }
        for market in memory.markets.values.sorted(by: { $0.id < $1.id }) {
            guard market.status == .open, let instrument = memory.instrument(market) else {
                continue
            }
            effects.append(.emit(.instrumentChanged(instrument)))
        }
    }

    // Comparing.

    /// Asks REST for the next book in turn.
    private mutating func compareNext(into effects: inout [PolymarketEffect]) {
        stream.compareAt = now + PolymarketStream.compareEvery
        let instruments = stream.books.keys.sorted()
        let last = stream.compared
        guard let next = instruments.first(where: { $0 > last ?? .empty }) ?? instruments.first
        else { return }
        stream.compared = next
        begin(ReadTokenBook(instrument: next), for: .compare(next), into: &effects)
    }

    /// One difference may be a message on its way: the book is stale until the next look. A second
    /// one means that messages are lost.
    private mutating func compared(
        _ instrument: InstrumentID, _ stated: OrderBook, into effects: inout [PolymarketEffect]
    ) {
        guard var known = stream.books[instrument], known.isThere else { return }
        let isSame = known.book.bids == stated.bids && known.book.asks == stated.asks
        switch (isSame, known.isSuspect) {
        case (true, false): return
        case (true, true):
            known.isSuspect = false
            stream.books[instrument] = known
            effects.append(.emit(.bookChanged(instrument, known.book)))
        case (false, false):
            known.isSuspect = true
            stream.books[instrument] = known
            effects.append(
                .emit(.bookStale(instrument, reason: "REST states another book")))
            begin(
                ReadTokenBook(instrument: instrument), for: .compare(instrument), into: &effects)
        case (false, true): lose("the feed of \(instrument) lost messages", into: &effects)
        }
    }

    // Messages.

    mutating func receive(
        _ bytes: [UInt8], from feed: PolymarketFeed, into effects: inout [PolymarketEffect]
    ) {
        guard stream.phase == .filling || stream.phase == .live || stream.phase == .opening,
            bytes != Array("PONG".utf8)
        else { return }
        do throws(PayloadError) {
            do throws(JSONError) { try document.parse(bytes) } catch { throw .malformed(error) }
            let messages = try decoder.messages(document)
            reportUnknown(in: bytes, into: &effects)
            for message in messages { try handle(message, into: &effects) }
        } catch {
            decoder.unknown.removeAll()
            effects.append(.emit(refusal("\(error)", bytes)))
            // What was lost with it, a fill or a level, only a new connection makes up for.
            lose("a message of \(feed.rawValue) cannot be used: \(error)", into: &effects)
        }
    }

    private mutating func handle(
        _ message: PolymarketMessage, into effects: inout [PolymarketEffect]
    ) throws(PayloadError) {
        switch message {
        case .book(let token, let book):
            guard let market = memory.market(of: token), token == market.yes else { return }
            publish(book, of: market.id, into: &effects)
            advance(into: &effects)
        case .changes(let changes): apply(changes, into: &effects)
        case .tick(let token, let tick):
            guard let market = memory.market(of: token), token == market.yes else { return }
            retick(market, tick, into: &effects)
        case .traded(let seen): tell(seen, into: &effects)
        case .resolved(let condition, let winner):
            guard let market = memory.market(condition: condition) else { return }
            memory.update(market.id) {
                $0.status = .resolved
                $0.winner = winner
            }
            tell(market.id, into: &effects)
        case .order(let order):
            memory.learn(order)
            if let state = memory.state(order.id, order.state) {
                effects.append(.emit(.orderChanged(state)))
            }
        case .trade(let trade): try tell(trade, into: &effects)
        case .aside: break
        }
    }

    private mutating func tell(
        _ instrument: InstrumentID, into effects: inout [PolymarketEffect]
    ) {
        guard let market = memory.markets[instrument], let told = memory.instrument(market) else {
            return
        }
        effects.append(.emit(.instrumentChanged(told)))
    }

    /// Our part of a trade, once for each of its states. A failed one takes back what was told.
    private mutating func tell(
        _ trade: PolymarketTrade, into effects: inout [PolymarketEffect]
    ) throws(PayloadError) {
        guard stream.isNews(trade) else { return }
        let fills = try memory.fills(of: trade)
        guard trade.status != .mined, trade.status != .retrying else { return }
        for fill in fills {
            move(fill, trade.status)
            effects.append(.emit(.filled(fill)))
        }
    }

    /// What may be sold: a purchase counts when it is final, a sale at once.
    private mutating func move(_ fill: VenueFill, _ status: PolymarketTradeStatus) {
        guard let market = memory.markets[fill.instrument],
            let hash = memory.hash(of: fill.venueOrderID), let order = memory.order(hash)
        else { return }
        let token = market.token(order.outcome)
        switch (status, order.side) {
        case (.matched, .sell), (.confirmed, .buy):
            memory.move(token, order.side, fill.quantity)
        case (.failed, .sell): memory.move(token, .buy, fill.quantity)
        default: break
        }
    }

    private mutating func tell(
        _ seen: PolymarketPrint, into effects: inout [PolymarketEffect]
    ) {
        guard let market = memory.market(of: seen.token),
            let outcome = market.outcome(of: seen.token)
        else { return }
        let print = PolymarketStream.Print(
            instrument: market.id, outcome: outcome, side: outcome.side(seen.takerSide),
            price: outcome.price(seen.price), quantity: seen.quantity, at: seen.at)
        guard stream.isFirst(print) else { return }
        // The venue gives a public trade no name: its content is one.
        let name = "\(seen.at.nanoseconds / 1_000_000).\(print.price.units).\(seen.quantity.units)"
        guard let tradeID = VenueReference(name.prefix(VenueReference.capacity)) else { return }
        effects.append(
            .emit(
                .traded(
                    market.id, tradeID: tradeID, takerSide: print.side, price: print.price,
                    quantity: seen.quantity, at: seen.at)))
    }

    // Books.

    private mutating func publish(
        _ book: OrderBook, of instrument: InstrumentID, into effects: inout [PolymarketEffect]
    ) {
        guard stream.phase != .opening || stream.opened.contains(.market) else { return }
        let isCrossed = book.isCrossed
        stream.books[instrument] = PolymarketStream.Book(
            book: book, isThere: true, isSuspect: isCrossed)
        guard isCrossed else { return effects.append(.emit(.bookChanged(instrument, book))) }
        effects.append(.emit(.bookStale(instrument, reason: "the book is crossed")))
        begin(ReadTokenBook(instrument: instrument), for: .compare(instrument), into: &effects)
    }

    /// Changes of one message belong together: the book is told when all are made.
    private mutating func apply(
        _ changes: [PolymarketPriceChange], into effects: inout [PolymarketEffect]
    ) {
        var changed: [InstrumentID] = []
        for change in changes {
            // The other token's book is the same one, seen from the other side.
            guard let market = memory.market(of: change.token), change.token == market.yes,
                stream.books[market.id]?.isThere == true
            else { continue }
            stream.books[market.id]?.book.set(
                change.side, price: change.price, quantity: change.quantity)
            if changed.last != market.id { changed.append(market.id) }
        }
        for instrument in changed {
            guard let known = stream.books[instrument] else { continue }
            if known.book.isCrossed {
                publish(known.book, of: instrument, into: &effects)
            } else if !known.isSuspect {
                effects.append(.emit(.bookChanged(instrument, known.book)))
            }
        }
    }

    /// A new tick begins a new book: what was known of the old one is compared at once.
    private mutating func retick(
        _ market: PolymarketMarket, _ tick: Price, into effects: inout [PolymarketEffect]
    ) {
        memory.update(market.id) { $0.tick = tick }
        tell(market.id, into: &effects)
        guard stream.books[market.id]?.isThere == true else { return }
        stream.books[market.id]?.isSuspect = true
        effects.append(.emit(.bookStale(market.id, reason: "the tick is \(tick) now")))
        begin(ReadTokenBook(instrument: market.id), for: .compare(market.id), into: &effects)
    }
}

extension PolymarketFeed {
    static func subscription(to markets: [PolymarketMarket]) -> [UInt8] {
        var writer = JSONWriter()
        writer.add("type", "market")
        writer.add("operation", "subscribe")
        writer.add("markets", [String]())
        writer.add(
            "assets_ids", markets.flatMap { [$0.yes.description, $0.no.description] })
        writer.add("initial_dump", true)
        writer.add("custom_feature_enabled", true)
        return writer.finished()
    }

    static func subscription(
        to markets: [PolymarketMarket], as credentials: PolymarketCredentials
    ) -> [UInt8] {
        var writer = JSONWriter()
        writer.add(
            "auth",
            object: { inner in
                inner.add("apiKey", credentials.apiKey)
                inner.add("secret", credentials.secretText)
                inner.add("passphrase", credentials.passphrase)
            })
        writer.add("type", "user")
        writer.add("markets", markets.map(\.condition))
        writer.add("assets_ids", [String]())
        writer.add("initial_dump", true)
        return writer.finished()
    }
}
