import Trading

/// What the recorded market does to our orders.
extension BacktestVenue {
    /// What rests at a level has changed.
    @inline(__always)
    mutating func level(_ index: Int, isBuy: Bool, price: Int32, quantity: Int32, at now: Int64) {
        let before = markets[index].book.set(isBuy: isBuy, price: price, quantity: quantity)
        if markets[index].isUntouched { return }
        touch(index, isBuy: isBuy, price: price, from: before, to: quantity, at: now)
    }

    @inline(never)
    private mutating func touch(
        _ index: Int, isBuy: Bool, price: Int32, from before: Int32, to quantity: Int32,
        at now: Int64
    ) {
        if markets[index].hasConsumed {
            capConsumed(index, isBuy: isBuy, price: price, at: quantity)
        }
        advanceQueues(index, isBuy: isBuy, price: price, from: before, to: quantity)
        guard markets[index].reachesOwn(isBuy: !isBuy, price) else { return }
        fillCrossed(index, isBuy: isBuy, price: price, at: now)
    }

    /// What is gone from the book was not left for us to have taken.
    private mutating func capConsumed(
        _ index: Int, isBuy: Bool, price: Int32, at quantity: Int32
    ) {
        guard markets[index].consumed.quantity(isBuy: isBuy, at: price) > quantity else { return }
        markets[index].consumed.set(isBuy: isBuy, price: price, quantity: quantity)
        markets[index].noteTouch()
    }

    @inline(__always)
    private mutating func advanceQueues(
        _ index: Int, isBuy: Bool, price: Int32, from before: Int32, to quantity: Int32
    ) {
        let count = markets[index].ownCount(isBuy: isBuy)
        guard count > 0 else { return }
        var place = markets[index].ownStart(isBuy: isBuy, of: price)
        while place < count, markets[index].ownPrice(isBuy: isBuy, at: place) == price {
            let slot = markets[index].ownSlot(isBuy: isBuy, at: place)
            orders[slot].place.level(
                from: Double(before), to: Double(quantity), markets[index].terms.queue)
            place += 1
        }
    }

    /// A level of the other side that reaches ours would have met us first: it fills us at our
    /// price, as far as it goes, and is consumed.
    private mutating func fillCrossed(_ index: Int, isBuy: Bool, price: Int32, at now: Int64) {
        while markets[index].reachesOwn(isBuy: !isBuy, price) {
            let available = markets[index].available(isBuy: isBuy, at: price)
            guard available > 0 else { return }
            let slot = markets[index].ownSlot(isBuy: !isBuy, at: 0)
            let quantity = min(available, orders[slot].remaining)
            consume(index, isBuy: isBuy, price: price, quantity)
            fill(slot, restingAt: 0, quantity, at: now)
        }
    }

    /// Notes that we took what the recording will go on showing.
    mutating func consume(_ index: Int, isBuy: Bool, price: Int32, _ quantity: Int32) {
        let taken = markets[index].consumed.quantity(isBuy: isBuy, at: price)
        markets[index].consumed.set(isBuy: isBuy, price: price, quantity: taken + quantity)
        markets[index].noteTouch()
    }

    /// Others traded. Ours at a better price would have been met first; at the same price the queue
    /// says. All our fills of a trade are at most the trade.
    @inline(__always)
    mutating func trade(
        _ index: Int, aggressorIsBuy: Bool, price: Int32, quantity: Int32, at now: Int64
    ) {
        let isEmpty =
            aggressorIsBuy ? markets[index].ownAsks.isEmpty : markets[index].ownBids.isEmpty
        if isEmpty { return }
        meet(index, isBuy: !aggressorIsBuy, price: price, quantity: quantity, at: now)
    }

