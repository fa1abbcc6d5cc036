import Foundation
import Runtime
package import Trading

/// What a simulated venue does wrong, how often and when.
///
/// A plan and a seed decide everything: the same requests and messages in the same order meet the
/// same faults. `from` and `until` are market time since the venue's first start.
package struct FaultPlan: Sendable, Equatable {
    /// One way of going wrong.
    package enum Kind: String, Sendable, CaseIterable {
        /// A request waits before the venue looks at it: a cancel loses its race.
        case slowRequests = "slow-requests"
        /// An answer waits after the venue has acted.
        case slowAnswers = "slow-answers"
        /// A request is answered with 429 and nothing is done.
        case throttled
        /// A request is answered with 500 and nothing is done.
        case failing
        /// A request is obeyed, and the connection is closed without an answer.
        case unanswered
        /// Streams stay open and say nothing.
        case silent
        /// A message of a stream is lost.
        case dropped
        /// A message of a stream comes twice.
        case doubled
        /// A message of a stream comes after the one that follows it.
        case reordered
        /// The venue's clock is wrong by `high`.
        case skewed
        /// No fill is larger than one contract: what would be one is a storm.
        case crumbs
        /// A wallet's trade is RETRYING before it is mined.
        case retrying
    }

    /// A fault, and when it is about.
    package struct Fault: Sendable, Equatable {
        package let kind: Kind
        /// Which requests or messages it meets, from 0 to 1.
        package let rate: Double
        package let low: Span
        package let high: Span
        package let from: Span
        package let until: Span?
        /// `kalshi` or `polymarket`; nil: both.
        package let protocolName: String?

        func isAbout(_ elapsed: Span, _ name: String?) -> Bool {
            elapsed >= from && until.map { elapsed < $0 } ?? true
                && (name == nil || protocolName == nil || protocolName == name)
        }
    }

    package let seed: UInt64
    package let faults: [Fault]

    package static let protocols = ["kalshi", "polymarket"]

    /// Reads a plan: `{"seed": 7, "faults": [{"kind": "dropped", "rate": 0.1, "from": "5s",
    /// "until": "10s", "protocol": "kalshi"}]}`. Waits take `low` and `high`, a skew `high`.
    package init(contentsOf path: String) throws(FaultPlanError) {
        guard let bytes = FileManager.default.contents(atPath: path) else {
            throw FaultPlanError(description: "\(path): cannot be read")
        }
        let text: PlanText
        do {
            text = try JSONDecoder().decode(PlanText.self, from: bytes)
        } catch {
            throw FaultPlanError(
                description: "\(path): expected {\"seed\", \"faults\": [{\"kind\", ...}]}: \(error)"
            )
        }
        var faults: [Fault] = []
        for (index, entry) in text.faults.enumerated() {
            guard let fault = entry.fault else {
                throw FaultPlanError(
                    description: "\(path): faults[\(index)]: expected a kind of "
                        + Kind.allCases.map(\.rawValue).joined(separator: ", ")
                        + ", a rate from 0 to 1, spans such as 5s with from below until and low "
                        + "not above high, and a protocol of "
                        + FaultPlan.protocols.joined(separator: ", ") + "; found \(entry)")
            }
            faults.append(fault)
        }
        self.init(seed: text.seed ?? 1, faults: faults)
    }

    package init(seed: UInt64, faults: [Fault]) {
        self.seed = seed
        self.faults = faults
    }
}

/// Why a file of faults cannot be used.
package struct FaultPlanError: Error, Sendable, CustomStringConvertible {
    package let description: String
}

private struct PlanText: Decodable {
    var seed: UInt64?
    var faults: [Entry]

    struct Entry: Decodable {
        var kind: String
        var rate: Double?
        var low: String?
        var high: String?
        var from: String?
        var until: String?
        var `protocol`: String?

        var fault: FaultPlan.Fault? {
            guard let kind = FaultPlan.Kind(rawValue: kind), (0...1).contains(rate ?? 1),
                let low = PlanText.span(low), let high = PlanText.span(high),
                let from = PlanText.span(from), low <= high,
                `protocol`.map(FaultPlan.protocols.contains) ?? true
            else { return nil }
            var end: Span?
            if let until {
                guard let span = PlanText.span(until), span > from else { return nil }
                end = span
            }
            return FaultPlan.Fault(
                kind: kind, rate: rate ?? 1, low: low, high: high, from: from, until: end,
                protocolName: `protocol`)
        }
    }

    /// A span that may be left out; nil where it cannot be read.
    static func span(_ text: String?) -> Span? {
        guard let text else { return .zero }
        return Span(configured: text)
    }
}
