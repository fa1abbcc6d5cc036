import Cryptography
import Foundation
import Journal
import TestSupport
import Testing
import Trading

/// A file that is torn anywhere either gives everything that was committed or is refused with the
/// entry up to which it holds, and stays as it is.
struct TornJournalTests {
    private static let count = 400
    private let fixture: JournalFixture
    private let committed: ChainHead
    private let sound: Data

    init() throws {
        fixture = try JournalFixture()
        committed = try fixture.writeLargeJournal(count: TornJournalTests.count)
        sound = try Data(contentsOf: URL(filePath: fixture.path))
    }

    @Test(arguments: Tear.allCases)
    func aTornFileIsRefusedByEntryOrWhole(tear: Tear) throws {
        for seed in 0..<UInt64(60) {
            var random = SeededRandom(seed: seed)
            let torn = tear.applied(to: sound, using: &random)
            try replaceFile(with: torn)
            try requireRefusalOrAll("verify, \(tear), seed \(seed)") { try fixture.verify().head }
            try requireRefusalOrAll("start, \(tear), seed \(seed)") {
                try replaceFile(with: torn)
                return try fixture.open().committed
            }
        }
    }

    @Test func readersAndReplayNeverTrapOnATornFile() throws {
        for seed in 0..<UInt64(60) {
            var random = SeededRandom(seed: seed)
            let tear = Tear.allCases[Int(seed) % Tear.allCases.count]
            try replaceFile(with: tear.applied(to: sound, using: &random))
            try requireRefusalOrAll("replay, \(tear), seed \(seed)") {
                let reader = try JournalReader(opening: fixture.path)
                try reader.checkStructure()
                return try reader.replay(after: try reader.start()) { _, _ in }
            }
            // These check no chain: they answer or throw.
            guard let reader = try? JournalReader(opening: fixture.path) else { continue }
            _ = try? reader.read(from: .zero, limit: TornJournalTests.count)
            _ = try? reader.head()
            _ = try? reader.epoch()
            _ = try? reader.segments()
            _ = try? reader.checkpoints()
            _ = try? reader.latestSnapshot()
        }
    }

    @Test func aFileCutInTheMiddleNamesTheLastEntryThatHolds() throws {
        try replaceFile(with: sound.prefix(sound.count / 2 / sound.pageBytes * sound.pageBytes))
        let error = try #require(fixture.damage())
        let entry = try #require(error.entry?.rawValue)
        #expect(error.isAfterEntry)
        #expect(entry <= UInt64(TornJournalTests.count))
        #expect(error.description.contains("after entry \(entry): the file is torn: "))
        #expect(error.description.contains("docs/HACKING.md"))
        #expect(!error.description.contains("\n"))
    }

    @Test func aZeroedPageInTheMiddleNamesAnEntryInTheMiddle() throws {
        var torn = sound
        let size = sound.pageBytes
        let start = sound.count / size / 2 * size
        torn.replaceSubrange(start..<start + size, with: Data(repeating: 0, count: size))
        try replaceFile(with: torn)
        let error = try #require(fixture.damage())
        let entry = try #require(error.entry?.rawValue)
        #expect((50...350).contains(entry), "\(error)")
    }

    @Test(arguments: [0, 1, 50, 99, 100, 512, 4_096])
    func aFileCutInItsHeadSaysThatNoEntryCanBeRead(length: Int) throws {
        try replaceFile(with: sound.prefix(length))
        for error in [fixture.damage(), try refusal()] {
            #expect(error?.code == .damaged, "\(length)")
            #expect(error?.entry == .zero, "\(length)")
            #expect(error?.isAfterEntry == true, "\(length)")
            #expect(error?.message.hasPrefix("no entry can be read: ") == true, "\(length)")
        }
        #expect(try Data(contentsOf: URL(filePath: fixture.path)).count == length)
    }

    @Test func aLogWithATornTailKeepsWhatWasCommitted() throws {
        let other = try JournalFixture()
        let store = try other.open {
            $0.logBytesSoft = 1 << 30; $0.logBytesHard = 1 << 30
        }
        try other.fill(store, count: 50)
        let file = try Data(contentsOf: URL(filePath: other.path))
        let log = try Data(contentsOf: URL(filePath: other.path + "-wal"))
        for seed in 0..<UInt64(20) {
            var random = SeededRandom(seed: seed)
            let path = other.folder.appending(path: "torn-\(seed).sqlite").path
            try file.write(to: URL(filePath: path))
            // The frames of a batch whose commit never ended: a copy of earlier ones, or garbage.
            let length = Int.random(in: 1...9_000, using: &random)
            let tail =
                seed.isMultiple(of: 2)
                ? log.dropFirst(32).prefix(length)
                : Data((0..<length).map { _ in UInt8.random(in: 0...255, using: &random) })
            try (log + tail).write(to: URL(filePath: path + "-wal"))
            let reopened = try JournalStore(opening: path, options: other.options)
            #expect(reopened.committed == store.committed, "seed \(seed)")
        }
    }

