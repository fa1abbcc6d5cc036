package import Trading
package import Wire

/// Collateral that operators moved from one scope to another.
package struct CapitalMove: Sendable, Hashable {
    /// What the move is known by: it counts once under it.
    package let key: LongName
    package let from: ScopeKey
    package let to: ScopeKey
    package let amount: Money
    package let reason: String
    /// The version of the limits that it made.
    package let version: UInt64
    /// By the wall clock of the core.
    package let at: Timestamp
    package let signer: ShortName

    /// Whether it moves the same between the same scopes.
    func isSame(as other: CapitalMove) -> Bool {
        from == other.from && to == other.to && amount == other.amount
    }
}

/// The newest moves of capital, oldest first, so that a key moves nothing twice.
struct CapitalBook: Sendable, Hashable {
    static let countMax = 256

    private(set) var moves: [CapitalMove] = []

    subscript(key: LongName) -> CapitalMove? { moves.first { $0.key == key } }

    mutating func append(_ move: CapitalMove) {
        if moves.count == CapitalBook.countMax { moves.removeFirst() }
        moves.append(move)
    }
}

/// Why a move of capital was refused. Nothing was moved.
package enum CapitalRefusal: Error, Sendable, Hashable, CustomStringConvertible {
    /// The amount is not above zero.
    case wrongAmount
    /// The two scopes are one, or of different levels or orgs, or of a level that has no capital.
    case wrongScopes
    case unknownScope(ScopeKey)
    /// The scope states no `collateral-max`, so it has nothing that could be moved.
    case noBudget(ScopeKey)
    /// No limit above both bounds them together, so a move would be more than that.
    case noCeiling
    /// The scope would be left with less than its worst case has locked.
    case atRisk(ScopeKey, left: Money, used: Money)
    /// The scope would have more than one above it.
    case aboveLimit(ScopeKey, limit: Money, of: ScopeKey)
    /// The key has moved something else.
    case keyUsed(LongName, version: UInt64)

    package var description: String {
        switch self {
        case .wrongAmount: "the amount must be above zero"
        case .wrongScopes:
            "capital moves between two accounts or strategies of one org, two orgs or two venues"
        case .unknownScope(let scope): "there is no \(scope)"
        case .noBudget(let scope):
            "\(scope) states no collateral-max: give it one first (`capital set`)"
        case .noCeiling:
            "no scope above both states collateral-max: without it the sum is not bounded"
        case .atRisk(let scope, let left, let used):
            "\(scope) would keep \(left), and its worst case has locked \(used)"
        case .aboveLimit(let scope, let limit, let above):
            "\(scope) would have more than the \(limit) of \(above)"
        case .keyUsed(let key, let version):
            "the key \(key) has moved something else, in version \(version): take another"
        }
    }
}

extension RiskEngine {
    /// Moves of capital that are in force, oldest first.
    package var capitalMoves: [CapitalMove] { capital.moves }

    /// Moves what a directive names, whole or not at all. The sum stays, and what is above both
    /// scopes bounds it, so that nothing is let through that could not have been before: within
    /// an org one operator's signature is enough, and it counts at once.
    mutating func move(
        _ given: CapitalDirective, _ claim: DirectiveClaim, reason: String,
        into effects: inout RiskEffects
    ) -> OperatorOutcome {
        do throws(CapitalRefusal) {
            let move = CapitalMove(
                key: given.key, from: ScopeKey(source: given), to: ScopeKey(target: given),
                amount: given.amount, reason: reason, version: limitSnapshot + 1,
                at: claim.receivedAt, signer: claim.signers.first ?? .empty)
            if let earlier = capital[move.key] {
                guard earlier.isSame(as: move) else {
                    throw .keyUsed(move.key, version: earlier.version)
                }
                return .repeated
            }
            let edits = try edits(of: move)
            putInForce(edits, of: move, signers: claim.signers, into: &effects)
            return .limitsInForce(version: limitSnapshot)
        } catch {
            return .capitalRefused(error)
        }
    }

