import Logging
import Risk
package import Trading
package import Transport
import Wire

/// What links bring, sent on to the part that knows the peer.
extension RiskCoreService {
    package func linkOpened(
        _ peer: ProcessID, incarnation: Incarnation, resumed: Bool, on link: LinkName
    ) {
        if resumed { return }
        log.info("linked", metadata: ["peer": "\(peer)", "link": "\(link)"])
        if link == parts.agents.name {
            agentOpened(peer)
        } else if isGateway(peer, link) {
            gatewayOpened(peer)
        }
    }

    package func linkClosed(
        _ peer: ProcessID, because reason: LinkClosure, on link: LinkName
    ) {
        log.warning(
            "unlinked", metadata: ["peer": "\(peer)", "link": "\(link)", "why": "\(reason)"])
        if link == parts.agents.name {
            barrier.leave(agent: peer)
        } else if isGateway(peer, link) {
            gatewayClosed(peer)
        }
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
            metadata: ["peer": "\(peer)", "why": "\(refusal.reason): \(refusal.detail)"])
    }

    package func received(_ frame: [UInt8], from peer: ProcessID, on link: LinkName) {
        do throws(WireError) {
            let template = try WireFrame.template(of: frame)
            if link == parts.agents.name {
                try receivedFromAgent(template, frame, peer)
            } else if link == parts.admin.name {
                try receivedFromSupervisor(template, frame, peer)
            } else if isGateway(peer, link) {
                try receivedFromGateway(template, frame, peer)
            }
        } catch {
            refuse(frame, from: peer, on: link, .malformed, error.description)
        }
    }

    /// Tells a peer that a message was not taken; repeated, its session ends.
    func refuse(
        _ frame: [UInt8], from peer: ProcessID, on link: LinkName, _ reason: WireRefusal,
        _ detail: String
    ) {
        counters.malformed += 1
        if link == parts.agents.name {
            parts.agents.refuse(frame, from: peer, reason, detail)
        } else if link == parts.admin.name {
            parts.admin.refuse(frame, from: peer, reason, detail)
        } else {
            parts.gateways[peer]?.orders.refuse(frame, reason, detail)
        }
    }

    private func isGateway(_ peer: ProcessID, _ link: LinkName) -> Bool {
        parts.gateways[peer]?.orders.name == link
    }

    // MARK: Market channels

    package func marketReceived(_ frame: [UInt8], topic: MarketTopic, on link: LinkName) {
        guard let gateway = publisher(of: link) else { return }
        do throws(WireError) {
            switch try WireFrame.template(of: frame) {
            case .bookSnapshot: try market.take(frame, from: gateway)
            case .marketTick:
                barrier.marketReached(try MarketTick(decoding: frame).tick, of: gateway)
            case .instrumentSettlement:
                market.forget(try InstrumentSettlement(decoding: frame).instrument)
            default: break
            }
        } catch {
            counters.malformed += 1
        }
    }

    package func marketGap(_ gap: MarketGap, on link: LinkName) {
        guard let gateway = publisher(of: link) else { return }
        counters.marketGaps += 1
        log.warning("market_gap", metadata: ["gateway": "\(gateway)", "gap": "\(gap)"])
        market.lose(gateway)
        // A publisher that is new to us has lost nothing: its tick comes with its snapshots.
        if case .restarted = gap { return }
        barrier.marketLost(of: gateway)
    }

    private func publisher(of link: LinkName) -> ProcessID? {
        parts.gateways.first { $0.value.market.name == link }?.key
    }

    /// Marks instruments that are held or quoted: at most one a second each, journalled.
    func recordMarks() {
        if engine.isBrakeTimerDue(at: now) { apply(own: TimerFired(timer: 1)) }
        for instrument in engine.instrumentsOfInterest {
            guard let mark = market.takeMark(of: instrument, at: now) else { continue }
            apply(own: mark)
        }
    }
}
