package import Cryptography
import Glibc

/// Reads the file of a secret, and only where nobody else could have read it.
package enum SecretFile {
    private static let sizeMax = 16_384

    /// `isCredential`: systemd made the file, whose group bits may be an access list's mask; then
    /// only others must have no access.
    package static func read(_ path: String, isCredential: Bool = false)
        throws(ProcessFailure) -> SecretBytes
    {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else {
            throw ProcessFailure(
                .usage,
                errno == ENOENT
                    ? "missing key \(path): run `supervisor keys init`, or copy it from where it is"
                    : "cannot read the key \(path): \(String(cString: strerror(errno)))")
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw ProcessFailure(.usage, "the key \(path) is not a plain file")
        }
        let forbidden: mode_t = isCredential ? 0o007 : 0o077
        guard status.st_mode & forbidden == 0 else {
            let mode = String(status.st_mode & 0o777, radix: 8)
            throw ProcessFailure(
                .usage,
                "others can read the key \(path) (mode \(mode)): run `chmod 600` on it, and make a "
                    + "new key if anyone else has an account here")
        }
        let size = Int(status.st_size)
        guard size > 0, size <= sizeMax else {
            throw ProcessFailure(.usage, "the key \(path) has \(size) bytes: it is not a key")
        }
        return try SecretBytes(count: size) { buffer throws(ProcessFailure) in
            guard Glibc.read(descriptor, buffer.baseAddress, size) == size else {
                throw ProcessFailure(.usage, "cannot read the key \(path) whole")
            }
        }
    }

    /// Writes a secret for its owner alone, and never over another.
    package static func write(_ secret: SecretBytes, to path: String) throws(ProcessFailure) {
        try create(path, mode: 0o600) { descriptor in
            secret.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) == $0.count }
        }
    }

    /// Writes what anyone may know.
    package static func writePublic(_ text: String, to path: String) throws(ProcessFailure) {
        let bytes = Array(text.utf8)
        try create(path, mode: 0o644) { Glibc.write($0, bytes, bytes.count) == bytes.count }
    }

    private static func create(_ path: String, mode: mode_t, _ body: (Int32) -> Bool)
        throws(ProcessFailure)
    {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
        guard descriptor >= 0 else {
            throw ProcessFailure(
                .refused, "cannot make the file \(path): \(String(cString: strerror(errno)))")
        }
        defer { close(descriptor) }
        guard body(descriptor), fchmod(descriptor, mode) == 0, fsync(descriptor) == 0 else {
            unlink(path)
            throw ProcessFailure(
                .refused, "cannot write the file \(path): \(String(cString: strerror(errno)))")
        }
    }
}

/// Reads a small text file whole.
package enum TextFile {
    package static func read(_ path: String, sizeMax: Int = 1 << 20)
        throws(ProcessFailure) -> String
    {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw ProcessFailure(
                .usage, "cannot read \(path): \(String(cString: strerror(errno)))")
        }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: sizeMax + 1)
        var length = 0
        while length < bytes.count {
            let space = bytes.count - length
            let count = bytes.withUnsafeMutableBytes {
                Glibc.read(descriptor, $0.baseAddress.map { $0 + length }, space)
            }
            if count < 0 {
                throw ProcessFailure(
                    .usage, "cannot read \(path): \(String(cString: strerror(errno)))")
            }
            if count == 0 { break }
            length += count
        }
        guard length <= sizeMax, let text = String(validating: bytes[..<length], as: UTF8.self)
        else {
            throw ProcessFailure(.usage, "\(path) is not a text file of at most \(sizeMax) bytes")
        }
        return text
    }
}
