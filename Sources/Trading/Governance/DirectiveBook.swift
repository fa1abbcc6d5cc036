/// How many operators a directive takes, and how long a lone operator's waits.
package struct DirectiveRule: Sendable, Hashable {
    package let quorum: Int
    /// From when it first came; nil where it counts at once.
    package let delay: Span?

    /// - Parameters:
    ///   - aloneDelay: What one operator alone waits for, with real money.
    package init(quorum: Int, mode: Mode, aloneDelay: Span) {
        self.quorum = max(quorum, 1)
        delay = quorum <= 1 && mode == .live ? aloneDelay : nil
    }

    /// What lets nothing more through: one operator is enough, at once.
    package static let alone = DirectiveRule(quorum: 1, mode: .paper, aloneDelay: clearing)
    /// Time to think again before a halt is cleared alone.
    package static let clearing = Span.seconds(600)
    /// Time to think again before anything else is loosened alone.
    package static let loosening = Span.seconds(12 * 3_600)
}

/// What a directive says of itself, and when it came by the wall clock.
package struct DirectiveClaim: Sendable, Hashable {
    package let cluster: ShortName
    package let number: UInt64
    package let expiresAt: Timestamp
    package let receivedAt: Timestamp
    package let signers: [ShortName]

    package init(
        cluster: ShortName, number: UInt64, expiresAt: Timestamp, receivedAt: Timestamp,
        signers: [ShortName]
    ) {
        self.cluster = cluster
        self.number = number
        self.expiresAt = expiresAt
        self.receivedAt = receivedAt
        self.signers = signers
    }
}

/// The directives that came to a process, until they expire: so that none counts twice, and a lone
/// operator's waits. The core and each gateway keep their own.
package struct DirectiveBook: Sendable, Hashable {
    package struct Note: Sendable, Hashable {
        package let number: UInt64
        /// When it first came.
        package let at: Timestamp
        package let expiresAt: Timestamp
        /// It has been obeyed, and counts no more.
        package let isSpent: Bool

        package init(number: UInt64, at: Timestamp, expiresAt: Timestamp, isSpent: Bool) {
            self.number = number
            self.at = at
            self.expiresAt = expiresAt
            self.isSpent = isSpent
        }
    }

    /// In the order in which they first came.
    package private(set) var notes: [Note] = []

    /// How long a directive may wait for its signatures.
    package static let expiryMax = Span.seconds(7 * 86_400)
    private static let countMax = 256

    package init() {}

    /// Whether a directive may be obeyed now. The shell has verified its signatures.
    package func admit(
        _ claim: DirectiveClaim, cluster: ShortName, _ rule: DirectiveRule
    ) throws(DirectiveRefusal) {
        let signers = claim.signers
        guard !signers.isEmpty else { throw .notSigned }
        for (index, signer) in signers.enumerated() where signers[..<index].contains(signer) {
            throw .signedTwice(signer)
        }
        guard claim.cluster == cluster else { throw .otherCluster(claim.cluster) }
        guard claim.expiresAt > claim.receivedAt else { throw .expired(at: claim.expiresAt) }
        guard claim.expiresAt <= claim.receivedAt + DirectiveBook.expiryMax else {
            throw .expiresTooLate(at: claim.expiresAt)
        }
        let known = notes.first { $0.number == claim.number }
        if known?.isSpent == true { throw .spent }
        guard signers.count >= rule.quorum else {
            throw .quorumMissing(signed: signers.count, needed: rule.quorum)
        }
        let kept = notes.count { $0.expiresAt > claim.receivedAt }
        guard known != nil || kept < DirectiveBook.countMax else { throw .tooMany }
        guard let delay = rule.delay else { return }
        let time = (known?.at ?? claim.receivedAt) + delay
        guard claim.receivedAt >= time else { throw .waits(until: time) }
    }

    /// Remembers a directive. What has expired is forgotten.
    package mutating func note(_ claim: DirectiveClaim, isSpent: Bool) {
        let known = notes.firstIndex { $0.number == claim.number }
        let first = known.map { notes.remove(at: $0).at }
        notes.removeAll { $0.expiresAt <= claim.receivedAt }
        restore(
            Note(
                number: claim.number, at: first ?? claim.receivedAt, expiresAt: claim.expiresAt,
                isSpent: isSpent))
    }

    /// Takes a note back in, from a snapshot.
    package mutating func restore(_ note: Note) { notes.append(note) }
}

/// Why a directive was not obeyed.
package enum DirectiveRefusal: Error, Sendable, Hashable, CustomStringConvertible {
    case notSigned
    case unknownOperator(ShortName)
    case signedTwice(ShortName)
    case quorumMissing(signed: Int, needed: Int)
    case otherCluster(ShortName)
    case expired(at: Timestamp)
    case expiresTooLate(at: Timestamp)
    /// It was obeyed before: this is what a replay runs into.
    case spent
    /// It does not name the process, or names a halt that another one has followed.
    case superseded(names: UInt64, newest: UInt64)
    /// It is of a kind that one operator's command orders.
    case noDirective
    /// One operator alone has time to think again.
    case waits(until: Timestamp)
    case tooMany
    /// What it would let past is no limit.
    case notOverridable(String)

    package var description: String {
        switch self {
        case .notSigned: "nobody has signed it"
        case .unknownOperator(let name): "\(name) is no operator"
        case .signedTwice(let name): "\(name) has signed it twice"
        case .quorumMissing(let signed, let needed):
            "it lets more risk through: \(needed) operators must sign it, \(signed) did"
        case .otherCluster(let name): "it is for the cluster \(name)"
        case .expired(let time): "it expired at \(time)"
        case .expiresTooLate(let time): "it expires at \(time): at most 7 days are allowed"
        case .spent: "it was obeyed before: it counts once"
        case .superseded(let names, let newest):
            "it clears halt \(names), and \(newest) is the newest here: write it again"
        case .noDirective: "it is none of a directive's actions"
        case .waits(let time): "it waits for its time: apply it again from \(time) on"
        case .tooMany: "too many directives wait or have not expired"
        case .notOverridable(let reason): "nobody overrides \(reason): it is no limit"
        }
    }
}
