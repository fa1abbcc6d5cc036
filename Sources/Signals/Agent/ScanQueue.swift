package import Trading

/// Markets that wait to be looked at: first in, first out, bounded. What is too old when its turn
/// comes is shed, because a market that was worth a look two seconds ago is another one now.
package struct ScanQueue: Sendable {
    private struct Work: Sendable {
        let instrument: InstrumentID
        let queuedAt: Timestamp
    }

    private var works: [Work] = []
    private var head = 0
    private let capacity: Int
    private let ageMax: Span

    package init(capacity: Int, ageMax: Span) {
        precondition(capacity > 0, "a queue has room")
        self.capacity = capacity
        self.ageMax = ageMax
    }

    package var count: Int { works.count - head }

    /// Adds work at the end; false when there is no room.
    package mutating func add(_ instrument: InstrumentID, at now: Timestamp) -> Bool {
        guard count < capacity else { return false }
        works.append(Work(instrument: instrument, queuedAt: now))
        return true
    }

    /// The next work that is still worth doing; what was shed on the way is counted.
    package mutating func next(at now: Timestamp, shed: inout Int) -> InstrumentID? {
        defer { compact() }
        while head < works.count {
            let work = works[head]
            head += 1
            if now - work.queuedAt <= ageMax { return work.instrument }
            shed += 1
        }
        return nil
    }

    /// Forgets everything.
    package mutating func clear() {
        works.removeAll(keepingCapacity: true)
        head = 0
    }

    private mutating func compact() {
        if head == works.count {
            clear()
        } else if head >= capacity {
            works.removeFirst(head)
            head = 0
        }
    }
}
