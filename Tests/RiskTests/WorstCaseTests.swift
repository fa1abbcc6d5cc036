import Risk
import TestSupport
import Testing
import Trading

/// One order of a brute-force set.
private struct OpenOrder {
    let member: Int
    let side: Side
    let price: Price
    let quantity: Quantity
}

@Suite struct WorstCaseTests {
    @Test func kalshiNoAtSixtyAndNoAtSeventyLoseThirtyCents() {
        // NO at 60 cents is a sale of YES at 40 cents.
        let first = Exposure(cash: amount("0.40"), quantity: quantity("-1"))
        let second = Exposure(cash: amount("0.30"), quantity: quantity("-1"))
        #expect(loss([first, second], isExclusive: true) == amount("0.30"))
        #expect(loss([first, second], isExclusive: false) == amount("1.30"))
    }

    @Test func aVoidedSetPaysHalfToEverySide() {
        // Three NO at 60 cents bring two dollars, or one and a half when the set is voided.
        let members = (0..<3).map { _ in Exposure(cash: amount("0.40"), quantity: quantity("-1")) }
        #expect(loss(members, isExclusive: true) == amount("0.30"))
        // A NO at 60 cents that has an order for another beside it.
        var first = Exposure(cash: amount("0.40"), quantity: quantity("-1"))
        let fits = first.add(OrderLoad(.sell, price("0.30"), quantity("1")) ?? .none)
        #expect(fits)
        let fee = FeeReserve.bound(price("0.30"), quantity("1")) ?? .zero
        #expect(first.lossIfVoid == amount("0.20") + fee)
    }

    @Test func aLongPositionLosesItsCost() {
        let held = Exposure(cash: amount("-4"), quantity: quantity("10"))
        #expect(loss([held], isExclusive: true) == amount("4"))
    }

    @Test func buyingEveryOutcomeOfAnExhaustiveSetCannotLose() {
        let members = (0..<3).map { _ in Exposure(cash: amount("-0.3"), quantity: quantity("1")) }
        #expect(loss(members, isExclusive: true, isExhaustive: true) == amount("-0.1"))
        #expect(loss(members, isExclusive: true) == amount("0.9"))
    }

    @Test(arguments: 0..<UInt64(300))
    func theFastFormulaIsTheWorstOverOutcomesAndSubsets(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let count = Int.random(in: 1...4, using: &random)
        let isExclusive = Bool.random(using: &random)
        let isExhaustive = isExclusive && count > 1 && Bool.random(using: &random)
        var exposures = (0..<count).map { _ in
            Exposure(
                cash: Money(
                    units: Int64.random(in: -5_000_000_000...5_000_000_000, using: &random)),
                quantity: Quantity(
                    units: Int64.random(in: -900...900, using: &random) * 10_000_000))
        }
        let held = exposures
        let orders = (0..<Int.random(in: 0...7, using: &random)).map { _ in
            OpenOrder(
                member: Int.random(in: 0..<count, using: &random),
                side: Bool.random(using: &random) ? .buy : .sell,
                price: Price(units: Int64.random(in: 1...99, using: &random) * 10_000_000),
                quantity: Quantity(
                    units: Int64.random(in: 1...500, using: &random) * 10_000_000))
        }
        for order in orders {
            let load = OrderLoad(order.side, order.price, order.quantity) ?? .none
            let fits = exposures[order.member].add(load)
            #expect(fits)
        }
        let expected = bruteForce(held, orders, isExclusive, isExhaustive)
        let found = loss(exposures, isExclusive: isExclusive, isExhaustive: isExhaustive)
        #expect(found == expected, "seed \(seed)")
    }

