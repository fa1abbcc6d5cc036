import RiskCore
import TestSupport
import Testing
import Trading

/// A tick goes on when everybody is there, in an order that does not depend on who was first.
struct TickBarrierTests {
    private func name(_ text: String) throws -> ProcessID { try #require(ProcessID(text)) }

    private func frame(_ peer: ProcessID, _ byte: UInt8) -> TickBarrier.HeldFrame {
        TickBarrier.HeldFrame(peer: peer, bytes: [byte])
    }

    private let one = TickNumber(1)
    private let time = Timestamp(seconds: 1)

    @Test func theFirstTickWaitsForEverybodyExpected() throws {
        let gateway = try name("gw-a")
        let agent = try name("agent-a")
        let barrier = Barrier(expecting: [gateway, agent])
        barrier.join(gateway: gateway)
        barrier.began(one, at: time, by: gateway)
        #expect(barrier.next() == nil)
        #expect(barrier.missing == [agent])
        barrier.join(agent: agent)
        #expect(barrier.next() == .applyReports(one, at: time, []))
    }

    @Test func itGoesOnWithoutThoseMissingWhenTold() throws {
        let gateway = try name("gw-a")
        let barrier = Barrier(expecting: [gateway, try name("agent-a")])
        barrier.join(gateway: gateway)
        barrier.began(one, at: time, by: gateway)
        barrier.stopExpecting()
        #expect(barrier.next() == .applyReports(one, at: time, []))
    }

    @Test func aTickGoesThroughItsSteps() throws {
        let (first, second) = (try name("gw-a"), try name("gw-b"))
        let (early, late) = (try name("agent-a"), try name("agent-b"))
        let barrier = Barrier(expecting: [])
        for gateway in [second, first] { barrier.join(gateway: gateway) }
        for agent in [late, early] { barrier.join(agent: agent) }
        #expect(barrier.hold(report: [2], from: second))
        barrier.began(one, at: time, by: second)
        #expect(barrier.next() == nil)
        #expect(barrier.awaited == [first])
        #expect(barrier.hold(report: [1], from: first))
        barrier.began(one, at: time, by: first)
        #expect(
            barrier.next() == .applyReports(one, at: time, [frame(first, 1), frame(second, 2)]))
        barrier.marketReached(one, of: first)
        #expect(barrier.next() == nil)
        #expect(barrier.awaited == [second])
        barrier.marketReached(one, of: second)
        #expect(barrier.next() == .beginTick(one, at: time))
        #expect(barrier.hold(request: [9], from: late))
        barrier.done(one, by: late)
        #expect(barrier.next() == nil)
        #expect(barrier.awaited == [early])
        #expect(barrier.hold(request: [8], from: early))
        barrier.done(one, by: early)
        #expect(barrier.next() == .applyRequests(one, [frame(early, 8), frame(late, 9)]))
        #expect(barrier.next() == nil)
        #expect(barrier.phase == .gateways)
    }

    @Test func whatComesAfterATicksEndBelongsToTheNext() throws {
        let gateway = try name("gw-a")
        let agent = try name("agent-a")
        let barrier = Barrier(expecting: [])
        barrier.join(gateway: gateway)
        barrier.join(agent: agent)
        _ = barrier.hold(report: [1], from: gateway)
        barrier.began(one, at: time, by: gateway)
        _ = barrier.hold(report: [2], from: gateway)
        #expect(barrier.next() == .applyReports(one, at: time, [frame(gateway, 1)]))
        barrier.marketReached(one, of: gateway)
        _ = barrier.next()
        barrier.done(one, by: agent)
        _ = barrier.hold(request: [3], from: agent)
        #expect(barrier.next() == .applyRequests(one, []))
        let two = TickNumber(2)
        barrier.began(two, at: time, by: gateway)
        #expect(barrier.next() == .applyReports(two, at: time, [frame(gateway, 2)]))
        barrier.marketReached(two, of: gateway)
        _ = barrier.next()
        barrier.done(two, by: agent)
        #expect(barrier.next() == .applyRequests(two, [frame(agent, 3)]))
    }

    @Test func aTickDoneOfAnotherTickCountsForNothing() throws {
        let gateway = try name("gw-a")
        let agent = try name("agent-a")
        let barrier = Barrier(expecting: [])
        barrier.join(gateway: gateway)
        barrier.join(agent: agent)
        barrier.began(one, at: time, by: gateway)
        barrier.marketReached(one, of: gateway)
        _ = barrier.next()
        _ = barrier.next()
        barrier.done(TickNumber(7), by: agent)
        #expect(barrier.next() == nil)
    }

