import Execution
import Trading

/// The WebSocket: connecting, messages, gaps.
extension KalshiSession {
    /// Markets in one command.
    static let marketsPerCommand = 500
    /// A connection that lived this long was a good one.
    static let goodConnection = Span.seconds(30)

    mutating func open(into effects: inout [KalshiEffect]) {
        stream.reconnectAt = nil
        effects.append(.openSocket)
    }

    mutating func opened(into effects: inout [KalshiEffect]) {
        stream.reset(to: .subscribing)
        effects.append(.send(stream.subscribe([.lifecycle, .fills, .orders], now: now)))
    }

    mutating func closed(_ reason: String, into effects: inout [KalshiEffect]) {
        if let since = stream.liveSince,
            configuration.isReplay || now >= since + KalshiSession.goodConnection
        {
            stream.backoff = KalshiStream.backoffMin
        }
        stream.liveSince = nil
        stream.reset(to: .closed)
        delayed.removeAll()
        // What was looked up for the old connection is void; what happened is still told.
        events.releaseAll()
        events.drain { effects.append(.emit($0)) }
        if !stream.hasReportedLoss { effects.append(.emit(.disconnected(reason))) }
        stream.hasReportedLoss = true
        stream.reconnectAt = now + stream.backoff
        stream.backoff = min(stream.backoff * 2, KalshiStream.backoffMax)
    }

    /// Gives the connection up: a new one starts from listings and snapshots.
    mutating func breakOff(_ reason: String, into effects: inout [KalshiEffect]) {
        guard stream.isOpen else { return }
        stream.phase = .closed
        effects.append(.closeSocket(reason))
    }

    mutating func elapse(into effects: inout [KalshiEffect]) {
        if let at = stream.reconnectAt, now >= at { open(into: &effects) }
        let moment = now
        let due = delayed.filter { $0.notBefore <= moment }
        if !due.isEmpty {
            delayed.removeAll { $0.notBefore <= moment }
            for task in due { begin(task, into: &effects) }
        }
        guard stream.isOpen else { return }
        let oldest = Span(
            nanoseconds: now.nanoseconds - configuration.timeouts.command.nanoseconds)
        if stream.commands.values.contains(where: { $0.sentAt < oldest }) {
            breakOff("a subscription command was not answered", into: &effects)
        } else if stream.books.values.contains(where: { ($0.awaitedSince ?? now) < oldest }) {
            breakOff("a book did not come", into: &effects)
        } else if events.isFull {
            breakOff("too many events wait for a look-up", into: &effects)
        }
    }

    // Messages.

    mutating func receive(_ bytes: [UInt8], into effects: inout [KalshiEffect]) {
        guard stream.isOpen else { return }
        do throws(JSONError) {
            try document.parse(bytes)
        } catch {
            tell(refusal("not JSON: \(error)", bytes), into: &effects)
            return breakOff("a message is not JSON", into: &effects)
        }
        do throws(PayloadError) {
            let frame = try decoder.frame(document)
            if !decoder.unknown.isEmpty {
                var told: [VenueEvent] = []
                reportUnknown(in: bytes) { told.append($0) }
                for event in told { tell(event, into: &effects) }
            }
            handle(frame, into: &effects)
        } catch {
            decoder.unknown.removeAll()
            tell(refusal("\(error)", bytes), into: &effects)
            recover(into: &effects)
        }
    }

    /// What follows from a message that cannot be used depends on what was lost with it.
    private mutating func recover(into effects: inout [KalshiEffect]) {
        let type = document.optional("type", in: document.root).flatMap { document.string($0) }
        switch type {
        case "trade", "market_lifecycle_v2": return
        case "orderbook_delta":
            stream.skipSequence(of: .books)
            resync(Array(stream.books.keys), "an update cannot be read", into: &effects)
        default:
            // A fill, an order, a snapshot or an answer: only a new connection makes up for it.
            breakOff("a message of type \(type ?? "?") cannot be used", into: &effects)
        }
    }

