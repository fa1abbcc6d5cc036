import Cryptography
import Journal
import Risk
import RiskCore
import Runtime
import Testing
import Trading
import Transport
import Wire

/// Limits on the supervisor's link: signatures, what is journalled, and what a start does.
struct LimitServiceTests {
    private let fixture: CoreFixture
    private static let place = LimitPlace(.firm, .orderQuantityMax)

    init() throws { fixture = try CoreFixture() }

    private func start() throws -> (RiskCoreService, PlayedSupervisor) {
        let core = try fixture.startCore()
        let supervisor = try fixture.startSupervisor()
        try fixture.run("the link") { supervisor.core.isOpen }
        return (core, supervisor)
    }

    private func hash(of core: RiskCoreService) -> Digest {
        Digest(bytes: SHA256.hash(core.engine.limitSetBytes()).bytes) ?? .zero
    }

    private func proposal(
        _ core: RiskCoreService, _ supervisor: PlayedSupervisor, to value: Int64
    ) -> [UInt8] {
        let edit = LimitEdit(
            place: LimitServiceTests.place, was: core.engine.limit(.orderQuantityMax, of: .firm),
            value: value * Quantity.scale)
        let head = LimitProposal(
            cluster: fixture.configuration.cluster, base: core.engine.limitSnapshot,
            baseHash: hash(of: core), proposedAt: supervisor.now,
            effectiveAt: .zero, expiresAt: supervisor.now + .seconds(86_400))
        return head.frame(
            changes: [LimitProposal.ChangesEntry(edit)], reason: Array("test".utf8))
    }

    private func apply(
        _ proposal: [UInt8], _ supervisor: PlayedSupervisor, by key: Ed25519PrivateKey,
        name: String = "local", signing signed: [UInt8]? = nil
    ) throws -> OperatorReply {
        let count = supervisor.replies.count
        let bytes = try LimitSeal.sign(signed ?? proposal, with: key)
        let entry = LimitChange.SignaturesEntry(
            operator: try #require(ShortName(name)),
            signature: try #require(SignatureBytes(bytes: bytes)))
        // What the supervisor claims of time and base is the core's to state.
        let change = LimitChange(
            nonce: UInt64(count + 1), receivedAt: .zero, presentHash: .zero)
        _ = supervisor.core.send(change.frame(signatures: [entry], proposal: proposal))
        try fixture.run("the reply") { supervisor.replies.count == count + 1 }
        return try #require(supervisor.replies.last)
    }

    @Test func aSignedTighteningIsJournalledAndOutlivesACrash() throws {
        let (core, supervisor) = try start()
        let frame = proposal(core, supervisor, to: 10)
        #expect(try apply(frame, supervisor, by: fixture.operatorKey).isAccepted.isSet)
        #expect(core.engine.limit(.orderQuantityMax, of: .firm) == 10 * Quantity.scale)
        #expect(try !apply(frame, supervisor, by: fixture.operatorKey).isAccepted.isSet)
        fixture.crashCore()
        // The configuration still says 25.
        let second = try fixture.startCore()
        try fixture.network.run(for: .seconds(1))
        #expect(second.engine.limit(.orderQuantityMax, of: .firm) == 10 * Quantity.scale)
        #expect(second.engine.limitSnapshot == core.engine.limitSnapshot)
    }

    @Test func whatIsNotSignedAsItStandsIsRefusedAndNotJournalled() throws {
        let (core, supervisor) = try start()
        let frame = proposal(core, supervisor, to: 10)
        let stranger = try Ed25519PrivateKey.generate()
        #expect(try !apply(frame, supervisor, by: stranger).isAccepted.isSet)
        #expect(
            try !apply(frame, supervisor, by: fixture.operatorKey, name: "nobody").isAccepted.isSet)
        var other = frame
        other[other.count - 1] ^= 1
        #expect(
            try !apply(other, supervisor, by: fixture.operatorKey, signing: frame)
                .isAccepted.isSet)
        // A signature of another kind of command, by the same key, over the same bytes.
        let seal = try OperatorSeal.sign(
            frame, range: 0..<frame.count, reason: [], with: fixture.operatorKey)
        #expect(
            !LimitSeal.isValid(seal, for: frame, by: fixture.operatorKey.publicKey))
        #expect(core.engine.limit(.orderQuantityMax, of: .firm) == 25 * Quantity.scale)
        let templates = try fixture.reader().read(from: .zero, limit: 500).map(\.header.template)
        #expect(!templates.contains(LimitChange.templateID))
    }

    @Test func aLooseningByOneAloneWaits() throws {
        let (core, supervisor) = try start()
        let frame = proposal(core, supervisor, to: 26)
        #expect(try apply(frame, supervisor, by: fixture.operatorKey).isAccepted.isSet)
        #expect(core.engine.limit(.orderQuantityMax, of: .firm) == 25 * Quantity.scale)
        #expect(core.engine.waitingLimits != nil)
        fixture.crashCore()
        let second = try fixture.startCore()
        try fixture.network.run(for: .seconds(1))
        #expect(second.engine.waitingLimits?.effectiveAt == core.engine.waitingLimits?.effectiveAt)
    }

    @Test func theLimitsAreTold() throws {
        let (core, supervisor) = try start()
        _ = supervisor.core.send(LimitsRequest(nonce: 9, from: 0).frame())
        try fixture.run("the limits") {
            supervisor.received.contains { (try? LimitsReply(decoding: $0)) != nil }
        }
        let frame = try #require(
            supervisor.received.first { (try? LimitsReply(decoding: $0)) != nil })
        let reply = try LimitsReply(decoding: frame)
        let limits = try LimitsReply.limits(in: frame)
        #expect(reply.nonce == 9)
        #expect(reply.quorum == 1)
        #expect(Int(reply.total) == fixture.configuration.limits.count)
        #expect(limits.count == fixture.configuration.limits.count)
        #expect(reply.hash == hash(of: core))
    }

    @Test func aLaterConfigurationTightensAndDoesNotLoosen() throws {
        let (store, engine) = try fixture.openCore()
        store.close()
        #expect(engine.limitSnapshot == 0)
        let core = try fixture.startCore()
        let facts = { (value: String) throws in
            let text = CoreFixture.yaml(isReplay: false, checkpointEvery: 16)
                .replacing("kind: order-quantity-max, value: \"25\"", with: value)
            return ConfigurationFacts(
                RiskCoreConfiguration(try ClusterConfiguration(yaml: text, file: "test.yaml")),
                differingFrom: core.engine)
        }
        let tighter = try facts("kind: order-quantity-max, value: \"24\"")
        #expect(tighter.limits.map(\.value) == [24 * Quantity.scale])
        #expect(tighter.kept.isEmpty)
        let looser = try facts("kind: order-quantity-max, value: \"26\"")
        #expect(looser.limits.isEmpty)
        #expect(looser.kept.map(\.place) == [LimitServiceTests.place])
        let same = try facts("kind: order-quantity-max, value: \"25\"")
        #expect(same.limits.isEmpty && same.kept.isEmpty)
    }
}
