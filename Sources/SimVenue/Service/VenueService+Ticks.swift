import Logging
import MarketSim
import NIOCore
import Runtime
import Trading

/// Where market time stands between two ticks.
struct Pace {
    enum State {
        /// Waiting for the participants without which nothing begins.
        case waiting
        case running
        case ended
    }

    var state = State.waiting
    /// The moment of the next tick, once it was asked for.
    var next: Timestamp?
    /// Market time and monotonic time that belong together, for a paced replay.
    var anchor: (market: Timestamp, monotonic: Span)?
    /// When market time ends, by the monotonic clock.
    var deadline: Span?
    /// Participants that were there and are gone, and since when.
    var absentSince: [String: Span] = [:]
    /// Participants that have subscribed to the clock at least once.
    var seen: Set<String> = []
    /// Since when market time stands still because nobody is there.
    var heldSince: Span?
    var wake: Scheduled<Void>?
    var lastReport: Span?
    var isTurnQueued = false
    /// How often the clock was looked at without a message.
    var looks: UInt64 = 0
}

/// Market time: the next tick comes when everybody has acknowledged the last one and, in a paced
/// replay, when its moment has come.
extension VenueService {
    /// A pause longer than this is not caught up with: the replay goes on from where it stood.
    private static let catchUpMax = Span.seconds(1)

    /// Watches market time from now on: patience runs out and time is up without a message.
    func startClock() {
        turn()
        polymarket.look()
        pace.looks += 1
        if pace.looks % 10 == 1 { onAlive() }
        loop.assumeIsolated().scheduleTask(in: .milliseconds(100)) { [weak self] in
            self?.startClock()
        }
    }

    func joinClock(_ session: SocketSession) {
        let key = session.participant.key.id
        pace.absentSince[key] = nil
        pace.seen.insert(key)
        // What an earlier subscription of this connection was told counts no more.
        session.awaited = nil
        logger.info("participant joined", metadata: ["key": "\(key)"])
        takeBack(session)
        queueTurn()
    }

    /// A participant left. One that gave its subscription up does not come back; a lost connection
    /// does, and its next tick waits for it.
    func leaveClock(_ session: SocketSession, isLost: Bool) {
        let key = session.participant.key.id
        let isThere = sessions.contains {
            $0 !== session && $0.participant.key.id == key && $0.subscription(.clock) != nil
        }
        guard !isThere else { return turn() }
        if isLost {
            pace.absentSince[key] = MonotonicClock.now()
        } else {
            pace.seen.remove(key)
        }
        logger.info("participant left", metadata: ["key": "\(key)"])
        turn()
    }

    func acknowledge(_ tick: TickNumber, by session: SocketSession) {
        guard tick <= engine.tick, tick > session.acknowledged ?? .zero else { return }
        session.acknowledged = tick
        if session.isLate || pace.heldSince != nil { takeBack(session) }
        if tick == engine.tick { turn() }
    }

    /// Who is heard of again is waited for again, from the tick that it was told last.
    private func takeBack(_ session: SocketSession) {
        session.announcedAt = MonotonicClock.now()
        let key = session.participant.key.id
        if session.isLate {
            session.isLate = false
            logger.notice("participant is waited for again", metadata: ["key": "\(key)"])
        }
        guard pace.heldSince != nil else { return }
        pace.heldSince = nil
        logger.notice("market time goes on", metadata: ["key": "\(key)"])
    }

    /// One look at market time: waits, advances or ends.
    func turn() {
        do {
            try step()
        } catch {
            fail(error)
        }
    }

    private func queueTurn() {
        guard !pace.isTurnQueued else { return }
        pace.isTurnQueued = true
        loop.assumeIsolated().execute { [weak self] in
            self?.pace.isTurnQueued = false
            self?.turn()
        }
    }

    private func step() throws {
        let now = MonotonicClock.now()
        switch pace.state {
        case .ended: return
        case .waiting:
            guard isComplete(now) else { return }
            pace.state = .running
            pace.deadline = options.runFor.map { now + $0 }
            queueTurn()
        case .running:
            guard try isDrained(now) else { return try endIfHeldTooLong(now) }
            if let deadline = pace.deadline, now >= deadline { return try end("time is up") }
            if pace.next == nil { pace.next = try engine.nextTick(wall: WallClock.now()) }
            guard let next = pace.next else { return try end("the recording is at its end") }
            guard isDue(next, now) else { return }
            try advance(to: next)
        }
    }

    private func advance(to moment: Timestamp) throws {
        pace.next = nil
        try engine.advance(to: moment)
        publishEffects()
        let now = MonotonicClock.now()
        for session in sessions {
            guard let clock = session.subscription(.clock) else { continue }
            session.send(type: "clock", sid: clock.sid, body: clockBody(isEnd: false))
            session.flush()
            session.announcedAt = now
            session.awaited = engine.tick
        }
        queueTurn()
    }

