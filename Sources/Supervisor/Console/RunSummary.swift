import Foundation
import Runtime
import Trading
import Wire

/// The last line of a run, which scripts read: `summary ` and a JSON object.
struct RunSummary: Codable, Sendable, Equatable {
    var requested: Int64
    var permitted: Int64
    var rejected: [String: Int64]
    var fills: Int64
    var settled: Int64
    // Exact decimals.
    var fees: String
    var realized: String
    var unrealized: String
    var decisionMedian: Double
    var decisionTail: Double
    var stateHash: String
    var mode: String
    var restarts: Int
    /// Whether the replay reached its end.
    var isComplete: Bool

    enum CodingKeys: String, CodingKey {
        case requested, permitted, rejected, fills, settled, fees, realized, unrealized
        case decisionMedian = "decision_p50_us"
        case decisionTail = "decision_p99_us"
        case stateHash = "state_hash"
        case mode, restarts
        case isComplete = "complete"
    }

    init(
        core: ProcessStatus, stateHash: String, mode: Mode, restarts: Int, isComplete: Bool
    ) {
        let totals = Totals(core)
        requested = totals.requested
        permitted = totals.permitted
        rejected = totals.rejections
        fills = totals.fills
        settled = totals.settled
        fees = totals.fees.description
        realized = totals.realized.description
        unrealized = totals.unrealized.description
        decisionMedian = Double(totals.median) / 1_000
        decisionTail = Double(totals.tail) / 1_000
        self.stateHash = stateHash
        self.mode = mode.description
        self.restarts = restarts
        self.isComplete = isComplete
    }

    var line: String { "summary " + JSONText.encode(self) }
}

/// JSON with its keys in order, so that equal results are equal texts.
enum JSONText {
    static func encode(_ value: some Encodable) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do {
            return String(decoding: try encoder.encode(value), as: UTF8.self)
        } catch {
            // Values here are plain numbers and strings; a non-finite number is our own bug.
            preconditionFailure("a result that is no JSON: \(error)")
        }
    }
}
