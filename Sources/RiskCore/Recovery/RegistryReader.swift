package import Cryptography
import Glibc
package import Runtime
package import Trading

/// Looks whether the registry file or its signature has changed since it was last read, and reads
/// both then. A file that changes before its signature is refused until both are there.
package final class RegistryReader {
    private let path: String
    private let cluster: ShortName
    private let operators: [ShortName: Ed25519PublicKey]
    private var seen: [Mark] = []

    /// What tells one state of a file from another.
    private struct Mark: Equatable {
        let inode: UInt64
        let size: Int64
        let seconds: Int
        let nanoseconds: Int

        /// All zero where there is no file.
        init(of path: String) {
            var status = stat()
            let isThere = stat(path, &status) == 0
            inode = isThere ? UInt64(status.st_ino) : 0
            size = isThere ? Int64(status.st_size) : 0
            seconds = isThere ? status.st_mtim.tv_sec : 0
            nanoseconds = isThere ? status.st_mtim.tv_nsec : 0
        }
    }

    package init(
        path: String, cluster: ShortName, operators: [ShortName: Ed25519PublicKey]
    ) {
        self.path = path
        self.cluster = cluster
        self.operators = operators
    }

    /// The registry where it was changed, or why it cannot be taken; nil where nothing changed.
    package func look() -> Result<SignedRegistry, ProcessFailure>? {
        let marks = [Mark(of: path), Mark(of: SignedRegistry.signaturePath(of: path))]
        guard marks != seen else { return nil }
        seen = marks
        do throws(ProcessFailure) {
            return .success(
                try SignedRegistry(path: path, cluster: cluster, operators: operators))
        } catch {
            return .failure(error)
        }
    }
}