    private func clockBody(isEnd: Bool) -> [UInt8] {
        JSONText.object {
            if isEnd { $0.field("end", true) }
            $0.field("tick", engine.tick.rawValue)
            $0.field("ts_ns", engine.now.nanoseconds)
        }
    }

    // MARK: Waiting

    /// Whether every participant without which nothing begins is there.
    private func isComplete(_ now: Span) -> Bool {
        let missing = options.expected.filter { !pace.seen.contains($0) }
        guard !missing.isEmpty else { return true }
        let last = pace.lastReport ?? now
        if pace.lastReport == nil { pace.lastReport = now }
        if (now + Span(nanoseconds: -last.nanoseconds)) >= .seconds(10) {
            pace.lastReport = now
            logger.notice(
                "waiting for participants", metadata: ["keys": "\(missing.joined(separator: " "))"])
        }
        return false
    }

    /// Whether everybody who is waited for has acknowledged the last tick. Who is silent or gone
    /// for too long is waited for no longer, as long as somebody else is there: a market that runs
    /// away from its only participants is of no use to them, so without any it stands still.
    private func isDrained(_ now: Span) throws -> Bool {
        let gone = pace.absentSince.keys.sorted()
        if pace.absentSince.values.contains(where: { now < $0 + options.patience }) { return false }
        var silent: [SocketSession] = []
        var isAnybodyThere = false
        for session in sessions where session.subscription(.clock) != nil && !session.isLate {
            guard let awaited = session.awaited, awaited > session.acknowledged ?? .zero else {
                isAnybodyThere = true
                continue
            }
            if now < session.announcedAt + patience(with: session) { return false }
            silent.append(session)
        }
        guard isAnybodyThere || pace.seen.isEmpty || !engine.isRecorded else {
            try hold(now)
            return false
        }
        for key in gone {
            pace.absentSince[key] = nil
            try report(late: key, "gone for longer than \(options.patience)")
        }
        for session in silent {
            session.isLate = true
            try report(
                late: session.participant.key.id,
                "silent for longer than \(patience(with: session))")
        }
        return true
    }

    private func patience(with session: SocketSession) -> Span {
        session.acknowledged == nil ? options.firstPatience : options.patience
    }

    /// Market time stands still from now on, until a participant is heard of again.
    private func hold(_ now: Span) throws {
        guard pace.heldSince == nil else { return }
        pace.heldSince = now
        let keys = pace.seen.sorted().joined(separator: " ")
        logger.warning(
            "no participant is there: market time stands still", metadata: ["keys": "\(keys)"])
        try engine.note("held", "waits for \(keys)", wall: WallClock.now())
    }

    private func endIfHeldTooLong(_ now: Span) throws {
        guard let since = pace.heldSince else { return }
        if let deadline = pace.deadline, now >= deadline { return try end("time is up") }
        guard now >= since + options.hold else { return }
        throw ProcessFailure(
            .unavailable,
            "no participant for \(options.hold): market time stands at tick \(engine.tick) and "
                + "goes on from there when the venue is started again")
    }

    private func report(late key: String, _ reason: String) throws {
        logger.warning(
            "participant is not waited for", metadata: ["key": "\(key)", "reason": "\(reason)"])
        try engine.note("late", "\(key): \(reason)", wall: WallClock.now())
    }

    /// Whether the moment of a tick has come; if not, comes back when it has.
    private func isDue(_ moment: Timestamp, _ now: Span) -> Bool {
        guard case .factor(let factor) = engine.speed else { return true }
        guard let anchor = pace.anchor else {
            pace.anchor = (moment, now)
            return true
        }
        let elapsed = Double((moment - anchor.market).nanoseconds) / factor
        let due = anchor.monotonic + Span(nanoseconds: Int64(elapsed))
        if now >= due {
            if now > due + VenueService.catchUpMax { pace.anchor = (moment, now) }
            return true
        }
        pace.wake?.cancel()
        let wait = due.nanoseconds - now.nanoseconds
        pace.wake = loop.assumeIsolated().scheduleTask(in: .nanoseconds(wait)) { [weak self] in
            self?.turn()
        }
        return false
    }

    // MARK: The end

    private func end(_ reason: String) throws {
        pace.state = .ended
        try engine.logBalances(wall: WallClock.now())
        try engine.note("end", reason, wall: WallClock.now())
        onEnd()
        for session in sessions {
            guard let clock = session.subscription(.clock) else { continue }
            session.send(type: "clock", sid: clock.sid, body: clockBody(isEnd: true))
            session.flush()
        }
        logger.notice(
            "market time ended",
            metadata: ["reason": "\(reason)", "tick": "\(engine.tick)", "at": "\(engine.now)"])
    }

    /// The venue is told to stop: what everybody has is written down.
    func stop() {
        guard !isStopping else { return }
        isStopping = true
        pace.state = .ended
        do {
            try engine.logBalances(wall: WallClock.now())
            try engine.note("stop", "told to stop", wall: WallClock.now())
            engine.release()
            stopped.succeed()
        } catch {
            fail(error)
        }
    }
}
