import COpenSSL

/// Bytes that must not outlive their use: overwritten before their memory is given back, never
/// printed, and compared in constant time.
///
/// Confinement: written only during `init`, so it may be read from any thread afterwards; that is
/// what `@unchecked` rests on.
package final class SecretBytes: @unchecked Sendable {
    private let buffer: UnsafeMutableRawBufferPointer

    /// Copies `bytes`. The caller's array is not overwritten: prefer the other initialisers.
    package init(_ bytes: [UInt8]) {
        buffer = .allocate(byteCount: bytes.count, alignment: 16)
        buffer.copyBytes(from: bytes)
    }

    /// Fills `count` bytes in place.
    package init<E: Error>(
        count: Int, filling fill: (UnsafeMutableRawBufferPointer) throws(E) -> Void
    ) throws(E) {
        buffer = .allocate(byteCount: count, alignment: 16)
        buffer.initializeMemory(as: UInt8.self, repeating: 0)
        try fill(buffer)
    }

    /// Reads hexadecimal text, as key files hold it. Surrounding white space is allowed.
    package convenience init(hex text: String) throws(CryptoError) {
        var bytes = try Hex.decode(text.trimmingWhiteSpace)
        defer { wipe(&bytes) }
        self.init(bytes)
    }

    deinit {
        OPENSSL_cleanse(buffer.baseAddress, buffer.count)
        buffer.deallocate()
    }

    /// `count` bytes from the generator that OpenSSL keeps for secrets.
    package static func random(count: Int) throws(CryptoError) -> SecretBytes {
        try SecretBytes(count: count) { buffer throws(CryptoError) in
            let target = buffer.baseAddress?.assumingMemoryBound(to: UInt8.self)
            try check(RAND_priv_bytes(target, Int32(count)), "RAND_priv_bytes")
        }
    }

    package var count: Int { buffer.count }

    /// The bytes for the length of `body`; they must not escape it.
    package func withUnsafeBytes<Result, E: Error>(
        _ body: (UnsafeRawBufferPointer) throws(E) -> Result
    ) throws(E) -> Result {
        try body(UnsafeRawBufferPointer(buffer))
    }

    /// Hexadecimal text for a key file. The text is not overwritten: write it and let it go.
    package var hex: String { withUnsafeBytes { Hex.encode($0) } }

    /// Whether both hold the same bytes, in time that depends on the length alone.
    package func isEqual(to other: SecretBytes) -> Bool {
        areEqualInConstantTime(
            UnsafeRawBufferPointer(buffer), UnsafeRawBufferPointer(other.buffer))
    }
}

extension SecretBytes: CustomStringConvertible {
    package var description: String { "SecretBytes(\(count))" }
}

/// Whether both buffers hold the same bytes, in time that depends on the length alone.
func areEqualInConstantTime(
    _ first: UnsafeRawBufferPointer, _ second: UnsafeRawBufferPointer
) -> Bool {
    guard first.count == second.count else { return false }
    if first.isEmpty { return true }
    return CRYPTO_memcmp(first.baseAddress, second.baseAddress, first.count) == 0
}

/// Overwrites an array that held secret bytes.
func wipe(_ bytes: inout [UInt8]) {
    bytes.withUnsafeMutableBytes { OPENSSL_cleanse($0.baseAddress, $0.count) }
}

extension String {
    /// The text without white space at its ends.
    fileprivate var trimmingWhiteSpace: String {
        let start = firstIndex { !$0.isWhitespace } ?? endIndex
        let end = lastIndex { !$0.isWhitespace }.map { index(after: $0) } ?? start
        return String(self[start..<end])
    }
}
