import Risk
import Runtime
import Trading
import Wire

/// What operators are to sign, before the processes are asked what it must name.
struct DirectiveDraft: Sendable {
    let cluster: ShortName
    let reason: String
    let issuedAt: Timestamp
    let expiresAt: Timestamp

    init(cluster: ShortName, reason: String, lasting: Trading.Span) {
        self.cluster = cluster
        self.reason = reason
        issuedAt = WallClock.now()
        expiresAt = issuedAt + lasting
    }

    /// Directives are told apart by the moment at which they were written.
    private var number: UInt64 { UInt64(issuedAt.nanoseconds) }
    private var reasonBytes: [UInt8] { Array(reason.utf8.prefix(512)) }

    /// - Parameters:
    ///   - halt: The newest halt of the scope at the core.
    ///   - latches: Those of the gateways where one stands.
    func order(
        _ action: OperatorAction, _ scope: OperatorScope, halt: UInt64,
        latches: [OperatorDirective.LatchesEntry]
    ) throws(ProcessFailure) -> ProposalFile {
        let names = scope.names
        return try ProposalFile(
            frame: OperatorDirective(
                cluster: cluster, number: number, action: action, scope: scope.kind,
                org: names.org, account: names.account, strategy: names.strategy,
                venue: names.venue, instrument: names.instrument, issuedAt: issuedAt,
                expiresAt: expiresAt, halt: halt
            ).frame(latches: latches, reason: reasonBytes))
    }

    func posting(
        _ amount: Money, as why: PostingReason, _ org: OrgID, _ account: AccountID, _ mode: Mode
    ) throws(ProcessFailure) -> ProposalFile {
        try ProposalFile(
            frame: PostingDirective(
                cluster: cluster, number: number, why: why, org: org, account: account,
                mode: mode, amount: amount, issuedAt: issuedAt, expiresAt: expiresAt
            ).frame(reason: reasonBytes))
    }

    /// Lets an order that was denied past what denied it, once.
    func override(_ request: OrderRequest, deniedFor denial: RejectReason)
        throws(ProcessFailure) -> ProposalFile
    {
        try ProposalFile(
            frame: OverrideDirective(
                cluster: cluster, number: number, denial: denial, org: request.org,
                account: request.account, mode: request.mode, strategy: request.strategy,
                instrument: request.instrument, side: request.side, price: request.price,
                quantity: request.quantity, issuedAt: issuedAt, expiresAt: expiresAt
            ).frame(reason: reasonBytes))
    }

    /// Moves collateral between two scopes of one level. Without a key it has one of its own.
    func capital(_ move: CapitalWish, mode: Mode) throws(ProcessFailure) -> ProposalFile {
        let (from, to) = (move.from.names, move.to.names)
        return try ProposalFile(
            frame: CapitalDirective(
                cluster: cluster, number: number,
                key: move.key ?? LongName("move-\(number)") ?? .empty, level: move.level,
                mode: mode, fromOrg: from.org, fromAccount: from.account,
                fromStrategy: from.strategy, fromVenue: from.venue, toOrg: to.org,
                toAccount: to.account, toStrategy: to.strategy, toVenue: to.venue,
                amount: move.amount, issuedAt: issuedAt, expiresAt: expiresAt
            ).frame(reason: reasonBytes))
    }
}

extension OperatorScope {
    /// The scope that a directive names.
    init(_ directive: OperatorDirective) {
        switch directive.scope {
        case .all: self = .all
        case .org: self = .org(directive.org)
        case .account: self = .account(directive.org, directive.account)
        case .strategy: self = .strategy(directive.org, directive.account, directive.strategy)
        case .venue: self = .venue(directive.venue)
        case .instrument: self = .instrument(directive.instrument)
        }
    }
}

extension DirectiveTerms {
    /// What it orders, in words.
    var title: String {
        switch content {
        case .order(let directive, _): "\(directive.action.wireName) \(OperatorScope(directive))"
        case .posting(let posting):
            "\(posting.why.wireName) of \(posting.amount) for account "
                + "\(posting.org)/\(posting.account)"
        case .override(let order):
            "override \(order.denial.code) for one order of \(order.org)/\(order.account)/"
                + "\(order.strategy): \(order.side) \(order.quantity) \(order.instrument) at "
                + "\(order.price)"
        case .capital(let move):
            "move \(move.amount) of capital from \(ScopeKey(source: move)) to "
                + "\(ScopeKey(target: move))"
        }
    }
}
