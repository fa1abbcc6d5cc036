import ArgumentParser
import Portfolio
import Risk
import Runtime
import Trading
import Wire

/// Lists where strategies stand in each other's way.
struct CapitalConflictsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "conflicts",
        abstract: "Ranks strategies that oppose, overlap or compete, and says who should give way.",
        discussion: "By expected edge per dollar of worst-case loss, as far as each strategy's "
            + "last word on an instrument goes. It proposes and changes nothing. Read from the "
            + "core's journal, running or stopped.")

    @OptionGroup var options: ConsoleOptions

    @Option(name: .long, help: "The part of a shared limit from which strategies compete, 0 to 1.")
    var near = 0.8

    func validate() throws {
        guard near > 0, near <= 1 else {
            throw ValidationError("--near: expected a part above 0, at most 1")
        }
    }

    func run() async throws {
        await SupervisorCommand.perform {
            var words = FairValues()
            let engine = try JournalledState.walk(options) { _, entry in try words.take(entry) }
            let configuration = try options.configuration()
            let report = ConflictReport(
                ExposureConflict.all(
                    words.claims(engine, configuration),
                    SharedLimit.all(engine, configuration), near: near))
            let terminal = Terminal()
            if options.json { return terminal.line(JSONText.encode(report)) }
            if report.conflicts.isEmpty {
                return terminal.note("no strategy stands in another's way")
            }
            for line in report.lines { terminal.line(line) }
        }
    }
}

/// What each strategy last said that an instrument is worth.
struct FairValues {
    private struct Subject: Hashable {
        let strategy: StrategyKey
        let instrument: InstrumentID
    }

    private var values: [Subject: Price] = [:]

    /// Looks at an entry of the core's journal.
    mutating func take(_ entry: [UInt8]) throws(WireError) {
        let command = try JournalEntry.command(in: entry)
        guard try WireFrame.template(of: command) == .orderRequest else { return }
        let request = try OrderRequest(decoding: command)
        let strategy = StrategyKey(
            org: request.org, account: request.account, mode: request.mode,
            strategy: request.strategy)
        values[Subject(strategy: strategy, instrument: request.instrument)] = request.fairValue
    }

    /// What strategies have, and what they expect of it. Who has said nothing, or has no mark,
    /// expects nothing.
    func claims(
        _ engine: RiskEngine, _ configuration: ClusterConfiguration
    ) -> [ExposureClaim] {
        engine.exposureViews.map { view in
            let value = values[Subject(strategy: view.owner, instrument: view.instrument)]
            let edge = value.flatMap { value in view.mark.map { value.units - $0.units } } ?? 0
            let quantity =
                view.quantity.units + view.openBuy.units - view.openSell.units
            return ExposureClaim(
                name: configuration.trader(of: view.owner),
                event: view.eventSet.description, instrument: view.instrument.description,
                quantity: Double(quantity) / 1e9, edgeEach: Double(edge) / 1e9,
                eventLoss: Double(view.eventLoss.units) / 1e9)
        }
    }
}

extension ClusterConfiguration {
    /// The agent of a strategy; the strategy itself where no agent has it.
    fileprivate func trader(of key: StrategyKey) -> String {
        let agent = agents.first {
            ($0.org, $0.account, $0.strategy) == (key.org, key.account, key.strategy)
        }
        return agent?.name.description ?? "\(key.org)/\(key.account)/\(key.strategy)"
    }
}

extension SharedLimit {
    /// The limits in dollars on what is open or held, of the scopes that several strategies share.
    fileprivate static func all(
        _ engine: RiskEngine, _ configuration: ClusterConfiguration
    ) -> [SharedLimit] {
        let views = engine.exposureViews
        return engine.limitUses.compactMap { use -> SharedLimit? in
            guard use.place.kind != .openOrdersMax else { return nil }
            let scope = use.place.scope
            let members = views.filter { view in
                switch scope.level {
                case .firm: true
                case .org: view.owner.org == scope.org
                case .account:
                    view.owner.org == scope.org && view.owner.account == scope.account
                case .event: view.eventSet == scope.eventSet
                case .instrument: view.instrument == scope.instrument
                case .strategy, .venue, .none: false
                }
            }
            let names = Set(members.map { configuration.trader(of: $0.owner) }).sorted()
            guard names.count > 1 else { return nil }
            return SharedLimit(
                name: "\(use.place.kind.wireName) of \(scope)",
                used: Double(use.used) / 1e9, limit: Double(use.limit) / 1e9, strategies: names)
        }
    }
}

/// Conflicts for persons and programs.
struct ConflictReport: Codable, Sendable, Equatable {
    struct Rank: Codable, Sendable, Equatable {
        let agent: String
        /// Dollars.
        let edge: Double
        let worstLoss: Double
        /// Absent where nothing can be lost.
        let edgePerLoss: Double?
    }

    struct Conflict: Codable, Sendable, Equatable {
        let kind: String
        let subject: String
        /// The best claim first.
        let ranks: [Rank]
        let amount: Double
        let proposal: String
        let reason: String
    }

    let conflicts: [Conflict]

    init(_ found: [ExposureConflict]) {
        conflicts = found.map { conflict in
            Conflict(
                kind: conflict.kind.rawValue, subject: conflict.subject,
                ranks: conflict.ranks.map {
                    Rank(
                        agent: $0.name, edge: $0.edge, worstLoss: $0.loss,
                        edgePerLoss: $0.merit.isFinite ? $0.merit : nil)
                }, amount: conflict.amount, proposal: conflict.proposal,
                reason: conflict.reason)
        }
    }

    var lines: [String] {
        let rows = conflicts.map { conflict in
            [
                conflict.kind, conflict.subject,
                conflict.ranks.map(\.agent).joined(separator: " > "), conflict.proposal,
                conflict.reason,
            ]
        }
        return Columns.lines([["KIND", "WHERE", "RANKING", "PROPOSAL", "WHY"]] + rows)
    }
}
