package import Federation
import Foundation
import Journal
package import Logging
package import Runtime
package import Trading
package import Transport
import Wire

/// The shell of a federation's peer: links, journal, files and time around the pure machine.
///
/// What the machine wants durable is in the journal before anything of the turn leaves; secrets of
/// rounds are in memory alone, so that a restart is a dropout.
package final class FedSyncService: LoopService {
    package struct Parts {
        package let folder: FedSyncFolder
        package let invitation: Invitation
        package let server: LinkServer
        /// Links to peers whose names come after ours; the others connect to us.
        package let clients: [PeerID: LinkClient]
        /// Where the cluster's agents find versions and lay offers; nil where there are none.
        package let exchange: ExchangeFolder?

        package init(
            folder: FedSyncFolder, invitation: Invitation, server: LinkServer,
            clients: [PeerID: LinkClient], exchange: ExchangeFolder? = nil
        ) {
            self.folder = folder
            self.invitation = invitation
            self.server = server
            self.clients = clients
            self.exchange = exchange
        }
    }

    private let parts: Parts
    private let peers: [ProcessID: PeerID]
    private let box: UpdateBox
    private let log: Logger
    /// The pure machine.
    package private(set) var peer: FederationPeer
    private var journal: RecordJournal
    private var transcripts: TranscriptWriter
    private var clock: TurnClock
    private var nextTick: MonotonicTime
    private var nextStatus: MonotonicTime
    /// Rounds begin once everybody is linked, or after a stage's time.
    private var quietUntil: MonotonicTime
    private var takesPart = true
    private var offered: OfferedUpdate?
    private var alarm: String?
    private var nextExchange: MonotonicTime
    /// Whether the newest version lies in the exchange folder.
    private var hasShown = false
    private var failure: (any Error)?

    private static let transcriptsKept = 64
    private static let statusEvery = Span.milliseconds(500)

    package init(
        parts: Parts, peer: FederationPeer, journal: RecordJournal, clock: TurnClock, log: Logger
    ) {
        self.parts = parts
        self.peer = peer
        self.journal = journal
        self.clock = clock
        self.log = log
        peers = Dictionary(
            uniqueKeysWithValues: parts.invitation.peers.map { ($0.process, $0.peer.id) })
        box = UpdateBox(
            folder: parts.folder.updates, parameters: parts.invitation.parameters)
        transcripts = TranscriptWriter(
            folder: parts.folder.transcripts, keep: FedSyncService.transcriptsKept)
        nextTick = clock.monotonic
        nextStatus = clock.monotonic
        nextExchange = clock.monotonic
        quietUntil =
            clock.monotonic
            + .milliseconds(Int64(parts.invitation.configuration.stageMillis))
    }

    // MARK: Turns

    package func turnBegan(_ clock: TurnClock) { self.clock = clock }

    package var nextDeadline: MonotonicTime? { min(nextTick, nextStatus) }

    package func timersDue(at clock: TurnClock) {
        if clock.monotonic >= nextTick {
            nextTick = clock.monotonic + tickEvery
            takeOffer()
            lookAtFiles()
            if isReady { apply(.tick) }
        }
        if clock.monotonic >= nextStatus {
            nextStatus = clock.monotonic + FedSyncService.statusEvery
            keep { () throws in try BinaryFile.write(status.json, to: parts.folder.status) }
        }
    }

    private var tickEvery: Span {
        .milliseconds(
            min(250, max(20, Int64(parts.invitation.configuration.stageMillis) / 10)))
    }

    private var isReady: Bool {
        linked.count == peers.count - 1 || clock.monotonic >= quietUntil
    }

    package func endOfBatch() throws {
        if let failure { throw failure }
        try journal.commit()
    }

    package var journalHead: JournalHead {
        JournalHead(
            sequence: journal.committed.sequence, chainHead: Digest(journal.committed.hash),
            marketTime: .zero)
    }

    // MARK: Links

    package func linkOpened(
        _ peer: ProcessID, incarnation: Incarnation, resumed: Bool, on link: LinkName
    ) {
        log.info("linked", metadata: ["peer": "\(label(peer))"])
    }

    package func linkClosed(_ peer: ProcessID, because reason: LinkClosure, on link: LinkName) {
        log.notice("unlinked", metadata: ["peer": "\(label(peer))", "because": "\(reason)"])
    }

    package func received(_ frame: [UInt8], from sender: ProcessID, on link: LinkName) {
        guard let from = peers[sender] else { return }
        do throws(WireError) {
            switch try WireFrame.template(of: frame) {
            case .federationSigned: apply(.receive(try SignedMessage(frame: frame)))
            case .federationChunk:
                apply(
                    .receiveChunk(
                        try FederationChunk(decoding: frame),
                        elements: try FederationChunk.elements(in: frame), from: from))
            case let other: throw .unknownTemplate(other.rawValue)
            }
        } catch {
            refuse(frame, from, "\(error)")
        }
    }

    private func refuse(_ frame: [UInt8], _ peer: PeerID, _ detail: String) {
        if let client = parts.clients[peer] {
            client.refuse(frame, .malformed, detail)
        } else {
            parts.server.refuse(frame, from: peer.process, .malformed, detail)
        }
    }

    private func send(_ frame: [UInt8], to peer: PeerID) {
        // Without a session nothing is lost that the machine does not expect to lose.
        if let client = parts.clients[peer] {
            _ = client.send(frame)
        } else {
            _ = parts.server.send(frame, to: peer.process)
        }
    }

    private var linked: [PeerID] {
        parts.clients.filter { $0.value.isOpen }.keys
            + parts.server.openPeers.compactMap { peers[$0] }
    }

    private func label(_ process: ProcessID) -> String {
        peers[process].flatMap { parts.invitation.peer($0)?.label.description }
            ?? process.description
    }

    private func label(_ id: PeerID) -> String {
        parts.invitation.peer(id)?.label.description ?? id.description
    }

    // MARK: Files

    /// What the operator and the agents have put there since the last time.
    private func lookAtFiles() {
        let wanted = parts.folder.takesPart
        if wanted != takesPart {
            takesPart = wanted
            log.notice(wanted ? "opted_in" : "opted_out")
            apply(.takePart(wanted))
        }
        guard box.latestNumber(above: peer.record.spentThrough) != offered?.number else { return }
        do throws(ProcessFailure) {
            offered = try box.newest(above: peer.record.spentThrough)
            guard let offered else { return }
            apply(.offer(offered.update(from: peer.record.model)))
        } catch {
            raise("update_refused", "\(error)")
        }
    }

    /// Takes an agent's offer as `fed-sync offer` takes an operator's.
    private func takeOffer() {
        guard let exchange = parts.exchange, clock.monotonic >= nextExchange else { return }
        nextExchange = clock.monotonic + .seconds(1)
        if !hasShown { show(peer.record.head, peer.record.model) }
        guard takesPart, FileSystem.exists(exchange.offer) else { return }
        do throws(ProcessFailure) {
            let names = parts.invitation.parameters.map(\.name)
            let (targets, weight) = try UpdateBox.read(exchange.offer, names: names)
            _ = try box.put(targets: targets, weight: weight, now: clock.wall)
            // What waits in the box is not offered again.
            unlink(exchange.offer)
        } catch {
            raise("offer_refused", "\(error)")
        }
    }

    /// Lays a version down for the agents; they put it on trial. Height zero is nobody's news.
    private func show(_ head: ModelHead, _ model: ModelState) {
        guard let exchange = parts.exchange else { return }
        hasShown = true
        guard head.height > 0 else { return }
        let names = parts.invitation.parameters.map(\.name)
        let version = ExchangedVersion(
            federation: parts.invitation.name.description, height: head.height,
            model: head.model.description,
            parameters: Dictionary(zip(names, model.parameters)) { first, _ in first })
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do throws(ProcessFailure) {
            guard let data = try? encoder.encode(version) else { return }
            try exchange.write(String(decoding: data, as: UTF8.self), to: exchange.version)
        } catch {
            hasShown = false
            raise("version_not_shown", "\(error)")
        }
    }

    /// The status as of now.
    private var status: FedSyncStatus {
        FedSyncStatus(
            peer: peer.own.description, federation: parts.invitation.name.description,
            height: peer.record.head.height, model: peer.record.head.model.description,
            attempt: peer.record.attempt,
            stage: peer.stage.map { "\($0)" } ?? "idle", isCoordinating: peer.isCoordinating,
            takesPart: takesPart, isHalted: peer.isHalted,
            hasUpdate: (offered?.number ?? 0) > peer.record.spentThrough,
            linked: linked.map { label($0) }.sorted(),
            writtenMillis: clock.wall.milliseconds, alarm: alarm)
    }

    // MARK: The machine

    private func apply(_ command: FederationCommand) {
        var effects: [FederationEffect] = []
        peer.apply(command, at: clock.wall, into: &effects)
        for effect in effects { perform(effect) }
    }

    private func perform(_ effect: FederationEffect) {
        switch effect {
        case .persist(let record):
            keep { () throws in try journal.append(record, at: clock.wall) }
        case .send(let message, let peer): send(message.frame, to: peer)
        case .sendVector(let hash, let vector, let peer):
            for (index, elements) in VectorChunks.parts(of: vector).enumerated() {
                let chunk = FederationChunk(vectorHash: hash, index: UInt32(index))
                send(chunk.frame(elements: elements), to: peer)
            }
        case .coordinated(let round, let step):
            keep { () throws in try transcripts.take(step, of: round, by: peer.own) }
        case .spent, .refused, .committed, .left, .gaveUp, .alarm: note(effect)
        }
    }

    /// What people may want to know. Nothing here says anything of an input, a weight or a key.
    private func note(_ effect: FederationEffect) {
        switch effect {
        case .committed(let head, let model):
            show(head, model)
            log.notice(
                "committed", metadata: ["height": "\(head.height)", "model": "\(head.model)"])
        case .refused(let refusal, let sender):
            log.notice(
                "message_refused",
                metadata: ["peer": "\(label(sender))", "because": "\(refusal)"])
        case .left(let round, let refusal):
            log.notice(
                "left_round", metadata: ["round": "\(round)", "because": "\(refusal)"])
        case .gaveUp(let round, let failure):
            log.info(
                "gave_up_round", metadata: ["round": "\(round)", "because": "\(failure)"])
        case .alarm(let alarm): raise("alarm", "\(alarm)")
        case .persist, .send, .sendVector, .spent, .coordinated: break
        }
    }

    private func raise(_ event: String, _ text: String) {
        if alarm != text { log.error("\(event)", metadata: ["what": "\(text)"]) }
        alarm = text
    }

    /// Remembers the first failure: the turn ends the process before anything leaves it.
    private func keep(_ body: () throws -> Void) {
        do { try body() } catch { failure = failure ?? error }
    }
}
