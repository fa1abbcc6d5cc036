import Glibc
import Trading

/// The day's high at one station, in buckets of two degrees Fahrenheit.
extension SyntheticWorlds {
    private static let stations = ["KNYC", "KMDW", "KPHL", "KHOU"]
    private static let pastDays = 40
    private static let forecastError = 2.5
    private static let forecastEvery = 21_600
    private static let observedEvery = 600

    func weather() -> World {
        var world = World()
        var random = random(4, 0)
        for (index, station) in SyntheticWorlds.stations.enumerated() {
            let usual = 40.0 + 6 * Double(index)
            for day in 1...SyntheticWorlds.pastDays {
                let forecast = (usual + 8 * random.normal()).rounded()
                let error = SyntheticWorlds.forecastError * random.normal()
                world.rows.append(
                    WorldRow(
                        source: "weather-service", kind: "outcome", topic: station,
                        event: moment(-day * 86_400), ingest: moment(-day * 86_400 + 3_600),
                        unit: "fahrenheit",
                        values: [
                            ("forecast", forecast), ("actual", (forecast + error).rounded()),
                        ]))
            }
        }
        addDay(&random, to: &world)
        return world
    }

    private func addDay(_ random: inout SimRandom, to world: inout World) {
        let event = "KXHIGHNY-\(SyntheticWorlds.day)"
        let morning = (40 + 5 * random.normal()).rounded()
        let high = (morning + SyntheticWorlds.forecastError * random.normal()).rounded()
        let last = min(lastClose, 82_800)
        for issued in stride(from: 0, to: last, by: SyntheticWorlds.forecastEvery) {
            // Later forecasts know more.
            let part = Double(issued) / 86_400
            let forecast = (morning + part * (high - morning)).rounded()
            world.rows.append(
                WorldRow(
                    source: "weather-service", kind: "forecast", topic: event,
                    event: moment(issued), ingest: moment(issued + (issued == 0 ? 0 : 600)),
                    unit: "fahrenheit", values: [("high", forecast)],
                    names: [("station", "KNYC")]))
        }
        for second in stride(from: 0, to: last, by: SyntheticWorlds.observedEvery) {
            let value = (temperature(at: second, high) + 0.3 * random.normal()).rounded()
            world.rows.append(
                WorldRow(
                    source: "station", kind: "observed", topic: event, event: moment(second),
                    ingest: moment(second + 120), unit: "fahrenheit",
                    values: [("temperature", min(high, value))]))
        }
        let middle = Int(morning)
        let buckets: [(ClosedRange<Int>, String, String)] = [
            (-99...middle - 4, "T\(middle - 3)", "be <\(middle - 3)°"),
            (middle - 3...middle - 2, "B\(middle - 3).5", "be \(middle - 3)-\(middle - 2)°"),
            (middle - 1...middle, "B\(middle - 1).5", "be \(middle - 1)-\(middle)°"),
            (middle + 1...middle + 2, "B\(middle + 1).5", "be \(middle + 1)-\(middle + 2)°"),
            (middle + 3...199, "T\(middle + 2)", "be >\(middle + 2)°"),
        ]
        for (degrees, strike, words) in buckets {
            let truth = { (now: Int) -> Double in
                belief(degrees, at: now, morning: morning, high: high)
            }
            world.list(
                "\(event)-\(strike)", of: event, "Will the high temp in NYC \(words)?",
                from: start, until: moment(last), pays: degrees.contains(Int(high)),
                path(&random, from: 0, to: last, truth: truth))
        }
    }

    /// What the well informed think of a bucket: they see the high come as the day goes on.
    private func belief(
        _ degrees: ClosedRange<Int>, at now: Int, morning: Double, high: Double
    ) -> Double {
        let part = min(1, Double(now) / 64_800)
        let mean = morning + part * (high - morning)
        let deviation = max(0.4, SyntheticWorlds.forecastError * (1 - part).squareRoot())
        return SyntheticWorlds.normal((Double(degrees.upperBound) + 0.5 - mean) / deviation)
            - SyntheticWorlds.normal((Double(degrees.lowerBound) - 0.5 - mean) / deviation)
    }

    /// The coldest at five, the warmest at three in the afternoon.
    private func temperature(at second: Int, _ high: Double) -> Double {
        high - 6 + 6 * cos((Double(second) - 54_000) / 86_400 * 2 * Double.pi)
    }
}
