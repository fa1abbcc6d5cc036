package import Wire

/// Writes the fixed little-endian layouts that are hashed and signed.
package struct ByteWriter: Sendable {
    package private(set) var bytes: [UInt8] = []

    package init(capacity: Int = 256) { bytes.reserveCapacity(capacity) }

    /// Starts with a domain tag and the zero byte that ends it.
    package init(tag: String, capacity: Int = 256) {
        self.init(capacity: capacity)
        bytes.append(contentsOf: tag.utf8)
        bytes.append(0)
    }

    package mutating func append(_ number: some FixedWidthInteger) {
        withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
    }

    package mutating func append(_ real: Double) { append(real.bitPattern) }

    package mutating func append(_ digest: Digest) {
        withUnsafeBytes(of: digest) { bytes.append(contentsOf: $0) }
    }

    package mutating func append(_ peer: PeerID) { append(peer.digest) }

    package mutating func append(contentsOf other: some Sequence<UInt8>) {
        bytes.append(contentsOf: other)
    }

    /// SHA-256 of what was written.
    package var digest: Digest { Digest.sha256(bytes) }
}
