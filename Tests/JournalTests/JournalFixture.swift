import Cryptography
import Foundation
import GRDB
import Journal
import Trading

/// A folder of its own with a journal in it, gone when the test is.
final class JournalFixture {
    let folder: URL
    let key: Ed25519PrivateKey
    let identity = JournalIdentity(cluster: "test", owner: "core", schemaVersion: 1)

    init() throws {
        folder = FileManager.default.temporaryDirectory
            .appending(path: "journal-\(try SecureRandom.word())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        key = try Ed25519PrivateKey.generate()
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    var path: String { folder.appending(path: "journal.sqlite").path }

    /// Without a reserve, so that a log's size is what was written to it.
    var options: JournalStore.Options {
        var options = JournalStore.Options(
            identity: identity, engineVersion: 7, checkpointKey: key)
        options.logBytesReserved = 0
        return options
    }

    func open(_ change: (inout JournalStore.Options) -> Void = { _ in }) throws -> JournalStore {
        var options = options
        change(&options)
        return try JournalStore(opening: path, options: options)
    }

    /// Appends entries whose body is their number, and commits them.
    func fill(_ store: JournalStore, count: Int) throws {
        if store.epoch == .zero { try store.begin(epoch: Epoch(1)) }
        for _ in 0..<count {
            let number = store.head.sequence.rawValue + 1
            try store.append(
                epoch: store.epoch, at: Timestamp(seconds: Int64(number)), template: 22,
                body: body(number))
        }
        try store.commit()
    }

    func body(_ number: UInt64) -> [UInt8] { Array("entry \(number)".utf8) }

    /// A closed journal of `count` entries, with a checkpoint after the fifth and at the end.
    func writeJournal(count: Int = 10) throws {
        let store = try open()
        try fill(store, count: 5)
        try store.checkpoint(stateHash: SHA256.hash([5]))
        try store.saveSnapshot([5, 5, 5])
        try fill(store, count: count - 5)
        try store.checkpoint(stateHash: SHA256.hash([10]))
        try store.commit()
    }

    /// A closed journal of many pages, with checkpoints, a snapshot and bodies of many sizes.
    func writeLargeJournal(count: Int) throws -> ChainHead {
        let store = try open()
        try store.begin(epoch: Epoch(1))
        for number in 1...count {
            try store.append(
                epoch: Epoch(1), at: Timestamp(seconds: Int64(number)), template: 22,
                body: [UInt8](repeating: UInt8(number % 251), count: number * 37 % 900))
            guard number.isMultiple(of: 100) else { continue }
            try store.checkpoint(stateHash: SHA256.hash([1]))
            try store.saveSnapshot([UInt8](repeating: 7, count: 9_000))
            try store.commit()
        }
        try store.commit()
        return store.committed
    }

    /// Changes the file behind the journal's back.
    func tamper(_ sql: String) throws {
        try DatabaseQueue(path: path).write { try $0.execute(sql: sql) }
    }

    var verifier: JournalVerifier {
        JournalVerifier(identity: identity, checkpointKey: key.publicKey)
    }

    func verify(knownHeads: [ChainHead] = []) throws -> JournalReport {
        try JournalReader(opening: path, expected: identity)
            .verify(with: verifier, knownHeads: knownHeads)
    }

    /// The error that a verification ends with.
    func damage(knownHeads: [ChainHead] = []) -> JournalError? {
        do {
            _ = try verify(knownHeads: knownHeads)
            return nil
        } catch {
            return error as? JournalError
        }
    }
}