    @Test func aPeerThatLeavesIsNotWaitedFor() throws {
        let (gateway, other) = (try name("gw-a"), try name("gw-b"))
        let (agent, gone) = (try name("agent-a"), try name("agent-b"))
        let barrier = Barrier(expecting: [])
        for name in [gateway, other] { barrier.join(gateway: name) }
        for name in [agent, gone] { barrier.join(agent: name) }
        _ = barrier.hold(report: [5], from: other)
        barrier.began(one, at: time, by: gateway)
        #expect(barrier.next() == nil)
        #expect(barrier.leave(gateway: other) == [frame(other, 5)])
        #expect(barrier.next() == .applyReports(one, at: time, []))
        barrier.marketReached(one, of: gateway)
        _ = barrier.next()
        _ = barrier.hold(request: [6], from: gone)
        barrier.leave(agent: gone)
        barrier.done(one, by: agent)
        #expect(barrier.next() == .applyRequests(one, []))
    }

    @Test func aPeerThatIsUnknownHoldsNothing() throws {
        let barrier = Barrier(expecting: [])
        #expect(!barrier.hold(report: [1], from: try name("gw-a")))
        #expect(!barrier.hold(request: [1], from: try name("agent-a")))
        #expect(barrier.next() == nil)
    }

    @Test func aLostMarketChannelOrALateAgentDoesNotStopTime() throws {
        let gateway = try name("gw-a")
        let agent = try name("agent-a")
        let barrier = Barrier(expecting: [])
        barrier.join(gateway: gateway)
        barrier.join(agent: agent)
        barrier.began(one, at: time, by: gateway)
        _ = barrier.next()
        #expect(barrier.next() == nil)
        barrier.marketLost(of: gateway)
        #expect(barrier.next() == .beginTick(one, at: time))
        _ = barrier.hold(request: [4], from: agent)
        #expect(barrier.next() == nil)
        barrier.stopWaiting()
        #expect(barrier.next() == .applyRequests(one, []))
        let two = TickNumber(2)
        barrier.began(two, at: time, by: gateway)
        _ = barrier.next()
        #expect(barrier.phase == .market)
        barrier.stopWaiting()
        #expect(barrier.next() == .beginTick(two, at: time))
        barrier.done(two, by: agent)
        #expect(barrier.next() == .applyRequests(two, [frame(agent, 4)]))
    }

    /// Begins a tick; true when it waits for an agent.
    private func isAwaited(_ agent: ProcessID, _ tick: UInt64, _ barrier: Barrier) throws -> Bool {
        let gateway = try name("gw-a")
        barrier.began(TickNumber(tick), at: time, by: gateway)
        barrier.marketReached(TickNumber(tick), of: gateway)
        _ = barrier.next()
        _ = barrier.next()
        return barrier.next() == nil && barrier.awaited == [agent]
    }

    @Test func anAgentThatIsAlwaysLateIsNotWaitedForUntilItHasCaughtUp() throws {
        let agent = try name("agent-a")
        let barrier = Barrier(expecting: [])
        barrier.join(gateway: try name("gw-a"))
        barrier.join(agent: agent)
        #expect(try isAwaited(agent, 1, barrier))
        #expect(barrier.stopWaiting() == [])
        _ = barrier.next()
        // A tick in time, and it begins anew.
        #expect(try isAwaited(agent, 2, barrier))
        barrier.done(TickNumber(2), by: agent)
        _ = barrier.next()
        for tick in 3...5 as ClosedRange<UInt64> {
            #expect(try isAwaited(agent, tick, barrier))
            #expect(barrier.stopWaiting() == (tick == 5 ? [agent] : []))
            _ = barrier.next()
        }
        #expect(barrier.unawaited == [agent])
        for tick in 6...8 as ClosedRange<UInt64> {
            #expect(try !isAwaited(agent, tick, barrier))
        }
        #expect(!barrier.done(TickNumber(3), by: agent), "it is far behind")
        #expect(!barrier.done(TickNumber(9), by: agent), "that is yet to come")
        _ = barrier.hold(request: [7], from: agent)
        #expect(barrier.done(TickNumber(7), by: agent))
        #expect(!barrier.done(TickNumber(8), by: agent), "it is back already")
        #expect(barrier.unawaited == [])
        // One more miss and it is out; a tick in time, and all is forgiven.
        #expect(try isAwaited(agent, 9, barrier))
        #expect(barrier.stopWaiting() == [agent])
        _ = barrier.next()
        #expect(try !isAwaited(agent, 10, barrier))
        #expect(barrier.done(TickNumber(10), by: agent))
        #expect(try isAwaited(agent, 11, barrier))
        barrier.done(TickNumber(11), by: agent)
        #expect(barrier.next() == .applyRequests(TickNumber(11), [frame(agent, 7)]))
        #expect(try isAwaited(agent, 12, barrier))
        #expect(barrier.stopWaiting() == [])
    }

