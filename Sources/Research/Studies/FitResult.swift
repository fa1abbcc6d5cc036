import Cryptography
import Runtime
import Signals

/// Parameters that a fit found, with everything that finding them again takes.
struct FitResult: Sendable {
    let parameters: ParameterSet
    let dataset: Dataset
    let seed: UInt64
    let steps: Int
    /// The mean logarithmic score on the data of the fit.
    let score: Double

    var parametersHash: String { "\(SHA256.hash(parameters.canonicalBytes))" }
}

/// SplitMix64 (Steele, Lea and Flood 2014): the starting points of fits follow from their seed.
struct DeterministicRandom: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
