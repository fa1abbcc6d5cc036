import Portfolio
import Trading
import Wire

/// What the order adds to what is already held and open. Unacknowledged and unknown orders count
/// in full until the gateway reports their end.
extension RiskEngine {
    /// How many orders are open, and what they commit, in every scope that limits it.
    func checkOpenOrders(_ context: OrderContext) -> ControlResult {
        guard let load = OrderLoad(context.side, context.price, context.quantity) else {
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
        guard let load = OrderLoad(context.side, context.price, context.quantity) else {
            return .denied(.arithmeticOverflow)
        }
        let chain = context.chain
        let ordinal = context.ordinal
        return each(.positionMax, context.path, .positionExceeded) { engine, level, _ in
            var candidate = engine.exposure(chain[level], ordinal)
            guard candidate.add(load) else { return nil }
            return candidate.worstPosition?.units
        }
    }

    /// What all instruments together can come to: gross, each instrument's worst side; net, long
    /// and short against each other. A contract counts as its full dollar.
    func checkGrossAndNet(_ context: OrderContext) -> ControlResult {
        guard let load = OrderLoad(context.side, context.price, context.quantity) else {
            return .denied(.arithmeticOverflow)
        }
        let chain = context.chain
        let ordinal = context.ordinal
        let gross = each(.grossNotionalMax, context.path, .grossNotionalExceeded) {
            engine, level, meter in
            engine.reach(of: meter, chain[level], ordinal, with: load)
                .flatMap { Int64(exactly: $0.gross) }
        }
        if gross.isDenied { return gross }
        let net = each(.netNotionalMax, context.path, .netNotionalExceeded) {
            engine, level, meter in
            engine.reach(of: meter, chain[level], ordinal, with: load)
                .flatMap { Int64(exactly: $0.net) }
        }
        return net.isDenied ? net : tighter(gross, net)
    }

    /// A meter's reach with one more order in a book's member; nil on overflow.
    private func reach(
        of meter: Int32, _ book: Int32, _ ordinal: Int, with load: OrderLoad
    ) -> Reach? {
        let before = exposure(book, ordinal)
        var candidate = before
        guard candidate.add(load) else { return nil }
        return meters[meter].reach - Reach(before) + Reach(candidate)
    }

    /// What the event set can lose is no larger share of the cash than it may be, or the order only
    /// reduces.
    func checkConcentration(_ context: OrderContext) -> ControlResult {
        let result = each(.eventShareMax, context.path, .eventShareExceeded) { engine, level, _ in
            engine.lossShare(context, level)
        }
        guard result.reason == .eventShareExceeded, reducesPosition(context) else { return result }
        return .passed
    }

    /// The loss of the order's event set as a share of the cash, rounded up; more than all of it
    /// where there is no cash. Nil on overflow.
    private func lossShare(_ context: OrderContext, _ level: LimitLevel) -> Int64? {
        guard let loss = lossWithOrder(context, level) else { return nil }
        if loss <= .zero { return 0 }
        let cash = cash(context, level)
        guard cash > 0 else { return .max }
        return Int64(
            clamping: divide(Int128(loss.units) * Int128(Price.scale), by: cash, .up))
    }

    /// The cash behind a scope: its account's, or that of all accounts of its org or the firm.
    private func cash(_ context: OrderContext, _ level: LimitLevel) -> Int128 {
        var cash: Int128 = 0
        for account in accounts where account.key.mode == context.key.mode {
            let isCounted =
                switch level {
                case .account, .strategy: account.key == context.key.accountKey
                case .org: account.key.org == context.key.org
                case .firm, .instrument, .event, .venue, .none: true
                }
            if isCounted { cash += Int128(ledger.accounts[account.ledger].cash.units) }
        }
        return cash
    }

    /// What the event set can lose over all outcomes and all subsets of the open orders.
    func checkEventLoss(_ context: OrderContext) -> ControlResult {
        return each(.eventLossMax, context.path, .eventLossExceeded) { engine, level, _ in
            engine.lossWithOrder(context, level)?.units
        }
    }

    /// The venue will lock the cash: all open orders of the account, this one included, can be paid
    /// in full. And no scope's worst case over all event sets passes its collateral limit.
    ///
    /// Every position is paid for in full, so cash that covers what is locked covers the worst
    /// outcome of every event set too; the cached sums only bound it per scope.
    func checkCollateral(_ context: OrderContext) -> ControlResult {
        guard let load = OrderLoad(context.side, context.price, context.quantity) else {
            return .denied(.arithmeticOverflow)
        }
        let account = accounts[Int(context.account)]
        var candidate = exposure(context.chain.account, context.ordinal)
        let needBefore = candidate.cashNeed
        guard candidate.add(load) else { return .denied(.arithmeticOverflow) }
        let locked = Int128(account.reserved.units) + candidate.cashNeed - needBefore
        let cash = ledger.accounts[account.ledger].cash
        let value = Int64(clamping: locked)
        guard locked <= Int128(cash.units) else {
            return .denied(.collateralInsufficient, .account, limit: cash.units, value: value)
        }
        let limited = each(.collateralMax, context.path, .collateralInsufficient) {
            engine, level, meter in
            guard let loss = engine.lossWithOrder(context, level) else { return nil }
            let book = context.chain[level]
            let before = book < 0 ? Money.zero : engine.books[book].loss
            // What an instrument can lose is not told apart from its event set.
            let counted = level == .instrument ? engine.events[context.event].meter : meter
            return engine.meters[counted].collateral.addingChecked(max(.zero, loss) - before)?
                .units
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

    /// The loss of the order's event set in the scope of a level, this order included.
    func lossWithOrder(_ context: OrderContext, _ level: LimitLevel) -> Money? {
        let book = context.chain[level]
        var candidate = exposure(book, context.ordinal)
        guard let load = OrderLoad(context.side, context.price, context.quantity),
            candidate.add(load)
        else { return nil }
        return loss(
            book, event: context.event, ordinal: context.ordinal, replacedBy: candidate)
    }

    /// Measures every scope of a path that states a limit. A limit that is mandatory and stated
    /// nowhere denies, and so does a measure that does not fit. The measure is given the engine: if
    /// it captured it, it would copy it.
    func each(
        _ kind: LimitKind, _ path: MeterPath, _ reason: RejectReason,
        _ measure: (RiskEngine, LimitLevel, Int32) -> Int64?
    ) -> ControlResult {
        guard path.stated[kind] else {
            return kind.isMandatory ? .denied(.limitMissing) : .passed
        }
        var found: ControlResult?
        for slot in path.limitedSlots {
            guard let limit = limits[kind, path.meters[slot]] else { continue }
            let level = MeterPath.levels[slot]
            guard let value = measure(self, level, path.meters[slot]) else {
                return .denied(.arithmeticOverflow, level, limit: limit)
            }
            guard value <= limit else {
                return .denied(reason, level, limit: limit, value: value)
            }
            found = tighter(found, .passed(level, limit: limit, value: value))
        }
        return found ?? .denied(.limitMissing)
    }
}
