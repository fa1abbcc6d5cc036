import Cryptography
import Logging
import Risk
import Trading
import Transport
import Wire

/// Limits: what is in force, and changes that operators have signed.
extension RiskCoreService {
    /// How many limits one answer holds.
    private static let limitsPerReply = 200

    // MARK: Changes

    /// Takes a proposal whose signatures hold, and lets the engine judge it. The answer leaves when
    /// it is durable.
    func takeLimits(_ frame: [UInt8], from peer: ProcessID) throws(WireError) {
        operatorPeer = peer
        defer { operatorPeer = nil }
        var change = try LimitChange(decoding: frame)
        let signatures = try LimitChange.signatures(in: frame)
        let proposal = try LimitChange.proposal(in: frame)
        // What cannot be read is refused here, before anything is journalled.
        _ = try ProposedLimits(decoding: proposal)
        let about: Logger.Metadata = [
            "signed": "\(signatures.map(\.operator.description).joined(separator: ","))"
        ]
        let refusal = refusal(
            of: signatures.map {
                DirectiveGiven.SignaturesEntry(operator: $0.operator, signature: $0.signature)
            }, over: proposal
        ) { bytes, frame, key in LimitSeal.isValid(bytes, for: frame, by: key) }
        if let refusal {
            counters.commandsRefused += 1
            log.error("limits_refused", metadata: about.merging(["why": "\(refusal)"]) { $1 })
            return reply(nonce: change.nonce, isAccepted: false, cancelled: 0, refusal)
        }
        change.receivedAt = clock.wall
        change.presentHash = limitsHash
        try apply(.limitChange, change.frame(signatures: signatures, proposal: proposal))
    }

    /// The hash that a proposal must name as its base.
    private var limitsHash: Digest { Digest(SHA256.hash(engine.limitSetBytes())) }

    /// Puts the change that waits in force when its time has come.
    func applyDueLimits() {
        guard let waiting = engine.waitingLimits, clock.wall >= waiting.effectiveAt else { return }
        apply(own: LimitsDue(wallTime: clock.wall))
    }

    func note(_ notice: LimitNotice) {
        switch notice {
        case .inForce(let version, let edits, let signers, let reason):
            note("limits_in_force", ["version": "\(version)"], edits, signers, reason)
        case .waits(let time, let edits, let signers, let reason):
            note("limits_wait", ["until": "\(time)"], edits, signers, reason)
        case .superseded: log.warning("limits_superseded")
        case .expired(let time):
            log.warning("limits_expired", metadata: ["expired": "\(time)"])
        }
    }

    private func note(
        _ event: Logger.Message, _ about: Logger.Metadata, _ edits: [LimitEdit],
        _ signers: [ShortName], _ reason: String
    ) {
        let who = signers.map(\.description).joined(separator: ",")
        for edit in edits {
            log.notice(
                event,
                metadata: about.merging([
                    "change": "\(edit)", "by": "\(who)", "why": "\(reason)",
                ]) { $1 })
        }
    }

    // MARK: The configuration

    /// Journals what the configuration says and the journal does not know. It may tighten; what
    /// would loosen is left as it is, and said.
    func applyConfiguration() {
        let facts = ConfigurationFacts(configuration, differingFrom: engine)
        if let roster = facts.roster { applyOwn(.operatorsSet, roster) }
        for account in facts.accounts { apply(own: account) }
        for method in facts.costMethods { apply(own: method) }
        for grant in facts.grants { apply(own: grant) }
        for limit in facts.limits { apply(own: limit) }
        for kept in facts.kept {
            log.warning(
                "limit_not_loosened",
                metadata: [
                    "limit": "\(kept.place)",
                    "in_force": "\(LimitText.value(kept.value, of: kept.place.kind))",
                    "configured": "\(LimitText.value(kept.configured, of: kept.place.kind))",
                    "then": "supervisor limits propose",
                ])
        }
    }

    // MARK: What is in force

    func sendLimits(_ request: LimitsRequest, to peer: ProcessID) {
        let views = engine.limitViews
        let first = min(Int(request.from), views.count)
        let page = views[first...].prefix(RiskCoreService.limitsPerReply)
        let waiting = engine.waitingLimits
        let reply = LimitsReply(
            nonce: request.nonce, version: engine.limitSnapshot, hash: limitsHash,
            quorum: engine.roster.quorum, total: UInt32(views.count),
            pendingAt: waiting?.effectiveAt ?? .zero)
        _ = parts.admin.send(
            reply.frame(limits: page.map(LimitsReply.LimitsEntry.init), pending: pendingProposal),
            to: peer)
    }

    private var pendingProposal: [UInt8] {
        guard let waiting = engine.waitingLimits else { return [] }
        // The engine has read it before.
        return (try? LimitChange.proposal(in: waiting.frame)) ?? []
    }
}

extension LimitsReply.LimitsEntry {
    fileprivate init(_ view: LimitView) {
        let scope = view.place.scope
        self.init(
            kind: view.place.kind, level: scope.level, org: scope.org, account: scope.account,
            mode: scope.mode, strategy: scope.strategy, venue: scope.venue,
            instrument: scope.instrument, eventSet: scope.eventSet, value: view.value,
            effective: view.effective, effectiveLevel: view.effectiveLevel,
            version: view.origin?.version ?? 0, at: view.origin?.at ?? .zero,
            signer: view.origin?.signer ?? .empty, cosigner: view.origin?.cosigner ?? .empty)
    }
}
