package import Trading

/// How the generated counterparties behave. The defaults are the documented simulation.
///
/// They are meant to be hard to beat and still a market that could exist: makers watch the
/// exchanges, know the price before our agents do, defend themselves and about break even; informed
/// traders know it first and take every quote that is stale by more than the fee; noise traders pay
/// for it all, and they trade little. What our agents earn as makers, they earn from noise, in the
/// queue behind makers who are faster.
package struct FlowParameters: Sendable, Hashable {
    package var makerCount = 3
    package var informedCount = 2
    /// What a generated counterparty starts with; never the limit.
    package var deposit = Money(5_000_000)

    /// Half of a maker's spread when nothing happens, least and most.
    package var halfSpreadMin = 0.006
    package var halfSpreadMax = 0.013
    /// The part of a two-second move of the fair value that a maker adds to its half spread.
    package var sensitivityShare = 0.3
    /// Contracts that a maker shows at its best price, least and most.
    package var makerSizeMin = 15
    package var makerSizeMax = 60
    /// Deviation of a maker's estimate from the fair value of its own view.
    package var estimateNoise = 0.004
    /// How often a maker looks at its quotes, as a probability a tick.
    package var makerAttention = 0.95
    /// The part of that attention which a market gets while its fair value stands still.
    package var quietAttention = 0.05
    /// How often a maker that knows of a move wins the race against an informed trader.
    package var makerQuickness = 0.85
    /// How long a maker needs after a price is true.
    package var makerDelay = Span.milliseconds(400)
    /// What a fill adds to a maker's half spread; it halves every ten seconds.
    package var widenPerFill = 0.003
    package var widenMax = 0.05
    /// How far a maker leans against a position of its own size.
    package var inventoryLean = 0.004
    /// A maker quotes nothing in the last seconds of a market.
    package var pullBeforeEnd = 20.0
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
