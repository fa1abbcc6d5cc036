import Trading
import Wire

/// A directive for persons and programs.
struct DirectiveReport: Codable, Sendable, Equatable {
    let file: String
    let cluster: String
    let order: String
    let reason: String
    let expires: String
    /// The newest halt of the scope at each process that it names.
    let clears: [String: UInt64]
    let signed: [String]

    init(_ terms: DirectiveTerms, _ proposal: ProposalFile, file: String) {
        self.file = file
        cluster = terms.cluster.description
        order = terms.title
        reason = terms.reason
        expires = terms.expiresAt.description
        signed = proposal.signatures.map(\.operator.description)
        var clears: [String: UInt64] = [:]
        if case .order(let directive, let latches) = terms.content {
            clears["core"] = directive.halt
            for latch in latches { clears[latch.gateway.description] = latch.halt }
        }
        self.clears = clears
    }

    var lines: [String] {
        let names = signed.isEmpty ? "nobody" : signed.joined(separator: ", ")
        return ["\(file): cluster \(cluster), \(order), expires \(expires)", "why: \(reason)"]
            + clears.sorted { $0.key < $1.key }.map { "  clears halt \($0.value) of \($0.key)" }
            + ["signed by \(names)"]
    }
}

extension ProposalFile {
    /// Shows what the file says, and who has signed it.
    func show(file: String, sheet: LimitSheet? = nil, asJSON: Bool) {
        let terminal = Terminal()
        switch terms {
        case .limits(let limits):
            ProposalReport(limits, self, file: file, sheet: sheet).show(asJSON: asJSON)
        case .directive(let directive):
            let report = DirectiveReport(directive, self, file: file)
            if asJSON { return terminal.line(JSONText.encode(report)) }
            for line in report.lines { terminal.line(line) }
        }
    }
}
