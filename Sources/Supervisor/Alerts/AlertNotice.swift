import Foundation
import Runtime
import Trading

/// What a channel is told of an alert.
struct AlertNotice: Codable, Sendable, Equatable {
    enum Kind: String, Codable, Sendable {
        case raised
        case escalated
        case cleared
        case test
    }

    /// The same for every attempt, so that a receiver can tell a repetition.
    let notice: String
    let kind: Kind
    let cluster: String
    let mode: String
    /// The alert's number; 0 for a test.
    let alert: Int64
    let rule: String
    let severity: AlertSeverity
    let subject: String
    let text: String
    let at: String

    /// One text for people.
    var sentence: String {
        let head = "[\(cluster) \(mode.uppercased())]"
        return switch kind {
        case .raised:
            "\(head) \(severity.rawValue.uppercased()): \(text) (alert \(alert), \(rule); "
                + "`supervisor alerts ack \(alert)`)"
        case .escalated:
            "\(head) STILL \(severity.rawValue.uppercased()), nobody has acknowledged it: \(text) "
                + "(alert \(alert), \(rule); `supervisor alerts ack \(alert)`)"
        case .cleared: "\(head) over: \(text) (alert \(alert), \(rule))"
        case .test: "\(head) test: \(text)"
        }
    }

    /// A notice to try a channel with.
    static func test(_ facts: ClusterFacts, at now: Timestamp) -> AlertNotice {
        AlertNotice(
            notice: "test-\(now.nanoseconds)", kind: .test, cluster: facts.cluster,
            mode: facts.mode, alert: 0, rule: "test", severity: .info, subject: "",
            text: "if you read this, alerts reach you", at: now.description)
    }
}

extension AlertChannelConfiguration {
    /// The longest text that every one of these services takes.
    private static let textMax = 1_900

    /// What is sent, as the receiver wants it.
    /// <https://api.slack.com/messaging/webhooks>,
    /// <https://discord.com/developers/docs/resources/webhook#execute-webhook>,
    /// <https://core.telegram.org/bots/api#sendmessage>.
    func body(of notice: AlertNotice) -> String {
        struct Mentions: Encodable { let parse: [String] }
        struct Discord: Encodable {
            let content: String
            let allowed_mentions: Mentions
        }
        let text = String(notice.sentence.prefix(AlertChannelConfiguration.textMax))
        return switch kind {
        case .webhook, .command: JSONText.encode(notice)
        case .slack:
            // Slack reads these three as markup, and `<!channel>` as a call to everyone.
            JSONText.encode([
                "text": text.replacing("&", with: "&amp;").replacing("<", with: "&lt;")
                    .replacing(">", with: "&gt;")
            ])
        case .discord:
            JSONText.encode(Discord(content: text, allowed_mentions: Mentions(parse: [])))
        case .telegram: JSONText.encode(["chat_id": chat, "text": text])
        }
    }
}
