import Glibc

/// How much of what leaves a level without a trade stood in front of us: hftbacktest's models
/// (`models/queue.rs`; ALGORITHMS 1.8). Prices have no part in it; quantities are lots.
package enum QueueModel: Sendable, Hashable {
    /// Nothing that is cancelled stood in front: only trades advance us. A lower bound of fills.
    case riskAverse
    /// f(back) / (f(back) + f(front)) with f(x) = xⁿ is the chance that a cancel was behind us.
    case power(Double)
    /// The same with f(x) = ln(1 + x).
    case log
    /// ln(1 + back) / ln(1 + back + front).
    case logOfSum
    /// backⁿ / (back + front)ⁿ.
    case powerOfSum(Double)
    /// 1 − (front / (front + back))ⁿ.
    case powerOfShare(Double)

    /// The default of ALGORITHMS 1: PowerProb3 with n = 3.
    package static let standard = QueueModel.powerOfShare(3)

    /// The chance that a cancelled lot stood behind us; nil where the model has none (0/0).
    @inline(__always)
    func probabilityBehind(front: Double, back: Double) -> Double? {
        let value: Double
        switch self {
        case .riskAverse: return 1
        case .power(let n):
            let (behind, ahead) = (pow(back, n), pow(front, n))
            value = behind / (behind + ahead)
        case .log:
            let (behind, ahead) = (Glibc.log(1 + back), Glibc.log(1 + front))
            value = behind / (behind + ahead)
        case .logOfSum: value = Glibc.log(1 + back) / Glibc.log(1 + back + front)
        case .powerOfSum(let n): value = pow(back, n) / pow(back + front, n)
        case .powerOfShare(let n): value = 1 - pow(front / (front + back), n)
        }
        return value.isNaN ? nil : value
    }
}

/// The place of one resting order in its level. `front` never grows.
package struct QueuePlace: Sendable, Hashable, BitwiseCopyable {
    /// How many lots of others stand in front of the order, as estimated.
    package private(set) var front: Double
    /// What was traded at the level since its last new total.
    private var traded: Double = 0

    /// An order that came when `front` lots rested at its price.
    package init(front: Double) {
        precondition(front >= 0 && front.isFinite, "a queue has \(front) lots")
        self.front = front
    }

    /// A trade of so many lots reached the level, of which `reaching` were left for those in front
    /// of us and for us after our own earlier orders. Gives the lots that are ours, at most
    /// `reaching`; they are not bounded by the order's size.
    @inline(__always)
    package mutating func trade(_ quantity: Double, reaching: Double) -> Double {
        traded += quantity
        front -= reaching
        // Rounded half away from zero, as the reference does: whole lots alone are filled.
        let ours = (-front).rounded(.toNearestOrAwayFromZero)
        guard ours > 0 else {
            // Less than half a lot: nothing of it is filled, and it is not saved up either.
            front = max(front, 0)
            return 0
        }
        front = 0
        return ours
    }

    /// The level's total went from `previous` to `next`.
    @inline(__always)
    package mutating func level(from previous: Double, to next: Double, _ model: QueueModel) {
        let change = previous - next - traded
        traded = 0
        guard change >= 0, model != .riskAverse else {
            front = min(front, max(next, 0))
            return
        }
        let back = previous - front
        guard let behind = model.probabilityBehind(front: front, back: back) else {
            front = min(front, max(next, 0))
            return
        }
        let estimate = front - (1 - behind) * change + min(back - behind * change, 0)
        // What left without a trade fills nobody: the front ends at zero.
        front = max(0, min(estimate, next))
    }
}
