import Cryptography
import Foundation
import Research
import Runtime
import Testing

@Suite struct DatasetTests {
    private let folder = FileManager.default.temporaryDirectory
        .appending(path: "bw-datasets-\(UUID())")

    private func write(_ text: String, to name: String) throws -> DataFolder {
        let file = folder.appending(path: name)
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
        return try DataFolder(folder.path)
    }

    @Test func namesContentByItsHash() throws {
        defer { try? FileManager.default.removeItem(at: folder) }  // A leftover is harmless.
        let data = try write("a,b\n1,2\n", to: "sports/games.csv")
        let dataset = try data.dataset("sports/games.csv")
        #expect(data.files() == ["sports/games.csv"])
        #expect(dataset.lines == ["a,b", "1,2"])
        #expect(dataset.hash == SHA256.hash(Array("a,b\n1,2\n".utf8)))
    }

    @Test func readsQuotedAndMissingFields() throws {
        defer { try? FileManager.default.removeItem(at: folder) }  // A leftover is harmless.
        let text = "\"city\",value\n\"Akron, \"\"OH\"\"\",NA\n,2.5\n"
        let table = try CSVTable(try write(text, to: "weather/w.csv").dataset("weather/w.csv"))
        let (city, value) = (try table.column("city"), try table.column("value"))
        #expect(table.text(table.rows[0], city) == "Akron, \"OH\"")
        #expect(try table.number(table.rows[0], value) == nil)
        #expect(table.text(table.rows[1], city) == nil)
        #expect(try table.number(table.rows[1], value) == 2.5)
    }

    @Test func saysWhereARowIsWrong() throws {
        defer { try? FileManager.default.removeItem(at: folder) }  // A leftover is harmless.
        let data = try write("a,b\n1,2\n3\n", to: "macro/m.csv")
        let short = #expect(throws: RecordingError.self) {
            try CSVTable(try data.dataset("macro/m.csv"))
        }
        #expect(
            short?.message.hasSuffix("m.csv:3: expected 2 fields as in the header, found 1") == true
        )
        let words = try write("a,b\n1,many\n", to: "macro/w.csv")
        let table = try CSVTable(try words.dataset("macro/w.csv"))
        let wrong = #expect(throws: RecordingError.self) {
            try table.number(table.rows[0], try table.column("b"))
        }
        #expect(wrong?.message.hasSuffix("w.csv:2: b: expected a number, found `many`") == true)
        #expect(throws: RecordingError.self) { try table.column("c") }
        let missing = #expect(throws: RecordingError.self) { try data.dataset("macro/none.csv") }
        #expect(missing?.code == .missing)
    }
}
