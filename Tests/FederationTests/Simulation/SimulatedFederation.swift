import Cryptography
import Federation
import TestSupport
import Trading
import Wire

/// How often things go wrong, in thousandths for each message or step.
struct FaultRates: Sendable {
    var drop = 0
    var duplicate = 0
    /// Messages that may overtake others between the same two peers.
    var reorder = 0
    var crash = 0
    /// Of each attempt: whether the network splits in two for some time.
    var partition = 0
    /// How long a message may take.
    var delayMillisMax: UInt64 = 300

    static let none = FaultRates()
}

/// What somebody puts in the place of a message: nothing, the same, or others.
typealias Tamper = (_ message: SignedMessage, _ to: PeerID) -> [SignedMessage]

/// A whole federation on one thread: peers, a network that loses, repeats, delays and splits, and
/// crashes that leave nothing but what was persisted. After every effect it checks what must never
/// happen.
struct SimulatedFederation {
    struct Node {
        var peer: FederationPeer
        var durable: PeerRecord
        let identity: Ed25519PrivateKey
        var nextUpdate: UInt64 = 1
        var restarts = 0
    }

    enum Parcel {
        case message(SignedMessage)
        case chunk(FederationChunk, [UInt8], from: PeerID)
    }

    struct Delivery {
        let at: Timestamp
        let order: UInt64
        let from: PeerID
        let to: PeerID
        let parcel: Parcel
    }

    private(set) var nodes: [PeerID: Node] = [:]
    let names: [PeerID]
    let book: RosterBook
    let root: Ed25519PrivateKey
    let configuration: RoundConfiguration
    var rates = FaultRates.none
    var tamper: Tamper?
    /// Those whose messages `tamper` writes: their own state proves nothing.
    var liars: Set<PeerID> = []
    private(set) var now = Timestamp(seconds: 1_700_000_000)
    private(set) var committed: [UInt64: ModelHead] = [:]
    private(set) var alarms: [(peer: PeerID, alarm: FederationAlarm)] = []
    private(set) var refusals: [MessageRefusal] = []
    private(set) var left: [RoundRefusal] = []
    private(set) var gaveUp: [RoundFailure] = []
    private(set) var violations: [String] = []
    private(set) var sent: [(message: SignedMessage, to: PeerID)] = []
    private var random: SeededRandom
    private var queue: [Delivery] = []
    private var order: UInt64 = 0
    private var newest: [[PeerID]: Timestamp] = [:]
    private var side: Set<PeerID> = []
    private var sideEnds = Timestamp.zero
    private var updateOf: [PeerID: LocalUpdate] = [:]
    private var inputs: [InputKey: LocalUpdate] = [:]
    private var inputRounds: [UpdateKey: RoundKey] = [:]
    private var models: [UInt64: ModelState] = [:]
    private var statements: [RoundKey: Digest] = [:]
    private var shareTags: [TagKey: UInt8] = [:]

    struct InputKey: Hashable {
        let peer: PeerID
        let round: RoundKey
    }
    struct UpdateKey: Hashable {
        let peer: PeerID
        let number: UInt64
    }
    struct TagKey: Hashable {
        let round: RoundKey
        let owner: Int
    }

    init(count: Int, seed: UInt64, configuration: RoundConfiguration) throws {
        random = SeededRandom(seed: seed)
        self.configuration = configuration
        root = try Ed25519PrivateKey(seed: SecretBytes([UInt8](repeating: 200, count: 32)))
        let keys = try (0..<count).map { index in
            try Ed25519PrivateKey(
                seed: SecretBytes(Digest.sha256([UInt8(index), UInt8(seed & 255)]).bytes))
        }
        let peers = keys.map { RosterPeer.simulated($0) }
        let roster = Roster(
            federation: Digest.sha256([1]), version: 1, epoch: 1,
            expires: Timestamp(seconds: 2_000_000_000), threshold: 1,
            roots: [Digest(bytes: root.publicKey.bytes) ?? .zero], peers: peers)
        book = try RosterBook(
            trusting: roster, signatures: [roster.signed(by: root)], at: now)
        names = roster.peers.map(\.id)
        let model = ModelState(
            parameters: [Double](repeating: 0, count: configuration.windows.count))
        for key in keys {
            let name = PeerID(identity: key.publicKey)
            let record = PeerRecord(model: model)
            nodes[name] = Node(
                peer: try FederationPeer(
                    identity: key, book: book, configuration: configuration, record: record,
                    seed: SecretBytes(Digest.sha256(name.digest.bytes).bytes), own: name),
                durable: record, identity: key)
        }
    }

    var heights: [UInt64] {
        names.filter { !liars.contains($0) }.compactMap { nodes[$0]?.peer.record.head.height }
    }

