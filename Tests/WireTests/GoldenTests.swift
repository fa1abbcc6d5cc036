import Foundation
import TestSupport
import Testing
import Wire

/// The bytes of every message as committed. They change only with the schema's version: other
/// processes and old journals have these bytes.
///
/// `BELLWETHER_WRITE_GOLDEN=1 swift test --filter GoldenTests` writes files that do not exist yet;
/// an existing file is never overwritten.
@Suite struct GoldenTests {
    private static let folder = URL(filePath: #filePath)
        .deletingLastPathComponent().appending(path: "Golden")
    private static let isWriting =
        ProcessInfo.processInfo.environment["BELLWETHER_WRITE_GOLDEN"] == "1"

    @Test(arguments: messageLayouts)
    func bytesAreAsCommitted(_ layout: MessageLayout) throws {
        let file = "\(layout.name).v\(WireSchema.version)"
        let binary = GoldenTests.folder.appending(path: file + ".bin")
        let text = GoldenTests.folder.appending(path: file + ".txt")
        if GoldenTests.isWriting, !FileManager.default.fileExists(atPath: binary.path()) {
            let frame = example(of: layout)
            try Data(frame).write(to: binary)
            try (try describe(frame).joined(separator: "\n") + "\n")
                .write(to: text, atomically: true, encoding: .utf8)
        }
        let frame = [UInt8](try Data(contentsOf: binary))
        let lines = try String(contentsOf: text, encoding: .utf8)
            .split(separator: "\n").map(String.init)
        #expect(try describe(frame) == lines)
        #expect(try reencode(frame) == frame)
    }

    @Test func everyFileBelongsToAMessage() throws {
        let expected = messageLayouts.flatMap { ["\($0.name).v1.bin", "\($0.name).v1.txt"] }
        let found = try FileManager.default.contentsOfDirectory(atPath: GoldenTests.folder.path())
        #expect(found.sorted() == expected.sorted())
    }

    /// A frame with at least one entry in every group and some bytes in all data.
    private func example(of layout: MessageLayout) -> [UInt8] {
        var seed = UInt64(layout.template)
        while true {
            var random = SeededRandom(seed: seed)
            var builder = FrameBuilder()
            let (frame, lines) = builder.build(layout, &random)
            let isFull = layout.groups.allSatisfy { group in
                lines.contains { $0.hasPrefix("\(group.name)[0]") }
            }
            if isFull, !lines.contains(where: { $0.hasSuffix("= ") }) { return frame }
            seed += 1_000
        }
    }
}
