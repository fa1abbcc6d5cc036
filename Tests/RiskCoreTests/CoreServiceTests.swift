import Cryptography
import Foundation
import Journal
import Risk
import RiskCore
import Testing
import Trading
import Transport
import Wire

/// The core among its peers, live: what comes in is decided, journalled and answered.
struct CoreServiceTests {
    private let fixture: CoreFixture

    init() throws { fixture = try CoreFixture() }

    /// A core that is armed, with an agent that has declared an intent and sees a book.
    private func startTrading() throws -> (RiskCoreService, PlayedGateway, PlayedAgent) {
        let gateway = try fixture.startGateway()
        let core = try fixture.startCore()
        let agent = try fixture.startAgent()
        try fixture.run("arming") { core.engine.arming == .armed && agent.isReady }
        gateway.define()
        gateway.publishBook()
        agent.declare()
        try fixture.run("the intent") { !agent.decisions.isEmpty }
        #expect(agent.decisions.first?.verdict == .accepted)
        return (core, gateway, agent)
    }

    @Test func paperArmsByItselfOnceTheAccountIsReconciled() throws {
        let gateway = try fixture.startGateway()
        let core = try fixture.startCore()
        #expect(core.engine.arming == .disarmed)
        try fixture.run("arming") { core.engine.arming == .armed }
        #expect(gateway.count(.requestLease) == 1)
        #expect(gateway.count(.reconcile) == 1)
        #expect(core.engine.lease(of: CoreFixture.gateway) == LeaseID(1))
        #expect(core.engine.epoch == Epoch(1))
    }

    @Test func differencesWithTheVenueKeepTheAccountShut() throws {
        let gateway = try fixture.startGateway {
            $0.positions = [PlayedGateway.instrument: Quantity(3)]
        }
        let core = try fixture.startCore()
        try fixture.run("the reconciliation") { gateway.count(.reconcile) == 1 }
        try fixture.network.run(for: .seconds(1))
        #expect(core.engine.arming == .disarmed)
        let account = try #require(core.engine.accountView(of: CoreFixture.gateway))
        #expect(!account.isReconciled)
        let supervisor = try fixture.startSupervisor()
        try fixture.run("the link") { supervisor.core.isOpen }
        _ = supervisor.core.send(StatusRequest(nonce: 1).frame())
        try fixture.run("the status") { !supervisor.statuses.isEmpty }
        #expect(supervisor.statuses.last?.isReady.isSet == false)
    }

    /// A fill or a settlement on its way makes a difference that is gone a little later.
    @Test func aDifferenceThatGoesAwayOpensTheAccount() throws {
        let gateway = try fixture.startGateway {
            $0.positions = [PlayedGateway.instrument: Quantity(3)]
        }
        let core = try fixture.startCore()
        try fixture.run("repeated reconciliations") { gateway.count(.reconcile) == 3 }
        #expect(core.engine.arming == .disarmed)
        gateway.positions = [:]
        try fixture.run("arming") { core.engine.arming == .armed }
        let count = gateway.count(.reconcile)
        try fixture.network.run(for: .seconds(60))
        #expect(gateway.count(.reconcile) == count)
        #expect(gateway.count(.requestLease) == 1)
    }

    /// Reconciliations with differences do not count, nor do the journal's entries since.
    @Test func fillsAreAskedForSinceTheLastReconciliationThatHeld() throws {
        let first = try fixture.startGateway()
        let core = try fixture.startCore()
        try fixture.run("arming") { core.engine.arming == .armed }
        fixture.network.crash(CoreFixture.gateway)
        try fixture.run("the loss") { core.engine.lease(of: CoreFixture.gateway) == .zero }
        let lost = core.engine.now
        try fixture.network.run(for: .seconds(1_200))
        let second = try fixture.startGateway {
            $0.lease = first.lease
            $0.cash = Money(999)
        }
        try fixture.run("the reconciliation") { second.count(.reconcile) == 1 }
        try fixture.network.run(for: .milliseconds(100))
        fixture.crashCore()
        let next = try fixture.startCore()
        try fixture.run("the next") { next.engine.lease(of: CoreFixture.gateway) > .zero }
        try fixture.run("the reconciliation") { second.count(.reconcile) > 1 }
        let asked = second.received.compactMap { try? Reconcile(decoding: $0).fillsSince }
        #expect(asked.count >= 2)
        #expect(asked.allSatisfy { $0 <= lost && $0 > .zero })
        second.cash = Money(1_000)
        try fixture.run("arming") { next.engine.arming == .armed }
        let known = try #require(next.engine.accountView(of: CoreFixture.gateway)?.fillsKnownUntil)
        #expect(known > lost + .seconds(1_200))
    }

