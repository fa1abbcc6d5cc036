import Cryptography
package import Journal
import Logging
import Risk
import Runtime
import Trading
import Transport
import Wire

/// The supervisor's link: operators' commands, status, and followers of the journal.
extension RiskCoreService {
    /// A command that was signed longer ago, or so far in the future, is not obeyed.
    private static let commandAgeMax = Span.seconds(300)
    /// How many signatures of a file are looked at.
    private static let signaturesMax = 16

    func receivedFromSupervisor(
        _ template: WireTemplate, _ frame: [UInt8], _ peer: ProcessID
    ) throws(WireError) {
        switch template {
        case .statusRequest:
            let request = try StatusRequest(decoding: frame)
            _ = parts.admin.send(status(nonce: request.nonce), to: peer)
        case .operatorCommand:
            try obey(OperatorCommand(decoding: frame), in: frame, from: peer)
        case .directiveGiven: try obey(GivenDirective(decoding: frame), from: peer)
        case .haltRequest:
            let request = try HaltRequest(decoding: frame)
            let reply = HaltReply(
                nonce: request.nonce, halt: engine.newestHalt(under: HaltScope(request)),
                quorum: engine.roster.quorum)
            _ = parts.admin.send(reply.frame(), to: peer)
        case .alertBeat:
            if try AlertBeat(decoding: frame).isHeard.isSet { alertsAreHeard() }
        case .limitChange: try takeLimits(frame, from: peer)
        case .limitsRequest: sendLimits(try LimitsRequest(decoding: frame), to: peer)
        case .followJournal:
            let request = try FollowJournal(decoding: frame)
            let question = JournalFollower.Question(
                peer: peer, nonce: request.nonce, from: request.from, limit: Int(request.limit))
            if !parts.follower.ask(question) {
                counters.followsRefused += 1
                refuse(frame, from: peer, on: parts.admin.name, .overload, "too many followers")
            }
        default:
            refuse(
                frame, from: peer, on: parts.admin.name, .notAllowed,
                "\(template) is not for the core")
        }
    }

    // MARK: Operators

    /// Obeys a command of one operator that stops something. The answer leaves when it is durable.
    private func obey(
        _ command: OperatorCommand, in frame: [UInt8], from peer: ProcessID
    ) throws(WireError) {
        operatorPeer = peer
        defer { operatorPeer = nil }
        let about: Logger.Metadata = [
            "operator": "\(command.operator)", "action": "\(command.action)",
            "scope": "\(command.scope)",
        ]
        let reason = try OperatorCommand.reason(in: frame)
        let refusal = refusal(of: command, reason, in: frame)
        guard isBelieved(command.nonce, refusal, about) else { return }
        try apply(.operatorCommand, frame)
    }

    /// Obeys a directive whose signatures hold, if the engine finds them enough.
    private func obey(_ given: GivenDirective, from peer: ProcessID) throws(WireError) {
        operatorPeer = peer
        defer { operatorPeer = nil }
        let about: Logger.Metadata = [
            "signed": "\(given.claim.signers.map(\.description).joined(separator: ","))",
            "directive": "\(given.terms.number)", "reason": "\(given.terms.reason)",
        ]
        let refusal = refusal(of: given.signatures, over: given.directive) { bytes, frame, key in
            DirectiveSeal.isValid(bytes, for: frame, by: key)
        }
        guard isBelieved(given.head.nonce, refusal, about) else { return }
        try apply(.directiveGiven, given.received(at: clock.wall).frame)
        guard case .order(let directive, _) = given.terms.content else { return }
        if directive.action == .arm, engine.arming == .armed { parts.start.clear() }
    }

    /// Whether nothing refuses an order of operators. Answers and logs a refusal.
    private func isBelieved(
        _ nonce: UInt64, _ refusal: String?, _ about: Logger.Metadata
    ) -> Bool {
        guard let refusal else {
            log.notice("command", metadata: about)
            return true
        }
        counters.commandsRefused += 1
        log.error("command_refused", metadata: about.merging(["why": "\(refusal)"]) { $1 })
        reply(nonce: nonce, isAccepted: false, cancelled: 0, refusal)
        return false
    }

    private func refusal(
        of command: OperatorCommand, _ reason: [UInt8], in frame: [UInt8]
    ) -> String? {
        guard let key = parts.operators[command.operator] else {
            return "there is no operator \(command.operator)"
        }
        let isSigned = OperatorSeal.isValid(
            command.signature.bytes, for: frame, range: OperatorCommand.authenticatedRange,
            reason: reason, by: key)
        guard isSigned else {
            return "the signature of operator \(command.operator) does not hold"
        }
        let age = clock.wall - command.issuedAt
        let limit = RiskCoreService.commandAgeMax
        guard age < limit, age.nanoseconds > -limit.nanoseconds else {
            return "the command was signed at \(command.issuedAt); sign it again"
        }
        switch command.action {
        case .halt, .reduceOnly, .disarm, .stop: return nil
        case .resume, .arm, .resolveBreak: return "\(command.action) takes a directive"
        }
    }

    /// Why the signatures of a file are not believed.
    func refusal(
        of signatures: [DirectiveGiven.SignaturesEntry], over bytes: [UInt8],
        isValid: ([UInt8], [UInt8], Ed25519PublicKey) -> Bool
    ) -> String? {
        guard signatures.count <= RiskCoreService.signaturesMax else {
            return "it has \(signatures.count) signatures"
        }
        for entry in signatures {
            guard let key = parts.operators[entry.operator] else {
                return "there is no operator \(entry.operator)"
            }
            guard isValid(entry.signature.bytes, bytes, key) else {
                return "the signature of operator \(entry.operator) does not hold"
            }
        }
        return nil
    }

