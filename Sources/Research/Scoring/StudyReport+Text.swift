import Foundation

extension StudyReport {
    /// The report as a person reads it.
    package var text: [String] {
        var lines = ["", title, "\(rows) forecasts in \(clusters) clusters"]
        lines += datasets.sorted { $0.key < $1.key }.map { "data \($0.key) \($0.value.prefix(16))" }
        lines.append("parameters \(parameters.prefix(16))")
        let hasRanked = self.lines.contains { $0.ranked != nil }
        lines.append(
            StudyReport.row(["forecaster", "Brier", "log"] + (hasRanked ? ["RPS"] : [])))
        for line in self.lines {
            let ranked = line.ranked.map { [StudyReport.text($0)] } ?? []
            let clipped = line.clipped > 0 ? "  (\(line.clipped) clipped)" : ""
            lines.append(
                StudyReport.row(
                    [line.forecaster, StudyReport.text(line.brier), StudyReport.text(line.log)]
                        + ranked) + clipped)
        }
        for duel in duels {
            lines.append(
                "against \(duel.against): Brier gain \(StudyReport.text(duel.brierGain)), log gain "
                    + "\(StudyReport.text(duel.logGain)), e \(StudyReport.number(duel.evidence)) "
                    + "(max \(StudyReport.number(duel.evidenceMax)), for the other "
                    + "\(StudyReport.number(duel.counterEvidence))): \(duel.verdict)")
        }
        lines += notes
        lines.append(hasPrice ? "compared with a price" : "skill, not edge")
        lines += plot
        return lines
    }

    /// The reliability diagram in characters: where the forecast lies (`|`), what came (`o`).
    private var plot: [String] {
        let width = 50
        return ["reliability: | forecast, o outcome, n"]
            + reliability.map { bin in
                var cells = [Character](repeating: ".", count: width + 1)
                cells[Int((bin.forecast * Double(width)).rounded())] = "|"
                cells[Int((bin.outcome * Double(width)).rounded())] = "o"
                return String(cells) + " \(bin.count)"
            }
    }

    private static func row(_ cells: [String]) -> String {
        cells.enumerated().map { index, cell in
            cell.padding(toLength: index == 0 ? 34 : 22, withPad: " ", startingAt: 0)
        }.joined().trimmingCharacters(in: .whitespaces)
    }

    package static func text(_ estimate: Scoreboard.Estimate) -> String {
        String(format: "%.5f ± %.5f", estimate.mean, estimate.halfWidth)
    }

    static func number(_ value: Double) -> String { String(format: "%.3g", value) }

    /// The reliability diagram as an SVG picture: a circle for each bin, its area the count.
    package var svg: String {
        let side = 400.0
        let margin = 40.0
        func place(_ value: Double) -> Double { margin + value * side }
        let largest = Double(reliability.map(\.count).max() ?? 1)
        let circles = reliability.map { bin in
            let radius = 3 + 9 * (Double(bin.count) / largest).squareRoot()
            return String(
                format: "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"%.1f\" fill=\"#1f6feb\" "
                    + "fill-opacity=\"0.7\"><title>%d</title></circle>",
                place(bin.forecast), place(1 - bin.outcome), radius, bin.count)
        }
        let frame = String(
            format: "<rect x=\"%.0f\" y=\"%.0f\" width=\"%.0f\" height=\"%.0f\" fill=\"none\" "
                + "stroke=\"#888\"/><line x1=\"%.0f\" y1=\"%.0f\" x2=\"%.0f\" y2=\"%.0f\" "
                + "stroke=\"#888\" stroke-dasharray=\"4\"/>",
            margin, margin, side, side, margin, margin + side, margin + side, margin)
        let name = title.replacingOccurrences(of: "&", with: "&amp;")
            .replacingOccurrences(of: "<", with: "&lt;")
        let labels =
            "<text x=\"40\" y=\"24\" font-size=\"14\">\(name)</text>"
            + "<text x=\"190\" y=\"470\" font-size=\"12\">forecast</text>"
            + "<text x=\"12\" y=\"250\" font-size=\"12\" transform=\"rotate(-90 12 250)\">"
            + "outcome</text>"
        return "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"480\" height=\"480\" "
            + "font-family=\"sans-serif\">\(frame)\(circles.joined())\(labels)</svg>\n"
    }
}

extension StudyReport.Duel {
    /// What the evidence allows to be said.
    package var verdict: String {
        if evidenceMax >= 20 { return "the model is better" }
        if counterEvidence >= 20 { return "the model is worse" }
        return "not settled"
    }
}
