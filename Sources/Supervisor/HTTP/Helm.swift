import Runtime
import Trading
import Wire

/// What the API can do to a cluster: nothing that an operator's command could not.
protocol Helm: Sendable {
    func halt(_ scope: OperatorScope, reason: String) async throws -> [SteeringResult]
    func resume(_ scope: OperatorScope, reason: String) async throws -> [SteeringResult]
    func limits() async throws -> LimitsReport
}

/// Steers over the supervisor's own admin links, with the operator's key where it lies on this
/// machine. A cluster whose operators keep their keys elsewhere is not steered from here.
struct LinkHelm: Helm {
    let configuration: ClusterConfiguration
    let party: ClusterParty
    let console: AdminConsole

    private var core: ProcessID { configuration.core.name }
    private var gateways: [ProcessID] { configuration.gateways.map(\.name) }

    func halt(_ scope: OperatorScope, reason: String) async throws -> [SteeringResult] {
        let order = OperatorOrder(action: .halt, scope: scope, reason: reason)
        return await console.order(order, to: [core] + gateways, by: try key())
    }

    func resume(_ scope: OperatorScope, reason: String) async throws -> [SteeringResult] {
        guard configuration.quorum == 1 else {
            throw Problem.conflict(
                "\(configuration.quorum) operators must sign: `supervisor resume --out FILE`, "
                    + "then `sign` and `apply`.")
        }
        let key = try key()
        let standing = try await StandingHalts(
            of: scope, console, core: core, gateways: gateways, mustAnswer: false)
        let draft = DirectiveDraft(
            cluster: configuration.cluster, reason: reason, lasting: .seconds(86_400))
        var proposal = try draft.order(
            .resume, scope, halt: standing.core ?? 0, latches: standing.latches)
        try proposal.sign(by: key)
        let targets = standing.latches.map(\.gateway) + (standing.core == nil ? [] : [core])
        return await console.give(proposal, to: targets) + standing.silent
    }

    func limits() async throws -> LimitsReport {
        LimitsReport(try await console.limits(of: core, patience: ConsoleSession.patience))
    }

    private func key() throws -> OperatorKey {
        let name = try configuration.operator(named: nil)
        do throws(ProcessFailure) {
            return OperatorKey(name: name, key: try party.keys.operatorKey(name))
        } catch {
            throw Problem.unavailable(
                "operator \(name) has no key on this machine: use the command line where it is")
        }
    }
}
