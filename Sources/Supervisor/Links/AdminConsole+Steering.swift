import Runtime
import Trading
import Wire

/// Orders of operators to several processes, for commands and for the API.
extension AdminConsole {
    /// What one operator orders alone goes everywhere at once: a dead process must not delay the
    /// others.
    func order(
        _ order: OperatorOrder, to targets: [ProcessID], by key: OperatorKey
    ) async -> [SteeringResult] {
        await withTaskGroup { group in
            for target in targets {
                group.addTask { await self.give(order, to: target, by: key) }
            }
            var results: [SteeringResult] = []
            for await result in group { results.append(result) }
            return targets.compactMap { target in
                results.first { $0.process == target.description }
            }
        }
    }

    /// A signed directive goes to one process after the other, in the order of `targets`.
    func give(_ proposal: ProposalFile, to targets: [ProcessID]) async -> [SteeringResult] {
        var results: [SteeringResult] = []
        for target in targets {
            do throws(AdminError) {
                results.append(
                    SteeringResult(
                        try await give(proposal, to: target, patience: ConsoleSession.patience)))
            } catch {
                results.append(SteeringResult(target, error))
            }
        }
        return results
    }

    private func give(
        _ order: OperatorOrder, to target: ProcessID, by key: OperatorKey
    ) async -> SteeringResult {
        let began = MonotonicClock.now()
        do throws(AdminError) {
            var result = SteeringResult(
                try await command(order, to: target, by: key, patience: ConsoleSession.patience))
            let taken = MonotonicClock.now().nanoseconds - began.nanoseconds
            result.millis = Double(taken) / 1e6
            return result
        } catch {
            return SteeringResult(target, error)
        }
    }
}

/// The halts that stand in a scope, as a directive that clears them names them.
struct StandingHalts: Sendable {
    /// The core's; nil where it did not answer.
    private(set) var core: UInt64?
    private(set) var latches: [OperatorDirective.LatchesEntry] = []
    private(set) var silent: [SteeringResult] = []

    /// Asks the gateways, then the core. `mustAnswer`: a silent process ends it, for what is signed
    /// later must name every one.
    init(
        of scope: OperatorScope, _ console: AdminConsole, core name: ProcessID,
        gateways: [ProcessID], mustAnswer: Bool
    ) async throws(AdminError) {
        for process in gateways + [name] {
            do throws(AdminError) {
                let halt = try await console.newestHalt(
                    of: scope, at: process, patience: ConsoleSession.patience
                ).halt
                if process == name {
                    core = halt
                } else if halt > 0 {
                    latches.append(OperatorDirective.LatchesEntry(gateway: process, halt: halt))
                }
            } catch {
                if mustAnswer { throw error }
                silent.append(SteeringResult(process, error))
            }
        }
    }
}
