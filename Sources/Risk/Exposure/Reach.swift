import Trading

/// What positions can come to if open orders fill as is worst, a contract counted as the dollar
/// that it can pay.
struct Reach: Sendable, Hashable, BitwiseCopyable {
    /// The larger of long and short, in every instrument for itself.
    var gross: Int128 = 0
    /// All that is held and bought, if nothing is sold.
    var long: Int128 = 0
    /// All that is owed and sold, if nothing is bought.
    var short: Int128 = 0

    init() {}

    /// The reach of one instrument.
    @inline(__always) init(_ exposure: Exposure) {
        long = Int128(exposure.quantity.units) + Int128(exposure.openBuy.units)
        short = Int128(exposure.openSell.units) - Int128(exposure.quantity.units)
        gross = max(long, short, 0)
    }

    /// Long and short of different instruments against each other, whichever way is larger.
    var net: Int128 { max(long, short, 0) }

    static func + (lhs: Reach, rhs: Reach) -> Reach {
        var sum = lhs
        sum.gross += rhs.gross
        sum.long += rhs.long
        sum.short += rhs.short
        return sum
    }

    static func - (lhs: Reach, rhs: Reach) -> Reach {
        var difference = lhs
        difference.gross -= rhs.gross
        difference.long -= rhs.long
        difference.short -= rhs.short
        return difference
    }
}