    @Test func aPermitIsSealedAndAnswersOneRequest() throws {
        let (core, gateway, agent) = try startTrading()
        agent.request()
        try fixture.run("a permit") { gateway.permits.count == 1 }
        let permit = try #require(gateway.permits.first)
        #expect(try gateway.isLastPermitSealed())
        #expect(permit.lease == LeaseID(1))
        #expect(permit.permit == PermitSequence(1))
        #expect(permit.permitEpoch == Epoch(1))
        #expect(permit.validity == .milliseconds(1_000))
        #expect(permit.envelope.sender == CoreFixture.core)
        try fixture.run("the decision") { agent.decisions.count == 2 }
        #expect(agent.decisions.last?.verdict == .permitted)
        gateway.report(permit, .working)
        gateway.fill(permit)
        try fixture.run("the fill") { agent.updates.contains { $0.state == .filled } }
        #expect(core.engine.status.openOrders == 0)
        #expect(core.engine.status.fees == Money(units: 10_000_000))
        core.engine.checkInvariants()
    }

    @Test func rejectionsSayWhy() throws {
        let (_, gateway, agent) = try startTrading()
        agent.request(quantity: 26)
        agent.request(signal: "")
        try fixture.run("decisions") { agent.decisions.count == 3 }
        #expect(agent.decisions[1].reason == .sizeAboveMaximum)
        #expect(agent.decisions[1].limit == Quantity(25).units)
        #expect(agent.decisions[2].reason == .explanationMissing)
        #expect(gateway.permits.isEmpty)
    }

    @Test func withoutABookThereIsNoPermit() throws {
        let gateway = try fixture.startGateway()
        let core = try fixture.startCore()
        let agent = try fixture.startAgent()
        try fixture.run("arming") { core.engine.arming == .armed && agent.isReady }
        gateway.define()
        agent.declare()
        agent.request()
        try fixture.run("decisions") { agent.decisions.count == 2 }
        #expect(agent.decisions.last?.reason == .quoteMissing)
    }

    @Test func anOldBookMakesAStaleQuote() throws {
        let (_, _, agent) = try startTrading()
        try fixture.network.run(for: .seconds(8))
        agent.request()
        try fixture.run("the decision") { agent.decisions.count == 2 }
        #expect(agent.decisions.last?.reason == .quoteStale)
    }

    @Test func requestsThatWaitedTooLongAreShedAndCounted() throws {
        let (core, _, agent) = try startTrading()
        fixture.network.fate = { packet in
            packet.source == CoreFixture.agent
                ? .deliver(after: .milliseconds(1_200)) : .deliver(after: .microseconds(50))
        }
        let entries = try fixture.reader().head().sequence
        agent.request()
        try fixture.run("the decision") { agent.decisions.count == 2 }
        #expect(agent.decisions.last?.reason == .staleWork)
        #expect(core.engine.counters.requested == 0)
        #expect(try fixture.reader().head().sequence >= entries)
        let templates = try fixture.reader().read(from: .zero, limit: 1_000)
            .map(\.header.template)
        #expect(!templates.contains(OrderRequest.templateID))
    }

