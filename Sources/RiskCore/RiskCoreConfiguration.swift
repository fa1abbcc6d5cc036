package import Portfolio
package import Runtime
package import Trading
import Wire

/// What the risk core takes from the cluster's configuration.
package struct RiskCoreConfiguration: Sendable {
    /// A gateway and the account that it serves.
    package struct Gateway: Sendable {
        package let name: ProcessID
        package let venue: VenueID
        package let account: AccountKey
        package let startingCash: Money
        package let costMethod: CostMethod
        package let tolerance: Reconciliation.Tolerance
        package let reconcileEvery: Span
        package let isReplay: Bool
    }

    /// An agent and the strategy that it may trade.
    package struct Agent: Sendable {
        package let name: ProcessID
        package let venue: VenueID
        package let strategy: StrategyKey
    }

    package let core: ProcessID
    package let cluster: ShortName
    package let mode: Mode
    package let adminPeers: [ProcessID]
    package let checkpointEvery: Int
    package let permitValidity: Span
    package let gateways: [Gateway]
    package let agents: [Agent]
    package let limits: [LimitConfiguration]
    package let operators: [ShortName]
    /// How many operators it takes to loosen.
    package let quorum: Int
    /// How long alerts may reach nobody before orders only reduce; nil where nobody is to be told.
    package let alertsDegradeAfter: Span?

    package init(_ cluster: ClusterConfiguration) {
        core = cluster.core.name
        self.cluster = cluster.cluster
        mode = cluster.mode
        adminPeers = cluster.adminPeers
        checkpointEvery = cluster.core.checkpointEvery
        permitValidity = cluster.core.permitValidity
        limits = cluster.limits
        operators = cluster.operators
        quorum = cluster.quorum
        alertsDegradeAfter = cluster.supervisor.alerts?.degradeAfter
        let mode = cluster.mode
        gateways = cluster.gateways.map {
            Gateway(
                name: $0.name, venue: $0.venue,
                account: AccountKey(org: $0.org, account: $0.account, mode: mode),
                startingCash: $0.startingCash, costMethod: $0.costMethod,
                tolerance: Reconciliation.Tolerance(
                    cash: $0.cashTolerance, position: $0.positionTolerance),
                reconcileEvery: $0.reconcileEvery,
                isReplay: $0.isReplay)
        }.sorted { $0.name < $1.name }
        agents = cluster.agents.map {
            Agent(
                name: $0.name, venue: $0.venue,
                strategy: StrategyKey(
                    org: $0.org, account: $0.account, mode: mode, strategy: $0.strategy))
        }.sorted { $0.name < $1.name }
    }

    /// Whether a venue owns market time.
    package var isReplay: Bool { gateways.contains { $0.isReplay } }

    package func gateway(of account: AccountKey) -> Gateway? {
        gateways.first { $0.account == account }
    }

    package func agent(_ name: ProcessID) -> Agent? { agents.first { $0.name == name } }
}
