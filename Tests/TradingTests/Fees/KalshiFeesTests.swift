import TestSupport
import Testing
import Trading

/// The venue's own tables and worked fills.
private struct VenueVectors: Decodable {
    struct Order: Decodable {
        let count: Int64
        let price: String
        let fee: String
        init(from decoder: any Decoder) throws {
            var row = try decoder.unkeyedContainer()
            count = try row.decode(Int64.self)
            price = try row.decode(String.self)
            fee = try row.decode(String.self)
        }
    }
    struct Fill: Decodable {
        let count: String
        let price: String
        let trade_fee: String
        let rounding_fee: String
        let rebate: String
        let net_fee: String
        let accumulator_after: String
    }
    struct Account: Decodable {
        let precision: String
        let fills: [Fill]
    }
    let classic_taker: [Order]
    let classic_maker: [Order]
    let per_fill_accumulator: [Account]
}

/// The cases of the algorithm list: classic totals, fills in turn, and trade fees since July 2026.
private struct AlgorithmVectors: Decodable {
    enum Count: Decodable {
        case whole(Int64)
        case decimal(String)
        init(from decoder: any Decoder) throws {
            let value = try decoder.singleValueContainer()
            if let whole = try? value.decode(Int64.self) {
                // A number is a whole count; text is a decimal one.
                self = .whole(whole)
            } else {
                self = .decimal(try value.decode(String.self))
            }
        }
        func quantity() throws -> Quantity {
            switch self {
            case .whole(let count): Quantity(count)
            case .decimal(let text): try #require(Quantity(decimal: text))
            }
        }
    }
    struct Input: Decodable {
        let contracts: Count?
        let price: String?
        let rate: String?
        let coefficient: String?
        let multiplier: String?
        let precision: String?
        let fills: [[String]]?
    }
    struct Fill: Decodable {
        let tradeFee: String
        let roundingFee: String
        let rebate: String
        let netFee: String
        let accumulator: String
    }
    struct Expected: Decodable {
        let fee: String?
        let tradeFee: String?
        let perFill: [Fill]?
    }
    struct Case: Decodable {
        let name: String
        let input: Input
        let expected: Expected
    }
    let cases: [Case]
}

@Suite struct KalshiFeesVectorTests {
    @Test func classicFeesMatchThePublishedTable() throws {
        guard let vectors = try VectorFile.decode(VenueVectors.self, "venues", "kalshi_fees") else {
            return
        }
        for (rate, orders) in [
            (KalshiFees.takerRate, vectors.classic_taker),
            (KalshiFees.makerRate, vectors.classic_maker),
        ] {
            #expect(!orders.isEmpty)
            for order in orders {
                let price = try #require(Price(decimal: order.price))
                let fee = KalshiFees.classic(
                    price: price, quantity: Quantity(order.count), rate: rate)
                #expect(fee == Money(decimal: order.fee), "\(order.count) at \(order.price)")
            }
        }
    }

    @Test func fillsMatchTheWorkedAccounts() throws {
        guard let vectors = try VectorFile.decode(VenueVectors.self, "venues", "kalshi_fees") else {
            return
        }
        for account in vectors.per_fill_accumulator {
            let precision = try #require(Money(decimal: account.precision))
            var fees = KalshiOrderFees(precision: precision)
            for fill in account.fills {
                let charged = fees.charge(
                    .buy, price: try #require(Price(decimal: fill.price)),
                    quantity: try #require(Quantity(decimal: fill.count)),
                    rate: KalshiFees.takerRate)
                #expect(charged.trade == Money(decimal: fill.trade_fee))
                #expect(charged.rounding == Money(decimal: fill.rounding_fee))
                #expect(charged.rebate == Money(decimal: fill.rebate))
                #expect(charged.net == Money(decimal: fill.net_fee))
                #expect(fees.accumulator == Money(decimal: fill.accumulator_after))
            }
        }
    }

    @Test func casesOfTheAlgorithmListMatch() throws {
        guard
            let vectors = try VectorFile.decode(
                AlgorithmVectors.self, "algorithms", "kalshi_fees")
        else { return }
        #expect(!vectors.cases.isEmpty)
        for example in vectors.cases { try check(example) }
    }

    private func check(_ example: AlgorithmVectors.Case) throws {
        let input = example.input
        let rate = try #require(Price(decimal: input.rate ?? input.coefficient ?? ""))
        if let fills = example.expected.perFill {
            try check(fills, of: input, rate: rate)
            return
        }
        let price = try #require(Price(decimal: input.price ?? ""))
        let quantity = try #require(input.contracts).quantity()
        if let expected = example.expected.fee {
            let fee = KalshiFees.classic(price: price, quantity: quantity, rate: rate)
            #expect(fee == Money(decimal: expected), "\(example.name)")
        } else {
            let multiplier = try #require(Price(decimal: input.multiplier ?? ""))
            let fee = KalshiFees.trade(
                price: price, quantity: quantity, rate: rate, multiplier: multiplier)
            #expect(fee == Money(decimal: example.expected.tradeFee ?? ""), "\(example.name)")
        }
    }

    private func check(
        _ expected: [AlgorithmVectors.Fill], of input: AlgorithmVectors.Input, rate: Price
    ) throws {
        var fees = KalshiOrderFees(
            precision: try #require(Money(decimal: input.precision ?? "")))
        let fills = try #require(input.fills)
        #expect(fills.count == expected.count)
        for (fill, answer) in zip(fills, expected) {
            let charged = fees.charge(
                fill[0] == "buy" ? .buy : .sell, price: try #require(Price(decimal: fill[2])),
                quantity: try #require(Quantity(decimal: fill[1])), rate: rate)
            #expect(charged.trade == Money(decimal: answer.tradeFee))
            #expect(charged.rounding == Money(decimal: answer.roundingFee))
            #expect(charged.rebate == Money(decimal: answer.rebate))
            #expect(charged.net == Money(decimal: answer.netFee))
            #expect(fees.accumulator == Money(decimal: answer.accumulator))
        }
    }
}

@Suite struct KalshiFeesTests {
    @Test func buyingAndSellingAtComplementaryPricesCostTheSame() throws {
        var random = SeededRandom(seed: 20_260_707)
        for _ in 0..<1_000 {
            let price = Price(units: Int64.random(in: 1...9_999, using: &random) * 100_000)
            let quantity = Quantity(
                units: Int64.random(in: 1...5_000_000, using: &random) * 10_000_000)
            var bought = KalshiOrderFees()
            var sold = KalshiOrderFees()
            let rate = KalshiFees.takerRate
            let buy = bought.charge(.buy, price: price, quantity: quantity, rate: rate)
            let sell = sold.charge(.sell, price: price.complement, quantity: quantity, rate: rate)
            #expect(buy == sell, "\(quantity) at \(price), seed 20260707")
            #expect(buy.trade >= .zero && buy.rounding >= .zero && buy.net >= .zero)
        }
    }

    @Test func theBiggestOrdersDoNotOverflow() {
        let fee = KalshiFees.trade(
            price: Price(units: 500_000_000), quantity: Quantity(9_000_000_000),
            rate: KalshiFees.takerRate)
        #expect(fee == Money(157_500_000))
        #expect(
            KalshiFees.trade(price: .zero, quantity: Quantity(10), rate: KalshiFees.takerRate)
                == .zero)
    }
}
