import DomainAgent
import MarketSim
import Runtime
package import Signals
import Trading

/// From a plan to its outcome.
package struct BacktestRunner {
    package let plan: BacktestPlan
    package let recording: EventRecording
    private let market: BacktestMarket

    /// Opens the recording and refuses what cannot be run.
    package init(_ plan: BacktestPlan) throws {
        self.plan = plan
        recording = try EventRecording(plan.recording)
        market = try BacktestMarket(recording, plan)
        if let index = recording.events.firstIndex(of: .void) {
            throw ProcessFailure(
                .usage,
                "\(plan.recording): event \(index): a market that is void: what it gives back "
                    + "depends on fills that the ledger does not price; cut the recording there")
        }
        try checkSizes()
    }

    package func run(progress: (Int) -> Void = { _ in }) throws -> BacktestOutcome {
        try run(over: recording.events, progress: progress)
    }

    private func run(
        over events: EventColumns, progress: (Int) -> Void = { _ in }
    ) throws -> BacktestOutcome {
        switch plan.domain {
        case .crypto(let terms, let folder):
            let spot = try RecordedSpot(SpotRecording(directory: folder))
            return try run(CryptoUpDownPolicy(terms), spot, over: events, progress)
        case .touch(let terms):
            return try run(TouchPolicy(terms), nil, over: events, progress)
        }
    }

    private func run<Policy: DomainPolicy>(
        _ policy: Policy, _ source: (any ObservationSource<Policy.Observation>)?,
        over events: EventColumns, _ progress: (Int) -> Void
    ) throws -> BacktestOutcome {
        var run = BacktestRun(plan, market, events, policy: policy, source: source)
        return try run.run(progress: progress)
    }

    /// Runs another policy under the plan's terms.
    package func run<Policy: DomainPolicy>(
        policy: Policy, upTo count: Int? = nil
    ) throws -> BacktestOutcome {
        let events = recording.events
        return try run(policy, nil, over: events.prefix(count ?? events.count)) { _ in }
    }

    /// Runs again over the first half of the recording and compares: what was decided in it may not
    /// depend on what came later. Gives the first order that does.
    package func lookAhead(_ whole: BacktestOutcome) throws -> String? {
        guard recording.events.count >= 2 else { return nil }
        let half = try run(over: recording.events.prefix(recording.events.count / 2))
        return whole.firstDifference(from: half)
    }

    /// A strategy whose smallest order no instrument could take asks for the impossible.
    private func checkSizes() throws {
        let largest = plan.trading.orderQuantityMax
        guard let smallest = market.listings.min(by: { $0.lot < $1.lot }) else { return }
        if largest < smallest.lot {
            throw ProcessFailure(
                .usage,
                "\(plan.file): agent.parameters.order-quantity-max: \(largest) contracts are less "
                    + "than a lot of \(smallest.instrument.id), which is \(smallest.lot)")
        }
        if case .crypto(let terms, _) = plan.domain {
            let policy = CryptoUpDownPolicy(terms)
            guard market.listings.contains(where: { policy.window(of: $0.instrument) != nil })
            else {
                throw ProcessFailure(
                    .usage,
                    "\(plan.file): agent.domain: crypto trades markets such as "
                        + "KXBTCUD5M-…; \(plan.recording) has none: use the domain touch")
            }
        }
    }
}

extension EventColumns {
    /// The first event of a kind.
    func firstIndex(of kind: MarketEventKind) -> Int? {
        (0..<count).first { self[$0].kind == kind }
    }
}
