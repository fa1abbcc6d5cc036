import Cryptography
import Glibc
package import Wire

/// The program that a process runs.
package enum Executable {
    private static let chunk = 1 << 20

    /// SHA-256 of the running program's file, as `sha256sum` prints it. The file that was started,
    /// even where another has taken its place since.
    package static func ownBuild() throws(ProcessFailure) -> Digest {
        try build(of: "/proc/self/exe")
    }

    /// SHA-256 of a program's file.
    package static func build(of path: String) throws(ProcessFailure) -> Digest {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else {
            throw ProcessFailure(.unavailable, "\(path): \(String(cString: strerror(errno)))")
        }
        defer { close(file) }
        var hasher = SHA256()
        var bytes = [UInt8](repeating: 0, count: chunk)
        while true {
            let count = bytes.withUnsafeMutableBytes { read(file, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else {
                throw ProcessFailure(.unavailable, "\(path): \(String(cString: strerror(errno)))")
            }
            guard count > 0 else { return Digest(hasher.finish()) }
            bytes.withUnsafeBytes { hasher.update(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
        }
    }
}