    /// What is behind a break in the middle was durable, so SQLite's silence about it is not ours.
    @Test func aLogThatIsBrokenBeforeCommitsIsRefused() throws {
        let other = try JournalFixture()
        let store = try other.open {
            $0.logBytesSoft = 1 << 30; $0.logBytesHard = 1 << 30
        }
        for _ in 0..<20 { try other.fill(store, count: 5) }
        let file = try Data(contentsOf: URL(filePath: other.path))
        let log = try Data(contentsOf: URL(filePath: other.path + "-wal"))
        for seed in 0..<UInt64(40) {
            var random = SeededRandom(seed: seed)
            let path = other.folder.appending(path: "broken-\(seed).sqlite").path
            var broken = log
            let at = Int.random(in: 32..<log.count * 3 / 4, using: &random)
            broken[at] ^= UInt8.random(in: 1...255, using: &random)
            try file.write(to: URL(filePath: path))
            try broken.write(to: URL(filePath: path + "-wal"))
            let error = #expect(throws: JournalError.self, "seed \(seed)") {
                try JournalStore(opening: path, options: other.options)
            }
            let entry = try #require(error?.entry?.rawValue)
            #expect(error?.isAfterEntry == true, "seed \(seed)")
            #expect(entry < 100 && entry.isMultiple(of: 5), "seed \(seed): entry \(entry)")
            #expect(try Data(contentsOf: URL(filePath: path + "-wal")) == broken, "seed \(seed)")
            #expect(try Data(contentsOf: URL(filePath: path)) == file, "seed \(seed)")
        }
    }

    private func refusal() throws -> JournalError? {
        do {
            _ = try fixture.open()
            return nil
        } catch let error as JournalError {
            return error
        }
    }

    private func replaceFile(with bytes: Data) throws {
        for suffix in ["-wal", "-shm"] {
            try? FileManager.default.removeItem(atPath: fixture.path + suffix)  // If it is there.
        }
        try bytes.write(to: URL(filePath: fixture.path))
    }

    private func requireRefusalOrAll(_ place: String, _ body: () throws -> ChainHead) throws {
        let before = try Data(contentsOf: URL(filePath: fixture.path))
        do {
            #expect(try body() == committed, "\(place)")
        } catch let error as JournalError {
            // What the file says that it belongs to was hit, and that it is not ours is told.
            if error.code == .wrongCluster || error.code == .wrongVersion { return }
            #expect(error.code == .damaged, "\(place): \(error)")
            let entry = try #require(error.entry, "\(place): \(error)")
            #expect(entry <= committed.sequence.next, "\(place): \(error)")
            #expect(try Data(contentsOf: URL(filePath: fixture.path)) == before, "\(place)")
        }
    }
}

/// A way in which a medium loses part of a file.
enum Tear: CaseIterable {
    case cut
    case cutAtPage
    case zeroedPage
    case garbagePage
    case garbageBytes

    func applied(to file: Data, using random: inout SeededRandom) -> Data {
        let size = file.pageBytes
        let page = Int.random(in: 0..<file.count / size, using: &random) * size
        var torn = file
        switch self {
        case .cut: return file.prefix(Int.random(in: 0..<file.count, using: &random))
        case .cutAtPage: return file.prefix(page)
        case .zeroedPage:
            torn.replaceSubrange(page..<page + size, with: Data(repeating: 0, count: size))
        case .garbagePage:
            for index in page..<page + size {
                torn[index] = UInt8.random(in: 0...255, using: &random)
            }
        case .garbageBytes:
            // In the page's own structure as often as in what it holds.
            let start = page + Int.random(in: 0..<size - 16, using: &random) / (page % 3 + 1)
            for index in start..<start + 16 {
                torn[index] = UInt8.random(in: 0...255, using: &random)
            }
        }
        return torn
    }
}

extension Data {
    /// The size of the pages of an SQLite file, as its header states it.
    fileprivate var pageBytes: Int { Int(self[16]) << 8 | Int(self[17]) }
}
