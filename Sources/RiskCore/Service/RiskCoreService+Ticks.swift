import Logging
import Trading
import Transport
import Wire

/// Replay: the core moves from tick to tick with its gateways and agents.
extension RiskCoreService {
    /// A step that takes longer than this goes on without who is late.
    private static let stepPatience = Span.seconds(5)
    /// The first tick waits this long for processes that have not come up yet.
    private static let startPatience = Span.seconds(20)

    func takeTickSteps() {
        while let step = barrier.next() {
            stepBeganAt = clock.monotonic
            switch step {
            case .applyReports(_, let at, let frames):
                advance(to: at)
                for frame in frames { applyReport(frame.bytes, from: frame.peer) }
            case .beginTick(let tick, let at): begin(tick, at: at)
            case .applyRequests(let tick, let frames): finish(tick, frames)
            }
        }
    }

    private func begin(_ tick: TickNumber, at time: Timestamp) {
        counters.ticks += 1
        recordMarks()
        let frame = TickBegan(tick: tick, at: time).frame()
        for agent in parts.agents.openPeers { send(frame, to: agent, .priority) }
    }

    private func finish(_ tick: TickNumber, _ frames: [TickBarrier.HeldFrame]) {
        for frame in frames where parts.agents.isOpen(frame.peer) {
            do throws(WireError) {
                try judge(WireFrame.template(of: frame.bytes), frame.bytes, from: frame.peer)
            } catch {
                refuse(
                    frame.bytes, from: frame.peer, on: parts.agents.name, .malformed,
                    error.description)
            }
        }
        // Before the end of the tick: the gateway compares before its venue goes on.
        reconcileWhereDue()
        let done = TickDone(tick: tick, requested: UInt32(clamping: frames.count)).frame()
        for gateway in configuration.gateways where barrier.has(gateway: gateway.name) {
            _ = parts.gateways[gateway.name]?.orders.send(done, lane: .normal)
        }
    }

    /// Time does not stand still for who is late: it is counted and said.
    func stopWaitingWhereLate() {
        guard configuration.isReplay else { return }
        if !barrier.missing.isEmpty, !barrier.isTickWaiting { stepBeganAt = clock.monotonic }
        let waited = clock.monotonic - stepBeganAt
        if !barrier.missing.isEmpty {
            guard waited > RiskCoreService.startPatience else { return }
            log.warning("started_without", metadata: ["missing": "\(barrier.missing)"])
            barrier.stopExpecting()
        } else if barrier.phase != .gateways, waited > RiskCoreService.stepPatience {
            counters.lateSteps += 1
            log.warning(
                "late", metadata: ["step": "\(barrier.phase)", "waits_for": "\(barrier.awaited)"])
            for agent in barrier.stopWaiting() {
                log.error(
                    "not_waited_for",
                    metadata: ["agent": "\(agent)", "missed": "\(TickBarrier.missesMax)"])
            }
        }
    }
}
