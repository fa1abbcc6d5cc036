import Cryptography
import FedSync
import Federation
import Logging
import Runtime
import Testing
import Trading
import Transport
import Wire

/// Whole peers with their journals and files on disk, and a network in memory between them: the
/// clock moves as the test says, and a peer can be killed at any moment.
final class FederationInMemory {
    let sample: FederationSample
    let network = MemoryNetwork(startingAt: Timestamp(seconds: 1_800_000_000))
    private(set) var services: [FedSyncService?]
    private(set) var starts = 0
    /// Everything that went over the wire.
    private(set) var wire: [[UInt8]] = []
    private(set) var seeds: [SecretBytes] = []
    /// Where the agents of some peers are.
    private let exchanges: [Int: ExchangeFolder]

    init(
        count: Int, exchanges: [Int: ExchangeFolder] = [:], adam: AdamTerms? = nil
    ) throws {
        self.exchanges = exchanges
        sample = try FederationSample(count: count, adam: adam)
        services = Array(repeating: nil, count: count)
        network.fate = { [unowned self] packet in
            wire.append(packet.frame)
            return .deliver(after: .microseconds(50))
        }
        for place in 0..<count { try start(place) }
    }

    func start(_ place: Int) throws {
        let member = sample.members[place]
        starts += 1
        let seed = SecretBytes(Digest.sha256([UInt8(starts), 9]).bytes)
        seeds.append(seed)
        let setting = FedSyncWiring.Setting(
            folder: member.folder, invitation: sample.invitation,
            book: try sample.invitation.check(
                file: "i.yaml", at: Timestamp(seconds: 1_800_000_000)),
            own: member.id, address: member.peer.address, seed: seed,
            log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            exchange: exchanges[place])
        services[place] = try network.add(member.peer.process) { wiring in
            try FedSyncWiring.serve(setting, member.identity, wiring)
        }
    }

    /// Ends a peer as kill -9 does.
    func kill(_ place: Int) throws {
        network.crash(sample.members[place].peer.process)
        services[place] = nil
        // What was on its way to it goes with the next turns, and with it the last reference.
        try network.run(for: .milliseconds(5))
    }

    func offer(_ place: Int, _ targets: [Double], weight: Double) throws {
        let box = UpdateBox(
            folder: sample.members[place].folder.updates, parameters: sample.invitation.parameters)
        _ = try box.put(targets: targets, weight: weight, now: network.wall)
    }

    func height(_ place: Int) -> UInt64 { services[place]?.peer.record.head.height ?? 0 }

    func record(_ place: Int) throws -> PeerRecord {
        try sample.members[place].folder.record(sample.invitation)
    }

    /// Who is in the sum of a version.
    func survivors(_ version: CertifiedVersion) throws -> Set<Int> {
        let frame = version.candidate.frame
        let peers = try FederationResult.peers(in: frame).map { PeerID($0.peer) }
        let bytes = try FederationResult.survivors(in: frame)
        let set = try #require(PeerSet(bytes: bytes, count: peers.count))
        return Set(
            set.members.compactMap { member in
                sample.members.firstIndex { $0.id == peers[member] }
            })
    }
}

extension MemoryNetwork {
    var wall: Timestamp { Timestamp(seconds: 1_800_000_000) + (now - .zero) }
}
