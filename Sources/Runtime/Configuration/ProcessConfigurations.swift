package import Trading

/// The risk core's part of the configuration.
package struct CoreConfiguration: Sendable, Equatable {
    package let name: ProcessID
    /// Entries between two signed checkpoints.
    package let checkpointEvery: Int
    package let heartbeat: Span
    /// How long a gateway keeps a lease without a heartbeat.
    package let lease: Span
    /// How long a permit may be used, on the gateway's monotonic clock.
    package let permitValidity: Span
    package let endpoint: EndpointConfiguration
    /// The signed file of what may be traded: absolute, or beside the configuration. Nil where the
    /// venue's definitions are all there is, which live trading does not accept.
    package let registry: String?

    init(_ section: ConfigurationSection) throws(ConfigurationError) {
        try section.allow(
            "name", "checkpoint-every", "heartbeat", "lease", "permit-validity", "endpoint",
            "registry")
        name = try section.identifier("name", default: ProcessID("core"))
        checkpointEvery = try section.integer(
            "checkpoint-every", in: 16...10_000_000, default: 4096)
        heartbeat = try section.duration("heartbeat", default: .milliseconds(200))
        lease = try section.duration("lease", default: .milliseconds(1500))
        permitValidity = try section.duration("permit-validity", default: .milliseconds(1000))
        endpoint = try EndpointConfiguration(section, roles: [.agents, .admin])
        registry = section.contains("registry") ? try section.text("registry") : nil
        if lease < heartbeat * 3 {
            throw section.refusal("lease", expected: "at least three heartbeats")
        }
    }
}

/// One execution gateway: one venue account.
package struct GatewayConfiguration: Sendable, Equatable {
    package let name: ProcessID
    package let venue: VenueID
    package let org: OrgID
    package let account: AccountID
    /// The venue's base URL; the only difference between paper and live, besides the keys.
    package let url: String
    /// What the venue calls the key; empty where that follows from the key itself, as a wallet's
    /// address does.
    package let keyID: String
    /// Whether the venue owns market time (sim-venue does).
    package let isReplay: Bool
    /// What the venue's adapter alone reads, such as which markets are wanted.
    package let options: [String: String]
    /// Levels of a book that go out on the market channel.
    package let publishDepth: Int
    package let startingCash: Money
    /// How trades of the account release the cost of what they close.
    package let costMethod: CostMethod
    /// By how much the venue's cash may differ from the ledger's before that is a break.
    package let cashTolerance: Money
    /// By how many contracts a position may.
    package let positionTolerance: Quantity
    /// How often, in market time, the account is compared with the venue while it trades.
    package let reconcileEvery: Span
    package let lastLine: LastLineConfiguration
    package let endpoint: EndpointConfiguration

    init(_ section: ConfigurationSection) throws(ConfigurationError) {
        try section.allow(
            "name", "venue", "org", "account", "url", "key-id", "replay", "options",
            "publish-depth",
            "starting-cash", "cost-method", "cash-tolerance", "position-tolerance",
            "reconcile-every", "last-line", "endpoint")
        name = try section.identifier("name")
        venue = try section.identifier("venue")
        org = try section.identifier("org")
        account = try section.identifier("account")
        url = try section.text("url")
        let isNamed = section.contains("key-id") || venue != GatewayConfiguration.walletVenue
        keyID = isNamed ? try section.text("key-id") : ""
        isReplay = try section.flag("replay", default: false)
        let stated = try section.optionalSection("options")
        var options: [String: String] = [:]
        for entry in stated.entries { options[entry.key] = try stated.text(entry.key) }
        self.options = options
        publishDepth = try section.integer("publish-depth", in: 1...500, default: 10)
        startingCash = try section.decimal("starting-cash")
        costMethod = try section.choice(
            "cost-method", of: CostMethod.allCases.map { ("\($0)", $0) }, default: .average)
        cashTolerance = try section.decimal("cash-tolerance", default: .zero)
        positionTolerance = try section.decimal("position-tolerance", default: .zero)
        reconcileEvery = try section.duration("reconcile-every", default: .seconds(300))
        guard reconcileEvery >= .seconds(1) else {
            throw section.refusal("reconcile-every", expected: "at least 1s")
        }
        lastLine = try LastLineConfiguration(section.section("last-line"))
        endpoint = try EndpointConfiguration(section, roles: [.orders, .admin, .market])
        guard url.hasPrefix("http://") || url.hasPrefix("https://") else {
            throw section.refusal("url", expected: "a URL that starts with http:// or https://")
        }
    }
}

extension GatewayConfiguration {
    /// The venue whose accounts are named by their keys.
    package static let walletVenue = VenueID("polymarket")
}

/// What a gateway refuses whatever the core permits.
package struct LastLineConfiguration: Sendable, Equatable {
    package let orderQuantityMax: Quantity
    package let orderNotionalMax: Money
    package let ordersPerSecond: Int

    init(_ section: ConfigurationSection) throws(ConfigurationError) {
        try section.allow("order-quantity-max", "order-notional-max", "orders-per-second")
        orderQuantityMax = try section.decimal("order-quantity-max")
        orderNotionalMax = try section.decimal("order-notional-max")
        ordersPerSecond = try section.integer("orders-per-second", in: 1...100_000)
    }
}

