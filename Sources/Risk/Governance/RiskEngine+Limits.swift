package import Trading
package import Wire

/// Changes of limits by persons. The shell has verified the signatures; what a change may do, and
/// when, is decided here.
///
/// A proposal holds against one version alone, so it can be applied once. A change that is provably
/// a tightening acts at once with one signature; everything else takes the quorum of distinct
/// operators, and waits.
extension RiskEngine {
    /// How long a change that loosens waits.
    enum Notice {
        static let quorum = Span.seconds(10)
        /// One person alone has time to think again.
        static let alone = Span.seconds(12 * 3_600)
        static let expiryMax = Span.seconds(30 * 86_400)
    }

    /// Who the operators are.
    package mutating func apply(
        operatorsSet frame: [UInt8], at now: Timestamp, into effects: inout RiskEffects
    ) throws(WireError) {
        let set = try OperatorsSet(decoding: frame)
        let names = try OperatorsSet.operators(in: frame).map(\.name)
        advance(to: now)
        roster = OperatorRoster(quorum: set.quorum, names: names)
    }

    /// A proposal with its signatures.
    package mutating func apply(
        limitChange frame: [UInt8], at now: Timestamp, into effects: inout RiskEffects
    ) throws(WireError) {
        let signed = try SignedLimits(decoding: frame)
        advance(to: now)
        let nonce = signed.change.nonce
        do throws(LimitRefusal) {
            let edits = try admitted(signed)
            let outcome: OperatorOutcome
            if edits.allSatisfy(isTightening) {
                putInForce(edits, signed, at: signed.change.receivedAt, into: &effects)
                outcome = .limitsInForce(version: limitSnapshot)
            } else {
                let time = try effectiveTime(of: signed)
                pendingLimits = PendingLimits(effectiveAt: time, frame: frame)
                effects.append(
                    .limits(
                        .waits(
                            until: time, edits: edits, signers: signed.signers,
                            reason: signed.proposal.reason)))
                outcome = .limitsWait(until: time)
            }
            reply(to: nonce, outcome, into: &effects)
        } catch {
            reply(to: nonce, .limitsRefused(error), into: &effects)
        }
    }

    /// The wall clock may have reached the time of the change that waits.
    package mutating func apply(
        _ due: LimitsDue, at now: Timestamp, into effects: inout RiskEffects
    ) {
        advance(to: now)
        guard let pending = pendingLimits, due.wallTime >= pending.effectiveAt else { return }
        // It was decoded when it came.
        guard let signed = try? SignedLimits(decoding: pending.frame) else {
            preconditionFailure("the change of limits that waits cannot be read")
        }
        pendingLimits = nil
        let expiry = signed.proposal.head.expiresAt
        if due.wallTime >= expiry {
            effects.append(.limits(.expired(at: expiry)))
            return
        }
        let edits = signed.proposal.changes.compactMap(LimitEdit.init)
        putInForce(edits, signed, at: due.wallTime, into: &effects)
    }

    /// Sets a limit, or takes it out. Tokens that were used stay used: a bucket is full later
    /// where its rate falls.
    mutating func setLimit(
        _ place: LimitPlace, _ value: Int64?, into effects: inout RiskEffects
    ) {
        let index = meter(place.scope)
        let old = limits[place.kind, index]
        let fillLimits = place.kind == .fillsPerMinuteMax ? fillLimits : []
        limits[place.kind, index] = value
        if place.kind == .collarClose { refreshClosing() }
        rescaleFills(from: fillLimits)
        brakeLimitChanged(place.kind, of: index, from: old, into: &effects)
        guard let old, let value, old != value else { return }
        switch place.kind {
        case .messagesPerSecond: meters[index].messages.rescale(at: now, from: old, to: value)
        case .ordersPerSecond: meters[index].orders.rescale(at: now, from: old, to: value)
        default: break
        }
    }

    /// Another version than the one that the change that waits was made for is in force.
    mutating func dropPendingLimits(into effects: inout RiskEffects) {
        guard pendingLimits != nil else { return }
        pendingLimits = nil
        effects.append(.limits(.superseded))
    }

    private mutating func putInForce(
        _ edits: [LimitEdit], _ signed: SignedLimits, at wall: Timestamp,
        into effects: inout RiskEffects
    ) {
        putInForce(
            edits, signers: signed.signers, reason: signed.proposal.reason, at: wall,
            into: &effects)
    }

    /// Makes the next version of the limits.
    mutating func putInForce(
        _ edits: [LimitEdit], signers: [ShortName], reason: String, at wall: Timestamp,
        into effects: inout RiskEffects
    ) {
        dropPendingLimits(into: &effects)
        limitSnapshot += 1
        for edit in edits {
            let known = limitOrigins[edit.place]
            let configured = known == nil ? edit.was : known?.configured
            setLimit(edit.place, edit.value, into: &effects)
            limitOrigins[edit.place] = LimitOrigin(
                version: limitSnapshot, at: wall, signer: signers.first ?? .empty,
                cosigner: signers.dropFirst().first ?? .empty, configured: configured)
        }
        effects.append(
            .limits(
                .inForce(
                    version: limitSnapshot, edits: edits, signers: signers, reason: reason)))
    }
}
