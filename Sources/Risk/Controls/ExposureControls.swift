import Portfolio
import Trading
import Wire

/// What the order adds to what is already held and open. Unacknowledged and unknown orders count
/// in full until the gateway reports their end.
extension RiskEngine {
    /// How many orders are open, and what they commit, in every scope that limits it.
    func checkOpenOrders(_ context: OrderContext) -> ControlResult {
        guard let load = context.load else {
            return .denied(.arithmeticOverflow)
        }
        let path = context.path
        let count = each(.openOrdersMax, path, .openOrdersExceeded) { engine, _, meter in
            (engine.meters[meter].openOrders + 1).multipliedReportingOverflow(by: 1_000_000_000)
                .partialValue
        }
        if count.isDenied { return count }
        let notional = each(.openNotionalMax, path, .openNotionalExceeded) { engine, _, meter in
            engine.meters[meter].openNotional.addingChecked(load.notional)?.units
        }
        return notional.isDenied ? notional : tighter(count, notional)
    }

    /// The largest position that this instrument can reach if every open order of one side fills.
    func checkPosition(_ context: OrderContext) -> ControlResult {
        guard context.load != nil else { return .denied(.arithmeticOverflow) }
        let positions = inBooks(context) { $0.worstPosition }
        return each(.positionMax, context.path, .positionExceeded) { _, level, _ in
            positions[BookChain.slot(of: level)]
        }
    }

    /// What all instruments together can come to: gross, each instrument's worst side; net, long
    /// and short against each other. A contract counts as its full dollar.
    func checkGrossAndNet(_ context: OrderContext) -> ControlResult {
        guard context.load != nil else { return .denied(.arithmeticOverflow) }
        let changes = inBooks(context) { $0.isValid ? $0.reach : nil }
        let gross = each(.grossNotionalMax, context.path, .grossNotionalExceeded) {
            engine, level, meter in
            changes[BookChain.slot(of: level)]
                .flatMap { Int64(exactly: engine.meters[meter].reach.gross + $0.gross) }
        }
        if gross.isDenied { return gross }
        let net = each(.netNotionalMax, context.path, .netNotionalExceeded) {
            engine, level, meter in
            changes[BookChain.slot(of: level)]
                .flatMap { Int64(exactly: (engine.meters[meter].reach + $0).net) }
        }
        return net.isDenied ? net : tighter(gross, net)
    }

    /// What the event set can lose is no larger share of the cash than it may be, or the order only
    /// reduces.
    func checkConcentration(_ context: OrderContext) -> ControlResult {
        let losses = inBooks(context) { $0.loss }
        let mode = context.key.mode
        let account = context.account
        let result = each(.eventShareMax, context.path, .eventShareExceeded) { engine, level, _ in
            losses[BookChain.slot(of: level)].flatMap {
                $0 <= 0 ? 0 : engine.share($0, of: engine.cash(account, mode, level))
            }
        }
        guard result.reason == .eventShareExceeded, reducesPosition(context) else { return result }
        return .passed
    }

    /// A loss as a share of the cash, rounded up; more than all of it where there is no cash.
    private func share(_ loss: Int64, of cash: Int128) -> Int64 {
        guard cash > 0 else { return .max }
        return Int64(clamping: divide(Int128(loss) * Int128(Price.scale), by: cash, .up))
    }

    /// The cash behind a scope: its account's, or that of all accounts of its org or the firm.
    private func cash(_ own: Int32, _ mode: Mode, _ level: LimitLevel) -> Int128 {
        if level == .account || level == .strategy { return cash(of: Int(own)) }
        var cash: Int128 = 0
        for account in accounts.indices where accounts[account].key.mode == mode {
            if level == .org, accounts[account].key.org != accounts[Int(own)].key.org { continue }
            cash += self.cash(of: account)
        }
        return cash
    }

    private func cash(of account: Int) -> Int128 {
        Int128(ledger.accounts[accounts[account].ledger].cash.units)
    }

