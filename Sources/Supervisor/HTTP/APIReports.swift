import Runtime
import Trading

/// Whether the cluster trades, in one answer.
struct HealthReport: Codable, Sendable, Equatable {
    let status: String
    let mode: String
    let arming: String
    let marketTime: String
    let lag: UInt64
    let needsYou: [String]

    init(_ overview: Overview) {
        needsYou = overview.overnight.needsYou
        status = needsYou.isEmpty ? "ok" : "attention"
        mode = overview.facts.mode
        arming = overview.picture.arming
        marketTime = overview.progress.marketTime
        lag = overview.progress.lag
    }
}

/// Profit in its parts, by agent and by venue. Exact decimals.
struct ProfitReport: Codable, Sendable, Equatable {
    struct Line: Codable, Sendable, Equatable {
        let name: String
        let realized: String
        let unrealized: String
        let fees: String
        let profit: String
    }

    let total: Line
    let agents: [Line]
    let venues: [Line]

    init(_ picture: ClusterPicture) {
        func sum(_ name: String, _ strategies: [ClusterPicture.Strategy]) -> Line {
            func total(_ part: (ClusterPicture.Strategy) -> String) -> String {
                strategies.reduce(Money.zero) { $0 + (Money(decimal: part($1)) ?? .zero) }
                    .description
            }
            return Line(
                name: name, realized: total(\.realized), unrealized: total(\.unrealized),
                fees: total(\.fees), profit: total(\.profit))
        }
        func lines(_ names: (ClusterPicture.Strategy) -> [String]) -> [Line] {
            let all = Set(picture.strategies.flatMap(names)).sorted()
            return all.map { name in
                sum(name, picture.strategies.filter { names($0).contains(name) })
            }
        }
        total = sum("total", picture.strategies)
        agents = lines { strategy in
            strategy.agents.isEmpty ? [strategy.strategy] : Set(strategy.agents).sorted()
        }
        venues = lines { Set($0.venues).sorted() }
    }
}

/// How far every brake and limit is.
struct BrakeList: Codable, Sendable, Equatable {
    let brakes: [ClusterPicture.Brake]
    let limits: [ClusterPicture.Use]
}

/// The KPI framework; definitions in docs/KPIS.md.
struct KPIReport: Codable, Sendable, Equatable {
    let scores: [ScoreSummary]
    let returns: [Return]
    let halts: Int
    let restarts: Int
    /// How often anything was halted; nil where one org asks.
    let killActivations: UInt64?
    let recoveries: Int
    /// In seconds; nil where nothing had to recover.
    let meanTimeToRecover: Double?

    /// What a strategy made of its capital.
    struct Return: Codable, Sendable, Equatable {
        let org: String
        let strategy: String
        let agents: [String]
        let venues: [String]
        let realizedEdge: String
        let equity: String
        let returnOnCapital: Double?
        let brakeUsed: Double?
    }

    init(_ overview: Overview) {
        scores = overview.scores
        let picture = overview.picture
        returns = picture.strategies.map { strategy in
            let brake = picture.brakes.first {
                $0.org == strategy.org && $0.scope.hasSuffix("/" + strategy.strategy)
            }
            let made = Money(decimal: strategy.profit) ?? .zero
            let equity = brake.flatMap { Money(decimal: $0.equity) } ?? .zero
            let capital = (equity - made).doubleValue
            return Return(
                org: strategy.org, strategy: strategy.strategy, agents: strategy.agents,
                venues: strategy.venues, realizedEdge: strategy.profit, equity: equity.description,
                returnOnCapital: capital > 0 ? made.doubleValue / capital : nil,
                brakeUsed: brake?.used)
        }
        halts = picture.halts.count
        restarts = overview.processes.reduce(0) { $0 + $1.restarts }
        killActivations = picture.killActivations
        recoveries = overview.recoveries
        meanTimeToRecover = overview.meanTimeToRecover
    }
}
