import Runtime
import Trading

/// The cluster's numbers in Prometheus' text format. One endpoint for all processes: those that
/// hold keys open no port for it.
struct MetricsText {
    private let overview: Overview

    init(_ overview: Overview) { self.overview = overview }

    /// Every metric, its kind and its meaning. docs/KPIS.md and the rules in deploy/ name these.
    static let families: [(name: String, kind: String, help: String)] = [
        ("bellwether_up", "gauge", "1 while the process is ready."),
        ("bellwether_halted", "gauge", "1 while the process holds a halt."),
        ("bellwether_restarts_total", "counter", "How often the process was started again."),
        ("bellwether_process_value", "gauge", "A process's own counter, by name."),
        ("bellwether_trace_lag_entries", "gauge", "Journal entries that the traces are behind."),
        ("bellwether_status_age_seconds", "gauge", "Since the processes were looked at."),
        ("bellwether_profit_dollars", "gauge", "Profit by part: realized, unrealized, fees."),
        ("bellwether_brake_used_ratio", "gauge", "The share of the nearest brake that is used."),
        ("bellwether_limit_used_ratio", "gauge", "The share of a limit that is used."),
        ("bellwether_halts", "gauge", "Halts that stand."),
        ("bellwether_kill_activations_total", "counter", "How often anything was halted."),
        ("bellwether_recoveries_total", "counter", "How often a process was ready again."),
        (
            "bellwether_mean_time_to_recover_seconds", "gauge",
            "From not ready to ready again, on average."
        ),
        ("bellwether_needs_attention", "gauge", "What only a person can settle."),
        (
            "bellwether_alerts_standing", "gauge",
            "Alerts that stand, by severity and whether taken."
        ),
        ("bellwether_orders_requested_total", "counter", "Orders that a strategy asked for."),
        ("bellwether_rejection_ratio", "gauge", "The share of requests that was rejected."),
        ("bellwether_breaches_prevented_total", "counter", "Rejections that a limit made."),
        ("bellwether_stale_quotes_total", "counter", "Rejections because of old quotes."),
        ("bellwether_unanswered_total", "counter", "Orders declined, expired or in doubt."),
        ("bellwether_fills_total", "counter", "Fills, busts taken off."),
        ("bellwether_passive_fill_ratio", "gauge", "The share of contracts that rested first."),
        ("bellwether_slippage_basis_points", "gauge", "Cost beyond the middle when decided."),
        (
            "bellwether_return_on_capital_ratio", "gauge",
            "What a strategy made of its capital, by its agents and venues."
        ),
        ("bellwether_missed_edge_dollars", "gauge", "What rejected requests expected to earn."),
        ("bellwether_markout_dollars", "gauge", "Mean gain of a contract after so long."),
        ("bellwether_expected_edge_dollars", "gauge", "What fills were expected to earn."),
    ]

