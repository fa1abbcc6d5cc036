import Runtime

/// What one check of a deployment found.
struct Finding: Codable, Sendable, Equatable {
    enum Verdict: String, Codable, Sendable, Comparable {
        case fine
        /// It works, but not as well or as safely as it could.
        case warning
        /// It does not work, or must not be trusted.
        case problem

        static func < (lhs: Verdict, rhs: Verdict) -> Bool { lhs.rank < rhs.rank }
        private var rank: Int { self == .fine ? 0 : self == .warning ? 1 : 2 }
    }

    let check: String
    let verdict: Verdict
    /// What is so, in plain words.
    let detail: String
    /// What to do about it; empty where all is fine.
    let advice: String

    static func fine(_ check: String, _ detail: String) -> Finding {
        Finding(check: check, verdict: .fine, detail: detail, advice: "")
    }
    static func warning(_ check: String, _ detail: String, _ advice: String) -> Finding {
        Finding(check: check, verdict: .warning, detail: detail, advice: advice)
    }
    static func problem(_ check: String, _ detail: String, _ advice: String) -> Finding {
        Finding(check: check, verdict: .problem, detail: detail, advice: advice)
    }

    /// The lines for a person: what is wrong is followed by what to do.
    static func lines(_ findings: [Finding]) -> [String] {
        let words: [Verdict: String] = [.fine: "ok", .warning: "warn", .problem: "FAIL"]
        let rows = findings.map { [words[$0.verdict] ?? "", $0.check, $0.detail] }
        var lines: [String] = []
        for (line, finding) in zip(Columns.lines(rows), findings) {
            lines.append(line)
            if !finding.advice.isEmpty { lines.append("      -> \(finding.advice)") }
        }
        return lines
    }
}
