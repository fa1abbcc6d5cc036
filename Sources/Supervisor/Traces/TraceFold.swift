import Portfolio
import Risk
import Trading
import Wire

/// Turns the core's journal into traces: each entry goes through the risk engine as it was decided,
/// and what a trace has to remember comes out.
///
/// Pure: the same entries make the same changes, so traces that are built anew equal those that
/// were built while the entries were written.
struct TraceFold: Sendable {
    /// The core's state after the last entry.
    private(set) var engine: RiskEngine
    private var effects = RiskEffects()
    private var minute: Int64 = 0
    private var markouts = MarkoutFold()

    /// - Parameter engine: A new one, or that of the snapshot where the journal's entries begin.
    init(from engine: RiskEngine) { self.engine = engine }

    /// The changes that an entry makes, in order.
    mutating func take(_ entry: RecordedEntry, body: [UInt8]) throws -> [TraceChange] {
        var changes = endOfMinute(before: entry.at)
        changes += markouts.measure(before: entry.at)
        effects.removeAll()
        _ = try engine.recover(body, into: &effects)
        let facts = try facts(of: entry, body: body)
        changes += facts
        for fact in facts { changes += markouts(after: fact) }
        changes += notes(of: entry, try texts(of: entry))
        return changes
    }

    /// What a fact ends, or what is waited for from now on.
    private mutating func markouts(after fact: TraceChange) -> [TraceChange] {
        switch fact {
        case .fill(let fill):
            markouts.wait(for: fill, mark: engine.trustedMark(of: fill.instrument))
        case .mark(let mark) where markouts.isWaiting(for: mark.instrument):
            markouts.note(engine.trustedMark(of: mark.instrument), of: mark.instrument)
        case .settlement(let row): return markouts.settle(row.instrument, at: row.value)
        default: break
        }
        return []
    }

    /// What each strategy was worth when its minute ended.
    private mutating func endOfMinute(before at: Timestamp) -> [TraceChange] {
        let next = at.nanoseconds / 60_000_000_000
        defer { minute = max(minute, next) }
        guard next > minute, minute > 0 else { return [] }
        var open: [StrategyKey: Money] = [:]
        for position in engine.positionViews {
            open[position.owner, default: .zero] += position.unrealized
        }
        return engine.ledger.strategies.map { book in
            .equity(
                EquityRow(
                    minute: minute, owner: book.key, realized: book.realized,
                    unrealized: open[book.key] ?? .zero, fees: book.fees))
        }
    }

    private func facts(of entry: RecordedEntry, body: [UInt8]) throws(WireError) -> [TraceChange] {
        let command = entry.command
        switch entry.template {
        case .instrumentDefined: return [.instrument(try InstrumentRow(entry, body))]
        case .instrumentChanged:
            let change = try InstrumentChanged(decoding: command)
            return [.status(change.instrument, change.status)]
        case .referenceUpdated:
            return [.mark(MarkRow(try ReferenceUpdated(decoding: command), entry, body: body))]
        case .orderRequest: return try request(entry, body)
        case .cancelRequest:
            let cancel = try CancelRequest(decoding: command)
            return [
                .step(order: cancel.orderID, entry: entry.sequence, at: entry.at, body: body)
            ]
        case .permitFate:
            let fate = try PermitFate(decoding: command)
            let reason = fate.reason == .none ? "" : fate.reason.wireName
            return [
                .step(order: fate.orderID, entry: entry.sequence, at: entry.at, body: body),
                .fate(
                    FateRow(
                        entry: entry.sequence, order: fate.orderID, at: entry.at,
                        state: fate.state, reason: reason)),
            ]
        case .fillReport:
            return [.fill(FillRow(try FillReport(decoding: command), entry, body: body))]
        case .instrumentSettlement:
            let settlement = try InstrumentSettlement(decoding: command)
            return [
                .settlement(
                    SettlementRow(
                        instrument: settlement.instrument, at: entry.at,
                        outcome: settlement.outcome, value: settlement.value, body: body))
            ]
        default: return []
        }
    }

