import Runtime
import Signals
import Trading
import Transport
import Wire

/// What the agent tells the supervisor.
extension AgentService {
    func receivedFromSupervisor(_ frame: [UInt8], peer: ProcessID) throws(WireError) {
        switch try WireFrame.template(of: frame) {
        case .statusRequest:
            let request = try StatusRequest(decoding: frame)
            _ = links.admin.send(status(nonce: request.nonce), to: peer, lane: .priority)
        case .looksRequest:
            let request = try LooksRequest(decoding: frame)
            _ = links.admin.send(looks(request), to: peer, lane: .priority)
        default:
            // An agent takes no orders: what it may do is decided by the core.
            refuse(frame, from: peer, on: links.admin.name, .notAllowed, "not for an agent")
        }
    }

    private func looks(_ request: LooksRequest) -> [UInt8] {
        let limit = min(Int(request.limit), Self.shownLooks)
        let entries = engine.looks.after(request.after, limit: limit).map { look in
            LooksReply.LooksEntry(
                number: look.number, at: look.at, instrument: look.instrument,
                hasSide: Flag(look.prospect != nil), side: look.prospect?.side ?? .buy,
                fair: look.prospect?.fair ?? .zero, edge: look.prospect?.edge ?? .zero,
                bid: look.bid?.price ?? .zero, bidQuantity: look.bid?.quantity ?? .zero,
                ask: look.ask?.price ?? .zero, askQuantity: look.ask?.quantity ?? .zero,
                bookAt: look.bookAt ?? .zero,
                reason: look.reason.flatMap { LongName("\($0)") } ?? .empty)
        }
        return LooksReply(
            nonce: request.nonce, incarnation: engine.incarnation, last: engine.looks.last
        ).frame(looks: entries)
    }

    private func status(nonce: UInt64) -> [UInt8] {
        let entries = values.compactMap { label, value in
            LongName(label).map { StatusReply.CountersEntry(label: $0, value: value) }
        }
        return StatusReply(
            nonce: nonce, kind: .agent, arming: session.isReady ? .armed : .disarmed,
            isKilled: .no, isReady: Flag(session.isReady), incarnation: engine.incarnation,
            marketTime: marketTime, tick: tick.number, journalSequence: .zero, chainHead: .zero,
            stateHash: .zero
        ).frame(counters: entries, version: Array(parts.version.utf8))
    }

    /// Plain numbers, then the reasons why markets were left alone and quotes were taken away.
    private var values: [(String, Int64)] {
        let counts = engine.counts
        var values: [(String, Int64)] = [
            (StatusLabel.requested, Int64(clamping: counts.requested)),
            (StatusLabel.fills, Int64(clamping: counts.fills)),
            (StatusLabel.settled, Int64(clamping: counts.settled)),
            (StatusLabel.openOrders, Int64(engine.openOrderCount)),
            (StatusLabel.cash, engine.cash.units),
            ("intents", Int64(clamping: counts.intents)),
            ("cancels", Int64(clamping: counts.cancels)),
            ("scanned", Int64(clamping: counts.scanned)),
            ("scans_waiting", Int64(engine.scanCount)),
            ("ticks", counters.ticks), ("ticks_unmarked", counters.ticksUnmarked),
            ("feed_rows", counters.rows), ("feed_rows_refused", counters.rowsRefused),
            ("feed_rows_doubted", counters.rowsDoubted),
            ("market_gaps", counters.gaps), ("malformed", counters.malformed),
            ("unsent", counters.unsent), ("outbox_overflows", counters.overflows),
            ("core_sessions", counters.sessions), ("grants_refused", counters.grantsRefused),
            ("markets_refused", Int64(clamping: counts.marketsRefused)),
            ("markout_maker_e9", price(engine.adverseMarkout(.maker))),
            ("markout_taker_e9", price(engine.adverseMarkout(.taker))),
        ]
        for reason in RejectReason.allCases {
            guard let count = rejections[reason] else { continue }
            values.append((StatusLabel.rejectedPrefix + "\(reason)", count))
        }
        for (reason, count) in counts.abstentions.met {
            values.append(("\(reason.isShedding ? "shed" : "left").\(reason)", Int64(count)))
        }
        for (reason, count) in counts.withdrawals.met {
            values.append(("withdrawn.\(reason)", Int64(clamping: count)))
        }
        values += learning?.values(of: engine.policy) ?? []
        return values + sourceValues + source.figures.map { ($0.label, $0.value) }
    }

    /// Each source: what it said that was believed, what was not, whether it is in quarantine, and
    /// how many seconds ago it last said something good.
    private var sourceValues: [(String, Int64)] {
        engine.policy.sources.prefix(Self.shownSources).flatMap { name, health in
            let label = "feed.\(name.prefix(16))"
            let age = health.lastGoodAt.map { (marketTime - $0).nanoseconds / 1_000_000_000 }
            return [
                ("\(label).good", Int64(clamping: health.accepted)),
                ("\(label).refused", Int64(clamping: health.refused)),
                ("\(label).repeated", Int64(clamping: health.duplicates)),
                ("\(label).quarantined", health.quarantine == nil ? 0 : 1),
                ("\(label).age_s", age ?? -1),
            ]
        }
    }

    private static var shownSources: Int { 12 }
    /// Looks in one answer; whoever wants more asks again.
    private static var shownLooks: Int { 256 }

    private func price(_ value: Double) -> Int64 {
        Price(value, rounding: .nearestEven)?.units ?? 0
    }
}

extension Abstention {
    /// Whether work was thrown away, rather than a market judged.
    fileprivate var isShedding: Bool {
        switch self {
        case .staleScan, .scanOverflow: true
        default: false
        }
    }
}
