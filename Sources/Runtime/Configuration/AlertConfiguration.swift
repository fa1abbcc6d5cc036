package import Trading

/// How grave an alert is. A page should wake a person.
package enum AlertSeverity: String, Codable, Sendable, CaseIterable, Comparable {
    case info
    case warning
    case page

    package static func < (left: AlertSeverity, right: AlertSeverity) -> Bool {
        left.rank < right.rank
    }

    private var rank: Int { AlertSeverity.allCases.firstIndex(of: self) ?? 0 }
}

/// What an alert rule may look at. Each is a number for each subject: a process, a scope, a limit.
package enum AlertSignal: String, Codable, Sendable, CaseIterable {
    /// 1 for a process that is not ready.
    case processDown = "process-down"
    /// 1 for a halt that stands, at the core or as a latch of a process.
    case halted
    /// 1 for an account that is not as its venue states it.
    case unreconciled
    /// The share of the nearest limit of a scope's brakes that is used.
    case brakeUsed = "brake-used"
    /// The share of a limit that is used.
    case limitUsed = "limit-used"
    /// The share of a strategy's requests that was rejected, from 100 requests on.
    case rejectionRatio = "rejection-ratio"
    /// What a strategy's fills cost beyond the middle, in basis points, from 20 fills on.
    case slippage
    /// How often a process was started again.
    case restarts
    /// How long 99 of 100 decisions of the core took at most, in milliseconds.
    case decisionTime = "decision-time"
    /// Entries of the journal that the traces are behind.
    case traceLag = "trace-lag"
    /// 1 while the traces do not go on.
    case tracesStopped = "traces-stopped"
    /// Seconds since the processes were last looked at.
    case statusAge = "status-age"
    /// 1 while the outbound heartbeat is not taken.
    case heartbeatFailing = "heartbeat-failing"
    /// 1 while a channel does not take what it is given.
    case channelFailing = "channel-failing"
}

/// When to raise an alert.
package struct AlertRuleConfiguration: Sendable, Equatable {
    package let name: String
    package let severity: AlertSeverity
    package let signal: AlertSignal
    /// The alert stands from this value on.
    package let atLeast: Double
    /// How long it must hold before anybody is told; nil for at once.
    package let lasting: Span?

    package init(
        _ name: String, _ severity: AlertSeverity, _ signal: AlertSignal, atLeast: Double = 1,
        lasting: Span? = nil
    ) {
        self.name = name
        self.severity = severity
        self.signal = signal
        self.atLeast = atLeast
        self.lasting = lasting
    }

    init(_ section: ConfigurationSection) throws(ConfigurationError) {
        try section.allow("name", "severity", "signal", "at-least", "for")
        name = try section.name("name").description
        severity = try section.choice(
            "severity", of: AlertSeverity.allCases.map { ($0.rawValue, $0) })
        signal = try section.choice("signal", of: AlertSignal.allCases.map { ($0.rawValue, $0) })
        atLeast = try section.real("at-least", in: 0...1e12, default: 1)
        lasting = section.contains("for") ? try section.duration("for") : nil
    }

    /// What holds unless a rule of the same name says otherwise.
    package static let standard: [AlertRuleConfiguration] = [
        .init("process-down", .page, .processDown, lasting: .seconds(10)),
        .init("halted", .page, .halted),
        .init("unreconciled", .page, .unreconciled, lasting: .seconds(60)),
        .init("brake-near", .warning, .brakeUsed, atLeast: 0.8),
        .init("brake-reached", .page, .brakeUsed, atLeast: 1),
        .init("limit-near", .warning, .limitUsed, atLeast: 0.9, lasting: .seconds(30)),
        .init("rejecting", .warning, .rejectionRatio, atLeast: 0.5, lasting: .seconds(60)),
        .init("slippage", .warning, .slippage, atLeast: 200),
        .init("restarting", .warning, .restarts, atLeast: 3),
        .init("slow-decisions", .warning, .decisionTime, atLeast: 100, lasting: .seconds(60)),
        .init("traces-behind", .warning, .traceLag, atLeast: 20_000, lasting: .seconds(120)),
        .init("traces-stopped", .warning, .tracesStopped, lasting: .seconds(10)),
        .init("unheard-of", .page, .statusAge, atLeast: 5, lasting: .seconds(5)),
        .init("heartbeat", .page, .heartbeatFailing, lasting: .seconds(10)),
        .init("channel", .warning, .channelFailing, lasting: .seconds(10)),
    ]
}

