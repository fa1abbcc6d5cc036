import Foundation
import Trading

/// Looks for commits in SQLite's write-ahead log behind the place where SQLite stops reading it.
///
/// SQLite takes the first frame whose checksum is wrong for the end, which is right for a commit
/// that a crash cut short and wrong for a bad page in the middle: everything behind it would be
/// dropped without a word. A commit is on the medium before the next one is written, so a crash
/// leaves at most one commit behind the break; two prove that the log was damaged.
///
/// Only for the owner, before it opens the file: a log that is being written cannot be judged.
/// The format is in https://www.sqlite.org/fileformat2.html#walformat.
struct LogScan {
    /// Commits behind the first frame that does not hold.
    private(set) var lostCommits = 0

    private static let headerBytes = 32
    private static let frameHeaderBytes = 24

    /// A log without a header that holds has nothing that SQLite could read, or that we could.
    init(log: [UInt8]) {
        log.withUnsafeBytes { bytes in
            guard bytes.count > LogScan.headerBytes, Self.word(bytes, 0) & ~1 == 0x377F_0682
            else { return }
            let page = Int(Self.word(bytes, 8))
            guard (512...65_536).contains(page) else { return }
            var sum = LogChecksum(isBigEndian: Self.word(bytes, 0) & 1 == 1)
            sum.add(bytes[0..<24])
            guard sum.first == Self.word(bytes, 24), sum.second == Self.word(bytes, 28)
            else { return }
            count(bytes, page: page, sum)
        }
    }

    private mutating func count(
        _ bytes: UnsafeRawBufferPointer, page: Int, _ start: LogChecksum
    ) {
        var sum = start
        var holds = true
        var offset = LogScan.headerBytes
        let length = LogScan.frameHeaderBytes + page
        while offset + length <= bytes.count {
            let isOurs =
                Self.word(bytes, offset + 8) == Self.word(bytes, 16)
                && Self.word(bytes, offset + 12) == Self.word(bytes, 20)
            if holds {
                sum.add(bytes[offset..<offset + 8])
                sum.add(bytes[offset + LogScan.frameHeaderBytes..<offset + length])
                holds =
                    isOurs && sum.first == Self.word(bytes, offset + 16)
                    && sum.second == Self.word(bytes, offset + 20)
            }
            // The frame at the break is not counted: nothing in it can be believed.
            else if isOurs, Self.word(bytes, offset + 4) != 0 {
                lostCommits += 1
            }
            offset += length
        }
    }

    /// The numbers of the log are big endian.
    private static func word(_ bytes: UnsafeRawBufferPointer, _ offset: Int) -> UInt32 {
        UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
    }
}

/// The log's running checksum over words in the byte order that its header names.
private struct LogChecksum {
    let isBigEndian: Bool
    private(set) var first: UInt32 = 0
    private(set) var second: UInt32 = 0

    init(isBigEndian: Bool) { self.isBigEndian = isBigEndian }

    mutating func add(_ slice: Slice<UnsafeRawBufferPointer>) {
        let bytes = UnsafeRawBufferPointer(rebasing: slice)
        for offset in stride(from: 0, to: bytes.count - 7, by: 8) {
            first &+= word(bytes, offset) &+ second
            second &+= word(bytes, offset + 4) &+ first
        }
    }

    private func word(_ bytes: UnsafeRawBufferPointer, _ offset: Int) -> UInt32 {
        let word = bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self)
        return isBigEndian ? UInt32(bigEndian: word) : UInt32(littleEndian: word)
    }
}
