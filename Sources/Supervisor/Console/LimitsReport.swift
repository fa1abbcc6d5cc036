import Risk
import Runtime
import Trading
import Wire

/// The limits in force for persons and programs.
struct LimitsReport: Codable, Sendable, Equatable {
    struct Line: Codable, Sendable, Equatable {
        let scope: String
        let limit: String
        let value: String
        /// The tightest of the scope and all above it.
        let effective: String
        let bound: String
        let version: UInt64
        let since: String
        let by: [String]
    }

    struct Waiting: Codable, Sendable, Equatable {
        let until: String
        let reason: String
        let changes: [ProposalReport.Change]
    }

    let version: UInt64
    let hash: String
    let quorum: UInt32
    let limits: [Line]
    let waiting: Waiting?

    init(_ sheet: LimitSheet) {
        version = sheet.version
        hash = sheet.hash.description
        quorum = sheet.quorum
        limits = sheet.limits.compactMap(Line.init)
        waiting = sheet.pending.map { pending in
            Waiting(
                until: pending.at.description, reason: pending.proposal.reason,
                changes: pending.proposal.changes.compactMap(ProposalReport.Change.init))
        }
    }

    var lines: [String] {
        let rows =
            [["SCOPE", "LIMIT", "VALUE", "EFFECTIVE", "OF", "BY", "SINCE"]]
            + limits.map {
                [
                    $0.scope, $0.limit, $0.value, $0.effective, $0.bound,
                    $0.by.joined(separator: ","), $0.since,
                ]
            }
        var lines = Columns.lines(rows, right: [2, 3])
        lines.append(
            "version \(version), hash \(hash); \(quorum) operator(s) to loosen")
        if let waiting {
            lines.append("from \(waiting.until) on (\(waiting.reason)):")
            lines += waiting.changes.map { "  " + $0.text }
        }
        return lines
    }
}

extension LimitsReport.Line {
    fileprivate init?(_ entry: LimitsReply.LimitsEntry) {
        guard let place = LimitPlace(entry) else { return nil }
        let signers = [entry.signer, entry.cosigner].filter { !$0.isEmpty }
        scope = "\(place.scope)"
        limit = LimitConfiguration.name(of: entry.kind)
        value = LimitText.value(entry.value, of: entry.kind)
        effective = LimitText.value(entry.effective, of: entry.kind)
        bound = "\(entry.effectiveLevel)"
        version = entry.version
        since = signers.isEmpty ? "" : entry.at.description
        by = signers.isEmpty ? ["configuration"] : signers.map(\.description)
    }
}

/// A proposal for persons and programs.
struct ProposalReport: Codable, Sendable, Equatable {
    struct Change: Codable, Sendable, Equatable {
        let scope: String
        let limit: String
        let was: String
        let value: String
        /// Judged by the values alone; the core judges the whole.
        let effect: String

        var text: String { "\(scope) \(limit): \(was) -> \(value) (\(effect))" }
    }

    let file: String
    let cluster: String
    let base: UInt64
    let isCurrent: Bool?
    let reason: String
    let expires: String
    let changes: [Change]
    let signed: [String]
    let quorum: UInt32?

    init(_ terms: ProposedLimits, _ proposal: ProposalFile, file: String, sheet: LimitSheet?) {
        let head = terms.head
        self.file = file
        cluster = head.cluster.description
        base = head.base
        isCurrent = sheet.map { $0.version == head.base && $0.hash == head.baseHash }
        reason = terms.reason
        expires = head.expiresAt.description
        changes = terms.changes.compactMap(Change.init)
        signed = proposal.signatures.map(\.operator.description)
        quorum = sheet?.quorum
    }

    func show(asJSON: Bool) {
        let terminal = Terminal()
        if asJSON { return terminal.line(JSONText.encode(self)) }
        for line in lines { terminal.line(line) }
    }

    var lines: [String] {
        var lines = ["\(file): cluster \(cluster), changes version \(base), expires \(expires)"]
        if isCurrent == false {
            lines.append("superseded: another version is in force; propose it again")
        }
        lines.append("why: \(reason)")
        lines += changes.map { "  " + $0.text }
        let names = signed.isEmpty ? "nobody" : signed.joined(separator: ", ")
        let needed = quorum.map { "; \($0) operator(s) to loosen, 1 to tighten" } ?? ""
        lines.append("signed by \(names)\(needed)")
        return lines
    }
}

extension ProposalReport.Change {
    init?(_ entry: LimitProposal.ChangesEntry) {
        guard let edit = LimitEdit(entry) else { return nil }
        scope = "\(edit.place.scope)"
        limit = LimitConfiguration.name(of: edit.place.kind)
        was = LimitText.value(edit.was, of: edit.place.kind)
        value = LimitText.value(edit.value, of: edit.place.kind)
        switch (edit.was, edit.value) {
        case (let was?, let value?):
            effect = edit.place.kind.isTighter(value, than: was) ? "tightens" : "loosens"
        case (nil, _): effect = "new"
        case (_, nil): effect = "loosens"
        }
    }
}