/// One domain agent: one strategy of one account.
package struct AgentConfiguration: Sendable, Equatable {
    package let name: ProcessID
    package let domain: ShortName
    package let org: OrgID
    package let account: AccountID
    package let strategy: StrategyID
    package let venue: VenueID
    /// The domain's own, which the agent reads with the same strictness.
    package let parameters: ConfigurationSection
    package let endpoint: EndpointConfiguration

    init(_ section: ConfigurationSection) throws(ConfigurationError) {
        try section.allow(
            "name", "domain", "org", "account", "strategy", "venue", "parameters", "endpoint")
        name = try section.identifier("name")
        domain = try section.name("domain")
        org = try section.identifier("org")
        account = try section.identifier("account")
        strategy = try section.identifier("strategy")
        venue = try section.identifier("venue")
        parameters = try section.optionalSection("parameters")
        endpoint = try EndpointConfiguration(section, roles: [.admin])
    }
}

/// The simulated venue.
package struct SimVenueConfiguration: Sendable, Equatable {
    package let name: ProcessID
    /// `HOST:PORT` that speaks Kalshi's protocol.
    package let kalshi: String
    /// `HOST:PORT` that speaks Polymarket's; nil where it is not served.
    package let polymarket: String?
    package let markets: SimMarkets
    package let seed: UInt64
    package let balance: Money
    /// How long a tick waits for a participant that is silent, while others are not.
    package let patience: Span
    /// How long market time stands still while no participant is there.
    package let hold: Span
    /// Options of the generated flow, which the venue reads itself.
    package let parameters: ConfigurationSection

    init(_ section: ConfigurationSection) throws(ConfigurationError) {
        try section.allow(
            "name", "kalshi", "polymarket", "markets", "seed", "balance", "patience", "hold",
            "parameters")
        name = try section.identifier("name", default: ProcessID("sim-venue"))
        kalshi = try SimVenueConfiguration.address("kalshi", section)
        polymarket =
            section.contains("polymarket")
            ? try SimVenueConfiguration.address("polymarket", section) : nil
        markets = try section.choice(
            "markets", of: SimMarkets.allCases.map { ($0.rawValue, $0) }, default: .recorded)
        if polymarket != nil, markets == .recorded {
            throw section.refusal(
                "markets", expected: "demo: a recording is served by Kalshi's protocol alone")
        }
        seed = try section.seed("seed", default: 7)
        balance = try section.decimal("balance")
        patience = try section.duration("patience", default: .seconds(10))
        hold = try section.duration("hold", default: .seconds(600))
        parameters = try section.optionalSection("parameters")
    }

    private static func address(
        _ key: String, _ section: ConfigurationSection
    ) throws(ConfigurationError) -> String {
        let text = try section.text(key)
        let port = text.split(separator: ":").last.flatMap { UInt16($0) }
        if !text.contains(":") || port == nil || port == 0 {
            throw section.refusal(key, expected: "HOST:PORT such as 127.0.0.1:8701")
        }
        return text
    }
}

/// What the simulated venue of a cluster lists.
package enum SimMarkets: String, Sendable, CaseIterable {
    /// A recording or a generated day; its market time is the cluster's.
    case recorded
    /// The demonstration set, at both venues, which lives by the wall clock.
    case demo
}

/// The supervisor's part of the configuration.
package struct SupervisorConfiguration: Sendable, Equatable {
    package let name: ProcessID
    /// Who the commands of operators are on their links.
    package let console: ProcessID
    /// How long it waits before it starts a process again.
    package let restartDelay: Span
    /// Where the HTTP API and the dashboard listen, on this machine alone; nil for nowhere.
    package let http: HTTPEndpoint?
    /// How many orders the decision traces keep.
    package let tracesMax: Int
    /// Nil where nobody is to be told.
    package let alerts: AlertConfiguration?

    init(_ section: ConfigurationSection) throws(ConfigurationError) {
        try section.allow("name", "console", "restart-delay", "http", "traces-max", "alerts")
        name = try section.identifier("name", default: ProcessID("supervisor"))
        console = try section.identifier("console", default: ProcessID("console"))
        restartDelay = try section.duration("restart-delay", default: .milliseconds(500))
        http = section.contains("http") ? try HTTPEndpoint(section, "http") : nil
        tracesMax = try section.integer(
            "traces-max", in: 1_000...100_000_000, default: 1_000_000)
        alerts =
            section.contains("alerts")
            ? try AlertConfiguration(try section.section("alerts")) : nil
        if alerts != nil, http == nil {
            throw section.refusal("http", expected: "an address, which alerts need")
        }
    }
}

/// A loopback address to serve HTTP at. There is no TLS here, so nothing wider is taken: a proxy
/// that has it stands in front.
package struct HTTPEndpoint: Sendable, Equatable {
    package let host: String
    package let port: Int

    /// As a browser takes it, with the slash at its end.
    package var address: String {
        "http://\(host.contains(":") ? "[\(host)]" : host):\(port)/"
    }

    init(_ section: ConfigurationSection, _ key: String) throws(ConfigurationError) {
        let text = try section.text(key)
        let end = text.lastIndex(of: ":")
        let host = end.map { String(text[..<$0]) } ?? ""
        let port = end.flatMap { UInt16(text[text.index(after: $0)...]) }
        guard let port, ["127.0.0.1", "localhost", "[::1]"].contains(host) else {
            throw section.refusal(
                key,
                expected: "an address of this machine such as 127.0.0.1:8800; for others, put a "
                    + "proxy with TLS in front of it")
        }
        self.host = host == "[::1]" ? "::1" : host
        self.port = Int(port)
    }
}
