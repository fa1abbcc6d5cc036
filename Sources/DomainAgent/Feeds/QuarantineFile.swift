import Foundation
package import Signals
import Trading

/// Facts that were not believed, one JSON object a line, for a person to look at. When the file is
/// full it is kept under the name `.1` and a new one begun, so that disk use is bounded.
package final class QuarantineFile: ObservationQuarantine {
    private struct Line: Encodable {
        let reason: String
        let schema: Int
        let source: String
        let kind: String
        let topic: String
        let event: String
        let ingest: String
        let unit: String
        let values: [String: Double]
        let names: [String: String]
    }

    package let path: String
    private let sizeMax: Int
    private var size: Int
    private let encoder = JSONEncoder()
    /// Lines that could not be written.
    package private(set) var lost = 0

    package init(path: String, sizeMax: Int = 4 << 20) {
        self.path = path
        self.sizeMax = sizeMax
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        size = (attributes?[.size] as? Int) ?? 0
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    }

    package func keep(_ fact: FeedFact, because refusal: FactRefusal) {
        let line = Line(
            reason: "\(refusal)", schema: fact.schema, source: fact.source, kind: fact.kind,
            topic: fact.topic, event: fact.event.description, ingest: fact.ingest.description,
            unit: fact.unit, values: fact.values, names: fact.names)
        do {
            let bytes = try encoder.encode(line) + Data([UInt8(ascii: "\n")])
            try append(bytes)
        } catch {
            lost += 1
        }
    }

    private func append(_ bytes: Data) throws {
        if size + bytes.count > sizeMax {
            _ = try? FileManager.default.removeItem(atPath: path + ".1")
            try FileManager.default.moveItem(atPath: path, toPath: path + ".1")
            size = 0
        }
        if !FileManager.default.fileExists(atPath: path) {
            let folder = (path as NSString).deletingLastPathComponent
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700])
            guard FileManager.default.createFile(atPath: path, contents: nil) else {
                throw CocoaError(.fileWriteUnknown)
            }
        }
        let file = try FileHandle(forWritingTo: URL(filePath: path))
        defer { try? file.close() }
        try file.seekToEnd()
        try file.write(contentsOf: bytes)
        size += bytes.count
    }
}
