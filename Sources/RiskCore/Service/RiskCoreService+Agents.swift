import Logging
import Portfolio
import Risk
import Trading
import Transport
import Wire

/// Sessions and requests of agents.
extension RiskCoreService {
    /// A request that is longer would not fit an entry with its reference and decision.
    private static let requestBytesMax = 16_384
    /// Live, a request that has waited longer than this on its way is not worth deciding; of one
    /// that comes from as far in the future, nobody can tell how long it waited.
    private static let requestAgeMax = Span.seconds(1)

    /// A new session: the agent starts from a snapshot of what it has.
    func agentOpened(_ agent: ProcessID) {
        guard configuration.agent(agent) != nil else { return }
        if areLinksClosed {
            parts.agents.close(
                agent, because: .crashLoop, "the core crashed repeatedly and waits for an operator")
            return
        }
        let incarnation = engine.nextIncarnation(of: agent)
        apply(own: AgentConnected(agent: agent, granted: incarnation))
        guard let snapshot = engine.snapshot(for: agent) else {
            preconditionFailure("\(agent) is configured but has no grant")
        }
        send(snapshot.granted.frame(), to: agent, .priority)
        for order in snapshot.orders { send(order.frame(), to: agent, .priority) }
        for position in snapshot.positions { send(position.frame(), to: agent, .priority) }
        send(
            AgentReady(incarnation: incarnation, tick: barrier.tick, marketTime: now).frame(),
            to: agent, .priority)
        barrier.join(agent: agent)
    }

    func receivedFromAgent(
        _ template: WireTemplate, _ frame: [UInt8], _ agent: ProcessID
    ) throws(WireError) {
        switch template {
        case .orderRequest, .declareIntent, .cancelRequest:
            guard frame.count <= RiskCoreService.requestBytesMax else {
                let detail = "at most \(RiskCoreService.requestBytesMax) bytes"
                return refuse(frame, from: agent, on: parts.agents.name, .outOfRange, detail)
            }
            try take(template, frame, from: agent)
        case .tickDone:
            if barrier.done(try TickDone(decoding: frame).tick, by: agent) {
                log.notice("waited_for_again", metadata: ["agent": "\(agent)"])
            }
        default:
            refuse(
                frame, from: agent, on: parts.agents.name, .notAllowed,
                "\(template) is not for the core")
        }
    }

    /// Decides a request now, or in replay at the end of its tick. What is too late or too much is
    /// shed before it costs anything; cancels never are.
    private func take(
        _ template: WireTemplate, _ frame: [UInt8], from agent: ProcessID
    ) throws(WireError) {
        if configuration.isReplay {
            if barrier.hold(request: frame, from: agent) { return }
            if template == .cancelRequest { return try judge(template, frame, from: agent) }
            return try shed(template, frame, from: agent, .staleWork)
        }
        let sentAt = try WireFrame.envelope(of: frame).sentAt
        let age = clock.wall - sentAt
        let limit = RiskCoreService.requestAgeMax
        let isStale = age > limit || age.nanoseconds < -limit.nanoseconds
        if isStale, template != .cancelRequest {
            return try shed(template, frame, from: agent, .staleWork)
        }
        try judge(template, frame, from: agent)
    }

    /// Decides a request if there is room for all that follows from it.
    func judge(
        _ template: WireTemplate, _ frame: [UInt8], from agent: ProcessID
    ) throws(WireError) {
        if template != .cancelRequest, !hasRoom(for: agent) {
            return try shed(template, frame, from: agent, .overload)
        }
        try decide(template, frame, from: agent)
    }

    /// Whether the decision fits the agent's outbox and the permit its gateway's.
    private func hasRoom(for agent: ProcessID) -> Bool {
        guard parts.agents.canReserve(1, for: agent) else { return false }
        guard let account = configuration.agent(agent)?.strategy.accountKey,
            let gateway = configuration.gateway(of: account)?.name,
            let link = parts.gateways[gateway]?.orders, link.isOpen
        else { return true }
        return link.canReserve(1)
    }

    /// Refuses a request before it is journalled: counted, and the agent is told.
    private func shed(
        _ template: WireTemplate, _ frame: [UInt8], from agent: ProcessID, _ reason: RejectReason
    ) throws(WireError) {
        if reason == .staleWork { counters.staleWork += 1 } else { counters.overload += 1 }
        var decision = Decision(
            kind: .order, requestID: .zero, intentID: .zero, orderID: .zero, verdict: .rejected,
            reason: reason, level: .none, limit: 0, value: 0, marketTime: now)
        if template == .orderRequest {
            let request = try OrderRequest(decoding: frame)
            decision.requestID = request.requestID
            decision.intentID = request.intentID
        } else {
            decision.kind = .intent
            decision.intentID = try DeclareIntent(decoding: frame).intentID
        }
        guard parts.agents.canReserve(1, for: agent) else {
            return parts.agents.refuse(frame, from: agent, .overload, "\(reason)")
        }
        send(decision.frame(), to: agent, .normal)
    }
}
