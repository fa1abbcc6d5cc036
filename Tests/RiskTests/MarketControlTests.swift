import Foundation
import Portfolio
import Risk
import TestSupport
import Testing
import Trading
import Wire

/// Limits that follow the market: the visible depth and how much the price moves.
@Suite struct MarketControlTests {
    /// A mark with the middle at a price and equal quantities, a tick to either side.
    private func mark(_ rig: inout Rig, cents: Int64, isStale: Bool = false) {
        let middle = Price(units: cents * 10_000_000)
        let tick = price("0.01")
        rig.apply(
            rig.quote(
                bid: (middle - tick).description, ask: (middle + tick).description,
                isStale: isStale))
    }

    /// A rig whose instrument has moved from 0.50 to a price within a minute.
    private func movedRig(to cents: Int64) -> Rig {
        var rig = Rig()
        mark(&rig, cents: 50)
        rig.pass(.seconds(60))
        mark(&rig, cents: cents)
        return rig
    }

    // MARK: - Depth

    @Test(arguments: [("19.99", true), ("20", true), ("20.01", false)])
    func anOrderIsAtMostAPartOfWhatIsVisible(contracts: String, isPermitted: Bool) {
        var rig = Rig()
        rig.limit(.depthShareMax, "0.5")
        rig.limit(.depthShareMax, "0.2", at: .instrument)
        let judgement = rig.order(.buy, "0.50", contracts)
        #expect(judgement.isPermitted == isPermitted)
        if !isPermitted {
            #expect(judgement.reason == .depthShareExceeded)
            #expect(judgement.level == .instrument)
            #expect(judgement.limit == units("20"))
        }
    }

    @Test func theOtherSideIsWhatCounts() {
        for side in [Side.buy, .sell] {
            var rig = Rig()
            rig.limit(.depthShareMax, "0.2")
            let parent = rig.declare(side).id
            var thin = rig.quote()
            thin.askDepth = side == .buy ? quantity("10") : quantity("1000")
            thin.bidDepth = side == .sell ? quantity("10") : quantity("1000")
            let large = rig.makeRequest(side, "0.50", "2.01", intent: parent)
            #expect(rig.send(large, reference: thin).reason == .depthShareExceeded)
            let small = rig.makeRequest(side, "0.50", "2", intent: parent)
            #expect(rig.send(small, reference: thin).isPermitted)
        }
    }

    @Test func deniesWhereNothingIsVisible() {
        var rig = Rig()
        rig.limit(.depthShareMax, "0.2")
        let parent = rig.declare(.buy).id
        var empty = rig.quote()
        empty.askDepth = .zero
        let request = rig.makeRequest(.buy, "0.50", "1", intent: parent)
        #expect(rig.send(request, reference: empty).reason == .depthMissing)
        var negative = rig.quote()
        negative.askDepth = Quantity(units: .min)
        let second = rig.makeRequest(.buy, "0.50", "1", intent: parent)
        #expect(rig.send(second, reference: negative).reason == .depthMissing)
        var endless = rig.quote()
        endless.askDepth = .max
        rig.limit(.depthShareMax, "9223372036.854775807")
        let third = rig.makeRequest(.buy, "0.50", "1", intent: parent)
        #expect(rig.send(third, reference: endless).isPermitted)
    }

    // MARK: - Volatility

    @Test(arguments: [("7.99", true), ("8", true), ("8.01", false)])
    func withoutAnEstimateThePriceMovesAsFarAsItCan(contracts: String, isPermitted: Bool) {
        var rig = Rig()
        // At 0.50 a price can expect to move by no more than the root of a quarter.
        rig.limit(.volatilityBudget, "4")
        let judgement = rig.order(.buy, "0.50", contracts)
        #expect(judgement.isPermitted == isPermitted)
        if !isPermitted {
            #expect(judgement.reason == .volatilityExceeded)
            #expect(judgement.value == units("4.005"))
        }
    }

    @Test func aCalmMarketGivesRoomAndAWildOneTakesIt() {
        var calm = movedRig(to: 50)
        calm.limit(.volatilityBudget, "4")
        let parent = calm.declare(.buy).id
        // The noise of one tick at 0.50 is 0.01 / root(12) a minute: 0.0224 in an hour.
        let request = calm.makeRequest(.buy, "0.50", "100", intent: parent)
        let permitted = calm.send(request, reference: calm.quote())
        #expect(permitted.isPermitted)
        let value = permitted.result(of: .volatility)?.value ?? 0
        let noise: Double = 0.01 / 12.0.squareRoot()
        let expected: Double = 100 * noise * 60.0.squareRoot()
        #expect(abs(Double(value) / 1e9 - expected) < 1e-8)
        var wild = movedRig(to: 55)
        wild.limit(.volatilityBudget, "4")
        let denied = wild.order(.buy, "0.50", "100")
        #expect(denied.reason == .volatilityExceeded)
        #expect(denied.value > units("30"))
    }

