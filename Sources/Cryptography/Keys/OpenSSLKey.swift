import COpenSSL

/// Owns one `EVP_PKEY`.
///
/// Confinement: OpenSSL keys are counted and immutable once made, and every operation makes its own
/// context, so a key may be used from every thread; that is what `@unchecked` rests on.
final class OpenSSLKey: @unchecked Sendable {
    let pointer: OpaquePointer

    init(_ pointer: OpaquePointer) { self.pointer = pointer }

    deinit { EVP_PKEY_free(pointer) }

    /// A key made from the raw bytes of its private half.
    static func rawPrivate(
        _ kind: RawKeyKind, _ secret: SecretBytes
    ) throws(CryptoError) -> OpenSSLKey {
        guard secret.count == rawKeyByteCount else {
            throw .wrongLength(
                of: "\(kind) private key", expected: rawKeyByteCount, found: secret.count)
        }
        let pointer = secret.withUnsafeBytes { bytes in
            EVP_PKEY_new_raw_private_key(
                kind.identifier, nil, bytes.baseAddress?.assumingMemoryBound(to: UInt8.self),
                bytes.count)
        }
        return OpenSSLKey(try allocated(pointer, "\(kind) private key"))
    }

    /// A key made from the raw bytes of its public half.
    static func rawPublic(
        _ kind: RawKeyKind, _ bytes: [UInt8]
    ) throws(CryptoError) -> OpenSSLKey {
        guard bytes.count == rawKeyByteCount else {
            throw .wrongLength(
                of: "\(kind) public key", expected: rawKeyByteCount, found: bytes.count)
        }
        let pointer = EVP_PKEY_new_raw_public_key(kind.identifier, nil, bytes, bytes.count)
        return OpenSSLKey(try allocated(pointer, "\(kind) public key"))
    }

    /// The raw bytes of the public half of an Ed25519 or X25519 key.
    func rawPublicBytes() throws(CryptoError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: rawKeyByteCount)
        var count = bytes.count
        try check(EVP_PKEY_get_raw_public_key(pointer, &bytes, &count), "read public key")
        precondition(count == rawKeyByteCount, "a public key of \(count) bytes")
        return bytes
    }
}

/// Bytes in either half of an Ed25519 or X25519 key.
let rawKeyByteCount = 32

/// The kinds of key whose halves are 32 raw bytes.
enum RawKeyKind: String, CustomStringConvertible {
    case ed25519 = "Ed25519"
    case x25519 = "X25519"

    var identifier: Int32 {
        switch self {
        case .ed25519: EVP_PKEY_ED25519
        case .x25519: EVP_PKEY_X25519
        }
    }

    var description: String { rawValue }
}
