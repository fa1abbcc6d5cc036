import Foundation
import Risk
import Trading
import Wire

/// What time, the market and earlier orders say of an order.
extension Oracle {
    /// The account was compared with its venue in time, and has been for a while; or the order
    /// only reduces.
    func snapshotAge(_ order: Scenario.Order) -> RejectReason? {
        let stated = limits(of: .guardSnapshotAgeMax, on: order)
        if stated.isEmpty || reduces(order) { return nil }
        let comparison = scenario.comparisons[scenario.tenant(of: order.strategy)]
        let age = (scenario.rig.now - comparison.at).nanoseconds
        let isLate = stated.contains { age > $0.value } || comparison.lateUntil > scenario.rig.now
        return isLate ? .snapshotStale : nil
    }

    /// What an event can lose, against the cash of whoever states the limit.
    func eventShare(_ order: Scenario.Order) -> RejectReason? {
        let event = scenario.event(of: order.instrument)
        let stated = limits(of: .eventShareMax, on: order, inScopesOfInstrument: true)
        let isBeyond = stated.contains { stated in
            let loss = loss(of: event, with: order, stated.covers)
            if loss <= 0 { return false }
            let cash = holders(of: stated.limit).map { self.cash(of: $0) }.reduce(0, +)
            // The loss is more than the share of the cash.
            return cash <= 0 || loss * 1_000_000_000 > Int128(stated.value) * cash
        }
        return isBeyond && !reduces(order) ? .eventShareExceeded : nil
    }

    /// The tenants whose cash stands behind a limit.
    private func holders(of limit: Scenario.Limit) -> [Int] {
        switch limit.level {
        case .org, .account: [limit.holder]
        case .strategy: [scenario.tenant(of: limit.holder)]
        default: [0, 1]
        }
    }

    /// More than fifty orders of a quarter of an hour, and too many to each trade.
    func orderToTrade(_ order: Scenario.Order) -> RejectReason? {
        let minute = Scenario.minute(of: scenario.rig.now)
        let isBeyond = limits(of: .orderToTradeMax, on: order).contains { stated in
            let deeds = scenario.deeds.filter {
                $0.limit == stated.limit && Scenario.minute(of: $0.at) > minute - 15
            }
            let orders = Int128(deeds.count { !$0.isTrade } + 1)
            let trades = Int128(max(1, deeds.count { $0.isTrade }))
            return orders > 50 && orders * 1_000_000_000 > Int128(stated.value) * trades
        }
        return isBeyond ? .orderToTradeExceeded : nil
    }

    /// The pair of strategy and instrument is blocked, and the order does not only reduce.
    func adverse(_ order: Scenario.Order) -> RejectReason? {
        let pair = Scenario.Pair(strategy: order.strategy, instrument: order.instrument)
        guard let watch = scenario.watches[pair], watch.blockedUntil > scenario.rig.now else {
            return nil
        }
        return reduces(order) ? nil : .adverseMarkoutExceeded
    }

    // MARK: - Volatility

    /// The variance of a minute's change of the logit, where there is a fresh one.
    ///
    /// Worked out from all whole books that were ever seen: the first one and every one a minute or
    /// more after the one before it count.
    private func variance(of instrument: String) -> Double? {
        var taken: [(at: Timestamp, logit: Double)] = []
        for book in scenario.books[instrument] ?? [] {
            if let last = taken.last, (book.at - last.at).nanoseconds < 60_000_000_000 { continue }
            let middle = Double(book.middle) / 1e9
            taken.append((book.at, log(middle / (1 - middle))))
        }
        guard let last = taken.last, taken.count > 1,
            (scenario.rig.now - last.at).nanoseconds <= 900_000_000_000
        else { return nil }
        var variance: Double?
        for (before, after) in zip(taken, taken.dropFirst()) {
            let steps = Double((after.at - before.at).nanoseconds / 60_000_000_000)
            let square = pow(after.logit - before.logit, 2) / steps
            let kept = pow(0.94, steps)
            variance = variance.map { kept * $0 + (1 - kept) * square } ?? square
        }
        return variance
    }

    /// One standard deviation of a price of 0.50 over so many minutes; nil without an estimate.
    private func move(of instrument: String, minutes: Double) -> Double? {
        guard let variance = variance(of: instrument) else { return nil }
        // A tick of 0.01 is a noise of 0.04 in the logit.
        return min(0.5, 0.25 * sqrt(max(variance, 0.04 * 0.04 / 12) * minutes))
    }

    /// Whether the position is too large for what an hour can bring.
    func volatility(_ order: Scenario.Order) -> Answer {
        let move = move(of: order.instrument, minutes: 60)
        func isBeyond(by slack: Int128) -> Bool {
            exceeds(.volatilityBudget, order, inScopesOfInstrument: true) { scope in
                let position = largestPosition(with: order, scope)
                // Without an estimate the price may go to 0 or 1.
                guard let move else { return (position + 1) / 2 }
                return Int128((Double(position) * move).rounded(.up)) + slack
            }
        }
        if isBeyond(by: -2) { return .beyond }
        return isBeyond(by: 2) ? .unsure : .within
    }

    /// Whether the price is too far away for what a minute can bring. The quotes of the scenario
    /// are 0.49 and 0.51.
    func collar(_ order: Scenario.Order) -> Answer {
        guard let sigmas = limits(of: .collarSigmas, on: order).map(\.value).min() else {
            return .within
        }
        let (touch, middle) = (order.side == .buy ? price("0.51") : price("0.49"), price("0.50"))
        let isCrossing = order.side == .buy ? order.price >= touch : order.price <= touch
        let distance = abs(order.price.units - (isCrossing ? touch : middle).units)
        var width = 20_000_000.0
        if let move = move(of: order.instrument, minutes: 1) {
            width = max(width, move * Double(sigmas))
        }
        // Who rests at the own touch is half a spread, rounded up, from the middle.
        if !isCrossing { width += 10_000_001 }
        if Double(distance) > width + 2 { return .beyond }
        return Double(distance) > width - 2 ? .unsure : .within
    }
}
