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
/// is known without looking at the others. In single words, which is exact while everything is far
/// from their end; where it is not, whoever asks adds the members up again. No state.
struct MemberSums: Sendable, Hashable, BitwiseCopyable {
    private(set) var ifNo: Int64 = 0
    private(set) var ifVoid: Int64 = 0
    private(set) var ofWorst: Int64 = 0
    /// The least difference between YES and NO, whose it is, and the least of all others.
    private(set) var least = Int64.max
    private(set) var second = Int64.max
    private(set) var leastOrdinal: Int32 = -1
    /// All members, and all sums, are at most `NarrowExposure.most`.
    private(set) var isNarrow = true

    init() {}

    init(_ exposures: [Exposure]) {
        var (ifNo, ifVoid, ofWorst) = (Int128(0), Int128(0), Int128(0))
        var differences = (least: Int128.max, ordinal: -1, second: Int128.max)
        for (ordinal, exposure) in exposures.enumerated() {
            isNarrow = isNarrow && exposure.isNarrow
            let (yes, no) = (exposure.payoffIfYes, exposure.payoffIfNo)
            ifNo += no
            ifVoid += exposure.payoffIfVoid
            ofWorst += min(yes, no)
            if yes - no < differences.least {
                differences = (yes - no, ordinal, differences.least)
            } else {
                differences.second = min(differences.second, yes - no)
            }
        }
        // Not in a list: that would be an allocation for each book of each order.
        let largest = max(max(ifNo.magnitude, ifVoid.magnitude), ofWorst.magnitude)
        if largest > UInt128(Exposure.narrowMost) { isNarrow = false }
        guard isNarrow else { return }
        self.ifNo = Int64(ifNo)
        self.ifVoid = Int64(ifVoid)
        self.ofWorst = Int64(ofWorst)
        least = Int64(clamping: differences.least)
        second = Int64(clamping: differences.second)
        leastOrdinal = Int32(differences.ordinal)
    }

    /// The least difference of all members but one.
    @inline(__always) func least(without ordinal: Int) -> Int64 {
        ordinal == Int(leastOrdinal) ? second : least
    }
}
