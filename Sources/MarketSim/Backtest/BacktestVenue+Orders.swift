import Trading

/// What an order of ours meets when it arrives.
extension BacktestVenue {
    mutating func submit(_ slot: Int, at now: Int64) {
        if let reason = check(orders[slot].terms, at: now) {
            decline(slot, reason, at: now)
            return
        }
        orders[slot].state = .working
        report(slot, .accepted, quantity: orders[slot].remaining, at: now)
        let mayGoOn = preventSelfTrade(slot, at: now)
        match(slot, at: now)
        let terms = orders[slot].terms
        guard orders[slot].remaining > 0 else {
            orders[slot].state = .done
            return
        }
        let rests = terms.timeInForce == .goodTillCancelled || terms.timeInForce == .goodTillTime
        guard rests, mayGoOn else {
            end(slot, .cancelled, at: now)
            return
        }
        rest(slot)
    }

    /// Puts an order behind all that can be seen at its price.
    private mutating func rest(_ slot: Int) {
        let terms = orders[slot].terms
        let index = Int(terms.instrument)
        let ahead = markets[index].available(isBuy: terms.isBuy, at: terms.price)
        orders[slot].place = QueuePlace(front: Double(ahead))
        if terms.isBuy {
            markets[index].ownBids.insert(Int32(slot), price: terms.price)
        } else {
            markets[index].ownAsks.insert(Int32(slot), price: terms.price)
        }
        markets[index].noteTouch()
        noteExpiry(terms.expiresAt)
    }

    private func check(_ terms: BacktestOrderTerms, at now: Int64) -> BacktestDecline? {
        let index = Int(terms.instrument)
        if markets[index].isOver { return .marketOver }
        guard terms.price > 0, terms.price % markets[index].tickSteps == 0,
            terms.price < markets[index].priceEnd
        else { return .invalidPrice }
        guard terms.quantity > 0 else { return .invalidQuantity }
        let rests = terms.timeInForce == .goodTillCancelled || terms.timeInForce == .goodTillTime
        if terms.isPostOnly, !rests { return .invalidTerms }
        if (terms.timeInForce == .goodTillTime) != (terms.expiresAt != 0) { return .invalidTerms }
        if terms.expiresAt != 0, terms.expiresAt <= now { return .invalidTerms }
        if !markets[index].terms.fees.isInForce(at: now) { return .noFeeSchedule }
        if terms.isPostOnly, crosses(terms) { return .postOnlyWouldCross }
        if terms.timeInForce == .fillOrKill, fillable(terms) < terms.quantity {
            return .fillOrKillUnfillable
        }
        return nil
    }

    /// Whether anything that can be had, or an order of ours, is reached by the limit.
    private func crosses(_ terms: BacktestOrderTerms) -> Bool {
        let index = Int(terms.instrument)
        if markets[index].reachesOwn(isBuy: !terms.isBuy, terms.price) { return true }
        return fillable(terms, atMost: 1) > 0
    }

    /// How many lots an order could take at once: before it would meet one of ours where that ends
    /// it.
    private func fillable(_ terms: BacktestOrderTerms, atMost most: Int32? = nil) -> Int32 {
        let index = Int(terms.instrument)
        let wanted = most ?? terms.quantity
        var found: Int32 = 0
        var next = terms.isBuy ? markets[index].book.bestAsk : markets[index].book.bestBid
        while let price = next, found < wanted, reaches(price, terms) {
            if markets[index].terms.selfTrade == .cancelIncoming,
                let best = markets[index].ownBest(isBuy: !terms.isBuy),
                !isBefore(price, best, terms)
            {
                break
            }
            found += min(
                wanted - found, markets[index].available(isBuy: !terms.isBuy, at: price))
            next = markets[index].book.next(isBuy: !terms.isBuy, behind: price)
        }
        return found
    }

    private func reaches(_ price: Int32, _ terms: BacktestOrderTerms) -> Bool {
        terms.isBuy ? price <= terms.price : price >= terms.price
    }

    /// Whether an incoming order meets `price` before `other`.
    private func isBefore(_ price: Int32, _ other: Int32, _ terms: BacktestOrderTerms) -> Bool {
        terms.isBuy ? price < other : price > other
    }

    /// Takes ours that the order would meet out of its way; gives whether the order may rest when
    /// it is done.
    private mutating func preventSelfTrade(_ slot: Int, at now: Int64) -> Bool {
        let terms = orders[slot].terms
        let index = Int(terms.instrument)
        guard markets[index].reachesOwn(isBuy: !terms.isBuy, terms.price) else { return true }
        if markets[index].terms.selfTrade == .cancelIncoming { return false }
        while markets[index].reachesOwn(isBuy: !terms.isBuy, terms.price) {
            remove(markets[index].ownSlot(isBuy: !terms.isBuy, at: 0), .cancelled, at: now)
        }
        return true
    }

    /// Takes what the book has, level by level, up to the limit.
    private mutating func match(_ slot: Int, at now: Int64) {
        let terms = orders[slot].terms
        let index = Int(terms.instrument)
        var next = terms.isBuy ? markets[index].book.bestAsk : markets[index].book.bestBid
        while let price = next, orders[slot].remaining > 0, reaches(price, terms) {
            if let best = markets[index].ownBest(isBuy: !terms.isBuy),
                !isBefore(price, best, terms)
            {
                return
            }
            let available = markets[index].available(isBuy: !terms.isBuy, at: price)
            let quantity = min(available, orders[slot].remaining)
            if quantity > 0 {
                consume(index, isBuy: !terms.isBuy, price: price, quantity)
                execute(slot, .taker, price: price, quantity, at: now)
            }
            next = markets[index].book.next(isBuy: !terms.isBuy, behind: price)
        }
    }
}