    @Test func theWorstPositionOfEveryScopeCounts() {
        var rig = Rig()
        rig.limit(.volatilityBudget, "4", at: .account)
        let second = StrategyKey(
            org: Rig.owner.org, account: Rig.owner.account, mode: .paper, strategy: named("second"))
        rig.grant(second, to: Rig.agentID)
        let held = rig.order(.buy, "0.50", "5")
        rig.fill(held.orderID, "5")
        #expect(rig.order(.buy, "0.50", "2").isPermitted)
        let denied = rig.order(.buy, "0.50", "1.01", owner: second)
        #expect(denied.reason == .volatilityExceeded)
        #expect(denied.level == .account)
        #expect(rig.order(.sell, "0.55", "13", owner: second).isPermitted)
    }

    @Test func anEstimateIsTakenOnceAMinuteFromWholeTrustedBooksOnly() {
        var rig = movedRig(to: 50)
        let before = rig.engine.snapshotBytes()
        rig.pass(.seconds(59))
        mark(&rig, cents: 60)
        rig.apply(rig.quote(bid: "0.49", ask: "0.51"))
        func move(_ rig: Rig) -> Double? {
            var rig = rig
            rig.limit(.volatilityBudget, "1000")
            return rig.order(.buy, "0.50", "1").result(of: .volatility).map { Double($0.value) }
        }
        let calm = move(rig)
        rig.pass(.seconds(1))
        mark(&rig, cents: 70, isStale: true)
        rig.apply(rig.quote(bid: "0.70", ask: nil))
        rig.apply(rig.quote(bid: nil, ask: "0.30"))
        rig.apply(rig.quote(bid: "0.60", ask: "0.40"))
        rig.apply(rig.quote(bid: "0.49", ask: "0.51"))
        #expect(move(rig) == calm)
        #expect(rig.engine.snapshotBytes() != before)
        rig.pass(.seconds(60))
        mark(&rig, cents: 60)
        rig.apply(rig.quote(bid: "0.49", ask: "0.51"))
        #expect((move(rig) ?? 0) > (calm ?? 0) * 2)
    }

    @Test(arguments: [(0, false), (1, true)])
    func anOldEstimateIsNone(offset: Int64, isWorst: Bool) {
        var rig = movedRig(to: 50)
        rig.limit(.volatilityBudget, "4")
        rig.pass(.seconds(900) + Span(nanoseconds: offset))
        let judgement = rig.order(.buy, "0.50", "9")
        #expect(judgement.isPermitted != isWorst)
    }

    @Test func theEstimateOutlivesARestart() throws {
        var rig = movedRig(to: 53)
        rig.limit(.volatilityBudget, "1000")
        let bytes = rig.engine.snapshotBytes()
        var restored = rig
        restored.engine = Rig.mutated(try RiskEngine(snapshot: bytes))
        #expect(restored.engine.snapshotBytes() == bytes)
        for _ in 0..<3 {
            for step in [51, 57, 54] as [Int64] {
                rig.pass(.seconds(75))
                restored.pass(.seconds(75))
                mark(&rig, cents: step)
                mark(&restored, cents: step)
            }
            let live = rig.order(.buy, "0.40", "3")
            let again = restored.order(.buy, "0.40", "3")
            #expect(live.isPermitted)
            #expect(live.controls.elementsEqual(again.controls))
        }
        #expect(restored.engine.snapshotBytes() == rig.engine.snapshotBytes())
    }

    @Test func aSpoiledEstimateIsRefused() throws {
        let bytes = movedRig(to: 53).engine.snapshotBytes()
        var offset = 0
        var isTried = false
        while offset < bytes.count {
            let length = (0..<4).reduce(0) { $0 | Int(bytes[offset + $1]) << (8 * $1) }
            let place = offset + 4..<offset + 4 + length
            if try WireFrame.template(of: Array(bytes[place])) == .snapshotVolatility {
                var record = try SnapshotVolatility(decoding: Array(bytes[place]))
                record.variance = -1
                var spoiled = bytes
                spoiled.replaceSubrange(place, with: record.frame())
                #expect(throws: SnapshotError.self) { _ = try RiskEngine(snapshot: spoiled) }
                isTried = true
            }
            offset += 4 + length
        }
        #expect(isTried)
    }

    // MARK: - Collars

