import GRDB
import Logging
import Runtime
import Trading
import Wire

/// Asks the agents what they make of their markets, and keeps the last answer beside the traces:
/// what never came to an order is in no journal.
struct LookFollower: Sendable {
    let console: AdminConsole
    let agents: [AgentConfiguration]
    let store: TraceStore
    let log: Logger

    private static let pageMax: UInt32 = 256
    /// All the markets that an agent may have.
    private static let pagesMax = 16
    private static let interval = Trading.Span.seconds(1)

    /// How far an agent has been followed.
    private struct Place {
        var incarnation = Incarnation.zero
        var number: UInt64 = 0
    }

    /// Follows until the task is cancelled.
    func follow() async {
        var places: [ProcessID: Place] = [:]
        while !Task.isCancelled {
            for agent in agents {
                var isBehind = true
                for _ in 0..<LookFollower.pagesMax where isBehind {
                    let place = places[agent.name] ?? Place()
                    (places[agent.name], isBehind) = await step(agent, from: place)
                }
            }
            await pause(LookFollower.interval)
        }
    }

    /// Takes one page; whether there is more.
    private func step(_ agent: AgentConfiguration, from place: Place) async -> (Place, Bool) {
        do throws(AdminError) {
            let page = try await console.looks(
                of: agent.name, after: place.number, limit: LookFollower.pageMax,
                patience: .milliseconds(500))
            let isSame = page.reply.incarnation == place.incarnation
            guard isSame, page.reply.last >= place.number else {
                return (Place(incarnation: page.reply.incarnation), true)
            }
            guard let newest = page.looks.last else { return (place, false) }
            keep(page.looks, of: agent)
            return (
                Place(incarnation: place.incarnation, number: newest.number),
                page.looks.count == Int(LookFollower.pageMax)
            )
        } catch {
            // That an agent does not answer is shown with its status.
            return (place, false)
        }
    }

    /// What cannot be kept is asked for again with the next change.
    private func keep(_ looks: [LooksReply.LooksEntry], of agent: AgentConfiguration) {
        do {
            try store.write(looks, of: agent.name, in: agent.org)
        } catch {
            log.error(
                "looks", metadata: ["agent": "\(agent.name)", "error": "\(error)"])
        }
    }
}

extension AdminConsole {
    /// What an agent made of its markets since a number.
    func looks(
        of agent: ProcessID, after number: UInt64, limit: UInt32, patience: Trading.Span
    ) async throws(AdminError) -> (reply: LooksReply, looks: [LooksReply.LooksEntry]) {
        let nonce = nextNonce()
        let request = LooksRequest(nonce: nonce, after: number, limit: limit)
        let frame = try await ask(request.frame(), nonce: nonce, agent, patience)
        do throws(WireError) {
            return (try LooksReply(decoding: frame), try LooksReply.looks(in: frame))
        } catch {
            throw .malformed(agent, error.description)
        }
    }
}

extension TraceStore {
    /// Keeps the last look of an agent at each market, while the market is of interest.
    func write(_ looks: [LooksReply.LooksEntry], of agent: ProcessID, in org: OrgID) throws {
        try pool.write { db in
            for look in looks {
                let hasSide = look.hasSide.isSet
                try db.execute(
                    sql: "INSERT OR REPLACE INTO look VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    arguments: [
                        look.instrument.description, agent.description,
                        org.description, look.at.nanoseconds, look.reason.description,
                        hasSide ? look.fair.units : nil, hasSide ? look.edge.units : nil,
                        look.bid.units, look.bidQuantity.units, look.ask.units,
                        look.askQuantity.units, look.bookAt.nanoseconds,
                    ])
            }
            guard let newest = looks.map(\.at.nanoseconds).max() else { return }
            try db.execute(
                sql: "DELETE FROM look WHERE at < ? AND instrument IN "
                    + "(SELECT id FROM instrument WHERE close_at < ?)",
                arguments: [newest - TraceStore.lookMemory, newest - TraceStore.lookMemory])
        }
    }

    /// An hour of market time.
    private static let lookMemory: Int64 = 3_600_000_000_000
}

/// Why an agent left a market alone, in words for people.
enum LookText {
    /// Labels that a newer agent may have are shown as they are.
    static func why(_ reason: String) -> String { texts[reason] ?? reason }

    private static let texts = [
        "notOpen": "the venue has not opened it",
        "beforeWindow": "before its time",
        "nearEnd": "too near its end",
        "feedMissing": "the agent's feed is missing",
        "feedStale": "the agent's feed is stale",
        "feedQuarantined": "the agent's feed is in quarantine",
        "strikeUnknown": "its strike is not known yet",
        "strikeLate": "its strike came too late to be trusted",
        "volatilityUnknown": "the volatility is not known yet",
        "ruleUnsupported": "the model does not know its rule",
        "bookMissing": "no book was seen",
        "bookStale": "its book is stale",
        "bookCrossed": "its book is crossed",
        "oneSided": "its book has one side only",
        "edgeTooSmall": "no edge after all costs",
        "sizeTooSmall": "the edge is worth less than the smallest order",
        "positionFull": "the position is as large as it may be",
        "ordersFull": "the agent has as many open orders as it may",
        "requestsFull": "the agent asked for as much as it may at once",
        "waiting": "between orders: the agent waits before it asks again",
        "quoted": "its order stands",
        "selfCross": "its own order is in the way",
        "notItsTurn": "not its turn",
    ]
}