    @Test(arguments: [Int64.min, 0, 4_000_000_000_000_000_000, .max])
    func noTimeOfSendingEndsTheCore(sentAt: Int64) throws {
        let (core, gateway, agent) = try startTrading()
        var request = OrderRequest(
            incarnation: agent.incarnation, requestID: RequestID(1), intentID: IntentID(1),
            org: .empty, account: .empty, mode: .paper, strategy: .empty, instrument: .empty,
            side: .buy, timeInForce: .goodTillTime, isPostOnly: .no, price: .zero, quantity: .zero,
            expiresAt: .zero, policyVersion: 1, modelHash: .zero, featureHash: .zero,
            confidence: 0, fairValue: .zero, expectedEdge: .zero, quoteSequence: .zero,
            quotedAt: .zero)
        request.envelope.sender = CoreFixture.agent
        request.envelope.sentAt = Timestamp(nanoseconds: sentAt)
        core.received(
            request.frame(features: [], signal: [], model: []), from: CoreFixture.agent,
            on: try #require(LinkName("core.agents")))
        try fixture.run("the decision") { agent.decisions.count == 2 }
        #expect(agent.decisions.last?.reason == .staleWork)
        #expect(core.engine.counters.requested == 0)
        #expect(gateway.permits.isEmpty)
    }

    @Test func everyRequestIsOneEntryWithItsReferenceAndDecision() throws {
        let (_, gateway, agent) = try startTrading()
        agent.request()
        try fixture.run("a permit") { gateway.permits.count == 1 }
        let entry = try #require(
            try fixture.reader().read(from: .zero, limit: 1_000)
                .first { $0.header.template == OrderRequest.templateID })
        let judged = try Judged(decoding: JournalEntry.decision(in: entry.body))
        let reference = try ReferenceUpdated(decoding: JournalEntry.reference(in: entry.body))
        let request = try OrderRequest(decoding: JournalEntry.command(in: entry.body))
        #expect(judged.verdict == .permitted)
        #expect(judged.clientOrderID == gateway.permits.first?.clientOrderID)
        #expect(reference.ask == Price(units: 520_000_000))
        #expect(request.envelope.sender == CoreFixture.agent)
        #expect(try !Judged.controls(in: JournalEntry.decision(in: entry.body)).isEmpty)
    }

    @Test func aCancelReachesTheGateway() throws {
        let (_, gateway, agent) = try startTrading()
        agent.request()
        try fixture.run("a permit") { gateway.permits.count == 1 }
        let permit = try #require(gateway.permits.first)
        gateway.report(permit, .working)
        agent.cancel(permit.orderID)
        try fixture.run("the cancel") { gateway.count(.cancelOrder) == 1 }
        gateway.report(permit, .cancelled)
        try fixture.run("the end") { agent.updates.last?.state == .cancelled }
    }

    @Test func aLostGatewayIsAskedAgainForALeaseAndForFates() throws {
        let (core, gateway, agent) = try startTrading()
        agent.request()
        try fixture.run("a permit") { gateway.permits.count == 1 }
        fixture.network.crash(CoreFixture.gateway)
        try fixture.run("the loss") { core.engine.lease(of: CoreFixture.gateway) == .zero }
        agent.request()
        try fixture.run("a rejection") { agent.decisions.count == 3 }
        #expect([.gatewayUnavailable, .notArmed].contains(agent.decisions.last?.reason))
        let next = try fixture.startGateway { $0.lease = LeaseID(1) }
        try fixture.run("the new lease") {
            core.engine.lease(of: CoreFixture.gateway) == LeaseID(2)
        }
        try fixture.run("the question") { next.count(.fateQuery) == 1 }
        let query = try #require(
            try next.received.first { try WireFrame.template(of: $0) == .fateQuery })
        #expect(try FateQuery(decoding: query).lease == LeaseID(1))
        #expect(next.permits.isEmpty)
    }

    @Test func aRestartRecoversTheStateAndTakesTheNextEpoch() throws {
        let (core, gateway, agent) = try startTrading()
        for _ in 0..<5 { agent.request() }
        try fixture.run("permits") { gateway.permits.count == 5 }
        gateway.fill(gateway.permits[0])
        try fixture.run("the fill") { core.engine.counters.fills == 1 }
        gateway.cash = Money(1_000) - Money(units: 510_000_000)
        gateway.positions = [PlayedGateway.instrument: Quantity(1)]
        let before = core.engine.snapshotBytes()
        fixture.crashCore()
        let recovered = try fixture.openCore().1.snapshotBytes()
        #expect(recovered == before)
        let second = try fixture.startCore()
        #expect(second.engine.epoch == Epoch(2))
        try fixture.run("arming") { second.engine.arming == .armed }
        try fixture.run("questions") { gateway.count(.fateQuery) == 4 }
        #expect(gateway.permits.count == 5)
        _ = try fixture.verify()
    }
}
