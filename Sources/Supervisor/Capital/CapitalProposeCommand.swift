import ArgumentParser
import Portfolio
import Risk
import Runtime
import Trading
import Wire

/// Proposes how the strategies' capital should be shared.
struct CapitalProposeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "propose", abstract: "Proposes capital by what each strategy has proved.",
        discussion: "Shares of risk by hierarchical risk parity over the profits of each period, "
            + "times the lower bound of the edge over the tail of losses, times the part that "
            + "keeps drawdowns bounded, times what brakes leave. Nobody loses what is at risk. "
            + "With --out it becomes a proposal of limits: `sign` and `apply` accept it.")

    @OptionGroup var options: ConsoleOptions
    @OptionGroup var signature: SignatureOptions
    @OptionGroup var quorum: QuorumOptions

    @Option(name: .long, help: "The length of a period of market time, such as 24h.")
    var period: DurationText = DurationText(span: .seconds(86_400))

    @Option(name: .long, help: "The part that stays with nobody, 0 to 1.")
    var cash = 0.2

    @Option(name: .long, help: "The largest part of one domain, 0 to 1.")
    var domainMax = 0.35

    @Option(
        name: .long,
        help: ArgumentHelp(
            "Accepts the plan by moves, each of at most this part of its strategies' capital.",
            discussion: "From 0 to 1. A larger change is refused: a person decides, with --out."))
    var acceptWithin: Double?

    func validate() throws {
        guard (0...1).contains(cash), domainMax > 0, domainMax <= 1 else {
            throw ValidationError("--cash, --domain-max: expected parts from 0 to 1")
        }
        if let acceptWithin, acceptWithin <= 0 || acceptWithin > 1 {
            throw ValidationError("--accept-within: expected a part above 0, at most 1")
        }
        if acceptWithin != nil, quorum.out != nil {
            throw ValidationError("--accept-within moves at once, --out leaves it to others")
        }
        guard period.span > .zero else {
            throw ValidationError("--period: expected a time above zero, such as 24h")
        }
    }

    func run() async throws {
        await SupervisorCommand.perform { try await propose() }
    }

    private func propose() async throws {
        var periods = ProfitPeriods(length: period.span)
        let engine = try JournalledState.walk(options) { engine, _ in periods.take(engine) }
        let configuration = try options.configuration()
        let candidates = periods.candidates(engine, configuration)
        guard !candidates.isEmpty else {
            throw ProcessFailure(
                .refused, "no agent's strategy has capital: see `supervisor capital set`")
        }
        var rules = CapitalPlan.Rules()
        (rules.cash, rules.domainMax) = (cash, domainMax)
        let total = candidates.reduce(0) { $0 + $1.budget }
        let plan = CapitalPlan(total: total, candidates, rules)
        let report = PlanReport(plan, periods.count)
        if let acceptWithin {
            report.show(asJSON: options.json)
            return try await accept(plan, within: acceptWithin, periods, configuration)
        }
        guard quorum.out != nil else { return report.show(asJSON: options.json) }
        let budgets = try report.strategies.map { line in
            (
                scope: try CapitalScope(line.agent, in: configuration).scope,
                amount: Money(decimal: line.proposed) ?? .zero
            )
        }
        try await Steering(options: options, signature: signature).setCapital(budgets, quorum)
    }
}

extension CapitalProposeCommand {
    /// Accepts a plan as a policy does: within a bound, by moves that one operator may order, each
    /// under a key of its own, so that the plan of a period is accepted once however often it is
    /// made. What the plan leaves with nobody is not taken away here.
    private func accept(
        _ plan: CapitalPlan, within part: Double, _ periods: ProfitPeriods,
        _ configuration: ClusterConfiguration
    ) async throws {
        for line in plan.lines where abs(line.proposed - line.budget) > part * line.budget + 0.005 {
            throw ProcessFailure(
                .refused,
                "\(line.name) would go from \(PlanReport.cents(line.budget, .up)) to "
                    + "\(PlanReport.cents(line.proposed, .down)), more than --accept-within "
                    + "allows: a person decides, with --out")
        }
        let moves = plan.moves
        guard !moves.isEmpty else { return Terminal().note("nothing to move") }
        for (number, move) in moves.enumerated() {
            guard let amount = Money(decimal: PlanReport.cents(move.amount, .down)),
                amount > .zero, let key = LongName("plan-\(periods.last).\(number)")
            else { continue }
            let wish = try CapitalWish(
                from: CapitalScope(move.from, in: configuration),
                to: CapitalScope(move.to, in: configuration), amount: amount, key: key)
            try await Steering(options: options, signature: signature).move(
                wish, configuration.mode, quorum)
        }
    }
}

