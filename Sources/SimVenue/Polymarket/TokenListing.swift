import Cryptography
import MarketSim
import Trading

/// A market as Polymarket lists it: a condition with a token for each outcome.
package struct TokenListing: Sendable {
    /// 32 bytes in hexadecimal, with `0x`.
    package let condition: String
    let question: String
    let slug: String
    let isNegativeRisk: Bool
    /// The numbers of the tokens, in decimal.
    package let yes: String
    package let no: String

    /// The ids follow from the market's name, so that they never change.
    init(ticker: String, question: String, isNegativeRisk: Bool) {
        func word(_ what: String) -> Word256 {
            Keccak256.hash("bellwether sim-venue \(what) \(ticker)")
        }
        condition = word("condition").hex
        yes = TokenListing.decimal(word("yes"))
        no = TokenListing.decimal(word("no"))
        slug = ticker.lowercased()
        self.question = question
        self.isNegativeRisk = isNegativeRisk
    }

    /// The market's name in the exchange and in the log, as the cluster's gateway shortens it.
    var instrument: InstrumentID { InstrumentID(condition.prefix(LongName.capacity)) ?? .empty }

    func number(_ token: SimToken) -> String { token == .yes ? yes : no }

    /// A 256-bit number in decimal.
    private static func decimal(_ word: Word256) -> String {
        var digits: [UInt8] = []
        var rest = word.bytes
        while rest.contains(where: { $0 != 0 }) {
            var remainder = 0
            for index in rest.indices {
                let value = remainder << 8 | Int(rest[index])
                rest[index] = UInt8(value / 10)
                remainder = value % 10
            }
            digits.append(UInt8(ascii: "0") + UInt8(remainder))
        }
        return digits.isEmpty ? "0" : String(decoding: digits.reversed(), as: UTF8.self)
    }
}

/// One token of a listed market.
struct ListedToken {
    let market: SimMarketID
    let token: SimToken
    let listing: TokenListing

    var number: String { listing.number(token) }
    var outcome: String { token == .yes ? "Yes" : "No" }

    /// A price of YES as this token's, and back.
    func price(_ price: Price) -> Price { token == .yes ? price : price.complement }
    /// A side in YES as this token's, and back.
    func side(_ side: Side) -> Side { token == .yes ? side : side.opposite }
    var other: ListedToken { ListedToken(market: market, token: token.other, listing: listing) }
}
