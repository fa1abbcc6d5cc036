import Foundation
import Runtime
package import Signals
import Trading

/// What clusters of a federation learn together of the five-minute markets of bitcoin: how far the
/// forecast of the volatility is off, how much of the recent drift goes on, and the calibration.
///
/// Each cluster has a slice of the first markets of a day, one after the other; the last markets
/// are held out for the score.
package struct FederatedStudy {
    private static let trainingShare = 0.7

    /// A forecast as an agent makes it, and the place of its market in the day.
    package struct Row {
        package let market: Int
        package let forecast: UpDownRow
    }

    private let rows: [Row]
    private let markets: Int

    /// Reads the recorded day of a folder.
    init(folder: DataFolder) throws {
        let reader = try SpotRecording(directory: folder.path).samples(by: .received)
        var samples: [SpotObservation] = []
        while let sample = try reader.next() {
            samples.append(
                SpotObservation(
                    feedAt: sample.feedAt, receivedAt: sample.receivedAt, price: sample.price))
        }
        self.init(samples: samples)
    }

    /// A day that follows from a seed: a price whose volatility comes and goes, each second.
    package init(seed: UInt64) {
        var random = DeterministicRandom(seed: seed)
        var samples: [SpotObservation] = []
        var (price, level) = (60_000.0, 0.0)
        let start = Timestamp(seconds: 1_780_272_000)
        for second in 0..<86_400 {
            level += -level / 900 + 0.03 * FederatedStudy.normal(&random)
            price *= Foundation.exp(4e-5 * Foundation.exp(level) * FederatedStudy.normal(&random))
            let at = start + .seconds(Int64(second))
            let quoted = Price(units: Int64(price * 1e9))
            samples.append(SpotObservation(feedAt: at, receivedAt: at, price: quoted))
        }
        self.init(samples: samples)
    }

    /// What the crypto agent makes of a feed: its forecasts, and what became of their markets.
    private init(samples: [SpotObservation]) {
        var policy = CryptoUpDownPolicy()
        for sample in samples { _ = policy.observe(sample) }
        var rows: [Row] = []
        var markets = 0
        var last: Timestamp?
        for row in policy.rows {
            if row.market != last { markets += 1 }
            last = row.market
            rows.append(Row(market: markets - 1, forecast: row))
        }
        self.rows = rows
        self.markets = markets
    }

    private static func normal(_ random: inout DeterministicRandom) -> Double {
        let one = Double.random(in: 1e-12..<1, using: &random)
        let other = Double.random(in: 0..<1, using: &random)
        return (-2 * Foundation.log(one)).squareRoot() * Foundation.cos(2 * .pi * other)
    }

    // MARK: Slices

    private var trained: Int { Int(Double(markets) * FederatedStudy.trainingShare) }

    /// The markets of one of `peers` clusters.
    package func slice(_ peer: Int, of peers: Int) -> [Row] {
        let range = trained * peer / peers..<trained * (peer + 1) / peers
        return rows.filter { range.contains($0.market) }
    }

    package var heldOut: [Row] { rows.filter { $0.market >= trained } }

    // MARK: Scores

    /// The parameters that suit some forecasts best.
    package static func fit(_ rows: [Row]) -> UpDownLearned {
        UpDownLearned.fit(rows.map(\.forecast))
    }

    /// The mean score of some parameters, and of the difference from others its mean and standard
    /// error; rows of one market count as one.
    static func compare(
        _ rows: [Row], _ parameters: UpDownLearned, to others: UpDownLearned
    ) -> (mean: Double, difference: Double, error: Double) {
        var differences: [Int: [Double]] = [:]
        var sum = 0.0
        for row in rows {
            let own = row.forecast.score(parameters)
            sum += own
            differences[row.market, default: []].append(
                own - row.forecast.score(others))
        }
        let means = differences.sorted { $0.key < $1.key }.map { entry in
            entry.value.reduce(0, +) / Double(entry.value.count)
        }
        let count = Double(max(2, means.count))
        let mean = means.reduce(0, +) / count
        let variance = means.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / (count - 1)
        return (sum / Double(max(1, rows.count)), mean, (variance / count).squareRoot())
    }
}