    @Test(arguments: 0..<UInt64(200))
    func anOpenOrderNeverLowersTheLoss(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let count = Int.random(in: 1...4, using: &random)
        let isExclusive = Bool.random(using: &random)
        var exposures = (0..<count).map { _ in
            Exposure(
                cash: Money(
                    units: Int64.random(in: -5_000_000_000...5_000_000_000, using: &random)),
                quantity: Quantity(units: Int64.random(in: -9...9, using: &random) * 1_000_000_000))
        }
        var before = loss(exposures, isExclusive: isExclusive)
        for _ in 0..<10 {
            let member = Int.random(in: 0..<count, using: &random)
            let load =
                OrderLoad(
                    Bool.random(using: &random) ? .buy : .sell,
                    Price(units: Int64.random(in: 1...99, using: &random) * 10_000_000),
                    Quantity(units: Int64.random(in: 1...500, using: &random) * 10_000_000))
                ?? .none
            let needBefore = exposures[member].cashNeed
            let fits = exposures[member].add(load)
            #expect(fits)
            let after = loss(exposures, isExclusive: isExclusive)
            #expect((after ?? .max) >= (before ?? .max), "seed \(seed)")
            #expect(exposures[member].cashNeed >= needBefore, "seed \(seed)")
            before = after
        }
    }

    @Test(arguments: 0..<UInt64(200))
    func theCashNeedCoversEverySubsetOfFills(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let held = Int64.random(in: -5...5, using: &random) * 1_000_000_000
        var exposure = Exposure(cash: .zero, quantity: Quantity(units: held))
        let orders = (0..<Int.random(in: 1...8, using: &random)).map { _ in
            OpenOrder(
                member: 0, side: Bool.random(using: &random) ? .buy : .sell,
                price: Price(units: Int64.random(in: 1...99, using: &random) * 10_000_000),
                quantity: Quantity(
                    units: Int64.random(in: 1...500, using: &random) * 10_000_000))
        }
        for order in orders {
            let fits = exposure.add(
                OrderLoad(order.side, order.price, order.quantity) ?? .none)
            #expect(fits)
        }
        var worst: Int128 = 0
        for subset in 0..<(1 << orders.count) {
            var cash: Int128 = 0
            var position = held
            for (index, order) in orders.enumerated() where subset >> index & 1 == 1 {
                let notional = Money(order.price, times: order.quantity, .up)
                cash += Int128(notional.units) * Int128(-order.side.sign)
                position += order.side.sign * order.quantity.units
            }
            cash -= Int128(max(0, -position)) - Int128(max(0, -held))
            worst = max(worst, -cash)
        }
        #expect(exposure.cashNeed - Int128(exposure.feeReserve.units) == worst, "seed \(seed)")
    }

    private func loss(
        _ exposures: [Exposure], isExclusive: Bool, isExhaustive: Bool = false
    ) -> Money? {
        var worst = WorstCase(isExclusive: isExclusive, isExhaustive: isExhaustive)
        for exposure in exposures { worst.add(exposure) }
        return worst.loss
    }

    /// Every outcome times every subset of the orders.
    private func bruteForce(
        _ held: [Exposure], _ orders: [OpenOrder], _ isExclusive: Bool, _ isExhaustive: Bool
    ) -> Money {
        var worst = Int128.max
        for outcome in outcomes(held.count, isExclusive, isExhaustive) {
            for subset in 0..<(1 << orders.count) {
                var total: Int128 = 0
                for (member, exposure) in held.enumerated() {
                    total += Int128(exposure.cash.units)
                    total += Int128(exposure.quantity.units) * outcome[member] / 2
                }
                for (index, order) in orders.enumerated() where subset >> index & 1 == 1 {
                    total += payoff(order, halves: outcome[order.member])
                }
                worst = min(worst, total)
            }
        }
        return Money(units: Int64(-worst))
    }

    private func payoff(_ order: OpenOrder, halves: Int128) -> Int128 {
        let fee = FeeReserve.bound(order.price, order.quantity) ?? .zero
        let value = Int128(order.quantity.units) * halves / 2
        switch order.side {
        case .buy:
            let cost = Money(order.price, times: order.quantity, .up)
            return value - Int128(cost.units) - Int128(fee.units)
        case .sell:
            let proceeds = Money(order.price, times: order.quantity, .down)
            return Int128(proceeds.units) - value - Int128(fee.units)
        }
    }

