package import Trading

/// Works one parent order with one child at a time: a state machine over the market, fills and
/// timers, the same in agents and in backtests.
///
/// At every moment `due` lots should have been done. What is missing becomes a child: posted at our
/// touch first where that is worth it, and taken from the other side when the time to wait is over
/// and the parent is behind by more than a child. A child that rests keeps its place in the queue
/// as long as nobody is in front of its price.
package struct ParentExecution: Sendable, Hashable {
    struct Working: Sendable, Hashable {
        let number: UInt32
        let price: Price
        let lots: Int64
        var filled: Int64 = 0
        let isPosted: Bool
        let waitsUntil: Timestamp
        var isCancelling = false
    }

    let terms: ParentTerms
    let lots: Int64
    /// Lots that should have been done by the end of each slice; empty where volume says it.
    let schedule: [Int64]
    private(set) var filled: Int64 = 0
    private(set) var isFinished = false
    private(set) var working: Working?
    private var market: ExecutionMarket?
    private var others: Double = 0
    private var children: UInt32 = 0
    private var pausedUntil: Timestamp
    private var isStopping = false
    private var wakesAt: Timestamp?
    private var chance: UInt64

    /// How long a child waits at the touch at most, before the slice's share of time.
    package static let postSpanMax = Span.seconds(5)

    package init(_ terms: ParentTerms) throws(ParentRefusal) {
        guard terms.startsAt < terms.deadline else { throw .deadlineBeforeStart }
        guard terms.quantity.units > 0, terms.quantity.isMultiple(of: terms.sizes.lot) else {
            throw .notWholeLots
        }
        guard terms.tick.units > 0, terms.limit.units > 0, terms.limit.isMultiple(of: terms.tick)
        else { throw .priceOffGrid }
        let lots = terms.sizes.lots(terms.quantity)
        guard lots >= terms.sizes.minimumLots else { throw .belowMinimum }
        let slices = try ParentExecution.slices(terms, lots)
        guard ParentExecution.isWorthSlicing(terms, slices) else {
            throw .slicingCostsMoreThanEdge
        }
        self.terms = terms
        self.lots = lots
        var sum: Int64 = 0
        schedule = slices.map { slice in
            sum += slice
            return sum
        }
        pausedUntil = terms.startsAt
        if case .iceberg(_, _, let seed) = terms.style { chance = seed } else { chance = 0 }
    }

    // MARK: What happens

    package mutating func apply(
        _ event: ExecutionEvent, at now: Timestamp, into effects: inout [ExecutionEffect]
    ) {
        guard !isFinished else { return note(event) }
        switch event {
        case .market(let next): market = next
        case .traded(let quantity): others += quantity.doubleValue / terms.sizes.lot.doubleValue
        case .filled(let child, let quantity): fill(child, quantity)
        case .ended(let child): end(child, at: now)
        case .timer: wakesAt = nil
        case .stop: isStopping = true
        }
        work(at: now, into: &effects)
    }

    /// A fill may still come when all is over: it counts, and nothing follows from it.
    private mutating func note(_ event: ExecutionEvent) {
        if case .filled(_, let quantity) = event { filled += terms.sizes.lots(quantity) }
    }

    private mutating func fill(_ child: UInt32, _ quantity: Quantity) {
        let lots = terms.sizes.lots(quantity)
        filled += lots
        if working?.number == child { working?.filled += lots }
    }

    private mutating func end(_ child: UInt32, at now: Timestamp) {
        guard let ended = working, ended.number == child else { return }
        working = nil
        if case .iceberg = terms.style, ended.filled == ended.lots {
            pausedUntil = now + Span(nanoseconds: 200_000_000 + Int64(draw() * 1.3e9))
        } else if ended.filled == 0, !ended.isCancelling {
            // Declined or killed: the next try waits for a tenth of a second, never at once.
            pausedUntil = now + .milliseconds(100)
        }
    }

    // MARK: What is to be done

    private mutating func work(at now: Timestamp, into effects: inout [ExecutionEffect]) {
        let isOver = now >= terms.deadline || isStopping || filled >= lots
        if let child = working {
            if !child.isCancelling, isOver ? child.isPosted : shouldLeave(child, at: now) {
                working?.isCancelling = true
                effects.append(.cancel(child: child.number))
            }
            return wake(at: max(now, child.waitsUntil), now, into: &effects)
        }
        let remaining = lots - filled
        if isStopping || remaining < terms.sizes.minimumLots { return finish(into: &effects) }
        if isOver {
            let mayCross = terms.crossesAtDeadline && now < terms.deadline + .seconds(5)
            guard mayCross, let market, isReachable(market) else { return finish(into: &effects) }
            guard now >= pausedUntil else { return wake(at: pausedUntil, now, into: &effects) }
            guard let child = crossing(remaining, market) else { return finish(into: &effects) }
            return submit(child, at: now, into: &effects)
        }
        guard now >= pausedUntil else { return wake(at: pausedUntil, now, into: &effects) }
        if let market, let child = next(market, at: now) {
            return submit(child, at: now, into: &effects)
        }
        wake(at: nextSlice(after: now), now, into: &effects)
    }

    /// Whether a resting child is given up: its wait is over and we are behind, or the touch has
    /// gone beyond it. Another price at which we still are the touch is no reason.
    private func shouldLeave(_ child: Working, at now: Timestamp) -> Bool {
        guard child.isPosted else { return false }
        guard let market else { return true }
        let touch = posted(market)
        let isBehind = terms.side == .buy ? child.price < touch : child.price > touch
        if isBehind { return true }
        guard now >= child.waitsUntil, crosses else { return false }
        return due(at: now) - filled > child.lots - child.filled
    }

    /// Whether the style ever takes liquidity before the deadline.
    private var crosses: Bool {
        switch terms.style {
        case .passive, .iceberg: false
        case .twap, .vwap, .participation, .urgency: true
        }
    }

    private mutating func next(_ market: ExecutionMarket, at now: Timestamp) -> ChildOrder? {
        let missing = min(due(at: now), lots) - filled
        guard missing > 0 else { return nil }
        let size = min(missing, room, cap(market))
        let behind = missing > 2 * max(1, cap(market))
        let choice = behind && crosses ? .cross : choose(market)
        let price = choice == .post ? posted(market) : taken(market)
        guard let child = sized(size, choice, price: price) else { return nil }
        if choice == .cross, !isReachable(market) { return nil }
        return order(child, price: price, isPosted: choice == .post)
    }

    private mutating func crossing(_ lots: Int64, _ market: ExecutionMarket) -> ChildOrder? {
        let child = terms.sizes.child(wanted: min(lots, room), remaining: lots)
        guard child > 0 else { return nil }
        return order(child, price: taken(market), isPosted: false)
    }

    /// The lots of a child of about `size`: tradeable, worth its fees, leaving no dust.
    private func sized(_ size: Int64, _ choice: PostOrCross.Choice, price: Price) -> Int64? {
        let remaining = lots - filled
        guard
            let least = terms.sizes.worthwhile(
                terms.side, terms.fees, choice == .post ? .maker : .taker, price: price,
                edge: terms.edge, most: min(remaining, room))
        else { return nil }
        let child = terms.sizes.child(wanted: max(size, least), remaining: remaining)
        return child > 0 && child <= room ? child : nil
    }

    // MARK: Sizes and prices

    /// Lots that should have been done by now.
    func due(at now: Timestamp) -> Int64 {
        guard now >= terms.startsAt else { return 0 }
        switch terms.style {
        case .participation(let rule):
            return min(lots, Int64(min(rule.target(others: others) + 1e-12, 9e15)))
        case .iceberg, .passive: return lots
        case .twap, .vwap, .urgency: return schedule[slice(at: now)]
        }
    }

    /// What the limit of participation leaves.
    private var room: Int64 {
        guard let rule = terms.participationMax else { return lots }
        return max(0, Int64(min(rule.target(others: others) + 1e-12, 9e15)) - filled)
    }

    /// What a child may have by the touch: adaptive, or what an iceberg shows.
    private mutating func cap(_ market: ExecutionMarket) -> Int64 {
        let own = terms.side == .buy ? market.bidQuantity : market.askQuantity
        let touch = terms.sizes.lots(own)
        if case .iceberg(let display, let displayMax, _) = terms.style {
            let shown = display * (0.7 + 0.6 * draw()) * Double(touch)
            let most = terms.sizes.lots(displayMax)
            return max(terms.sizes.minimumLots, min(Int64(min(shown, 9e15)), most))
        }
        let spread = (market.ask - market.bid).doubleValue
        let size = terms.child.size(
            touchLots: touch, spread: spread, fillProbability: market.fillProbability)
        return max(terms.sizes.minimumLots, Int64(min(size, 9e15)))
    }

    private func choose(_ market: ExecutionMarket) -> PostOrCross.Choice {
        guard crosses else { return .post }
        let price = taken(market)
        let whole = terms.sizes.quantity(max(terms.sizes.minimumLots, lots - filled))
        let fee = terms.fees.fee(terms.side, .taker, price: price, quantity: whole)
        return PostOrCross(
            halfSpread: (market.ask - market.bid).doubleValue / 2,
            takerFee: fee.doubleValue / whole.doubleValue,
            fillProbability: market.fillProbability, adverseMarkout: market.adverseMarkout,
            drift: market.drift, tick: terms.tick.doubleValue
        ).choice
    }

    /// Our side's touch, not beyond the limit.
    private func posted(_ market: ExecutionMarket) -> Price {
        terms.side == .buy ? min(market.bid, terms.limit) : max(market.ask, terms.limit)
    }

    /// The other side's touch, not beyond the limit.
    private func taken(_ market: ExecutionMarket) -> Price {
        terms.side == .buy ? min(market.ask, terms.limit) : max(market.bid, terms.limit)
    }

    private func isReachable(_ market: ExecutionMarket) -> Bool {
        terms.side == .buy ? market.ask <= terms.limit : market.bid >= terms.limit
    }

    private mutating func order(_ lots: Int64, price: Price, isPosted: Bool) -> ChildOrder {
        children += 1
        return ChildOrder(
            number: children, side: terms.side, price: price,
            quantity: terms.sizes.quantity(lots),
            timeInForce: isPosted ? .goodTillCancelled : .immediateOrCancel, isPostOnly: isPosted)
    }

    private mutating func submit(
        _ child: ChildOrder, at now: Timestamp, into effects: inout [ExecutionEffect]
    ) {
        let lots = terms.sizes.lots(child.quantity)
        precondition(lots > 0 && filled + lots <= self.lots, "children exceed their parent")
        let span = min(
            ParentExecution.postSpanMax, Span(nanoseconds: sliceSpan.nanoseconds / 5))
        working = Working(
            number: child.number, price: child.price, lots: lots, isPosted: child.isPostOnly,
            waitsUntil: min(now + span, terms.deadline))
        effects.append(.submit(child))
        wake(at: min(now + span, terms.deadline), now, into: &effects)
    }

    private mutating func finish(into effects: inout [ExecutionEffect]) {
        isFinished = true
        effects.append(
            .finished(
                filled: terms.sizes.quantity(filled),
                left: terms.sizes.quantity(max(0, lots - filled))))
    }

    // MARK: Time and chance

    private mutating func wake(
        at moment: Timestamp, _ now: Timestamp, into effects: inout [ExecutionEffect]
    ) {
        let next = moment <= now ? nextSlice(after: now) : moment
        guard next > now, next != wakesAt else { return }
        wakesAt = next
        effects.append(.wake(at: next))
    }

    private var sliceSpan: Span {
        Span(nanoseconds: (terms.deadline - terms.startsAt).nanoseconds / Int64(max(1, count)))
    }

    private var count: Int { schedule.isEmpty ? 1 : schedule.count }

    private func slice(at now: Timestamp) -> Int {
        let passed = (now - terms.startsAt).nanoseconds
        return min(schedule.count - 1, Int(passed / max(1, sliceSpan.nanoseconds)))
    }

    /// When the next slice begins, at the latest the deadline; before the start the start.
    private func nextSlice(after now: Timestamp) -> Timestamp {
        if now < terms.startsAt { return terms.startsAt }
        guard !schedule.isEmpty else { return terms.deadline }
        let next = terms.startsAt + sliceSpan * Int64(slice(at: now) + 1)
        return next > now ? min(next, terms.deadline) : terms.deadline
    }

    /// Uniform in [0, 1), by SplitMix64 from the style's seed.
    private mutating func draw() -> Double {
        chance &+= 0x9E37_79B9_7F4A_7C15
        var mixed = chance
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return Double((mixed ^ (mixed >> 31)) >> 11) * 0x1p-53
    }
}

