package import Foundation

/// Test vectors from outside, as JSON: `$BELLWETHER_VECTORS/FOLDER/ID.json` when that variable is
/// set, else the fixture `FOLDER.ID.json` beside the test.
package enum VectorFile {
    /// The file's bytes, or nil where `$BELLWETHER_VECTORS` is set and has no such file: the caller
    /// skips it then.
    package static func data(_ folder: String, _ id: String, from file: String = #filePath) throws
        -> Data?
    {
        if let root = ProcessInfo.processInfo.environment["BELLWETHER_VECTORS"] {
            let path = "\(root)/\(folder)/\(id).json"
            guard FileManager.default.fileExists(atPath: path) else { return nil }
            return try Data(contentsOf: URL(filePath: path))
        }
        return try Data(contentsOf: fixture("\(folder).\(id).json", from: file))
    }

    /// The vectors decoded, or nil where they are to be skipped.
    package static func decode<Vectors: Decodable>(
        _ type: Vectors.Type, _ folder: String, _ id: String, from file: String = #filePath
    ) throws -> Vectors? {
        guard let data = try data(folder, id, from: file) else { return nil }
        return try JSONDecoder().decode(type, from: data)
    }

    /// `Tests/<Target>Tests/Fixtures/NAME` of the target that `file` belongs to.
    private static func fixture(_ name: String, from file: String) -> URL {
        var folder = URL(filePath: file).deletingLastPathComponent()
        while !folder.lastPathComponent.hasSuffix("Tests"), folder.path.count > 1 {
            folder.deleteLastPathComponent()
        }
        return folder.appending(path: "Fixtures").appending(path: name)
    }
}
