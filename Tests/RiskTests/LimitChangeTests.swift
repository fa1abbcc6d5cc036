import Risk
import Testing
import Trading
import Wire

/// Changes of limits by persons: who may, when, and what is refused whole.
@Suite struct LimitChangeTests {
    @Test func oneSignatureTightensAtOnce() {
        var desk = LimitDesk()
        let outcome = desk.apply([desk.edit(.orderQuantityMax, "10")], by: "alice")
        #expect(outcome == .limitsInForce(version: 8))
        #expect(desk.limit(.orderQuantityMax) == units("10"))
        #expect(desk.rig.order(.buy, "0.50", "11").reason == .sizeAboveMaximum)
        #expect(desk.rig.order(.buy, "0.50", "10").isPermitted)
        desk.requireSameAfterRestore()
    }

    @Test func oneSignatureDoesNotLoosen() {
        var desk = LimitDesk()
        let outcome = desk.apply([desk.edit(.orderQuantityMax, "101")], by: "alice")
        #expect(outcome == .limitsRefused(.quorumMissing(signed: 1, needed: 2)))
        #expect(desk.limit(.orderQuantityMax) == units("100"))
        #expect(desk.rig.engine.limitSnapshot == 7)
    }

    /// A floor tightens upwards, and one looser change makes the whole proposal a loosening.
    @Test func whatTightensIsJudgedByKindAndAsAWhole() {
        var desk = LimitDesk()
        let raised = desk.apply([desk.edit(.orderQuantityMin, "2")], by: "alice")
        #expect(raised == .limitsInForce(version: 8))
        let lowered = desk.apply([desk.edit(.orderQuantityMin, "1")], by: "alice")
        #expect(lowered == .limitsRefused(.quorumMissing(signed: 1, needed: 2)))
        let mixed = desk.apply(
            [desk.edit(.positionMax, "5"), desk.edit(.orderNotionalMax, "101")], by: "alice")
        #expect(mixed == .limitsRefused(.quorumMissing(signed: 1, needed: 2)))
        #expect(desk.limit(.positionMax) == units("1000"))
        // Which prices count as fresh is no matter for one person, whichever way it goes.
        let staleness = desk.apply([desk.edit(.quoteAgeMax, "0.001")], by: "alice")
        #expect(staleness == .limitsRefused(.quorumMissing(signed: 1, needed: 2)))
    }

    @Test func twoOperatorsLoosenAfterTheNotice() {
        var desk = LimitDesk()
        let outcome = desk.apply([desk.edit(.orderQuantityMax, "200")], by: "alice", "bob")
        let due = desk.wall + .seconds(10)
        #expect(outcome == .limitsWait(until: due))
        #expect(desk.rig.order(.buy, "0.50", "101").reason == .sizeAboveMaximum)
        desk.requireSameAfterRestore()
        desk.due(at: due - .seconds(1))
        #expect(desk.limit(.orderQuantityMax) == units("100"))
        desk.due(at: due)
        #expect(desk.limit(.orderQuantityMax) == units("200"))
        #expect(desk.rig.engine.limitSnapshot == 8)
        #expect(desk.rig.order(.buy, "0.50", "101").isPermitted)
        let view = desk.rig.engine.limitViews.first { $0.place.kind == .orderQuantityMax }
        #expect(view?.origin?.signer == named("alice"))
        #expect(view?.origin?.cosigner == named("bob"))
        #expect(view?.origin?.at == due)
        desk.requireSameAfterRestore()
    }

    @Test func aLaterEffectiveTimeIsKept() {
        var desk = LimitDesk()
        let time = desk.wall + .seconds(600)
        let outcome = desk.apply([desk.edit(.orderQuantityMax, "200")], by: "alice", "bob") {
            $0.effectiveAt = time
        }
        #expect(outcome == .limitsWait(until: time))
    }

