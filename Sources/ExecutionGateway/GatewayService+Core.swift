import Cryptography
import Execution
import Logging
package import Trading
package import Transport
import Wire

extension GatewayService {
    package func linkOpened(
        _ peer: ProcessID, incarnation: Incarnation, resumed: Bool, on link: LinkName
    ) {
        guard peer == parts.core, !resumed else { return }
        log.info("core_linked", metadata: ["incarnation": "\(incarnation)"])
        tick.isAnnounced = false
        tick.isCoreDone = false
        for instrument in board.instruments {
            send(instrument.definition(at: marketTime), lane: .priority)
        }
    }

    /// Without the core nothing may rest: the lease is retired first, then every order cancelled.
    package func linkClosed(
        _ peer: ProcessID, because reason: LinkClosure, on link: LinkName
    ) {
        guard peer == parts.core else { return }
        log.error("core_lost", metadata: ["reason": "\(reason)"])
        perform { engine, _, effects in engine.coreLost(into: &effects) }
    }

    package func linkRefused(
        by peer: ProcessID, because reason: LinkClosure, on link: LinkName
    ) {
        log.warning("link_refused", metadata: ["peer": "\(peer)", "why": "\(reason)"])
    }

    package func heartbeatReceived(
        _ head: JournalHead, from peer: ProcessID, on link: LinkName
    ) {
        guard peer == parts.core else { return }
        engine.coreHeard(journalSequence: head.sequence)
    }

    package func received(_ frame: [UInt8], from peer: ProcessID, on link: LinkName) {
        do {
            if link == parts.orders.name {
                try receivedFromCore(frame)
            } else {
                try receivedFromSupervisor(frame, peer: peer)
            }
        } catch {
            counters.malformed += 1
            let server = link == parts.orders.name ? parts.orders : parts.admin
            server.refuse(frame, from: peer, .malformed, "\(error)")
        }
    }

    private func receivedFromCore(_ frame: [UInt8]) throws(WireError) {
        switch try WireFrame.template(of: frame) {
        case .orderPermit: accept(try OrderPermit(decoding: frame), in: frame)
        case .cancelOrder:
            let command = try CancelOrder(decoding: frame)
            perform { engine, now, effects in
                engine.cancel(command, at: now.market, into: &effects)
            }
        case .requestLease:
            let request = try RequestLease(decoding: frame)
            guard !isStopping else { return }
            perform { engine, now, effects in
                engine.request(request, at: now.market, into: &effects)
            }
        case .fateQuery:
            let query = try FateQuery(decoding: frame)
            perform { engine, now, effects in
                engine.answer(query, at: now.market, into: &effects)
            }
        case .reconcile:
            let request = try Reconcile(decoding: frame)
            // The first comparison under a lease is what ticks wait for; it waits for none.
            if parts.isReplay, tick.isOpen, hasReconciled {
                deferredReconciliation = request
            } else {
                perform { engine, _, effects in engine.reconcile(request, into: &effects) }
            }
        case .tickDone: finish(try TickDone(decoding: frame).tick)
        default:
            parts.orders.refuse(frame, from: parts.core, .notAllowed, "not for a gateway")
        }
    }

    private func accept(_ permit: OrderPermit, in frame: [UInt8]) {
        counters.permits += 1
        let block = OrderPermit.authenticatedRange
        let code = try? SHA256Digest(bytes: permit.mac.bytes)  // 32 bytes by type: never fails.
        let isAuthentic =
            code.map { authenticator.verify(frame, range: block, code: $0) } ?? false
        if !isAuthentic { counters.forged += 1 }
        perform { engine, now, effects in
            engine.accept(permit, isAuthentic: isAuthentic, at: now, into: &effects)
        }
    }

    /// The core is done with a tick. With an old one, where the venue did not wait for us, it tells
    /// the venue that we are there and behind.
    private func finish(_ done: TickNumber) {
        if done == tick.number {
            tick.isCoreDone = true
        } else if done < tick.number {
            parts.adapter.acknowledge(tick: done)
        }
    }

    /// Sends a report to the core. Fates and fills never wait for credit.
    func tellCore(_ report: GatewayReport) {
        switch report {
        case .leaseGranted(let message):
            deferredReconciliation = nil
            hasReconciled = false
            send(message.frame(), lane: .priority)
            announceTick()
        case .leaseRetired(let message):
            // The core forgets the tick with the lease, and hears of it again under the next.
            if !tick.isCoreDone { tick.isAnnounced = false }
            send(message.frame(), lane: .priority)
        case .quiesced(let message): send(message.frame(), lane: .priority)
        case .latch(let message): send(message.frame(), lane: .priority)
        case .fate(let message): send(message.frame(detail: []), lane: .priority)
        case .fill(let message):
            counters.fills += 1
            send(message.frame(), lane: .priority)
        case .settlement(let message): send(message.frame(), lane: .priority)
        case .balance(let message): send(message.frame(), lane: .priority)
        case .position(let message): send(message.frame(), lane: .priority)
        case .order(let message): send(message.frame(), lane: .priority)
        case .reconciled(let message):
            hasReconciled = true
            send(message.frame(), lane: .priority)
        }
    }

    // MARK: Admin

