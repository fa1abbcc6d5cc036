import Foundation
import Journal
import Testing

/// The log's end, written ahead of its use.
struct LogReserveTests {
    private let fixture: JournalFixture
    private let reserved = 1 << 20

    init() throws { fixture = try JournalFixture() }

    private var log: URL { URL(filePath: fixture.path + "-wal") }

    private func open() throws -> JournalStore {
        try fixture.open { $0.logBytesReserved = reserved }
    }

    @Test func commitsDoNotLengthenTheLog() throws {
        let store = try open()
        #expect(try Data(contentsOf: log).count == reserved)
        for _ in 0..<20 { try fixture.fill(store, count: 1) }
        let bytes = try Data(contentsOf: log)
        #expect(bytes.count == reserved)
        #expect(bytes.contains { $0 != 0 })
    }

    /// As a crash leaves them: what was committed is there, and zeros behind it are no damage.
    @Test func aReservedLogKeepsWhatWasCommitted() throws {
        let store = try open()
        for _ in 0..<20 { try fixture.fill(store, count: 5) }
        let path = fixture.folder.appending(path: "killed.sqlite").path
        try Data(contentsOf: URL(filePath: fixture.path)).write(to: URL(filePath: path))
        try Data(contentsOf: log).write(to: URL(filePath: path + "-wal"))
        let reopened = try JournalStore(opening: path, options: fixture.options)
        #expect(reopened.committed == store.committed)
    }

    /// A bad page before commits is damage, whatever is behind them.
    @Test func aReservedLogThatIsBrokenIsRefused() throws {
        let store = try open()
        for _ in 0..<20 { try fixture.fill(store, count: 5) }
        var broken = try Data(contentsOf: log)
        broken[5_000] ^= 1
        let path = fixture.folder.appending(path: "broken.sqlite").path
        try Data(contentsOf: URL(filePath: fixture.path)).write(to: URL(filePath: path))
        try broken.write(to: URL(filePath: path + "-wal"))
        #expect(throws: JournalError.self) {
            try JournalStore(opening: path, options: fixture.options)
        }
    }

    /// A log that is long already is left as it is, with all that is in it.
    @Test func aLongerLogIsLeftAlone() throws {
        let store = try fixture.open {
            $0.logBytesSoft = 1 << 30; $0.logBytesHard = 1 << 30
        }
        for _ in 0..<200 { try fixture.fill(store, count: 5) }
        let bytes = try Data(contentsOf: log)
        #expect(bytes.count > reserved)
        let path = fixture.folder.appending(path: "long.sqlite").path
        try Data(contentsOf: URL(filePath: fixture.path)).write(to: URL(filePath: path))
        try bytes.write(to: URL(filePath: path + "-wal"))
        var options = fixture.options
        options.logBytesReserved = reserved
        let reopened = try JournalStore(opening: path, options: options)
        #expect(reopened.committed == store.committed)
        #expect(try Data(contentsOf: URL(filePath: path + "-wal")).count == bytes.count)
    }
}
