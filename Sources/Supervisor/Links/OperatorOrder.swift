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

    /// What a message says of it; empty where the kind uses no such name.
    struct Names {
        var org = OrgID.empty
        var account = AccountID.empty
        var strategy = StrategyID.empty
        var venue = VenueID.empty
        var instrument = InstrumentID.empty
    }

    var names: Names {
        switch self {
        case .all: Names()
        case .org(let org): Names(org: org)
        case .account(let org, let account): Names(org: org, account: account)
        case .strategy(let org, let account, let strategy):
            Names(org: org, account: account, strategy: strategy)
        case .venue(let venue): Names(venue: venue)
        case .instrument(let instrument): Names(instrument: instrument)
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

/// What one operator orders alone: what stops.
struct OperatorOrder: Sendable, Equatable {
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
            frame, range: OperatorCommand.authenticatedRange, reason: reasonBytes, with: key.key)
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
        let names = scope.names
        (command.org, command.account, command.strategy) = (
            names.org, names.account, names.strategy
        )
        (command.venue, command.instrument) = (names.venue, names.instrument)
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
