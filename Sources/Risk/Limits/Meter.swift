import Trading
import Wire

/// What has been used of one scope's limits.
struct Meter: Sendable {
    // What a decision reads stands together, the name behind it.

    var messages = RateBucket()
    var orders = RateBucket()
    /// Orders that are not terminal.
    var openOrders: Int64 = 0
    /// What those orders can still commit.
    var openNotional: Money = .zero
    /// The sum of the worst-case losses of all event sets.
    var collateral: Money = .zero
    /// What open orders and positions of all instruments can come to.
    var reach = Reach()
    /// Of the worst-case losses, those of events whose outcome is proposed or disputed.
    var disputed: Money = .zero
    var isHalted = false
    var isReduceOnly = false
    /// Kept only where the scope limits orders to trades.
    var activity = Activity()
    let key: ScopeKey

    init(key: ScopeKey) { self.key = key }
}

/// The meters that one order is measured by, from firm to venue.
struct MeterPath: Sendable, BitwiseCopyable {
    /// The level of a slot: from the firm's to the venue's.
    @inline(__always) static func level(_ slot: Int) -> LimitLevel { LimitLevel(slot: slot) }

    private(set) var meters = InlineArray<7, Int32>(repeating: -1)
    /// The limits that some scope of the path states: what none states is not looked for.
    private(set) var stated = LimitMask()
    /// The slots whose scopes state a limit, as bits.
    private var limited: UInt8 = 0
    /// Whose path it is; −1 where it is nobody's.
    private(set) var strategy: Int32 = -1
    private(set) var instrument: Int32 = -1
    /// The tightest limits of the path are kept.
    var isKnown = false

    init() {}

    /// The meter at a level; −1 where the order has none.
    subscript(level: LimitLevel) -> Int32 { meters[level.slot] }

    /// Takes in the meter of a level, which states limits.
    @inline(__always) mutating func insert(
        _ meter: Int32, at level: LimitLevel, stating limits: LimitMask
    ) {
        let slot = level.slot
        meters[slot] = meter
        stated.formUnion(limits)
        if !limits.isEmpty { limited |= 1 << UInt8(slot) }
    }

    mutating func find(strategy: Int32, instrument: Int32) {
        (self.strategy, self.instrument) = (strategy, instrument)
    }

    /// Looks at every slot whose scope states a limit until one denies. Written out, because a loop
    /// copies all slots to look at one.
    @inline(__always) func forEachLimited(
        _ body: (_ slot: Int, _ meter: Int32) -> ControlResult?
    ) -> ControlResult? {
        if limited & 1 != 0, let denial = body(0, meters[0]) { return denial }
        if limited & 2 != 0, let denial = body(1, meters[1]) { return denial }
        if limited & 4 != 0, let denial = body(2, meters[2]) { return denial }
        if limited & 8 != 0, let denial = body(3, meters[3]) { return denial }
        if limited & 16 != 0, let denial = body(4, meters[4]) { return denial }
        if limited & 32 != 0, let denial = body(5, meters[5]) { return denial }
        if limited & 64 != 0, let denial = body(6, meters[6]) { return denial }
        return nil
    }

    /// The slots whose scopes state a limit, from firm to venue. One that states none binds
    /// nothing, so no control looks at it.
    @inline(__always) var limitedSlots: SetBits { SetBits(bits: limited) }
}

/// The places of the set bits of a byte, lowest first.
struct SetBits: Sequence, IteratorProtocol {
    var bits: UInt8

    @inline(__always) mutating func next() -> Int? {
        if bits == 0 { return nil }
        defer { bits &= bits - 1 }
        return bits.trailingZeroBitCount
    }
}