    @Test func oneOperatorAloneWaitsTwelveHours() {
        var desk = LimitDesk(quorum: 1)
        let hasty = desk.apply([desk.edit(.orderQuantityMax, "200")], by: "alice")
        let due = desk.wall + .seconds(12 * 3_600)
        let expiry = desk.wall + .seconds(3_600)
        #expect(
            hasty
                == .limitsRefused(
                    .expiresBeforeEffect(effectiveAt: due, expiresAt: expiry)))
        let outcome = desk.apply([desk.edit(.orderQuantityMax, "200")], by: "alice") {
            $0.expiresAt = due + .seconds(1)
        }
        #expect(outcome == .limitsWait(until: due))
        desk.due(at: due)
        #expect(desk.limit(.orderQuantityMax) == units("200"))
    }

    @Test func aTighteningSupersedesWhatWaits() {
        var desk = LimitDesk()
        desk.apply([desk.edit(.orderQuantityMax, "200")], by: "alice", "bob")
        let second = desk.apply([desk.edit(.positionMax, "2000")], by: "alice", "bob")
        #expect(second == .limitsRefused(.otherChangeWaits(until: desk.wall + .seconds(10))))
        desk.apply([desk.edit(.orderQuantityMax, "50")], by: "bob")
        desk.due(at: desk.wall + .seconds(60))
        #expect(desk.limit(.orderQuantityMax) == units("50"))
    }

    @Test func whatExpiresWhileItWaitsIsDropped() {
        var desk = LimitDesk()
        desk.apply([desk.edit(.orderQuantityMax, "200")], by: "alice", "bob")
        desk.due(at: desk.wall + .seconds(3_600))
        #expect(desk.limit(.orderQuantityMax) == units("100"))
        #expect(desk.rig.engine.waitingLimits == nil)
    }

    // MARK: - Refusals

    @Test func signersMustBeDistinctOperators() {
        var desk = LimitDesk()
        let edit = desk.edit(.orderQuantityMax, "200")
        #expect(desk.apply(desk.proposal([edit]), by: []) == .limitsRefused(.notSigned))
        #expect(
            desk.apply([edit], by: "alice", "alice") == .limitsRefused(.signedTwice(named("alice")))
        )
        #expect(
            desk.apply([edit], by: "alice", "mallory")
                == .limitsRefused(.unknownOperator(named("mallory"))))
        #expect(desk.rig.engine.limitSnapshot == 7)
        #expect(desk.rig.engine.waitingLimits == nil)
    }

    @Test func aProposalHoldsOnceAndAgainstItsBaseAlone() {
        var desk = LimitDesk()
        let tighten = desk.proposal([desk.edit(.orderQuantityMax, "50")])
        #expect(desk.apply(tighten, by: ["alice"]) == .limitsInForce(version: 8))
        let superseded = OperatorOutcome.limitsRefused(.supersededBase(version: 7, inForce: 8))
        #expect(desk.apply(tighten, by: ["alice"]) == superseded)
        #expect(
            desk.apply([desk.edit(.positionMax, "1")], by: "alice") { $0.base = 9 }
                == .limitsRefused(.supersededBase(version: 9, inForce: 8)))
        let other = desk.apply([desk.edit(.positionMax, "1")], by: "alice") {
            $0.baseHash = .zero
        }
        #expect(other == .limitsRefused(.otherBase(version: 8)))
        let elsewhere = desk.apply([desk.edit(.positionMax, "1")], by: "alice") {
            $0.cluster = named("other")
        }
        #expect(elsewhere == .limitsRefused(.otherCluster(named("other"))))
    }

    @Test func expiryIsCheckedToTheNanosecond() {
        var desk = LimitDesk()
        let edit = desk.edit(.orderQuantityMax, "50")
        let now = desk.wall
        #expect(
            desk.apply([edit], by: "alice") { $0.expiresAt = now }
                == .limitsRefused(.expired(at: now)))
        let late = now + .seconds(30 * 86_400) + Span(nanoseconds: 1)
        #expect(
            desk.apply([edit], by: "alice") { $0.expiresAt = late }
                == .limitsRefused(.expiresTooLate(at: late)))
        #expect(
            desk.apply([edit], by: "alice") { $0.expiresAt = now + Span(nanoseconds: 1) }
                == .limitsInForce(version: 8))
    }

    @Test func valuesAreBounded() {
        var desk = LimitDesk()
        let place = LimitPlace(.firm, .orderQuantityMax)
        #expect(
            desk.refusal([desk.edit(.orderQuantityMax, "-0.000000001")]) == .negative(place))
        let max = 1_000_000_000 * Quantity.scale
        #expect(
            desk.refusal([LimitEdit(place: place, was: units("100"), value: max + 1)])
                == .tooLarge(place, max: max))
        let most = LimitEdit(place: place, was: units("100"), value: max)
        #expect(
            desk.apply([most], by: "alice", "bob") == .limitsWait(until: desk.wall + .seconds(10)))
        #expect(
            desk.refusal([desk.edit(.positionMax, "1000")])
                == .changesNothing(LimitPlace(.firm, .positionMax)))
        #expect(
            desk.refusal([LimitEdit(place: place, was: units("99"), value: 1)])
                == .wasDiffers(place))
        #expect(
            desk.refusal([LimitEdit(place: place, was: units("100"), value: nil)])
                == .mandatory(place))
    }

    @Test func aChangeIsRefusedWholeWithItsNumber() {
        var desk = LimitDesk()
        let twice = [desk.edit(.positionMax, "5"), desk.edit(.positionMax, "4")]
        #expect(
            desk.apply(twice, by: "alice")
                == .limitsRefused(.change(2, .twice(LimitPlace(.firm, .positionMax)))))
        #expect(desk.limit(.positionMax) == units("1000"))
        let least = desk.edit(.orderQuantityMin, "101")
        #expect(
            desk.refusal([least]) == .contradiction(LimitPlace(.firm, .orderQuantityMin)))
        let both = [desk.edit(.orderQuantityMin, "50"), desk.edit(.orderQuantityMax, "49")]
        #expect(desk.refusal(both) == .contradiction(LimitPlace(.firm, .orderQuantityMin)))
        #expect(desk.apply([], by: "alice") == .limitsRefused(.wrongCount(0)))
    }

    @Test func scopesMustExist() {
        var desk = LimitDesk()
        let unknown = ScopeKey.org(named("nobody"))
        let place = LimitPlace(unknown, .positionMax)
        #expect(
            desk.refusal([LimitEdit(place: place, was: nil, value: 1)]) == .unknownScope(place))
        let own = LimitPlace(.strategy(Rig.owner), .positionMax)
        #expect(
            desk.apply([LimitEdit(place: own, was: nil, value: units("3"))], by: "alice")
                == .limitsInForce(version: 8))
        #expect(desk.rig.order(.buy, "0.50", "4").reason == .positionExceeded)
        let view = desk.rig.engine.limitViews.first { $0.place == own }
        #expect(view?.effective == units("3"))
        #expect(view?.effectiveLevel == .strategy)
    }

    /// A limit that is missing everywhere denies; stating it would let orders pass.
    @Test func statingWhatIsMissingEverywhereLoosens() {
        var desk = LimitDesk(without: .positionMax)
        #expect(desk.rig.order(.buy, "0.50", "1").reason == .limitMissing)
        #expect(
            desk.apply([desk.edit(.positionMax, "1")], by: "alice")
                == .limitsRefused(.quorumMissing(signed: 1, needed: 2)))
        let burst = LimitPlace(.strategy(Rig.owner), .orderBurst)
        #expect(
            desk.apply([LimitEdit(place: burst, was: nil, value: 1)], by: "alice")
                == .limitsRefused(.quorumMissing(signed: 1, needed: 2)))
    }

    /// Tokens that were used stay used when the rate falls.
    @Test func aLowerRateGivesNoTokensBack() {
        var desk = LimitDesk()
        desk.apply([desk.edit(.orderBurst, "2")], by: "alice")
        #expect(desk.rig.order(.buy, "0.50", "1").isPermitted)
        #expect(desk.rig.order(.buy, "0.50", "1").isPermitted)
        #expect(desk.rig.order(.buy, "0.50", "1").reason == .orderRateExceeded)
        desk.apply([desk.edit(.ordersPerSecond, "1")], by: "alice")
        #expect(desk.rig.order(.buy, "0.50", "1").reason == .orderRateExceeded)
        desk.rig.pass(.milliseconds(999))
        #expect(desk.rig.order(.buy, "0.50", "1").reason == .orderRateExceeded)
        desk.rig.pass(.milliseconds(1))
        #expect(desk.rig.order(.buy, "0.50", "1").isPermitted)
    }

    // MARK: - The configuration

    @Test func aConfigurationOnlyTightens() {
        var desk = LimitDesk()
        let place = LimitPlace(.firm, .orderQuantityMax)
        #expect(desk.rig.engine.effect(ofConfigured: units("100"), at: place) == .none)
        #expect(desk.rig.engine.effect(ofConfigured: units("101"), at: place) == .loosens)
        #expect(desk.rig.engine.effect(ofConfigured: units("99"), at: place) == .tightens)
        desk.apply([desk.edit(.orderQuantityMax, "200")], by: "alice", "bob")
        desk.due(at: desk.wall + .seconds(10))
        // The configuration is what it was: what was signed since stands.
        #expect(desk.rig.engine.effect(ofConfigured: units("100"), at: place) == .none)
        #expect(desk.rig.engine.effect(ofConfigured: units("150"), at: place) == .tightens)
        #expect(desk.rig.engine.effect(ofConfigured: units("201"), at: place) == .loosens)
        let own = LimitPlace(.strategy(Rig.owner), .positionMax)
        #expect(desk.rig.engine.effect(ofConfigured: units("5"), at: own) == .tightens)
        let fresh = RiskEngine(cluster: named("test"))
        #expect(fresh.effect(ofConfigured: units("5"), at: place) == .tightens)
    }
}