    var text: String {
        var lines: [String] = []
        for family in MetricsText.families {
            let samples = samples(of: family.name)
            guard !samples.isEmpty else { continue }
            lines.append("# HELP \(family.name) \(family.help)")
            lines.append("# TYPE \(family.name) \(family.kind)")
            lines += samples.map { family.name + $0 }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private func samples(of name: String) -> [String] {
        switch name {
        case "bellwether_up": processes { $0.isReady ? 1 : 0 }
        case "bellwether_halted": processes { $0.isHalted ? 1 : 0 }
        case "bellwether_restarts_total": processes { Double($0.restarts) }
        case "bellwether_process_value": counters
        case "bellwether_trace_lag_entries": [" \(overview.progress.lag)"]
        case "bellwether_status_age_seconds": [" \(Double(overview.statusAgeMillis) / 1_000)"]
        case "bellwether_profit_dollars": profits
        case "bellwether_brake_used_ratio":
            overview.picture.brakes.compactMap { brake in
                brake.used.map { labels([("scope", brake.scope)]) + " \($0)" }
            }
        case "bellwether_limit_used_ratio":
            overview.picture.uses.map {
                labels([("scope", $0.scope), ("limit", $0.limit)]) + " \($0.share)"
            }
        case "bellwether_halts": [" \(overview.picture.halts.count)"]
        case "bellwether_kill_activations_total":
            overview.picture.killActivations.map { [" \($0)"] } ?? []
        case "bellwether_recoveries_total": [" \(overview.recoveries)"]
        case "bellwether_mean_time_to_recover_seconds":
            overview.meanTimeToRecover.map { [" \($0)"] } ?? []
        case "bellwether_needs_attention": [" \(overview.overnight.needsYou.count)"]
        case "bellwether_alerts_standing": alerts
        case "bellwether_markout_dollars": markouts
        case "bellwether_return_on_capital_ratio": returns
        default: scores(name)
        }
    }

    private var alerts: [String] {
        AlertSeverity.allCases.flatMap { severity in
            [true, false].map { isTaken in
                let count = overview.alerts.count {
                    $0.severity == severity.rawValue && $0.isAcknowledged == isTaken
                }
                return labels(
                    [("severity", severity.rawValue), ("acknowledged", isTaken ? "yes" : "no")])
                    + " \(count)"
            }
        }
    }

    private func processes(_ value: (ProcessSummary) -> Double) -> [String] {
        overview.processes.map { labels([("process", $0.process)]) + " \(value($0))" }
    }

    private var counters: [String] {
        overview.processes.flatMap { process in
            process.counters.sorted { $0.key < $1.key }.map {
                labels([("process", process.process), ("counter", $0.key)]) + " \($0.value)"
            }
        }
    }

    private var profits: [String] {
        overview.picture.strategies.flatMap { strategy in
            [
                ("realized", strategy.realized), ("unrealized", strategy.unrealized),
                ("fees", strategy.fees),
            ].map { part, value in
                labels([
                    ("org", strategy.org), ("account", strategy.account),
                    ("strategy", strategy.strategy), ("part", part),
                ]) + " \(value)"
            }
        }
    }

    private func scores(_ name: String) -> [String] {
        overview.scores.compactMap { score in
            value(of: name, score).map { labels(owner(of: score)) + " \($0)" }
        }
    }

    private var returns: [String] {
        KPIReport(overview).returns.compactMap { item in
            item.returnOnCapital.map { share in
                labels([
                    ("org", item.org), ("strategy", item.strategy),
                    ("agent", item.agents.joined(separator: "+")),
                    ("venue", item.venues.joined(separator: "+")),
                ]) + " \(share)"
            }
        }
    }

    private var markouts: [String] {
        overview.scores.flatMap { score in
            zip(MarkoutFold.horizons, score.markouts).compactMap { horizon, gain in
                gain.map {
                    let seconds = horizon.nanoseconds / 1_000_000_000
                    return labels(owner(of: score) + [("after", "\(seconds)s")]) + " \($0)"
                }
            }
        }
    }

    private func owner(of score: ScoreSummary) -> [(String, String)] {
        [
            ("org", score.org), ("account", score.account), ("strategy", score.strategy),
            ("agent", score.agent),
        ]
    }

    private func value(of name: String, _ score: ScoreSummary) -> String? {
        switch name {
        case "bellwether_orders_requested_total": "\(score.requested)"
        case "bellwether_rejection_ratio": "\(score.rejectionRate)"
        case "bellwether_breaches_prevented_total": "\(score.breachesPrevented)"
        case "bellwether_stale_quotes_total": "\(score.staleQuotes)"
        case "bellwether_unanswered_total": "\(score.unanswered)"
        case "bellwether_fills_total": "\(score.fills)"
        case "bellwether_passive_fill_ratio": "\(score.passiveFillRatio)"
        case "bellwether_slippage_basis_points": "\(score.slippageBasisPoints)"
        case "bellwether_expected_edge_dollars": score.expectedEdge
        case "bellwether_missed_edge_dollars": score.missedEdge
        default: nil
        }
    }

    private func labels(_ pairs: [(String, String)]) -> String {
        let inner = pairs.map { name, value in
            let safe = value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
                .replacing("\n", with: " ")
            return "\(name)=\"\(safe)\""
        }
        return "{\(inner.joined(separator: ","))}"
    }
}