    private func request(_ entry: RecordedEntry, _ body: [UInt8]) throws(WireError)
        -> [TraceChange]
    {
        guard let judged = entry.judged, judged.kind == .order, judged.orderID != .zero,
            judged.verdict != .duplicate
        else { return [] }
        let request = try OrderRequest(decoding: entry.command)
        var changes: [TraceChange] = [
            .order(OrderRow(request, judged, entry)),
            .step(order: judged.orderID, entry: entry.sequence, at: entry.at, body: body),
        ]
        if let reference = entry.reference {
            changes.append(.mark(MarkRow(reference, entry, body: [])))
        }
        return changes
    }

    // MARK: Notes

    private func texts(of entry: RecordedEntry) throws(WireError)
        -> [(NoteRow.Kind, OrgID, String)]
    {
        let command = entry.command
        switch entry.template {
        case .coreStarted:
            let started = try CoreStarted(decoding: command)
            let loop = started.isCrashLoop.isSet ? " after repeated crashes: disarmed" : ""
            return [(.start, .empty, "core started, epoch \(started.startedEpoch)\(loop)")]
        case .operatorCommand:
            let order = try OperatorCommand(decoding: command)
            let reason = String(decoding: try OperatorCommand.reason(in: command), as: UTF8.self)
            return [
                (
                    .command, order.org,
                    "\(order.operator): \(order.action.wireName) \(OperatorScope(order))"
                        + (reason.isEmpty ? "" : " (\(reason))")
                )
            ]
        case .directiveGiven:
            let given = try GivenDirective(decoding: command)
            let names = given.claim.signers.map(\.description).joined(separator: ", ")
            let reason = given.terms.reason.isEmpty ? "" : " (\(given.terms.reason))"
            return [(.directive, given.terms.org, "\(names): \(given.terms.title)\(reason)")]
        case .limitChange: return [(.limits, .empty, "limits: a signed change")]
        case .accountReconciled:
            let done = try AccountReconciled(decoding: command)
            guard done.breaks > 0 else { return [] }
            let org = engine.accountView(of: done.gateway)?.org ?? .empty
            return [
                (
                    .reconciled, org,
                    "\(done.gateway): \(done.breaks) differences from the venue in "
                        + "account \(done.account)"
                )
            ]
        case .instrumentSettlement:
            let settlement = try InstrumentSettlement(decoding: command)
            return [
                (
                    .settled, .empty,
                    "\(settlement.instrument) settled: \(settlement.outcome.wireName) at "
                        + "\(settlement.value)"
                )
            ]
        default: return []
        }
    }

    private func notes(of entry: RecordedEntry, _ texts: [(NoteRow.Kind, OrgID, String)])
        -> [TraceChange]
    {
        var found = texts
        for effect in effects.items {
            guard case .alarm(let alarm) = effect else { continue }
            found.append((.alarm, alarm.org, alarm.text))
        }
        return found.enumerated().map { ordinal, note in
            .note(
                NoteRow(
                    entry: entry.sequence, ordinal: ordinal, at: entry.at, kind: note.0,
                    org: note.1, text: note.2))
        }
    }
}

extension DirectiveTerms {
    /// The org that it concerns; empty for the firm.
    var org: OrgID {
        switch content {
        case .order(let directive, _): directive.org
        case .posting(let posting): posting.org
        case .override(let order): order.org
        case .capital(let move): move.fromOrg == move.toOrg ? move.fromOrg : .empty
        }
    }
}

extension OperatorScope {
    /// The scope that a command names.
    init(_ command: OperatorCommand) {
        switch command.scope {
        case .all: self = .all
        case .org: self = .org(command.org)
        case .account: self = .account(command.org, command.account)
        case .strategy: self = .strategy(command.org, command.account, command.strategy)
        case .venue: self = .venue(command.venue)
        case .instrument: self = .instrument(command.instrument)
        }
    }
}

