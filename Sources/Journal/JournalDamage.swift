import GRDB
import Trading

/// Says up to which entry a file can be read when SQLite cannot read all of it.
enum JournalDamage {
    /// Runs `body` on the connection and gives damage that names no entry the last one that holds.
    /// Errors of `body` that are not SQLite's or the journal's are `unreadable`.
    static func located<Result>(
        _ connection: DatabaseQueue, _ body: (DatabaseQueue) throws -> Result
    ) throws(JournalError) -> Result {
        do {
            return try body(connection)
        } catch {
            guard let reason = reason(of: error) else { throw unreadable(error, connection.path) }
            throw JournalError(tornAfter: lastSound(in: connection.path), reason)
        }
    }

    /// Runs `open`, whose file may be no database any more.
    static func opened(
        _ path: String, _ open: () throws -> DatabaseQueue
    ) throws(JournalError) -> DatabaseQueue {
        do {
            return try open()
        } catch {
            guard let reason = reason(of: error) else { throw unreadable(error, path) }
            throw JournalError(tornAfter: lastSound(in: path), reason)
        }
    }

    private static func unreadable(_ error: any Error, _ path: String) -> JournalError {
        if let error = error as? JournalError { return error }
        return JournalError(.unreadable, "cannot read the journal \(path)", cause: error)
    }

    /// What is wrong with the file; nil where the error is not about the file's content, or names
    /// its entry already.
    private static func reason(of error: any Error) -> String? {
        switch error {
        case let error as JournalError:
            return error.code == .damaged && error.entry == nil ? error.message : nil
        case let error as DatabaseError:
            guard isDamage(error.extendedResultCode) else { return nil }
            return "SQLite says \(error.message ?? "\(error.resultCode)")"
        case is RowDecodingError: return "a table holds what was never written"
        default: return nil
        }
    }

    /// `SQLITE_ERROR` is a table or column that is not there: our statements are fixed.
    private static func isDamage(_ code: ResultCode) -> Bool {
        let readErrors: [ResultCode] = [
            .SQLITE_IOERR_READ, .SQLITE_IOERR_SHORT_READ, .SQLITE_IOERR_CORRUPTFS,
            .SQLITE_IOERR_DATA,
        ]
        let damages: [ResultCode] = [
            .SQLITE_CORRUPT, .SQLITE_NOTADB, .SQLITE_FORMAT, .SQLITE_ERROR, .SQLITE_TOOBIG,
            .SQLITE_MISMATCH,
        ]
        return readErrors.contains(code) || damages.contains(code.primaryResultCode)
    }

    /// The last entry that can be read and whose chain holds from the start of the file.
    static func lastSound(in path: String) -> SequenceNumber {
        var last = SequenceNumber.zero
        do {
            let connection = try DatabaseQueue(path: path, configuration: JournalSchema.salvaging())
            try connection.read { db in
                var walker = ChainWalker(after: try JournalTables.start(db))
                last = walker.head.sequence
                let first = walker.head.sequence.next
                try JournalTables.walk(db, from: first, through: SequenceNumber(.max)) {
                    try walker.accept($0, $1)
                    last = walker.head.sequence
                    return true
                }
            }
        } catch {
            // What ends the walk is the damage; it is reported with what had been read before it.
        }
        return last
    }
}
