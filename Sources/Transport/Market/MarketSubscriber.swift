package import Trading
import Wire

/// The following side of a market channel: watches the publisher's sequence, reports what is
/// missing, and asks for snapshots. Always follows the whole channel; see `MarketPublisher`.
///
/// Confined to its loop's thread.
package final class MarketSubscriber {
    /// The channel's name at the publisher, such as `gw-kalshi.market`.
    package let name: LinkName
    /// The process that publishes.
    package let publisher: ProcessID

    private let settings: LinkSettings
    private var incarnation = Incarnation.zero
    private var last = SequenceNumber.zero
    private var heardAt: MonotonicTime = .zero
    private var isSilent = true
    private var wanted: Set<MarketTopic> = []
    private var requestsAllowed: MonotonicTime = .zero
    private var events: [MarketEvent] = []
    private var clock = TurnClock(monotonic: .zero, wall: .zero)
    /// Messages that were not taken: malformed, of another sender, or older than what was taken.
    package private(set) var refused: UInt64 = 0
    /// Messages that were lost.
    package private(set) var lost: UInt64 = 0

    /// Makes a follower of a publisher's channel.
    package init(
        _ name: LinkName, publisher: ProcessID, settings: LinkSettings = LinkSettings()
    ) {
        self.name = name
        self.publisher = publisher
        self.settings = settings
    }

    /// Asks the publisher for a snapshot of a topic, or of all. Requests are collected and sent at
    /// most once per heartbeat interval, so that a lossy channel is not drowned in snapshots.
    package func requestSnapshot(of topic: MarketTopic = .all) { wanted.insert(topic) }

    /// Whether the channel is heard: something came within the timeout.
    package var isHeard: Bool { !isSilent }
}

// MARK: - For the loop

extension MarketSubscriber {
    /// A turn begins. After a pause of this process what waits in its sockets is old.
    func begin(_ clock: TurnClock) {
        self.clock = clock
        if clock.pause >= settings.timeout { fallSilent() }
    }

    /// Takes a message of the channel.
    func receive(_ frame: [UInt8], topic: MarketTopic) {
        let envelope: Envelope
        let template: WireTemplate
        do throws(WireError) {
            envelope = try WireFrame.envelope(of: frame)
            template = try WireFrame.template(of: frame)
            try validate(frame: frame.span.bytes)
        } catch {
            refused += 1
            return
        }
        guard envelope.sender == publisher else {
            refused += 1
            return
        }
        heardAt = clock.monotonic
        isSilent = false
        if envelope.epoch.rawValue != incarnation.rawValue { restart(envelope, template) }
        if template == .heartbeat {
            if envelope.sequence > last { lose(through: envelope.sequence) }
            return
        }
        guard envelope.sequence > last else {
            refused += 1
            return
        }
        if envelope.sequence > last.next {
            lose(through: SequenceNumber(envelope.sequence.rawValue - 1))
        }
        last = envelope.sequence
        events.append(.received(topic, frame))
    }

    /// Reports a channel that has fallen silent.
    func advance() {
        if clock.monotonic >= heardAt + settings.timeout { fallSilent() }
    }

    /// Topics whose snapshots are to be asked for now.
    func takeSnapshotRequests() -> [MarketTopic] {
        guard !wanted.isEmpty, clock.monotonic >= requestsAllowed else { return [] }
        requestsAllowed = clock.monotonic + settings.heartbeat
        defer { wanted.removeAll(keepingCapacity: true) }
        return wanted.contains(.all) ? [.all] : wanted.sorted()
    }

    var deadline: MonotonicTime {
        let silence = isSilent ? .never : heardAt + settings.timeout
        return wanted.isEmpty ? silence : min(silence, requestsAllowed)
    }

    func takeEvents() -> [MarketEvent] {
        guard !events.isEmpty else { return [] }
        defer { events.removeAll(keepingCapacity: true) }
        return events
    }

    /// A publisher that is new to us: the connection's own subscription brings its snapshots, and
    /// whatever it published before is not missed.
    private func restart(_ envelope: Envelope, _ template: WireTemplate) {
        incarnation = Incarnation(envelope.epoch.rawValue)
        let isHeartbeat = template == .heartbeat
        last = isHeartbeat ? envelope.sequence : SequenceNumber(envelope.sequence.rawValue &- 1)
        events.append(.gap(.restarted(incarnation)))
    }

    private func fallSilent() {
        guard !isSilent else { return }
        isSilent = true
        events.append(.gap(.silent))
        wanted.insert(.all)
    }

    private func lose(through: SequenceNumber) {
        let count = through.rawValue - last.rawValue
        lost += count
        last = through
        events.append(.gap(.lost(count)))
        wanted.insert(.all)
    }
}