    /// An operator has armed the core after a crash loop.
    func openLinks() {
        areLinksClosed = false
        do {
            try parts.connectGateways()
        } catch {
            fail(error)
        }
    }

    // MARK: Followers

    /// Sends what the reader thread has found.
    package func followed(_ result: Result<JournalFollower.Answer, JournalError>) {
        switch result {
        case .failure(let error): log.error("follow_failed", metadata: ["error": "\(error)"])
        case .success(let answer): send(answer)
        }
    }

    private func send(_ answer: JournalFollower.Answer) {
        let peer = answer.question.peer
        for entry in answer.entries {
            let header = entry.header
            let record = JournalRecord(
                nonce: answer.question.nonce, entry: header.sequence, entryEpoch: header.epoch,
                engineVersion: header.engineVersion, at: header.at, template: header.template,
                chainHash: Digest(header.chainHash))
            let outcome = parts.admin.send(record.frame(body: entry.body), to: peer)
            guard outcome == .queued else { return }
        }
        let end = FollowEnd(
            nonce: answer.question.nonce, next: answer.next, head: answer.head)
        _ = parts.admin.send(end.frame(), to: peer)
    }

    // MARK: Status

    private func status(nonce: UInt64) -> [UInt8] {
        let isReady = configuration.gateways.allSatisfy { standings[$0.name]?.isReady == true }
        return StatusReply(
            nonce: nonce, kind: .core, arming: engine.arming,
            isKilled: Flag(engine.arming == .halted), isReady: Flag(isReady && !areLinksClosed),
            incarnation: parts.incarnation, marketTime: now, tick: barrier.tick,
            journalSequence: journal.head.sequence, chainHead: Digest(journal.head.hash),
            stateHash: Digest(SHA256.hash(engine.snapshotBytes()))
        ).frame(counters: statusCounters, version: Array(parts.version.utf8))
    }

    /// Which registry holds, and what it keeps from being traded.
    private var registryCounters: [(String, Int64)] {
        let view = engine.registryView
        return [
            ("registry_version", Int64(clamping: view.version)),
            ("registries_refused", counters.registriesRefused),
            ("instruments_watched", Int64(view.watched)),
            ("instruments_frozen", Int64(view.frozen)),
            ("events_disputed", Int64(view.disputed)),
        ]
    }

    /// Where the live guard keeps new risk away, and what it measures: an account or an instrument
    /// that is guarded counts one.
    private var guardCounters: [(String, Int64)] {
        let instruments = engine.guardedInstruments
        var values: [(String, Int64)] = [("instruments_guarded", Int64(instruments.count))]
        for view in engine.guardViews {
            values.append(("guarded.\(view.account)", view.isGuarded ? 1 : 0))
            values.append(("declines_e9.\(view.account)", view.declines))
            values.append(("answer_p95_ns.\(view.account)", view.latency))
            values.append(("snapshot_age_ns.\(view.account)", view.snapshotAge))
        }
        for instrument in instruments.prefix(16) { values.append(("guarded.\(instrument)", 1)) }
        return values
    }

    /// Amounts are in units of 1e-9 and end in `_e9`; rejections are counted by reason.
    private var statusCounters: [StatusReply.CountersEntry] {
        let counted = engine.counters
        let shed = counters.staleWork + counters.overload
        let state = engine.status
        var values: [(String, Int64)] = [
            ("requested", Int64(clamping: counted.requested) + shed),
            ("permitted", Int64(clamping: counted.permitted)),
            ("rejected", Int64(clamping: counted.rejected) + shed),
            ("fills", Int64(clamping: counted.fills)),
            ("settled", Int64(clamping: counted.settled)),
            ("fees_e9", state.fees.units), ("realized_e9", state.realized.units),
            ("unrealized_e9", state.unrealized.units), ("cash_e9", state.cash.units),
            ("orders_open", Int64(state.openOrders)),
            ("decisions", Int64(clamping: latency.count)),
            ("decision_p50_ns", latency.nanoseconds(at: 50)),
            ("decision_p99_ns", latency.nanoseconds(at: 99)),
            ("intents", Int64(clamping: counted.intents)),
            ("cancels", Int64(clamping: counted.cancels)),
            ("duplicates", Int64(clamping: counted.duplicates)),
            ("busts", Int64(clamping: counted.busts)),
            ("alarms", Int64(clamping: counted.alarms)),
            ("reports_ignored", Int64(clamping: counted.reportsIgnored)),
            ("permits_sent", counters.permitsSent), ("cancels_sent", counters.cancelsSent),
            ("ticks", counters.ticks), ("steps_late", counters.lateSteps),
            ("agents_unawaited", Int64(barrier.unawaited.count)),
            ("market_gaps", counters.marketGaps), ("malformed", counters.malformed),
            ("agent_overflows", counters.agentOverflows),
            ("gateway_overflows", counters.gatewayOverflows),
            ("commands_refused", counters.commandsRefused),
            ("follows_refused", counters.followsRefused),
        ]
        values += registryCounters + guardCounters
        var reasons = Dictionary(
            counted.reasons.map { ($0.reason, Int64(clamping: $0.count)) }
        ) { $0 + $1 }
        if counters.staleWork > 0 { reasons[.staleWork, default: 0] += counters.staleWork }
        if counters.overload > 0 { reasons[.overload, default: 0] += counters.overload }
        for (reason, count) in reasons.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
            values.append((StatusLabel.rejectedPrefix + "\(reason)", count))
        }
        values += BrakeSummary(engine.brakeViews).counters
        return values.compactMap { label, value in
            LongName(label).map { StatusReply.CountersEntry(label: $0, value: value) }
        }
    }
}
