import Portfolio
import Trading
import Wire

/// The live guard: whether the venue answers as it should and the market's quotes arrive. A breach
/// keeps new risk away from where it was seen until nothing was wrong for the whole dwell; orders
/// that reduce, and cancels, go on.
extension RiskEngine {
    /// While an account is guarded, a measure above this share of its limit keeps it so.
    private static let leaveNumerator: Int128 = 4
    private static let leaveDenominator: Int128 = 5
    /// The dwell where no scope states one.
    private static let dwellDefault = Span.seconds(10).nanoseconds

    /// Notes the venue's first answer to an order that was sent to it.
    mutating func noteAnswer(
        _ index: Int32, _ state: OrderState, into effects: inout RiskEffects
    ) {
        let order = orders[index]
        // What comes late of an earlier lease says how long the core was away.
        guard order.lease == gateways[Int(order.gateway)].lease else { return }
        switch order.state {
        case .permitted, .sent, .unknown: break
        default: return
        }
        switch state {
        case .working, .filled, .declined, .expired: break
        default: return
        }
        let account = Int(order.account)
        if accounts[account].health.guardedUntil > .zero,
            accounts[account].health.guardedUntil <= now
        {
            accounts[account].health.clear()
            accounts[account].health.guardedUntil = .zero
        }
        accounts[account].health.add(
            VenueHealth.Answer(
                latency: now - order.permittedAt, isDeclined: state == .declined))
        let path = path(strategy: order.strategy, instrument: order.instrument)
        let health = accounts[account].health
        judge(health.declines, .guardDeclinesMax, account, path, into: &effects)
        judge(health.latency, .guardLatencyMax, account, path, into: &effects)
    }

    /// Guards an account whose measure is above its limit, or, while it is guarded, not yet well
    /// below it.
    private mutating func judge(
        _ measure: Int64?, _ kind: LimitKind, _ account: Int, _ path: MeterPath,
        into effects: inout RiskEffects
    ) {
        guard let measure, let limit = tightest(kind, path)?.limit else { return }
        let isGuarded = accounts[account].health.guardedUntil > now
        let threshold =
            isGuarded
            ? Int128(limit) * RiskEngine.leaveNumerator / RiskEngine.leaveDenominator
            : Int128(limit)
        guard Int128(measure) > threshold else { return }
        accounts[account].health.guardedUntil = end(ofDwell: path)
        guard !isGuarded else { return }
        alarm(
            .venueGuarded(accounts[account].key.account, kind, limit: limit, value: measure),
            into: &effects)
    }

    /// Notes the market as the core had it when it decided. Only limits of the firm, the event, the
    /// instrument and its venue count: what one org demands shuts nobody else out.
    mutating func noteQuote(
        _ reference: ReferenceUpdated, at now: Timestamp, into effects: inout RiskEffects
    ) {
        guard let index = instrumentIndex[reference.instrument] else { return }
        // Marks come of what is held alone; what nobody holds yet closes by its requests.
        takeClose(reference, of: index)
        let path = marketPath(of: index)
        guard let limit = tightest(.guardQuoteAgeMax, path)?.limit else { return }
        let (age, overflow) = now.nanoseconds.subtractingReportingOverflow(
            reference.receivedAt.nanoseconds)
        // A gap makes every book stale until its next snapshot.
        let isBreach = reference.isStale.isSet || overflow || age > limit
        guard isBreach else { return }
        let isGuarded = instruments[index].guardedUntil > now
        instruments[index].guardedUntil = end(ofDwell: path)
        guard !isGuarded else { return }
        alarm(
            .quoteGuarded(reference.instrument, limit: limit, value: overflow ? .max : age),
            into: &effects)
    }

