import Risk
import Runtime
import Trading
import Wire

/// What lets more risk through: a directive that one operator signs here, or that several sign in a
/// file.
extension Steering {
    /// Clears what stands in a scope now, or arms.
    func loosen(
        _ action: OperatorAction, _ scope: OperatorScope, _ quorum: QuorumOptions
    ) async throws {
        let session = try options.console()
        let draft = draft(session, quorum)
        let core = session.configuration.core.name
        let gateways = action == .resume ? session.configuration.gateways.map(\.name) : []
        let console = try session.links(to: gateways + [core])
        defer { console.close() }
        let standing = try await StandingHalts(
            of: scope, console, core: core, gateways: gateways, mustAnswer: quorum.out != nil)
        let proposal = try draft.order(
            action, scope, halt: standing.core ?? 0, latches: standing.latches)
        try await finish(
            proposal, session, console, quorum,
            targets: standing.latches.map(\.gateway) + (standing.core == nil ? [] : [core]),
            silent: standing.silent)
    }

    /// Posts money that moved beside trades.
    func post(
        _ amount: Money, as why: PostingReason, _ account: AccountOptions, _ mode: Mode,
        _ quorum: QuorumOptions
    ) async throws {
        let session = try options.console()
        let proposal = try draft(session, quorum).posting(
            amount, as: why, account.org.id, account.account.id, mode)
        let core = session.configuration.core.name
        let console = try session.links(to: [core])
        defer { console.close() }
        try await finish(proposal, session, console, quorum, targets: [core], silent: [])
    }

    /// Lets an order that the journal has as denied past what denied it.
    func override(_ order: OrderID, _ quorum: QuorumOptions) async throws {
        let session = try options.console()
        let core = session.configuration.core.name
        let console = try session.links(to: [core])
        defer { console.close() }
        var story = OrderStory(order: order)
        try await FollowedJournal(console: console, owner: core).walk(from: SequenceNumber(1)) {
            entry in try story.take(RecordedEntry(entry))
        }
        guard let request = story.request, let judged = story.judged else {
            throw ProcessFailure(
                .refused, "the journal has no order \(order): see `supervisor orders`")
        }
        guard judged.verdict == .rejected else {
            throw ProcessFailure(.refused, "order \(order) was not denied: it needs no override")
        }
        guard judged.reason.isOverridable else {
            throw ProcessFailure(
                .refused,
                "order \(order) was denied for \(judged.reason.code), which nobody overrides: it "
                    + "is no limit")
        }
        let proposal = try draft(session, quorum).override(request, deniedFor: judged.reason)
        try await finish(proposal, session, console, quorum, targets: [core], silent: [])
    }

    /// Moves capital.
    func move(_ wish: CapitalWish, _ mode: Mode, _ quorum: QuorumOptions) async throws {
        let session = try options.console()
        let proposal = try draft(session, quorum).capital(wish, mode: mode)
        let core = session.configuration.core.name
        let console = try session.links(to: [core])
        defer { console.close() }
        try await finish(proposal, session, console, quorum, targets: [core], silent: [])
    }

    /// States what scopes may lock, as one change of limits.
    func setCapital(
        _ budgets: [(scope: OperatorScope, amount: Money)], _ quorum: QuorumOptions
    ) async throws {
        let session = try options.console()
        let configuration = session.configuration
        let core = configuration.core.name
        let console = try session.links(to: [core])
        defer { console.close() }
        let sheet = try await console.limits(of: core, patience: ConsoleSession.patience)
        let edits = budgets.compactMap { budget -> LimitEdit? in
            guard let scope = ScopeKey(budget.scope, mode: configuration.mode) else { return nil }
            let place = LimitPlace(scope, .collateralMax)
            let was = sheet.value(at: place)
            return was == budget.amount.units
                ? nil : LimitEdit(place: place, was: was, value: budget.amount.units)
        }
        guard !edits.isEmpty else {
            throw ProcessFailure(.refused, "that is what is in force: nothing changes")
        }
        let now = WallClock.now()
        let terms = LimitProposal(
            cluster: configuration.cluster, base: sheet.version, baseHash: sheet.hash,
            proposedAt: now, effectiveAt: .zero, expiresAt: now + quorum.expiresIn.span)
        var proposal = try ProposalFile(
            frame: terms.frame(
                changes: edits.map(LimitProposal.ChangesEntry.init),
                reason: Array((signature?.reason ?? "").utf8.prefix(512))))
        if let file = quorum.out {
            try proposal.write(to: file, isNew: true)
            return proposal.show(file: file, sheet: sheet, asJSON: options.json)
        }
        try proposal.sign(by: key(in: session))
        let answer = try await console.give(proposal, to: core, patience: ConsoleSession.patience)
        guard answer.isAccepted else { throw ProcessFailure(.refused, answer.detail) }
        let terminal = Terminal()
        if options.json { return terminal.line(JSONText.encode(["result": answer.detail])) }
        terminal.line("the limits: \(answer.detail)")
    }

    /// Gives a signed directive to the gateways that it names, then to the core, so that the core
    /// never permits what they refuse.
    func give(
        _ proposal: ProposalFile, _ terms: DirectiveTerms, to session: ConsoleSession
    ) async throws {
        var targets = [session.configuration.core.name]
        if case .order(_, let latches) = terms.content {
            targets = latches.map(\.gateway) + targets
        }
        let console = try session.links(to: targets)
        defer { console.close() }
        try show(await console.give(proposal, to: targets), terms.title)
    }

    private func draft(_ session: ConsoleSession, _ quorum: QuorumOptions) -> DirectiveDraft {
        DirectiveDraft(
            cluster: session.configuration.cluster, reason: signature?.reason ?? "",
            lasting: quorum.expiresIn.span)
    }

    /// Writes the file that operators are to sign, or signs and gives it at once.
    private func finish(
        _ draft: ProposalFile, _ session: ConsoleSession, _ console: AdminConsole,
        _ quorum: QuorumOptions, targets: [ProcessID], silent: [SteeringResult]
    ) async throws {
        var proposal = draft
        if let file = quorum.out {
            try proposal.write(to: file, isNew: true)
            return proposal.show(file: file, asJSON: options.json)
        }
        try proposal.sign(by: key(in: session))
        guard case .directive(let terms) = proposal.terms else { return }
        try show(await console.give(proposal, to: targets) + silent, terms.title)
    }
}
