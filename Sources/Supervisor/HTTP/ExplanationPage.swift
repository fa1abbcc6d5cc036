/// An order's explanation as a page to read and to print. Everything in it is escaped: titles and
/// signals come from outside.
struct ExplanationPage {
    private let explanation: Explanation

    init(_ explanation: Explanation) { self.explanation = explanation }

    var html: String {
        let title = "Order \(explanation.order)"
        return """
            <!doctype html><html lang="en"><head><meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>\(title)</title><link rel="stylesheet" href="/dashboard.css"></head>
            <body class="page"><article>\(article)</article></body></html>
            """
    }

    private var article: String {
        let told = explanation
        var parts = [
            "<h1>Order \(told.order): \(escape(told.side)) \(told.quantity) at \(told.price), "
                + "\(escape(told.state))</h1>",
            "<p>\(escape(told.title.isEmpty ? told.instrument : told.title))</p>",
            table(
                "Who and when",
                [
                    ("requested", told.at), ("by", told.agent), ("for", told.owner),
                    ("instrument", told.instrument), ("journal entry", "\(told.entry)"),
                ]),
            table(
                "Why",
                [
                    ("signal", told.signal),
                    ("model", "\(told.model), policy \(told.policyVersion)"),
                    ("fair value", told.fairValue), ("confidence", "\(told.confidence)"),
                    ("expected edge", "\(told.expectedEdge) after all costs"),
                ] + told.features.map { ($0.name, "\($0.value)") }),
        ]
        if let quote = told.quote {
            parts.append(
                table(
                    "The market then",
                    [
                        ("bid", "\(quote.bid) x \(quote.bidQuantity)"),
                        ("ask", "\(quote.ask) x \(quote.askQuantity)"),
                        ("age", "\(quote.ageMillis) ms"),
                    ]))
        }
        let assumed = [("queue", told.assumptions.queue), ("fees", told.assumptions.fees)]
        let met = told.assumptions.counterparties.map { [("counterparties", $0)] } ?? []
        parts.append(table("What is assumed", assumed + met))
        parts.append(
            table(
                "Decision: \(told.rejection.map { "\(told.verdict), \($0)" } ?? told.verdict)",
                told.controls.map { check in
                    let bound =
                        check.limit.isEmpty ? "" : ": \(check.value) against \(check.limit)"
                    return (check.control, check.outcome + bound)
                }))
        parts.append(
            table(
                "Route",
                told.route.map { step in
                    let more = [step.venueOrder, step.reason, step.detail].filter { !$0.isEmpty }
                    return (step.at, ([step.state] + more).joined(separator: ", "))
                }))
        parts.append(
            table(
                "Fills",
                told.fills.map { fill in
                    (
                        fill.at,
                        "\(fill.quantity) at \(fill.price), fee \(fill.fee), \(fill.liquidity), "
                            + "\(fill.finality)\(fill.decay.map { "; \($0)" } ?? "")"
                    )
                } + [
                    ("filled", "\(told.filled) of \(told.quantity)"), ("cost", told.cost),
                    ("fees", told.fees),
                    ("settlement", told.settlement.map { "\($0.outcome) at \($0.value)" } ?? "-"),
                    ("profit of these fills", told.profit ?? "unknown until there is a mark"),
                ]))
        return parts.joined()
    }

    private func table(_ title: String, _ rows: [(String, String)]) -> String {
        guard !rows.isEmpty else { return "" }
        let body = rows.map { name, value in
            "<tr><th scope=\"row\">\(escape(name))</th><td>\(escape(value))</td></tr>"
        }
        return "<h2>\(escape(title))</h2><table>\(body.joined())</table>"
    }

    private func escape(_ text: String) -> String {
        var safe = ""
        for character in text {
            switch character {
            case "&": safe += "&amp;"
            case "<": safe += "&lt;"
            case ">": safe += "&gt;"
            case "\"": safe += "&quot;"
            case "'": safe += "&#39;"
            default: safe.append(character)
            }
        }
        return safe
    }
}