/// A rig with two operators, and a wall clock of its own.
struct LimitDesk {
    var rig: Rig
    var wall = Timestamp(seconds: 1_800_000_000)
    private var nonce: UInt64 = 0

    init(quorum: UInt32 = 2, without missing: LimitKind? = nil) {
        rig = Rig(without: missing)
        let members = ["alice", "bob"].map {
            OperatorsSet.OperatorsEntry(name: named($0))
        }
        rig.applyFrame(OperatorsSet(quorum: quorum).frame(operators: members))
    }

    func limit(_ kind: LimitKind) -> Int64? { rig.engine.limit(kind, of: .firm) }

    /// A change of the firm's limit from what is in force.
    func edit(_ kind: LimitKind, _ value: String) -> LimitEdit {
        LimitEdit(place: LimitPlace(.firm, kind), was: limit(kind), value: units(value))
    }

    func proposal(
        _ edits: [LimitEdit], adjust: (inout LimitProposal) -> Void = { _ in }
    ) -> [UInt8] {
        var head = LimitProposal(
            cluster: named("test"), base: rig.engine.limitSnapshot, baseHash: hash,
            proposedAt: wall, effectiveAt: .zero, expiresAt: wall + .seconds(3_600))
        adjust(&head)
        return head.frame(
            changes: edits.map(LimitProposal.ChangesEntry.init), reason: Array("test".utf8))
    }

