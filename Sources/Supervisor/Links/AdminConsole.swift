import Cryptography
import Journal
import Runtime
import Synchronization
import Trading
import Transport
import Wire

/// Talks to the processes of a cluster over their admin links, for `async` callers.
final class AdminConsole: Sendable {
    private let loop: PollLoop<AdminService>
    private let nonces: Mutex<UInt64>

    /// Connects to the admin sockets of `processes`; they may come up later.
    init(_ party: ClusterParty, to processes: [ProcessID]) throws(ProcessFailure) {
        let security = try party.security(peers: processes)
        nonces = Mutex(UInt64(WallClock.now().nanoseconds))
        var ends: [(LinkName, ProcessID, Endpoint)] = []
        for process in processes {
            ends.append(
                (
                    try party.link(process, .admin), process,
                    try party.endpoint(of: process, .admin)
                ))
        }
        let (targets, identity) = (ends, party.identity)
        do {
            loop = try PollLoop(name: "admin", security: security) { wiring in
                let service = AdminService(clock: wiring.clock)
                for (link, process, endpoint) in targets {
                    let client = LinkClient(link, identity: identity, peer: process)
                    try wiring.connect(client, to: endpoint)
                    service.add(client)
                }
                return service
            }
        } catch {
            throw ProcessFailure(.unavailable, "the admin links cannot be opened: \(error)")
        }
    }

    /// Ends the links; requests under way fail.
    func close() {
        loop.stop()
        // The loop's own failure means no more than that its requests failed.
        try? loop.wait()
    }

    /// The state of a process.
    func status(of process: ProcessID, patience: Trading.Span) async throws(AdminError)
        -> ProcessStatus
    {
        let nonce = nextNonce()
        let reply = try await ask(
            StatusRequest(nonce: nonce).frame(), nonce: nonce, process, patience)
        do throws(WireError) {
            return try ProcessStatus(decoding: reply, process: process)
        } catch {
            throw .malformed(process, error.description)
        }
    }

    /// Sends an operator's command, signed for this moment.
    func command(
        _ order: OperatorOrder, to process: ProcessID, by key: OperatorKey,
        patience: Trading.Span
    ) async throws(AdminError) -> OperatorAnswer {
        // Commands are ordered by nonce: the wall clock's nanoseconds, and never the same twice.
        let nonce = nextNonce()
        let frame: [UInt8]
        do throws(CryptoError) {
            frame = try order.frame(nonce: nonce, issuedAt: WallClock.now(), by: key)
        } catch {
            throw .refused(process, "the command cannot be signed: \(error)")
        }
        let reply = try await ask(frame, nonce: nonce, process, patience)
        do throws(WireError) {
            return try OperatorAnswer(decoding: reply, process: process)
        } catch {
            throw .malformed(process, error.description)
        }
    }

    /// At most `limit` entries of a journal from `first` on, and where its end is.
    func follow(
        _ owner: ProcessID, from first: SequenceNumber, limit: UInt32, patience: Trading.Span
    ) async throws(AdminError) -> JournalPage {
        let nonce = nextNonce()
        let frame = FollowJournal(nonce: nonce, from: first, limit: limit).frame()
        let gathered = Mutex(JournalPage())
        let result: Result<Void, AdminError> = await withCheckedContinuation { continuation in
            let isPosted = loop.post { service in
                service.request(frame, nonce: nonce, to: owner, patience: patience) { answer in
                    switch gathered.withLock({ $0.take(answer, from: owner) }) {
                    case .more: return false
                    case .end: continuation.resume(returning: .success(()))
                    case .failed(let error): continuation.resume(returning: .failure(error))
                    }
                    return true
                }
            }
            if !isPosted {
                continuation.resume(returning: .failure(.unavailable(owner, "the link is closed")))
            }
        }
        try result.get()
        return gathered.withLock { $0 }
    }

    /// Says something that has no answer; lost where the link does not stand.
    func tell(_ frame: [UInt8], to process: ProcessID) {
        _ = loop.post { service in service.tell(frame, to: process) }
    }

    func ask(
        _ frame: [UInt8], nonce: UInt64, _ process: ProcessID, _ patience: Trading.Span
    ) async throws(AdminError) -> [UInt8] {
        let result: Result<[UInt8], AdminError> = await withCheckedContinuation { continuation in
            let isPosted = loop.post { service in
                service.request(frame, nonce: nonce, to: process, patience: patience) { answer in
                    continuation.resume(returning: answer)
                    return true
                }
            }
            if !isPosted {
                continuation.resume(
                    returning: .failure(.unavailable(process, "the link is closed")))
            }
        }
        return try result.get()
    }

    func nextNonce() -> UInt64 {
        nonces.withLock { last in
            last = max(last + 1, UInt64(WallClock.now().nanoseconds))
            return last
        }
    }
}

/// Entries of a journal as a follower received them.
struct JournalPage: Sendable {
    enum Step {
        case more
        case end
        case failed(AdminError)
    }

    private(set) var entries: [StoredEntry] = []
    /// Where to ask from next, and the journal's last entry.
    private(set) var next = SequenceNumber.zero
    private(set) var head = SequenceNumber.zero

    init() {}

    mutating func take(_ answer: Result<[UInt8], AdminError>, from owner: ProcessID) -> Step {
        switch answer {
        case .failure(let error): return .failed(error)
        case .success(let frame):
            do throws(WireError) {
                return try take(frame)
            } catch {
                return .failed(.malformed(owner, error.description))
            }
        }
    }

    private mutating func take(_ frame: [UInt8]) throws(WireError) -> Step {
        if try WireFrame.template(of: frame) == .followEnd {
            let end = try FollowEnd(decoding: frame)
            (next, head) = (end.next, end.head)
            return .end
        }
        let record = try JournalRecord(decoding: frame)
        var hash = SHA256Digest.zero
        // 32 bytes by construction, so this cannot fail.
        if let exact = try? SHA256Digest(bytes: record.chainHash.bytes) { hash = exact }
        entries.append(
            StoredEntry(
                header: EntryHeader(
                    sequence: record.entry, epoch: record.entryEpoch,
                    engineVersion: record.engineVersion, at: record.at, template: record.template,
                    chainHash: hash),
                body: try JournalRecord.body(in: frame)))
        return .more
    }
}
