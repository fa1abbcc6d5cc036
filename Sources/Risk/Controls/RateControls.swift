import Trading
import Wire

/// How often. Cancels meet none of these: they take from the message bucket what they need, and a
/// quarter of it is kept for them.
extension RiskEngine {
    /// Requests and intents, permitted or not.
    func checkMessageRate(_ context: OrderContext) -> ControlResult {
        checkRate(context, .messages)
    }

    /// Permitted orders.
    func checkOrderRate(_ context: OrderContext) -> ControlResult {
        checkRate(context, .orders)
    }

    /// Which bucket, which limits, which reason.
    struct RateRule: Sendable {
        let rate: LimitKind
        let burst: LimitKind
        let reason: RejectReason
        let isMessage: Bool
        /// The part of the burst that it leaves to others is one in so many; zero leaves none.
        let reserveShare: Int64

        static let messages = RateRule(
            rate: .messagesPerSecond, burst: .messageBurst, reason: .messageRateExceeded,
            isMessage: true, reserveShare: 4)
        static let cancels = RateRule(
            rate: .messagesPerSecond, burst: .messageBurst, reason: .messageRateExceeded,
            isMessage: true, reserveShare: 0)
        static let orders = RateRule(
            rate: .ordersPerSecond, burst: .orderBurst, reason: .orderRateExceeded,
            isMessage: false, reserveShare: 0)

        /// What of a burst may be used: whole tokens are kept back.
        func usable(of burst: Int64) -> Int64 {
            guard reserveShare > 0 else { return burst }
            let kept = burst / reserveShare
            return burst - (kept - kept % Quantity.scale)
        }
    }

    /// Every scope that states a rate has a bucket of its own and must have a token. A scope that
    /// states no burst has the tightest one of the path.
    @inline(__always) private func checkRate(
        _ context: OrderContext, _ rule: RateRule
    ) -> ControlResult {
        if let passed = passRate(context, rule) { return passed }
        guard let fallback = tightest(rule.burst, context)?.limit else {
            return .denied(.limitMissing)
        }
        var narrowest = Narrowest()
        return context.path.forEachLimited { slot, meter in
            guard let rate = limits[rule.rate, meter] else { return nil }
            let burst = rule.usable(of: limits[rule.burst, meter] ?? fallback)
            let bucket = rule.isMessage ? meters[meter].messages : meters[meter].orders
            let use = bucket.use(at: context.now, rate: rate)
            guard use <= burst else {
                return .denied(rule.reason, MeterPath.level(slot), limit: burst, value: use)
            }
            narrowest.add(slot, limit: burst, value: use)
            return nil
        } ?? narrowest.result ?? .denied(.limitMissing)
    }

    /// The pass of a rate whose scopes all have their own burst; nil where that is not so, or where
    /// one of them has no token.
    @inline(__always) private func passRate(
        _ context: OrderContext, _ rule: RateRule
    ) -> ControlResult? {
        guard let (above, below) = scopes(rule.burst, context.path) else { return nil }
        var narrowest = Narrowest()
        guard narrowest.passes(0, above.first, use(rule, 0, context)),
            narrowest.passes(1, above.second, use(rule, 1, context)),
            narrowest.passes(2, above.third, use(rule, 2, context)),
            narrowest.passes(3, above.fourth, use(rule, 3, context)),
            narrowest.passes(4, below.first, use(rule, 4, context)),
            narrowest.passes(5, below.second, use(rule, 5, context)),
            narrowest.passes(6, below.third, use(rule, 6, context))
        else { return nil }
        return narrowest.result
    }

    /// What one more token would bring the use of a scope's bucket to.
    @inline(__always) private func use(
        _ rule: RateRule, _ slot: Int, _ context: borrowing OrderContext
    ) -> Int64 {
        let fullAt =
            rule.isMessage
            ? context.readings.messagesFullAt[slot] : context.readings.ordersFullAt[slot]
        if fullAt <= context.now.nanoseconds { return Quantity.scale }
        if context.path.meters[slot] < 0 { return 0 }
        return useOfEmptier(rule, context.path.meters[slot], fullAt, at: context.now)
    }

    @inline(never) private func useOfEmptier(
        _ rule: RateRule, _ meter: Int32, _ fullAt: Int64, at now: Timestamp
    ) -> Int64 {
        guard let rate = limits[rule.rate, meter] else { return PathReadings.unfit }
        return RateBucket(fullAt: Timestamp(nanoseconds: fullAt)).use(at: now, rate: rate)
    }

    /// Every scope that limits orders to trades has made enough trades lately for one more order.
    func checkOrderToTrade(_ context: OrderContext) -> ControlResult {
        guard context.path.stated[.orderToTradeMax] else { return .passed }
        let minute = Activity.minute(of: context.now)
        if let passed = passOrderToTrade(context, minute) { return passed }
        var narrowest = Narrowest()
        return context.path.forEachLimited { slot, meter in
            guard let limit = limits[.orderToTradeMax, meter] else { return nil }
            guard let value = orderToTrade(meter, in: minute) else { return nil }
            let level = MeterPath.level(slot)
            guard value <= limit else {
                return .denied(.orderToTradeExceeded, level, limit: limit, value: value)
            }
            narrowest.add(slot, limit: limit, value: value)
            return nil
        } ?? narrowest.result ?? .passed
    }

