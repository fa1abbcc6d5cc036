import Glibc

extension [UInt8] {
    /// Whether `part` stands anywhere in it. Quick even for a file, where a debug build compares
    /// collections slowly.
    func contains(bytes part: [UInt8]) -> Bool {
        guard let first = part.first, count >= part.count else { return part.isEmpty }
        return withUnsafeBytes { whole in
            guard let base = whole.baseAddress else { return false }
            let last = whole.count - part.count
            var place = 0
            while place <= last,
                let found = memchr(base + place, Int32(first), last - place + 1)
            {
                if memcmp(found, part, part.count) == 0 { return true }
                place = base.distance(to: UnsafeRawPointer(found)) + 1
            }
            return false
        }
    }
}
