package import Wire

/// What a limit is measured in. Every limit's value is a decimal with nine digits: contracts,
/// dollars, dollars per contract, seconds (so nanoseconds), orders, orders per second, or a ratio.
package enum LimitUnit: Sendable {
    case contracts
    case price
    case money
    case seconds
    case count
    case perSecond
    /// A share of one.
    case fraction
    case ratio
}

extension LimitKind {
    package var unit: LimitUnit {
        switch self {
        case .orderQuantityMin, .orderQuantityMax, .positionMax: .contracts
        case .orderNotionalMax, .openNotionalMax, .eventLossMax, .collateralMax, .lossDailyMax,
            .lossWeeklyMax, .lossTotalMax, .brakeCapital, .planNotionalMax, .edgeMin,
            .grossNotionalMax, .netNotionalMax, .volatilityBudget, .linkedLossMax, .disputedLossMax,
            .tradeLossMax:
            .money
        case .collarPassive, .collarAggressive, .markSpreadMax, .settlementHaircut, .slippageMax,
            .adverseMarkoutMax, .walkMax, .spreadCrossMax, .tailPrice, .collarClose:
            .price
        case .quoteAgeMax, .brakeCooldown, .repeatWindow, .walkWindow, .guardLatencyMax,
            .guardQuoteAgeMax, .guardDwellMin, .guardSnapshotAgeMax:
            .seconds
        case .drawdownSoftMax, .drawdownHardMax, .drawdownFloor, .guardDeclinesMax, .eventShareMax,
            .cashHaircut:
            .fraction
        case .messageBurst, .orderBurst, .openOrdersMax, .adverseFillsMin, .fillsPerMinuteMax,
            .repeatMax, .fillsPerIntentMax:
            .count
        case .messagesPerSecond, .ordersPerSecond: .perSecond
        case .orderToTradeMax, .depthShareMax, .collarSigmas, .leverageMax: .ratio
        }
    }

    /// Whether an order is denied when no level states this limit. The smallest order has the
    /// instrument's lot behind it and collateral has cash; what came later bounds where it is
    /// stated.
    package var isMandatory: Bool {
        switch self {
        case .orderQuantityMax, .orderNotionalMax, .collarPassive, .collarAggressive, .quoteAgeMax,
            .messagesPerSecond, .messageBurst, .ordersPerSecond, .orderBurst, .openOrdersMax,
            .openNotionalMax, .positionMax, .eventLossMax:
            true
        default: false
        }
    }

    /// The limits that a configuration must state at some level that every order has.
    package static var mandatory: [LimitKind] { allCases.filter(\.isMandatory) }
}

/// Kinds of limits.
struct LimitMask: Sendable, Hashable, BitwiseCopyable {
    private var bits: UInt64 = 0

    subscript(kind: LimitKind) -> Bool {
        @inline(__always) get { bits & (1 << UInt64(kind.place)) != 0 }
        set {
            let bit = UInt64(1) << UInt64(kind.place)
            bits = newValue ? bits | bit : bits & ~bit
        }
    }

    var isEmpty: Bool { bits == 0 }

    @inline(__always) mutating func formUnion(_ other: LimitMask) { bits |= other.bits }
}

/// The limits that scopes state, by the index of their meter. A hole is a limit that the scope does
/// not state. Flat, so that a control reads one word of a scope and never moves a whole table.
struct LimitTable: Sendable {
    private static let kinds = 64
    private var values: [Int64] = []
    private var stated: [LimitMask] = []
    /// Grows with every change, so that whoever keeps what follows from limits notices.
    private(set) var version: UInt64 = 1

    subscript(kind: LimitKind, meter: Int32) -> Int64? {
        @inline(__always) get {
            guard stated[Int(meter)][kind] else { return nil }
            return values[Int(meter) * LimitTable.kinds + kind.place]
        }
        set {
            values[Int(meter) * LimitTable.kinds + kind.place] = newValue ?? 0
            stated[Int(meter)][kind] = newValue != nil
            version += 1
        }
    }

    /// The kinds that a scope states.
    @inline(__always) func stated(by meter: Int32) -> LimitMask { stated[Int(meter)] }

    /// Makes the place of a meter that was inserted; it states nothing.
    mutating func clear(_ meter: Int32) {
        while stated.count <= Int(meter) {
            stated.append(LimitMask())
            values.append(contentsOf: repeatElement(0, count: LimitTable.kinds))
        }
        if !stated[Int(meter)].isEmpty { version += 1 }
        stated[Int(meter)] = LimitMask()
    }
}
