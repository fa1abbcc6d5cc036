import COpenSSL

/// Cryptography for the cluster: the one wrapper around OpenSSL and libsecp256k1.
///
/// Purpose: hashes, MACs, signatures, key agreement and encodings as small Swift types with typed
/// errors. Forbidden here: keys in files (the processes read those), messages of ours (bytes in,
/// bytes out), logging. Start reading at `SHA256.swift` and `PermitAuthenticator.swift`.

/// Why a cryptographic operation could not be done.
///
/// A signature or MAC that does not match is no error: `isValid` and `verify` answer false.
package enum CryptoError: Error, Equatable, CustomStringConvertible {
    /// Key material or a digest has the wrong number of bytes.
    case wrongLength(of: String, expected: Int, found: Int)
    /// A key could not be read: not PEM, encrypted, or damaged.
    case unreadableKey(String)
    /// A key was read but is of another kind or too small.
    case unsuitableKey(String)
    /// Text is not what it should encode; `offset` is the first wrong byte.
    case malformedText(encoding: String, offset: Int)
    /// OpenSSL refused, with its own words.
    case failed(operation: String, detail: String)

    package var description: String {
        switch self {
        case .wrongLength(let subject, let expected, let found):
            "\(subject): expected \(expected) bytes, found \(found)"
        case .unreadableKey(let detail): "unreadable key: \(detail)"
        case .unsuitableKey(let detail): "unsuitable key: \(detail)"
        case .malformedText(let encoding, let offset):
            "malformed \(encoding) at byte \(offset)"
        case .failed(let operation, let detail): "\(operation) failed: \(detail)"
        }
    }

    /// The failure of `operation` with the newest message of this thread's OpenSSL error queue.
    static func current(_ operation: String) -> CryptoError {
        let code = ERR_peek_last_error()
        ERR_clear_error()
        guard code != 0 else { return .failed(operation: operation, detail: "no detail") }
        var text = [CChar](repeating: 0, count: 256)
        ERR_error_string_n(code, &text, text.count)
        let bytes = text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        return .failed(operation: operation, detail: String(decoding: bytes, as: UTF8.self))
    }
}

/// Throws where OpenSSL did not answer 1, its only success.
func check(_ result: Int32, _ operation: String) throws(CryptoError) {
    guard result == 1 else { throw CryptoError.current(operation) }
}

/// Unwraps what OpenSSL allocated, or throws.
func allocated(_ pointer: OpaquePointer?, _ operation: String) throws(CryptoError) -> OpaquePointer
{
    guard let pointer else { throw CryptoError.current(operation) }
    return pointer
}

/// Unwraps an allocation without which the process cannot go on.
func required(_ pointer: OpaquePointer?, _ operation: String) -> OpaquePointer {
    guard let pointer else { preconditionFailure("\(CryptoError.current(operation))") }
    return pointer
}
