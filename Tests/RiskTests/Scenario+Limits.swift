import Risk
import TestSupport
import Trading
import Wire

/// Changes of limits that operators sign: what they must lead to is worked out here from what the
/// scenario knows to be in force.
extension Scenario {
    private static let operators = ["alice", "bob"]

    mutating func nameOperators() {
        rig.applyFrame(
            OperatorsSet(quorum: 2).frame(
                operators: Scenario.operators.map { OperatorsSet.OperatorsEntry(name: named($0)) }))
    }

    /// One to three changes by nobody, one operator, both or one twice.
    mutating func proposeLimits() {
        var changes: [(limit: Limit, place: LimitPlace, value: Int64?)] = []
        for _ in 0..<Int.random(in: 1...3, using: &random) {
            guard let change = makeChange() else { continue }
            if changes.contains(where: { $0.place == change.place }) { continue }
            changes.append(change)
        }
        guard !changes.isEmpty else { return }
        let edits = changes.map {
            LimitEdit(place: $0.place, was: inForce($0.limit), value: $0.value)
        }
        let groups = [
            [], ["alice"], ["bob"], ["alice", "bob"], ["bob", "bob"], ["alice", "eve"],
        ]
        let signers = groups.randomElement(using: &random) ?? []
        let isOld = Int.random(in: 0..<8, using: &random) == 0
        let outcome = send(edits, by: signers, isOld: isOld)
        let isSigned =
            !signers.isEmpty && Set(signers).count == signers.count
            && signers.allSatisfy(Scenario.operators.contains)
        if !isSigned || isOld {
            require(outcome?.isRefused, true, "refusing \(edits)")
        } else if changes.allSatisfy({ tightens($0.limit, to: $0.value) }) {
            require(
                outcome, .limitsInForce(version: rig.engine.limitSnapshot), "the change \(edits)")
            take(changes.map { ($0.limit, $0.value) })
            waiting = nil
        } else if signers.count < 2 || waiting != nil {
            require(outcome?.isRefused, true, "refusing \(edits)")
        } else {
            let time = wall + .seconds(10)
            require(outcome, .limitsWait(until: time), "the change \(edits)")
            waiting = (changes.map { ($0.limit, $0.value) }, time)
        }
    }

    /// Lets the change that waits come into force when ten seconds are over.
    mutating func applyDueLimits() {
        guard let change = waiting, Bool.random(using: &random) else { return }
        rig.apply(LimitsDue(wallTime: wall))
        guard wall >= change.at else { return }
        take(change.changes)
        waiting = nil
    }

    /// The first limit in force that is not the one that the scenario knows of.
    var firstOtherLimit: String? {
        var known: [LimitPlace: Int64] = [:]
        for (kind, value) in Scenario.stated where Scenario.kinds.contains(kind) {
            known[LimitPlace(.firm, kind)] = units(value)
        }
        for (limit, value) in limits { known[place(of: limit)] = value }
        var found: [LimitPlace: Int64] = [:]
        for view in rig.engine.limitViews where Scenario.kinds.contains(view.place.kind) {
            found[view.place] = view.value
        }
        let places = Set(known.keys).union(found.keys)
        return places.first { known[$0] != found[$0] }.map {
            "\($0): \(String(describing: known[$0])), engine \(String(describing: found[$0]))"
        }
    }

    private func place(of limit: Limit) -> LimitPlace {
        let isOfTenant = limit.level == .org || limit.level == .account
        let owner = isOfTenant ? owner(of: limit.holder) : strategies[limit.holder]
        let name = limit.instrument
        let scope: ScopeKey =
            limit.level == .event
            ? .event(named(name)) : scope(limit.level, owner, name)
        return LimitPlace(scope, limit.kind)
    }

    /// The wall clock, which is not the market's.
    private var wall: Timestamp { Timestamp(seconds: 1_800_000_000) + (rig.now - .zero) }

    private mutating func makeChange() -> (limit: Limit, place: LimitPlace, value: Int64?)? {
        let levels: [LimitLevel] = [
            .firm, .org, .account, .strategy, .instrument, .event, .venue,
        ]
        guard let kind = Scenario.kinds.randomElement(using: &random),
            let level = levels.randomElement(using: &random),
            let instrument = instruments.randomElement(using: &random)
        else { return nil }
        if kind == .disputedLossMax, level == .instrument || level == .event { return nil }
        let strategy = Int.random(in: 0..<3, using: &random)
        let limit = limit(kind, level, strategy, instrument)
        let isRemoved =
            inForce(limit) != nil && level != .firm
            && Int.random(in: 0..<3, using: &random) == 0
        let value =
            isRemoved
            ? nil : Int64.random(in: Scenario.values(of: kind), using: &random) * 10_000_000
        if value == inForce(limit) { return nil }
        let scope = scope(level, strategies[strategy], instrument)
        return (limit, LimitPlace(scope, kind), value)
    }

    func scope(
        _ level: LimitLevel, _ owner: StrategyKey, _ instrument: String
    ) -> ScopeKey {
        switch level {
        case .firm, .none: .firm
        case .org: .org(owner.org)
        case .account: .account(owner.org, owner.account, owner.mode)
        case .strategy: .strategy(owner)
        case .instrument: .instrument(named(instrument))
        case .event: .event(named(event(of: instrument)))
        case .venue: .venue(Rig.venue)
        }
    }

    /// What a scope states of a kind.
    private func inForce(_ limit: Limit) -> Int64? {
        if let stated = limits.first(where: { $0.limit == limit }) { return stated.value }
        guard limit.level == .firm else { return nil }
        return Scenario.stated.first { $0.0 == limit.kind }.map { units($0.1) }
    }

    /// Whether one person may: a ceiling falls or a floor rises, or one more is stated beside the
    /// firm's.
    private func tightens(_ limit: Limit, to value: Int64?) -> Bool {
        guard let value else { return false }
        if Scenario.undirected.contains(limit.kind) { return false }
        let isFloor = Scenario.floors.contains(limit.kind)
        if let old = inForce(limit) { return isFloor ? value > old : value < old }
        var firm = limit
        firm = Limit(kind: limit.kind, level: .firm, holder: 0, instrument: "")
        return limit.level != .firm && inForce(firm) != nil || !limit.kind.isMandatory
    }

    private mutating func take(_ changes: [(limit: Limit, value: Int64?)]) {
        for (limit, value) in changes {
            limits.removeAll { $0.limit == limit }
            if let value { limits.append((limit, value)) }
        }
    }

    private mutating func send(
        _ edits: [LimitEdit], by signers: [String], isOld: Bool
    ) -> OperatorOutcome? {
        nonce += 1
        let hash = testHash(rig.engine.limitSetBytes())
        let head = LimitProposal(
            cluster: named("test"), base: rig.engine.limitSnapshot - (isOld ? 1 : 0),
            baseHash: hash, proposedAt: wall, effectiveAt: .zero,
            expiresAt: wall + .seconds(3_600))
        let proposal = head.frame(
            changes: edits.map(LimitProposal.ChangesEntry.init), reason: Array("test".utf8))
        rig.applyFrame(
            LimitChange(nonce: nonce, receivedAt: wall, presentHash: hash).frame(
                signatures: signers.map {
                    LimitChange.SignaturesEntry(operator: named($0), signature: .zero)
                },
                proposal: proposal))
        for case .reply(_, _, _, let outcome) in rig.effects.items { return outcome }
        return nil
    }
}

extension OperatorOutcome {
    fileprivate var isRefused: Bool {
        if case .limitsRefused = self { true } else { false }
    }
}
