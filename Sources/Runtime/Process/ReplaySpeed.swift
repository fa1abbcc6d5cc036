import ArgumentParser

/// How fast recorded market time runs: `1` as it happened, `60` an hour a minute, `max` in lockstep
/// with the slowest participant.
package enum ReplaySpeed: Sendable, Equatable, CustomStringConvertible, ExpressibleByArgument {
    case factor(Double)
    case unpaced

    package init?(argument: String) {
        if argument == "max" {
            self = .unpaced
        } else if let factor = Double(argument), factor.isFinite, factor > 0, factor <= 1_000_000 {
            self = .factor(factor)
        } else {
            return nil
        }
    }

    package var description: String {
        switch self {
        case .factor(let factor):
            factor == factor.rounded() ? String(Int(factor)) : String(factor)
        case .unpaced: "max"
        }
    }
}
