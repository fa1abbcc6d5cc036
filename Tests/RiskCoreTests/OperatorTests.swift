import Cryptography
import Journal
import Risk
import RiskCore
import Testing
import Trading
import Transport
import Wire

/// The supervisor's link: signed commands, status, followers.
struct OperatorTests {
    private let fixture: CoreFixture

    init() throws { fixture = try CoreFixture() }

    private func start() throws -> (RiskCoreService, PlayedSupervisor) {
        _ = try fixture.startGateway()
        let core = try fixture.startCore()
        let supervisor = try fixture.startSupervisor()
        try fixture.run("arming") { core.engine.arming == .armed && supervisor.core.isOpen }
        return (core, supervisor)
    }

    @Test func aSignedHaltIsObeyedAndAResumeEndsIt() throws {
        let (core, supervisor) = try start()
        try supervisor.command(.halt, nonce: 1, key: fixture.operatorKey)
        try fixture.run("the reply") { supervisor.replies.count == 1 }
        #expect(supervisor.replies[0].isAccepted.isSet)
        #expect(supervisor.replies[0].nonce == 1)
        #expect(core.engine.arming == .halted)
        try supervisor.loosen(
            .resume, halt: core.engine.newestHalt(under: HaltScope(.all)), number: 2,
            by: fixture.signers)
        try fixture.run("the reply") { supervisor.replies.count == 2 }
        #expect(core.engine.arming == .armed)
    }

    @Test func aHaltOutlivesTheProcess() throws {
        let (_, supervisor) = try start()
        try supervisor.command(.halt, nonce: 1, key: fixture.operatorKey)
        try fixture.run("the reply") { supervisor.replies.count == 1 }
        fixture.crashCore()
        let second = try fixture.startCore()
        try fixture.network.run(for: .seconds(2))
        #expect(second.engine.arming == .halted)
    }

    /// The latch is the gateway's own, so a core that starts learns it with the lease, and its end
    /// only from the gateway.
    @Test func aResumeAfterARestartTradesAgain() throws {
        let gateway = try fixture.startGateway { $0.isKilled = true }
        let core = try fixture.startCore()
        let agent = try fixture.startAgent()
        try fixture.run("arming") { core.engine.arming == .armed && agent.isReady }
        gateway.define()
        gateway.publishBook()
        agent.declare()
        agent.request()
        try fixture.run("the rejection") { agent.decisions.count == 2 }
        #expect(agent.decisions.last?.reason == .gatewayUnavailable)
        gateway.latch(false)
        try fixture.network.run(for: .milliseconds(10))
        agent.request()
        try fixture.run("the permit") { gateway.permits.count == 1 }
        gateway.latch(true)
        try fixture.network.run(for: .milliseconds(10))
        agent.request()
        try fixture.run("the rejection") { agent.decisions.count == 4 }
        #expect(agent.decisions.last?.reason == .gatewayUnavailable)
        let state = core.engine.snapshotBytes()
        fixture.crashCore()
        #expect(try fixture.openCore().1.snapshotBytes() == state)
    }

    @Test func whatIsNotSignedByAnOperatorIsRefusedAndNotJournalled() throws {
        let (core, supervisor) = try start()
        let stranger = try Ed25519PrivateKey.generate()
        try supervisor.command(.halt, nonce: 1, key: stranger)
        try supervisor.command(.halt, nonce: 2, key: fixture.operatorKey, name: "nobody")
        try supervisor.command(
            .halt, nonce: 3, key: fixture.operatorKey,
            issuedAt: supervisor.now - Span.seconds(301))
        try fixture.run("the replies") { supervisor.replies.count == 3 }
        #expect(supervisor.replies.allSatisfy { !$0.isAccepted.isSet })
        #expect(core.engine.arming == .armed)
        let templates = try fixture.reader().read(from: .zero, limit: 500).map(\.header.template)
        #expect(!templates.contains(OperatorCommand.templateID))
    }

    @Test func whatAnOperatorPostsIsInTheLedgerAndTheJournal() throws {
        let (core, supervisor) = try start()
        try supervisor.post(Money(25), nonce: 1, by: fixture.signers)
        try supervisor.post(Money(25), as: Money(26), nonce: 2, by: fixture.signers)
        try supervisor.post(Money(25), nonce: 3, by: [("local", Ed25519PrivateKey.generate())])
        try fixture.run("the replies") { supervisor.replies.count == 3 }
        #expect(supervisor.replies.map(\.isAccepted) == [.yes, .no, .no])
        #expect(core.engine.status.cash == Money(1_025))
        fixture.crashCore()
        #expect(try fixture.openCore().1.status.cash == Money(1_025))
    }

