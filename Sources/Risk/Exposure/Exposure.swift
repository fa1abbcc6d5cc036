package import Trading

/// What one open order can still do: the same for every scope that it counts in.
///
/// `lossIfYes`, `lossIfNo` and `lossIfVoid` are the worst that filling or not filling the rest can
/// cost in each outcome, fee reserve included; an adversary chooses which. A voided market pays
/// half a dollar to both sides.
package struct OrderLoad: Sendable, Hashable, BitwiseCopyable {
    package var buy: Quantity = .zero
    package var sell: Quantity = .zero
    /// Price × quantity of purchases, rounded up.
    package var buyCost: Money = .zero
    /// Price × quantity of sales, rounded down.
    package var sellProceeds: Money = .zero
    package var feeReserve: Money = .zero
    package var lossIfYes: Money = .zero
    package var lossIfNo: Money = .zero
    package var lossIfVoid: Money = .zero
    /// Cash that the order commits when it opens: p × q for a purchase, (1 − p) × q for a sale.
    package var notional: Money = .zero

    package static let none = OrderLoad()

    /// No amount is larger than `Exposure.narrowMost`; none is ever negative.
    @inline(__always) var isNarrow: Bool {
        let orders = buy.units | sell.units | buyCost.units | sellProceeds.units
        return (orders | feeReserve.units | lossIfYes.units | lossIfNo.units | lossIfVoid.units)
            >> 59 == 0
    }

    private init() {}

    /// The load of `remaining` contracts at `price`, which must lie in 0...1; nil on overflow.
    package init?(_ side: Side, _ price: Price, _ remaining: Quantity) {
        precondition(price >= .zero && price <= .one, "a price lies in 0...1, got \(price)")
        precondition(!remaining.isNegative, "an order cannot have \(remaining) left")
        if remaining.isZero { return }
        guard let fee = FeeReserve.bound(price, remaining) else { return nil }
        feeReserve = fee
        let pairs = Money(units: remaining.units)
        let half = Money(units: remaining.units / 2)
        switch side {
        case .buy:
            guard let cost = Money(checking: price, times: remaining, .up),
                let loss = cost.addingChecked(fee)
            else { return nil }
            buy = remaining
            buyCost = cost
            notional = cost
            lossIfNo = loss
            lossIfYes = max(.zero, loss - pairs)
            lossIfVoid = max(.zero, loss - half)
        case .sell:
            guard let proceeds = Money(checking: price, times: remaining, .down),
                let loss = (pairs - proceeds).addingChecked(fee)
            else { return nil }
            sell = remaining
            sellProceeds = proceeds
            notional = pairs - proceeds
            lossIfYes = loss
            lossIfNo = max(.zero, fee - proceeds)
            lossIfVoid = max(.zero, loss - half)
        }
    }
}

/// A bound on the fee of an order, reserved with it. The highest schedule of the venues served so
/// far (Kalshi, taker: 0.07 · p · (1 − p) per contract, whole-cent rounding per order); a fill's
/// real fee replaces it.
package enum FeeReserve {
    private static let rateNumerator: Int128 = 7
    private static let rateDenominator: Int128 = 100
    package static let rounding = Money(units: 10_000_000)

    /// The most that filling `quantity` at `price` can cost in fees; nil on overflow.
    package static func bound(_ price: Price, _ quantity: Quantity) -> Money? {
        let scale = Int128(Price.scale)
        let variance = Int128(price.units) * (scale - Int128(price.units))
        let product = Int128(quantity.units) * variance * rateNumerator
        // In two steps, which are shorter: rounded up twice is rounded up once.
        let part = divide(product, by: rateDenominator * scale, .up)
        let units = divide(part, by: scale, .up)
        return Int64(exactly: units).flatMap { Money(units: $0).addingChecked(rounding) }
    }
}

