/// Whether a child waits at the touch or takes it (ALGORITHMS 1.5). Prices per contract.
package struct PostOrCross: Sendable, Hashable {
    package enum Choice: UInt8, Sendable, BitwiseCopyable {
        case post = 1
        case cross = 2
    }

    package var halfSpread: Double
    package var takerFee: Double
    package var rebate: Double
    /// The chance of a fill within the horizon.
    package var fillProbability: Double
    /// What the market moves against us after a passive fill.
    package var adverseMarkout: Double
    /// What it moves against us when we are not filled.
    package var drift: Double
    package var tick: Double

    package init(
        halfSpread: Double, takerFee: Double, rebate: Double = 0, fillProbability: Double,
        adverseMarkout: Double = 0, drift: Double = 0, tick: Double
    ) {
        self.halfSpread = halfSpread
        self.takerFee = takerFee
        self.rebate = rebate
        self.fillProbability = fillProbability
        self.adverseMarkout = adverseMarkout
        self.drift = drift
        self.tick = tick
    }

    /// What posting and, failing that, crossing later is worth against the mid.
    package var postValue: Double {
        fillProbability * (halfSpread + rebate - adverseMarkout)
            - (1 - fillProbability) * (halfSpread + takerFee + drift)
    }
    /// What crossing now is worth against the mid.
    package var crossValue: Double { -(halfSpread + takerFee) }

    /// Posts only where it is better by a quarter of a tick, so that a tie does not flicker.
    package var choice: Choice { postValue > crossValue + tick / 4 ? .post : .cross }
}

/// How much of the touch a child takes (ALGORITHMS 1.5): more where the spread is narrow and fills
/// are likely.
package struct AdaptiveChild: Sendable, Hashable {
    /// The share of the touch in usual conditions.
    package var share: Double
    /// The spread that is usual, in price.
    package var usualSpread: Double

    package init(share: Double = 0.2, usualSpread: Double) {
        precondition(share > 0 && share <= 1, "a share of \(share)")
        precondition(usualSpread > 0, "a usual spread of \(usualSpread)")
        self.share = share
        self.usualSpread = usualSpread
    }

    /// Lots, not rounded.
    package func size(touchLots: Int64, spread: Double, fillProbability: Double) -> Double {
        let bySpread = min(max(usualSpread / max(spread, 1e-12), 0.25), 1.5)
        let byFill = min(max(fillProbability / 0.5, 0.5), 1.5)
        return share * bySpread * byFill * Double(touchLots)
    }
}
