import Glibc
import Testing
import Trading
import Wire

@testable import Transport

@Suite(.serialized, .timeLimit(.minutes(2)))
struct PollLoopTests {
    @Test func carriesMessagesBothWays() throws {
        let cluster = try Cluster()
        let server = try cluster.startServer { probe in
            probe.journalHead = JournalHead(
                sequence: SequenceNumber(7), chainHead: .zero, marketTime: Timestamp(seconds: 5))
            probe.onReceived = { probe, frame, peer in
                guard let request = try? StatusRequest(decoding: frame) else { return }
                #expect(
                    probe.servers[0].send(numbered(request.nonce + 1_000), to: peer) == .queued)
            }
        }
        let client = try cluster.startClient { probe in
            probe.onOpened = { probe, _ in
                for nonce in 1...100 {
                    #expect(probe.clients[0].send(numbered(UInt64(nonce))) == .queued)
                }
            }
        }
        try client.waitUntil("all answers") { $0.received.count == 100 }
        #expect(try client.ask { $0.nonces(from: core) } == Array(1_001...1_100))
        #expect(try server.ask { $0.nonces(from: agent) } == Array(1...100))
        try client.waitUntil("a heartbeat") { probe in
            probe.heads.contains { $0.sequence == SequenceNumber(7) }
        }
        try client.end()
        try server.waitUntil("the goodbye") { !$0.closed.isEmpty }
        #expect(
            try server.ask { $0.closed[0].reason } == .refused(.shuttingDown, detail: ""))
        try server.end()
    }
}
