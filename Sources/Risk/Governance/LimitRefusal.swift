package import Trading
package import Wire

/// Where a limit stands: a scope and what it bounds there.
package struct LimitPlace: Sendable, Hashable, Comparable, CustomStringConvertible {
    package let scope: ScopeKey
    package let kind: LimitKind

    package init(_ scope: ScopeKey, _ kind: LimitKind) {
        self.scope = scope
        self.kind = kind
    }

    package static func < (lhs: LimitPlace, rhs: LimitPlace) -> Bool {
        if lhs.scope != rhs.scope { return lhs.scope < rhs.scope }
        return lhs.kind.rawValue < rhs.kind.rawValue
    }

    package var description: String { "\(scope) \(kind)" }
}

/// Why a change of limits was refused whole.
package enum LimitRefusal: Error, Sendable, Hashable, CustomStringConvertible {
    case notSigned
    case unknownOperator(ShortName)
    case signedTwice(ShortName)
    /// It loosens, and fewer operators have signed than it takes.
    case quorumMissing(signed: Int, needed: Int)
    case otherCluster(ShortName)
    /// The limits have changed since it was made; this is also what a replay runs into.
    case supersededBase(version: UInt64, inForce: UInt64)
    case otherBase(version: UInt64)
    case expired(at: Timestamp)
    case expiresTooLate(at: Timestamp)
    /// It could take effect only after it has expired.
    case expiresBeforeEffect(effectiveAt: Timestamp, expiresAt: Timestamp)
    case otherChangeWaits(until: Timestamp)
    case wrongCount(Int)
    /// The change with this number, from 1.
    case change(Int, EditRefusal)

    package var description: String {
        switch self {
        case .notSigned: "nobody has signed it"
        case .unknownOperator(let name): "\(name) is no operator"
        case .signedTwice(let name): "\(name) has signed it twice"
        case .quorumMissing(let signed, let needed):
            "it loosens: \(needed) operators must sign it, \(signed) did"
        case .otherCluster(let name): "it is for the cluster \(name)"
        case .supersededBase(let version, let inForce):
            "it changes version \(version) of the limits, version \(inForce) is in force:"
                + " propose it again"
        case .otherBase(let version):
            "version \(version) of the limits has another hash than it names"
        case .expired(let time): "it expired at \(time)"
        case .expiresTooLate(let time): "it expires at \(time): at most 30 days are allowed"
        case .expiresBeforeEffect(let effect, let expiry):
            "it would take effect at \(effect) and expires at \(expiry)"
        case .otherChangeWaits(let time):
            "another change waits for its time, \(time): apply this one afterwards"
        case .wrongCount(let count):
            "it has \(count) changes, expected 1 to \(LimitEdit.countMax)"
        case .change(let number, let refusal): "change \(number): \(refusal)"
        }
    }
}

/// What is wrong with one change of a proposal.
package enum EditRefusal: Sendable, Hashable, CustomStringConvertible {
    case noScope
    /// The scope does not exist, or a name is given that its level does not use.
    case unknownScope(LimitPlace)
    case negative(LimitPlace)
    case tooLarge(LimitPlace, max: Int64)
    case twice(LimitPlace)
    case wasDiffers(LimitPlace)
    case changesNothing(LimitPlace)
    /// Without it every order is denied.
    case mandatory(LimitPlace)
    /// The smallest order would be larger than the largest, or the soft end of a drawdown's
    /// ladder above the hard one.
    case contradiction(LimitPlace)

    package var description: String {
        switch self {
        case .noScope: "it names no scope"
        case .unknownScope(let place): "\(place): there is no such scope"
        case .negative(let place): "\(place): the value is negative"
        case .tooLarge(let place, let max):
            "\(place): the value is above \(Quantity(units: max)), where it bounds nothing"
        case .twice(let place): "\(place): changed twice"
        case .wasDiffers(let place): "\(place): the old value is not the one in force"
        case .changesNothing(let place): "\(place): the value is the one in force"
        case .mandatory(let place): "\(place): the firm must state this limit"
        case .contradiction(let place):
            "\(place): contradicts the limit that it is a pair with"
        }
    }
}
