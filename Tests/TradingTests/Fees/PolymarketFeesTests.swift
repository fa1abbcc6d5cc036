import TestSupport
import Testing
import Trading

struct PolymarketFeeVectorTests {
    private struct Algorithm: Decodable {
        struct Input: Decodable {
            let shares: String?
            let price: String
            let feeRate: String?
            let exponent: Int?
            let side: String?
            let contracts: String?
            let takerRate: String?
            let extraPriceFactor: Bool?
        }
        struct Expected: Decodable {
            let fee: String?
            let feeOrRebate: String?
            let feeRoundedCent: String?
        }
        struct Case: Decodable {
            let name: String
            let input: Input
            let expected: Expected
        }
        let cases: [Case]
    }

    @Test func feesAreThoseOfTheAlgorithmList() throws {
        let vectors = try VectorFile.decode(Algorithm.self, "algorithms", "polymarket_fees")
        for vector in vectors?.cases ?? [] {
            let input = vector.input
            let price = try #require(Price(decimal: input.price))
            if let rate = input.feeRate.flatMap({ Price(decimal: $0) }) {
                let shares = try #require(quantity(input.shares))
                let exponent = try #require(input.exponent)
                let fee = try #require(
                    PolymarketFees.taker(
                        price: price, quantity: shares, rate: rate, exponent: exponent))
                if input.extraPriceFactor == true {
                    // The old table: the fee was taken in contracts and shown at their price.
                    let value = Money(price, times: Quantity(units: fee.units), .nearestEven)
                        .rounded(toMultipleOf: Money(units: 10_000_000), .nearestEven)
                    #expect(value == vector.expected.feeRoundedCent.flatMap { Money(decimal: $0) })
                    continue
                }
                #expect(fee == vector.expected.fee.flatMap { Money(decimal: $0) }, "\(vector.name)")
            } else {
                let rate = try #require(input.takerRate.flatMap { Price(decimal: $0) })
                let fee = PolymarketFees.unitedStates(
                    input.side == "buy" ? .buy : .sell, price: price,
                    quantity: try #require(quantity(input.contracts)), rate: rate)
                #expect(
                    fee == vector.expected.feeOrRebate.flatMap { Money(decimal: $0) },
                    "\(vector.name)")
            }
        }
    }

    private func quantity(_ text: String?) -> Quantity? {
        text.flatMap { Quantity(decimal: $0) }
    }

    private struct Venue: Decodable {
        struct Case: Decodable {
            let shares: Int64
            let price: Double
            let rate: Double
            let exponent: Int
            let fee: Double
        }
        let official_platform_fee: [Case]
    }

    /// The client's numbers are not cut to the venue's step.
    @Test func feesAreThoseOfTheOfficialClient() throws {
        let vectors = try VectorFile.decode(Venue.self, "venues", "polymarket_fees")
        for vector in vectors?.official_platform_fee ?? [] {
            let fee = PolymarketFees.taker(
                price: try #require(Price(vector.price, rounding: .nearestEven)),
                quantity: Quantity(vector.shares),
                rate: try #require(Price(vector.rate, rounding: .nearestEven)),
                exponent: vector.exponent, cutTo: Money(units: 1))
            #expect(fee == Money(vector.fee, rounding: .nearestEven), "\(vector)")
        }
    }
}

struct PolymarketFeesTests {
    @Test func aCoefficientIsNeverBelowTheFee() throws {
        let rate = Price(units: 250_000_000)
        for exponent in 1...PolymarketFees.exponentMax {
            let coefficient = try #require(
                PolymarketFees.coefficient(rate: rate, exponent: exponent))
            for cents in Int64(1)...99 {
                let price = Price(units: cents * 10_000_000)
                let fee = try #require(
                    PolymarketFees.taker(
                        price: price, quantity: Quantity(100), rate: rate, exponent: exponent))
                let bound = try #require(
                    PolymarketFees.taker(
                        price: price, quantity: Quantity(100), rate: coefficient, exponent: 1))
                #expect(fee <= bound)
            }
        }
    }

    @Test func anUnknownExponentHasNoFee() {
        let half = Price(units: 500_000_000)
        #expect(
            PolymarketFees.taker(price: half, quantity: Quantity(1), rate: half, exponent: 3) == nil
        )
        #expect(PolymarketFees.coefficient(rate: half, exponent: 3) == nil)
        #expect(PolymarketFees.coefficient(rate: half, exponent: 0) == nil)
    }

    @Test func theLargestTradeFits() {
        let fee = PolymarketFees.taker(
            price: Price(units: 500_000_000), quantity: Quantity(1_000_000_000), rate: .one,
            exponent: 2)
        #expect(fee == Money(62_500_000))
    }
}
