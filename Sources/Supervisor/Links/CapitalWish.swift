import Risk
import Runtime
import Trading
import Wire

/// A scope that can have capital, as an operator writes it: an agent's name for its strategy, or
/// `ORG`, `ORG/ACCOUNT`, `ORG/ACCOUNT/STRATEGY`, or `venue:NAME`.
struct CapitalScope: Sendable, Equatable {
    let scope: OperatorScope

    /// Throws where the configuration has no such scope; the error lists those that it has.
    init(_ text: String, in configuration: ClusterConfiguration) throws(ProcessFailure) {
        let known = CapitalScope.all(in: configuration)
        if let agent = configuration.agents.first(where: { $0.name.description == text }) {
            scope = .strategy(agent.org, agent.account, agent.strategy)
        } else if let named = ScopeText(argument: text)?.scope,
            known.contains(where: { $0.scope == named })
        {
            scope = named
        } else {
            let names = configuration.agents.map(\.name.description) + known.map(\.text)
            throw ProcessFailure(
                .usage, "there is no \(text): expected one of \(names.joined(separator: ", "))")
        }
    }

    /// The level at which it is bounded.
    var level: LimitLevel {
        switch scope {
        case .org: .org
        case .account: .account
        case .strategy: .strategy
        case .venue: .venue
        case .all, .instrument: .none
        }
    }

    private static func all(
        in configuration: ClusterConfiguration
    ) -> [(text: String, scope: OperatorScope)] {
        var found: [(text: String, scope: OperatorScope)] = []
        for agent in configuration.agents {
            let account = "\(agent.org)/\(agent.account)"
            found += [
                ("\(agent.org)", .org(agent.org)),
                (account, .account(agent.org, agent.account)),
                (
                    "\(account)/\(agent.strategy)",
                    .strategy(agent.org, agent.account, agent.strategy)
                ),
                ("venue:\(agent.venue)", .venue(agent.venue)),
            ]
        }
        var seen: Set<String> = []
        return found.filter { seen.insert($0.text).inserted }
    }
}

extension ScopeKey {
    /// The scope that capital is counted in; nil for one that has none.
    init?(_ scope: OperatorScope, mode: Mode) {
        switch scope {
        case .org(let org): self = .org(org)
        case .account(let org, let account): self = .account(org, account, mode)
        case .strategy(let org, let account, let strategy):
            self = .strategy(
                StrategyKey(org: org, account: account, mode: mode, strategy: strategy))
        case .venue(let venue): self = .venue(venue)
        case .all, .instrument: return nil
        }
    }
}

/// A move of capital that an operator wants.
struct CapitalWish: Sendable {
    let from: OperatorScope
    let to: OperatorScope
    let level: LimitLevel
    let amount: Money
    let key: LongName?

    /// Throws where the two are of different levels.
    init(
        from: CapitalScope, to: CapitalScope, amount: Money, key: LongName?
    ) throws(ProcessFailure) {
        guard from.level == to.level, from != to else {
            throw ProcessFailure(
                .usage,
                "capital moves between two accounts or strategies of one org, two orgs or two "
                    + "venues, not from \(from.scope) to \(to.scope)")
        }
        self.from = from.scope
        self.to = to.scope
        level = from.level
        self.amount = amount
        self.key = key
    }
}
