import Execution

/// Events in the venue's order, some of which are still being looked up.
///
/// A message may say that something happened and leave the rest to a REST call. Its place in the
/// order is held until that has been answered; what came later waits behind it.
struct OrderedEvents: Sendable {
    /// A held place.
    struct Hold: Sendable, Hashable {
        fileprivate let number: Int
    }

    private struct Entry {
        var events: [VenueEvent]
        var isHeld: Bool
    }

    /// More than this waiting means that a look-up does not end.
    static let entriesMax = 100_000

    private var entries: [Entry] = []
    /// The number of the first entry: entries are numbered over the queue's whole life.
    private var first = 0

    init() {}

    var isEmpty: Bool { entries.isEmpty }
    var isFull: Bool { entries.count >= OrderedEvents.entriesMax }

    mutating func append(_ event: VenueEvent) {
        entries.append(Entry(events: [event], isHeld: false))
    }

    /// Holds the place of what comes next.
    mutating func hold() -> Hold {
        entries.append(Entry(events: [], isHeld: true))
        return Hold(number: first + entries.count - 1)
    }

    /// Adds an event at a held place.
    mutating func append(_ event: VenueEvent, at hold: Hold) {
        entries[index(of: hold)].events.append(event)
    }

    /// The place holds nothing up any more.
    mutating func release(_ hold: Hold) {
        entries[index(of: hold)].isHeld = false
    }

    /// Nothing is held any more: the look-ups were given up.
    mutating func releaseAll() {
        for index in entries.indices { entries[index].isHeld = false }
    }

    /// Takes what nothing holds up, in order.
    mutating func drain(_ body: (VenueEvent) -> Void) {
        guard let front = entries.first, !front.isHeld else { return }
        let end = entries.firstIndex { $0.isHeld } ?? entries.endIndex
        for entry in entries[..<end] { entry.events.forEach(body) }
        entries.removeSubrange(..<end)
        first += end
    }

    private func index(of hold: Hold) -> Int {
        let index = hold.number - first
        precondition(entries.indices.contains(index), "place \(hold.number) is gone")
        precondition(entries[index].isHeld, "place \(hold.number) is not held")
        return index
    }
}
