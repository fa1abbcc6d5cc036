import Glibc

/// How likely a resting order is filled (ALGORITHMS 1.9).
package enum FillProbability {
    /// The chance that an order with `ahead` orders in front is filled within `horizon` seconds,
    /// when market orders come at `marketRate` a second and each order ahead is cancelled at
    /// `cancelRate`: a pure-death process (Cont, Stoikov and Talreja 2010), by uniformisation,
    /// which is stable where the closed form cancels out.
    package static func pureDeath(
        ahead: Int, marketRate: Double, cancelRate: Double, horizon: Double
    ) -> Double {
        precondition(ahead >= 0, "no queue has \(ahead) orders")
        precondition(marketRate >= 0 && cancelRate >= 0, "rates are not negative")
        precondition(horizon >= 0 && horizon.isFinite, "a horizon of \(horizon) s")
        let rates = (0...ahead).map { marketRate + cancelRate * Double($0) }
        guard let fastest = rates.last, fastest * horizon > 0 else { return 0 }
        // The weights of Poisson underflow beyond a few hundred: the horizon is taken in parts.
        let parts = max(1, Int((fastest * horizon / 100).rounded(.up)))
        var states = [Double](repeating: 0, count: ahead + 2)
        states[ahead + 1] = 1
        for _ in 0..<parts {
            states = evolve(states, rates, fastest, jumps: fastest * horizon / Double(parts))
        }
        return min(max(states[0], 0), 1)
    }

    /// States count how many deaths are missing: `states[0]` is filled.
    private static func evolve(
        _ start: [Double], _ rates: [Double], _ fastest: Double, jumps: Double
    ) -> [Double] {
        var current = start
        var weight = exp(-jumps)
        var result = start.map { $0 * weight }
        var sum = weight
        var count = 0.0
        while sum < 1 - 1e-15, count < jumps + 400 {
            var next = current
            for missing in 1..<current.count {
                let moved = current[missing] * rates[missing - 1] / fastest
                next[missing] -= moved
                next[missing - 1] += moved
            }
            current = next
            count += 1
            weight *= jumps / count
            sum += weight
            for index in result.indices { result[index] += weight * current[index] }
        }
        return result
    }

    /// The chance that the ask queue is gone before the bid queue, that is, that the price goes up:
    /// Cont and de Larrard (2013, SIAM J. Fin. Math. 4(1), proposition 2). Queues in orders, below
    /// fifty each for nine digits.
    package static func priceUp(bidQueue: Int, askQueue: Int) -> Double {
        precondition(bidQueue > 0 && askQueue > 0, "queues of \(bidQueue) and \(askQueue)")
        var sum = 0.0
        for (node, weight) in nodes {
            let angle = Double.pi / 2 * (node + 1)
            let base = 2 - cos(angle)
            let root = base - (base * base - 1).squareRoot()
            sum +=
                weight * pow(root, Double(askQueue)) * sin(Double(bidQueue) * angle)
                * cos(angle / 2) / sin(angle / 2)
        }
        return sum / 2
    }

    /// Gauss and Legendre's 256 nodes in (−1, 1) with their weights.
    private static let nodes: [(Double, Double)] = {
        let count = 256
        return (1...count).map { index in
            var root = cos(Double.pi * (Double(index) - 0.25) / (Double(count) + 0.5))
            var slope = 0.0
            for _ in 0..<100 {
                var (last, value) = (1.0, root)
                for degree in 2...count {
                    let k = Double(degree)
                    (last, value) = (value, ((2 * k - 1) * root * value - (k - 1) * last) / k)
                }
                slope = Double(count) * (root * value - last) / (root * root - 1)
                let change = value / slope
                root -= change
                if abs(change) < 1e-15 { break }
            }
            return (root, 2 / ((1 - root * root) * slope * slope))
        }
    }()
}
