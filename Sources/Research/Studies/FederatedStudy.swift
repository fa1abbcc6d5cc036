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
    /// The parameters of the set, as an invitation names them.
    package static let names = ["volatility", "drift", "slope", "offset"]
    /// Where everybody starts: the model as it is, not calibrated.
    package static let initial = [0.0, 0, 1, 0]
    /// How far a parameter may be expected from there, which keeps a fit to few markets sober.
    private static let spread = 0.3
    private static let trainingShare = 0.7
    private static let stepsMax = 200

    /// A market at a moment before its end.
    package struct Row {
        package let market: Int
        package let option: DigitalOption
        package let strike: Double
        let driftPerSecond: Double
        let isUp: Bool
    }

    private let rows: [Row]
    private let markets: Int

    /// Reads the recorded day of a folder.
    init(folder: DataFolder) throws {
        let reader = try SpotRecording(directory: folder.path).samples(by: .received)
        var samples: [SpotSample] = []
        while let sample = try reader.next() { samples.append(sample) }
        let (recorded, _) = try MarketRecording(directory: folder.path).rows()
        self.init(
            samples: samples,
            markets: recorded.sorted { $0.start < $1.start }.compactMap { market in
                guard let outcome = market.outcome, outcome != .value else { return nil }
                return (market.start, market.end, outcome == .yes)
            })
    }

    /// A day that follows from a seed: a price whose volatility comes and goes, each second.
    package init(seed: UInt64) {
        var random = DeterministicRandom(seed: seed)
        var samples: [SpotSample] = []
        var (price, level) = (60_000.0, 0.0)
        let start = Timestamp(seconds: 1_780_272_000)
        for second in 0..<86_400 {
            level += -level / 900 + 0.03 * FederatedStudy.normal(&random)
            price *= Foundation.exp(4e-5 * Foundation.exp(level) * FederatedStudy.normal(&random))
            let at = start + .seconds(Int64(second))
            let quoted = Price(units: Int64(price * 1e9))
            samples.append(SpotSample(feedAt: at, price: quoted, serverAt: at, receivedAt: at))
        }
        var markets: [(Timestamp, Timestamp, Bool)] = []
        for first in stride(from: 1_200, to: 86_100, by: 300) {
            let isUp = samples[first + 299].price >= samples[first].price
            markets.append((samples[first].feedAt, samples[first].feedAt + .seconds(300), isUp))
        }
        self.init(samples: samples, markets: markets)
    }

    private init(samples: [SpotSample], markets: [(start: Timestamp, end: Timestamp, isUp: Bool)]) {
        var walk = UpDownStudy.Walk(samples: samples, decay: UpDownStudy.decay)
        var rows: [Row] = []
        var count = 0
        for market in markets {
            let before = rows.count
            for minutes in (1...4).reversed() {
                let moment = market.end - .seconds(Int64(60 * minutes))
                guard let option = walk.option(at: moment, until: market.end),
                    let strike = walk.strike(market.start)
                else { continue }
                rows.append(
                    Row(
                        market: count, option: option, strike: strike, driftPerSecond: walk.drift,
                        isUp: market.isUp))
            }
            if rows.count > before { count += 1 }
        }
        self.rows = rows
        self.markets = count
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

    // MARK: The model

    /// The probability of up.
    package static func probability(_ row: Row, _ parameters: [Double]) -> Double {
        let option = DigitalOption(
            spot: row.option.spot, years: row.option.years,
            volatility: row.option.volatility * Foundation.exp(parameters[0]),
            drift: parameters[1] * row.driftPerSecond * DigitalOption.secondsPerYear)
        let plain = min(1 - 1e-4, max(1e-4, option.above(strike: row.strike)))
        let odds = parameters[2] * Logit.of(plain) + parameters[3]
        return min(1 - 1e-4, max(1e-4, Logit.inverse(odds)))
    }

    /// The logarithmic score in nats: less is better.
    package static func score(_ row: Row, _ parameters: [Double]) -> Double {
        let up = probability(row, parameters)
        return -Foundation.log(row.isUp ? up : 1 - up)
    }

    /// The parameters that suit some markets best.
    package static func fit(_ rows: [Row]) -> [Double] {
        let count = Double(max(1, rows.count))
        func loss(_ point: [Double]) -> Double {
            let far = zip(point, initial).reduce(0.0) { sum, pair in
                let z = (pair.0 - pair.1) / spread
                return sum + z * z / 2
            }
            return (rows.reduce(0) { $0 + score($1, point) } + far) / count
        }
        let step = 1e-5
        return Minimiser.bfgs(from: initial, tolerance: 1e-7, stepsMax: stepsMax) { point in
            let gradient = point.indices.map { index in
                var (above, below) = (point, point)
                above[index] += step
                below[index] -= step
                return (loss(above) - loss(below)) / (2 * step)
            }
            return (loss(point), gradient)
        }.point
    }

    /// The mean score of some parameters, and of the difference from others its mean and standard
    /// error; rows of one market count as one.
    static func compare(
        _ rows: [Row], _ parameters: [Double], to others: [Double]
    ) -> (mean: Double, difference: Double, error: Double) {
        var differences: [Int: [Double]] = [:]
        var sum = 0.0
        for row in rows {
            let own = score(row, parameters)
            sum += own
            differences[row.market, default: []].append(own - score(row, others))
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
