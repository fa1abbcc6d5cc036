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
        var seen: UInt64?
        var entry: Int64 = 0
        try await write(Array("retry: 1000\n\n".utf8))
        while !Task.isCancelled {
            guard try api.tokens.grant(of: token, at: WallClock.now()) != nil else { return }
            let scene = try await api.scenes.latest(org: org) { try await api.overview(org: org) }
            var text = ": \(WallClock.now())\n\n"
            if scene.number != seen { text += event("overview", scene.text) }
            seen = scene.number
            let orders = try api.traces.store.orders(
                changedAfter: entry, org: org, limit: EventFeed.ordersMax)
            entry = Int64(clamping: scene.entry)
            if !orders.isEmpty { text += event("orders", JSONText.encode(orders)) }
            try await write(Array(text.utf8))
            await pause(EventFeed.interval)
        }
    }

    private func event(_ name: String, _ data: String) -> String {
        "event: \(name)\ndata: \(data)\n\n"
    }
}

/// The newest overview of each reader's scope, made once for all who follow it: what many clients
/// look at costs the machine no more than what one does.
actor SceneCache {
    /// An overview, written out.
    struct Scene: Sendable {
        /// Grows when the overview differs from the one before.
        let number: UInt64
        let text: String
        /// The journal's entry that it goes up to.
        let entry: UInt64
    }

    private struct Kept {
        let overview: Overview
        let scene: Scene
        let madeAt: Trading.Span
    }

    /// A little less than the interval of a feed, so that a feed alone always gets a new one.
    private static let freshFor = Trading.Span.milliseconds(900)
    private var kept: [String: Kept] = [:]
    private var making: [String: Task<Scene, any Error>] = [:]

    /// The scope's overview, at most so old; `make` is asked where there is none.
    func latest(
        org: String?, _ make: @escaping @Sendable () async throws -> Overview
    ) async throws -> Scene {
        let key = org.map { "org \($0)" } ?? "firm"
        if let known = kept[key], now < known.madeAt + SceneCache.freshFor { return known.scene }
        // Whoever asks while it is being made waits for the same one.
        if let task = making[key] { return try await task.value }
        let task = Task { try await self.keep(key, make) }
        making[key] = task
        return try await task.value
    }

    private func keep(
        _ key: String, _ make: @Sendable () async throws -> Overview
    ) async throws -> Scene {
        defer { making[key] = nil }
        let overview = try await make()
        if let before = kept[key], before.overview == overview {
            kept[key] = Kept(overview: overview, scene: before.scene, madeAt: now)
            return before.scene
        }
        let scene = Scene(
            number: (kept[key]?.scene.number ?? 0) + 1, text: JSONText.encode(overview),
            entry: overview.progress.entry)
        kept[key] = Kept(overview: overview, scene: scene, madeAt: now)
        return scene
    }

    private var now: Trading.Span {
        Trading.Span(nanoseconds: MonotonicClock.now().nanoseconds)
    }
}