/// What each strategy earned in each period of market time, by what the core counted.
struct ProfitPeriods {
    private let length: Trading.Span
    private var period: Int64?
    /// What each scope had earned when each period ended.
    private var ends: [[ScopeKey: Money]] = []

    init(length: Trading.Span) { self.length = length }

    /// The number of the last period that has ended.
    var last: Int64 { (period ?? 0) - 1 }
    /// Whole periods.
    var count: Int { max(0, ends.count - 1) }

    /// Looks at the state after an entry.
    mutating func take(_ engine: RiskEngine) {
        let now = engine.now.nanoseconds / length.nanoseconds
        guard now != period else { return }
        // A journal begins before the market's first moment is known.
        if period != nil { ends.append(ProfitPeriods.earned(engine)) }
        period = now
    }

    /// The agents' strategies that state a capital.
    func candidates(
        _ engine: RiskEngine, _ configuration: ClusterConfiguration
    ) -> [CapitalCandidate] {
        let uses = engine.limitUses.filter { $0.place.kind == .collateralMax }
        let brakes = engine.brakeViews
        return configuration.agents.compactMap { agent in
            let scope = ScopeKey.strategy(
                StrategyKey(
                    org: agent.org, account: agent.account, mode: configuration.mode,
                    strategy: agent.strategy))
            guard let use = uses.first(where: { $0.place.scope == scope }) else { return nil }
            let profits = zip(ends, ends.dropFirst()).map { before, after in
                ProfitPeriods.dollars((after[scope] ?? .zero) - (before[scope] ?? .zero))
            }
            let brake = brakes.first { $0.scope == scope }
            return CapitalCandidate(
                name: agent.name.description, domain: agent.domain.description, profits: profits,
                budget: ProfitPeriods.dollars(Money(units: use.limit)),
                atRisk: ProfitPeriods.dollars(Money(units: use.used)),
                multiplier: brake.map {
                    $0.isHalted ? 0 : Double($0.multiplier) / Double(DrawdownRule.one)
                } ?? 1)
        }
    }

    private static func earned(_ engine: RiskEngine) -> [ScopeKey: Money] {
        Dictionary(
            engine.brakeViews.map { ($0.scope, $0.earned) }, uniquingKeysWith: { first, _ in first }
        )
    }

    private static func dollars(_ money: Money) -> Double { Double(money.units) / 1e9 }
}

/// A plan for persons and programs.
struct PlanReport: Codable, Sendable, Equatable {
    struct Line: Codable, Sendable, Equatable {
        let agent: String
        /// Dollars, in whole cents.
        let capital: String
        let proposed: String
        let riskShare: Double
        let edge: Double
        let tailLoss: Double
        let fraction: Double
        let sizes: Double
        let reason: String
    }

    let periods: Int
    let strategies: [Line]
    let cash: String

    init(_ plan: CapitalPlan, _ periods: Int) {
        self.periods = periods
        strategies = plan.lines.map { line in
            Line(
                agent: line.name, capital: PlanReport.cents(line.budget, .up),
                proposed: PlanReport.cents(line.proposed, .down), riskShare: line.riskShare,
                edge: line.edge, tailLoss: line.tailLoss, fraction: line.fraction,
                sizes: line.multiplier, reason: line.reason)
        }
        cash = PlanReport.cents(plan.cash, .down)
    }

    func show(asJSON: Bool) {
        let terminal = Terminal()
        if asJSON { return terminal.line(JSONText.encode(self)) }
        let head = [
            "AGENT", "CAPITAL", "PROPOSED", "RISK SHARE", "EDGE", "TAIL LOSS", "FRACTION", "SIZES",
            "WHY",
        ]
        let rows = strategies.map { line in
            let numbers = [
                line.riskShare, line.edge, line.tailLoss, line.fraction, line.sizes,
            ]
            return [line.agent, line.capital, line.proposed]
                + numbers.map(PlanReport.decimal) + [line.reason]
        }
        for line in Columns.lines([head] + rows, right: Set(1...7)) { terminal.line(line) }
        terminal.line("\(cash) stays with nobody; \(periods) whole periods")
    }

    /// Whole cents; a sum of shares may miss one by the last bit.
    fileprivate static func cents(
        _ dollars: Double, _ rounding: FloatingPointRoundingRule
    ) -> String {
        let cents = (dollars * 100 + (rounding == .down ? 1e-6 : -1e-6)).rounded(rounding)
        return Money(units: Int64(cents) * 10_000_000).description
    }

    private static func decimal(_ value: Double) -> String {
        Quantity(units: Int64((value * 10_000).rounded()) * 100_000).description
    }
}