    @inline(never)
    private mutating func meet(
        _ index: Int, isBuy: Bool, price: Int32, quantity: Int32, at now: Int64
    ) {
        var left = quantity
        while left > 0, markets[index].isOwnBetter(isBuy: isBuy, than: price) {
            let slot = markets[index].ownSlot(isBuy: isBuy, at: 0)
            let ours = min(left, orders[slot].remaining)
            left -= ours
            fill(slot, restingAt: 0, ours, at: now)
        }
        var place = markets[index].ownStart(isBuy: isBuy, of: price)
        while place < markets[index].ownCount(isBuy: isBuy),
            markets[index].ownPrice(isBuy: isBuy, at: place) == price
        {
            let slot = markets[index].ownSlot(isBuy: isBuy, at: place)
            let reached = orders[slot].place.trade(Double(quantity), reaching: Double(left))
            let ours = min(Int32(reached), orders[slot].remaining)
            guard ours > 0 else {
                place += 1
                continue
            }
            left -= ours
            let isDone = ours == orders[slot].remaining
            fill(slot, restingAt: place, ours, at: now)
            if !isDone { place += 1 }
        }
    }

    /// Fills a resting order as a maker at its price.
    private mutating func fill(
        _ slot: Int, restingAt place: Int, _ quantity: Int32, at now: Int64
    ) {
        let terms = orders[slot].terms
        execute(slot, .maker, price: terms.price, quantity, at: now)
        guard orders[slot].remaining == 0 else { return }
        orders[slot].state = .done
        markets[Int(terms.instrument)].removeOwn(isBuy: terms.isBuy, at: place)
    }

    /// Books a fill: quantity, cash, fee and report.
    mutating func execute(
        _ slot: Int, _ liquidity: Liquidity, price: Int32, _ quantity: Int32, at now: Int64
    ) {
        precondition(quantity > 0, "an empty fill")
        let terms = orders[slot].terms
        orders[slot].remaining -= quantity
        precondition(orders[slot].remaining >= 0, "order \(slot) is filled beyond its size")
        let index = Int(terms.instrument)
        let instrument = markets[index].terms
        let fee = fee(slot, instrument, liquidity, price: price, quantity, at: now)
        account.trade(
            index, instrument, isBuy: terms.isBuy, price: price, quantity: quantity, fee: fee)
        send(
            BacktestReport(
                order: identity(slot), kind: .filled, liquidity: liquidity, decline: nil,
                quantity: quantity, remaining: orders[slot].remaining, price: price, fee: fee,
                venueAt: now, localAt: now))
    }

    private mutating func fee(
        _ slot: Int, _ instrument: BacktestInstrument, _ liquidity: Liquidity, price: Int32,
        _ quantity: Int32, at now: Int64
    ) -> Money {
        guard let rule = instrument.fees.rule(at: now) else {
            preconditionFailure("an order was taken without a schedule of fees")
        }
        let price = instrument.tick * Int64(price)
        let lots = instrument.lot * Int64(quantity)
        switch rule {
        case .none: return .zero
        case .kalshi(let fees):
            let side: Side = orders[slot].terms.isBuy ? .buy : .sell
            return orderFees[slot].charge(
                side, price: price, quantity: lots, rate: fees.rate(liquidity),
                multiplier: fees.multiplier
            ).net
        case .polymarket(let rate, let exponent):
            guard liquidity == .taker else { return .zero }
            guard
                let fee = PolymarketFees.taker(
                    price: price, quantity: lots, rate: rate, exponent: exponent)
            else { preconditionFailure("a schedule has an exponent of \(exponent)") }
            return fee
        case .proportional(let maker, let taker):
            let rate = liquidity == .maker ? maker : taker
            return Money(price, times: lots, .nearestEven).scaled(
                by: rate.units, over: Price.scale, .up)
        }
    }

    // MARK: What is not a level and not a trade

    mutating func clear(_ index: Int) {
        markets[index].book.removeAll()
        markets[index].consumed.removeAll()
        markets[index].noteTouch()
    }

    mutating func changeTick(_ index: Int, steps: Int32) {
        precondition(steps > 0, "a tick of \(steps) steps")
        markets[index].tickSteps = steps
    }

    /// Ends a market: what rests expires, what is held is paid, or given back when it is void.
    mutating func finish(_ index: Int, payout: Int32?, at now: Int64) {
        guard !markets[index].isOver else { return }
        for isBuy in [true, false] {
            while markets[index].ownCount(isBuy: isBuy) > 0 {
                remove(markets[index].ownSlot(isBuy: isBuy, at: 0), .expired, at: now)
            }
        }
        markets[index].isOver = true
        if let payout {
            account.settle(index, markets[index].terms, price: payout)
        } else {
            account.void(index)
        }
    }
}
