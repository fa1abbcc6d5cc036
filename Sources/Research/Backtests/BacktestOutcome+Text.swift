import Foundation

extension BacktestOutcome {
    /// The outcome as lines for a terminal.
    package var text: String {
        var lines = [
            row("events", "\(summary.events) of \(summary.instruments) instruments"),
            row("market time", BacktestOutcome.duration(summary.seconds)),
            row("profit", money(summary.profit) + " (fees \(money(summary.fees)))"),
            row("equity", "\(money(summary.cashStart)) → \(money(summary.equityEnd))"),
            row("drawdown, most", money(summary.drawdownMax)),
            row(
                "orders",
                "\(summary.requests) asked for, \(summary.permitted) permitted, "
                    + "\(summary.rejected) rejected, \(summary.cancels) cancelled"),
            row("fills", "\(summary.fills)"),
        ]
        lines += section("rejected by the risk engine", costs.rejections)
        lines += section("parents refused", intentRejections)
        lines += section("declined by the venue", declines)
        lines += section("alarms", alarms)
        lines += section("markets left alone", Array(abstentions.prefix(8)))
        return (lines + [""] + costs.lines).joined(separator: "\n")
    }

    private func section(_ title: String, _ counts: [CostReport.Count]) -> [String] {
        guard !counts.isEmpty else { return [] }
        return [
            row(title, counts.map { "\($0.name) \($0.count)" }.joined(separator: ", "))
        ]
    }

    private func row(_ name: String, _ value: String) -> String {
        name.padding(toLength: 28, withPad: " ", startingAt: 0) + value
    }

    private func money(_ value: Double) -> String { String(format: "%.2f", value) }

    /// `1 d 02:03:04`.
    static func duration(_ seconds: Double) -> String {
        let whole = Int(max(0, seconds))
        let clock = String(
            format: "%02d:%02d:%02d", whole / 3_600 % 24, whole / 60 % 60, whole % 60)
        return whole >= 86_400 ? "\(whole / 86_400) d \(clock)" : clock
    }
}

extension CostReport {
    /// The rows as a table for a terminal.
    package var lines: [String] {
        let header =
            "strategy     venue     regime    algorithm      orders  fills  filled  passive "
            + " reject  timeout  IS bp  eff.spread        1s        1m        1h    settle"
        return [header] + rows.map(CostReport.line)
    }

    private static func line(_ row: Row) -> String {
        func pad(_ text: String, _ width: Int) -> String {
            text.padding(toLength: width, withPad: " ", startingAt: 0)
        }
        func right(_ text: String, _ width: Int) -> String {
            String(repeating: " ", count: max(0, width - text.count)) + text
        }
        func share(_ value: Double?) -> String {
            value.map { String(format: "%.1f%%", $0 * 100) } ?? "–"
        }
        func price(_ value: Double?) -> String { value.map { String(format: "%.4f", $0) } ?? "–" }
        let markout = { (name: String) in row.markouts.first { $0.horizon == name }?.mean }
        return [
            pad(row.strategy, 13), pad(row.venue, 10), pad(row.regime, 10), pad(row.algorithm, 14),
            right("\(row.orders)", 7), right("\(row.fills)", 7),
            right(share(row.fillEfficiency), 8), right(share(row.passiveFillRatio), 9),
            right(share(row.rejectionRate), 8), right(share(row.timeoutRate), 9),
            right(String(format: "%.1f", row.shortfall.basisPoints), 7),
            right(price(row.effectiveSpread), 12), right(price(markout("1s")), 10),
            right(price(markout("1m")), 10), right(price(markout("1h")), 10),
            right(price(markout("settlement")), 10),
        ].joined()
    }
}

extension CostReport {
    /// The parts of the shortfall of each row, in dollars, as a table for a terminal.
    package var shortfallLines: [String] {
        func cell(_ text: String, _ width: Int) -> String {
            String(repeating: " ", count: max(0, width - text.count)) + text
        }
        func name(_ row: Row) -> String {
            [row.strategy, row.venue, row.regime, row.algorithm].joined(separator: " ")
        }
        let width = rows.map { name($0).count }.max() ?? 0
        let titles = ["delay", "trading", "opportunity", "fees", "total", "drift/h"]
        let header =
            "shortfall, $".padding(toLength: max(width, 12), withPad: " ", startingAt: 0)
            + titles.map { cell($0, 13) }.joined()
        return [header]
            + rows.map { row in
                let split = row.shortfall
                let values = [
                    split.delay, split.trading, split.opportunity, split.fees, split.total,
                ].map { String(format: "%.4f", $0) }
                let drift = row.slippageDriftPerHour.map { String(format: "%.5f", $0) } ?? "–"
                return name(row).padding(
                    toLength: max(width, 12), withPad: " ", startingAt: 0)
                    + (values + [drift]).map { cell($0, 13) }.joined()
            }
    }
}
