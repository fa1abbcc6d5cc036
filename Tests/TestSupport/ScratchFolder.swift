import Foundation
import Glibc
import Synchronization

/// Folders for what tests write. All of a process lie in one, which goes when the process ends; the
/// next process removes what one that crashed has left.
package enum ScratchFolder {
    private static let count = Atomic<Int>(0)
    private static let prefix = "bw-tests-"

    /// The folder of this process, made when it is first asked for.
    private static let root: String = {
        let files = FileManager.default
        let parent = NSTemporaryDirectory()
        for name in (try? files.contentsOfDirectory(atPath: parent)) ?? []
        where name.hasPrefix(prefix) {
            let isDead = Int32(name.dropFirst(prefix.count)).map { kill($0, 0) != 0 } ?? false
            // Another process may remove it at the same time.
            if isDead { try? files.removeItem(atPath: parent + name) }
        }
        atexit { try? FileManager.default.removeItem(atPath: ScratchFolder.root) }
        return parent + prefix + "\(getpid())"
    }()

    /// Makes an empty folder and returns its path.
    package static func make(_ name: String) throws -> String {
        let number = count.wrappingAdd(1, ordering: .relaxed).newValue
        let path = "\(root)/\(name)-\(number)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        return path
    }
}
