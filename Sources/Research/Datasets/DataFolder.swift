import Foundation
package import Runtime

/// The folder of recorded data: subfolders by subject, plain or gzip-compressed files in them.
package struct DataFolder: Sendable {
    package let path: String

    /// `$BELLWETHER_DATA`, else where a checkout has its data beside it.
    package static var standardPath: String {
        ProcessInfo.processInfo.environment["BELLWETHER_DATA"] ?? "../shared/data"
    }

    /// Fails with `missing` where no such folder is.
    package init(_ path: String) throws(RecordingError) {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder),
            isFolder.boolValue
        else {
            throw RecordingError(.missing, "\(path): no such folder; name it with --data DIR")
        }
        self.path = path
    }

    /// The names of the data files, relative to the folder, sorted.
    package func files() -> [String] {
        FileSystem.names(in: path).flatMap { subject in
            FileSystem.names(in: "\(path)/\(subject)")
                .filter { name in DataFolder.endings.contains { name.hasSuffix($0) } }
                .map { "\(subject)/\($0)" }
        }
    }

    private static let endings = [".gz", ".csv", ".json", ".jsonl", ".tsv"]

    /// A file's content. `name` is relative to the folder and may lack its `.gz`.
    package func dataset(_ name: String) throws(RecordingError) -> Dataset {
        for candidate in [name, name + ".gz"]
        where FileManager.default.fileExists(atPath: "\(path)/\(candidate)") {
            return try Dataset(name: name, path: "\(path)/\(candidate)")
        }
        throw RecordingError(.missing, "\(path)/\(name): no such file")
    }
}