    /// A settlement for more than the ledger holds: the account is shut at once, venue truth is
    /// asked for, and what it does not explain stays until an operator has explained it.
    @Test func aSettlementThatDiffersHaltsUntilItIsResolved() throws {
        let gateway = try fixture.startGateway()
        let core = try fixture.startCore()
        let supervisor = try fixture.startSupervisor()
        try fixture.run("arming") { core.engine.arming == .armed && supervisor.core.isOpen }
        gateway.define()
        gateway.settle(quantity: 2, at: supervisor.now)
        try fixture.run("the break") { core.engine.status.halts == 1 }
        #expect(!core.engine.isReconciled(CoreFixture.gateway))
        try fixture.network.run(for: .seconds(10))
        #expect(!core.engine.isReconciled(CoreFixture.gateway))
        let account = try HaltScope(
            .account, org: #require(OrgID("demo")), account: #require(AccountID("main")))
        try supervisor.loosen(
            .resolveBreak, .account, halt: core.engine.newestHalt(under: account), number: 1,
            by: fixture.signers)
        try fixture.run("trading again") { core.engine.isReconciled(CoreFixture.gateway) }
        #expect(core.engine.status.halts == 0)
        #expect(supervisor.replies.map(\.isAccepted) == [.yes])
    }

    @Test func aRepeatedCommandIsDoneOnce() throws {
        let (core, supervisor) = try start()
        try supervisor.command(.halt, nonce: 1, key: fixture.operatorKey)
        try fixture.run("the reply") { supervisor.replies.count == 1 }
        let halt = core.engine.newestHalt(under: HaltScope(.all))
        try supervisor.loosen(.resume, halt: halt, number: 2, by: fixture.signers)
        try supervisor.command(.halt, nonce: 1, key: fixture.operatorKey)
        try fixture.run("the replies") { supervisor.replies.count == 3 }
        #expect(core.engine.arming == .armed)
        // What resumed once resumes nothing again, after a restart either.
        try supervisor.command(.halt, nonce: 3, key: fixture.operatorKey)
        try supervisor.loosen(.resume, halt: halt, number: 2, by: fixture.signers)
        try fixture.run("the replies") { supervisor.replies.count == 5 }
        #expect(supervisor.replies.last?.isAccepted == .no)
        let state = core.engine.snapshotBytes()
        fixture.crashCore()
        #expect(try fixture.openCore().1.snapshotBytes() == state)
    }

    /// A command of one operator clears nothing, and one cannot be a reason short.
    @Test func whatLoosensTakesADirective() throws {
        let (core, supervisor) = try start()
        try supervisor.command(.halt, nonce: 1, key: fixture.operatorKey)
        for (nonce, action) in [(2, .resume), (3, .arm)] as [(UInt64, OperatorAction)] {
            try supervisor.command(action, nonce: nonce, key: fixture.operatorKey)
        }
        try fixture.run("the replies") { supervisor.replies.count == 3 }
        #expect(supervisor.replies.map(\.isAccepted) == [.yes, .no, .no])
        _ = supervisor.core.send(
            HaltRequest(
                nonce: 9, scope: .all, org: .empty, account: .empty, strategy: .empty,
                venue: .empty, instrument: .empty
            ).frame())
        try fixture.run("the number") {
            supervisor.received.contains { (try? HaltReply(decoding: $0))?.halt ?? 0 > 0 }
        }
        #expect(core.engine.arming == .halted)
    }

    @Test func statusHasTheStateAndTheCounters() throws {
        let (core, supervisor) = try start()
        _ = supervisor.core.send(StatusRequest(nonce: 5).frame())
        try fixture.run("the status") { supervisor.statuses.count == 1 }
        let status = supervisor.statuses[0]
        #expect(status.nonce == 5)
        #expect(status.kind == .core)
        #expect(status.arming == .armed)
        #expect(status.isReady.isSet)
        #expect(status.stateHash.bytes == SHA256.hash(core.engine.snapshotBytes()).bytes)
        let counters = try supervisor.counters()
        #expect(counters["requested"] == 0)
        #expect(counters["cash_e9"] == Money(1_000).units)
    }

    @Test func aFollowerGetsTheJournalInPieces() throws {
        let (core, supervisor) = try start()
        let head = try fixture.reader().head().sequence
        var next = SequenceNumber(1)
        var seen: [UInt64] = []
        while next <= head {
            _ = supervisor.core.send(
                FollowJournal(nonce: next.rawValue, from: next, limit: 7).frame())
            try fixture.network.run(for: .milliseconds(10))
            fixture.deliverFollowed(to: core)
            try fixture.run("the end") {
                supervisor.received.contains {
                    (try? FollowEnd(decoding: $0))?.nonce == next.rawValue
                }
            }
            let records = supervisor.received.compactMap { try? JournalRecord(decoding: $0) }
                .filter { $0.nonce == next.rawValue }
            #expect(records.count <= 7)
            seen += records.map(\.entry.rawValue)
            let end = try #require(
                supervisor.received.compactMap { try? FollowEnd(decoding: $0) }
                    .first { $0.nonce == next.rawValue })
            next = end.next
        }
        #expect(seen == Array(1...UInt64(seen.count)))
        #expect(seen.count >= Int(head.rawValue))
    }
}
