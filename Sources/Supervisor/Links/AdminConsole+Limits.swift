import Risk
import Runtime
import Trading
import Wire

/// The limits of a core and the change that waits.
struct LimitSheet: Sendable {
    let version: UInt64
    let hash: Digest
    let quorum: UInt32
    let limits: [LimitsReply.LimitsEntry]
    let pending: (at: Timestamp, proposal: ProposedLimits)?

    /// The limit of a place; nil where its scope states none.
    func value(at place: LimitPlace) -> Int64? {
        limits.first { LimitPlace($0) == place }?.value
    }
}

extension AdminConsole {
    /// Every limit in force. Asked for in pieces; a change between them begins it again.
    func limits(
        of core: ProcessID, patience: Trading.Span
    ) async throws(AdminError) -> LimitSheet {
        var entries: [LimitsReply.LimitsEntry] = []
        var first: LimitsReply?
        while true {
            let nonce = nextNonce()
            let frame = try await ask(
                LimitsRequest(nonce: nonce, from: UInt32(entries.count)).frame(), nonce: nonce,
                core, patience)
            do throws(WireError) {
                let reply = try LimitsReply(decoding: frame)
                let isChanged = first.map { $0.version != reply.version } ?? false
                first = reply
                if isChanged {
                    entries = []
                    continue
                }
                let page = try LimitsReply.limits(in: frame)
                entries += page
                if page.isEmpty || entries.count >= reply.total {
                    return try LimitSheet(reply, entries, pending: LimitsReply.pending(in: frame))
                }
            } catch {
                throw .malformed(core, error.description)
            }
        }
    }
}

extension LimitSheet {
    fileprivate init(
        _ reply: LimitsReply, _ limits: [LimitsReply.LimitsEntry], pending frame: [UInt8]
    ) throws(WireError) {
        version = reply.version
        hash = reply.hash
        quorum = reply.quorum
        self.limits = limits
        pending =
            frame.isEmpty ? nil : (reply.pendingAt, try ProposedLimits(decoding: frame))
    }
}

extension LimitPlace {
    /// The place of a limit that the core has told; nil where it names no scope.
    init?(_ entry: LimitsReply.LimitsEntry) {
        self.init(
            LimitSet(
                kind: entry.kind, level: entry.level, org: entry.org, account: entry.account,
                mode: entry.mode, strategy: entry.strategy, venue: entry.venue,
                instrument: entry.instrument, eventSet: entry.eventSet, value: entry.value,
                snapshot: 0))
    }

    /// The place of a limit as a configuration writes it.
    init?(_ limit: LimitConfiguration, mode: Mode) {
        self.init(
            LimitSet(
                kind: limit.kind, level: limit.level, org: limit.org, account: limit.account,
                mode: mode, strategy: limit.strategy, venue: limit.venue,
                instrument: limit.instrument, eventSet: limit.eventSet, value: limit.value,
                snapshot: 0))
    }

    private init?(_ limit: LimitSet) {
        guard let scope = ScopeKey(limit) else { return nil }
        self.init(scope, limit.kind)
    }
}
