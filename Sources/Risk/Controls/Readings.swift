import Portfolio
import Trading
import Wire

/// What the seven scopes of a path have used of their limits, in rows: read once for all controls,
/// in single words. What does not fit one is `unfit`, which is above every limit, so that the
/// control looks at the scopes themselves.
struct PathReadings: BitwiseCopyable {
    typealias Row = InlineArray<7, Int64>
    /// What stands for a value that a single word cannot say.
    static let unfit = Int64.max

    var messagesFullAt = Row(repeating: 0)
    var ordersFullAt = Row(repeating: 0)
    var openOrders = Row(repeating: 0)
    var openNotional = Row(repeating: 0)
    var collateral = Row(repeating: 0)
    var gross = Row(repeating: 0)
    var long = Row(repeating: 0)
    var short = Row(repeating: 0)
    var disputed = Row(repeating: 0)

    /// Takes in the meter of a slot.
    @inline(__always) mutating func read(_ meter: borrowing Meter, _ slot: Int) {
        messagesFullAt[slot] = meter.messages.fullAt.nanoseconds
        ordersFullAt[slot] = meter.orders.fullAt.nanoseconds
        openOrders[slot] = meter.openOrders
        openNotional[slot] = meter.openNotional.units
        collateral[slot] = meter.collateral.units
        gross[slot] = Int64(clamping: meter.reach.gross)
        long[slot] = Int64(clamping: meter.reach.long)
        short[slot] = Int64(clamping: meter.reach.short)
        disputed[slot] = meter.disputed.units
    }

    @inline(__always) static func sum(_ first: Int64, _ second: Int64) -> Int64 {
        let (sum, overflow) = first.addingReportingOverflow(second)
        return overflow ? unfit : sum
    }
}

/// A value that a control compares with a scope's limit, from what was read. `book` is the book
/// that the scope is measured in.
protocol ScopeValue {
    static func value(_ context: borrowing OrderContext, _ slot: Int, _ book: Int) -> Int64
}

/// The scopes' values, by control.
enum ScopeValues {
    enum OpenOrders: ScopeValue {
        @inline(__always) static func value(
            _ context: borrowing OrderContext, _ slot: Int, _ book: Int
        ) -> Int64 { (context.readings.openOrders[slot] &+ 1) &* Quantity.scale }
    }

    enum OpenNotional: ScopeValue {
        @inline(__always) static func value(
            _ context: borrowing OrderContext, _ slot: Int, _ book: Int
        ) -> Int64 {
            PathReadings.sum(context.readings.openNotional[slot], context.notional)
        }
    }

    enum Gross: ScopeValue {
        @inline(__always) static func value(
            _ context: borrowing OrderContext, _ slot: Int, _ book: Int
        ) -> Int64 {
            PathReadings.sum(context.readings.gross[slot], context.addedGross.value(book))
        }
    }

    enum Net: ScopeValue {
        @inline(__always) static func value(
            _ context: borrowing OrderContext, _ slot: Int, _ book: Int
        ) -> Int64 {
            max(
                PathReadings.sum(context.readings.long[slot], context.bought),
                PathReadings.sum(context.readings.short[slot], context.sold), 0)
        }
    }

    enum Collateral: ScopeValue {
        @inline(__always) static func value(
            _ context: borrowing OrderContext, _ slot: Int, _ book: Int
        ) -> Int64 {
            // What an instrument can lose is not told apart from its event set.
            let counted = slot == LimitLevel.instrument.slot ? LimitLevel.event.slot : slot
            return PathReadings.sum(
                context.readings.collateral[counted], context.addedLoss.value(book))
        }
    }

    enum Disputed: ScopeValue {
        @inline(__always) static func value(
            _ context: borrowing OrderContext, _ slot: Int, _ book: Int
        ) -> Int64 { context.readings.disputed[slot] }
    }
}

extension RiskEngine {
    /// Reads the meters of a context's path.
    @inline(__always) func read(into context: inout OrderContext) {
        read(0, into: &context)
        read(1, into: &context)
        read(2, into: &context)
        read(3, into: &context)
        read(4, into: &context)
        read(5, into: &context)
        read(6, into: &context)
    }

    @inline(__always) private func read(_ slot: Int, into context: inout OrderContext) {
        let meter = context.path.meters[slot]
        if meter >= 0 { context.readings.read(meters[meter], slot) }
    }

    /// The pass of all scopes by what was read of them; nil where one does not pass, or the limits
    /// of the path are not kept.
    @inline(__always) func pass<Value: ScopeValue>(
        _ kind: LimitKind, _ context: borrowing OrderContext, by value: Value.Type
    ) -> ControlResult? {
        guard context.path.isKnown, let column = kind.column else { return nil }
        let above = tightest.byStrategy.scopes(column, context.path.strategy)
        let below = tightest.byInstrument.scopes(column, context.path.instrument)
        var narrowest = Narrowest()
        guard narrowest.passes(0, above.first, Value.value(context, 0, 0)),
            narrowest.passes(1, above.second, Value.value(context, 1, 1)),
            narrowest.passes(2, above.third, Value.value(context, 2, 2)),
            narrowest.passes(3, above.fourth, Value.value(context, 3, 3)),
            narrowest.passes(4, below.first, Value.value(context, 4, 0)),
            narrowest.passes(5, below.second, Value.value(context, 5, 0)),
            narrowest.passes(6, below.third, Value.value(context, 6, 0))
        else { return nil }
        return narrowest.result
    }
}
