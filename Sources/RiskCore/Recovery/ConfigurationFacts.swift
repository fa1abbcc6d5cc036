import Portfolio
package import Risk
import Runtime
import Trading
package import Wire

/// What the configuration says and the journal does not know yet: accounts, grants and limits, as
/// commands in a fixed order.
package struct ConfigurationFacts {
    package private(set) var accounts: [AccountOpened] = []
    package private(set) var costMethods: [CostMethodSet] = []
    package private(set) var grants: [StrategyGranted] = []
    package private(set) var limits: [LimitSet] = []
    /// Values that would loosen what is in force: not for a configuration to do.
    package private(set) var kept: [KeptLimit] = []
    /// A frame of OperatorsSet; nil where the journal knows the operators as they are.
    package private(set) var roster: [UInt8]?

    /// A limit that stays as it is although the configuration states another.
    package struct KeptLimit: Sendable, Equatable {
        package let place: LimitPlace
        package let value: Int64?
        package let configured: Int64
    }

    package init(_ configuration: RiskCoreConfiguration, differingFrom engine: RiskEngine) {
        for gateway in configuration.gateways where !engine.hasAccount(gateway.account) {
            accounts.append(
                AccountOpened(
                    org: gateway.account.org, account: gateway.account.account,
                    mode: gateway.account.mode, venue: gateway.venue, gateway: gateway.name,
                    cash: gateway.startingCash))
        }
        collectCostMethods(configuration, engine)
        collectGrants(configuration, engine)
        collectLimits(configuration, engine)
        collectRoster(configuration, engine)
    }

    private mutating func collectRoster(
        _ configuration: RiskCoreConfiguration, _ engine: RiskEngine
    ) {
        let wanted = OperatorRoster(
            quorum: UInt32(configuration.quorum), names: configuration.operators)
        guard wanted != engine.roster else { return }
        roster = OperatorsSet(quorum: wanted.quorum).frame(
            operators: wanted.names.map { OperatorsSet.OperatorsEntry(name: $0) })
    }

    /// Accounts start at average cost.
    private mutating func collectCostMethods(
        _ configuration: RiskCoreConfiguration, _ engine: RiskEngine
    ) {
        for gateway in configuration.gateways {
            let known = engine.costMethod(of: gateway.account) ?? .average
            if known == gateway.costMethod { continue }
            costMethods.append(
                CostMethodSet(
                    org: gateway.account.org, account: gateway.account.account,
                    mode: gateway.account.mode, method: gateway.costMethod))
        }
    }

    /// New grants, and the end of those that the configuration no longer has.
    private mutating func collectGrants(
        _ configuration: RiskCoreConfiguration, _ engine: RiskEngine
    ) {
        let wanted = configuration.agents.map {
            GrantView(agent: $0.name, strategy: $0.strategy, venue: $0.venue)
        }
        let known = engine.grantViews
        for grant in known where !wanted.contains(grant) {
            grants.append(grant.message(isGranted: false))
        }
        for grant in wanted where !known.contains(grant) {
            grants.append(grant.message(isGranted: true))
        }
    }

    /// Limits that tighten. They share the number of a new snapshot, which permits name.
    private mutating func collectLimits(
        _ configuration: RiskCoreConfiguration, _ engine: RiskEngine
    ) {
        let snapshot = engine.limitSnapshot + 1
        for limit in configuration.limits {
            guard let value = limit.kind.engineValue(ofConfigured: limit.value) else {
                preconditionFailure("\(limit.kind) of \(limit.value) was not bounded when read")
            }
            let message = LimitSet(
                kind: limit.kind, level: limit.level, org: limit.org, account: limit.account,
                mode: configuration.mode, strategy: limit.strategy, venue: limit.venue,
                instrument: limit.instrument, eventSet: limit.eventSet, value: value,
                snapshot: snapshot)
            guard let scope = ScopeKey(message) else { continue }
            let place = LimitPlace(scope, limit.kind)
            switch engine.effect(ofConfigured: value, at: place) {
            case .none: break
            case .tightens: limits.append(message)
            case .loosens:
                kept.append(
                    KeptLimit(
                        place: place, value: engine.limit(limit.kind, of: scope),
                        configured: value))
            }
        }
    }
}

extension GrantView {
    fileprivate func message(isGranted: Bool) -> StrategyGranted {
        StrategyGranted(
            agent: agent, org: strategy.org, account: strategy.account, mode: strategy.mode,
            strategy: strategy.strategy, venue: venue, isGranted: Flag(isGranted))
    }
}