    private mutating func handle(_ frame: KalshiFrame, into effects: inout [KalshiEffect]) {
        if let sid = frame.sid, let sequence = frame.sequence,
            !stream.follows(sequence, sid: sid)
        {
            guard handleGap(sid, into: &effects) else { return }
        }
        switch frame.message {
        case .delta(let instrument, let side, let price, let change):
            apply(
                change, to: instrument, side, price, sequence: frame.sequence, into: &effects)
        case .snapshot(let instrument, let book, let command):
            replace(instrument, book, command: command, into: &effects)
        case .trade(let trade):
            tell(
                .traded(
                    trade.instrument, tradeID: trade.tradeID, takerSide: trade.takerSide,
                    price: trade.price, quantity: trade.quantity, at: trade.at), into: &effects)
        case .fill(let fill):
            memory.touch(fill.instrument)
            let client =
                fill.clientOrderID ?? memory.client(ofVenueOrder: fill.venueOrderID) ?? .empty
            tell(.filled(fill.fill(clientOrderID: client)), into: &effects)
        case .order(let order): tell(order, into: &effects)
        case .lifecycle(let change): follow(change, into: &effects)
        case .tick(let tick, let at): tell(.tick(tick, at: at), into: &effects)
        case .subscribed(let command, let channel, let sid):
            subscribed(command, channel, sid, into: &effects)
        case .done(let command):
            if case .update? = stream.commands[command]?.kind { stream.commands[command] = nil }
        case .refused(let command, let code, let message, _):
            refused(command, "error \(code): \(message)", into: &effects)
        case .aside: break
        }
    }

    private mutating func tell(_ order: KalshiOrder, into effects: inout [KalshiEffect]) {
        guard let side = memory.side(of: order) else {
            return tell(refusal("order.book_side is missing", document.text), into: &effects)
        }
        memory.learn(order, side: side)
        tell(.orderChanged(order.state(side: side)), into: &effects)
    }

    /// True where the message after the gap can still be used.
    private mutating func handleGap(_ sid: UInt64, into effects: inout [KalshiEffect]) -> Bool {
        switch stream.channel(of: sid) {
        case .books:
            resync(Array(stream.books.keys), "updates were lost", into: &effects)
            return true
        case .trades: return true
        default:
            breakOff("messages were lost", into: &effects)
            return false
        }
    }

    // Books.

    private mutating func apply(
        _ change: Quantity, to instrument: InstrumentID, _ side: Side, _ price: Price,
        sequence: UInt64?, into effects: inout [KalshiEffect]
    ) {
        guard let known = stream.books[instrument], known.awaitedSince == nil else { return }
        let resting = known.book.quantity(side, at: price)
        guard let quantity = resting.addingChecked(change), !quantity.isNegative else {
            return resync([instrument], "an update does not fit the book", into: &effects)
        }
        var book = known.book
        book.set(side, price: price, quantity: quantity)
        book.sequence = SequenceNumber(sequence ?? book.sequence.rawValue)
        stream.books[instrument]?.book = book
        tell(.bookChanged(instrument, book), into: &effects)
    }

    private mutating func replace(
        _ instrument: InstrumentID, _ book: OrderBook, command: UInt64?,
        into effects: inout [KalshiEffect]
    ) {
        if let command { settle(command, instrument) }
        for (command, _) in stream.commands { settle(command, instrument) }
        guard let hold = stream.books[instrument]?.hold else {
            guard stream.books[instrument] != nil else { return }
            stream.books[instrument] = KalshiStream.Book(book: book)
            return tell(.bookChanged(instrument, book), into: &effects)
        }
        stream.books[instrument] = KalshiStream.Book(book: book)
        events.append(.bookChanged(instrument, book), at: hold)
        events.release(hold)
    }

    /// A snapshot answers every request for one of its market.
    private mutating func settle(_ command: UInt64, _ instrument: InstrumentID) {
        guard case .snapshot(let markets)? = stream.commands[command]?.kind else { return }
        let rest = markets.filter { $0 != instrument }
        if rest.isEmpty {
            stream.commands[command] = nil
        } else {
            stream.commands[command]?.kind = .snapshot(rest)
        }
    }

    private mutating func resync(
        _ instruments: [InstrumentID], _ reason: String, into effects: inout [KalshiEffect]
    ) {
        let trusted = instruments.filter { stream.books[$0]?.awaitedSince == nil }.sorted()
        for instrument in trusted {
            let moment = now
            stream.books[instrument]?.awaitedSince = moment
            tell(.bookStale(instrument, reason: reason), into: &effects)
        }
        for start in stride(from: 0, to: trusted.count, by: KalshiSession.marketsPerCommand) {
            let chunk = Array(trusted[start...].prefix(KalshiSession.marketsPerCommand))
            if let text = stream.update(.books, "get_snapshot", chunk, now: now) {
                effects.append(.send(text))
            }
        }
    }

