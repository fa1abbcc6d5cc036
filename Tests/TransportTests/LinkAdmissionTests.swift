import Testing
import Trading
import Wire

@testable import Transport

/// Links between processes that say of what build they are and by what terms they go.
@Suite struct LinkAdmissionTests {
    private static let old = digest(1)
    private static let new = digest(2)
    private static let terms = digest(3)

    private static func digest(_ byte: UInt8) -> Digest {
        Digest(bytes: [UInt8](repeating: byte, count: Digest.length)) ?? .zero
    }

    private static func admission(
        _ build: Digest, with peer: ProcessID, terms: Digest? = LinkAdmissionTests.terms,
        builds: Set<Digest> = []
    ) -> LinkAdmission {
        LinkAdmission(build: build, terms: terms.map { [peer: $0] } ?? [:], builds: builds)
    }

    /// Both ends of a link for a second.
    private func meet(
        _ atServer: LinkAdmission, _ atClient: LinkAdmission
    ) throws -> (server: Probe, client: Probe) {
        let network = MemoryNetwork()
        let endpoint = try Endpoint(path: "/memory/orders")
        let server = LinkServer(
            orders, identity: identity("core"), allowing: [agent], admission: atServer)
        let client = LinkClient(
            orders, identity: identity(agent.description), peer: core, admission: atClient)
        let probes = (server: Probe(), client: Probe())
        _ = try network.add(core) { wiring in
            probes.server.servers = [server]
            try wiring.bind(server, at: endpoint)
            return probes.server
        }
        _ = try network.add(agent) { wiring in
            probes.client.clients = [client]
            try wiring.connect(client, to: endpoint)
            return probes.client
        }
        try network.run(for: .seconds(5))
        return probes
    }

    private func isRefused(_ closure: LinkClosure?, saying words: String) -> Bool {
        guard case .refused(.wrongVersion, let detail) = closure else { return false }
        return detail.contains(words)
    }

    @Test func opensBetweenTheSameTermsAndListedBuilds() throws {
        let (server, client) = try meet(
            Self.admission(Self.new, with: agent, builds: [Self.old, Self.new]),
            Self.admission(Self.old, with: core, builds: [Self.old, Self.new]))
        #expect(server.opened.count == 1 && client.opened.count == 1)
        #expect(server.refusals.isEmpty && client.refusals.isEmpty)
    }

    @Test func anyBuildWillDoWhereNoneIsListed() throws {
        let (server, client) = try meet(
            Self.admission(Self.new, with: agent), Self.admission(.zero, with: core))
        #expect(server.opened.count == 1 && client.opened.count == 1)
    }

    @Test(arguments: [Digest?.none, digest(4)])
    func otherTermsGetNoSession(terms: Digest?) throws {
        let (server, client) = try meet(
            Self.admission(Self.new, with: agent),
            Self.admission(Self.new, with: core, terms: terms))
        #expect(server.opened.isEmpty && client.opened.isEmpty)
        #expect(isRefused(client.refusals.first?.reason, saying: "agent-a goes by other terms"))
        #expect(client.refusals.count > 1, "it keeps trying")
        #expect(server.refusals.count == 1, "who asks again and again is told of once")
        #expect(isRefused(server.refusals.first?.reason, saying: "other terms"))
    }

    @Test func anUnlistedBuildGetsNoSession() throws {
        let (server, client) = try meet(
            Self.admission(Self.new, with: agent, builds: [Self.new]),
            Self.admission(Self.old, with: core))
        #expect(server.opened.isEmpty && client.opened.isEmpty)
        #expect(isRefused(client.refusals.first?.reason, saying: "of build 0101"))
        #expect(isRefused(server.refusals.first?.reason, saying: "which `builds` does not list"))
    }

    /// The accepting side is asked as well: what the connecting side does not admit has no session
    /// at either end.
    @Test func theConnectingSideRefusesToo() throws {
        let (server, client) = try meet(
            Self.admission(Self.old, with: agent),
            Self.admission(Self.new, with: core, builds: [Self.new]))
        #expect(client.opened.isEmpty)
        #expect(isRefused(client.refusals.first?.reason, saying: "core is of build 0101"))
        #expect(server.opened.count == server.closed.count && !server.opened.isEmpty)
    }
}
