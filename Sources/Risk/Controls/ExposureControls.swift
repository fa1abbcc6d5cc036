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
        let count = eachMeter(
            .openOrdersMax, context, .openOrdersExceeded, by: ScopeValues.OpenOrders.self
        ) {
            engine, _, _, meter in
            (engine.meters[meter].openOrders + 1).multipliedReportingOverflow(by: 1_000_000_000)
                .partialValue
        }
        if count.isDenied, !context.waives(count) { return count }
        let notional = eachMeter(
            .openNotionalMax, context, .openNotionalExceeded, by: ScopeValues.OpenNotional.self
        ) {
            engine, _, _, meter in
            engine.meters[meter].openNotional.addingChecked(load.notional)?.units
        }
        if notional.isDenied, !context.waives(notional) { return notional }
        if count.isDenied { return count }
        return notional.isDenied ? notional : tighter(count, notional)
    }

    /// The largest position that this instrument can reach if every open order of one side fills.
    func checkPosition(_ context: OrderContext) -> ControlResult {
        guard context.load != nil else { return .denied(.arithmeticOverflow) }
        return eachBook(
            .positionMax, context, .positionExceeded, context.worstPosition
        ) { _, context, book, _ in context.worstPosition[book] }
    }

    /// What all instruments together can come to: gross, each instrument's worst side; net, long
    /// and short against each other. A contract counts as its full dollar.
    func checkGrossAndNet(_ context: OrderContext) -> ControlResult {
        guard let load = context.load else { return .denied(.arithmeticOverflow) }
        let gross = eachMeter(
            .grossNotionalMax, context, .grossNotionalExceeded, by: ScopeValues.Gross.self
        ) {
            engine, context, book, meter in
            guard let added = context.addedGross[book] else { return nil }
            return Int64(exactly: engine.meters[meter].reach.gross + Int128(added))
        }
        if gross.isDenied, !context.waives(gross) { return gross }
        let (bought, sold) = (Int128(load.buy.units), Int128(load.sell.units))
        let net = eachMeter(
            .netNotionalMax, context, .netNotionalExceeded, by: ScopeValues.Net.self
        ) {
            engine, context, book, meter in
            guard context.addedGross[book] != nil else { return nil }
            let long = engine.meters[meter].reach.long + bought
            let short = engine.meters[meter].reach.short + sold
            return Int64(exactly: max(long, short, 0))
        }
        if net.isDenied, !context.waives(net) { return net }
        let leverage = checkLeverage(context)
        if leverage.isDenied, !context.waives(leverage) { return leverage }
        if gross.isDenied { return gross }
        if net.isDenied { return net }
        return leverage.isDenied ? leverage : tighter(gross, net)
    }

    /// What all instruments together can come to is no larger a multiple of the scope's equity than
    /// it may be, or the order only reduces. A scope of the market is measured against the firm's.
    private func checkLeverage(_ context: OrderContext) -> ControlResult {
        guard context.path.stated[.leverageMax] else { return .passed }
        let result = each(.leverageMax, context, .leverageExceeded) {
            engine, context, book, meter in
            guard let added = context.addedGross[book] else { return nil }
            let gross = engine.meters[meter].reach.gross + Int128(added)
            if gross <= 0 { return 0 }
            let equity = engine.equity(of: context.strategy, at: book)
            guard equity > 0 else { return .max }
            return Int64(clamping: divide(gross * Int128(Price.scale), by: equity, .up))
        }
        guard result.reason == .leverageExceeded, reducesPosition(context) else { return result }
        return .passed
    }

    /// The capital and the profit of a strategy, or of the scope above it that a book belongs to.
    private func equity(of strategy: Int32, at book: Int) -> Int128 {
        var node = strategy
        for _ in book..<BookChain.slot(of: .strategy) { node = nodes[Int(node)].parent }
        return Int128(capital(of: node).units) + Int128(profit(of: node).units)
    }

    /// What the event set can lose is no larger share of the cash than it may be, or the order only
    /// reduces.
    func checkConcentration(_ context: OrderContext) -> ControlResult {
        let result = each(.eventShareMax, context, .eventShareExceeded) {
            engine, context, book, _ in
            guard let loss = context.loss[book] else { return nil }
            return loss <= 0 ? 0 : engine.share(loss, of: engine.cash(context, book))
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
    private func cash(_ context: OrderContext, _ book: Int) -> Int128 {
        let own = Int(context.account)
        if book >= BookChain.slot(of: .account) { return cash(of: own) }
        var cash: Int128 = 0
        for account in accounts.indices where accounts[account].key.mode == context.key.mode {
            let isOrg = book == BookChain.slot(of: .org)
            if isOrg, accounts[account].key.org != accounts[own].key.org { continue }
            cash += self.cash(of: account)
        }
        return cash
    }

    private func cash(of account: Int) -> Int128 {
        Int128(ledger.accounts[accounts[account].ledger].cash.units)
    }

    /// What the event set can lose over all outcomes and all subsets of the open orders.
    func checkEventLoss(_ context: OrderContext) -> ControlResult {
        eachBook(.eventLossMax, context, .eventLossExceeded, context.loss) {
            _, context, book, _ in context.loss[book]
        }
    }

    /// The venue will lock the cash: all open orders of the account, this one included, can be paid
    /// in full. And no scope's worst case over all event sets passes its collateral limit.
    ///
    /// Every position is paid for in full, so cash that covers what is locked covers the worst
    /// outcome of every event set too; the cached sums only bound it per scope. Of the cash a
    /// haircut may count less; what only reduces is not held up by it.
    func checkCollateral(_ context: OrderContext) -> ControlResult {
        guard let addedNeed = context.addedNeed else { return .denied(.arithmeticOverflow) }
        let account = Int(context.account)
        let locked =
            Int128(accounts[account].reserved.units) + addedNeed
        let cash = ledger.accounts[accounts[account].ledger].cash
        let value = Int64(clamping: locked)
        guard locked <= Int128(cash.units) else {
            return .denied(.collateralInsufficient, .account, limit: cash.units, value: value)
        }
        let counted = countedCash(cash, context)
        guard locked <= Int128(counted) || reducesPosition(context) else {
            return .denied(.collateralInsufficient, .account, limit: counted, value: value)
        }
        let (instrument, event) = (context.path[.instrument], context.path[.event])
        let limited = eachMeter(
            .collateralMax, context, .collateralInsufficient, by: ScopeValues.Collateral.self
        ) {
            engine, context, book, meter in
            guard let added = context.addedLoss[book] else { return nil }
            // What an instrument can lose is not told apart from its event set.
            let counted = meter == instrument ? event : meter
            return engine.meters[counted].collateral.addingChecked(Money(units: added))?.units
        }
        if limited.isDenied { return limited }
        return .passed(.account, limit: counted, value: value)
    }

    /// What of an account's cash an order may count on, rounded down.
    private func countedCash(_ cash: Money, _ context: OrderContext) -> Int64 {
        guard let haircut = tightest(.cashHaircut, context)?.limit, haircut > 0 else {
            return cash.units
        }
        let kept = Int128(max(0, Price.scale - haircut))
        return Int64(
            clamping: divide(Int128(cash.units) * kept, by: Int128(Price.scale), .down))
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
}
