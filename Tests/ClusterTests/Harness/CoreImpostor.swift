import Cryptography
import Glibc
import Runtime
import Trading
import Wire

@testable import Transport

/// Somebody who holds the core's keys and speaks to the gateway in its place while it stands still.
struct CoreImpostor {
    let peer: RoguePeer
    private let cluster: LocalClusterHarness

    /// Takes the core's place. The gateway must have given the core up.
    init(in cluster: LocalClusterHarness, at gateway: String = "gw-kalshi") async throws {
        self.cluster = cluster
        peer = try cluster.roguePeer(
            as: "core", keys: cluster.curveKeys(of: "core"), to: gateway, "orders")
        guard try await peer.isAdmitted() else { throw ClusterFailure("the core's key is refused") }
        try await peer.openSession(cluster: LocalClusterHarness.cluster)
    }

    /// Asks for a lease until the gateway grants one: its refusal tells what it wants to hear.
    func stealLease() async throws -> LeaseGranted {
        var answer = try await requestLease(Epoch(1), .zero)
        if answer.lease == .zero {
            answer = try await requestLease(answer.highestEpoch, answer.journalSequence)
        }
        guard answer.lease > .zero else { throw ClusterFailure("no lease: \(answer)") }
        return answer
    }

    private func requestLease(
        _ epoch: Epoch, _ sequence: SequenceNumber
    ) async throws -> LeaseGranted {
        try await peer.post(
            RequestLease(coreEpoch: epoch, journalSequence: sequence, chainHead: .zero).frame())
        return try await peer.next(LeaseGranted.self)
    }

    /// The permit with the code that only the core and the gateway gw-kalshi can make.
    func sealed(_ permit: OrderPermit) throws -> OrderPermit {
        var authenticator = try PermitAuthenticator(
            own: cluster.keyRing(of: "core").permitKey(),
            peer: cluster.keyRing(of: "core").publicPermitKey(of: processID("gw-kalshi")),
            cluster: LocalClusterHarness.cluster, gateway: "gw-kalshi")
        let code = authenticator.seal(permit.frame(), range: OrderPermit.authenticatedRange)
        var sealed = permit
        sealed.mac = Digest(bytes: code.bytes) ?? .zero
        return sealed
    }

    /// Sends a permit and waits for what the gateway says of it.
    func fate(of permit: OrderPermit) async throws -> PermitFate {
        try await peer.post(permit.frame())
        return try await peer.next(PermitFate.self) { $0.orderID == permit.orderID }
    }
}

extension LocalClusterHarness {
    /// Stops the core with SIGSTOP and waits until the gateway has given it up and taken every
    /// order of ours off the venue.
    func freezeCore() async throws {
        try signal("core", SIGSTOP)
        try await waitUntil("the gateway has quiesced", within: .seconds(30)) {
            guard let gateway = try await status(of: "gw-kalshi") else { return false }
            return gateway.isReady == false && gateway.count("orders_open") == 0
        }
    }

    /// How many requests about orders the venue has received, whatever it said to them.
    func venueRequests() throws -> Int {
        try venueEvents("place") + venueEvents("cancel") + venueEvents("refused")
    }
}
