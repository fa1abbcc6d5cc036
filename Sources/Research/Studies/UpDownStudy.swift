import Foundation
import Runtime
import Signals
import Trading

/// Five-minute markets of bitcoin on a recorded day, asked four, three, two and one minutes before
/// their end: fat tails and calibration beside a Brownian motion without drift.
enum UpDownStudy {
    /// Seconds that the forecast of the volatility looks back over, as a decay per second.
    static let decay = 1 - 1.0 / 900

    /// Seconds that the estimate of the drift looks back over.

    static func run(_ input: Study.Input) throws -> [StudyReport] {
        let folder = input.folder.path
        let (markets, _) = try MarketRecording(directory: folder).rows()
        let reader = try SpotRecording(directory: folder).samples(by: .received)
        var samples: [SpotSample] = []
        while let sample = try reader.next() {
            try input.asOf.admit(
                event: sample.feedAt, ingest: sample.receivedAt,
                at: "the price feed, row \(samples.count + 1)")
            samples.append(sample)
        }
        let names = try input.folder.files().filter {
            $0.hasPrefix("crypto/chainlink_btcusd_prices_")
                || $0.hasPrefix("crypto/polymarket_btc5m_markets_outcomes_")
        }.map { try input.folder.dataset($0) }
        var boards = (1...4).map { _ in
            Scoreboard(["Student-t, calibrated", "Brownian motion, no drift", "Student-t", "even"])
        }
        var walk = Walk(samples: samples, decay: decay)
        var past: [(p: [Double], y: [Double])] = (1...4).map { _ in ([], []) }
        for market in markets.sorted(by: { $0.start < $1.start }) {
            try input.asOf.admit(event: market.start, ingest: market.end, at: market.slug)
            guard let outcome = market.outcome, outcome != .value else { continue }
            let answer = outcome == .yes ? 1.0 : 0
            for minutes in (1...4).reversed() {
                let moment = market.end - .seconds(Int64(60 * minutes))
                guard let option = walk.option(at: moment, until: market.end),
                    let strike = walk.strike(market.start)
                else { continue }
                let plain = inside(option.above(strike: strike))
                let tails = StudentDistribution(degreesOfFreedom: 4)
                let fat = inside(option.above(strike: strike, tails: tails))
                let history = past[minutes - 1]
                let calibrated = inside(Calibrator.fit(history.p, history.y)(fat))
                boards[minutes - 1].add(
                    Scoreboard.Row(
                        cluster: market.start.nanoseconds,
                        outcome: answer == 1 ? .index(0) : .index(1),
                        forecasts: [calibrated, plain, fat, 0.5].map { [$0, 1 - $0] }))
                past[minutes - 1].p.append(fat)
                past[minutes - 1].y.append(answer)
            }
        }
        return boards.enumerated().reversed().filter { !$0.element.rows.isEmpty }.map {
            StudyReport(
                title: "BTC up or down in five minutes, \($0.offset + 1) min before the end",
                board: $0.element, datasets: names, parameters: nil,
                notes: [
                    "calibration is refitted before every market on the ones before it",
                    "the recording has no prices of the markets while they traded",
                ])
        }
    }

    private static func inside(_ p: Double) -> Double { min(1 - 1e-4, max(1e-4, p)) }

    /// The feed as it was received, walked through once.
    struct Walk {
        let samples: [SpotSample]
        var next = 0
        var variance: EWMAVariance
        var latest: SpotSample?

        init(samples: [SpotSample], decay: Double) {
            self.samples = samples
            variance = EWMAVariance(decay: decay)
        }

        /// Takes everything in that had been received at a moment.
        mutating func advance(to moment: Timestamp) {
            while next < samples.count, samples[next].receivedAt <= moment {
                let sample = samples[next]
                next += 1
                guard let before = latest else {
                    latest = sample
                    continue
                }
                let seconds = Double((sample.feedAt - before.feedAt).nanoseconds) / 1e9
                // Late rows say nothing new of the volatility.
                guard seconds > 0 else { continue }
                let change = Foundation.log(sample.price.doubleValue / before.price.doubleValue)
                variance.add(change / seconds.squareRoot())
                latest = sample
            }
        }

        /// The option on the price at `end` as it is known at a moment; nil without ten minutes of
        /// prices before.
        mutating func option(at moment: Timestamp, until end: Timestamp) -> DigitalOption? {
            advance(to: moment)
            guard let latest, variance.count >= 600, variance.value > 0 else { return nil }
            guard moment - latest.feedAt <= .seconds(30) else { return nil }
            let years =
                Double((end - latest.feedAt).nanoseconds) / 1e9 / DigitalOption.secondsPerYear
            let volatility = (variance.value * DigitalOption.secondsPerYear).squareRoot()
            return DigitalOption(
                spot: latest.price.doubleValue, years: years, volatility: volatility)
        }

        /// The first price at or after a moment among what was received.
        func strike(_ moment: Timestamp) -> Double? {
            var index = next - 1
            var found: SpotSample?
            while index >= 0, samples[index].receivedAt >= moment {
                if samples[index].feedAt >= moment {
                    if found.map({ samples[index].feedAt <= $0.feedAt }) ?? true {
                        found = samples[index]
                    }
                }
                index -= 1
            }
            // Without a price within five seconds of the start the strike is not known.
            guard let found, found.feedAt - moment <= .seconds(5) else { return nil }
            return found.price.doubleValue
        }
    }
}