extension ParentExecution {
    /// What was filled so far.
    package var filledQuantity: Quantity { terms.sizes.quantity(filled) }
    /// Whether nothing more comes from it.
    package var isDone: Bool { isFinished }

    /// The lots of each slice; none where volume or the touch says when.
    private static func slices(
        _ terms: ParentTerms, _ lots: Int64
    ) throws(ParentRefusal) -> [Int64] {
        switch terms.style {
        case .participation, .passive: return []
        case .iceberg(let display, _, _):
            guard display > 0, display <= 1 else { throw .invalidStyle }
            return []
        case .twap(let slices):
            guard slices > 0, slices <= 100_000 else { throw .invalidStyle }
            return SliceSchedule.even(lots: lots, slices: slices)
        case .vwap(let profile):
            guard !profile.isEmpty, profile.allSatisfy({ $0.isFinite && $0 >= 0 }),
                profile.contains(where: { $0 > 0 })
            else { throw .invalidStyle }
            return SliceSchedule.weighted(lots: lots, weights: profile)
        case .urgency(let steps, let volatility, let temporaryImpact, let riskAversion):
            guard steps > 0, steps <= 100_000,
                let path = AlmgrenChriss(
                    .init(
                        quantity: Double(lots),
                        seconds: (terms.deadline - terms.startsAt).seconds, steps: steps,
                        volatility: volatility, temporaryImpact: temporaryImpact,
                        permanentImpact: 0, fixedCost: 0, riskAversion: riskAversion))
            else { throw .invalidStyle }
            return SliceSchedule.weighted(lots: lots, weights: path.trades.map { max(0, $0) })
        }
    }

    /// Whether the slices, each with the taker's fee rounded as an order, cost less than the edge.
    private static func isWorthSlicing(_ terms: ParentTerms, _ slices: [Int64]) -> Bool {
        let orders = slices.isEmpty ? [terms.sizes.lots(terms.quantity)] : slices
        let fees = orders.filter { $0 > 0 }.reduce(Money.zero) {
            $0
                + terms.fees.fee(
                    terms.side, .taker, price: terms.limit, quantity: terms.sizes.quantity($1))
        }
        return fees < Money(terms.edge, times: terms.quantity, .down) || fees.isZero
    }
}
