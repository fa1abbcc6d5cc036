import Foundation
import Journal
import Runtime
import Testing
import Trading
import Transport
import Wire

@testable import Supervisor

/// A process that answers on its admin link as the test wants.
private final class Answering: LoopService {
    let server: LinkServer
    var answer: (_ frame: [UInt8], _ nonce: UInt64) -> [[UInt8]] = { _, _ in [] }

    init(_ server: LinkServer) { self.server = server }

    func turnBegan(_ clock: TurnClock) {}
    func linkOpened(
        _ peer: ProcessID, incarnation: Incarnation, resumed: Bool, on link: LinkName
    ) {}
    func linkClosed(_ peer: ProcessID, because reason: LinkClosure, on link: LinkName) {}
    func endOfBatch() {}

    func received(_ frame: [UInt8], from peer: ProcessID, on link: LinkName) {
        guard let template = try? WireFrame.template(of: frame) else { return }
        switch template {
        case .statusRequest:
            guard let request = try? StatusRequest(decoding: frame) else { return }
            for reply in answer(frame, request.nonce) { _ = server.send(reply, to: peer) }
        case .followJournal:
            guard let request = try? FollowJournal(decoding: frame) else { return }
            for reply in answer(frame, request.nonce) { _ = server.send(reply, to: peer) }
        default: server.refuse(frame, from: peer, .notAllowed, "not here")
        }
    }
}

@Suite struct AdminServiceTests {
    private let network = MemoryNetwork()
    private let answering: Answering
    private let service: AdminService
    private let link = LinkName(name: LongName("core.admin") ?? .empty)
    private let console = ProcessID(name: ShortName("console") ?? .empty)

    init() throws {
        let link = link
        let console = console
        let cluster = ShortName("c") ?? .empty
        let endpoint = try Endpoint(path: "/core.admin")
        answering = try network.add(Sample.core) { wiring in
            let server = LinkServer(
                link,
                identity: LinkIdentity(
                    cluster: cluster, name: Sample.core, incarnation: Incarnation(1)),
                allowing: [console])
            try wiring.bind(server, at: endpoint)
            return Answering(server)
        }
        service = try network.add(console) { wiring in
            let client = LinkClient(
                link,
                identity: LinkIdentity(
                    cluster: cluster, name: console, incarnation: Incarnation(1)),
                peer: Sample.core)
            try wiring.connect(client, to: endpoint)
            let service = AdminService(clock: wiring.clock)
            service.add(client)
            return service
        }
    }

    private static func status(_ nonce: UInt64) -> [UInt8] {
        StatusReply(
            nonce: nonce, kind: .core, arming: .armed, isKilled: .no, isReady: .yes,
            incarnation: Incarnation(1), marketTime: .zero, tick: .zero, journalSequence: .zero,
            chainHead: .zero, stateHash: .zero
        ).frame(
            counters: [.init(label: LongName("fills") ?? .empty, value: 3)],
            version: Array("v".utf8))
    }

    private func ask(_ frame: [UInt8], nonce: UInt64, _ process: ProcessID = Sample.core) throws
        -> Result<[UInt8], AdminError>?
    {
        var result: Result<[UInt8], AdminError>?
        service.request(frame, nonce: nonce, to: process, patience: .seconds(2)) { answer in
            result = answer
            return true
        }
        _ = try network.run(within: .seconds(5)) { result != nil }
        return result
    }

    @Test func matchesAnswersByTheirNonce() throws {
        // A stray answer to an earlier question comes first.
        answering.answer = { _, nonce in
            [AdminServiceTests.status(nonce + 100), AdminServiceTests.status(nonce)]
        }
        let reply = try ask(StatusRequest(nonce: 5).frame(), nonce: 5)
        let status = try ProcessStatus(
            decoding: try #require(try reply?.get()), process: Sample.core)
        #expect(status.count("fills") == 3)
        #expect(status.version == "v")
    }

    @Test func givesUpOnSilence() throws {
        let reply = try ask(StatusRequest(nonce: 5).frame(), nonce: 5)
        #expect(reply == .failure(.unavailable(Sample.core, "no answer")))
    }

    @Test func saysThatAProcessIsGone() throws {
        network.crash(Sample.core)
        let reply = try ask(StatusRequest(nonce: 5).frame(), nonce: 5)
        guard case .failure(let error) = reply else {
            Issue.record("a dead process answered")
            return
        }
        #expect(error.failure.code == .unavailable)
    }

    @Test func aRefusalIsNotSilence() throws {
        _ = try network.run(within: .seconds(1)) { false }
        let reply = try ask(StatusReply.self, AdminServiceTests.status(5))
        #expect(reply == .failure(.refused(Sample.core, "not here")))
    }

    private func ask(_ type: StatusReply.Type, _ frame: [UInt8]) throws
        -> Result<[UInt8], AdminError>?
    {
        try ask(frame, nonce: 5)
    }

    @Test func aProcessThatIsNotConfiguredIsAnError() throws {
        let other = try #require(ProcessID("other"))
        let reply = try ask(StatusRequest(nonce: 5).frame(), nonce: 5, other)
        #expect(reply == .failure(.unknownProcess(other)))
    }

    @Test func gathersAPageOfTheJournal() throws {
        answering.answer = { _, nonce in
            let records = (1...3).map { number in
                JournalRecord(
                    nonce: nonce, entry: SequenceNumber(UInt64(number)), entryEpoch: Epoch(1),
                    engineVersion: 1, at: Sample.start, template: 22, chainHash: .zero
                ).frame(body: [UInt8(number)])
            }
            let end = FollowEnd(nonce: nonce, next: SequenceNumber(4), head: SequenceNumber(3))
            return records + [end.frame()]
        }
        var page = JournalPage()
        var isEnded = false
        service.request(
            FollowJournal(nonce: 9, from: SequenceNumber(1), limit: 10).frame(), nonce: 9,
            to: Sample.core, patience: .seconds(2)
        ) { answer in
            switch page.take(answer, from: Sample.core) {
            case .more: return false
            case .end, .failed: isEnded = true
            }
            return true
        }
        _ = try network.run(within: .seconds(5)) { isEnded }
        #expect(page.entries.map(\.body) == [[1], [2], [3]])
        #expect(page.entries.map(\.header.sequence.rawValue) == [1, 2, 3])
        #expect(page.next == SequenceNumber(4))
        #expect(page.head == SequenceNumber(3))
    }
}
