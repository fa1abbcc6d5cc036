package import Cryptography
package import Federation
import Journal
package import Logging
package import Runtime
import Trading
package import Transport
import Wire

/// Makes a peer out of its state directory and runs it until it is asked to stop.
package enum FedSyncWiring {
    /// Everything that can be refused before a socket is bound is refused here.
    package static func run(
        state: StateDirectory, listen: String?, exchange: ExchangeFolder? = nil
    ) throws(ProcessFailure) {
        try Hardening.apply()
        if let exchange, !FileSystem.exists(exchange.path) {
            throw ProcessFailure(
                .usage,
                "--exchange: there is no folder \(exchange.path): make it, for this process and "
                    + "the agents to read and write")
        }
        let folder = FedSyncFolder(state: state)
        try folder.prepare()
        let invitation = try folder.joined()
        let book = try invitation.check(file: folder.invitation, at: WallClock.now())
        let identity = try folder.identity()
        let own = PeerID(identity: identity.publicKey)
        guard let entry = invitation.peer(own) else {
            throw ProcessFailure(
                .refused,
                "\(folder.invitation) does not name this peer (\(own)): send the lines of "
                    + "`fed-sync keys show` to whoever keeps the roster")
        }
        let address = try endpoint(listen, entry)
        let security = try security(folder, invitation, own)
        LogBootstrap.install(sink: LogSink(path: folder.log, isEchoed: false), level: .info)
        var log = Logger(label: FedSyncFolder.process.description)
        log[metadataKey: "own"] = "\(entry.label)"
        let stop = try StopSignal.install(environment: Variables.current())
        let seed: SecretBytes
        do throws(CryptoError) { seed = try SecretBytes.random(count: 32) } catch {
            throw ProcessFailure(.refused, "no randomness: \(error)")
        }
        let setting = Setting(
            folder: folder, invitation: invitation, book: book, own: own, address: address,
            seed: seed, log: log, exchange: exchange)
        let loop = try startLoop(setting, identity, security)
        stop.onRequest { loop.stop() }
        let notifier = SystemdNotifier(environment: Variables.current())
        notifier.ready(status: "running")
        log.info("started", metadata: ["peer": "\(own)", "address": "\(address)"])
        do {
            try loop.wait()
        } catch {
            log.critical("stopped", metadata: ["error": "\(error)"])
            throw ProcessFailure(.refused, "\(error)")
        }
        notifier.stopping()
        log.info("stopped")
    }

    /// What a peer is made of beside its journal and its keys.
    package struct Setting: Sendable {
        package let folder: FedSyncFolder
        package let invitation: Invitation
        package let book: RosterBook
        package let own: PeerID
        package let address: Endpoint
        /// 32 bytes from the system's generator, new at every start.
        package let seed: SecretBytes
        package let log: Logger
        package let exchange: ExchangeFolder?

        package init(
            folder: FedSyncFolder, invitation: Invitation, book: RosterBook, own: PeerID,
            address: Endpoint, seed: SecretBytes, log: Logger, exchange: ExchangeFolder? = nil
        ) {
            self.folder = folder
            self.invitation = invitation
            self.book = book
            self.own = own
            self.address = address
            self.seed = seed
            self.log = log
            self.exchange = exchange
        }
    }

    private static func endpoint(
        _ listen: String?, _ entry: InvitedPeer
    ) throws(ProcessFailure) -> Endpoint {
        guard let listen else { return entry.address }
        do throws(TransportError) {
            return try Endpoint(parsing: listen)
        } catch {
            throw ProcessFailure(.usage, "--listen: \(error.message)")
        }
    }

    private static func security(
        _ folder: FedSyncFolder, _ invitation: Invitation, _ own: PeerID
    ) throws(ProcessFailure) -> LoopSecurity {
        var directory: [ProcessID: CurvePublicKey] = [:]
        for peer in invitation.peers where peer.peer.id != own {
            directory[peer.process] = peer.curve
        }
        let secret = try folder.curve()
        do {
            guard try secret.publicKey() == invitation.peer(own)?.curve else {
                throw ProcessFailure(
                    .refused, "\(folder.curveKey) is not the key that the roster names")
            }
            return LoopSecurity(
                identity: try CurveIdentity(name: own.process, secretKey: secret),
                directory: try PeerDirectory(directory))
        } catch {
            throw ProcessFailure(error)
        }
    }

    private static func startLoop(
        _ setting: Setting, _ identity: Ed25519PrivateKey, _ security: LoopSecurity
    ) throws(ProcessFailure) -> PollLoop<FedSyncService> {
        do {
            return try PollLoop(name: "fed-sync", security: security) { wiring in
                try serve(setting, identity, wiring)
            }
        } catch let failure as ProcessFailure {
            throw failure
        } catch let error as JournalError {
            throw ProcessFailure(
                .refused, "fed-sync cannot start: \(setting.folder.journal): \(error)")
        } catch {
            throw ProcessFailure(.unavailable, "fed-sync cannot start: \(error)")
        }
    }

    /// Restores a peer from its journal and puts it on its links.
    package static func serve(
        _ setting: Setting, _ identity: Ed25519PrivateKey, _ wiring: any LoopWiring
    ) throws -> FedSyncService {
        let (peer, journal) = try restore(setting, identity)
        let invitation = setting.invitation
        let link = LinkIdentity(
            cluster: invitation.name, name: setting.own.process,
            incarnation: Incarnation(UInt64(wiring.clock.wall.nanoseconds)))
        var settings = LinkSettings()
        settings.heartbeat = .milliseconds(500)
        settings.timeout = .seconds(5)
        let server = LinkServer(
            try name(of: setting.own), identity: link,
            allowing: invitation.peers.filter { $0.peer.id < setting.own }.map(\.process),
            settings: settings)
        var clients: [PeerID: LinkClient] = [:]
        for other in invitation.peers where setting.own < other.peer.id {
            let client = LinkClient(
                try name(of: other.peer.id), identity: link, peer: other.process,
                settings: settings)
            clients[other.peer.id] = client
        }
        let service = FedSyncService(
            parts: FedSyncService.Parts(
                folder: setting.folder, invitation: invitation, server: server, clients: clients,
                exchange: setting.exchange),
            peer: peer, journal: journal, clock: wiring.clock, log: setting.log)
        try wiring.bind(server, at: setting.address)
        for other in invitation.peers {
            if let client = clients[other.peer.id] {
                try wiring.connect(client, to: other.address)
            }
        }
        return service
    }

    /// The link of a peer, named by it.
    private static func name(of peer: PeerID) throws(ProcessFailure) -> LinkName {
        guard let name = LinkName("fed.\(peer)") else {
            throw ProcessFailure(.refused, "fed.\(peer) is no name of a link")
        }
        return name
    }

    private static func restore(
        _ setting: Setting, _ identity: Ed25519PrivateKey
    ) throws -> (FederationPeer, RecordJournal) {
        let folder = setting.folder
        let invitation = setting.invitation
        let journalIdentity = folder.identity(in: invitation)
        var options = JournalStore.Options(
            identity: journalIdentity, engineVersion: RecordJournal.engineVersion,
            checkpointKey: try folder.checkpoint())
        options.bodyBytesMax = RecordJournal.bodyBytesMax
        options.batchBytesMax = 2 * RecordJournal.bodyBytesMax
        let store = try JournalStore(opening: folder.journal, options: options)
        var fold = RecordFold(
            initial: invitation.initial, ring: invitation.configuration.ring)
        try fold.read(JournalReader(opening: folder.journal, expected: journalIdentity))
        var record = fold.record
        guard record.rosterVersion <= setting.book.roster.version else {
            throw ProcessFailure(
                .refused,
                "\(folder.invitation) has roster \(setting.book.roster.version), and this peer has "
                    + "used \(record.rosterVersion) already: bring the newer file back")
        }
        record.rosterVersion = setting.book.roster.version
        let peer = try FederationPeer(
            identity: identity, book: setting.book, configuration: invitation.configuration,
            record: record, seed: setting.seed, own: setting.own)
        return (peer, try RecordJournal(store: store, record: record))
    }
}