/// Whom to tell, and how.
package struct AlertChannelConfiguration: Sendable, Equatable {
    package enum Kind: String, Sendable, CaseIterable {
        case webhook
        case slack
        case discord
        case telegram
        case command
    }

    /// Where the address stands. It is a secret where it holds a token, so that a file can hold it.
    package enum Address: Sendable, Equatable {
        case url(String)
        case file(String)
    }

    package let name: String
    package let kind: Kind
    /// Nil for a command.
    package let address: Address?
    /// The chat that a Telegram bot writes to.
    package let chat: String
    /// The program and its arguments; it reads the alert as JSON on its standard input.
    package let command: [String]
    /// Graver alerts and these are told.
    package let from: AlertSeverity
    /// Only told what nobody has acknowledged in time.
    package let isEscalation: Bool

    init(_ section: ConfigurationSection) throws(ConfigurationError) {
        try section.allow(
            "name", "kind", "url", "url-file", "chat", "command", "from", "escalation")
        name = try section.name("name").description
        kind = try section.choice("kind", of: Kind.allCases.map { ($0.rawValue, $0) })
        from = try section.choice(
            "from", of: AlertSeverity.allCases.map { ($0.rawValue, $0) }, default: .warning)
        isEscalation = try section.flag("escalation", default: false)
        chat = kind == .telegram ? try section.text("chat") : ""
        guard kind != .command else {
            command = try section.text("command").split(separator: " ").map(String.init)
            address = nil
            if command.first?.hasPrefix("/") != true {
                throw section.refusal("command", expected: "the whole path of a program")
            }
            return
        }
        command = []
        address =
            section.contains("url-file")
            ? .file(try section.text("url-file")) : .url(try section.webAddress("url"))
    }
}

/// The supervisor's alerts.
package struct AlertConfiguration: Sendable, Equatable {
    /// Where to report that the supervisor lives, and how often.
    package struct Heartbeat: Sendable, Equatable {
        package let url: String
        package let every: Span
    }

    package let rules: [AlertRuleConfiguration]
    package let channels: [AlertChannelConfiguration]
    /// What is heard of there no more should page somebody.
    package let heartbeat: Heartbeat?
    /// How long a page may stand before it is told to channels of escalation, and told again.
    package let escalateAfter: Span
    /// How long alerts may reach nobody before the core takes no new risk; nil for never.
    package let degradeAfter: Span?

    init(_ section: ConfigurationSection) throws(ConfigurationError) {
        try section.allow("rules", "channels", "heartbeat", "escalate-after", "degrade-after")
        var rules = AlertRuleConfiguration.standard
        for item in try section.sections("rules", isRequired: false) {
            let rule = try AlertRuleConfiguration(item)
            rules.removeAll { $0.name == rule.name }
            rules.append(rule)
        }
        self.rules = rules
        var channels: [AlertChannelConfiguration] = []
        for item in try section.sections("channels", isRequired: true) {
            let channel = try AlertChannelConfiguration(item)
            if channels.contains(where: { $0.name == channel.name }) {
                throw item.refusal("name", expected: "a name that no other channel has")
            }
            channels.append(channel)
        }
        guard channels.contains(where: { !$0.isEscalation }) else {
            throw section.refusal("channels", expected: "a channel that is not for escalation only")
        }
        self.channels = channels
        escalateAfter = try section.duration("escalate-after", default: .seconds(300))
        degradeAfter =
            section.contains("degrade-after") ? try section.duration("degrade-after") : nil
        // The supervisor speaks once a second.
        if let degradeAfter, degradeAfter < .seconds(2) {
            throw section.refusal("degrade-after", expected: "2s or longer")
        }
        guard section.contains("heartbeat") else {
            heartbeat = nil
            return
        }
        let beat = try section.section("heartbeat")
        try beat.allow("url", "every")
        heartbeat = Heartbeat(
            url: try beat.webAddress("url"),
            every: try beat.duration("every", default: .seconds(60)))
    }
}

extension ConfigurationSection {
    fileprivate func webAddress(_ key: String) throws(ConfigurationError) -> String {
        let text = try text(key)
        guard text.hasPrefix("https://") || text.hasPrefix("http://"), text.utf8.count <= 1_024,
            text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f })
        else { throw refusal(key, expected: "an address such as https://example.org/hook") }
        return text
    }
}
