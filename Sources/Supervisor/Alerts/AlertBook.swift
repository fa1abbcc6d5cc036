import Runtime
import Trading

/// An alert that stands or has stood.
struct AlertRecord: Sendable, Equatable {
    let id: Int64
    let rule: String
    let subject: String
    let severity: AlertSeverity
    let text: String
    let raisedAt: Timestamp
    let clearedAt: Timestamp?
    let acknowledgedAt: Timestamp?
    let acknowledgedBy: String
    /// When somebody was last told of it.
    let toldAt: Timestamp
    let escalations: Int
}

/// What became of an alert.
enum AlertChange: Sendable, Equatable {
    case raise(AlertRuleConfiguration, AlertReading)
    /// It stands unacknowledged for too long: tell more people, or the same again.
    case escalate(AlertRecord)
    case clear(AlertRecord)
}

/// Judges readings by rules: what holds for long enough is raised once, and cleared when it has not
/// held for a while. Pure; what stands is the store's, so that nothing is told twice after a crash.
struct AlertBook: Sendable {
    private struct Key: Hashable {
        let rule: String
        let subject: String
    }

    /// An alert that flaps faster than this stays one alert.
    static let clearAfter = Trading.Span.seconds(10)

    private let rules: [AlertRuleConfiguration]
    private let escalateAfter: Trading.Span
    private var holdsSince: [Key: Timestamp] = [:]
    private var clearSince: [Int64: Timestamp] = [:]

    init(_ configuration: AlertConfiguration) {
        rules = configuration.rules
        escalateAfter = configuration.escalateAfter
    }

    /// What changes now, in the order of the rules and of what they judge.
    mutating func judge(
        _ readings: [AlertReading], standing: [AlertRecord], at now: Timestamp
    ) -> [AlertChange] {
        var changes: [AlertChange] = []
        var holding: Set<Key> = []
        let known = Set(standing.map { Key(rule: $0.rule, subject: $0.subject) })
        for rule in rules {
            for reading in readings
            where reading.signal == rule.signal && reading.value >= rule.atLeast {
                let key = Key(rule: rule.name, subject: reading.subject)
                guard holding.insert(key).inserted else { continue }
                let since = holdsSince[key, default: now]
                holdsSince[key] = since
                if !known.contains(key), now - since >= rule.lasting ?? .zero {
                    changes.append(.raise(rule, reading))
                }
            }
        }
        holdsSince = holdsSince.filter { holding.contains($0.key) }
        for alert in standing {
            let isHeld = holding.contains(Key(rule: alert.rule, subject: alert.subject))
            if let change = follow(alert, isHeld: isHeld, at: now) { changes.append(change) }
        }
        return changes
    }

    private mutating func follow(
        _ alert: AlertRecord, isHeld: Bool, at now: Timestamp
    ) -> AlertChange? {
        guard isHeld else {
            let since = clearSince[alert.id, default: now]
            clearSince[alert.id] = since
            guard now - since >= AlertBook.clearAfter else { return nil }
            clearSince[alert.id] = nil
            return .clear(alert)
        }
        clearSince[alert.id] = nil
        guard alert.severity == .page, alert.acknowledgedAt == nil,
            now - alert.toldAt >= escalateAfter
        else { return nil }
        return .escalate(alert)
    }
}
