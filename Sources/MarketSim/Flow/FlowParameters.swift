package import Trading

/// How the generated counterparties behave. The defaults are the documented simulation.
///
/// They are meant to be hard to beat: makers know the price before our agents do and defend
/// themselves; informed traders know it first and take every quote that is stale by more than the
/// fee; only noise traders lose, and they trade little.
package struct FlowParameters: Sendable, Hashable {
    package var makerCount = 3
    package var informedCount = 2
    /// What a generated counterparty starts with; never the limit.
    package var deposit = Money(5_000_000)

    /// Half of a maker's spread when nothing happens, least and most.
    package var halfSpreadMin = 0.008
    package var halfSpreadMax = 0.02
    /// The part of a two-second move of the fair value that a maker adds to its half spread.
    package var sensitivityShare = 0.35
    /// Contracts that a maker shows at its best price, least and most.
    package var makerSizeMin = 15
    package var makerSizeMax = 60
    /// Deviation of a maker's estimate from the fair value of its own view.
    package var estimateNoise = 0.004
    /// How often a maker looks at its quotes, as a probability a tick.
    package var makerAttention = 0.7
    /// What a fill adds to a maker's half spread; it halves every ten seconds.
    package var widenPerFill = 0.006
    package var widenMax = 0.05
    /// How far a maker leans against a position of its own size.
    package var inventoryLean = 0.004
    /// A maker quotes nothing in the last seconds of a market.
    package var pullBeforeEnd = 12.0
    /// A maker quotes nothing for this long after a jump.
    package var pullAfterJump = 4.0
    /// A maker quotes nothing when its spot price is older.
    package var staleAfter = 5.0

    /// Noise trades a second and market, while the strike is known and before.
    package var noiseRate = 0.2
    package var noiseRateBeforeStart = 0.04
    /// The part of noise traders who post instead of taking.
    package var noisePassive = 0.3
    package var noiseSizeMax = 20

    /// What an informed trader wants beyond the fee, least and most.
    package var informedEdgeMin = 0.015
    package var informedEdgeMax = 0.025
    package var informedAttention = 0.4
    package var informedSizeMax = 40
    /// How long an informed trader needs after a price is true.
    package var informedDelay = Span.milliseconds(200)

    package init() {}
}
