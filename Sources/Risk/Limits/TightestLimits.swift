import Trading
import Wire

/// One kind's limits of up to four scopes that follow one another in a path.
struct LimitRow: Sendable, BitwiseCopyable {
    /// What stands where a scope states no limit: nothing is above it.
    static let unstated = Int64.max
    /// What stands where a limit cannot be said in one number: everything is above it, and whoever
    /// finds that looks at the scope itself.
    static let unclear = Int64.min

    var first = unstated
    var second = unstated
    var third = unstated
    var fourth = unstated

    subscript(place: Int) -> Int64 {
        get {
            switch place {
            case 0: first
            case 1: second
            case 2: third
            default: fourth
            }
        }
        set {
            switch place {
            case 0: first = newValue
            case 1: second = newValue
            case 2: third = newValue
            default: fourth = newValue
            }
        }
    }
}

extension LimitKind {
    /// How many columns of limits are kept by scope.
    static let columns = 12

    /// The column of a kind that is measured scope by scope; nil for those of which only the
    /// tightest counts, and for those that are rarely stated.
    @inline(__always) var column: Int? {
        switch self {
        case .openOrdersMax: 0
        case .openNotionalMax: 1
        case .positionMax: 2
        case .eventLossMax: 3
        case .collateralMax: 4
        case .grossNotionalMax: 5
        case .netNotionalMax: 6
        case .volatilityBudget: 7
        case .disputedLossMax: 8
        case .orderToTradeMax: 9
        case .messageBurst: 10
        case .orderBurst: 11
        default: nil
        }
    }
}

/// The tightest limit of every kind among some scopes, by strategy or by instrument, kept so that a
/// control reads one value and not one for each scope, and beside it the limits of every scope that
/// are measured one by one, so that a control reads them in a row. Never part of the state: it can
/// be computed again at any time. Flat, so that a control reads a few words and never moves a whole
/// row.
struct TightestLimits: Sendable {
    private static let kinds = 64

    /// The version of the limits that a row was computed from, and its scopes.
    private var versions: [UInt64] = []
    private var meters: [InlineArray<4, Int32>] = []
    private var paths: [MeterPath] = []
    private var values: [Int64] = []
    private var levels: [LimitLevel] = []
    private var columns: [LimitRow] = []

    /// Whether a row still is what `slots` of a path come to.
    @inline(__always) func holds(
        _ row: Int32, _ version: UInt64, _ path: MeterPath, _ slots: Range<Int>
    ) -> Bool {
        guard Int(row) < versions.count, versions[Int(row)] == version else { return false }
        for slot in slots
        where meters[Int(row)][slot - slots.lowerBound] != path.meters[slot] { return false }
        return true
    }

    /// The path that a row was computed from, where that still holds.
    @inline(__always) func path(of row: Int32, _ version: UInt64) -> MeterPath? {
        guard Int(row) < versions.count, versions[Int(row)] == version else { return nil }
        return paths[Int(row)]
    }

    /// Computes a row from `slots` of a path.
    mutating func learn(
        _ row: Int32, _ limits: borrowing LimitTable, _ path: MeterPath, _ slots: Range<Int>
    ) {
        let row = Int(row)
        while versions.count <= row {
            versions.append(0)
            meters.append(InlineArray(repeating: -1))
            paths.append(MeterPath())
            values.append(contentsOf: repeatElement(0, count: TightestLimits.kinds))
            levels.append(contentsOf: repeatElement(.none, count: TightestLimits.kinds))
            columns.append(contentsOf: repeatElement(LimitRow(), count: LimitKind.columns))
        }
        versions[row] = limits.version
        for kind in LimitKind.allCases {
            let place = row * TightestLimits.kinds + kind.place
            values[place] = kind.bindsHighest ? .min : .max
            levels[place] = .none
        }
        paths[row] = MeterPath()
        for column in 0..<LimitKind.columns {
            columns[row * LimitKind.columns + column] = LimitRow()
        }
        for slot in slots {
            meters[row][slot - slots.lowerBound] = path.meters[slot]
            guard path.meters[slot] >= 0 else { continue }
            paths[row].insert(
                path.meters[slot], at: MeterPath.level(slot),
                stating: limits.stated(by: path.meters[slot]))
            for kind in LimitKind.allCases {
                guard let limit = limits[kind, path.meters[slot]] else { continue }
                take(kind, limit, of: MeterPath.level(slot), in: row)
                if let column = kind.column {
                    columns[row * LimitKind.columns + column][slot - slots.lowerBound] =
                        limit == LimitRow.unstated ? LimitRow.unclear : limit
                }
            }
            keepBurst(.messages, slot - slots.lowerBound, limits, path.meters[slot], in: row)
            keepBurst(.orders, slot - slots.lowerBound, limits, path.meters[slot], in: row)
        }
    }

