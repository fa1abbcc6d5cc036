package import Wire

/// Which way a limit becomes tighter.
package enum LimitDirection: Sendable {
    /// Nothing may go above it: a lower value is tighter.
    case ceiling
    /// Nothing may go below it: a higher value is tighter.
    case floor
    /// Neither way is provably tighter: every change counts as a loosening.
    case neither
}

extension LimitKind {
    /// Whoever adds a kind says here which way it tightens: one person alone may go that way.
    package var direction: LimitDirection {
        switch self {
        case .orderQuantityMin, .tailPrice, .edgeMin, .cashHaircut: .floor
        case .orderQuantityMax, .orderNotionalMax, .collarPassive, .collarAggressive,
            .messagesPerSecond, .messageBurst, .ordersPerSecond, .orderBurst,
            .openOrdersMax, .openNotionalMax, .positionMax, .eventLossMax, .collateralMax,
            .lossDailyMax, .lossWeeklyMax, .lossTotalMax, .drawdownSoftMax, .drawdownHardMax,
            .repeatMax, .planNotionalMax, .walkMax, .spreadCrossMax, .orderToTradeMax,
            .grossNotionalMax, .netNotionalMax, .depthShareMax, .volatilityBudget, .collarSigmas,
            .slippageMax, .linkedLossMax, .disputedLossMax, .eventShareMax, .leverageMax,
            .tradeLossMax, .collarClose, .fillsPerIntentMax:
            .ceiling
        case .markSpreadMax, .settlementHaircut, .drawdownFloor, .brakeCooldown, .brakeCapital,
            .repeatWindow, .walkWindow, .adverseMarkoutMax, .adverseFillsMin, .fillsPerMinuteMax,
            .quoteAgeMax, .guardDeclinesMax, .guardLatencyMax, .guardQuoteAgeMax, .guardDwellMin,
            .guardSnapshotAgeMax:
            .neither
        }
    }

    /// Whether the highest of several scopes' values binds, not the lowest: for the smallest that
    /// is allowed, and for how long something counts.
    @inline(__always) var bindsHighest: Bool {
        switch self {
        case .orderQuantityMin, .tailPrice, .edgeMin, .repeatWindow, .walkWindow, .guardDwellMin,
            .settlementHaircut, .cashHaircut:
            true
        default: false
        }
    }

    /// Whether `value` lets nothing through that `old` stops.
    package func isTighter(_ value: Int64, than old: Int64) -> Bool {
        switch direction {
        case .ceiling: value < old
        case .floor: value > old
        case .neither: false
        }
    }

    /// The value as the engine counts it. A configuration states rates and counts as plain
    /// numbers; the engine counts everything in units of 1e-9.
    package func engineValue(ofConfigured value: Int64) -> Int64? {
        switch unit {
        case .contracts, .price, .money, .seconds, .fraction, .ratio: return value
        case .count, .perSecond:
            let (units, isOverflow) = value.multipliedReportingOverflow(by: LimitUnit.scale)
            return isOverflow ? nil : units
        }
    }
}

extension LimitUnit {
    static let scale: Int64 = 1_000_000_000

    /// The largest value that a change may state. What is larger bounds nothing.
    var valueMax: Int64 {
        switch self {
        case .contracts, .money: 1_000_000_000 * LimitUnit.scale
        case .price, .fraction: LimitUnit.scale
        case .seconds: 30 * 86_400 * LimitUnit.scale
        case .count, .perSecond, .ratio: 10_000_000 * LimitUnit.scale
        }
    }
}