    /// The pass of orders to trades; nil where a scope has too many orders, or must be looked at.
    private func passOrderToTrade(
        _ context: borrowing OrderContext, _ minute: Int64
    ) -> ControlResult? {
        guard context.path.isKnown, let column = LimitKind.orderToTradeMax.column else {
            return nil
        }
        let above = tightest.byStrategy.scopes(column, context.path.strategy)
        let below = tightest.byInstrument.scopes(column, context.path.instrument)
        var narrowest = Narrowest()
        guard pass(0, above.first, context, minute, &narrowest),
            pass(1, above.second, context, minute, &narrowest),
            pass(2, above.third, context, minute, &narrowest),
            pass(3, above.fourth, context, minute, &narrowest),
            pass(4, below.first, context, minute, &narrowest),
            pass(5, below.second, context, minute, &narrowest),
            pass(6, below.third, context, minute, &narrowest)
        else { return nil }
        return narrowest.result
    }

    @inline(__always) private func pass(
        _ slot: Int, _ limit: Int64, _ context: borrowing OrderContext, _ minute: Int64,
        _ narrowest: inout Narrowest
    ) -> Bool {
        if limit == LimitRow.unstated { return true }
        let before = meters[context.path.meters[slot]].activity.totals(in: minute)
        if before.orders < Activity.ordersMin { return true }
        let ratio: Int64
        if before.orders < 1 << 32 {
            let trades = max(1, before.trades)
            let scaled = (before.orders &+ 1) &* UInt64(Quantity.scale)
            ratio = Int64(truncatingIfNeeded: (scaled &+ trades &- 1) / trades)
        } else {
            ratio = PathReadings.unfit
        }
        return narrowest.passes(slot, limit, ratio)
    }

    /// A scope's orders for each of its trades with one order more; nil before there is a ratio.
    @inline(__always) private func orderToTrade(_ meter: Int32, in minute: Int64) -> Int64? {
        let before = meters[meter].activity.totals(in: minute)
        let orders = before.orders + 1
        guard orders > Activity.ordersMin else { return nil }
        let ratio = divide(
            Int128(orders) * Int128(Quantity.scale), by: Int128(max(1, before.trades)), .up)
        return Int64(clamping: ratio)
    }

    /// Counts an order, or a trade, where a scope limits the one to the other.
    mutating func countActivity(_ path: MeterPath, isTrade: Bool) {
        guard path.stated[.orderToTradeMax] else { return }
        for slot in 0..<7 where path.meters[slot] >= 0 {
            let meter = path.meters[slot]
            guard limits.stated(by: meter)[.orderToTradeMax] else { continue }
            if isTrade {
                meters[meter].activity.addTrade(at: now)
            } else {
                meters[meter].activity.addOrder(at: now)
            }
        }
    }

    /// Takes a token from every bucket of a path that has one.
    mutating func takeTokens(_ path: MeterPath, _ rule: RateRule, at now: Timestamp) {
        guard let fallback = tightest(rule.burst, path)?.limit else { return }
        for slot in path.limitedSlots {
            let meter = path.meters[slot]
            guard let rate = limits[rule.rate, meter] else { continue }
            let burst = rule.usable(of: limits[rule.burst, meter] ?? fallback)
            if rule.isMessage {
                meters[meter].messages.take(at: now, rate: rate, burst: burst)
            } else {
                meters[meter].orders.take(at: now, rate: rate, burst: burst)
            }
        }
    }

    /// Of two passes, the one with less room left: what `explain` shows.
    @inline(__always) func tighter(
        _ first: ControlResult?, _ second: ControlResult
    ) -> ControlResult {
        guard let first else { return second }
        let firstRoom = Int128(first.limit) - Int128(first.value)
        let secondRoom = Int128(second.limit) - Int128(second.value)
        return secondRoom < firstRoom ? second : first
    }
}

/// Of several passes, the one with the least room left, the first of equals: what `explain` shows.
struct Narrowest {
    private var room = UInt64.max
    private var slot = -1
    private var limit: Int64 = 0
    private var value: Int64 = 0

    /// Takes in a value of a path's slot that does not pass its limit.
    @inline(__always) mutating func add(_ slot: Int, limit: Int64, value: Int64) {
        // Never negative, and at most 2^64 - 1.
        let room = UInt64(bitPattern: limit &- value)
        guard room < self.room || self.slot < 0 else { return }
        (self.room, self.slot, self.limit, self.value) = (room, slot, limit, value)
    }

    /// Takes in a value that does not pass its limit in a row of limits, and one of a scope that
    /// states none; false for any other, and for one that does not fit.
    @inline(__always) mutating func passes(
        _ slot: Int, _ limit: Int64, _ value: Int64
    ) -> Bool {
        if limit == LimitRow.unstated { return true }
        guard value <= limit else { return false }
        // Below the largest of all, because the limit is below the unstated one.
        let room = UInt64(bitPattern: limit &- value)
        if room < self.room {
            (self.room, self.slot, self.limit, self.value) = (room, slot, limit, value)
        }
        return true
    }

    /// Nil when none was taken in.
    @inline(__always) var result: ControlResult? {
        slot < 0 ? nil : .passed(MeterPath.level(slot), limit: limit, value: value)
    }
}
