import Foundation

/// The outcome of a backtest as one page of HTML that needs nothing else.
package struct BacktestPage {
    private let outcome: BacktestOutcome
    private let title: String

    package init(_ outcome: BacktestOutcome, title: String) {
        self.outcome = outcome
        self.title = title
    }

    package var html: String {
        [
            "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">",
            "<title>\(SVGChart.escape(title))</title><style>\(BacktestPage.style)</style>",
            "</head><body><h1>\(SVGChart.escape(title))</h1>", facts,
            "<section>", equity.svg, drawdown.svg, inventory.svg, markouts.svg, slippage.svg,
            "</section><h2>Fills on the book</h2><section>",
            outcome.books.isEmpty ? "<p class=\"none\">nothing was filled</p>" : "",
            outcome.books.map { fills($0).svg }.joined(), "</section>",
            "<h2>What was refused, and why</h2>", reasons,
            "<h2>What trading cost</h2>", costs, "</body></html>\n",
        ].joined(separator: "\n")
    }

    // MARK: Charts

    private func line(
        _ label: String, _ style: String, _ value: (BacktestOutcome.Point) -> Double
    ) -> SVGChart.Line {
        SVGChart.Line(
            label: label, style: style, points: outcome.series.map { ($0.at, value($0)) },
            isStepped: true)
    }

    private var equity: SVGChart {
        SVGChart(
            title: "Equity, dollars", unit: "", lines: [line("equity", "one") { $0.equity }])
    }
    private var drawdown: SVGChart {
        SVGChart(
            title: "Drawdown, dollars", unit: "",
            lines: [line("drawdown", "two") { -$0.drawdown }])
    }
    private var inventory: SVGChart {
        SVGChart(
            title: "Inventory, contracts of YES less NO", unit: "",
            lines: [line("inventory", "one") { $0.inventory }])
    }

    /// The mean markout of all fills by horizon.
    private var markouts: SVGChart {
        let found = outcome.costs.rows.first?.markouts ?? []
        let points = found.enumerated().map { (Double($0.offset), $0.element.mean) }
        return SVGChart(
            title: "Markout after a fill, dollars a contract (positive is for us)", unit: "",
            lines: [.init(label: "markout", style: "one", points: points)],
            dots: [.init(label: "mean", style: "one", points: points)],
            categories: found.map(\.horizon))
    }

    /// What fills cost against the mid of the moment, added up over time.
    private var slippage: SVGChart {
        var sum = 0.0
        let points = outcome.slippages.map { point in
            sum += point.cost
            return (point.at, sum)
        }
        return SVGChart(
            title: "Slippage against the mid at the decision, dollars so far", unit: "",
            lines: [.init(label: "slippage", style: "two", points: points, isStepped: true)])
    }

    private func fills(_ book: BacktestOutcome.Book) -> SVGChart {
        let own = outcome.fills.filter { $0.instrument == book.instrument }
        func dots(_ side: String) -> [(x: Double, y: Double)] {
            own.filter { $0.side == side }.map { ($0.at, $0.price) }
        }
        return SVGChart(
            title: book.instrument, unit: "",
            lines: [
                .init(
                    label: "bid", style: "bid", points: book.touches.map { ($0.at, $0.bid) },
                    isStepped: true),
                .init(
                    label: "ask", style: "ask", points: book.touches.map { ($0.at, $0.ask) },
                    isStepped: true),
            ],
            dots: [
                .init(label: "bought", style: "bought", points: dots("buy")),
                .init(label: "sold", style: "sold", points: dots("sell")),
            ])
    }

    // MARK: Tables

    private var facts: String {
        let summary = outcome.summary
        let rows = [
            ("events", "\(summary.events) of \(summary.instruments) instruments"),
            ("market time", BacktestOutcome.duration(summary.seconds)),
            ("profit", money(summary.profit)), ("fees", money(summary.fees)),
            ("equity", "\(money(summary.cashStart)) → \(money(summary.equityEnd))"),
            ("drawdown, most", money(summary.drawdownMax)),
            ("orders asked for", "\(summary.requests)"),
            ("permitted / rejected", "\(summary.permitted) / \(summary.rejected)"),
            ("cancelled", "\(summary.cancels)"), ("fills", "\(summary.fills)"),
        ]
        return "<dl>"
            + rows.map { "<div><dt>\($0.0)</dt><dd>\($0.1)</dd></div>" }.joined() + "</dl>"
    }

    private var reasons: String {
        let groups = [
            ("risk engine", outcome.costs.rejections),
            ("risk engine, parents", outcome.intentRejections), ("venue", outcome.declines),
            ("alarm", outcome.alarms), ("left alone by the agent", outcome.abstentions),
        ]
        let most = max(1, groups.flatMap(\.1).map(\.count).max() ?? 1)
        let rows = groups.flatMap { name, counts in
            counts.map { count in
                let width = Int((Double(count.count) / Double(most) * 300).rounded(.up))
                return "<tr><td>\(name)</td><td>\(SVGChart.escape(count.name))</td>"
                    + "<td class=\"number\">\(count.count)</td>"
                    + "<td><i style=\"width:\(width)px\"></i></td></tr>"
            }
        }
        guard !rows.isEmpty else { return "<p class=\"none\">nothing</p>" }
        return "<table><tr><th>who</th><th>reason</th><th>times</th><th></th></tr>"
            + rows.joined() + "</table>"
    }

    private var costs: String {
        let titles = [
            "strategy", "venue", "regime", "algorithm", "orders", "fills", "filled", "passive",
            "rejected", "timed out", "delay", "trading", "missed", "fees", "shortfall bp",
            "eff. spread", "drift / h",
        ]
        let rows = outcome.costs.rows.map { row in
            let cells = [
                row.strategy, row.venue, row.regime, row.algorithm, "\(row.orders)",
                "\(row.fills)", share(row.fillEfficiency), share(row.passiveFillRatio),
                share(row.rejectionRate), share(row.timeoutRate), money(row.shortfall.delay),
                money(row.shortfall.trading), money(row.shortfall.opportunity),
                money(row.shortfall.fees), String(format: "%.1f", row.shortfall.basisPoints),
                price(row.effectiveSpread), price(row.slippageDriftPerHour),
            ]
            return "<tr>"
                + cells.enumerated().map {
                    "<td\($0.offset > 3 ? " class=\"number\"" : "")>"
                        + "\(SVGChart.escape($0.element))</td>"
                }.joined() + "</tr>"
        }
        return "<div class=\"wide\"><table><tr>"
            + titles.map { "<th>\($0)</th>" }.joined() + "</tr>" + rows.joined()
            + "</table></div>"
    }

    private func money(_ value: Double) -> String { String(format: "%.2f", value) }
    private func share(_ value: Double?) -> String {
        value.map { String(format: "%.1f %%", $0 * 100) } ?? "–"
    }
    private func price(_ value: Double?) -> String {
        value.map { String(format: "%.4g", $0) } ?? "–"
    }

    private static let style = """
        body{font:14px/1.4 system-ui,sans-serif;margin:24px auto;max-width:1500px;padding:0 16px;
        color:#1c2430;background:#fff}h1{font-size:20px}h2{font-size:16px;margin-top:28px}
        section{display:grid;grid-template-columns:repeat(auto-fit,minmax(460px,1fr));gap:16px}
        figure{margin:0;border:1px solid #d8dee6;border-radius:6px;padding:8px}
        figcaption{font-weight:600}svg{width:100%;height:auto;display:block}
        .key{font-weight:400;font-size:12px}svg text{font-size:11px;fill:#5a6675}
        .end{text-anchor:end;dominant-baseline:middle}.mid{text-anchor:middle}.last{text-anchor:end}
        .grid{stroke:#e8ecf1}path{fill:none;stroke-width:1.5}
        path.one{stroke:#1f6feb}path.two{stroke:#c2410c}path.bid{stroke:#7aa874}
        path.ask{stroke:#c98a8a}circle.one{fill:#1f6feb}circle.bought{fill:#15803d}
        circle.sold{fill:#b91c1c}.key.one{color:#1f6feb}.key.two{color:#c2410c}
        .key.bid{color:#7aa874}.key.ask{color:#c98a8a}.key.bought{color:#15803d}
        .key.sold{color:#b91c1c}dl{display:flex;flex-wrap:wrap;gap:8px 28px}
        dt{color:#5a6675;font-size:12px}dd{margin:0;font-weight:600}
        .wide{overflow-x:auto}table{border-collapse:collapse}td,th{padding:3px 9px;border-bottom:1px solid #e8ecf1;
        text-align:left;white-space:nowrap}.number{text-align:right}
        td i{display:inline-block;height:9px;background:#1f6feb}.none{color:#5a6675}
        """
}