    /// Runs until every honest peer has this height, or the time is over.
    mutating func run(toHeight height: UInt64, seconds: Int64) throws -> Bool {
        let end = now + Span(nanoseconds: seconds * 1_000_000_000)
        while now < end {
            if heights.allSatisfy({ $0 >= height }) { return true }
            try step()
        }
        return heights.allSatisfy { $0 >= height }
    }

    /// A tenth of a second.
    mutating func step() throws {
        now = now + Span(nanoseconds: 100_000_000)
        if rates.partition > 0, now >= sideEnds {
            let isSplit = Int.random(in: 0..<1000, using: &random) < rates.partition
            side = isSplit ? Set(names.filter { _ in Bool.random(using: &random) }) : []
            sideEnds =
                now + Span(nanoseconds: Int64.random(in: 1...8, using: &random) * 1_000_000_000)
        }
        if rates.partition == 0 { side = [] }
        var due = queue.filter { $0.at <= now }
        queue.removeAll { $0.at <= now }
        due.sort { ($0.at, $0.order) < ($1.at, $1.order) }
        for delivery in due { deliver(delivery) }
        for name in names {
            if Int.random(in: 0..<1000, using: &random) < rates.crash { try crash(name) }
            offerIfNeeded(name)
            apply(.tick, to: name)
        }
    }

    /// The process ends without warning and starts again with what was persisted.
    mutating func crash(_ name: PeerID) throws {
        guard var node = nodes[name] else { return }
        node.restarts += 1
        let seed = Digest.sha256(name.digest.bytes + [UInt8(truncatingIfNeeded: node.restarts)])
        node.peer = try FederationPeer(
            identity: node.identity, book: book, configuration: configuration,
            record: node.durable, seed: SecretBytes(seed.bytes), own: name)
        node.nextUpdate = max(node.nextUpdate, node.durable.spentThrough + 1)
        nodes[name] = node
        updateOf[name] = nil
    }

    mutating func apply(_ command: FederationCommand, to name: PeerID) {
        guard var node = nodes[name] else { return }
        var effects: [FederationEffect] = []
        nodes[name] = nil
        node.peer.apply(command, at: now, into: &effects)
        nodes[name] = node
        for effect in effects { take(effect, of: name) }
    }

    /// Puts a message on the network as if `from` had sent it.
    mutating func inject(_ message: SignedMessage, from: PeerID, to: PeerID) {
        enqueue(.message(message), from: from, to: to)
    }

    private mutating func offerIfNeeded(_ name: PeerID) {
        guard updateOf[name] == nil, var node = nodes[name] else { return }
        let deltas = configuration.windows.map {
            $0 * Double.random(in: -0.3...0.3, using: &random)
        }
        let update = LocalUpdate(
            number: node.nextUpdate, deltas: deltas,
            weight: Double.random(in: 0.2...1, using: &random))
        node.nextUpdate += 1
        nodes[name] = node
        updateOf[name] = update
        apply(.offer(update), to: name)
    }

    private mutating func take(_ effect: FederationEffect, of name: PeerID) {
        switch effect {
        case .persist(let record): nodes[name]?.durable = record
        case .send(let message, let peer):
            let isLying = liars.contains(name)
            let messages = isLying ? tamper?(message, peer) ?? [message] : [message]
            for message in messages {
                watch(message, from: name)
                sent.append((message, peer))
                enqueue(.message(message), from: name, to: peer)
            }
        case .sendVector(let hash, let vector, let peer):
            for (index, part) in VectorChunks.parts(of: vector).enumerated() {
                let chunk = FederationChunk(vectorHash: hash, index: UInt32(index))
                enqueue(.chunk(chunk, part, from: name), from: name, to: peer)
            }
        case .spent(let number): noteInput(number, of: name)
        case .committed(let head, let model): check(head, model, of: name)
        case .refused(let refusal, _): refusals.append(refusal)
        case .left(_, let refusal): left.append(refusal)
        case .gaveUp(_, let failure): gaveUp.append(failure)
        case .alarm(let alarm): alarms.append((name, alarm))
        case .coordinated: break
        }
    }

    private mutating func enqueue(_ parcel: Parcel, from: PeerID, to: PeerID) {
        if side.contains(from) != side.contains(to) { return }
        if Int.random(in: 0..<1000, using: &random) < rates.drop { return }
        let copies = Int.random(in: 0..<1000, using: &random) < rates.duplicate ? 2 : 1
        for _ in 0..<copies {
            order += 1
            let delay = Int64.random(in: 0...Int64(rates.delayMillisMax), using: &random)
            var arrival = now + Span(nanoseconds: delay * 1_000_000)
            if Int.random(in: 0..<1000, using: &random) >= rates.reorder {
                arrival = max(arrival, newest[[from, to]] ?? arrival)
                newest[[from, to]] = arrival
            }
            queue.append(
                Delivery(at: arrival, order: order, from: from, to: to, parcel: parcel))
        }
    }

