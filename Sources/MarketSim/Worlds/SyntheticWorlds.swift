import Glibc
package import Trading

/// The domains beside crypto, generated: their sources say what an agent can know, their markets
/// trade at what a well informed public believes, which is not quite the truth.
///
/// All of it follows from the seed. Profit against it says nothing about real markets.
package struct SyntheticWorlds: Sendable {
    let seed: UInt64
    let start: Timestamp
    /// How long it lasts by its own clocks, which run `pace` times as fast as market time.
    let seconds: Int
    let pace: Int

    /// How long a value of a path holds.
    static let step = 20
    /// The public's opinion wanders by this deviation in log odds, and forgets so much a step.
    private static let opinionDeviation = 0.30
    private static let opinionMemory = 0.995

    /// `start` is a midnight UTC. At a pace of 24 a game, a release and a day's high all fit into
    /// an hour of market time.
    package init(seed: UInt64, start: Timestamp, seconds: Int, pace: Int = 1) {
        precondition(pace >= 1 && seconds * pace >= 3_600, "a world lasts an hour at least")
        self.seed = seed
        self.start = start
        self.seconds = seconds * pace
        self.pace = pace
    }

    /// Markets close a minute of market time before the end, so that they are settled.
    var lastClose: Int { seconds - 60 * pace }

    /// Each domain under its name, in a fixed order.
    package func all() -> [(domain: String, world: World)] {
        [
            ("politics", politics()), ("macro", macro()), ("sports", sports()),
            ("weather", weather()),
        ].map {
            var world = $0.1
            world.sort()
            return ($0.0, world)
        }
    }

    func moment(_ second: Int) -> Timestamp {
        start + Span(nanoseconds: Int64(second) * 1_000_000_000 / Int64(pace))
    }

    func random(_ domain: UInt64, _ part: Int) -> SimRandom {
        SimRandom(seed: seed, stream: .worlds, market: domain, tick: UInt64(part))
    }

    /// Steps of a path from one second to another: what the public believes of `truth`, which gives
    /// a probability for a second. The opinion wanders in log odds.
    func path(
        _ random: inout SimRandom, from first: Int, to last: Int, truth: (Int) -> Double
    ) -> [(from: Timestamp, value: Double)] {
        let memory = SyntheticWorlds.opinionMemory
        let deviation = SyntheticWorlds.opinionDeviation
        var opinion = deviation * random.normal()
        var steps: [(from: Timestamp, value: Double)] = []
        for second in stride(from: first, to: last, by: SyntheticWorlds.step) {
            let honest = min(0.97, max(0.03, truth(second)))
            let odds = log(honest / (1 - honest)) + opinion
            let value = 1 / (1 + exp(-odds))
            let cents = min(0.97, max(0.03, (value * 1_000).rounded() / 1_000))
            // A value that stays needs no step of its own.
            if steps.last?.value != cents { steps.append((from: moment(second), value: cents)) }
            opinion =
                memory * opinion + deviation * (1 - memory * memory).squareRoot() * random.normal()
        }
        return steps
    }

    static func normal(_ z: Double) -> Double { 0.5 * erfc(-z / 2.0.squareRoot()) }

    /// Rounded to a number of decimals, as sources print their figures.
    static func printed(_ value: Double, decimals: Int) -> Double {
        let scale = pow(10, Double(decimals))
        return (value * scale).rounded() / scale
    }

    /// `26JAN01`, as Kalshi writes days, of the first day.
    static let day = "26JAN01"
}
