import Portfolio
import TestSupport
import Testing
import Trading

/// Fees of the venue's own tables as the ledger posts them: to the last unit, order by order.
@Suite struct FeePostingVectorTests {
    private struct Charge {
        let side: Side
        let price: Price
        let quantity: Quantity
        let fee: Money
    }

    /// The charges of one order, and the smallest step of the venue's cash.
    private struct Order {
        let name: String
        let charges: [Charge]
        let precision: Money
    }

    // MARK: - Vectors

    private struct VenueVectors: Decodable {
        struct Account: Decodable {
            struct Fill: Decodable {
                let count: String
                let price: String
                let net_fee: String
            }
            let precision: String
            let fills: [Fill]
        }
        /// Contracts, price and fee.
        struct Row: Decodable {
            let contracts: Int64
            let price: String
            let fee: String
            init(from decoder: any Decoder) throws {
                var row = try decoder.unkeyedContainer()
                contracts = try row.decode(Int64.self)
                price = try row.decode(String.self)
                fee = try row.decode(String.self)
            }
        }
        let classic_taker: [Row]
        let classic_maker: [Row]
        let per_fill_accumulator: [Account]
    }

    private struct AlgorithmVectors: Decodable {
        struct Case: Decodable {
            struct Input: Decodable {
                let precision: String?
                let fills: [[String]]?
            }
            struct Expected: Decodable {
                struct Fill: Decodable {
                    let netFee: String
                }
                let perFill: [Fill]?
            }
            let name: String
            let input: Input
            let expected: Expected
        }
        let cases: [Case]
    }

    private func venueOrders() throws -> [Order] {
        guard let vectors = try VectorFile.decode(VenueVectors.self, "venues", "kalshi_fees") else {
            return []
        }
        var orders = (vectors.classic_taker + vectors.classic_maker).flatMap { row in
            [Side.buy, .sell].map { side in
                Order(
                    name: "\(side) \(row.contracts) at \(row.price)",
                    charges: [
                        Charge(
                            side: side, price: price(row.price), quantity: Quantity(row.contracts),
                            fee: amount(row.fee))
                    ], precision: amount("0.01"))
            }
        }
        for (number, account) in vectors.per_fill_accumulator.enumerated() {
            let charges = account.fills.map {
                Charge(
                    side: .buy, price: price($0.price), quantity: quantity($0.count),
                    fee: amount($0.net_fee))
            }
            orders.append(
                Order(
                    name: "accumulator \(number)", charges: charges,
                    precision: amount(account.precision)))
        }
        return orders
    }

    private func algorithmOrders() throws -> [Order] {
        guard
            let vectors = try VectorFile.decode(
                AlgorithmVectors.self, "algorithms", "kalshi_fees")
        else { return [] }
        return vectors.cases.compactMap { example in
            guard let fills = example.input.fills, let expected = example.expected.perFill else {
                return nil
            }
            let charges = zip(fills, expected).map { fill, answer in
                Charge(
                    side: fill[0] == "buy" ? .buy : .sell, price: price(fill[2]),
                    quantity: quantity(fill[1]), fee: amount(answer.netFee))
            }
            return Order(
                name: example.name, charges: charges,
                precision: amount(example.input.precision ?? ""))
        }
    }

    // MARK: - Tests

    @Test func everyOrderCostsWhatTheVenueTakes() throws {
        for order in try venueOrders() { check(order) }
    }

    @Test func fillsInTurnCostWhatTheVenueTakes() throws {
        for order in try algorithmOrders() { check(order) }
    }

    /// Books an order, and takes it back: cash, fees and rebates are the venue's after each fill.
    private func check(_ order: Order) {
        var desk = Desk(capital: 100_000)
        var cash = desk.startingCash
        var fees = Money.zero
        var rebates = Money.zero
        var booked: [BookedFill] = []
        for charge in order.charges {
            let fill = desk.ledger.book(
                LedgerFill(
                    owner: desk.owner, instrument: desk.instrument, side: charge.side,
                    price: charge.price, quantity: charge.quantity, fee: charge.fee))
            booked.append(fill)
            // What a purchase pays, or a NO at the complement: the venue's own products are exact.
            let each = charge.side == .buy ? charge.price : charge.price.complement
            let product = Int128(each.units) * Int128(charge.quantity.units)
            #expect(product % Int128(Price.scale) == 0)
            let paid = Money(units: Int64(product / Int128(Price.scale)))
            cash -= paid + charge.fee
            if charge.fee > .zero { fees += charge.fee } else { rebates += charge.fee }
            #expect(desk.cash == cash, "\(order.name)")
            #expect(desk.cash.units % order.precision.units == 0, "\(order.name)")
            #expect(desk.ledger.accounts[0].balance.fees == fees, "\(order.name)")
            #expect(desk.ledger.accounts[0].balance.rebates == rebates, "\(order.name)")
            #expect(desk.ledger.accounts[0].balance.sum.isZero)
            desk.check()
        }
        let total = order.charges.reduce(Money.zero) { $0 + $1.fee }
        #expect(desk.ledger.totals(of: desk.owner).fees == total, "\(order.name)")
        for fill in booked.reversed() { desk.ledger.bust(fill) }
        #expect(desk.cash == desk.startingCash, "\(order.name)")
        #expect(desk.ledger.accounts[0].fees.isZero, "\(order.name)")
        desk.check()
    }
}
