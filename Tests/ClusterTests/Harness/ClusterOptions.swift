/// What a cluster under test is like.
struct ClusterOptions {
    /// Hours of the generated day. A replay at full speed takes well over a second for a minute.
    var hours = 2
    /// Agents of all domains over a quarter of an hour in which the domains live a day.
    var hasDomains = false
    /// What the day and its counterparties follow from.
    var seed = 7
    /// The agent's own parameters, as YAML in one line.
    var parameters = "{}"
    /// Another agent of the configuration, whose place a test takes.
    var hasStandIn = false
    /// A second agent that takes random sides, so that there are fills soon.
    var hasCoin = false
    /// A second org with an account, a gateway and an agent that takes random sides.
    var hasRival = false
    /// A folder of recorded data instead of a generated day.
    var data: String?
    /// Who may steer it.
    var operators = ["local"]
    /// The supervisor's own parts, as YAML in one line that begins with a comma.
    var supervisor = ""
    /// The sample configuration of two venues instead of this one, as it is shipped.
    var hasTwoVenues = false
    /// With two venues: agents that take random sides, which the sample's edge control refuses.
    var tossesCoins = false
    /// With two venues: what goes wrong at them on purpose, as sim-venue's plan of faults.
    var faults: String?
    /// Builds that may trade; none for any.
    var builds: [String] = []
    /// A limit of wall time, such as `20s`; none runs to the end of the data.
    var limit: String?

    /// How much is generated, as `sim-venue generate` takes it.
    var length: [String] {
        hasDomains
            ? ["--minutes", "15", "--pace", "96"] : ["--hours", "\(hours)", "--pace", "0"]
    }

    /// The agents of the other domains; that of sports slices what it wants.
    private var domainAgents: String {
        ["macro", "politics", "sports", "weather"].map {
            let twap = "{ execution: { style: twap, slices: 4, horizon: 60s } }"
            return "\n" + agent($0, domain: $0, parameters: $0 == "sports" ? twap : "{}")
        }.joined()
    }

    /// The configuration: the sample's, with short times and free ports.
    func configuration(port: UInt16) -> String {
        let standIn = hasStandIn ? "\n" + agent("standin", parameters: "{}") : ""
        let domains = hasDomains ? domainAgents : ""
        let coin =
            hasCoin
            ? "\n" + agent("coin", parameters: "{ policy: coin-flip, flip-every: 4 }") : ""
        let rival = hasRival ? "\n" + rivalAgent : ""
        let rivalGateway = hasRival ? "\n" + gateway("gw-rival", "rival", port: port) : ""
        let rivalLimits = hasRival ? "\n" + ownLimits : ""
        return """
            cluster: chaos
            mode: paper
            keys: keys
            builds: [ \(builds.joined(separator: ", ")) ]
            operators: [ \(operators.map { "{ name: \($0) }" }.joined(separator: ", ")) ]
            core:
              name: core
              checkpoint-every: 256
              heartbeat: 200ms
              lease: 1500ms
              permit-validity: 1000ms
              endpoint: ipc
            gateways:
            \(gateway("gw-kalshi", "demo", port: port))\(rivalGateway)
            agents:
              - name: agent-crypto
                domain: crypto
                org: demo
                account: main
                strategy: updown
                venue: kalshi
                parameters: \(parameters)\(standIn)\(coin)\(rival)\(domains)
            limits:
              - { level: firm, kind: order-quantity-min, value: "1" }
              - { level: firm, kind: order-quantity-max, value: "25" }
              - { level: firm, kind: order-notional-max, value: "25" }
              - { level: firm, kind: collar-passive, value: "0.25" }
              - { level: firm, kind: collar-aggressive, value: "0.10" }
              - { level: firm, kind: quote-age-max, value: 5s }
              - { level: firm, kind: messages-per-second, value: 200 }
              - { level: firm, kind: message-burst, value: 400 }
              - { level: firm, kind: orders-per-second, value: 20 }
              - { level: firm, kind: order-burst, value: 40 }
              - { level: firm, kind: open-orders-max, value: 50 }
              - { level: firm, kind: open-notional-max, value: "200" }
              - { level: firm, kind: position-max, value: "100" }
              - { level: firm, kind: event-loss-max, value: "60" }
              - { level: firm, kind: collateral-max, value: "500" }
              - { level: firm, kind: plan-notional-max, value: "50" }
              - { level: firm, kind: repeat-max, value: 40 }
              - { level: firm, kind: repeat-window, value: 60s }
              - { level: firm, kind: walk-max, value: "0.60" }
              - { level: firm, kind: walk-window, value: 60s }
              - { level: firm, kind: spread-cross-max, value: "0.25" }
              - { level: firm, kind: tail-price, value: "0.02" }
              - { level: firm, kind: order-to-trade-max, value: "500" }
              - { level: firm, kind: gross-notional-max, value: "500" }
              - { level: firm, kind: depth-share-max, value: "1" }
              - { level: firm, kind: volatility-budget, value: "50" }\(rivalLimits)
            sim-venue:
              { name: sim-venue, kalshi: "127.0.0.1:\(port)", seed: \(seed), balance: "1000",
                patience: 60s }
            supervisor: { name: supervisor, restart-delay: 200ms\(supervisor) }
            """
    }

    /// The sample of two venues on free ports.
    func twoVenues(port: UInt16, tokenPort: UInt16, sample: String) -> String {
        var text = sample.replacing("127.0.0.1:8701", with: "127.0.0.1:\(port)")
            .replacing("127.0.0.1:8702", with: "127.0.0.1:\(tokenPort)")
            .replacing(", http: \"127.0.0.1:8800\"", with: "")
        if faults != nil {
            text = text.replacing(
                "publish-depth: 10", with: "publish-depth: 10\n    reconcile-every: 3s"
            ).replacing(
                "  balance: \"1000\"",
                with: "  balance: \"1000\"\n  parameters: { faults: faults.json }")
        }
        guard tossesCoins else { return text }
        text = text.replacing("policy: imbalance", with: "policy: coin-flip, flip-every: 8")
        return text.split(separator: "\n").filter { !$0.contains("kind: edge-min") }
            .joined(separator: "\n")
    }

    /// A further agent of the same account.
    private func agent(
        _ strategy: String, domain: String = "crypto", parameters: String
    ) -> String {
        """
          - name: agent-\(strategy)
            domain: \(domain)
            org: demo
            account: main
            strategy: \(strategy)
            venue: kalshi
            parameters: \(parameters)
        """
    }

    /// The gateway of an org's account.
    private func gateway(_ name: String, _ org: String, port: UInt16) -> String {
        """
          - name: \(name)
            venue: kalshi
            org: \(org)
            account: main
            url: http://127.0.0.1:\(port)/trade-api/v2
            key-id: \(org)-key
            replay: true
            publish-depth: 10
            starting-cash: "1000"
            last-line:
              { order-quantity-max: "50", order-notional-max: "50", orders-per-second: 50 }
        """
    }

    private var rivalAgent: String {
        """
          - name: agent-rival
            domain: crypto
            org: rival
            account: main
            strategy: gamble
            venue: kalshi
            parameters: { policy: coin-flip, flip-every: 4 }
        """
    }

    /// What the second org may use of what all share.
    private var ownLimits: String {
        """
          - { level: org, org: rival, kind: messages-per-second, value: 50 }
          - { level: org, org: rival, kind: message-burst, value: 50 }
        """
    }
}