    /// An account is as its venue states it. Where that took longer than it may, new risk keeps
    /// away for the dwell.
    mutating func noteReconciled(_ account: Int32, into effects: inout RiskEffects) {
        let before = accounts[Int(account)].reconciledAt
        accounts[Int(account)].reconciledAt = now
        let path = accountPath(of: account)
        guard before > .zero, let limit = tightest(.guardSnapshotAgeMax, path)?.limit else {
            return
        }
        let age = age(of: before, at: now)
        guard age > limit else { return }
        accounts[Int(account)].freshAt = end(ofDwell: path)
        alarm(
            .venueGuarded(
                accounts[Int(account)].key.account, .guardSnapshotAgeMax, limit: limit,
                value: age),
            into: &effects)
    }

    private func age(of time: Timestamp, at now: Timestamp) -> Int64 {
        let (age, overflow) = now.nanoseconds.subtractingReportingOverflow(time.nanoseconds)
        return overflow ? .max : age
    }

    private func end(ofDwell path: MeterPath) -> Timestamp {
        let dwell = tightest(.guardDwellMin, path)?.limit
        let (end, overflow) = now.nanoseconds.addingReportingOverflow(
            dwell ?? RiskEngine.dwellDefault)
        return Timestamp(nanoseconds: overflow ? .max : end)
    }

    /// Neither the order's account nor its instrument is guarded, and the account was compared with
    /// its venue in time; or the order only reduces.
    func checkLiveGuard(_ context: OrderContext) -> ControlResult {
        let guarded = checkGuards(context)
        let result = guarded.isDenied ? guarded : checkSnapshotAge(context)
        return result.isDenied && reducesPosition(context) ? .passed : result
    }

    private func checkSnapshotAge(_ context: OrderContext) -> ControlResult {
        guard context.path.stated[.guardSnapshotAgeMax] else { return .passed }
        let account = accounts[Int(context.account)]
        let age = age(of: account.reconciledAt, at: context.now)
        let result = each(.guardSnapshotAgeMax, context, .snapshotStale) { _, _, _, _ in age }
        guard !result.isDenied, account.freshAt > context.now else { return result }
        return .denied(
            .snapshotStale, .account, limit: account.freshAt.nanoseconds,
            value: context.now.nanoseconds)
    }

    private func checkGuards(_ context: OrderContext) -> ControlResult {
        let account = accounts[Int(context.account)].health.guardedUntil
        let instrument = instruments[context.instrument].guardedUntil
        guard account > context.now || instrument > context.now else { return .passed }
        return account > context.now
            ? .denied(
                .venueGuarded, .account, limit: account.nanoseconds,
                value: context.now.nanoseconds)
            : .denied(
                .quoteGuarded, .instrument, limit: instrument.nanoseconds,
                value: context.now.nanoseconds)
    }

    // MARK: - Snapshots

    func writeHealth(into writer: inout SnapshotWriter) {
        for account in accounts.sorted(by: { $0.key < $1.key }) where account.reconciledAt > .zero {
            writer.append(
                SnapshotReconciled(
                    org: account.key.org, account: account.key.account, mode: account.key.mode,
                    reconciledAt: account.reconciledAt, freshAt: account.freshAt))
        }
        for account in accounts.sorted(by: { $0.key < $1.key })
        where !account.health.answers.isEmpty || account.health.guardedUntil > .zero {
            let record = SnapshotHealth(
                org: account.key.org, account: account.key.account, mode: account.key.mode,
                guardedUntil: account.health.guardedUntil)
            let answers = account.health.answers.map {
                SnapshotHealth.AnswersEntry(latency: $0.latency, isDeclined: Flag($0.isDeclined))
            }
            writer.append { record.encode(into: &$0, answers: answers) }
        }
        let known = instruments.indices.map { instruments[$0] }
        for instrument in known.sorted(by: { $0.id < $1.id })
        where instrument.guardedUntil > .zero {
            writer.append(
                SnapshotQuoteGuard(
                    instrument: instrument.id, guardedUntil: instrument.guardedUntil))
        }
    }
}
