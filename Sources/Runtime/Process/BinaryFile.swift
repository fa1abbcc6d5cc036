import Glibc

/// Small files, written whole or not at all; readable by their owner alone where nothing else is
/// said.
package enum BinaryFile {
    /// Writes beside the file, makes it durable, and puts it in its place.
    package static func write(
        _ bytes: [UInt8], to path: String, mode: UInt32 = 0o600
    ) throws(ProcessFailure) {
        let beside = path + ".new"
        let descriptor = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw failure("make", beside) }
        // Whatever the process masks.
        fchmod(descriptor, mode)
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.write(descriptor, $0.baseAddress.map { $0 + written }, bytes.count - written)
            }
            guard count > 0 else {
                close(descriptor)
                unlink(beside)
                throw failure("write", beside)
            }
            written += count
        }
        let isDurable = fsync(descriptor) == 0
        close(descriptor)
        guard isDurable, rename(beside, path) == 0 else {
            unlink(beside)
            throw failure("write", path)
        }
    }

    package static func write(
        _ text: String, to path: String, mode: UInt32 = 0o600
    ) throws(ProcessFailure) {
        try write(Array(text.utf8), to: path, mode: mode)
    }

    package static func read(_ path: String, sizeMax: Int = 1 << 30)
        throws(ProcessFailure) -> [UInt8]
    {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure("read", path) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_size <= sizeMax else {
            throw ProcessFailure(.usage, "\(path) has more than \(sizeMax) bytes")
        }
        var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
        var length = 0
        while length < bytes.count {
            let space = bytes.count - length
            let count = bytes.withUnsafeMutableBytes {
                Glibc.read(descriptor, $0.baseAddress.map { $0 + length }, space)
            }
            guard count > 0 else { throw failure("read", path) }
            length += count
        }
        return bytes
    }

    private static func failure(_ what: String, _ path: String) -> ProcessFailure {
        ProcessFailure(.usage, "cannot \(what) \(path): \(String(cString: strerror(errno)))")
    }
}
