import Glibc

/// Stakes on bets whose outcomes depend on each other, over their joint states.
///
/// Maximises Σ P ln(1 + R·x) over x ≥ 0 by Newton's method on the free stakes; a stake at zero with
/// a falling gradient is held there.
package struct JointKelly: Sendable {
    /// A joint state: its probability and what each contract pays in it.
    package struct State: Sendable {
        package let probability: Double
        package let payoffs: [Double]
        package init(probability: Double, payoffs: [Double]) {
            self.probability = probability
            self.payoffs = payoffs
        }
    }

    private let states: [State]
    private let costs: [Double]

    package static let statesMax = 4_096

    package init(states: [State], costs: [Double]) {
        precondition(!states.isEmpty && states.count <= JointKelly.statesMax, "too many states")
        precondition(states.allSatisfy { $0.payoffs.count == costs.count }, "a payoff per contract")
        precondition(costs.allSatisfy { $0 > 0 && $0 < 1 }, "all-in costs lie in (0, 1)")
        self.states = states
        self.costs = costs
    }

    /// The best fractions of free equity.
    package func fractions() -> [Double] {
        var stakes = [Double](repeating: 0, count: costs.count)
        for _ in 0..<200 {
            let slope = gradient(stakes)
            let free = stakes.indices.filter { stakes[$0] > 0 || slope[$0] > 0 }
            let steepest = free.map { abs(slope[$0]) }.max() ?? 0
            if steepest < 1e-13 { break }
            guard let step = newtonStep(stakes, slope: slope, free: free) else { break }
            let next = search(from: stakes, along: step, free: free)
            if next == stakes { break }
            stakes = next
        }
        return stakes
    }

    /// The expected logarithmic growth; minus infinity where a state ruins.
    package func growth(_ stakes: [Double]) -> Double {
        var total = 0.0
        for state in states {
            let wealth = wealth(stakes, in: state)
            if wealth <= 0 { return -.infinity }
            total += state.probability * log(wealth)
        }
        return total
    }

    private func wealth(_ stakes: [Double], in state: State) -> Double {
        stakes.indices.reduce(1) { $0 + stakes[$1] * rate($1, in: state) }
    }

    /// What a stake of one gains in a state.
    private func rate(_ bet: Int, in state: State) -> Double {
        state.payoffs[bet] / costs[bet] - 1
    }

    private func gradient(_ stakes: [Double]) -> [Double] {
        stakes.indices.map { bet in
            states.reduce(0) {
                $0 + $1.probability * rate(bet, in: $1) / wealth(stakes, in: $1)
            }
        }
    }

    /// Solves the Newton system on the free stakes; nil when it is singular.
    private func newtonStep(_ stakes: [Double], slope: [Double], free: [Int]) -> [Double]? {
        var rows = free.map { row in
            free.map { column in
                states.reduce(0.0) {
                    let wealth = wealth(stakes, in: $1)
                    return $0 + $1.probability * rate(row, in: $1) * rate(column, in: $1)
                        / (wealth * wealth)
                }
            } + [slope[row]]
        }
        return solve(&rows)
    }

    /// Backtracks until growth does not fall; stakes are cut off at zero.
    private func search(from stakes: [Double], along step: [Double], free: [Int]) -> [Double] {
        let before = growth(stakes)
        var length = 1.0
        for _ in 0..<60 {
            var next = stakes
            for (index, bet) in free.enumerated() {
                next[bet] = max(0, stakes[bet] + length * step[index])
            }
            if growth(next) >= before { return next }
            length /= 2
        }
        return stakes
    }
}

/// Gauss-Jordan elimination with partial pivoting on an augmented matrix.
private func solve(_ rows: inout [[Double]]) -> [Double]? {
    let count = rows.count
    for column in 0..<count {
        let candidates = column..<count
        guard let pivot = candidates.max(by: { abs(rows[$0][column]) < abs(rows[$1][column]) }),
            abs(rows[pivot][column]) > 1e-300
        else { return nil }
        rows.swapAt(column, pivot)
        let head = rows[column]
        for row in 0..<count where row != column {
            let factor = rows[row][column] / head[column]
            for index in column...count { rows[row][index] -= factor * head[index] }
        }
    }
    return rows.indices.map { rows[$0][count] / rows[$0][$0] }
}
