import Cryptography
import Trading
import Wire

/// Whom an operator's command is for.
enum OperatorScope: Sendable, Equatable, CustomStringConvertible {
    case all
    case org(OrgID)
    case account(OrgID, AccountID)
    case strategy(OrgID, AccountID, StrategyID)
    case venue(VenueID)
    case instrument(InstrumentID)

    var kind: ScopeKind {
        switch self {
        case .all: .all
        case .org: .org
        case .account: .account
        case .strategy: .strategy
        case .venue: .venue
        case .instrument: .instrument
        }
    }

    var description: String {
        switch self {
        case .all: "everything"
        case .org(let org): "org \(org)"
        case .account(let org, let account): "account \(org)/\(account)"
        case .strategy(let org, let account, let strategy):
            "strategy \(org)/\(account)/\(strategy)"
        case .venue(let venue): "venue \(venue)"
        case .instrument(let instrument): "instrument \(instrument)"
        }
    }
}

/// An operator and the key that proves it.
struct OperatorKey: Sendable {
    let name: ShortName
    let key: Ed25519PrivateKey
}

/// What an operator signs and a process answers with OperatorReply.
protocol SignedOrder: Sendable {
    /// The signed frame.
    func frame(nonce: UInt64, issuedAt: Timestamp, by key: OperatorKey) throws(CryptoError)
        -> [UInt8]
    /// What it is, in words.
    var title: String { get }
}

/// Money that moved at the venue beside trades.
struct PostingOrder: SignedOrder, Equatable {
    let why: PostingReason
    let org: OrgID
    let account: AccountID
    let mode: Mode
    let amount: Money
    let reason: String

    var title: String { "\(why.wireName) of \(amount) for account \(org)/\(account)" }

    func frame(nonce: UInt64, issuedAt: Timestamp, by key: OperatorKey) throws(CryptoError)
        -> [UInt8]
    {
        var posting = OperatorPosting(
            nonce: nonce, why: why, org: org, account: account, mode: mode, amount: amount,
            operator: key.name, issuedAt: issuedAt, signature: .zero)
        let reasonBytes = Array(reason.utf8.prefix(512))
        let signature = try OperatorSeal.sign(
            posting.frame(reason: reasonBytes), range: OperatorPosting.authenticatedRange,
            with: key.key)
        posting.signature = SignatureBytes(bytes: signature) ?? .zero
        return posting.frame(reason: reasonBytes)
    }
}

/// What an operator wants.
struct OperatorOrder: SignedOrder, Equatable {
    let action: OperatorAction
    let scope: OperatorScope
    let reason: String

    var title: String { "\(action.wireName) \(scope)" }

    /// The signed command.
    func frame(nonce: UInt64, issuedAt: Timestamp, by key: OperatorKey) throws(CryptoError)
        -> [UInt8]
    {
        var command = unsigned(nonce: nonce, issuedAt: issuedAt, operator: key.name)
        let reasonBytes = Array(reason.utf8.prefix(512))
        let frame = command.frame(reason: reasonBytes)
        let signature = try OperatorSeal.sign(
            frame, range: OperatorCommand.authenticatedRange, with: key.key)
        command.signature = SignatureBytes(bytes: signature) ?? .zero
        return command.frame(reason: reasonBytes)
    }

    private func unsigned(nonce: UInt64, issuedAt: Timestamp, operator: ShortName)
        -> OperatorCommand
    {
        var command = OperatorCommand(
            nonce: nonce, action: action, scope: scope.kind, org: .empty, account: .empty,
            strategy: .empty, venue: .empty, instrument: .empty, operator: `operator`,
            issuedAt: issuedAt, signature: .zero)
        switch scope {
        case .all: break
        case .org(let org): command.org = org
        case .account(let org, let account): (command.org, command.account) = (org, account)
        case .strategy(let org, let account, let strategy):
            (command.org, command.account, command.strategy) = (org, account, strategy)
        case .venue(let venue): command.venue = venue
        case .instrument(let instrument): command.instrument = instrument
        }
        return command
    }
}

/// A process's answer to an operator's command.
struct OperatorAnswer: Sendable, Equatable {
    let process: ProcessID
    let isAccepted: Bool
    let arming: ArmingState
    let cancelled: UInt32
    let detail: String

    init(decoding frame: [UInt8], process: ProcessID) throws(WireError) {
        let reply = try OperatorReply(decoding: frame)
        self.process = process
        isAccepted = reply.isAccepted.isSet
        arming = reply.arming
        cancelled = reply.cancelled
        detail = String(decoding: try OperatorReply.detail(in: frame), as: UTF8.self)
    }
}
