import Portfolio
import Trading
import Wire

/// What a change of limits must be to be taken at all. The first thing that is wrong refuses it
/// whole.
extension RiskEngine {
    /// The changes of a proposal that may be applied to what is in force now.
    func admitted(_ signed: SignedLimits) throws(LimitRefusal) -> [LimitEdit] {
        try checkSigners(signed.signers)
        let head = signed.proposal.head
        guard head.cluster == cluster else { throw .otherCluster(head.cluster) }
        guard head.base == limitSnapshot else {
            throw .supersededBase(version: head.base, inForce: limitSnapshot)
        }
        guard head.baseHash == signed.change.presentHash else {
            throw .otherBase(version: head.base)
        }
        let now = signed.change.receivedAt
        guard head.expiresAt > now else { throw .expired(at: head.expiresAt) }
        guard head.expiresAt <= now + Notice.expiryMax else {
            throw .expiresTooLate(at: head.expiresAt)
        }
        return try edits(of: signed.proposal)
    }

    /// When a change that does not only tighten comes into force.
    func effectiveTime(of signed: SignedLimits) throws(LimitRefusal) -> Timestamp {
        let needed = Int(roster.quorum)
        guard signed.signers.count >= needed else {
            throw .quorumMissing(signed: signed.signers.count, needed: needed)
        }
        if let pending = pendingLimits { throw .otherChangeWaits(until: pending.effectiveAt) }
        let notice = needed > 1 ? Notice.quorum : Notice.alone
        let head = signed.proposal.head
        let time = max(head.effectiveAt, signed.change.receivedAt + notice)
        guard time < head.expiresAt else {
            throw .expiresBeforeEffect(effectiveAt: time, expiresAt: head.expiresAt)
        }
        return time
    }

    private func checkSigners(_ signers: [ShortName]) throws(LimitRefusal) {
        guard !signers.isEmpty else { throw .notSigned }
        for (index, signer) in signers.enumerated() {
            guard roster.contains(signer) else { throw .unknownOperator(signer) }
            guard !signers[..<index].contains(signer) else { throw .signedTwice(signer) }
        }
    }

    private func edits(of proposal: ProposedLimits) throws(LimitRefusal) -> [LimitEdit] {
        let count = proposal.changes.count
        guard (1...LimitEdit.countMax).contains(count) else { throw .wrongCount(count) }
        var edits: [LimitEdit] = []
        for (index, entry) in proposal.changes.enumerated() {
            do throws(EditProblem) {
                edits.append(try checked(entry, after: edits))
            } catch {
                throw .change(index + 1, error.refusal)
            }
        }
        for (index, edit) in edits.enumerated() where contradicts(edit.place, under: edits) {
            throw .change(index + 1, .contradiction(edit.place))
        }
        return edits
    }

    /// An error by which a check ends early.
    private struct EditProblem: Error {
        let refusal: EditRefusal
        init(_ refusal: EditRefusal) { self.refusal = refusal }
    }

    private func checked(
        _ entry: LimitProposal.ChangesEntry, after edits: [LimitEdit]
    ) throws(EditProblem) -> LimitEdit {
        guard let edit = LimitEdit(entry) else { throw EditProblem(.noScope) }
        let place = edit.place
        let scope = place.scope
        guard exists(scope), isExact(entry, scope) else {
            throw EditProblem(.unknownScope(place))
        }
        if let value = edit.value {
            let max = entry.kind.unit.valueMax
            guard value >= 0 else { throw EditProblem(.negative(place)) }
            guard value <= max else { throw EditProblem(.tooLarge(place, max: max)) }
        } else if scope == .firm, entry.kind.isMandatory {
            throw EditProblem(.mandatory(place))
        }
        guard !edits.contains(where: { $0.place == place }) else {
            throw EditProblem(.twice(place))
        }
        guard edit.was == limit(entry.kind, of: scope) else {
            throw EditProblem(.wasDiffers(place))
        }
        guard edit.value != edit.was else { throw EditProblem(.changesNothing(place)) }
        return edit
    }

    /// Whether the change names what its level uses and nothing else.
    private func isExact(_ entry: LimitProposal.ChangesEntry, _ scope: ScopeKey) -> Bool {
        entry.org == scope.org && entry.account == scope.account
            && entry.strategy == scope.strategy && entry.venue == scope.venue
            && entry.instrument == scope.instrument && entry.eventSet == scope.eventSet
    }

    func exists(_ scope: ScopeKey) -> Bool {
        switch scope.level {
        case .none: false
        case .firm: true
        case .org: accounts.contains { $0.key.org == scope.org }
        case .account:
            accountIndex[AccountKey(org: scope.org, account: scope.account, mode: scope.mode)]
                != nil
        case .strategy:
            strategyNodes[
                StrategyKey(
                    org: scope.org, account: scope.account, mode: scope.mode,
                    strategy: scope.strategy)] != nil
        case .instrument: instrumentIndex[scope.instrument] != nil
        case .event: eventIndex.keys.contains { $0.id == scope.eventSet }
        case .venue: accounts.contains { $0.venue == scope.venue }
        }
    }

    /// Whether what must be the smaller of a pair would be the larger: the smallest order at the
    /// scope or under the firm, the soft end of a scope's drawdown.
    private func contradicts(_ place: LimitPlace, under edits: [LimitEdit]) -> Bool {
        func values(_ kind: LimitKind, _ scopes: [ScopeKey]) -> [Int64] {
            scopes.compactMap { scope in
                let place = LimitPlace(scope, kind)
                if let edit = edits.first(where: { $0.place == place }) { return edit.value }
                return limit(kind, of: scope)
            }
        }
        let (lower, upper, scopes): (LimitKind, LimitKind, [ScopeKey])
        switch place.kind {
        case .orderQuantityMin, .orderQuantityMax:
            (lower, upper) = (.orderQuantityMin, .orderQuantityMax)
            scopes = [place.scope, .firm]
        case .drawdownSoftMax, .drawdownHardMax:
            (lower, upper) = (.drawdownSoftMax, .drawdownHardMax)
            scopes = [place.scope]
        default: return false
        }
        return values(lower, scopes).max() ?? 0 > values(upper, scopes).min() ?? .max
    }

    /// Whether nothing that is denied now can pass after the change, whatever else is stated.
    func isTightening(_ edit: LimitEdit) -> Bool {
        guard let value = edit.value else { return false }
        guard let was = edit.was else { return isTighteningWhereNew(edit.place) }
        return edit.place.kind.isTighter(value, than: was)
    }

    /// A limit beside others only tightens. But a mandatory one that nobody states above denies
    /// everything until it is stated, a burst replaces the one that a scope takes from others, and
    /// one half of a drawdown's ladder changes the other.
    func isTighteningWhereNew(_ place: LimitPlace) -> Bool {
        switch place.kind {
        case .messageBurst, .orderBurst, .drawdownSoftMax, .drawdownHardMax: false
        default:
            place.kind.direction != .neither
                && (!place.kind.isMandatory
                    || place.scope != .firm && limit(place.kind, of: .firm) != nil)
        }
    }
}
