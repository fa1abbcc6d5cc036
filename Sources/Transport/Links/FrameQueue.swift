/// A queue of frames, as a ring that grows by doubling and keeps its storage.
struct FrameQueue {
    /// One frame and the lane that it came by.
    struct Entry {
        var frame: [UInt8]
        let lane: Lane
    }

    private var slots: [Entry?] = []
    private var head = 0
    /// How many frames are queued.
    private(set) var count = 0
    /// How many bytes they have.
    private(set) var bytes = 0

    var isEmpty: Bool { count == 0 }

    /// Adds a frame at the end.
    mutating func append(_ entry: Entry) {
        if count == slots.count { grow() }
        slots[place(count)] = entry
        count += 1
        bytes += entry.frame.count
    }

    /// Removes the frame at the front.
    mutating func popFirst() -> Entry? {
        guard count > 0, let entry = slots[head] else { return nil }
        slots[head] = nil
        head = place(1)
        count -= 1
        bytes -= entry.frame.count
        return entry
    }

    /// The frame at a distance from the front.
    func frame(at distance: Int) -> [UInt8] {
        precondition(distance >= 0 && distance < count, "frame \(distance) of \(count)")
        return slots[place(distance)]?.frame ?? []
    }

    private func place(_ distance: Int) -> Int { (head + distance) & (slots.count - 1) }

    private mutating func grow() {
        var larger = [Entry?](repeating: nil, count: max(16, slots.count * 2))
        for distance in 0..<count { larger[distance] = slots[place(distance)] }
        slots = larger
        head = 0
    }
}
