import Runtime
import Trading
import Transport
import Wire

/// A gateway that the test writes: it holds a legitimate key, grants a lease, and then reports a
/// fill of an order that nobody has sent.
final class StandInGateway: LoopService {
    private let orders: LinkServer
    private let core: ProcessID
    private let lease: LeaseID
    private let phantom: FillReport

    init(orders: LinkServer, core: ProcessID, lease: LeaseID, phantom: FillReport) {
        self.orders = orders
        self.core = core
        self.lease = lease
        self.phantom = phantom
    }

    func turnBegan(_ clock: TurnClock) {}

    func linkOpened(
        _ peer: ProcessID, incarnation: Incarnation, resumed: Bool, on link: LinkName
    ) {}

    func linkClosed(_ peer: ProcessID, because reason: LinkClosure, on link: LinkName) {}

    func received(_ frame: [UInt8], from peer: ProcessID, on link: LinkName) {
        // It answers nothing else.
        guard let request = try? RequestLease(decoding: frame) else { return }
        let granted = LeaseGranted(
            lease: lease, highestEpoch: request.coreEpoch, permitHighWater: .zero,
            journalSequence: request.journalSequence, chainHead: request.chainHead, mode: .paper,
            isKilled: .no)
        _ = orders.send(granted.frame(), to: core, lane: .priority)
        _ = orders.send(phantom.frame(), to: core, lane: .priority)
    }

    func endOfBatch() {}
}

extension LocalClusterHarness {
    /// Takes the place of the gateway gw-kalshi, which must have ended.
    func standInGateway(
        lease: LeaseID, phantom: FillReport
    ) throws -> PollLoop<StandInGateway> {
        let (gateway, core) = (processID("gw-kalshi"), processID("core"))
        let security = LoopSecurity(
            identity: CurveIdentity(name: gateway, keys: try curveKeys(of: "gw-kalshi")),
            directory: try PeerDirectory([core: try curveKeys(of: "core").publicKey]))
        let endpoint = try Endpoint(path: "\(state)/run/gw-kalshi.orders.sock")
        let identity = LinkIdentity(
            cluster: ShortName(Self.cluster) ?? .empty, name: gateway,
            incarnation: Incarnation(UInt64(WallClock.now().nanoseconds)))
        let link = LinkName("gw-kalshi.orders") ?? .empty
        let admission = try admission(of: core, owner: "gw-kalshi")
        return try PollLoop(name: "stand-in", security: security) { wiring in
            let server = LinkServer(
                link, identity: identity, allowing: [core], admission: admission)
            try wiring.bind(server, at: endpoint)
            return StandInGateway(orders: server, core: core, lease: lease, phantom: phantom)
        }
    }
}
