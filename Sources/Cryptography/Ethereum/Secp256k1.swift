import CSecp256k1

/// The private half of a secp256k1 key, as an Ethereum wallet has it.
package struct Secp256k1PrivateKey: Sendable {
    private let secret: SecretBytes
    /// Both coordinates of the public half.
    package let publicKey: [UInt8]
    package let address: EthereumAddress

    package init(_ secret: SecretBytes) throws(CryptoError) {
        guard secret.count == Word256.byteCount else {
            throw .wrongLength(
                of: "secp256k1 private key", expected: Word256.byteCount, found: secret.count)
        }
        var point = secp256k1_pubkey()
        let isValid = secret.withUnsafeBytes { bytes in
            bytes.withMemoryRebound(to: UInt8.self) {
                secp256k1_ec_pubkey_create(Secp256k1.context, &point, pointer(to: $0))
            }
        }
        guard isValid == 1 else {
            throw .unsuitableKey("a secp256k1 key is zero or not below the curve's order")
        }
        self.secret = secret
        publicKey = Secp256k1.coordinates(of: point)
        address = EthereumAddress(publicKey: publicKey)
    }

    /// Signs a digest. The same digest gives the same signature (RFC 6979), and `s` is low.
    package func sign(_ digest: Word256) -> Secp256k1Signature {
        var signature = secp256k1_ecdsa_recoverable_signature()
        let message = digest.bytes
        let isSigned = secret.withUnsafeBytes { bytes in
            bytes.withMemoryRebound(to: UInt8.self) {
                secp256k1_ecdsa_sign_recoverable(
                    Secp256k1.context, &signature, message, pointer(to: $0), nil, nil)
            }
        }
        precondition(isSigned == 1, "a key that was checked cannot sign")
        var bytes = [UInt8](repeating: 0, count: 64)
        var recovery: Int32 = 0
        secp256k1_ecdsa_recoverable_signature_serialize_compact(
            Secp256k1.context, &bytes, &recovery, &signature)
        return Secp256k1Signature(bytes: bytes + [UInt8(recovery) + 27])
    }
}

/// A signature from which its signer's address can be found: `r`, `s` and `v`, 65 bytes.
package struct Secp256k1Signature: Sendable, Hashable {
    package static let byteCount = 65

    package let bytes: [UInt8]

    fileprivate init(bytes: [UInt8]) {
        precondition(bytes.count == Secp256k1Signature.byteCount, "\(bytes.count) bytes")
        self.bytes = bytes
    }

    /// 65 bytes of which the last is 27 or 28 (0 and 1 are taken for them).
    package init(_ bytes: some Collection<UInt8>) throws(CryptoError) {
        guard bytes.count == Secp256k1Signature.byteCount else {
            throw .wrongLength(
                of: "secp256k1 signature", expected: Secp256k1Signature.byteCount,
                found: bytes.count)
        }
        var all = Array(bytes)
        if all[64] < 2 { all[64] += 27 }
        guard all[64] == 27 || all[64] == 28 else {
            throw .failed(operation: "secp256k1 signature", detail: "v is \(all[64])")
        }
        self.bytes = all
    }

    /// 130 hexadecimal digits after `0x`.
    package var hex: String { "0x" + Hex.encode(bytes) }

    /// Whose signature over `digest` it is. A signature with a high `s` is nobody's: the same one
    /// would have two spellings.
    package func signer(of digest: Word256) throws(CryptoError) -> EthereumAddress {
        var signature = secp256k1_ecdsa_recoverable_signature()
        guard
            secp256k1_ecdsa_recoverable_signature_parse_compact(
                Secp256k1.context, &signature, bytes, Int32(bytes[64]) - 27) == 1
        else { throw .failed(operation: "secp256k1 recovery", detail: "no signature") }
        var plain = secp256k1_ecdsa_signature()
        secp256k1_ecdsa_recoverable_signature_convert(Secp256k1.context, &plain, &signature)
        guard secp256k1_ecdsa_signature_normalize(Secp256k1.context, nil, &plain) == 0 else {
            throw .failed(operation: "secp256k1 recovery", detail: "s is high")
        }
        var point = secp256k1_pubkey()
        guard secp256k1_ecdsa_recover(Secp256k1.context, &point, &signature, digest.bytes) == 1
        else { throw .failed(operation: "secp256k1 recovery", detail: "no key fits") }
        return EthereumAddress(publicKey: Secp256k1.coordinates(of: point))
    }
}

private enum Secp256k1 {
    /// Blinded once, before anything uses it; from then on it is only read, which the library
    /// allows from every thread.
    nonisolated(unsafe) static let context: OpaquePointer = {
        guard let context = secp256k1_context_create(UInt32(SECP256K1_CONTEXT_NONE)) else {
            preconditionFailure("no memory for secp256k1")
        }
        do throws(CryptoError) {
            let seed = try SecretBytes.random(count: Word256.byteCount)
            let isBlinded = seed.withUnsafeBytes { bytes in
                bytes.withMemoryRebound(to: UInt8.self) {
                    secp256k1_context_randomize(context, pointer(to: $0))
                }
            }
            precondition(isBlinded == 1, "secp256k1 could not be blinded")
        } catch { preconditionFailure("no randomness for secp256k1: \(error)") }
        return context
    }()

    /// The 64 bytes after the mark of an uncompressed point.
    static func coordinates(of point: secp256k1_pubkey) -> [UInt8] {
        var point = point
        var bytes = [UInt8](repeating: 0, count: 65)
        var count = bytes.count
        let written = secp256k1_ec_pubkey_serialize(
            context, &bytes, &count, &point, UInt32(SECP256K1_EC_UNCOMPRESSED))
        precondition(written == 1 && count == 65, "a public key of \(count) bytes")
        return Array(bytes.dropFirst())
    }
}

/// The start of bytes that are known not to be empty.
private func pointer(to bytes: UnsafeBufferPointer<UInt8>) -> UnsafePointer<UInt8> {
    guard let start = bytes.baseAddress else { preconditionFailure("no bytes") }
    return start
}
