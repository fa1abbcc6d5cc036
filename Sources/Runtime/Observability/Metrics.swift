package import Trading

/// The counters of a process: a bounded set of named numbers, kept by the thread that owns them.
///
/// A counter is declared once at wiring and bumped by its handle, without hashing or allocation.
package struct Metrics: Sendable {
    /// What the status message can carry.
    package static let capacity = 128

    /// A declared counter.
    package struct Handle: Sendable, Hashable {
        fileprivate let index: Int
    }

    private var labels: [LongName] = []
    private var values: [Int64] = []

    package init() {
        labels.reserveCapacity(Metrics.capacity)
        values.reserveCapacity(Metrics.capacity)
    }

    /// The handle of the counter of this name; declaring it again gives the same.
    package mutating func declare(_ label: StaticString) -> Handle {
        guard let name = LongName(label.description) else {
            preconditionFailure("a counter's label must be a name of at most 32 bytes: \(label)")
        }
        return declare(name)
    }

    /// For counters by reason, whose labels are made of enum cases.
    package mutating func declare(_ name: LongName) -> Handle {
        if let index = labels.firstIndex(of: name) { return Handle(index: index) }
        precondition(labels.count < Metrics.capacity, "too many counters: \(name)")
        labels.append(name)
        values.append(0)
        return Handle(index: labels.count - 1)
    }

    /// Reads or sets a counter. Additions stop at the largest number instead of wrapping.
    package subscript(_ handle: Handle) -> Int64 {
        get { values[handle.index] }
        set { values[handle.index] = newValue }
    }

    package mutating func add(_ amount: Int64 = 1, to handle: Handle) {
        let (sum, overflow) = values[handle.index].addingReportingOverflow(amount)
        values[handle.index] = overflow ? .max : sum
    }

    /// Every counter in the order of its declaration.
    package var entries: [(label: LongName, value: Int64)] { Array(zip(labels, values)) }
}
