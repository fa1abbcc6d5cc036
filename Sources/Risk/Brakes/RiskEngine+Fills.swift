import Portfolio
import Trading
import Wire

/// What fills say: too many, at wrong prices, or against those who know more.
extension RiskEngine {
    /// Looks at a fill that was booked.
    mutating func watch(
        _ fill: FillReport, of index: Int32, into effects: inout RiskEffects
    ) {
        let order = orders[index]
        let path = path(strategy: order.strategy, instrument: order.instrument)
        watchRate(order, path, into: &effects)
        watchIntent(order, path, into: &effects)
        if let limit = tightest(.slippageMax, path)?.limit {
            let worse = order.side.sign * (fill.price.units - order.price.units)
            if worse > max(0, limit) {
                alarm(.slippage(order.id, by: Price(units: worse)), into: &effects)
                haltAccount(order.account, into: &effects)
            }
        }
        if instruments[order.instrument].settledAt == nil {
            expectMarkout(order, fill)
        }
    }

    /// Counts a fill of a strategy and its account. Where one of them, or the venue, has more in a
    /// minute than it may, the account is halted.
    private mutating func watchRate(
        _ order: OrderRecord, _ path: MeterPath, into effects: inout RiskEffects
    ) {
        let account = accounts[Int(order.account)].node
        for node in [order.strategy, account] {
            guard let limit = fillLimit(of: node, venue: path[.venue]) else { continue }
            let rate = fillRate(limit)
            let use = nodes[Int(node)].fills.use(at: now, rate: rate)
            nodes[Int(node)].fills.take(at: now, rate: rate, burst: limit)
            guard use > limit else { continue }
            alarm(.fillRate(accounts[Int(order.account)].key.account, limit: limit), into: &effects)
            haltAccount(order.account, into: &effects)
        }
    }

    /// Counts a fill of an intent. With more than it may have, its strategy is halted until a
    /// person resumes it (RTS 6, article 15: repeated automated execution).
    private mutating func watchIntent(
        _ order: OrderRecord, _ path: MeterPath, into effects: inout RiskEffects
    ) {
        guard let limit = tightest(.fillsPerIntentMax, path)?.limit,
            let parent = intentIndex[intentKey(of: order)],
            let key = nodes[Int(order.strategy)].strategy
        else { return }
        intents[parent].fills += 1
        let fills = Int64(clamping: intents[parent].fills)
        let (count, isOverflow) = fills.multipliedReportingOverflow(by: LimitUnit.scale)
        if isOverflow || count > max(0, limit) { disable(key, into: &effects) }
    }

    /// A minute's worth at once, and back at the same pace.
    private func fillRate(_ limit: Int64) -> Int64 { max(0, limit) / 60 }

    /// How many fills a minute a strategy may have by its own limit, or an account by those of all
    /// above it and its venue.
    private func fillLimit(of node: Int32, venue: Int32) -> Int64? {
        if nodes[Int(node)].level == .strategy {
            return limits[.fillsPerMinuteMax, nodes[Int(node)].meter]
        }
        var found = venue < 0 ? nil : limits[.fillsPerMinuteMax, venue]
        var node = node
        while node >= 0 {
            if let stated = limits[.fillsPerMinuteMax, nodes[Int(node)].meter] {
                found = min(found ?? stated, stated)
            }
            node = nodes[Int(node)].parent
        }
        return found
    }

    /// The limits of fills a minute that hold now, by node.
    var fillLimits: [Int64?] {
        nodes.indices.map { index in
            let account = nodes[index].account
            guard account >= 0 else { return nil }
            let venue = ScopeKey.venue(accounts[Int(account)].venue)
            return fillLimit(of: Int32(index), venue: meterIndex[venue] ?? -1)
        }
    }

    /// Keeps the fills that count where a limit is another than before.
    mutating func rescaleFills(from before: [Int64?]) {
        if before.isEmpty { return }
        let after = fillLimits
        for index in nodes.indices {
            guard let old = before[index], let new = after[index], old != new else { continue }
            nodes[index].fills.rescale(at: now, from: fillRate(old), to: fillRate(new))
        }
    }

    // MARK: - Adverse selection

    private mutating func expectMarkout(_ order: OrderRecord, _ fill: FillReport) {
        let event = instruments[order.instrument].event
        let ordinal = instruments[order.instrument].ordinal
        let book = book(node: order.strategy, event: event)
        while books[book].markouts.count <= ordinal { books[book].markouts.append(Markouts()) }
        guard books[book].markouts[ordinal].pending.count < Markouts.pendingMax else { return }
        books[book].markouts[ordinal].pending.append(
            Markouts.Pending(side: order.side, price: fill.price, filledAt: now, horizon: 0))
    }

    /// Measures the fills of every strategy whose horizons end before `end`, at the mark that
    /// stands, or at what the instrument was settled at.
    mutating func measureMarkouts(
        of index: Int32, before end: Timestamp, settledAt value: Price? = nil,
        into effects: inout RiskEffects
    ) {
        guard let mark = value ?? instruments[index].mark.trusted else { return }
        let ordinal = instruments[index].ordinal
        for book in events[instruments[index].event].books
        where ordinal < books[book].markouts.count {
            if books[book].markouts[ordinal].pending.isEmpty { continue }
            let before = books[book].markouts[ordinal].means
            books[book].markouts[ordinal].measure(before: end, at: mark)
            if books[book].markouts[ordinal].means != before {
                blockWhereAdverse(book, index, into: &effects)
            }
        }
    }

