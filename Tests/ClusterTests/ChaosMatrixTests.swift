import Foundation
import Glibc
import Testing

extension ClusterTests {
    /// Two venues that misbehave in every way that sim-venue knows, one after another, while the
    /// real gateways and the core trade at them.
    @Suite struct ChaosMatrixTests {
        /// At the end the ledger is the venue's own log: nothing doubled, nothing lost, and after
        /// the last difference from a venue a comparison found none.
        @Test(.timeLimit(.minutes(6)))
        func whateverTheVenuesDoTheLedgerIsTheirs() async throws {
            let options = ClusterOptions(
                hasTwoVenues: true, tossesCoins: true, faults: Misbehaviour.plan)
            try await LocalClusterHarness.with(options) { cluster in
                try await cluster.start()
                let origin = try #require(try cluster.venueTimes("tick").first)
                try await waitUntil("the misbehaviour is over", within: .seconds(120)) {
                    try cluster.requireRunning()
                    let now = try cluster.venueTimes("tick").last ?? origin
                    return now - origin >= Misbehaviour.end * 1_000_000_000
                }
                // The last kind stays until the venue trades again after what came before.
                try await waitUntil(
                    "met: \((try? cluster.faultsNotMet()) ?? [])", within: .seconds(60)
                ) {
                    try cluster.requireRunning()
                    return try cluster.faultsNotMet().isEmpty
                }
                try cluster.requireCrumbs(since: origin)
                try await cluster.killAndAwaitReturn("sim-venue")
                let (contracts, tokens) = (
                    try cluster.fills(of: "KX"), try cluster.fills(of: "0x")
                )
                try await waitUntil("both trade again", within: .seconds(90)) {
                    try cluster.requireRunning()
                    return try cluster.fills(of: "KX") > contracts
                        && cluster.fills(of: "0x") > tokens
                }
                try await waitUntil("both agree with their venues", within: .seconds(60)) {
                    ["gw-kalshi", "gw-polymarket"].allSatisfy { cluster.agrees($0) }
                }
                let summary = try await cluster.stop()
                #expect(summary.restarts == 1)
                try await cluster.requireBothSound(summary)
            }
        }
    }
}

/// The matrix: each way of going wrong has three seconds of market time of its own, and the last
/// one stays.
private enum Misbehaviour {
    static let length: Int64 = 3
    static let start: Int64 = 6
    static let kinds: [(kind: String, terms: String)] = [
        ("slow-requests", #""rate": 0.7, "low": "50ms", "high": "400ms""#),
        ("slow-answers", #""rate": 0.7, "low": "50ms", "high": "400ms""#),
        ("throttled", #""rate": 0.3"#), ("failing", #""rate": 0.3"#),
        ("unanswered", #""rate": 0.3"#), ("silent", #""rate": 1"#),
        ("dropped", #""rate": 0.3"#), ("doubled", #""rate": 0.5"#),
        ("reordered", #""rate": 0.5"#), ("skewed", #""high": "90s""#),
        ("crumbs", #""rate": 1"#), ("retrying", #""rate": 1"#),
    ]
    /// That of which the venue's log has no lines of its own: its fills show it.
    static let unlogged = ["crumbs"]

    static var end: Int64 { start + length * Int64(kinds.count) }

    static func window(of kind: String) -> Range<Int64> {
        let place = Int64(kinds.firstIndex { $0.kind == kind } ?? 0)
        return start + length * place..<start + length * (place + 1)
    }

    static var plan: String {
        let faults = kinds.map { kind, terms in
            let window = window(of: kind)
            let until = kind == kinds.last?.kind ? "" : #", "until": "\#(window.upperBound)s""#
            return #"{"kind": "\#(kind)", \#(terms), "from": "\#(window.lowerBound)s"\#(until)}"#
        }
        return #"{"seed": 3, "faults": [\#(faults.joined(separator: ",\n"))]}"#
    }
}

/// A line of the venue's log, as far as its time, its text and its quantity go.
private struct ChaosLine: Decodable {
    let t: Int64
    let text: String?
    let count: String?
}

extension LocalClusterHarness {
    private func chaosLines(_ event: String) throws -> [ChaosLine] {
        let text = try String(contentsOfFile: state + "/sim-venue/venue.log", encoding: .utf8)
        let mark = "{\"event\":\"\(event)\""
        return try text.split(separator: "\n").filter { $0.hasPrefix(mark) && $0.hasSuffix("}") }
            .map { try JSONDecoder().decode(ChaosLine.self, from: Data($0.utf8)) }
    }

    /// The moments of the venue's lines of a kind, in market time.
    fileprivate func venueTimes(_ event: String) throws -> [Int64] {
        try chaosLines(event).map(\.t)
    }

    /// Those of the faults that the log tells of which nothing met.
    fileprivate func faultsNotMet() throws -> [String] {
        let told = try chaosLines("fault").compactMap(\.text)
        return Misbehaviour.kinds.map(\.kind).filter { kind in
            !Misbehaviour.unlogged.contains(kind)
                && !told.contains { $0.hasPrefix("\(kind) ") }
        }
    }

    /// While fills were crumbs none was larger than one contract.
    fileprivate func requireCrumbs(since origin: Int64) throws {
        let window = Misbehaviour.window(of: "crumbs")
        let fills = try chaosLines("fill").filter { line in
            // A second at each end belongs to the tick before or after.
            let second = (line.t - origin) / 1_000_000_000
            return second > window.lowerBound && second < window.upperBound - 1
        }
        guard fills.allSatisfy({ $0.count.flatMap(Double.init).map { $0 <= 1 } ?? false })
        else { throw ClusterFailure("fills of more than one contract: \(fills)") }
    }

    /// Whether the last comparison of a gateway's account with its venue found no difference.
    fileprivate func agrees(_ gateway: String) -> Bool {
        log(of: "core").split(separator: "\n").last {
            $0.contains("event=reconciled ") && $0.contains("gateway=\(gateway)")
        }?.contains(" breaks=0 ") ?? false
    }
}