    /// What each member pays, in halves of a dollar: one wins, none does, or all are voided.
    /// Members that do not exclude each other win, lose or are voided each alone.
    private func outcomes(
        _ count: Int, _ isExclusive: Bool, _ isExhaustive: Bool
    ) -> [[Int128]] {
        guard isExclusive else {
            return (0..<count).reduce([[]]) { found, _ in
                found.flatMap { outcome in [0, 1, 2].map { outcome + [$0] } }
            }
        }
        let none = isExhaustive ? [] : [[Int128](repeating: 0, count: count)]
        let void = [[Int128](repeating: 1, count: count)]
        return none + void + (0..<count).map { winner in (0..<count).map { $0 == winner ? 2 : 0 } }
    }
}

@Suite struct OutcomeSetVectorTests {
    struct Vectors: Decodable {
        let cases: [Case]

        struct Case: Decodable {
            let name: String
            let input: Input
            let expected: Expected
        }

        struct Input: Decodable {
            let yes: [Double]
            let no: [Double]
            let cash: Double
            let indexSet: [Int]
            let amount: Double
            let feeBips: Int64
            let exhaustive: Bool
        }

        struct Expected: Decodable {
            let yes: [Double]
            let no: [Double]
            let cash: Double
            let payoffBefore: [Double]?
            let payoffAfter: [Double]
            let worstBefore: Double?
            let worstAfter: Double?
        }
    }

    @Test func payoffsAndConversionsMatchTheVector() throws {
        let vectors = try VectorFile.decode(Vectors.self, "algorithms", "negrisk_worstcase")
        guard let vectors else { return }
        #expect(!vectors.cases.isEmpty)
        for vector in vectors.cases { check(vector) }
    }

    private func check(_ vector: Vectors.Case) {
        let set = OutcomeSet(
            yes: vector.input.yes.map(exact), no: vector.input.no.map(exact),
            cash: exact(vector.input.cash), isExhaustive: vector.input.exhaustive)
        let converted = set.converting(
            exact(vector.input.amount), of: vector.input.indexSet,
            feeBasisPoints: vector.input.feeBips)
        let expected = vector.expected
        #expect(converted?.yes == expected.yes.map(exact), "\(vector.name)")
        #expect(converted?.no == expected.no.map(exact), "\(vector.name)")
        #expect(converted?.cash == exact(expected.cash), "\(vector.name)")
        #expect(converted?.payoffs == expected.payoffAfter.map(exact), "\(vector.name)")
        if let before = expected.payoffBefore {
            #expect(set.payoffs == before.map(exact), "\(vector.name)")
        }
        if let worst = expected.worstBefore { #expect(set.worst == exact(worst)) }
        if let worst = expected.worstAfter { #expect(converted?.worst == exact(worst)) }
        checkWorstCase(vector, set)
    }

    /// The engine's worst case over the same holdings agrees with the payoff vector, to which it
    /// adds that the set is voided.
    private func checkWorstCase(_ vector: Vectors.Case, _ set: OutcomeSet) {
        var worst = WorstCase(isExclusive: true, isExhaustive: vector.input.exhaustive)
        for index in set.yes.indices {
            // A NO is a dollar less a YES.
            let no = set.no[index]
            let cash = Money(units: no.units) + (index == 0 ? set.cash : .zero)
            worst.add(Exposure(cash: cash, quantity: set.yes[index] - no))
        }
        let held = zip(set.yes, set.no).reduce(Int64(0)) { $0 + $1.0.units + $1.1.units }
        let ifVoid = set.cash + Money(units: held / 2)
        #expect(worst.loss == -min(set.worst, ifVoid), "\(vector.name)")
    }

    private func exact<Value: FixedPoint>(_ value: Double) -> Value {
        Value(value, rounding: .nearestEven) ?? .max
    }
}
