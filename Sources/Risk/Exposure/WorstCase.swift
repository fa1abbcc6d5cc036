package import Trading

/// The worst case of an event set: over every outcome, and over every subset of the open orders
/// that may fill. Exact, and linear in the number of members.
///
/// An order's best and worst effects differ only by outcome, and an adversary decides each order
/// alone, so the sum of each order's worst effect is the worst over all subsets.
///
/// Any set may be voided, and then every member that is not settled pays half. Where members do not
/// exclude each other this is never worse than the worst of each.
package struct WorstCase: Sendable {
    private var sumIfNo: Int128 = 0
    private var sumIfVoid: Int128 = 0
    private var sumOfWorst: Int128 = 0
    private var leastDifference: Int128
    private let isExclusive: Bool

    /// - Parameters:
    ///   - isExclusive: At most one member pays; otherwise every member is taken at its own worst.
    ///   - isExhaustive: Exactly one member pays; otherwise "none of them" is a further outcome.
    package init(isExclusive: Bool, isExhaustive: Bool) {
        self.isExclusive = isExclusive
        leastDifference = isExhaustive ? Int128.max : 0
    }

    /// Takes a member in.
    package mutating func add(_ exposure: Exposure) {
        let ifYes = exposure.payoffIfYes
        let ifNo = exposure.payoffIfNo
        sumIfNo += ifNo
        sumIfVoid += exposure.payoffIfVoid
        sumOfWorst += min(ifYes, ifNo)
        leastDifference = min(leastDifference, ifYes - ifNo)
    }

    /// The most that the set can lose; negative when it gains in every case. Nil on overflow.
    package var loss: Money? {
        let none = leastDifference == Int128.max ? 0 : leastDifference
        let worst = isExclusive ? min(sumIfNo + none, sumIfVoid) : sumOfWorst
        return Int64(exactly: -worst).map { Money(units: $0) }
    }
}
