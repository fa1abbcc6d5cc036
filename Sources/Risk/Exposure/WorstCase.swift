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

    /// Of members that were summed before, one replaced, and some more of which nothing is held.
    @inline(__always) init(
        isExclusive: Bool, isExhaustive: Bool, _ sums: MemberSums, without own: Exposure,
        at ordinal: Int, hasEmptyMembers: Bool
    ) {
        self.init(isExclusive: isExclusive, isExhaustive: isExhaustive)
        sumIfNo = sums.ifNo - own.payoffIfNo
        sumIfVoid = sums.ifVoid - own.payoffIfVoid
        sumOfWorst = sums.ofWorst - min(own.payoffIfYes, own.payoffIfNo)
        leastDifference = min(
            leastDifference, ordinal == sums.leastOrdinal ? sums.second : sums.least)
        if hasEmptyMembers { leastDifference = min(leastDifference, 0) }
    }

    /// Takes a member in.
    @inline(__always) package mutating func add(_ exposure: Exposure) {
        let ifYes = exposure.payoffIfYes
        let ifNo = exposure.payoffIfNo
        sumIfNo += ifNo
        sumIfVoid += exposure.payoffIfVoid
        sumOfWorst += min(ifYes, ifNo)
        leastDifference = min(leastDifference, ifYes - ifNo)
    }

    /// The most that the set can lose; negative when it gains in every case. Nil on overflow.
    @inline(__always) package var loss: Money? {
        let none = leastDifference == Int128.max ? 0 : leastDifference
        let worst = isExclusive ? min(sumIfNo + none, sumIfVoid) : sumOfWorst
        return Int64(exactly: -worst).map { Money(units: $0) }
    }
}

/// What the members of one book come to together, so that the worst case with one of them replaced
/// is known without looking at the others. Computed from the exposures; no state.
struct MemberSums: Sendable, Hashable, BitwiseCopyable {
    private(set) var ifNo: Int128 = 0
    private(set) var ifVoid: Int128 = 0
    private(set) var ofWorst: Int128 = 0
    /// The least difference between YES and NO, whose it is, and the least of all others.
    private(set) var least = Int128.max
    private(set) var leastOrdinal = -1
    private(set) var second = Int128.max

    init() {}

    init(_ exposures: [Exposure]) {
        for (ordinal, exposure) in exposures.enumerated() {
            let (ifYes, ifNo) = (exposure.payoffIfYes, exposure.payoffIfNo)
            self.ifNo += ifNo
            ifVoid += exposure.payoffIfVoid
            ofWorst += min(ifYes, ifNo)
            let difference = ifYes - ifNo
            if difference < least {
                (second, least, leastOrdinal) = (least, difference, ordinal)
            } else {
                second = min(second, difference)
            }
        }
    }
}