    private mutating func deliver(_ delivery: Delivery) {
        switch delivery.parcel {
        case .message(let message): apply(.receive(message), to: delivery.to)
        case .chunk(let chunk, let elements, let sender):
            apply(.receiveChunk(chunk, elements: elements, from: sender), to: delivery.to)
        }
    }

    // MARK: What must never happen

    private mutating func watch(_ message: SignedMessage, from name: PeerID) {
        guard !liars.contains(name) else { return }
        if message.template == FederationUnmask.templateID { noteUnmask(message, of: name) }
    }

    /// An update has left its peer, masked: note for which round, and that it is for one only.
    private mutating func noteInput(_ number: UInt64, of name: PeerID) {
        guard let round = nodes[name]?.peer.roundKey, let update = updateOf[name] else { return }
        if update.number != number { violations.append("\(name) spent \(number), not offered") }
        let key = UpdateKey(peer: name, number: number)
        if let before = inputRounds[key], before != round {
            violations.append("\(name) used update \(number) in \(before) and \(round)")
        }
        inputRounds[key] = round
        inputs[InputKey(peer: name, round: round)] = update
        updateOf[name] = nil
    }

    private mutating func noteUnmask(_ message: SignedMessage, of name: PeerID) {
        do throws(WireError) {
            let statement = try FederationUnmask(decoding: message.payload).statement
            let shares = try FederationUnmask.shares(in: message.payload)
            if let other = statements[message.round], other != statement {
                violations.append("shares for two survivor sets in \(message.round)")
            }
            statements[message.round] = statement
            for index in 0..<shares.count / taggedShareByteCount {
                let tag = shares[index * taggedShareByteCount]
                let key = TagKey(round: message.round, owner: index)
                if tag == 0 { continue }
                if let other = shareTags[key], other != tag {
                    violations.append("both kinds of share in \(message.round)")
                }
                shareTags[key] = tag
            }
        } catch {
            violations.append("\(name) sent \(error)")
        }
    }

    private mutating func check(_ head: ModelHead, _ model: ModelState, of name: PeerID) {
        if liars.contains(name) { return }
        if let other = committed[head.height], other != head {
            violations.append("two versions at height \(head.height)")
        }
        let isFirst = committed[head.height] == nil
        committed[head.height] = head
        guard isFirst, liars.isEmpty, let version = nodes[name]?.peer.record.versions[head.height]
        else { return }
        if let problem = sumProblem(version.candidate, model) { violations.append(problem) }
        models[head.height] = model
    }

    /// What is wrong with a committed sum, computed again from the updates themselves.
    private func sumProblem(_ candidate: Candidate, _ model: ModelState) -> String? {
        let height = candidate.parent.height
        let zeros = [Double](repeating: 0, count: configuration.windows.count)
        let parent = height == 0 ? zeros : models[height]?.parameters ?? []
        guard parent.count == zeros.count else { return nil }
        do throws(WireError) {
            let peers = try FederationResult.peers(in: candidate.frame).map { PeerID($0.peer) }
            let bytes = try FederationResult.survivors(in: candidate.frame)
            guard let survivors = PeerSet(bytes: bytes, count: peers.count) else { return "no set" }
            var sums = zeros
            var weight = 0.0
            for member in survivors.members {
                guard let update = inputs[InputKey(peer: peers[member], round: candidate.round)]
                else { return "\(peers[member]) is in a sum without an update" }
                weight += update.weight
                for index in sums.indices { sums[index] += update.weight * update.deltas[index] }
            }
            let step = Double(survivors.members.count + 1) / configuration.quantiser.scale / weight
            for (index, window) in configuration.windows.enumerated() {
                let expected = parent[index] + sums[index] / weight
                if abs(expected - model.parameters[index]) > 2 * step * window {
                    return "parameter \(index): \(model.parameters[index]), not \(expected)"
                }
            }
        } catch {
            return "\(error)"
        }
        return nil
    }
}

extension RosterPeer {
    static func simulated(_ key: Ed25519PrivateKey) -> RosterPeer {
        RosterPeer(
            id: PeerID(identity: key.publicKey), identity: key.publicKey, curveKey: .zero,
            keyEpoch: 0, validFrom: .zero, validUntil: Timestamp(seconds: 3_000_000_000))
    }
}

extension Roster {
    func signed(by root: Ed25519PrivateKey) -> RootSignature {
        do {
            return RootSignature(
                root: Digest(bytes: root.publicKey.bytes) ?? .zero,
                signature: SignatureBytes(bytes: try root.sign(signedBytes)) ?? .zero)
        } catch {
            return RootSignature(root: .zero, signature: .zero)
        }
    }
}

extension SimulatedFederation {
    /// What happened, for the message of a failing test.
    var summary: String {
        "heights \(heights), refusals \(refusals.prefix(5)), left \(left.prefix(5)), gave up"
            + " \(gaveUp.prefix(5)), alarms \(alarms.prefix(5).map(\.alarm))"
    }
}
