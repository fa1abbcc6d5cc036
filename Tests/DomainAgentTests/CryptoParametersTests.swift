import DomainAgent
import Execution
import Runtime
import Signals
import Testing
import Trading

@Suite struct CryptoParametersTests {
    private func read(_ yaml: String) throws(ConfigurationError) -> CryptoParameters {
        let value = try ConfigurationValue(yaml: yaml, file: "a.yaml")
        let root = try ConfigurationSection(value, file: "a.yaml", path: "agents[0].parameters")
        return try CryptoParameters(root)
    }

    @Test func everythingHasADefault() throws {
        let parameters = try CryptoParameters(
            ConfigurationSection(file: "a.yaml", path: "parameters", line: 1, entries: []))
        #expect(parameters.model == UpDownTerms())
        #expect(parameters.trading == TradingTerms())
    }

    @Test func readsWhatIsGiven() throws {
        let parameters = try read(
            """
            policy: coin-flip
            seed: 9
            tail-degrees: 4
            quiet-before-end: 60s
            order-quantity-max: "3"
            scan-load: 10
            """)
        #expect(parameters.model.kind == .coinFlip)
        #expect(parameters.model.seed == 9)
        #expect(parameters.model.tailDegrees == 4)
        #expect(parameters.model.quietBeforeEnd == .seconds(60))
        #expect(parameters.trading.orderQuantityMax == Quantity(3))
        #expect(parameters.trading.scanLoad == 10)
    }

    @Test func readsTheAlgorithm() throws {
        let twap = try read("execution: { style: twap, slices: 4, horizon: 90s }").trading
        #expect(twap.execution == ExecutionPlan(style: .twap(slices: 4), horizon: .seconds(90)))
        let iceberg = try read(
            "execution: { style: iceberg, display: 0.2, display-max: \"3\", seed: 7, "
                + "child-share: 0.5, crosses-at-deadline: true }"
        ).trading
        #expect(
            iceberg.execution
                == ExecutionPlan(
                    style: .iceberg(display: 0.2, displayMax: Quantity(3), seed: 7),
                    childShare: 0.5, crossesAtDeadline: true))
        let urgent = try read("execution: { style: urgency, risk-aversion: 2 }").trading
        #expect(
            urgent.execution?.style
                == .urgency(
                    steps: 6, volatility: 0.001, temporaryImpact: 0.01, riskAversion: 2))
    }

    @Test(arguments: [
        ("polcy: updown", 1, "`polcy`"),
        ("seed: 1\npolicy: sure-thing", 2, "updown, coin-flip, believe-market"),
        ("model-weight: 1.5", 1, "a number from 0.0 to 1.0"),
        ("quiet-before-end: 400s", 1, "less than"),
        ("order-quantity-min: \"9\"", 1, "at least 9"),
        ("taker-rate: \"1.2\"", 1, "at most 1"),
        ("order-quantity-max: \"0\"", 1, "more than 0"),
        ("execution: { style: vwop }", 1, "twap, passive, iceberg, urgency"),
        ("execution: { style: passive, slices: 4 }", 1, "`slices`"),
        ("execution: { style: twap, slices: 0 }", 1, "from 1 to 10000"),
        ("execution: { style: iceberg, display: 2 }", 1, "from 0.001 to 1.0"),
    ])
    func namesFileLineKeyAndWhatWasExpected(_ yaml: String, _ line: Int, _ part: String) {
        do {
            _ = try read(yaml)
            Issue.record("accepted: \(yaml)")
        } catch {
            #expect(error.line == line || part == "at least 9", "\(error)")
            #expect(error.description.contains(part), "\(error)")
            #expect(error.description.hasPrefix("a.yaml:"), "\(error)")
        }
    }
}
