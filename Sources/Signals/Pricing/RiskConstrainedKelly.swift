import Glibc

/// Kelly's stakes under a bound on drawdown (Busseti, Ryu and Boyd 2016): the most growth with
/// E[W^-λ] ≤ 1, λ = ln β / ln α, which keeps the probability of ever falling below α under β.
///
/// Solved by a logarithmic barrier and Newton's method over joint states.
package struct RiskConstrainedKelly: Sendable {
    /// The exponent that a bound means.
    package let lambda: Double
    private let states: [JointKelly.State]
    private let costs: [Double]

    package init(
        states: [JointKelly.State], costs: [Double], level: Double, probabilityMax: Double
    ) {
        precondition(!states.isEmpty && !costs.isEmpty, "no bet")
        precondition(states.allSatisfy { $0.payoffs.count == costs.count }, "a payoff per contract")
        precondition(costs.allSatisfy { $0 > 0 && $0 < 1 }, "all-in costs lie in (0, 1)")
        precondition(level > 0 && level < 1, "a level lies in (0, 1), got \(level)")
        precondition(
            probabilityMax > 0 && probabilityMax < 1, "a probability lies in (0, 1)")
        self.states = states
        self.costs = costs
        lambda = log(probabilityMax) / log(level)
    }

    /// The best fractions of free equity; what is left stays cash. All zero where no bet has an
    /// edge.
    package func fractions() -> [Double] {
        guard var point = interior() else { return costs.map { _ in 0 } }
        var weight = 10.0
        while weight < 1e11 {
            for _ in 0..<50 {
                guard let next = newton(point, weight) else { break }
                point = next
            }
            weight *= 10
        }
        // What the barrier alone keeps above zero is none.
        return point.map { $0 < 1e-8 ? 0 : $0 }
    }

    /// The expected logarithmic growth of stakes.
    package func growth(_ stakes: [Double]) -> Double {
        states.reduce(0) { $0 + $1.probability * log(wealth(stakes, $1)) }
    }

    private func rate(_ bet: Int, _ state: JointKelly.State) -> Double {
        state.payoffs[bet] / costs[bet] - 1
    }

    private func wealth(_ stakes: [Double], _ state: JointKelly.State) -> Double {
        stakes.indices.reduce(1) { $0 + stakes[$1] * rate($1, state) }
    }

    private func risk(_ stakes: [Double]) -> Double {
        states.reduce(0) { sum, state in
            let wealth = wealth(stakes, state)
            return wealth > 0 ? sum + state.probability * pow(wealth, -lambda) : .infinity
        }
    }

    /// A point strictly inside all bounds: small stakes on what has an edge, tiny ones elsewhere.
    private func interior() -> [Double]? {
        let edges = costs.indices.map { bet in
            states.reduce(0) { $0 + $1.probability * rate(bet, $1) }
        }
        guard edges.contains(where: { $0 > 0 }) else { return nil }
        var scale = 0.1 / Double(costs.count)
        for _ in 0..<60 {
            let point = edges.map { scale * ($0 > 0 ? min(1, $0) : scale * 1e-3) }
            if point.reduce(0, +) < 1, risk(point) < 1 { return point }
            scale *= 0.5
        }
        return nil
    }

    /// -weight · growth - ln(1 - risk) - Σ ln stakes - ln cash.
    private func barrier(_ stakes: [Double], _ weight: Double) -> Double {
        let cash = 1 - stakes.reduce(0, +)
        let slack = 1 - risk(stakes)
        guard cash > 0, slack > 0, stakes.allSatisfy({ $0 > 0 }) else { return .infinity }
        return -weight * growth(stakes) - log(slack) - log(cash)
            - stakes.reduce(0) { $0 + log($1) }
    }

    private func newton(_ stakes: [Double], _ weight: Double) -> [Double]? {
        let n = stakes.count
        var gradient = stakes.map { -1 / $0 }
        let cash = 1 - stakes.reduce(0, +)
        var curvature = (0..<n).map { row in
            (0..<n).map { 1 / (cash * cash) + ($0 == row ? 1 / (stakes[row] * stakes[row]) : 0) }
        }
        for index in 0..<n { gradient[index] += 1 / cash }
        var riskGradient = [Double](repeating: 0, count: n)
        var riskCurvature = [[Double]](repeating: riskGradient, count: n)
        for state in states {
            let wealth = wealth(stakes, state)
            let rates = (0..<n).map { rate($0, state) }
            let power = pow(wealth, -lambda)
            for row in 0..<n {
                gradient[row] -= weight * state.probability * rates[row] / wealth
                riskGradient[row] -= state.probability * lambda * power / wealth * rates[row]
                for column in 0..<n {
                    let product = state.probability * rates[row] * rates[column]
                    curvature[row][column] += weight * product / (wealth * wealth)
                    riskCurvature[row][column] +=
                        product * lambda * (lambda + 1) * power / (wealth * wealth)
                }
            }
        }
        let slack = 1 - risk(stakes)
        for row in 0..<n {
            gradient[row] += riskGradient[row] / slack
            for column in 0..<n {
                curvature[row][column] +=
                    riskCurvature[row][column] / slack
                    + riskGradient[row] * riskGradient[column] / (slack * slack)
            }
        }
        guard let step = LinearSystem.solve(symmetric: curvature, gradient.map { -$0 }) else {
            return nil
        }
        // Half of what the step promises; below this only rounding is left.
        let promise = zip(step, gradient).reduce(0) { $0 - $1.0 * $1.1 }
        guard promise > 1e-12 else { return nil }
        let start = barrier(stakes, weight)
        var length = 1.0
        for _ in 0..<60 {
            let next = zip(stakes, step).map { $0 + length * $1 }
            if barrier(next, weight) < start { return next }
            length *= 0.5
        }
        return nil
    }
}
