import Foundation

/// Writes a log's end ahead of its use.
///
/// A commit at the end of a file makes the file longer, and `fdatasync` then waits for the new size
/// as well as for the bytes: about twice as long as for bytes alone. Blocks that were only
/// allocated are no help, since the first write to one is a change of the file's description too,
/// so zeros are written. SQLite takes them for the log's end: a frame of zeros has not its salt
/// (https://www.sqlite.org/fileformat2.html#walformat).
enum LogReserve {
    /// The reserve is taken only where the disk has so many times as much left.
    private static let roomFactor = 8
    private static let chunkBytes = 1 << 20

    /// Lengthens a log that is shorter. One that cannot be lengthened stays as it was: commits work
    /// without a reserve, only slower.
    static func lengthen(_ path: String, to bytes: Int) {
        let log = open(path, O_WRONLY | O_CLOEXEC)
        guard log >= 0 else { return }
        defer { close(log) }
        var facts = stat()
        guard fstat(log, &facts) == 0, facts.st_size < bytes else { return }
        let length = Int(facts.st_size)
        guard hasRoom(log, for: (bytes - length) * roomFactor) else { return }
        if writeZeros(log, from: length, to: bytes), fdatasync(log) == 0 { return }
        ftruncate(log, off_t(length))
    }

    private static func hasRoom(_ log: Int32, for bytes: Int) -> Bool {
        var facts = statvfs()
        guard fstatvfs(log, &facts) == 0 else { return false }
        return UInt64(facts.f_bavail) * UInt64(facts.f_frsize) >= UInt64(bytes)
    }

    private static func writeZeros(_ log: Int32, from start: Int, to end: Int) -> Bool {
        let zeros = [UInt8](repeating: 0, count: chunkBytes)
        var offset = start
        while offset < end {
            let written = pwrite(log, zeros, min(chunkBytes, end - offset), off_t(offset))
            guard written > 0 else { return false }
            offset += written
        }
        return true
    }
}
