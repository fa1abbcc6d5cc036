import Cryptography
import Dispatch
import Foundation
import GRDB

/// Rows in a plain SQLite database at the journal's durability, with a chain of SHA-256 or without:
/// what SQLite, the disk under it and the hashes take for themselves.
struct RawSQLite {
    private static let insert = "INSERT INTO entry (body) VALUES (?)"

    private let queue: DatabaseQueue

    init(path: String) throws {
        var configuration = Configuration()
        configuration.prepareDatabase { db in
            try db.execute(sql: "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL")
        }
        queue = try DatabaseQueue(path: path, configuration: configuration)
        try queue.writeWithoutTransaction { db in
            try db.execute(sql: "CREATE TABLE entry (seq INTEGER PRIMARY KEY, body BLOB)")
        }
    }

    /// Closes the database; its file is deleted with its folder.
    func close() { try? queue.close() }

    /// How many rows a second go in, `batch` to a commit, each hashed with the hash before it.
    func rowsPerSecond(_ count: Int, bytes: Int, batch: Int) throws -> Double {
        let body = Data(repeating: 7, count: bytes)
        return try queue.writeWithoutTransaction { db in
            let statement = try db.makeStatement(sql: RawSQLite.insert)
            let bytes = [UInt8](body)
            var hasher = SHA256()
            var chain = SHA256Digest.zero
            let start = DispatchTime.now().uptimeNanoseconds
            var left = count
            while left > 0 {
                try db.inTransaction(.immediate) {
                    for _ in 0..<min(batch, left) {
                        hasher.update(chain)
                        hasher.update(bytes)
                        chain = hasher.finish()
                        try statement.execute(arguments: [body])
                    }
                    return .commit
                }
                left -= batch
            }
            let end = DispatchTime.now().uptimeNanoseconds
            return Double(count) / (Double(end - start) / 1e9)
        }
    }

    /// The times of commits of one row each, in microseconds.
    func commitMicroseconds(_ count: Int, bytes: Int) throws -> [Double] {
        let body = Data(repeating: 7, count: bytes)
        return try queue.writeWithoutTransaction { db in
            let statement = try db.makeStatement(sql: RawSQLite.insert)
            var times: [Double] = []
            for _ in 0..<count {
                let began = DispatchTime.now().uptimeNanoseconds
                try db.inTransaction(.immediate) {
                    try statement.execute(arguments: [body])
                    return .commit
                }
                times.append(Double(DispatchTime.now().uptimeNanoseconds - began) / 1_000)
            }
            return times
        }
    }
}
