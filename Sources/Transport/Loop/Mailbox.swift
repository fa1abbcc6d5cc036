import Synchronization

/// Carries items from other threads to a service: first in, first out, bounded. Made by
/// `LoopWiring.mailbox`; emptied by the service in `drainMailboxes`.
package final class Mailbox<Item: Sendable>: Sendable {
    private struct State {
        var items: [Item] = []
        var isClosed = false
    }

    private let capacity: Int
    private let wake: @Sendable () -> Void
    private let state = Mutex(State())

    init(capacity: Int, wake: @escaping @Sendable () -> Void) {
        precondition(capacity > 0, "a mailbox for \(capacity) items")
        self.capacity = capacity
        self.wake = wake
    }

    /// Adds an item and wakes the loop; never blocks. False if the box is full or closed: then the
    /// item is lost, and the poster has to treat its source as broken.
    package func post(_ item: Item) -> Bool {
        let isFirst: Bool? = state.withLock { state in
            guard !state.isClosed, state.items.count < capacity else { return nil }
            state.items.append(item)
            return state.items.count == 1
        }
        guard let isFirst else { return false }
        if isFirst { wake() }
        return true
    }

    /// Takes everything there is, in order.
    package func takeAll() -> [Item] {
        state.withLock { state in
            var taken: [Item] = []
            swap(&taken, &state.items)
            return taken
        }
    }

    /// Refuses items from now on and drops what is left.
    package func close() {
        state.withLock { state in
            state.isClosed = true
            state.items.removeAll()
        }
    }
}
