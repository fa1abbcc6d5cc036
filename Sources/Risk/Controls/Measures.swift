import Trading
import Wire

/// How controls measure the scopes of a path against their limits: in a row of limits where the
/// path's are kept, scope by scope where they are not, or where something does not pass.
extension RiskEngine {
    /// A value of one scope: given the engine, the context, the book that the scope is measured in
    /// and the scope's meter, because what it captured it would copy. Nil where it does not fit.
    typealias Measure = (RiskEngine, OrderContext, Int, Int32) -> Int64?

    /// The limits of a kind that has a column, of the scopes of strategies and of the market; nil
    /// where they are not kept.
    @inline(__always) func scopes(
        _ kind: LimitKind, _ path: MeterPath
    ) -> (above: LimitRow, below: LimitRow)? {
        guard path.isKnown, let column = kind.column else { return nil }
        return (
            tightest.byStrategy.scopes(column, path.strategy),
            tightest.byInstrument.scopes(column, path.instrument)
        )
    }

    /// Measures every scope of a path that states a limit. A limit that is mandatory and stated
    /// nowhere denies, and so does a measure that does not fit.
    @inline(__always) func each(
        _ kind: LimitKind, _ context: OrderContext, _ reason: RejectReason, _ measure: Measure
    ) -> ControlResult {
        guard context.path.stated[kind] else {
            return kind.isMandatory ? .denied(.limitMissing) : .passed
        }
        var narrowest = Narrowest()
        return context.path.forEachLimited { slot, meter in
            guard let limit = limits[kind, meter] else { return nil }
            guard let value = measure(self, context, BookChain.slot(at: slot), meter) else {
                return .denied(.arithmeticOverflow, MeterPath.level(slot), limit: limit)
            }
            guard value <= limit else {
                return .denied(reason, MeterPath.level(slot), limit: limit, value: value)
            }
            narrowest.add(slot, limit: limit, value: value)
            return nil
        } ?? narrowest.result ?? .denied(.limitMissing)
    }

    /// The same for a kind that has a column and is measured in every scope by itself: by what was
    /// read of the scopes, where that passes.
    @inline(__always) func eachMeter<Value: ScopeValue>(
        _ kind: LimitKind, _ context: OrderContext, _ reason: RejectReason,
        by value: Value.Type, _ measure: Measure
    ) -> ControlResult {
        pass(kind, context, by: value) ?? each(kind, context, reason, measure)
    }

    /// The same for a kind that has a column and is measured in books, whose values are at hand.
    @inline(__always) func eachBook(
        _ kind: LimitKind, _ context: OrderContext, _ reason: RejectReason,
        _ values: OrderContext.BookColumn, _ measure: Measure
    ) -> ControlResult {
        guard context.path.stated[kind] else {
            return kind.isMandatory ? .denied(.limitMissing) : .passed
        }
        return passBooks(kind, context.path, values) ?? each(kind, context, reason, measure)
    }

    /// The pass of all scopes by the values of their books; nil where one does not pass. What is
    /// below strategies has the firm's book, so of its limits the tightest leaves the least room.
    @inline(__always) private func passBooks(
        _ kind: LimitKind, _ path: MeterPath, _ values: OrderContext.BookColumn
    ) -> ControlResult? {
        guard values.isWhole, path.isKnown, let column = kind.column else { return nil }
        let above = tightest.byStrategy.scopes(column, path.strategy)
        var narrowest = Narrowest()
        guard narrowest.passes(0, above.first, values.firm),
            narrowest.passes(1, above.second, values.org),
            narrowest.passes(2, above.third, values.account),
            narrowest.passes(3, above.fourth, values.strategy)
        else { return nil }
        let level = tightest.byInstrument.level(kind, path.instrument)
        if level != .none {
            let limit = tightest.byInstrument.limit(kind, path.instrument)
            let slot = level.slot
            guard limit < LimitRow.unstated, narrowest.passes(slot, limit, values.firm) else {
                return nil
            }
        }
        return narrowest.result
    }
}
