import Trading

extension Explanation {
    /// The explanation as `supervisor explain` prints it.
    var lines: [String] {
        [headline, reasons, decision, steps, results].flatMap { $0 }
    }

    private var headline: [String] {
        [
            "order \(order): \(side) \(quantity) \(instrument) at \(price), "
                + "\(timeInForce)\(isPostOnly ? ", post only" : "") -> \(state)",
            field("market", title.isEmpty ? instrument : title),
            field("requested", "\(at) by \(agent) for \(owner)"),
            field("", "intent \(intent), request \(request), journal entry \(entry)"),
        ]
    }

    private var reasons: [String] {
        var lines = [field("signal", signal)]
        for (index, feature) in features.enumerated() {
            lines.append(field(index == 0 ? "features" : "", "\(feature.name) = \(feature.value)"))
        }
        lines += [
            field("model", "\(model), policy \(policyVersion), hash \(modelHash.prefix(16))"),
            field("fair value", "\(fairValue), confidence \(confidence)"),
            field("edge", "\(expectedEdge) expected after fees"),
        ]
        if let quote {
            lines.append(
                field(
                    "quote",
                    "bid \(quote.bid) x \(quote.bidQuantity), ask \(quote.ask) x "
                        + "\(quote.askQuantity), book \(quote.book), \(quote.ageMillis) ms old"))
        }
        lines += [
            field("assumes", "queue: \(assumptions.queue)"), field("", "fees: \(assumptions.fees)"),
        ]
        if let met = assumptions.counterparties {
            lines.append(field("", "counterparties: \(met)"))
        }
        return lines
    }

    private var decision: [String] {
        var lines: [String] = []
        for (index, check) in controls.enumerated() {
            let bound =
                check.limit.isEmpty
                ? "" : " (\(check.value) against \(check.limit), \(check.level))"
            lines.append(
                field(index == 0 ? "controls" : "", "\(check.control): \(check.outcome)\(bound)"))
        }
        lines.append(field("decision", rejection.map { "\(verdict): \($0)" } ?? verdict))
        if let permit {
            lines.append(
                field(
                    "permit",
                    "\(permit.gateway), lease \(permit.lease), permit \(permit.permit), "
                        + "client order \(permit.clientOrder), limits \(permit.limitSnapshot)"))
        }
        return lines
    }

    private var steps: [String] {
        var lines: [String] = []
        for (index, step) in route.enumerated() {
            let more = [step.reason, step.detail].filter { !$0.isEmpty }.joined(separator: ": ")
            let venue = step.venueOrder.isEmpty ? "" : " as \(step.venueOrder)"
            lines.append(
                field(
                    index == 0 ? "route" : "",
                    "\(step.at) \(step.state)\(venue)\(more.isEmpty ? "" : " (\(more))")"))
        }
        for at in cancelRequestedAt { lines.append(field("cancel", "asked for at \(at)")) }
        return lines
    }

    private var results: [String] {
        var lines: [String] = []
        for (index, fill) in fills.enumerated() {
            let finality = fill.finality == "final" ? "" : ", \(fill.finality)"
            lines.append(
                field(
                    index == 0 ? "fills" : "",
                    "\(fill.at) \(fill.quantity) at \(fill.price), fee \(fill.fee), "
                        + "\(fill.liquidity), trade \(fill.trade)\(finality)"))
            if let decay = fill.decay { lines.append(field("", decay)) }
        }
        lines.append(field("filled", "\(filled) of \(quantity), cost \(cost)"))
        lines.append(field("fees", fees))
        if let settlement {
            lines.append(
                field(
                    "settlement",
                    "\(settlement.outcome) at \(settlement.value), \(settlement.at)"))
        } else if let mark {
            lines.append(field("mark", "\(mark), not settled"))
        }
        lines.append(field("PnL", "\(profit ?? "unknown until there is a mark") of these fills"))
        return lines
    }

    private func field(_ name: String, _ text: String) -> String {
        let padding = String(repeating: " ", count: max(1, 12 - name.count))
        return "  \(name)\(padding)\(text)"
    }
}