    private func receivedFromSupervisor(_ frame: [UInt8], peer: ProcessID) throws(WireError) {
        switch try WireFrame.template(of: frame) {
        case .statusRequest:
            let request = try StatusRequest(decoding: frame)
            _ = parts.admin.send(status(nonce: request.nonce), to: peer)
        case .operatorCommand:
            try obey(OperatorCommand(decoding: frame), in: frame, peer: peer)
        case .directiveGiven: obey(try GivenDirective(decoding: frame), peer: peer)
        case .haltRequest:
            let request = try HaltRequest(decoding: frame)
            let reply = HaltReply(
                nonce: request.nonce, halt: engine.newestHalt(under: request),
                quorum: UInt32(parts.terms.clearing.quorum))
            _ = parts.admin.send(reply.frame(), to: peer)
        default: parts.admin.refuse(frame, from: peer, .notAllowed, "not for a gateway")
        }
    }

    /// As at the core: what was signed longer ago is not obeyed, nor what was signed as far ahead.
    private static let commandAgeMax = Span.seconds(300)
    /// How many signatures are looked at.
    private static let signaturesMax = 16

    /// Why a command is not obeyed. A halt is obeyed in whatever order it comes.
    private func refusal(
        of command: OperatorCommand, _ reason: [UInt8], in frame: [UInt8]
    ) -> String? {
        let isSigned =
            parts.operators[command.operator].map { key in
                OperatorSeal.isValid(
                    command.signature.bytes, for: frame,
                    range: OperatorCommand.authenticatedRange, reason: reason, by: key)
            } ?? false
        if !isSigned { return "the signature of operator \(command.operator) does not verify" }
        let limit = GatewayService.commandAgeMax
        guard command.issuedAt > clock.wall - limit, command.issuedAt < clock.wall + limit else {
            return "the command was signed at \(command.issuedAt); sign it again"
        }
        if command.action != .halt { return "a gateway takes no \(command.action) as a command" }
        return nil
    }

    /// Obeys a signed halt. The answer leaves after the commit.
    private func obey(
        _ command: OperatorCommand, in frame: [UInt8], peer: ProcessID
    ) throws(WireError) {
        let reason = try OperatorCommand.reason(in: frame)
        let detail = refusal(of: command, reason, in: frame) ?? ""
        var cancelled = 0
        if detail.isEmpty {
            perform { engine, now, effects in
                cancelled = engine.obey(
                    halt: command, reason: reason, at: now.market, into: &effects)
            }
        }
        log.warning(
            "operator_command",
            metadata: ["action": "\(command.action)", "refused": "\(detail)"])
        answer(command.nonce, refusal: detail, cancelled: cancelled, to: peer)
    }

    /// Clears a halt by a directive, if the signatures of all that it takes hold.
    private func obey(_ given: GivenDirective, peer: ProcessID) {
        let detail = refusal(of: given.received(at: clock.wall))
        log.warning(
            "operator_directive",
            metadata: [
                "number": "\(given.terms.number)", "refused": "\(detail)",
                "signed": "\(given.claim.signers.map(\.description).joined(separator: ","))",
            ])
        answer(given.head.nonce, refusal: detail, cancelled: 0, to: peer)
    }

    /// Empty when it was obeyed.
    private func refusal(of given: GivenDirective) -> String {
        guard given.signatures.count <= GatewayService.signaturesMax else {
            return "it has \(given.signatures.count) signatures"
        }
        for entry in given.signatures {
            let isSigned =
                parts.operators[entry.operator].map { key in
                    DirectiveSeal.isValid(entry.signature.bytes, for: given.directive, by: key)
                } ?? false
            if !isSigned { return "the signature of operator \(entry.operator) does not verify" }
        }
        var refusal: DirectiveRefusal?
        perform { engine, now, effects in
            do throws(DirectiveRefusal) {
                try engine.obey(given, at: now.market, into: &effects)
            } catch {
                refusal = error
            }
        }
        return refusal.map(\.description) ?? ""
    }

    private func answer(
        _ nonce: UInt64, refusal: String, cancelled: Int, to peer: ProcessID
    ) {
        let reply = OperatorReply(
            nonce: nonce, isAccepted: Flag(refusal.isEmpty),
            arming: engine.isKilled ? .halted : .armed, cancelled: UInt32(cancelled))
        _ = parts.admin.send(reply.frame(detail: Array(refusal.utf8)), to: peer, lane: .priority)
    }

    private func status(nonce: UInt64) -> [UInt8] {
        let values: [(StaticString, Int64)] = [
            ("permits", counters.permits), ("permits_forged", counters.forged),
            ("permits_expired", counters.expired), ("fills", counters.fills),
            ("alarms", counters.alarms), ("ticks", counters.ticks),
            ("ticks_late", counters.lateTicks), ("payloads_refused", counters.refusedPayloads),
            ("malformed", counters.malformed), ("outbox_overflows", counters.overflows),
            ("venue_disconnects", counters.disconnects), ("books_stale", counters.staleBooks),
            ("orders_open", Int64(engine.openOrderCount)),
            ("instruments", Int64(board.instruments.count)),
        ]
        let entries = values.compactMap { label, value in
            LongName(label.description).map {
                StatusReply.CountersEntry(label: $0, value: value)
            }
        }
        return StatusReply(
            nonce: nonce, kind: .gateway, arming: engine.isLeaseActive ? .armed : .disarmed,
            isKilled: Flag(engine.isKilled), isReady: Flag(engine.isLeaseActive),
            incarnation: parts.incarnation, marketTime: marketTime, tick: tick.number,
            journalSequence: journalHead.sequence, chainHead: journalHead.chainHead,
            stateHash: .zero
        ).frame(counters: entries, version: Array(parts.version.utf8))
    }
}
