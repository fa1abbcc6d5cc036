import DomainAgent
import Runtime
import Signals
import Testing
import Trading

/// The configuration of an agent whose facts come from named sources.
struct FactParametersTests {
    private func parameters(_ yaml: String) throws -> FactParameters {
        let value = try ConfigurationValue(yaml: yaml, file: "a.yaml")
        return try FactParameters(
            ConfigurationSection(value, file: "a.yaml", path: "agents[0].parameters"),
            rules: SportsBelief.rules)
    }

    @Test func everythingHasADefault() throws {
        let parameters = try parameters("{ model-weight: 0.5 }")
        #expect(parameters.belief == BeliefTerms())
        #expect(parameters.trading == TradingTerms())
        #expect(parameters.rules == SportsBelief.rules)
    }

    @Test func whatIsSaidIsTaken() throws {
        let parameters = try parameters(
            """
            { model-weight: 0.25, overdue-max: 2, kelly-fraction: 0.1, position-max: "7",
              sources: [ { kind: score, freshness: 2m, field: first, max: 80, jump: 8 } ] }
            """)
        #expect(parameters.belief.modelWeight == 0.25)
        #expect(parameters.belief.overdueMax == 2)
        #expect(parameters.trading.kellyFraction == 0.1)
        #expect(parameters.trading.positionMax == Quantity(7))
        let rule = try #require(parameters.rules.first { $0.kind == "score" })
        #expect(rule.freshness == .seconds(120))
        #expect(rule.fields[0].range == 0...80)
        #expect(rule.fields[0].jumpMax == 8)
        #expect(rule.fields[1] == SportsBelief.rules[2].fields[1])
    }

    @Test(
        arguments: [
            ("{ lead: 5s }", "lead"), ("{ model-weight: 2 }", "model-weight"),
            ("{ sources: [ { kind: rumour } ] }", "result, fixture, score"),
            ("{ sources: [ { kind: score, field: third } ] }", "first, second, minutes_left"),
            ("{ sources: [ { kind: score, jump: 3 } ] }", "the field that `jump` is about"),
            ("{ sources: [ { kind: score, field: first, min: 9, max: 3 } ] }", "at least 9"),
            ("{ sources: [ { kind: score, freshness: soon } ] }", "freshness"),
        ])
    func whatIsWrongIsNamed(yaml: String, text: String) throws {
        let error = try #require(throws: ConfigurationError.self) { try parameters(yaml) }
        #expect("\(error)".contains(text), "\(error)")
    }
}
