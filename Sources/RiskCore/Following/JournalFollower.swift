import Dispatch
package import Journal
import Synchronization
package import Trading

/// Reads the journal for followers on a thread and a connection of its own, so that the loop never
/// waits for it.
///
/// Bounded: a few questions wait, each is answered with at most `entriesMax` entries, and who wants
/// more asks again from where the answer ended.
package final class JournalFollower: Sendable {
    /// What a follower wants.
    package struct Question: Sendable, Equatable {
        package let peer: ProcessID
        package let nonce: UInt64
        package let from: SequenceNumber
        package let limit: Int

        package init(peer: ProcessID, nonce: UInt64, from: SequenceNumber, limit: Int) {
            self.peer = peer
            self.nonce = nonce
            self.from = from
            self.limit = limit
        }
    }

    /// Committed entries in order; the follower goes on from `next`.
    package struct Answer: Sendable, Equatable {
        package let question: Question
        package let entries: [StoredEntry]
        package let next: SequenceNumber
        package let head: SequenceNumber
    }

    package static let entriesMax = 512
    package static let bytesMax = 2 << 20
    package static let questionsMax = 16

    private let path: String
    private let identity: JournalIdentity
    private let queue = DispatchQueue(label: "journal follower", qos: .utility)
    private let waiting = Atomic(0)
    private let reader = Mutex<JournalReader?>(nil)
    private let deliver: @Sendable (Result<Answer, JournalError>) -> Void

    /// `deliver` is called on the follower's thread.
    package init(
        path: String, identity: JournalIdentity,
        deliver: @escaping @Sendable (Result<Answer, JournalError>) -> Void
    ) {
        self.path = path
        self.identity = identity
        self.deliver = deliver
    }

    /// Takes a question; false when too many wait already.
    package func ask(_ question: Question) -> Bool {
        guard waiting.load(ordering: .relaxed) < JournalFollower.questionsMax else { return false }
        waiting.add(1, ordering: .relaxed)
        queue.async { [self] in
            let answer = Result { () throws(JournalError) in try read(question) }
            waiting.subtract(1, ordering: .relaxed)
            deliver(answer)
        }
        return true
    }

    /// Waits until every question that was taken is answered.
    package func drain() { queue.sync {} }

    private func read(_ question: Question) throws(JournalError) -> Answer {
        let reader = try openReader()
        let limit = max(0, min(question.limit, JournalFollower.entriesMax))
        let first = max(question.from, SequenceNumber(1))
        let entries = try reader.read(
            from: first, limit: limit, bytesMax: JournalFollower.bytesMax)
        return Answer(
            question: question, entries: entries,
            next: entries.last?.header.sequence.next ?? first, head: try reader.head().sequence)
    }

    private func openReader() throws(JournalError) -> JournalReader {
        if let reader = reader.withLock({ $0 }) { return reader }
        let opened = try JournalReader(opening: path, expected: identity)
        reader.withLock { $0 = opened }
        return opened
    }
}
