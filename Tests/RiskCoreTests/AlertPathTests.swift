import Risk
import RiskCore
import Runtime
import Testing
import Trading
import Transport
import Wire

/// The dead-man of the alert path at the core: who can tell nobody takes no new risk.
struct AlertPathTests {
    private let fixture: CoreFixture

    init() throws {
        fixture = try CoreFixture(
            sections: """
                supervisor:
                  http: 127.0.0.1:8700
                  alerts:
                    degrade-after: 3s
                    channels: [ { name: log, kind: command, command: /usr/bin/true } ]
                """)
    }

    private func beat(_ supervisor: PlayedSupervisor, isHeard: Bool) {
        _ = supervisor.core.send(AlertBeat(isHeard: Flag(isHeard)).frame())
    }

    /// - Attack alerts-cut, 2 tries: a supervisor that says that nobody hears it, and one that says
    ///   nothing; no new risk is permitted, a cancel goes out.
    @Test func aDeadPathLeavesOnlyReductionsAndCancels() throws {
        let gateway = try fixture.startGateway()
        let core = try fixture.startCore()
        let supervisor = try fixture.startSupervisor()
        let agent = try fixture.startAgent()
        try fixture.run("arming") {
            core.engine.arming == .armed && agent.isReady && supervisor.core.isOpen
        }
        gateway.define()
        gateway.publishBook()
        agent.declare()
        agent.request()
        try fixture.run("the permit") { gateway.permits.count == 1 }
        let permit = try #require(gateway.permits.first)
        gateway.report(permit, .working)

        // "No" is not a sign of life, and silence is none either.
        beat(supervisor, isHeard: false)
        try fixture.run("the alert path is given up") { core.engine.isAlertPathDead }
        #expect(core.engine.arming == .armed)
        gateway.publishBook()
        agent.request()
        try fixture.run("the rejection") { agent.decisions.last?.reason == .reduceOnly }
        #expect(gateway.permits.count == 1)
        agent.cancel(permit.orderID)
        try fixture.run("the cancel goes out") { gateway.count(.cancelOrder) == 1 }

        // What the journal says survives; a start alone does not revive it.
        let state = core.engine.snapshotBytes()
        fixture.crashCore()
        let recovered = try fixture.openCore().1
        #expect(recovered.snapshotBytes() == state && recovered.isAlertPathDead)
        #expect(try RiskEngine(snapshot: state).isAlertPathDead)
    }

    @Test func whoIsHeardAgainTradesAgain() throws {
        let gateway = try fixture.startGateway()
        let core = try fixture.startCore()
        let supervisor = try fixture.startSupervisor()
        let agent = try fixture.startAgent()
        try fixture.run("the alert path is given up") {
            core.engine.isAlertPathDead && agent.isReady && supervisor.core.isOpen
        }
        beat(supervisor, isHeard: true)
        try fixture.run("it is taken back") { !core.engine.isAlertPathDead }
        gateway.define()
        gateway.publishBook()
        agent.declare()
        agent.request()
        try fixture.run("the permit") { gateway.permits.count == 1 }
        #expect(fixture.configuration.supervisor.alerts?.degradeAfter == .seconds(3))
    }
}
