import Logging
import Signals
package import Trading
package import Transport
import Wire

/// What the core says.
extension AgentService {
    package func linkOpened(
        _ peer: ProcessID, incarnation: Incarnation, resumed: Bool, on link: LinkName
    ) {
        guard link == links.core.name, !resumed else { return }
        counters.sessions += 1
        forgetSession()
        log.info("core_linked", metadata: ["incarnation": "\(incarnation)"])
    }

    package func linkClosed(_ peer: ProcessID, because reason: LinkClosure, on link: LinkName) {
        guard link == links.core.name else { return }
        forgetSession()
        log.error("core_lost", metadata: ["reason": "\(reason)"])
    }

    package func linkRefused(
        by peer: ProcessID, because reason: LinkClosure, on link: LinkName
    ) {
        log.warning("link_refused", metadata: ["peer": "\(peer)", "why": "\(reason)"])
    }

    package func messageRefused(
        _ refusal: RefusedMessage, by peer: ProcessID, on link: LinkName
    ) {
        log.error(
            "message_refused",
            metadata: ["template": "\(refusal.template)", "detail": "\(refusal.detail)"])
    }

    package func received(_ frame: [UInt8], from peer: ProcessID, on link: LinkName) {
        do {
            if link == links.core.name {
                try receivedFromCore(frame)
            } else {
                try receivedFromSupervisor(frame, peer: peer)
            }
        } catch {
            refuse(frame, from: peer, on: link, .malformed, "\(error)")
        }
    }

    private func receivedFromCore(_ frame: [UInt8]) throws(WireError) {
        switch try WireFrame.template(of: frame) {
        case .agentGranted: grant(try AgentGranted(decoding: frame), in: frame)
        case .agentOrder: restore(try AgentOrder(decoding: frame), in: frame)
        case .agentPosition: restore(try AgentPosition(decoding: frame), in: frame)
        case .agentReady: ready(try AgentReady(decoding: frame))
        case .decision: take(try Decision(decoding: frame))
        case .orderUpdate: take(try OrderUpdate(decoding: frame), in: frame)
        case .positionSettled: take(try PositionSettled(decoding: frame), in: frame)
        case .tickBegan: begin(try TickBegan(decoding: frame), in: frame)
        default:
            refuse(frame, from: links.core.peer, on: links.core.name, .notAllowed, "not for us")
        }
    }

    // MARK: The snapshot

    private func grant(_ message: AgentGranted, in frame: [UInt8]) {
        forgetSession()
        let granted = StrategyKey(
            org: message.org, account: message.account, mode: message.mode,
            strategy: message.strategy)
        guard granted == parts.key else {
            counters.grantsRefused += 1
            log.critical(
                "grant_mismatch",
                metadata: ["granted": "\(granted)", "configured": "\(parts.key)"])
            return
        }
        session.isGranted = true
        session.ordersLeft = Int64(message.orders)
        session.positionsLeft = Int64(message.positions)
        advance(to: message.marketTime)
        tell(.restore(cash: message.cash, incarnation: message.incarnation))
    }

    private func restore(_ message: AgentOrder, in frame: [UInt8]) {
        guard session.isGranted, let order = message.restored else {
            return refuseFromCore(frame, "an order that cannot be")
        }
        session.ordersLeft -= 1
        tell(.restoreOrder(order))
    }

    private func restore(_ message: AgentPosition, in frame: [UInt8]) {
        guard session.isGranted, message.quantity.magnitudeIsSane else {
            return refuseFromCore(frame, "a position that cannot be")
        }
        session.positionsLeft -= 1
        tell(.restorePosition(message.instrument, message.quantity))
    }

    private func ready(_ message: AgentReady) {
        guard session.isGranted else { return }
        guard session.ordersLeft == 0, session.positionsLeft == 0,
            message.incarnation == engine.incarnation
        else {
            log.error("snapshot_incomplete")
            links.core.close(because: .sequenceGap, "the snapshot is incomplete")
            return
        }
        session.isReady = true
        advance(to: message.marketTime)
        tell(.ready)
        log.info(
            "ready",
            metadata: ["incarnation": "\(message.incarnation)", "cash": "\(engine.cash)"])
    }

    private func forgetSession() {
        session = CoreSession()
        tick.isOpen = false
        tell(.disconnect)
    }

    // MARK: Updates

    private func take(_ message: Decision) {
        guard session.isReady else { return }
        if message.verdict == .rejected {
            rejections[message.reason, default: 0] += 1
        }
        advance(to: message.marketTime)
        tell(.decide(message.command))
    }

    private func take(_ message: OrderUpdate, in frame: [UInt8]) {
        guard session.isReady else { return }
        guard let change = message.change else {
            return refuseFromCore(frame, "an order's change that cannot be")
        }
        advance(to: message.marketTime)
        tell(.changeOrder(change))
    }

    private func take(_ message: PositionSettled, in frame: [UInt8]) {
        guard session.isReady else { return }
        guard message.value >= .zero, message.value <= .one else {
            return refuseFromCore(frame, "a settlement outside [0, 1]")
        }
        advance(to: message.marketTime)
        tell(.settle(message.instrument, value: message.value, payout: message.payout))
    }

    private func begin(_ message: TickBegan, in frame: [UInt8]) {
        guard parts.isReplay, message.at.isSane else {
            return refuseFromCore(frame, "a tick in live, or at an impossible time")
        }
        advance(to: message.at)
        tick.number = message.tick
        tick.isOpen = true
        tick.openedAt = clock.monotonic
        // A grant that does not fit is never acted on, but nobody has to wait for us.
        if session.isReady { actIfReady() } else { finishIdle() }
    }

    private func finishIdle() {
        tick.isOpen = false
        send(TickDone(tick: tick.number, requested: 0).frame())
    }

    /// In replay the messages of a tick carry its time; live the clock is the process's own.
    private func advance(to time: Timestamp) {
        guard parts.isReplay, time.isSane else { return }
        marketTime = max(marketTime, time)
    }

    private func refuseFromCore(_ frame: [UInt8], _ detail: String) {
        refuse(frame, from: links.core.peer, on: links.core.name, .outOfRange, detail)
    }

    func refuse(
        _ frame: [UInt8], from peer: ProcessID, on link: LinkName, _ reason: WireRefusal,
        _ detail: String
    ) {
        counters.malformed += 1
        if link == links.core.name {
            links.core.refuse(frame, reason, detail)
        } else {
            links.admin.refuse(frame, from: peer, reason, detail)
        }
    }
}