    @discardableResult
    mutating func apply(_ proposal: [UInt8], by signers: [String]) -> OperatorOutcome? {
        nonce += 1
        let change = LimitChange(nonce: nonce, receivedAt: wall, presentHash: hash)
        rig.applyFrame(
            change.frame(
                signatures: signers.map {
                    LimitChange.SignaturesEntry(operator: named($0), signature: .zero)
                },
                proposal: proposal))
        for case .reply(_, _, _, let outcome) in rig.effects.items { return outcome }
        return nil
    }

    @discardableResult
    mutating func apply(
        _ edits: [LimitEdit], by signers: String...,
        adjust: (inout LimitProposal) -> Void = { _ in }
    ) -> OperatorOutcome? {
        apply(proposal(edits, adjust: adjust), by: signers)
    }

    /// Why the last of the changes is refused.
    mutating func refusal(_ edits: [LimitEdit]) -> EditRefusal? {
        guard case .limitsRefused(.change(_, let refusal)) = apply(edits, by: "alice") else {
            return nil
        }
        return refusal
    }

    mutating func due(at time: Timestamp) {
        rig.apply(LimitsDue(wallTime: time))
    }

    /// The state survives a restart, and the journal gives it again.
    func requireSameAfterRestore(_ location: SourceLocation = #_sourceLocation) {
        let bytes = rig.engine.snapshotBytes()
        let restored = try? RiskEngine(snapshot: bytes)
        #expect(restored?.snapshotBytes() == bytes, sourceLocation: location)
        #expect(restored?.limitViews == rig.engine.limitViews, sourceLocation: location)
        var replayed = RiskEngine(cluster: named("test"))
        var effects = RiskEffects()
        for entry in rig.journal { _ = try? replayed.recover(entry, into: &effects) }
        #expect(replayed.snapshotBytes() == bytes, sourceLocation: location)
    }

    private var hash: Digest { testHash(rig.engine.limitSetBytes()) }
}