    private func edits(of move: CapitalMove) throws(CapitalRefusal) -> [LimitEdit] {
        let (from, to) = (move.from, move.to)
        guard move.amount > .zero else { throw .wrongAmount }
        let isWithin = from.level == .org || from.org == to.org
        guard from != to, from.level == to.level, from.holdsCapital, isWithin else {
            throw .wrongScopes
        }
        for scope in [from, to] where !exists(scope) { throw .unknownScope(scope) }
        let had = try budget(of: from)
        let gets = try budget(of: to)
        let used = meters[meter(known: from)].collateral
        guard let left = had.subtractingChecked(move.amount), left >= used, left >= .zero else {
            throw .atRisk(from, left: had - min(move.amount, had), used: used)
        }
        guard let sum = gets.addingChecked(move.amount) else { throw .wrongAmount }
        let above = to.ancestors.compactMap { scope in
            limit(.collateralMax, of: scope).map { (scope, Money(units: $0)) }
        }
        guard above.contains(where: { from.ancestors.contains($0.0) }) else { throw .noCeiling }
        for (scope, limit) in above where sum > limit {
            throw .aboveLimit(to, limit: limit, of: scope)
        }
        return [
            LimitEdit(
                place: LimitPlace(from, .collateralMax), was: had.units, value: left.units),
            LimitEdit(place: LimitPlace(to, .collateralMax), was: gets.units, value: sum.units),
        ]
    }

    private func budget(of scope: ScopeKey) throws(CapitalRefusal) -> Money {
        guard let units = limit(.collateralMax, of: scope) else { throw .noBudget(scope) }
        return Money(units: units)
    }

    /// The meter of a scope that states a limit.
    private func meter(known scope: ScopeKey) -> Int32 {
        guard let index = meterIndex[scope] else {
            preconditionFailure("\(scope) states a limit and has no meter")
        }
        return index
    }

    private mutating func putInForce(
        _ edits: [LimitEdit], of move: CapitalMove, signers: [ShortName],
        into effects: inout RiskEffects
    ) {
        putInForce(edits, signers: signers, reason: move.reason, at: move.at, into: &effects)
        capital.append(move)
    }

    // MARK: - Records

    func writeCapital(into writer: inout SnapshotWriter) {
        for move in capital.moves {
            let record = SnapshotCapitalMove(
                key: move.key, version: move.version, at: move.at, signer: move.signer,
                level: move.from.level, mode: move.from.mode, fromOrg: move.from.org,
                fromAccount: move.from.account, fromStrategy: move.from.strategy,
                fromVenue: move.from.venue, toOrg: move.to.org, toAccount: move.to.account,
                toStrategy: move.to.strategy, toVenue: move.to.venue, amount: move.amount)
            writer.append { record.encode(into: &$0, reason: Array(move.reason.utf8)) }
        }
    }

    mutating func restoreCapitalMove(_ frame: [UInt8]) throws(WireError) {
        let record = try SnapshotCapitalMove(decoding: frame)
        let reason = String(decoding: try SnapshotCapitalMove.reason(in: frame), as: UTF8.self)
        capital.append(
            CapitalMove(
                key: record.key,
                from: ScopeKey(
                    record.level, record.fromOrg, record.fromAccount, record.mode,
                    record.fromStrategy, record.fromVenue),
                to: ScopeKey(
                    record.level, record.toOrg, record.toAccount, record.mode, record.toStrategy,
                    record.toVenue),
                amount: record.amount, reason: reason, version: record.version, at: record.at,
                signer: record.signer))
    }
}

extension ScopeKey {
    /// Whether capital can be given to it and taken from it: it has siblings and a scope above.
    fileprivate var holdsCapital: Bool {
        switch level {
        case .org, .account, .strategy, .venue: true
        case .none, .firm, .instrument, .event: false
        }
    }

    /// Where a move takes from.
    package init(source move: CapitalDirective) {
        self.init(
            move.level, move.fromOrg, move.fromAccount, move.mode, move.fromStrategy,
            move.fromVenue)
    }

    /// What a move gives to.
    package init(target move: CapitalDirective) {
        self.init(
            move.level, move.toOrg, move.toAccount, move.mode, move.toStrategy, move.toVenue)
    }

    /// The scope of a level; names that the level does not use are dropped. The firm for every
    /// level that has no capital, which is refused as such.
    fileprivate init(
        _ level: LimitLevel, _ org: OrgID, _ account: AccountID, _ mode: Mode,
        _ strategy: StrategyID, _ venue: VenueID
    ) {
        switch level {
        case .org: self = .org(org)
        case .account: self = .account(org, account, mode)
        case .strategy:
            self = .strategy(
                StrategyKey(org: org, account: account, mode: mode, strategy: strategy))
        case .venue: self = .venue(venue)
        case .none, .firm, .instrument, .event: self = .firm
        }
    }
}
