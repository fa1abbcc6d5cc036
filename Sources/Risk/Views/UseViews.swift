package import Trading
package import Wire

/// A halt that stands, for people.
package struct HaltView: Sendable, Hashable {
    package let scope: HaltScope
    /// `halted` or `reduceOnly`.
    package let state: ArmingState
    package let since: Timestamp
}

/// How much of a limit its scope has used at the moment.
package struct LimitUse: Sendable, Hashable {
    package let place: LimitPlace
    /// Both in the unit of the limit's kind.
    package let used: Int64
    package let limit: Int64
}

extension RiskEngine {
    /// How often anything was halted, since the journal began.
    package var haltCount: UInt64 { haltNumbers.last }

    /// The halts that stand, in the order of their scopes.
    package var haltViews: [HaltView] {
        halts.map { HaltView(scope: $0.scope, state: $0.state, since: $0.since) }
    }

    /// What scopes have used of the limits on what is open or held, in the order of the scopes.
    package var limitUses: [LimitUse] {
        meters.indices.sorted { meters[$0].key < meters[$1].key }.flatMap { index in
            let meter = meters[index]
            let used: [(LimitKind, Int64)] = [
                (.openOrdersMax, meter.openOrders * DrawdownRule.one),
                (.openNotionalMax, meter.openNotional.units),
                (.collateralMax, meter.collateral.units),
                (.grossNotionalMax, Int64(clamping: meter.reach.gross)),
                (.netNotionalMax, Int64(clamping: meter.reach.net)),
            ]
            return used.compactMap { kind, amount in
                limits[kind, index].map {
                    LimitUse(place: LimitPlace(meter.key, kind), used: amount, limit: $0)
                }
            }
        }
    }
}