    private mutating func blockWhereAdverse(
        _ book: Int32, _ index: Int32, into effects: inout RiskEffects
    ) {
        let strategy = books[book].node
        let ordinal = instruments[index].ordinal
        let path = path(strategy: strategy, instrument: index)
        guard let limit = tightest(.adverseMarkoutMax, path)?.limit,
            let key = nodes[Int(strategy)].strategy
        else { return }
        let fills = (tightest(.adverseFillsMin, path)?.limit ?? 0) / Quantity.scale
        guard let worst = books[book].markouts[ordinal].worst(of: fills),
            -Int128(worst.units) > Int128(limit)
        else { return }
        let cooldown = brakeRules(of: strategy).drawdown.cooldown
        let until = cooldown.map { now + $0 } ?? .distantFuture
        books[book].markouts[ordinal].blockedUntil = until
        books[book].markouts[ordinal].blockedAt = worst
        haltNumbers.add(HaltScope(meters[nodes[Int(strategy)].meter].key))
        // What comes next is measured anew.
        books[book].markouts[ordinal].means = Markouts().means
        books[book].markouts[ordinal].pending = []
        alarm(
            .adverseSelection(key, instruments[index].id, mean: worst), into: &effects)
    }

    /// Ends the blocks of a scope's strategies; false where there were none.
    mutating func releaseMarkouts(under scope: HaltScope) -> Bool {
        var hasReleased = false
        for book in books.indices {
            let node = books[book].node
            guard scope.covers(meters[nodes[Int(node)].meter].key) else { continue }
            for ordinal in books[book].markouts.indices
            where books[book].markouts[ordinal].blockedUntil > now {
                books[book].markouts[ordinal].blockedUntil = .zero
                hasReleased = true
            }
        }
        return hasReleased
    }

    // MARK: - Records

    func writeMarkouts(into writer: inout SnapshotWriter) {
        let known = instruments.indices.sorted { instruments[$0].id < instruments[$1].id }
        for index in known {
            let ordinal = instruments[index].ordinal
            for book in events[instruments[index].event].books {
                guard ordinal < books[book].markouts.count,
                    let key = nodes[Int(books[book].node)].strategy
                else { continue }
                let markouts = books[book].markouts[ordinal]
                if markouts == Markouts() { continue }
                write(markouts, of: key, in: instruments[index].id, into: &writer)
            }
        }
    }

    private func write(
        _ markouts: Markouts, of key: StrategyKey, in instrument: InstrumentID,
        into writer: inout SnapshotWriter
    ) {
        let record = SnapshotMarkout(
            org: key.org, account: key.account, mode: key.mode, strategy: key.strategy,
            instrument: instrument, blockedUntil: markouts.blockedUntil,
            blockedAt: markouts.blockedAt)
        let means = markouts.means.map {
            SnapshotMarkout.MeansEntry(mean: $0.mean, fills: $0.fills)
        }
        let pending = markouts.pending.map {
            SnapshotMarkout.PendingEntry(
                side: $0.side, price: $0.price, filledAt: $0.filledAt,
                horizon: UInt32($0.horizon))
        }
        writer.append { record.encode(into: &$0, means: means, pending: pending) }
    }

    func writeFillRates(into writer: inout SnapshotWriter) {
        for node in nodesInOrder where nodes[Int(node)].fills != RateBucket() {
            let key = meters[nodes[Int(node)].meter].key
            writer.append(
                SnapshotFillRate(
                    level: key.level, org: key.org, account: key.account,
                    mode: nodes[Int(node)].mode, strategy: key.strategy,
                    fillsFullAt: nodes[Int(node)].fills.fullAt))
        }
    }

    mutating func restore(_ record: SnapshotFillRate) -> Bool {
        let place = node(record.level, record.org, record.account, record.mode, record.strategy)
        guard let node = place else { return false }
        nodes[Int(node)].fills = RateBucket(fullAt: record.fillsFullAt)
        return true
    }

    mutating func restore(
        _ record: SnapshotMarkout, _ means: [SnapshotMarkout.MeansEntry],
        _ pending: [SnapshotMarkout.PendingEntry]
    ) -> Bool {
        let place = node(.strategy, record.org, record.account, record.mode, record.strategy)
        let horizons = Markouts.horizons.count
        guard let strategy = place, let index = instrumentIndex[record.instrument],
            means.count == horizons, pending.allSatisfy({ $0.horizon < horizons })
        else { return false }
        let ordinal = instruments[index].ordinal
        let book = book(node: strategy, event: instruments[index].event)
        while books[book].markouts.count <= ordinal { books[book].markouts.append(Markouts()) }
        var markouts = Markouts()
        markouts.means = means.map { Markouts.Mean(mean: $0.mean, fills: $0.fills) }
        markouts.pending = pending.map {
            Markouts.Pending(
                side: $0.side, price: $0.price, filledAt: $0.filledAt, horizon: Int($0.horizon))
        }
        markouts.blockedUntil = record.blockedUntil
        markouts.blockedAt = record.blockedAt
        books[book].markouts[ordinal] = markouts
        return true
    }
}
