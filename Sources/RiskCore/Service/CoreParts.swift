package import Cryptography
package import Trading
package import Transport
import Wire

/// What the service of the risk core is made of; put together by the wiring, or by a test.
package struct CoreParts {
    /// A gateway's links and its half of the permit authenticator.
    package struct Gateway {
        package let orders: LinkClient
        package let market: MarketSubscriber
        package let sealer: PermitSealer

        package init(orders: LinkClient, market: MarketSubscriber, sealer: PermitSealer) {
            self.orders = orders
            self.market = market
            self.sealer = sealer
        }
    }

    package let agents: LinkServer
    package let admin: LinkServer
    package let gateways: [ProcessID: Gateway]
    package let operators: [ShortName: Ed25519PublicKey]
    package let follower: JournalFollower
    /// Where the registry lies; nil where none is configured.
    package let registry: RegistryReader?
    package let incarnation: Incarnation
    package let version: String
    /// The start that this is, among those that were not followed by a clean stop.
    package let start: StartRecord
    /// Connects the links to gateways; not called in a crash loop until an operator arms.
    package let connectGateways: () throws -> Void
    /// Reads the monotonic clock, to measure how long a decision takes. Decides nothing.
    package let monotonicNow: () -> MonotonicTime

    package init(
        agents: LinkServer, admin: LinkServer, gateways: [ProcessID: Gateway],
        operators: [ShortName: Ed25519PublicKey], follower: JournalFollower,
        registry: RegistryReader? = nil, incarnation: Incarnation, version: String,
        start: StartRecord,
        connectGateways: @escaping () throws -> Void,
        monotonicNow: @escaping () -> MonotonicTime
    ) {
        self.agents = agents
        self.admin = admin
        self.gateways = gateways
        self.operators = operators
        self.follower = follower
        self.registry = registry
        self.incarnation = incarnation
        self.version = version
        self.start = start
        self.connectGateways = connectGateways
        self.monotonicNow = monotonicNow
    }
}