    @Test func collarsNarrowInACalmMarket() {
        // One minute's deviation at 0.50 is the noise of a tick, so the width is two ticks.
        var rig = movedRig(to: 50)
        rig.limit(.collarSigmas, "3")
        #expect(rig.order(.buy, "0.53", "1").isPermitted)
        let denied = rig.order(.buy, "0.54", "1")
        #expect(denied.reason == .collarExceeded)
        #expect(denied.limit == units("0.02"))
        // An order at its own touch is never too far from the middle.
        #expect(rig.order(.buy, "0.48", "1").isPermitted)
        #expect(rig.order(.buy, "0.46", "1").reason == .collarExceeded)
    }

    @Test func collarsWidenWithThePriceAndNeverBeyondWhatIsStated() {
        // From 0.50 to 0.55 in a minute: a deviation of about 0.05.
        var rig = movedRig(to: 55)
        rig.limit(.collarSigmas, "2")
        #expect(rig.order(.buy, "0.60", "1").isPermitted)
        #expect(rig.order(.buy, "0.63", "1").reason == .collarExceeded)
        rig.limit(.collarSigmas, "1000")
        #expect(rig.order(.buy, "0.71", "1").isPermitted)
        #expect(rig.order(.buy, "0.72", "1").reason == .collarExceeded)
    }

    @Test func withoutAnEstimateACollarIsAtItsNarrowest() {
        var rig = Rig()
        rig.limit(.collarSigmas, "1000")
        #expect(rig.order(.buy, "0.53", "1").isPermitted)
        #expect(rig.order(.buy, "0.54", "1").reason == .collarExceeded)
    }

    // MARK: - Numbers

    @Test func theLogarithmIsThatOfTheLibrary() {
        var random = SeededRandom(seed: 5)
        for _ in 0..<20_000 {
            let exponent = Double.random(in: -40...40, using: &random)
            let value = pow(10, exponent)
            let expected = log(value)
            #expect(abs(logarithm(value) - expected) <= 2 * abs(expected).ulp)
        }
        for value in [1.0, 2, 0.5, 1.0000000001, .leastNormalMagnitude, .greatestFiniteMagnitude] {
            #expect(abs(logarithm(value) - log(value)) <= 2 * abs(log(value)).ulp)
        }
    }

    private struct VolatilityVectors: Decodable {
        struct Case: Decodable {
            struct Input: Decodable {
                let close: [Double]
            }
            struct Expected: Decodable {
                let ewmaVarPath: [Double]
                let logitRealisedVol: Double
            }
            let name: String
            let input: Input
            let expected: Expected
        }
        let tolerance_abs: Double
        let cases: [Case]
    }

    @Test func theVarianceFollowsTheVolatilityVectors() throws {
        guard
            let vectors = try VectorFile.decode(
                VolatilityVectors.self, "algorithms", "volatility")
        else { return }
        #expect(!vectors.cases.isEmpty)
        for item in vectors.cases {
            var estimate = Volatility()
            estimate.add(price: 0.5, at: .zero)
            for (index, expected) in item.expected.ewmaVarPath.enumerated() {
                let closes = item.input.close
                estimate.add(
                    change: logarithm(closes[index + 1] / closes[index]), steps: 1,
                    isFirst: index == 0)
                #expect(abs(estimate.variance - expected) <= vectors.tolerance_abs, "\(item.name)")
            }
            let logits = item.input.close.map { logarithm($0 / (1 - $0)) }
            let changes: [Double] = zip(logits.dropFirst(), logits).map { $0 - $1 }
            let realised = changes.reduce(0.0) { $0 + $1 * $1 }.squareRoot()
            #expect(abs(realised - item.expected.logitRealisedVol) <= vectors.tolerance_abs)
        }
    }

    private struct LiquidityVectors: Decodable {
        struct Case: Decodable {
            struct Input: Decodable {
                let topDepth: Int64
                let childFraction: Double
            }
            struct Expected: Decodable {
                let maxChild: Int64
            }
            let name: String
            let input: Input
            let expected: Expected
        }
        let cases: [Case]
    }

    @Test func theLargestChildIsThatOfTheLiquidityVectors() throws {
        guard
            let vectors = try VectorFile.decode(
                LiquidityVectors.self, "algorithms", "liquidity_limit")
        else { return }
        #expect(!vectors.cases.isEmpty)
        for item in vectors.cases {
            var rig = Rig()
            rig.limit(.depthShareMax, "\(item.input.childFraction)")
            let parent = rig.declare(.buy).id
            var reference = rig.quote()
            reference.askDepth = Quantity(item.input.topDepth)
            for (extra, isPermitted) in [(10_000_000, false), (0, true)] as [(Int64, Bool)] {
                var request = rig.makeRequest(.buy, "0.50", "1", intent: parent)
                request.quantity =
                    Quantity(item.expected.maxChild) + Quantity(units: extra)
                let judgement = rig.send(request, reference: reference)
                #expect(judgement.isPermitted == isPermitted, "\(item.name)")
            }
        }
    }
}