extension RiskAlarm {
    /// Whose alarm it is, where it names an org; else the firm's.
    var org: OrgID {
        switch self {
        case .adverseSelection(let owner, _, _), .strategyDisabled(let owner): owner.org
        case .brake(let change): change.scope.org
        default: .empty
        }
    }

    /// The alarm in words.
    var text: String {
        switch self {
        case .brake(let change):
            "brake of \(change.scope): \(change.face.phase), daily \(change.face.daily), "
                + "weekly \(change.face.weekly), total \(change.face.total)"
        case .adverseSelection(let owner, let instrument, let mean):
            "fills of \(owner) in \(instrument) turn against it by \(mean) on average: it only "
                + "reduces there for a while"
        case .strategyDisabled(let owner):
            "\(owner) repeated itself too often and was halted: a person has to resume it"
        case .quoteGuarded(let instrument, _, _):
            "quotes of \(instrument) are old or have gaps: no new risk there for a while"
        case .alertPath(isDead: true):
            "alerts reach nobody: no new risk until they do"
        case .alertPath(isDead: false): "alerts reach somebody again"
        case .fillWithoutOrder(_, let instrument):
            "a fill in \(instrument) that no order of ours explains: its account is halted"
        case .reconciliationBreaks(let account, let count):
            "account \(account) differs from its venue in \(count) places"
        case .accountBroken(let account):
            "account \(account) keeps differing from its venue: halted until resolved"
        default: "\(self)"
        }
    }
}

extension InstrumentRow {
    init(_ entry: RecordedEntry, _ body: [UInt8]) throws(WireError) {
        let defined = try InstrumentDefined(decoding: entry.command)
        self.init(
            instrument: defined.instrument, entry: entry.sequence,
            title: String(
                decoding: try InstrumentDefined.title(in: entry.command), as: UTF8.self),
            venue: defined.venue, event: defined.eventSet, openAt: defined.openAt,
            closeAt: defined.closeAt, status: defined.status, body: body)
    }
}

extension MarkRow {
    init(_ reference: ReferenceUpdated, _ entry: RecordedEntry, body: [UInt8]) {
        self.init(
            instrument: reference.instrument, entry: entry.sequence, bid: reference.bid,
            bidQuantity: reference.bidQuantity, ask: reference.ask,
            askQuantity: reference.askQuantity, receivedAt: reference.receivedAt,
            isStale: reference.isStale.isSet, body: body)
    }
}

extension OrderRow {
    init(_ request: OrderRequest, _ judged: Judged, _ entry: RecordedEntry) {
        self.init(
            order: judged.orderID, entry: entry.sequence, at: entry.at,
            owner: StrategyKey(
                org: request.org, account: request.account, mode: request.mode,
                strategy: request.strategy),
            agent: judged.agent, gateway: judged.gateway, instrument: request.instrument,
            side: request.side, price: request.price, quantity: request.quantity,
            fairValue: request.fairValue, expectedEdge: request.expectedEdge,
            confidence: request.confidence, bid: entry.reference?.bid ?? .zero,
            ask: entry.reference?.ask ?? .zero, isRejected: judged.verdict == .rejected,
            isPrevented: judged.verdict == .rejected && judged.level != .none,
            reason: judged.reason == .none ? "" : judged.reason.code)
    }
}

extension FillRow {
    init(_ fill: FillReport, _ entry: RecordedEntry, body: [UInt8]) {
        self.init(
            entry: entry.sequence, order: fill.orderID, at: fill.filledAt,
            instrument: fill.instrument, side: fill.side, price: fill.price,
            quantity: fill.quantity, fee: fill.fee, liquidity: fill.liquidity,
            trade: fill.tradeID, finality: fill.finality, body: body)
    }
}