    // Subscriptions.

    /// Subscribes to a book. Its first snapshot takes the held place, if there is one.
    mutating func want(
        _ instrument: InstrumentID, hold: OrderedEvents.Hold?, into effects: inout [KalshiEffect]
    ) {
        precondition(stream.books[instrument] == nil, "\(instrument) is subscribed already")
        stream.books[instrument] = KalshiStream.Book(awaitedSince: now, hold: hold)
        stream.unsubscribed.insert(instrument)
        guard stream.phase == .filling || stream.phase == .live else { return }
        subscribe(into: &effects)
    }

    /// Sends what is wanted and not subscribed yet. Trades go first, so that they are subscribed
    /// when the first snapshot comes.
    mutating func subscribe(into effects: inout [KalshiEffect]) {
        guard !stream.unsubscribed.isEmpty, !stream.isSubscribingToBooks else { return }
        let wanted = stream.unsubscribed.sorted()
        let isFirst = stream.sid(of: .books) == nil
        let limit = isFirst ? KalshiSession.marketsPerCommand : wanted.count
        for start in stride(
            from: 0, to: min(limit, wanted.count), by: KalshiSession.marketsPerCommand)
        {
            let chunk = Array(wanted[start...].prefix(KalshiSession.marketsPerCommand))
            stream.unsubscribed.subtract(chunk)
            guard !isFirst else {
                effects.append(
                    .send(stream.subscribe([.trades, .books], markets: chunk, now: now)))
                return
            }
            for channel in [KalshiStream.Channel.trades, .books] {
                if let text = stream.update(channel, "add_markets", chunk, now: now) {
                    effects.append(.send(text))
                }
            }
        }
    }

    mutating func unsubscribe(
        _ instrument: InstrumentID, into effects: inout [KalshiEffect]
    ) {
        if let hold = stream.books.removeValue(forKey: instrument)?.hold { events.release(hold) }
        // A market that was never subscribed needs no farewell.
        guard stream.unsubscribed.remove(instrument) == nil else { return }
        for channel in [KalshiStream.Channel.trades, .books] {
            if let text = stream.update(channel, "delete_markets", [instrument], now: now) {
                effects.append(.send(text))
            }
        }
    }

    private mutating func subscribed(
        _ command: UInt64, _ name: String, _ sid: UInt64, into effects: inout [KalshiEffect]
    ) {
        guard let channel = KalshiStream.Channel(rawValue: name),
            case .subscribe(var wanted, let markets)? = stream.commands[command]?.kind,
            wanted.remove(channel) != nil
        else { return }
        stream.name(sid, channel)
        if wanted.isEmpty {
            stream.commands[command] = nil
        } else {
            stream.commands[command]?.kind = .subscribe(wanted, markets: markets)
        }
        if stream.phase == .filling || stream.phase == .live { subscribe(into: &effects) }
    }

    private mutating func refused(
        _ command: UInt64?, _ reason: String, into effects: inout [KalshiEffect]
    ) {
        guard let command, let refused = stream.commands.removeValue(forKey: command) else {
            return breakOff(reason, into: &effects)
        }
        switch refused.kind {
        case .update(_, let markets), .snapshot(let markets):
            for market in markets {
                guard let book = stream.books.removeValue(forKey: market) else { continue }
                tell(.bookStale(market, reason: reason), into: &effects)
                if let hold = book.hold { events.release(hold) }
            }
        case .subscribe: breakOff(reason, into: &effects)
        }
    }

    // Phases.

    /// Goes on with setting a connection up when a step is complete.
    mutating func advance(into effects: inout [KalshiEffect]) {
        switch stream.phase {
        case .subscribing where stream.commands.isEmpty:
            stream.phase = .listing
            add(.listMarkets, into: &effects)
        case .filling where !stream.isWaiting && events.isEmpty:
            stream.phase = .live
            stream.liveSince = now
            stream.hasReportedLoss = false
            tell(.connected, into: &effects)
            guard configuration.isReplay else { return }
            // Last of all, because market time moves on from here.
            effects.append(.send(stream.subscribe([.clock], now: now)))
        default: break
        }
    }
}
