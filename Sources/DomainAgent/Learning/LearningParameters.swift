package import Runtime
package import Signals

/// The `learned` section of an agent's parameters.
package struct LearningParameters: Sendable, Equatable {
    /// The folder that is shared with `fed-sync`; relative to the state directory.
    package let exchange: String
    /// After how many markets the agent fits its own parameters and offers them; zero is never.
    package let offerEvery: Int
    package private(set) var rollout = UpDownRollout.Terms()

    package init(_ section: ConfigurationSection) throws(ConfigurationError) {
        try section.allow("exchange", "offer-every", "trial-markets")
        exchange = try section.text("exchange")
        offerEvery = try section.integer("offer-every", in: 0...100_000, default: 0)
        rollout.markets = try section.integer(
            "trial-markets", in: 3...10_000, default: rollout.markets)
    }
}