    /// What the event set can lose over all outcomes and all subsets of the open orders.
    func checkEventLoss(_ context: OrderContext) -> ControlResult {
        let losses = inBooks(context) { $0.loss }
        return each(.eventLossMax, context.path, .eventLossExceeded) { _, level, _ in
            losses[BookChain.slot(of: level)]
        }
    }

    /// The venue will lock the cash: all open orders of the account, this one included, can be paid
    /// in full. And no scope's worst case over all event sets passes its collateral limit.
    ///
    /// Every position is paid for in full, so cash that covers what is locked covers the worst
    /// outcome of every event set too; the cached sums only bound it per scope.
    func checkCollateral(_ context: OrderContext) -> ControlResult {
        let slot = BookChain.slot(of: .account)
        guard context.candidates[slot].isValid else { return .denied(.arithmeticOverflow) }
        let account = Int(context.account)
        let locked =
            Int128(accounts[account].reserved.units) + context.candidates[slot].addedNeed
        let cash = ledger.accounts[accounts[account].ledger].cash
        let value = Int64(clamping: locked)
        guard locked <= Int128(cash.units) else {
            return .denied(.collateralInsufficient, .account, limit: cash.units, value: value)
        }
        let added = inBooks(context) { $0.addedLoss }
        let event = context.event
        let limited = each(.collateralMax, context.path, .collateralInsufficient) {
            engine, level, meter in
            // What an instrument can lose is not told apart from its event set.
            let counted = level == .instrument ? engine.events[event].meter : meter
            return added[BookChain.slot(of: level)].flatMap {
                engine.meters[counted].collateral.addingChecked(Money(units: $0))?.units
            }
        }
        if limited.isDenied { return limited }
        return .passed(.account, limit: cash.units, value: value)
    }

    /// The order would not trade against a resting order of its own account.
    func checkSelfTrade(_ context: OrderContext) -> ControlResult {
        let book = context.chain.account
        guard book >= 0, context.ordinal < books[book].openOrders.count else { return .passed }
        var index = books[book].openOrders[context.ordinal][context.side.opposite]
        var nearest: Price?
        while index >= 0 {
            let price = orders[index].price
            index = orders[index].next
            let isCrossed =
                context.side == .buy ? price <= context.price : price >= context.price
            guard isCrossed else { continue }
            nearest =
                context.side == .buy
                ? min(nearest ?? price, price) : max(nearest ?? price, price)
        }
        guard let nearest else { return .passed }
        return .denied(
            .selfTrade, .account, limit: nearest.units, value: context.price.units)
    }

    /// One thing of each book with the order: a closure that captured the context would copy it.
    @inline(__always) func inBooks<Value: BitwiseCopyable>(
        _ context: OrderContext, _ value: (OrderContext.Candidate) -> Value?
    ) -> InlineArray<4, Value?> {
        var values = InlineArray<4, Value?>(repeating: nil)
        for slot in 0..<4 { values[slot] = value(context.candidates[slot]) }
        return values
    }

    /// Measures every scope of a path that states a limit. A limit that is mandatory and stated
    /// nowhere denies, and so does a measure that does not fit. The measure is given the engine: if
    /// it captured it, it would copy it.
    @inline(__always) func each(
        _ kind: LimitKind, _ path: MeterPath, _ reason: RejectReason,
        _ measure: (RiskEngine, LimitLevel, Int32) -> Int64?
    ) -> ControlResult {
        guard path.stated[kind] else {
            return kind.isMandatory ? .denied(.limitMissing) : .passed
        }
        var narrowest = Narrowest()
        for slot in path.limitedSlots {
            guard let limit = limits[kind, path.meters[slot]] else { continue }
            let level = MeterPath.levels[slot]
            guard let value = measure(self, level, path.meters[slot]) else {
                return .denied(.arithmeticOverflow, level, limit: limit)
            }
            guard value <= limit else {
                return .denied(reason, level, limit: limit, value: value)
            }
            narrowest.add(level, limit: limit, value: value)
        }
        return narrowest.result ?? .denied(.limitMissing)
    }
}
