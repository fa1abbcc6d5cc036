import Foundation
import Journal
import Trading
import Transport
import Wire

/// The real core with the played agent and gateway, running.
final class LatencySession {
    private let board: LatencyBoard
    private let core: SiblingProgram
    private let agent: PollLoop<LatencyAgent>
    private let gateway: PollLoop<LatencyGateway>
    private let journal: String
    private let log: String

    init(
        board: LatencyBoard, core: SiblingProgram, agent: PollLoop<LatencyAgent>,
        gateway: PollLoop<LatencyGateway>, journal: String, log: String
    ) {
        self.board = board
        self.core = core
        self.agent = agent
        self.gateway = gateway
        self.journal = journal
        self.log = log
    }

    /// Has so many requests permitted, one at a time.
    func permit(_ count: Int) throws -> LatencyTimes {
        do {
            guard agent.post({ $0.ask(for: count) }) else {
                throw BenchFailure("the agent's loop has ended")
            }
            return try board.takeTimes()
        } catch {
            throw BenchFailure("\(error)\n\(core.complaint)\n\(logTail())")
        }
    }

    /// How long the entry of a request with its reference and decision is in the core's journal.
    func entryBytes() throws -> Int {
        var bytes = 0
        try JournalReader(opening: journal).walk(from: SequenceNumber(1)) { header, body in
            if header.template == OrderRequest.templateID { bytes = max(bytes, body.byteCount) }
            return true
        }
        guard bytes > 0 else { throw BenchFailure("the core's journal has no request") }
        return bytes
    }

    /// Ends everything.
    func stop() {
        core.stop()
        agent.stop()
        gateway.stop()
    }

    /// The last lines of the core's log.
    private func logTail() -> String {
        let text = String(
            decoding: FileManager.default.contents(atPath: log) ?? Data(), as: UTF8.self)
        return text.split(separator: "\n").suffix(10).joined(separator: "\n")
    }
}