    /// A burst bounds where its scope states a rate; a scope without a burst has another's.
    private mutating func keepBurst(
        _ rule: RiskEngine.RateRule, _ place: Int, _ limits: borrowing LimitTable, _ meter: Int32,
        in row: Int
    ) {
        guard let column = rule.burst.column else { return }
        var bound = LimitRow.unstated
        if let rate = limits[rule.rate, meter] {
            bound = LimitRow.unclear
            if rate > 0, let burst = limits[rule.burst, meter], burst < LimitRow.unstated {
                bound = rule.usable(of: burst)
            }
        }
        columns[row * LimitKind.columns + column][place] = bound
    }

    /// The limits of a kind that has a column, scope by scope.
    @inline(__always) func scopes(_ column: Int, _ row: Int32) -> LimitRow {
        columns[Int(row) * LimitKind.columns + column]
    }

    private mutating func take(
        _ kind: LimitKind, _ limit: Int64, of level: LimitLevel, in row: Int
    ) {
        let place = row * TightestLimits.kinds + kind.place
        let isTighter =
            levels[place] == .none
            || (kind.bindsHighest ? limit > values[place] : limit < values[place])
        guard isTighter else { return }
        values[place] = limit
        levels[place] = level
    }

    /// The limit of a kind in a row; where no scope of it states one, what binds least.
    @inline(__always) func limit(_ kind: LimitKind, _ row: Int32) -> Int64 {
        values[Int(row) * TightestLimits.kinds + kind.place]
    }

    /// Whose limit that is; none where no scope states one.
    @inline(__always) func level(_ kind: LimitKind, _ row: Int32) -> LimitLevel {
        levels[Int(row) * TightestLimits.kinds + kind.place]
    }
}

/// The tightest limits by strategy and by instrument.
struct TightestTable: Sendable {
    var byStrategy = TightestLimits()
    var byInstrument = TightestLimits()

    /// The tightest limit of a kind that a strategy's or an instrument's row states.
    @inline(__always) func known(
        _ kind: LimitKind, _ strategy: Int32, _ instrument: Int32
    ) -> (level: LimitLevel, limit: Int64)? {
        let above = byStrategy.limit(kind, strategy)
        let below = byInstrument.limit(kind, instrument)
        let isAbove = kind.bindsHighest ? below <= above : below >= above
        // What is not stated binds least, but a limit can be as wide as that.
        if isAbove, byStrategy.level(kind, strategy) != .none {
            return (byStrategy.level(kind, strategy), above)
        }
        if byInstrument.level(kind, instrument) != .none {
            return (byInstrument.level(kind, instrument), below)
        }
        let level = byStrategy.level(kind, strategy)
        return level == .none ? nil : (level, above)
    }
}

extension RiskEngine {
    /// Whether the tightest limits of a path are kept and still hold.
    /// A strategy's scopes are the first four slots and never change, an instrument's the other
    /// three.
    func isKnown(_ path: MeterPath) -> Bool {
        guard path.strategy >= 0, path.instrument >= 0 else { return false }
        return tightest.byStrategy.path(of: path.strategy, limits.version) != nil
            && tightest.byInstrument.holds(path.instrument, limits.version, path, 4..<7)
    }

    /// Keeps the tightest limits of a path for the orders that come after.
    mutating func learn(_ path: MeterPath) {
        guard !path.isKnown, path.strategy >= 0, path.instrument >= 0 else { return }
        tightest.byStrategy.learn(path.strategy, limits, path, 0..<4)
        tightest.byInstrument.learn(path.instrument, limits, path, 4..<7)
    }
}
