package import Execution
import Synchronization

/// What the adapter's threads hand to the gateway's loop, in order and bounded.
///
/// Nothing may be lost in it: an overflow is reported and stops the process, whose restart is a
/// recovery.
package final class VenueEventQueue: Sendable {
    private struct State {
        var events: [VenueEvent] = []
        var hasOverflowed = false
    }

    private let state = Mutex(State())
    private let capacity: Int

    package init(capacity: Int = 262_144) { self.capacity = capacity }

    /// Adds an event. True when the loop must be woken.
    package func append(_ event: VenueEvent) -> Bool {
        state.withLock { state in
            guard state.events.count < capacity else {
                state.hasOverflowed = true
                return true
            }
            state.events.append(event)
            return state.events.count == 1
        }
    }

    /// Takes everything there is; `overflowed` is final.
    package func takeAll() -> (events: [VenueEvent], overflowed: Bool) {
        state.withLock { state in
            var taken: [VenueEvent] = []
            swap(&taken, &state.events)
            return (taken, state.hasOverflowed)
        }
    }
}
