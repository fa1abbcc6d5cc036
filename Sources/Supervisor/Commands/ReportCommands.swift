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
            "SLIPPAGE", "EXPECTED", "FEES",
        ]
        let rows = scores.map { score in
            [
                "\(score.org)/\(score.account)/\(score.strategy)", score.agent,
                "\(score.requested)", KPIReport.percent(score.rejectionRate),
                "\(score.breachesPrevented)", "\(score.staleQuotes)", "\(score.fills)",
                KPIReport.percent(score.passiveFillRatio),
                "\((score.slippageBasisPoints * 10).rounded() / 10) bp", score.expectedEdge,
                score.fees,
            ]
        }
        let earned = returns.map { item in
            [
                item.strategy, item.realizedEdge, item.equity,
                item.returnOnCapital.map { KPIReport.percent($0) } ?? "-",
                item.brakeUsed.map { KPIReport.percent($0) } ?? "-",
            ]
        }
        return Columns.lines([header] + rows, right: Set(2...10)) + [""]
            + Columns.lines(
                [["STRATEGY", "EARNED", "EQUITY", "RETURN", "BRAKE USED"]] + earned,
                right: Set(1...4))
            + ["", "halts \(halts), restarts \(restarts)"]
    }

    private static func percent(_ share: Double) -> String {
        "\((share * 1_000).rounded() / 10) %"
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
