import Portfolio
package import Trading
package import Wire

/// What lets more risk through: clearing a halt or a break, postings, arming. The shell has
/// verified the signatures; whether they are enough is decided here.
extension RiskEngine {
    /// A directive with its signatures.
    package mutating func apply(
        directiveGiven frame: [UInt8], at now: Timestamp, into effects: inout RiskEffects
    ) throws(WireError) {
        let given = try GivenDirective(decoding: frame)
        advance(to: now)
        let outcome: OperatorOutcome
        do throws(DirectiveRefusal) {
            try admit(given)
            if case .override(let terms) = given.terms.content {
                try override(terms, receivedAt: given.claim.receivedAt)
            }
            outcome = obey(given, into: &effects)
            if outcome.isAccepted { directives.note(given.claim, isSpent: true) }
        } catch {
            if case .waits = error { directives.note(given.claim, isSpent: false) }
            outcome = .directiveRefused(error)
        }
        reply(to: given.head.nonce, outcome, into: &effects)
    }

    /// What a directive that clears the scope must name: the number of its newest halt.
    package func newestHalt(under scope: HaltScope) -> UInt64 {
        haltNumbers.newest(under: scope)
    }

    private func admit(_ given: GivenDirective) throws(DirectiveRefusal) {
        for entry in given.signatures where !roster.contains(entry.operator) {
            throw .unknownOperator(entry.operator)
        }
        try directives.admit(given.claim, cluster: cluster, rule(for: given.terms.content))
        if case .override(let terms) = given.terms.content, !terms.denial.isOverridable {
            throw .notOverridable(terms.denial.code)
        }
        guard case .order(let directive, _) = given.terms.content else { return }
        let newest = newestHalt(under: HaltScope(directive))
        guard directive.halt == newest else {
            throw .superseded(names: directive.halt, newest: newest)
        }
    }

    private func rule(for content: DirectiveTerms.Content) -> DirectiveRule {
        let quorum = Int(roster.quorum)
        switch content {
        case .posting:
            return DirectiveRule(quorum: quorum, mode: mode, aloneDelay: DirectiveRule.loosening)
        case .override:
            return DirectiveRule(quorum: quorum, mode: mode, aloneDelay: DirectiveRule.clearing)
        case .capital(let move):
            // Within an org one operator is enough; what another org is given takes them all.
            return move.level == .org
                ? DirectiveRule(
                    quorum: quorum, mode: mode, aloneDelay: DirectiveRule.clearing) : .alone
        case .order(let directive, _):
            // Paper arms by itself, so that arming it lets nothing more through.
            let isFree = directive.action == .arm && mode == .paper
            return DirectiveRule(
                quorum: isFree ? 1 : quorum, mode: mode, aloneDelay: DirectiveRule.clearing)
        }
    }

    private mutating func obey(
        _ given: GivenDirective, into effects: inout RiskEffects
    ) -> OperatorOutcome {
        switch given.terms.content {
        case .order(let directive, _):
            return loosen(directive.action, HaltScope(directive), into: &effects)
        case .posting(let posting):
            let key = AccountKey(org: posting.org, account: posting.account, mode: posting.mode)
            return post(posting.amount, as: posting.why, to: key, into: &effects)
        case .override: return .done
        case .capital(let terms):
            return move(terms, given.claim, reason: given.terms.reason, into: &effects)
        }
    }

    // MARK: - Records

    func writeDirectives(into writer: inout SnapshotWriter) {
        for note in directives.notes {
            writer.append(
                SnapshotDirective(
                    number: note.number, at: note.at, expiresAt: note.expiresAt,
                    isSpent: Flag(note.isSpent)))
        }
        writeOverrides(into: &writer)
        writeCapital(into: &writer)
        guard haltNumbers.last > 0 else { return }
        let numbers = haltNumbers.entries.map { entry in
            SnapshotHaltIDs.LatestEntry(
                scope: entry.scope.kind, org: entry.scope.org, account: entry.scope.account,
                strategy: entry.scope.strategy, venue: entry.scope.venue,
                instrument: entry.scope.instrument, number: entry.number)
        }
        let record = SnapshotHaltIDs(last: haltNumbers.last)
        writer.append { record.encode(into: &$0, latest: numbers) }
    }

    mutating func restore(_ record: SnapshotDirective) {
        directives.restore(
            DirectiveBook.Note(
                number: record.number, at: record.at, expiresAt: record.expiresAt,
                isSpent: record.isSpent.isSet))
    }

    mutating func restoreHaltNumbers(_ frame: [UInt8]) throws(WireError) {
        let record = try SnapshotHaltIDs(decoding: frame)
        let entries = try SnapshotHaltIDs.latest(in: frame).map { entry in
            HaltNumbers.Entry(
                scope: HaltScope(
                    entry.scope, org: entry.org, account: entry.account,
                    strategy: entry.strategy, venue: entry.venue, instrument: entry.instrument),
                number: entry.number)
        }
        haltNumbers = HaltNumbers(last: record.last, entries: entries)
    }
}
