package import Portfolio
package import Trading
package import Wire

/// An agent's right to trade a strategy at a venue.
package struct GrantView: Sendable, Hashable {
    package let agent: ProcessID
    package let strategy: StrategyKey
    package let venue: VenueID

    package init(agent: ProcessID, strategy: StrategyKey, venue: VenueID) {
        self.agent = agent
        self.strategy = strategy
        self.venue = venue
    }
}

/// What the journal knows of the configuration, so that a start journals only what differs.
extension RiskEngine {
    /// Whether the account was opened.
    package func hasAccount(_ key: AccountKey) -> Bool { accountIndex[key] != nil }

    /// How an account's trades release cost; nil for an account that is not open.
    package func costMethod(of key: AccountKey) -> CostMethod? {
        accountIndex[key].map { ledger.accounts[accounts[Int($0)].ledger].costMethod }
    }

    /// Every grant, agents in the order of their names.
    package var grantViews: [GrantView] {
        agents.sorted { $0.id < $1.id }.flatMap { agent in
            agent.grants.compactMap { grant in
                nodes[Int(grant.strategy)].strategy.map {
                    GrantView(agent: agent.id, strategy: $0, venue: grant.venue)
                }
            }
        }
    }

    /// The limit that a scope states; nil where it states none.
    package func limit(_ kind: LimitKind, of scope: ScopeKey) -> Int64? {
        meterIndex[scope].flatMap { limits[kind, $0] }
    }

    /// Whether the order is known and not terminal.
    package func isOpen(_ order: OrderID) -> Bool {
        orderIndex[order].map { !orders[$0].state.isTerminal } ?? false
    }
}