/// What one scope has in one instrument: its position and everything its open orders can do.
package struct Exposure: Sendable, Hashable, BitwiseCopyable {
    /// Sales less purchases and fees, plus payouts: all that has flowed since the event began.
    package var cash: Money = .zero
    /// Contracts held; negative when short. What a YES pays is one per contract.
    package var quantity: Quantity = .zero
    package var openBuy: Quantity = .zero
    package var openSell: Quantity = .zero
    package var buyCost: Money = .zero
    package var sellProceeds: Money = .zero
    package var feeReserve: Money = .zero
    package var lossIfYes: Money = .zero
    package var lossIfNo: Money = .zero
    package var lossIfVoid: Money = .zero

    package init() {}

    package init(cash: Money, quantity: Quantity) {
        self.cash = cash
        self.quantity = quantity
    }

    /// What single words add up without care: a sum of a dozen of these still fits.
    static let narrowMost = Int64(1) << 59

    /// No amount is larger than `narrowMost`.
    @inline(__always) var isNarrow: Bool {
        // What is negative is told by its complement; all but these two are never negative.
        let signed = (cash.units ^ (cash.units >> 63)) | (quantity.units ^ (quantity.units >> 63))
        let orders = openBuy.units | openSell.units | buyCost.units | sellProceeds.units
        let losses = feeReserve.units | lossIfYes.units | lossIfNo.units | lossIfVoid.units
        return (signed | orders | losses) >> 59 == 0
    }

    /// Adds an order's load; false, and unchanged, on overflow.
    @inline(__always) package mutating func add(_ load: OrderLoad) -> Bool {
        guard let openBuy = openBuy.addingChecked(load.buy),
            let openSell = openSell.addingChecked(load.sell),
            let buyCost = buyCost.addingChecked(load.buyCost),
            let sellProceeds = sellProceeds.addingChecked(load.sellProceeds),
            let feeReserve = feeReserve.addingChecked(load.feeReserve),
            let lossIfYes = lossIfYes.addingChecked(load.lossIfYes),
            let lossIfNo = lossIfNo.addingChecked(load.lossIfNo),
            let lossIfVoid = lossIfVoid.addingChecked(load.lossIfVoid)
        else { return false }
        self.openBuy = openBuy
        self.openSell = openSell
        self.buyCost = buyCost
        self.sellProceeds = sellProceeds
        self.feeReserve = feeReserve
        self.lossIfYes = lossIfYes
        self.lossIfNo = lossIfNo
        self.lossIfVoid = lossIfVoid
        return true
    }

    /// Takes an order's load off again.
    package mutating func remove(_ load: OrderLoad) {
        openBuy -= load.buy
        openSell -= load.sell
        buyCost -= load.buyCost
        sellProceeds -= load.sellProceeds
        feeReserve -= load.feeReserve
        lossIfYes -= load.lossIfYes
        lossIfNo -= load.lossIfNo
        lossIfVoid -= load.lossIfVoid
        precondition(!openBuy.isNegative && !openSell.isNegative, "open orders became negative")
    }

    /// Adds a trade or a payout.
    package mutating func move(cash: Money, quantity: Quantity) {
        self.cash += cash
        self.quantity += quantity
    }

    /// The largest position, long or short, that open orders can lead to; nil on overflow.
    package var worstPosition: Quantity? {
        guard let long = quantity.addingChecked(openBuy),
            let short = quantity.subtractingChecked(openSell), short.units > .min
        else { return nil }
        return max(long, -short, .zero)
    }

    /// The cash that the venue will lock, whatever fills: purchases beyond what closes NO, or sales
    /// beyond what closes YES, each paid in full, and all fees.
    package var cashNeed: Int128 {
        let held = Int128(quantity.units)
        let closesNo = min(max(-held, 0), Int128(openBuy.units))
        let closesYes = min(max(held, 0), Int128(openSell.units))
        let buys = Int128(buyCost.units) - closesNo
        let sells = Int128(openSell.units) - Int128(sellProceeds.units) - closesYes
        return max(0, buys, sells) + Int128(feeReserve.units)
    }

    /// The worst total flow if the instrument pays one.
    @inline(__always) var payoffIfYes: Int128 {
        Int128(cash.units) + Int128(quantity.units) - Int128(lossIfYes.units)
    }

    /// The worst total flow if the instrument pays nothing.
    @inline(__always) var payoffIfNo: Int128 { Int128(cash.units) - Int128(lossIfNo.units) }

    /// The worst total flow if the instrument is voided and pays half; rounded against us.
    @inline(__always) var payoffIfVoid: Int128 {
        Int128(cash.units) + (Int128(quantity.units) >> 1) - Int128(lossIfVoid.units)
    }
}
