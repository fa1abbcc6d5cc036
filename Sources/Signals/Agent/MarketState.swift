import Trading

/// What an agent knows of one market.
struct MarketState: Sendable {
    var instrument: Instrument
    var status: InstrumentStatus
    var window: TradingWindow
    var book = OrderBook()
    var bookReceivedAt: Timestamp?
    var isBookStale = true
    /// Before these moments a side is left alone.
    var buysFrom = Timestamp.zero
    var sellsFrom = Timestamp.zero

    init(_ instrument: Instrument, _ status: InstrumentStatus, _ window: TradingWindow) {
        self.instrument = instrument
        self.status = status
        self.window = window
    }

    func mayAct(_ side: Side, at now: Timestamp) -> Bool {
        now >= (side == .buy ? buysFrom : sellsFrom)
    }

    mutating func rest(_ side: Side, until moment: Timestamp) {
        switch side {
        case .buy: buysFrom = max(buysFrom, moment)
        case .sell: sellsFrom = max(sellsFrom, moment)
        }
    }

    /// The mid of a book that can be believed.
    var mid: Double? {
        guard !isBookStale, !book.isCrossed, let bid = book.bestBid, let ask = book.bestAsk else {
            return nil
        }
        return (bid.price.doubleValue + ask.price.doubleValue) / 2
    }

    /// The market as a policy may see it, or why it may not. Our own quotes are left out: they say
    /// nothing about what others believe.
    func view(
        at now: Timestamp, tick: TickNumber, ageMax: Span, without own: [WorkingOrder]
    ) -> Result<MarketView, AbstentionError> {
        if let reason = closedReason(at: now) { return .failure(AbstentionError(reason)) }
        guard let received = bookReceivedAt else { return .failure(AbstentionError(.bookMissing)) }
        if isBookStale || now - received > ageMax { return .failure(AbstentionError(.bookStale)) }
        guard let bid = best(.buy, without: own), let ask = best(.sell, without: own) else {
            return .failure(AbstentionError(.oneSided))
        }
        if book.isCrossed { return .failure(AbstentionError(.bookCrossed)) }
        return .success(
            MarketView(
                instrument: instrument, window: window, bid: bid, ask: ask,
                bookSequence: book.sequence, bookReceivedAt: received, tick: tick))
    }

    private func best(_ side: Side, without own: [WorkingOrder]) -> BookLevel? {
        let levels = side == .buy ? book.bids : book.asks
        for level in levels {
            let ours = own.reduce(Quantity.zero) { sum, order in
                let isThere =
                    order.instrument == instrument.id && order.side == side
                    && order.price == level.price && order.liquidity == .maker
                return isThere ? sum + order.remaining : sum
            }
            if level.quantity > ours {
                return BookLevel(price: level.price, quantity: level.quantity - ours)
            }
        }
        return nil
    }

    private func closedReason(at now: Timestamp) -> Abstention? {
        if status != .open { return .notOpen }
        if now < window.quotesFrom { return .beforeWindow }
        return now >= window.quotesUntil ? .nearEnd : nil
    }
}

/// An abstention as the failure of a `Result`.
struct AbstentionError: Error {
    let reason: Abstention
    init(_ reason: Abstention) { self.reason = reason }
}
