import Foundation
import Testing

extension ClusterTests {
    /// Somebody edits the journal, or its medium loses a part of it.
    @Suite struct JournalTamperedTests {
        /// - Attack journal-tampered, 9 tries: a byte, a row taken out, two rows swapped; a tail
        ///   cut off, a page and the head zeroed, at the core and at the gateway.
        @Test func anEditedOrTornJournalIsRefusedByTheEntry() async throws {
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
                for tear in JournalTear.allCases {
                    try await cluster.requireRefusal(of: "core", after: tear)
                    try await cluster.requireRefusal(of: "gw-kalshi", after: tear)
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

/// A way in which a medium loses a part of a file.
private enum JournalTear: CaseIterable {
    case cutInHalf
    case zeroedPageInTheMiddle
    case zeroedHead

    func applied(to file: Data) -> Data {
        let page = 4_096
        let middle = file.count / 2 / page * page
        switch self {
        case .cutInHalf: return file.prefix(middle)
        case .zeroedPageInTheMiddle:
            return file.prefix(middle) + Data(repeating: 0, count: page)
                + file.dropFirst(middle + page)
        case .zeroedHead: return Data(repeating: 0, count: page) + file.dropFirst(page)
        }
    }

    /// What the line says.
    var finding: String {
        self == .zeroedHead
            ? "after entry 0: no entry can be read: "
            : "after entry [1-9][0-9]*: the file is torn: "
    }
}

extension LocalClusterHarness {
    /// Tears the journal of `process` and asks everybody who reads it; the file stays as it is.
    fileprivate func requireRefusal(of process: String, after tear: JournalTear) async throws {
        let journal = state + "/\(process)/journal.sqlite"
        let whole = try Data(contentsOf: URL(filePath: journal))
        let torn = tear.applied(to: whole)
        try torn.write(to: URL(filePath: journal))
        defer { try? whole.write(to: URL(filePath: journal)) }  // The next reader would complain.
        let place = ["--config", configurationPath, "--state", state]
        var questions = [("supervisor", ["journal", "verify", "--of", process] + place)]
        if process == "core" {
            questions.append(("supervisor", ["journal", "replay"] + place))
            questions.append(("risk-core", place))
        } else {
            questions.append(("execution-gateway", place + ["--name", process]))
        }
        for (program, arguments) in questions {
            let result = try await run(Self.binary(program), arguments)
            try #require(result.exitCode == 1, "\(tear): \(program) \(arguments): \(result)")
            let line = try #require(result.errorLines.last, "\(tear): \(program): \(result)")
            let found = line.range(of: tear.finding, options: .regularExpression)
            try #require(found != nil, "\(tear): \(program) \(arguments): \(line)")
            try #require(line.contains(journal), "\(tear): \(program): \(line)")
            try #require(line.contains("docs/HACKING.md"), "\(tear): \(program): \(line)")
            try #require(try Data(contentsOf: URL(filePath: journal)) == torn, "\(tear)")
        }
    }

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
