import Glibc

/// The only source of chance in the simulation: SplitMix64 (Steele, Lea and Flood 2014), started
/// afresh from (seed, stream, market, tick), so that what happens at one tick never depends on how
/// many numbers were drawn before it.
package struct SimRandom: Sendable {
    private var state: UInt64

    /// What the numbers are for; streams never share numbers.
    package enum Stream: UInt64, Sendable {
        case makers = 1
        case noise = 2
        case informed = 3
        case latent = 4
        case character = 5
        case spot = 6
        case latency = 7
        case race = 8
        case worlds = 9
    }

    package init(seed: UInt64, stream: Stream, market: UInt64 = 0, tick: UInt64 = 0) {
        state = seed
        for word in [stream.rawValue, market, tick] {
            state = SimRandom.mix(state &+ word &* 0xD1B5_4A32_D192_ED03 &+ 0x9E37_79B9_7F4A_7C15)
        }
    }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        return SimRandom.mix(state)
    }

    /// Uniform in [0, 1).
    package mutating func uniform() -> Double { Double(next() >> 11) * 0x1p-53 }

    /// Uniform in [low, high).
    package mutating func uniform(_ low: Double, _ high: Double) -> Double {
        low + (high - low) * uniform()
    }

    /// True with the given probability.
    package mutating func chance(_ probability: Double) -> Bool { uniform() < probability }

    /// Uniform in `0..<count`; the bias of the multiplication is below 2⁻³² for small counts.
    package mutating func below(_ count: Int) -> Int {
        precondition(count > 0, "a choice needs at least one possibility")
        return Int(next().multipliedFullWidth(by: UInt64(count)).high)
    }

    /// Standard normal, by Box and Muller (1958).
    package mutating func normal() -> Double {
        let radius = sqrt(-2 * log(1 - uniform()))
        return radius * cos(2 * Double.pi * uniform())
    }

    private static func mix(_ value: UInt64) -> UInt64 {
        var mixed = value
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
