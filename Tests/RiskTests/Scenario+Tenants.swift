import Portfolio
import Risk
import TestSupport
import Trading
import Wire

/// The second org, and who belongs to whom.
extension Scenario {
    static let other = StrategyKey(
        org: named("other"), account: named("side"), mode: .paper, strategy: named("maker"))

    /// Two strategies of the first org, one of the second.
    func tenant(of strategy: Int) -> Int { strategy == 2 ? 1 : 0 }

    func owner(of tenant: Int) -> StrategyKey { tenant == 0 ? Rig.owner : Scenario.other }

    func gateway(of order: Order) -> ProcessID {
        Scenario.tenants[tenant(of: order.strategy)].gateway
    }

    /// Opens the second org's account at the same venue, with a gateway and an agent of its own.
    mutating func openOther() {
        let details = Scenario.tenants[1]
        rig.open(Scenario.other, cash: details.cash, gateway: details.gateway)
        rig.grant(Scenario.other, to: details.agent)
        rig.connectGateway(lease: 1, gateway: details.gateway)
        rig.connectAgent(1, agent: details.agent)
        rig.reconcile(owner: Scenario.other, from: details.gateway)
        strategies.append(Scenario.other)
    }

    // MARK: - Reconciliation

    /// How an account stands with its venue.
    struct Standing {
        /// Reconciliations in a row that found differences.
        var breaks = 0
        /// The account does not trade before a reconciliation has found it whole.
        var isDoubted = false
        /// An operator has to say why.
        var isBroken = false
        /// Contracts that were traded before a settlement and heard of after it.
        var late: [String: Quantity] = [:]
    }

    /// The venue states what the ledger holds, or something else.
    mutating func reconcile(_ tenant: Int, breaks: UInt32 = 0) {
        rig.reconcile(
            breaks: breaks, owner: owner(of: tenant), from: Scenario.tenants[tenant].gateway)
        let isLate = !standings[tenant].late.isEmpty
        standings[tenant].isDoubted = breaks > 0 || isLate
        guard standings[tenant].isDoubted else {
            standings[tenant].breaks = 0
            noteCompared(tenant)
            return
        }
        standings[tenant].breaks += 1
        guard isLate || standings[tenant].breaks >= 3, !standings[tenant].isBroken else { return }
        standings[tenant].isBroken = true
        for strategy in 0..<3 where self.tenant(of: strategy) == tenant {
            cancelOrders(of: strategy)
        }
    }

    /// As it does by itself from time to time.
    mutating func reconcileAgain() { reconcile(Int.random(in: 0..<2, using: &random)) }

    /// The venue states something else than the ledger, once or several times.
    mutating func doubt() {
        let tenant = Int.random(in: 0..<2, using: &random)
        for _ in 0..<Int.random(in: 1...4, using: &random) { reconcile(tenant, breaks: 1) }
    }

    /// Venue truth is ours again, or an operator says why it was not.
    mutating func explain(_ tenant: Int) {
        if Bool.random(using: &random) {
            reconcile(tenant)
        } else if standings[tenant].isBroken {
            nonce += 2
            let owner = owner(of: tenant)
            rig.operate(.resolveBreak, .account, nonce: nonce) {
                $0.org = owner.org
                $0.account = owner.account
            }
            standings[tenant].isBroken = false
            standings[tenant].breaks = 0
            standings[tenant].late = [:]
        }
    }

    /// A trade of a market that is settled: the venue settled another number of contracts.
    mutating func noteLate(_ quantity: Quantity, _ order: Order) {
        let tenant = tenant(of: order.strategy)
        let sum = (standings[tenant].late[order.instrument] ?? .zero) + quantity
        standings[tenant].late[order.instrument] = sum.isZero ? nil : sum
        standings[tenant].isDoubted = true
    }
}
