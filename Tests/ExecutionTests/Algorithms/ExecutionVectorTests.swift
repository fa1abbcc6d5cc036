import Execution
import Foundation
import Testing
import Trading

@Suite struct ExecutionVectorTests {
    @Test func twapVwapPovVector() throws {
        guard let file = try AlgorithmVectors("twap_vwap_pov") else { return }
        for item in file.cases {
            let input = item.input
            if input["rho"] != nil {
                let rule = Participation(rate: try input.number("rho"))
                let others = try input.number("volumeOthers")
                let child = rule.child(
                    others: others, executed: Int64(try input.number("executed")),
                    remaining: Int64(try input.number("remaining")),
                    childMin: Int64(try input.number("minLot")),
                    childMax: Int64(try input.number("maxChild")))
                #expect(Double(child) == (try item.expected.number("child")), "\(item.name)")
                expectClose(
                    [rule.target(others: others)], [try item.expected.number("targetCum")],
                    within: 1e-9, item.name)
                continue
            }
            let lots = Int64(try input.number("totalLots"))
            let children =
                input["slices"] != nil
                ? SliceSchedule.even(lots: lots, slices: Int(try input.number("slices")))
                : SliceSchedule.weighted(
                    lots: lots, weights: try input.numbers("volumeProfile"))
            #expect(
                children.map(Double.init) == (try item.expected.numbers("children")),
                "\(item.name)")
        }
    }

    @Test func almgrenChrissVector() throws {
        guard let file = try AlgorithmVectors("almgren_chriss") else { return }
        for item in file.cases {
            let input = item.input
            let quantity = try input.number("X")
            let solved = try #require(
                AlmgrenChriss(
                    .init(
                        quantity: quantity, seconds: try input.number("T"),
                        steps: Int(try input.number("N")),
                        volatility: try input.number("sigma"),
                        temporaryImpact: try input.number("eta"),
                        permanentImpact: try input.number("gamma"),
                        fixedCost: try input.number("eps"),
                        riskAversion: try input.number("lam"))))
            let expected = item.expected
            expectClose(
                [solved.urgency, solved.urgencyTildeSquared, solved.halfLife],
                try ["kappa", "kappaTildeSq", "halfLife"].map(expected.number),
                within: file.tolerance, item.name)
            // The notes of the file ask for a relative 1e-12 of the holdings.
            expectClose(
                solved.holdings, try expected.numbers("holdings"), within: quantity * 1e-12,
                item.name)
            expectClose(
                solved.trades, try expected.numbers("trades"), within: quantity * 1e-12, item.name)
            let (cost, variance) = (
                try expected.number("expectedCost"), try expected.number("variance")
            )
            #expect(abs(solved.expectedCost - cost) <= cost * 1e-12, "\(item.name)")
            #expect(abs(solved.variance - variance) <= variance * 1e-12, "\(item.name)")
        }
    }

    @Test func contKukanovVector() throws {
        guard let file = try AlgorithmVectors("cont_kukanov_single") else { return }
        for item in file.cases {
            let input = item.input
            let outflow = try #require(input["outflow"] as? [String: Any])
            try #require(outflow["kind"] as? String == "exponential")
            let split = ContKukanovSplit(
                .init(
                    quantity: try input.number("S"), queue: try input.number("Q"),
                    halfSpread: try input.number("h"), fee: try input.number("f"),
                    rebate: try input.number("r"),
                    shortfallPenalty: try input.number("lambdaU"),
                    outflow: .exponential(mean: try outflow.number("mean"))))
            expectClose(
                [split.penaltyLow, split.penaltyHigh, split.market, split.limit],
                try ["lambdaLow", "lambdaHigh", "market", "limit"].map(item.expected.number),
                within: file.tolerance, item.name)
        }
    }

    @Test func fillProbabilityVector() throws {
        guard let file = try AlgorithmVectors("fill_probability") else { return }
        for item in file.cases {
            let input = item.input
            if input["ahead"] != nil {
                let value = FillProbability.pureDeath(
                    ahead: Int(try input.number("ahead")),
                    marketRate: try input.number("marketRate"),
                    cancelRate: try input.number("cancelRatePerOrder"),
                    horizon: try input.number("horizon"))
                expectClose(
                    [value], [try item.expected.number("fillProb")], within: file.tolerance,
                    item.name)
            } else {
                let value = FillProbability.priceUp(
                    bidQueue: Int(try input.number("bidQueue")),
                    askQueue: Int(try input.number("askQueue")))
                expectClose(
                    [value], [try item.expected.number("probUp")], within: file.tolerance,
                    item.name)
            }
        }
    }

    @Test func micropriceVector() throws {
        guard let file = try AlgorithmVectors("microprice") else { return }
        for item in file.cases {
            let input = item.input
            if input["bid"] != nil {
                let (bid, ask) = (try input.number("bid"), try input.number("ask"))
                let weighted = MicroPrice.weightedMid(
                    bid: bid, bidQuantity: try input.number("bidQty"), ask: ask,
                    askQuantity: try input.number("askQty"))
                expectClose(
                    [weighted.imbalance, weighted.mid, (bid + ask) / 2],
                    try ["imbalance", "weightedMid", "mid"].map(item.expected.number),
                    within: file.tolerance, item.name)
                continue
            }
            let price = try #require(
                MicroPrice(
                    still: try input.rows("Q"), moved: try input.rows("R1"),
                    moves: try input.numbers("K"), after: try input.rows("R2")))
            let expected = item.expected
            expectClose(
                price.firstMove, try expected.numbers("G1"), within: file.tolerance, item.name)
            for (row, other) in zip(price.transitions, try expected.rows("B")) {
                expectClose(row, other, within: file.tolerance, item.name)
            }
            expectClose(
                price.adjustments, try expected.numbers("G"), within: file.tolerance, item.name)
            let (mid, tick) = (try input.number("mid"), try input.number("tick"))
            expectClose(
                price.adjustments.map { mid + tick * $0 },
                try expected.numbers("micropriceByState"), within: file.tolerance, item.name)
        }
    }

    @Test func shortfallMarkoutVector() throws {
        guard let file = try AlgorithmVectors("shortfall_markout") else { return }
        for item in file.cases {
            if item.input["orderQty"] != nil {
                try checkShortfall(item, within: file.tolerance)
            } else {
                try checkMarkouts(item, within: file.tolerance)
            }
        }
    }

    private func checkShortfall(_ item: AlgorithmVectors.Case, within tolerance: Double) throws {
        let input = item.input
        let side: Side = input["side"] as? String == "buy" ? .buy : .sell
        let shortfall = ImplementationShortfall(
            side, quantity: try input.number("orderQty"),
            decision: try input.number("decisionPrice"),
            arrival: try input.number("arrivalPrice"), end: try input.number("endPrice"),
            fills: try input.objects("fills").map {
                .init(
                    quantity: try $0.number("q"), price: try $0.number("p"),
                    fee: try $0.number("fee"))
            })
        let names = [
            "executed", "avgPrice", "delayCost", "tradingCost", "opportunityCost", "fees",
            "totalIS",
        ]
        let values = [
            shortfall.executed, try #require(shortfall.averagePrice), shortfall.delay,
            shortfall.trading, shortfall.opportunity, shortfall.fees, shortfall.total,
        ]
        expectClose(values, try names.map(item.expected.number), within: tolerance, item.name)
        expectClose(
            [shortfall.basisPoints], [try item.expected.number("isBpsOfPaper")], within: 1e-9,
            item.name)
    }

    private func checkMarkouts(_ item: AlgorithmVectors.Case, within tolerance: Double) throws {
        let moment = { (seconds: Double) in
            Timestamp(nanoseconds: Int64((seconds * 1e9).rounded()))
        }
        var history = MidHistory()
        for row in try item.input.rows("mids") { history.add(row[1], at: moment(row[0])) }
        let fills = try item.input.objects("fills").map {
            (
                at: moment(try $0.number("t")),
                side: try $0.number("side") > 0 ? Side.buy : .sell, price: try $0.number("p"),
                quantity: try $0.number("q")
            )
        }
        let byHorizon = try #require(item.expected["markoutPerFill"] as? [String: Any])
        let weighted = try #require(item.expected["qtyWeighted"] as? [String: Any])
        for horizon in try item.input.numbers("horizons") {
            let key = String(Int(horizon))
            let markouts = try fills.map {
                try #require(
                    history.markout(
                        $0.side, price: $0.price, at: $0.at, after: .seconds(Int64(horizon))))
            }
            expectClose(markouts, try byHorizon.numbers(key), within: tolerance, key)
            let sum = zip(fills, markouts).reduce(0) { $0 + $1.0.quantity * $1.1 }
            let size = fills.reduce(0) { $0 + $1.quantity }
            expectClose([sum / size], [try weighted.number(key)], within: tolerance, key)
        }
        let spreads = try fills.map {
            try #require(history.effectiveHalfSpread($0.side, price: $0.price, at: $0.at))
        }
        expectClose(
            spreads, try item.expected.numbers("effectiveHalfSpread"), within: tolerance, item.name)
    }
}
