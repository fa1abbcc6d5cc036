import Foundation
import Testing

extension ClusterTests {
    /// Somebody edits the journal.
    @Suite struct JournalTamperedTests {
        @Test func verifyRefusesAnEditedJournalByTheEntry() async throws {
            try await LocalClusterHarness.with(ClusterOptions(hours: 1, limit: "8s")) { cluster in
                try cluster.launch()
                _ = try await cluster.finish()
                _ = try await cluster.requireSoundJournals()
                for edit in JournalEdit.all {
                    let result = try await cluster.verify(after: edit)
                    try #require(result.exitCode == 1, "\(edit): \(result)")
                    let line = try #require(result.errorLines.first, "\(edit): \(result)")
                    try #require(line.contains("entry \(edit.named)"), "\(edit): \(line)")
                }
            }
        }
    }
}

/// One way to edit a journal, and the entry that must be named.
private struct JournalEdit: CustomStringConvertible {
    let description: String
    let statement: String
    let named: Int

    static let all = [
        JournalEdit(
            description: "one byte of a body",
            statement: """
                b = bytearray(c.execute("SELECT body FROM entry WHERE seq = 42").fetchone()[0])
                b[len(b) // 2] ^= 1
                c.execute("UPDATE entry SET body = ? WHERE seq = 42", (bytes(b),))
                """,
            named: 42),
        JournalEdit(
            description: "an entry taken out",
            statement: "c.execute('DELETE FROM entry WHERE seq = 50')", named: 50),
        JournalEdit(
            description: "two bodies swapped",
            statement: """
                a, b = [r[0] for r in c.execute(
                    "SELECT body FROM entry WHERE seq IN (30, 31) ORDER BY seq")]
                c.execute("UPDATE entry SET body = ? WHERE seq = 30", (b,))
                c.execute("UPDATE entry SET body = ? WHERE seq = 31", (a,))
                """,
            named: 30),
    ]
}

extension LocalClusterHarness {
    /// Verifies the core's journal with an edit, and takes the edit back.
    fileprivate func verify(after edit: JournalEdit) async throws -> ProgramResult {
        let journal = state + "/core/journal.sqlite"
        let kept = journal + ".kept"
        try FileManager.default.copyItem(atPath: journal, toPath: kept)
        let program = """
            import sqlite3
            c = sqlite3.connect("\(journal)")
            for (name,) in c.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'"
                    ).fetchall():
                c.execute("DROP TRIGGER " + name)
            \(edit.statement)
            c.commit()
            """
        try expect(try await run("/usr/bin/env", ["python3", "-c", program]), exitCode: 0)
        let result = try await command("journal", "verify")
        for suffix in ["", "-wal", "-shm"]
        where FileManager.default.fileExists(atPath: journal + suffix) {
            try FileManager.default.removeItem(atPath: journal + suffix)
        }
        try FileManager.default.moveItem(atPath: kept, toPath: journal)
        return result
    }
}