    @Test func anAgentThatJoinsInATickTakesPartInTheNext() throws {
        let gateway = try name("gw-a")
        let agent = try name("agent-a")
        let barrier = Barrier(expecting: [])
        barrier.join(gateway: gateway)
        barrier.began(one, at: time, by: gateway)
        barrier.marketReached(one, of: gateway)
        _ = barrier.next()
        _ = barrier.next()
        barrier.join(agent: agent)
        #expect(barrier.next() == .applyRequests(one, []))
    }

    /// The same frames in any order of arrival give the same steps.
    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func arrivalOrderDoesNotMatter(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let gateways = try ["gw-a", "gw-b", "gw-c"].map(name)
        let agents = try ["agent-a", "agent-b", "agent-c"].map(name)
        let barrier = Barrier(expecting: gateways + agents)
        for gateway in gateways.shuffled(using: &random) { barrier.join(gateway: gateway) }
        for agent in agents.shuffled(using: &random) { barrier.join(agent: agent) }
        var steps: [TickBarrier.Step] = []
        for number in 1...5 as ClosedRange<UInt64> {
            let tick = TickNumber(number)
            for gateway in gateways.shuffled(using: &random) {
                _ = barrier.hold(report: [UInt8(number)], from: gateway)
                if Bool.random(using: &random) { barrier.marketReached(tick, of: gateway) }
                barrier.began(tick, at: Timestamp(seconds: Int64(number)), by: gateway)
            }
            while let step = barrier.next() { steps.append(step) }
            for gateway in gateways.shuffled(using: &random) {
                barrier.marketReached(tick, of: gateway)
            }
            while let step = barrier.next() { steps.append(step) }
            for agent in agents.shuffled(using: &random) {
                _ = barrier.hold(request: [UInt8(number)], from: agent)
                barrier.done(tick, by: agent)
            }
            while let step = barrier.next() { steps.append(step) }
        }
        let expected = (1...5 as ClosedRange<UInt64>).flatMap { number -> [TickBarrier.Step] in
            let tick = TickNumber(number)
            let at = Timestamp(seconds: Int64(number))
            return [
                .applyReports(tick, at: at, gateways.map { frame($0, UInt8(number)) }),
                .beginTick(tick, at: at),
                .applyRequests(tick, agents.map { frame($0, UInt8(number)) }),
            ]
        }
        #expect(steps == expected, "seed \(seed)")
    }
}

/// A barrier behind a reference, so that expectations can call what changes it.
private final class Barrier {
    private var barrier: TickBarrier

    init(expecting expected: [ProcessID]) { barrier = TickBarrier(expecting: expected) }

    var missing: [ProcessID] { barrier.missing }
    var awaited: [ProcessID] { barrier.awaited }
    var phase: TickBarrier.Phase { barrier.phase }

    func next() -> TickBarrier.Step? { barrier.next() }
    func join(gateway: ProcessID) { barrier.join(gateway: gateway) }
    func join(agent: ProcessID) { barrier.join(agent: agent) }
    func leave(gateway: ProcessID) -> [TickBarrier.HeldFrame] { barrier.leave(gateway: gateway) }
    func leave(agent: ProcessID) { barrier.leave(agent: agent) }
    func hold(report: [UInt8], from gateway: ProcessID) -> Bool {
        barrier.hold(report: report, from: gateway)
    }
    func hold(request: [UInt8], from agent: ProcessID) -> Bool {
        barrier.hold(request: request, from: agent)
    }
    func began(_ tick: TickNumber, at time: Timestamp, by gateway: ProcessID) {
        barrier.began(tick, at: time, by: gateway)
    }
    func marketReached(_ tick: TickNumber, of gateway: ProcessID) {
        barrier.marketReached(tick, of: gateway)
    }
    func marketLost(of gateway: ProcessID) { barrier.marketLost(of: gateway) }
    @discardableResult
    func done(_ tick: TickNumber, by agent: ProcessID) -> Bool { barrier.done(tick, by: agent) }
    var unawaited: [ProcessID] { barrier.unawaited }
    func stopExpecting() { barrier.stopExpecting() }
    @discardableResult
    func stopWaiting() -> [ProcessID] { barrier.stopWaiting() }
}
