import Glibc

/// What is known of a strategy that asks for capital.
package struct CapitalCandidate: Sendable, Hashable {
    package let name: String
    /// What it is about; candidates of one domain share a cap.
    package let domain: String
    /// Its profit in each period, all candidates over the same periods, in dollars.
    package let profits: [Double]
    /// The capital that it has now, in dollars.
    package let budget: Double
    /// What its worst case has locked, which no plan takes away, in dollars.
    package let atRisk: Double
    /// What its brakes leave of its sizes, 0...1.
    package let multiplier: Double

    package init(
        name: String, domain: String, profits: [Double], budget: Double, atRisk: Double,
        multiplier: Double
    ) {
        self.name = name
        self.domain = domain
        self.profits = profits
        self.budget = budget
        self.atRisk = atRisk
        self.multiplier = multiplier
    }
}

/// A proposal of budgets by risk-adjusted edge: each strategy's share of risk, times what its
/// profits prove against its bad periods, times a bound on drawdowns, times what its brakes leave.
/// Never more in sum than there is, a part stays cash, and no domain gets more than its cap.
package struct CapitalPlan: Sendable, Hashable {
    package struct Rules: Sendable, Hashable {
        /// The part that no strategy gets.
        package var cash = 0.2
        /// The largest part that one domain gets.
        package var domainMax = 0.35
        /// The least number of periods that prove anything.
        package var periodsMin = 5
        /// The confidence of an edge's lower bound and of the tail of losses.
        package var confidence = 0.95
        /// The wealth below which it may fall with `ruin` at most.
        package var level = 0.7
        package var ruin = 0.1

        package init() {}
    }

    /// What one strategy should have, and why.
    package struct Line: Sendable, Hashable {
        package let name: String
        package let budget: Double
        package let proposed: Double
        /// Its share by hierarchical risk parity.
        package let riskShare: Double
        /// What a period is worth at least, in dollars.
        package let edge: Double
        /// The mean loss of its worst periods, in dollars.
        package let tailLoss: Double
        /// The part of its budget that keeps drawdowns bounded, 0...1.
        package let fraction: Double
        package let multiplier: Double
        package let reason: String
    }

    package let lines: [Line]
    /// What stays with nobody.
    package let cash: Double

    /// - Parameters:
    ///   - total: The capital of all candidates together, in dollars.
    ///   - candidates: Over the same periods; at least `periodsMin` of them.
    package init(total: Double, _ candidates: [CapitalCandidate], _ rules: Rules = Rules()) {
        let shares = CapitalPlan.shares(candidates)
        let merits = candidates.map { Merit($0, rules) }
        let scores = zip(zip(shares, merits), candidates).map { pair, candidate in
            pair.0 * pair.1.score * candidate.multiplier
        }
        let given = CapitalPlan.capped(scores, candidates, rules).map { $0 * total }
        // What is at risk stays, even where nothing else would.
        let floors = candidates.map { min($0.atRisk, $0.budget) }
        let proposed = CapitalPlan.lifted(given, floors, to: total)
        lines = candidates.indices.map { index in
            Line(
                name: candidates[index].name, budget: candidates[index].budget,
                proposed: proposed[index], riskShare: shares[index], edge: merits[index].edge,
                tailLoss: merits[index].tailLoss, fraction: merits[index].fraction,
                multiplier: candidates[index].multiplier,
                reason: CapitalPlan.reason(
                    merits[index], candidates[index], given[index], floors[index], total, rules))
        }
        cash = max(0, total - proposed.reduce(0, +))
    }

    /// A part of the plan's way from what is to what is proposed.
    package struct Move: Sendable, Hashable {
        package let from: String
        package let to: String
        /// In dollars.
        package let amount: Double
    }

    /// The moves between strategies that lead to the plan, as far as one gains what another gives:
    /// who gives most first, to who gains most first.
    package var moves: [Move] {
        var givers = lines.filter { $0.budget > $0.proposed }
            .map { (name: $0.name, left: $0.budget - $0.proposed) }
            .sorted { ($1.left, $0.name) < ($0.left, $1.name) }
        var moves: [Move] = []
        let gainers = lines.filter { $0.proposed > $0.budget }
            .map { (name: $0.name, wanted: $0.proposed - $0.budget) }
            .sorted { ($1.wanted, $0.name) < ($0.wanted, $1.name) }
        for gainer in gainers {
            var wanted = gainer.wanted
            for index in givers.indices where wanted > 1e-9 && givers[index].left > 1e-9 {
                let amount = min(wanted, givers[index].left)
                moves.append(Move(from: givers[index].name, to: gainer.name, amount: amount))
                givers[index].left -= amount
                wanted -= amount
            }
        }
        return moves
    }

    private static func reason(
        _ merit: Merit, _ candidate: CapitalCandidate, _ given: Double, _ floor: Double,
        _ total: Double, _ rules: Rules
    ) -> String {
        if candidate.profits.count < rules.periodsMin {
            return
                "\(candidate.profits.count) periods prove nothing: \(rules.periodsMin) are needed"
        }
        if floor > given { return "what is at risk stays" }
        if merit.edge <= 0 { return "its profits do not prove an edge" }
        if candidate.multiplier <= 0 { return "its brakes halt it" }
        let room = rules.domainMax * total
        return given >= room - 1e-9 ? "capped with its domain \(candidate.domain)" : "by its score"
    }

    /// What a strategy's profits prove.
    private struct Merit {
        let edge: Double
        let tailLoss: Double
        let fraction: Double

        var score: Double { edge > 0 ? edge / max(tailLoss, edge) * fraction : 0 }

        init(_ candidate: CapitalCandidate, _ rules: Rules) {
            let profits = candidate.profits
            guard profits.count >= rules.periodsMin else {
                (edge, tailLoss, fraction) = (0, 0, 0)
                return
            }
            edge = CapitalPlan.lowerBound(profits, confidence: rules.confidence)
            let probability = 1 / Double(profits.count)
            let tail = TailLoss(
                losses: profits.map { -$0 },
                probabilities: profits.map { _ in probability }, confidence: rules.confidence)
            tailLoss = max(0, tail?.conditional ?? 0)
            fraction = CapitalPlan.boundedFraction(
                profits.map { $0 / max(candidate.budget, 1e-9) }, rules)
        }
    }

    /// What the mean of a series is at least, at any time that one looks: the asymptotic confidence
    /// sequence of a normal mixture with the series' own variance (Waudby-Smith and others 2021).
    static func lowerBound(_ values: [Double], confidence: Double) -> Double {
        let n = Double(values.count)
        let mean = values.reduce(0, +) / n
        let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / n
        // The mixture is sharpest after so many periods.
        let mixing = 1.0 / 20
        let grown = n * mixing + 1
        let radius =
            (variance * 2 * grown / (n * n * mixing) * log(grown.squareRoot() / (1 - confidence)))
            .squareRoot()
        return mean - radius
    }

    /// The largest part of a budget, at most all of it, whose returns keep the probability of ever
    /// falling below `level` under `ruin`: E[(1 + f r)^-λ] ≤ 1 (Busseti, Ryu and Boyd 2016), with
    /// the returns as they came.
    static func boundedFraction(_ returns: [Double], _ rules: Rules) -> Double {
        let lambda = log(rules.ruin) / log(rules.level)
        func isBounded(_ fraction: Double) -> Bool {
            var sum = 0.0
            for value in returns {
                let wealth = 1 + fraction * value
                guard wealth > 0 else { return false }
                sum += pow(wealth, -lambda)
            }
            return sum <= Double(returns.count)
        }
        if isBounded(1) { return 1 }
        var (low, high) = (0.0, 1.0)
        for _ in 0..<60 {
            let middle = (low + high) / 2
            if isBounded(middle) { low = middle } else { high = middle }
        }
        return low
    }

    private static func shares(_ candidates: [CapitalCandidate]) -> [Double] {
        let count = candidates.first?.profits.count ?? 0
        precondition(
            candidates.allSatisfy { $0.profits.count == count }, "series of different lengths")
        // A series that never moved shares no risk with anybody, so it gets an equal part.
        let means = candidates.map { $0.profits.reduce(0, +) / Double(max(count, 1)) }
        let moving = candidates.indices.filter { index in
            candidates[index].profits.contains { abs($0 - means[index]) > 1e-12 }
        }
        var shares = [Double](repeating: 1 / Double(max(candidates.count, 1)), count: means.count)
        guard count > 1, moving.count > 1 else { return shares }
        let covariance = moving.map { a in
            moving.map { b in
                (0..<count).reduce(0.0) { sum, time in
                    sum + (candidates[a].profits[time] - means[a])
                        * (candidates[b].profits[time] - means[b])
                } / Double(count - 1)
            }
        }
        let correlation = covariance.indices.map { a in
            covariance.indices.map { b in
                a == b
                    ? 1
                    : covariance[a][b] / (covariance[a][a] * covariance[b][b]).squareRoot()
            }
        }
        let weights = HierarchicalRiskParity.weights(
            covariance: covariance, correlation: correlation)
        let part = Double(moving.count) / Double(candidates.count)
        for (place, index) in moving.enumerated() { shares[index] = weights[place] * part }
        return shares
    }

    /// Shares of the whole by scores, with the rest of what a domain may not have given to others
    /// as far as their domains may.
    private static func capped(
        _ scores: [Double], _ candidates: [CapitalCandidate], _ rules: Rules
    ) -> [Double] {
        var given = [Double](repeating: 0, count: scores.count)
        var full: Set<String> = []
        var left = 1 - rules.cash
        while left > 1e-12 {
            let open = scores.indices.filter {
                scores[$0] > 0 && !full.contains(candidates[$0].domain)
            }
            let sum = open.reduce(0) { $0 + scores[$1] }
            guard sum > 0 else { break }
            var taken = 0.0
            for domain in Set(open.map { candidates[$0].domain }).sorted() {
                let members = open.filter { candidates[$0].domain == domain }
                let weight = members.reduce(0) { $0 + scores[$1] }
                let had = candidates.indices.filter { candidates[$0].domain == domain }
                    .reduce(0) { $0 + given[$1] }
                let wanted = left * weight / sum
                let part = min(wanted, rules.domainMax - had)
                if part < wanted { full.insert(domain) }
                for index in members { given[index] += part * scores[index] / weight }
                taken += part
            }
            left -= taken
            if full.isEmpty { break }
        }
        return given
    }

    /// Lifts everybody to a floor; what that takes comes from those who are above theirs, in
    /// proportion.
    private static func lifted(
        _ given: [Double], _ floors: [Double], to total: Double
    ) -> [Double] {
        var lifted = zip(given, floors).map { max($0, $1) }
        let excess = lifted.reduce(0, +) - total
        guard excess > 0 else { return lifted }
        let above = zip(lifted, floors).reduce(0) { $0 + ($1.0 - $1.1) }
        guard above > 0 else { return lifted }
        for index in lifted.indices {
            lifted[index] -= (lifted[index] - floors[index]) * min(1, excess / above)
        }
        return lifted
    }
}
