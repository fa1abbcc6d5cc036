import ArgumentParser
import Runtime
import Trading

/// How well each strategy trades. Definitions: docs/KPIS.md.
struct KPICommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kpi", abstract: "Shows how well each strategy trades, and what it earns.",
        discussion: "docs/KPIS.md defines every figure. Example: supervisor kpi --watch")

    @OptionGroup var service: ServiceOptions

    func run() async throws {
        await service.show("/v1/kpis", as: KPIReport.self) { $0.lines }
    }
}

extension KPIReport {
    var lines: [String] {
        let header = [
            "STRATEGY", "AGENT", "ORDERS", "REJECTED", "BREACHES", "STALE", "FILLS", "PASSIVE",
            "SLIPPAGE", "EXPECTED", "MISSED", "FEES", "AFTER 5 S", "30 S", "300 S",
        ]
        let rows = scores.map { score in
            [
                "\(score.org)/\(score.account)/\(score.strategy)", score.agent,
                "\(score.requested)", KPIReport.percent(score.rejectionRate),
                "\(score.breachesPrevented)", "\(score.staleQuotes)", "\(score.fills)",
                KPIReport.percent(score.passiveFillRatio),
                "\((score.slippageBasisPoints * 10).rounded() / 10) bp", score.expectedEdge,
                score.missedEdge, score.fees,
            ] + score.markouts.map { $0.map { "\(($0 * 10_000).rounded() / 10_000)" } ?? "-" }
        }
        let earned = returns.map { item in
            [
                item.strategy, item.venues.joined(separator: " "), item.realizedEdge, item.equity,
                item.returnOnCapital.map { KPIReport.percent($0) } ?? "-",
                item.brakeUsed.map { KPIReport.percent($0) } ?? "-",
            ]
        }
        return Columns.lines([header] + rows, right: Set(2...14)) + [""]
            + Columns.lines(
                [["STRATEGY", "VENUE", "EARNED", "EQUITY", "RETURN", "BRAKE USED"]] + earned,
                right: Set(2...5)) + ["", clusterLine]
    }

    private var clusterLine: String {
        let kills = killActivations.map { ", \($0) since the beginning" } ?? ""
        let mean = meanTimeToRecover.map { ", \(($0 * 10).rounded() / 10) s on average" } ?? ""
        return "halts \(halts)\(kills); restarts \(restarts); recovered \(recoveries) times\(mean)"
    }

    private static func percent(_ share: Double) -> String {
        "\((share * 1_000).rounded() / 10) %"
    }
}

/// What could be traded, and why it is not.
struct MarketsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "markets",
        abstract: "Shows each market: quote, model, edge after all costs, why nothing trades.",
        discussion: "Example: supervisor markets --watch")

    @OptionGroup var service: ServiceOptions

    func run() async throws {
        await service.show("/v1/markets", as: [MarketSummary].self) { markets in
            guard !markets.isEmpty else { return ["no market is open"] }
            let rows = markets.map {
                [
                    $0.instrument, $0.bid, $0.ask, $0.fairValue, $0.edge,
                    $0.why.isEmpty ? "trading" : $0.why, $0.closeAt,
                ]
            }
            return Columns.lines(
                [["MARKET", "BID", "ASK", "MODEL", "EDGE", "WHY NOT TRADING", "CLOSES"]] + rows,
                right: [1, 2, 3, 4])
        }
    }
}

/// What is held.
struct PositionsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "positions", abstract: "Shows what is held, at cost and at liquidation.",
        discussion: "Example: supervisor positions --json")

    @OptionGroup var service: ServiceOptions

    func run() async throws {
        await service.show("/v1/positions", as: [ClusterPicture.Position].self) { positions in
            guard !positions.isEmpty else { return ["nothing is held"] }
            let rows = positions.map {
                [
                    "\($0.org)/\($0.account)/\($0.strategy)", $0.instrument, $0.quantity, $0.cost,
                    $0.unrealized,
                ]
            }
            return Columns.lines(
                [["STRATEGY", "INSTRUMENT", "CONTRACTS", "COST", "UNREALISED"]] + rows,
                right: [2, 3, 4])
        }
    }
}

/// What was traded.
struct FillsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fills", abstract: "Lists the latest fills.",
        discussion: "`supervisor explain ORDER` says why each order was there. Example: "
            + "supervisor fills --limit 50")

    @OptionGroup var service: ServiceOptions

    @Option(name: .long, help: "How many, at most \(TraceFilter.limitMax).")
    var limit = 20

    func validate() throws {
        guard (1...TraceFilter.limitMax).contains(limit) else {
            throw ValidationError("--limit: expected a number from 1 to \(TraceFilter.limitMax)")
        }
    }

    func run() async throws {
        await service.show("/v1/fills?limit=\(limit)", as: TracePage<FillSummary>.self) { page in
            guard !page.items.isEmpty else { return ["no fill yet"] }
            return FillSummary.table(page.items)
        }
    }
}

extension FillSummary {
    fileprivate static func table(_ fills: [FillSummary]) -> [String] {
        let rows = fills.map {
            [
                "\($0.order)", $0.at, $0.strategy, $0.instrument, $0.side, $0.quantity, $0.price,
                $0.fee, $0.liquidity,
            ]
        }
        return Columns.lines(
            [
                [
                    "ORDER", "AT", "STRATEGY", "INSTRUMENT", "SIDE", "CONTRACTS", "PRICE", "FEE",
                    "AS",
                ]
            ] + rows, right: [0, 5, 6, 7])
    }
}
