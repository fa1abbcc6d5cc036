import Foundation
import Runtime
import Trading

/// Server-sent events: the overview whenever it changed and orders as they change, at most once a
/// second, and a comment in between so that both ends notice a dead connection.
struct EventFeed: Sendable {
    let api: ClusterAPI
    let token: String
    let org: String?

    private static let interval = Trading.Span.seconds(1)
    private static let ordersMax = 40

    /// Writes events until the task is cancelled, the client is gone or the token ends.
    func run(_ write: ([UInt8]) async throws -> Void) async throws {
        var seen: Overview?
        var entry: Int64 = 0
        try await write(Array("retry: 1000\n\n".utf8))
        while !Task.isCancelled {
            guard try api.tokens.grant(of: token, at: WallClock.now()) != nil else { return }
            let overview = try await api.overview(org: org)
            var text = ": \(WallClock.now())\n\n"
            if overview != seen { text += event("overview", JSONText.encode(overview)) }
            seen = overview
            let orders = try api.traces.store.orders(
                changedAfter: entry, org: org, limit: EventFeed.ordersMax)
            entry = Int64(clamping: overview.progress.entry)
            if !orders.isEmpty { text += event("orders", JSONText.encode(orders)) }
            try await write(Array(text.utf8))
            await pause(EventFeed.interval)
        }
    }

    private func event(_ name: String, _ data: String) -> String {
        "event: \(name)\ndata: \(data)\n\n"
    }
}
