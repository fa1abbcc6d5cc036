import Foundation

/// Finds the files of a recording: `DIR/<folder>/<prefix>*<suffix>`, plain or gzip-compressed.
enum RecordingFiles {
    /// Paths sorted by name, never none. A directory without the folder is searched itself.
    static func find(
        in directory: String, folder: String, prefix: String, suffix: String
    ) throws(RecordingError) -> [String] {
        let nested = directory + "/" + folder
        let place = FileManager.default.fileExists(atPath: nested) ? nested : directory
        let names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: place).sorted()
        } catch {
            throw RecordingError(
                .missing, "\(place): is not a directory that can be read; set --data DIR")
        }
        let plain = names.filter { $0.hasPrefix(prefix) && $0.hasSuffix(suffix) }
        let compressed = names.filter { $0.hasPrefix(prefix) && $0.hasSuffix(suffix + ".gz") }
        for name in plain where compressed.contains(name + ".gz") {
            throw RecordingError(
                .ambiguous, "\(place)/\(name): is there as .gz too; remove one of them")
        }
        let found = (plain + compressed).sorted().map { place + "/" + $0 }
        guard !found.isEmpty else {
            throw RecordingError(
                .missing, "\(place): has no \(prefix)*\(suffix) or \(prefix)*\(suffix).gz")
        }
        return found
    }
}
