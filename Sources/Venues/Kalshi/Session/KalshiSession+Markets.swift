import Execution
import Trading

/// Markets that come and go, and the look-ups that this takes.
extension KalshiSession {
    static let attemptsMax = 6
    private static let retryMin = Span.milliseconds(500)
    private static let retryMax = Span.seconds(3_600)

    /// Whether the configuration asks for the market's series.
    func isWanted(_ instrument: InstrumentID) -> Bool {
        if configuration.series.isEmpty { return true }
        let ticker = instrument.description
        return configuration.series.contains { ticker.hasPrefix($0 + "-") }
    }

    mutating func follow(_ change: KalshiLifecycle, into effects: inout [KalshiEffect]) {
        let id = change.instrument
        guard isWanted(id), !memory.isSettled(id) else { return }
        let isKnown = memory.markets[id] != nil
        switch change.kind {
        case .created, .priceLevelsUpdated:
            add(.market(id, thenBook: true), holds: true, into: &effects)
        case .activated where isKnown:
            update(id, into: &effects) { $0.status = .open }
            if stream.books[id] == nil { want(id, hold: holdPlace(), into: &effects) }
        // In replay the venue stands still until we have asked, so one look says it all.
        case .activated where memory.isReplay && isLookingUp(id): break
        case .activated: add(.market(id, thenBook: true), holds: true, into: &effects)
        case .deactivated: update(id, into: &effects) { $0.status = .paused }
        case .closeDateUpdated(let closeAt):
            update(id, into: &effects) { $0.closeAt = closeAt }
        case .determined(let verdict):
            update(id, into: &effects) {
                $0.status = .resolved
                $0.verdict = verdict
            }
        case .settled(let at):
            memory.awaitSettlement(of: id, since: at)
            add(.settlement(id, at: at), holds: true, into: &effects)
        case .metadataUpdated: break
        }
    }

    private func isLookingUp(_ id: InstrumentID) -> Bool {
        active.values.contains {
            guard case .task(let task) = $0.purpose, case .market(id, _) = task.kind else {
                return false
            }
            return task.connection == stream.connection
        }
    }

    private mutating func update(
        _ id: InstrumentID, into effects: inout [KalshiEffect],
        _ change: (inout KalshiMarket) -> Void
    ) {
        memory.update(id, change)
        guard let market = memory.markets[id], let instrument = memory.instrument(market) else {
            return
        }
        tell(.instrumentChanged(instrument), into: &effects)
    }

    /// No channel says that an outcome is contested, or no more. So the venue is asked about each
    /// market that is held beyond its close, as often as it is asked what is held.
    mutating func followDisputes(over holdings: [VenueHolding], into effects: inout [KalshiEffect])
    {
        if configuration.isReplay { return }
        for holding in holdings {
            switch memory.markets[holding.instrument]?.status {
            case .closed, .resolved, .disputed:
                add(.market(holding.instrument, thenBook: false), into: &effects)
            case .pending, .open, .paused, .settled, nil: break
            }
        }
    }

    // Look-ups.

    mutating func add(
        _ kind: KalshiTask.Kind, holds: Bool = false, into effects: inout [KalshiEffect]
    ) {
        let hold = holds ? holdPlace() : nil
        begin(KalshiTask(kind: kind, connection: stream.connection, hold: hold), into: &effects)
    }

    mutating func begin(_ task: KalshiTask, into effects: inout [KalshiEffect]) {
        let purpose = Purpose.task(task)
        switch task.kind {
        case .listMarkets:
            begin(ListMarkets(series: configuration.series), for: purpose, into: &effects)
        case .listSettlements:
            let oldest = memory.now.wall - configuration.settlementLookback
            // In replay market time is not known here, and the venue keeps little.
            begin(
                ListSettlements(since: configuration.isReplay ? nil : oldest), for: purpose,
                into: &effects)
        case .market(let id, _): begin(ReadMarket(id), for: purpose, into: &effects)
        case .settlement(let id, _):
            begin(ListSettlements(of: id), for: purpose, into: &effects)
        }
    }

    mutating func finish(
        _ task: KalshiTask, _ result: Result<KalshiResult, Failed>,
        into effects: inout [KalshiEffect]
    ) {
        // What was asked for an earlier connection has been asked again for this one.
        guard task.connection == stream.connection, stream.isOpen else { return }
        switch (task.kind, result) {
        case (.listMarkets, .success(.markets(let markets))):
            listed(markets, into: &effects)
            add(.listSettlements, into: &effects)
        case (.listSettlements, .success(.settlements(let settlements))):
            listed(settlements, into: &effects)
            for (id, at) in memory.awaited.sorted(by: { $0.key < $1.key }) {
                add(.settlement(id, at: at), into: &effects)
            }
            stream.phase = .filling
            subscribe(into: &effects)
        case (.listMarkets, _), (.listSettlements, _):
            breakOff("the venue's listings cannot be had: \(result)", into: &effects)
        case (.market(_, let thenBook), .success(.markets(let markets))):
            for market in markets { found(market, thenBook, task, into: &effects) }
        case (.settlement(let id, let at), .success(let found)):
            settle(id, at, found, task, into: &effects)
        case (.market, _), (.settlement, _): retry(task, "\(result)", into: &effects)
        }
    }

