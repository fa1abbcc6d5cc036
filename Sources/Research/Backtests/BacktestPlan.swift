import DomainAgent
import Foundation
package import MarketSim
package import Runtime
package import Signals
package import Trading

/// A backtest as its configuration file states it: a recording, a venue's terms, an agent and the
/// limits that it trades under.
package struct BacktestPlan: Sendable {
    /// What decides.
    package enum Domain: Sendable {
        /// The agent of short crypto markets, with the folder of its recorded spot feed.
        case crypto(UpDownTerms, spot: String)
        /// The agent that believes the touch.
        case touch(TouchTerms)
    }

    /// How instruments make event sets.
    package enum EventSets: String, Sendable, CaseIterable {
        /// Every instrument is an event of its own.
        case each
        /// Instruments that share everything before their last `-`.
        case prefix
    }

    package let file: String
    package let recording: String
    package let seed: UInt64
    package let cash: Money
    package let feed: FeedLatency
    package let entry: LatencyModel
    package let response: LatencyModel
    package let fees: FeeSchedule
    package let queue: QueueModel
    /// A price of the recording that counts as a dollar: 1 for prediction markets. An instrument
    /// whose price is in the thousands is traded as a claim on price ÷ unit.
    package let unit: Int64
    package let eventSets: EventSets
    package let isExclusive: Bool
    package let venue: VenueID
    package let strategy: StrategyID
    package let domain: Domain
    package let trading: TradingTerms
    package let interval: Span
    package let limits: [LimitConfiguration]

    /// Reads a file. Paths in it are relative to it.
    package init(path: String) throws {
        let text: String
        do { text = try String(contentsOfFile: path, encoding: .utf8) } catch {
            throw ProcessFailure(.unavailable, "\(path): cannot be read as text")
        }
        try self.init(yaml: text, file: path)
    }

    package init(yaml: String, file: String) throws(ConfigurationError) {
        try self.init(ConfigurationValue(yaml: yaml, file: file), file: file)
    }

    /// From a tree that was read, or made of one that was.
    package init(_ value: ConfigurationValue, file: String) throws(ConfigurationError) {
        let root = try ConfigurationSection(value, file: file, path: "")
        try root.allow("recording", "seed", "cash", "latency", "market", "agent", "limits")
        self.file = file
        recording = BacktestPlan.resolve(try root.text("recording"), beside: file)
        seed = try root.seed("seed", default: 1)
        cash = try root.decimal("cash", default: Money(1_000))
        guard cash > .zero, cash <= Money(1_000_000_000) else {
            throw root.refusal("cash", expected: "more than 0 and at most 1000000000 dollars")
        }
        (feed, entry, response) = try BacktestPlan.latency(root.optionalSection("latency"))
        let market = try root.optionalSection("market")
        try market.allow(
            "venue", "fees", "maker-fee", "taker-fee", "queue", "queue-exponent", "unit",
            "event-sets", "exclusive")
        venue = try market.identifier("venue", default: VenueID("kalshi") ?? .empty)
        fees = try BacktestPlan.fees(market)
        queue = try BacktestPlan.queue(market)
        unit = Int64(try market.integer("unit", in: 1...1_000_000_000, default: 1))
        eventSets = try market.choice(
            "event-sets", of: EventSets.allCases.map { ($0.rawValue, $0) }, default: .each)
        isExclusive = try market.flag("exclusive", default: false)
        let agent = try root.section("agent")
        try agent.allow("domain", "strategy", "spot", "parameters")
        strategy = try agent.identifier("strategy", default: StrategyID("backtest") ?? .empty)
        (domain, trading, interval) = try BacktestPlan.agent(agent, file)
        guard interval > .zero else {
            throw agent.refusal("parameters", expected: "an interval above zero")
        }
        var limits: [LimitConfiguration] = []
        for section in try root.sections("limits", isRequired: true) {
            limits.append(try LimitConfiguration(section))
        }
        self.limits = limits
    }

    private static func resolve(_ path: String, beside file: String) -> String {
        path.hasPrefix("/")
            ? path
            : URL(filePath: file).deletingLastPathComponent().appending(path: path).path
    }

    private static func agent(
        _ section: ConfigurationSection, _ file: String
    ) throws(ConfigurationError) -> (Domain, TradingTerms, Span) {
        let parameters = try section.optionalSection("parameters")
        switch try section.choice("domain", of: [("crypto", true), ("touch", false)]) {
        case true:
            let read = try CryptoParameters(parameters)
            let spot = resolve(try section.text("spot"), beside: file)
            return (.crypto(read.model, spot: spot), read.trading, read.interval)
        case false:
            if section.contains("spot") {
                throw section.refusal("spot", expected: "nothing: this domain reads no feed")
            }
            let read = try TouchParameters(parameters)
            return (.touch(read.model), read.trading, read.interval)
        }
    }

    // MARK: Latency, fees, queues

    private static func latency(
        _ section: ConfigurationSection
    ) throws(ConfigurationError) -> (FeedLatency, LatencyModel, LatencyModel) {
        try section.allow(
            "feed", "entry", "response", "deviation", "spike-every", "spike-length", "spike-extra")
        let isRecorded = try section.text("feed", default: "recorded") == "recorded"
        let feed: FeedLatency =
            isRecorded
            ? .recorded : .model(try model(section, "feed", default: .zero))
        return (
            feed, try model(section, "entry", default: .milliseconds(20)),
            try model(section, "response", default: .milliseconds(20))
        )
    }

    /// Constant, or lognormal around the stated median; with spikes where they are stated.
    private static func model(
        _ section: ConfigurationSection, _ key: String, default fallback: Span
    ) throws(ConfigurationError) -> LatencyModel {
        let median = try section.duration(key, default: fallback)
        let deviation = try section.real("deviation", in: 0...3, default: 0)
        let base: LatencyModel =
            deviation > 0
            ? .distribution(floor: .zero, median: median, deviation: deviation)
            : .constant(median)
        guard section.contains("spike-every") else { return base }
        let period = try section.duration("spike-every")
        let length = try section.duration("spike-length")
        guard period > .zero, length <= period else {
            throw section.refusal("spike-every", expected: "more than spike-length")
        }
        return .spikes(
            base, period: period, length: length, extra: try section.duration("spike-extra"))
    }

    private static func fees(_ section: ConfigurationSection) throws(ConfigurationError)
        -> FeeSchedule
    {
        enum Kind { case none, kalshi, polymarket, proportional }
        let kind = try section.choice(
            "fees",
            of: [
                ("none", Kind.none), ("kalshi", .kalshi), ("polymarket", .polymarket),
                ("proportional", .proportional),
            ])
        let maker: Price = try section.decimal("maker-fee", default: .zero)
        switch kind {
        case .none: return FeeSchedule(always: .none)
        case .kalshi:
            return FeeSchedule(
                always: .kalshi(
                    SimFees(
                        takerRate: try section.decimal("taker-fee", default: KalshiFees.takerRate),
                        makerRate: try section.decimal("maker-fee", default: KalshiFees.makerRate),
                        multiplier: .one, precision: Money(units: 10_000_000))))
        case .polymarket:
            return FeeSchedule(
                always: .polymarket(rate: try section.decimal("taker-fee"), exponent: 1))
        case .proportional:
            return FeeSchedule(
                always: .proportional(maker: maker, taker: try section.decimal("taker-fee")))
        }
    }

    private static func queue(
        _ section: ConfigurationSection
    ) throws(ConfigurationError) -> QueueModel {
        let n = try section.real("queue-exponent", in: 0.1...20, default: 3)
        return try section.choice(
            "queue",
            of: [
                ("risk-averse", QueueModel.riskAverse), ("power", .power(n)), ("log", .log),
                ("log-of-sum", .logOfSum), ("power-of-sum", .powerOfSum(n)),
                ("power-of-share", .powerOfShare(n)),
            ], default: .powerOfShare(n))
    }
}
