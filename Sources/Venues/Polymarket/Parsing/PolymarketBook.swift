import Cryptography
package import Trading

/// A book as the venue states it, its texts unchanged, because its sum is over them.
package struct PolymarketBook: Sendable, Hashable {
    /// A level as two texts.
    package struct Level: Sendable, Hashable {
        package let price: String
        package let size: String
    }

    package let market: String
    package let token: String
    package let timestamp: String
    /// As sent: the best level is the last of either side.
    package let bids: [Level]
    package let asks: [Level]
    package let sizeMin: String
    package let tick: String
    package let isNegativeRisk: Bool
    package let lastPrice: String
    /// What the venue says the sum is.
    package let hash: String

    /// SHA-1 over the compact JSON with an empty hash, in the venue's order of fields.
    package var sum: String {
        var writer = JSONWriter()
        writer.add("market", market)
        writer.add("asset_id", token)
        writer.add("timestamp", timestamp)
        writer.add("hash", "")
        for (name, levels) in [("bids", bids), ("asks", asks)] {
            writer.add(
                name,
                objects: levels.map { level in
                    { inner in
                        inner.add("price", level.price)
                        inner.add("size", level.size)
                    }
                })
        }
        writer.add("min_order_size", sizeMin)
        writer.add("tick_size", tick)
        writer.add("neg_risk", isNegativeRisk)
        writer.add("last_trade_price", lastPrice)
        return SHA1.hex(of: writer.finished())
    }

    /// Whether the sum that is stated is that of the content.
    package var isIntact: Bool { hash == sum }
}

extension PolymarketBook {
    /// The price at which `amount` is reached when the book is taken from its best level on:
    /// dollars for a purchase (from the asks), contracts for a sale (from the bids).
    ///
    /// Without enough in the book: nil where all or nothing is wanted, else the worst level.
    package static func marketPrice(
        _ side: Side, amount: Quantity, levels: [BookLevel], isAllOrNothing: Bool
    ) -> Price? {
        var total = Int128(0)
        let wanted = Int128(amount.units) * Int128(Price.scale)
        for level in levels {
            let weight = side == .buy ? level.price.units : Price.scale
            total += Int128(level.quantity.units) * Int128(weight)
            if total >= wanted { return level.price }
        }
        return isAllOrNothing ? nil : levels.last?.price
    }
}
