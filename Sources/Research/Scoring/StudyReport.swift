import Cryptography
package import Runtime
package import Signals

/// What a study found, as it is printed.
package struct StudyReport: Sendable, Encodable {
    /// One forecaster's scores.
    package struct Line: Sendable, Encodable {
        package let forecaster: String
        package let brier: Scoreboard.Estimate
        package let log: Scoreboard.Estimate
        package let ranked: Scoreboard.Estimate?
        /// Forecasts so certain that the logarithm was clipped.
        package let clipped: Int
    }

    /// The model beside one other forecaster, row by row.
    package struct Duel: Sendable, Encodable {
        package let against: String
        /// What the model gains: the other's score less the model's.
        package let brierGain: Scoreboard.Estimate
        package let logGain: Scoreboard.Estimate
        /// The bet against "the model is no better" and the bet against "the other is no better".
        package let evidence: Double
        package let evidenceMax: Double
        package let counterEvidence: Double
    }

    package let title: String
    package let rows: Int
    package let clusters: Int
    /// Name and SHA-256 of each file that went in.
    package let datasets: [String: String]
    package let parameters: String
    package let lines: [Line]
    package let duels: [Duel]
    /// True where a forecaster is a price that could be traded at.
    package let hasPrice: Bool
    package let notes: [String]
    /// The model's reliability over every outcome of every question.
    package let reliability: [ReliabilityBin]

    /// One bin of the diagram.
    package struct ReliabilityBin: Sendable, Encodable {
        package let count: Int
        package let forecast: Double
        package let outcome: Double
    }

    /// - Parameters:
    ///   - isOrdered: Whether the outcomes have an order, for the ranked score.
    ///   - price: The forecaster that is an executable price, if one is.
    package init(
        title: String, board: Scoreboard, datasets: [Dataset], parameters: ParameterSet?,
        isOrdered: Bool = false, price: String? = nil, notes: [String] = []
    ) {
        self.title = title
        rows = board.rows.count
        clusters = Set(board.rows.map(\.cluster)).count
        self.datasets = Dictionary(
            datasets.map { ($0.name, "\($0.hash)") }, uniquingKeysWith: { first, _ in first })
        self.parameters = parameters.map { "\(SHA256.hash($0.canonicalBytes))" } ?? "none"
        self.notes = notes
        hasPrice = price != nil
        lines = board.names.indices.map { StudyReport.line(board, $0, isOrdered: isOrdered) }
        duels = board.names.indices.dropFirst().map { StudyReport.duel(board, $0) }
        reliability = StudyReport.reliability(board)
    }

    private static func line(_ board: Scoreboard, _ index: Int, isOrdered: Bool) -> Line {
        func mean(_ score: ([Double], Scoreboard.Outcome) -> Double) -> Scoreboard.Estimate {
            Scoreboard.estimate(
                board.rows.map { ($0.cluster, score($0.forecasts[index], $0.outcome)) })
        }
        let clipped = board.rows.count { row in
            row.forecasts[index].contains { $0 < BinaryScores.clip || $0 > 1 - BinaryScores.clip }
        }
        return Line(
            forecaster: board.names[index], brier: mean(Scoreboard.brier),
            log: mean(Scoreboard.log), ranked: isOrdered ? mean(Scoreboard.ranked) : nil,
            clipped: clipped)
    }

    private static func duel(_ board: Scoreboard, _ other: Int) -> Duel {
        func gains(
            _ score: ([Double], Scoreboard.Outcome) -> Double
        ) -> [(cluster: Int64, value: Double)] {
            board.rows.map {
                (
                    $0.cluster,
                    score($0.forecasts[other], $0.outcome) - score($0.forecasts[0], $0.outcome)
                )
            }
        }
        let brier = gains(Scoreboard.brier)
        var process = BettingProcess()
        var counter = BettingProcess()
        for difference in clusterMeans(brier) {
            process.add(difference)
            counter.add(-difference)
        }
        return Duel(
            against: board.names[other], brierGain: Scoreboard.estimate(brier),
            logGain: Scoreboard.estimate(gains(Scoreboard.log)), evidence: process.wealth,
            evidenceMax: process.wealthMax, counterEvidence: counter.wealth)
    }

    /// One difference for each cluster, in the order in which clusters come first.
    private static func clusterMeans(_ values: [(cluster: Int64, value: Double)]) -> [Double] {
        var places: [Int64: Int] = [:]
        var sums: [(sum: Double, count: Double)] = []
        for (cluster, value) in values {
            if let place = places[cluster] {
                sums[place].sum += value
                sums[place].count += 1
            } else {
                places[cluster] = sums.count
                sums.append((value, 1))
            }
        }
        return sums.map { $0.sum / $0.count }
    }

    private static func reliability(_ board: Scoreboard) -> [ReliabilityBin] {
        var forecasts: [Double] = []
        var outcomes: [Double] = []
        for row in board.rows {
            let all = row.forecasts[0]
            for index in all.count == 2 ? 0..<1 : 0..<all.count {
                forecasts.append(all[index])
                outcomes.append(row.outcome.payout(index))
            }
        }
        return ReliabilityTable(forecasts, outcomes, bins: 10).bins.map {
            ReliabilityBin(count: $0.count, forecast: $0.meanForecast, outcome: $0.meanOutcome)
        }
    }
}