    private mutating func listed(
        _ markets: [KalshiMarket], into effects: inout [KalshiEffect]
    ) {
        let listed = Set(markets.map(\.id))
        let now = memory.now.wall
        for gone in memory.markets.keys.sorted() where !listed.contains(gone) {
            // It may have settled meanwhile, and its record may come later.
            if memory.mayHold(gone, at: now) { memory.awaitSettlement(of: gone, since: now) }
            memory.forget(gone)
        }
        for market in markets {
            memory.keep(market)
            guard let instrument = memory.instrument(market) else { continue }
            tell(.instrumentChanged(instrument), into: &effects)
            if stream.books[market.id] == nil { want(market.id, hold: nil, into: &effects) }
        }
    }

    private mutating func listed(
        _ settlements: [KalshiSettlement], into effects: inout [KalshiEffect]
    ) {
        for settlement in settlements where memory.settle(settlement.instrument) {
            tell(settlement.event, into: &effects)
        }
    }

    private mutating func found(
        _ market: KalshiMarket, _ thenBook: Bool, _ task: KalshiTask,
        into effects: inout [KalshiEffect]
    ) {
        memory.keep(market)
        guard let instrument = memory.instrument(market) else {
            return giveUp(task, "\(market.event) is no name", into: &effects)
        }
        place(.instrumentChanged(instrument), task, into: &effects)
        let isTradable = ![.closed, .resolved, .disputed, .settled].contains(market.status)
        guard thenBook, isTradable, stream.books[market.id] == nil else { return release(task) }
        want(market.id, hold: task.hold, into: &effects)
    }

    /// A market has settled. Where the account had a position, the venue has a record of it, which
    /// may come a little later; where it had none, the market says how it ended. A market in which
    /// a position may be held is never settled without its record, however long that takes.
    private mutating func settle(
        _ id: InstrumentID, _ at: Timestamp, _ found: KalshiResult, _ task: KalshiTask,
        into effects: inout [KalshiEffect]
    ) {
        if memory.isSettled(id) { return release(task) }
        switch found {
        case .settlements(let records):
            if let record = records.last { return settled(record, task, into: &effects) }
            if memory.mayHold(id, at: at) {
                return retry(
                    task, "a position may be held and the venue has no record", into: &effects)
            }
            if let verdict = memory.markets[id]?.verdict {
                return settled(nothing(of: id, verdict, at), task, into: &effects)
            }
            begin(ReadMarket(id), for: .task(task), into: &effects)
        case .markets(let markets):
            guard let verdict = markets.first?.verdict else {
                return retry(task, "the market has no result", into: &effects)
            }
            settled(nothing(of: id, verdict, at), task, into: &effects)
        default: preconditionFailure("a settlement is neither a record nor a market")
        }
    }

    private func nothing(
        of id: InstrumentID, _ verdict: KalshiVerdict, _ at: Timestamp
    ) -> KalshiSettlement {
        KalshiSettlement(
            instrument: id, verdict: verdict, quantity: .zero, payout: .zero, settledAt: at)
    }

    private mutating func settled(
        _ settlement: KalshiSettlement, _ task: KalshiTask, into effects: inout [KalshiEffect]
    ) {
        let id = settlement.instrument
        if memory.settle(id) { place(settlement.event, task, into: &effects) }
        memory.update(id) { $0.status = .settled }
        if let market = memory.markets[id], let instrument = memory.instrument(market) {
            place(.instrumentChanged(instrument), task, into: &effects)
        }
        memory.forget(id)
        release(task)
        if stream.books[id] != nil { unsubscribe(id, into: &effects) }
    }

    /// Tells a result in the place that was held for it.
    private mutating func place(
        _ event: VenueEvent, _ task: KalshiTask, into effects: inout [KalshiEffect]
    ) {
        if let hold = task.hold {
            events.append(event, at: hold)
        } else {
            tell(event, into: &effects)
        }
    }

    private mutating func release(_ task: KalshiTask) {
        if let hold = task.hold { events.release(hold) }
    }

    private mutating func retry(
        _ task: KalshiTask, _ reason: String, into effects: inout [KalshiEffect]
    ) {
        var task = task
        task.attempts += 1
        if task.attempts > KalshiSession.attemptsMax {
            guard case .settlement = task.kind, !memory.isReplay else {
                return giveUp(task, reason, into: &effects)
            }
            // A settlement in live is asked for until it is told; that it is late is said once.
            if task.attempts == KalshiSession.attemptsMax + 1 {
                tell(refusal("\(task.kind): \(reason)", []), into: &effects)
            }
        }
        let doublings = Int64(min(task.attempts - 1, 13))
        let wait = KalshiSession.retryMin * (Int64(1) << doublings)
        task.notBefore = now + min(wait, KalshiSession.retryMax)
        delayed.append(task)
    }

    private mutating func giveUp(
        _ task: KalshiTask, _ reason: String, into effects: inout [KalshiEffect]
    ) {
        place(refusal("\(task.kind): \(reason)", []), task, into: &effects)
        release(task)
    }
}
