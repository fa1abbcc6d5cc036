import CZeroMQ
package import Trading

/// The public half of a CURVE key pair: 32 bytes, written as 40 characters of Z85.
package struct CurvePublicKey: Sendable, Hashable, CustomStringConvertible {
    /// The key's 32 bytes.
    package let bytes: [UInt8]

    /// Reads 40 characters of Z85.
    package init(z85 text: String) throws(TransportError) {
        guard let bytes = decodeZ85(text) else {
            throw TransportError(
                .badKey, "'\(text)' is no CURVE key: expected 40 characters of Z85")
        }
        self.bytes = bytes
    }

    /// The key as 40 characters of Z85.
    package var z85: String {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 41) { buffer in
            guard let base = buffer.baseAddress, zmq_z85_encode(base, bytes, bytes.count) != nil
            else { return "" }
            return String(cString: base)
        }
    }

    package var description: String { z85 }
}

/// The secret half of a CURVE key pair. Its memory is overwritten when the last reference goes.
///
/// Unchecked: the memory is written once, before anyone else can have the reference.
package final class CurveSecretKey: @unchecked Sendable {
    private static let textLength = 40
    private let text: UnsafeMutableBufferPointer<CChar>

    /// Reads 40 characters of Z85. The caller's string cannot be overwritten here: keep it short.
    package convenience init(z85 text: String) throws(TransportError) {
        guard decodeZ85(text) != nil else {
            // The text is not shown: it may be a mistyped secret.
            throw TransportError(
                .badKey, "the secret is no CURVE key: expected 40 characters of Z85")
        }
        self.init(copying: text.utf8)
    }

    fileprivate init(copying characters: some Collection<UInt8>) {
        text = .allocate(capacity: CurveSecretKey.textLength + 1)
        text.initialize(repeating: 0)
        for (place, character) in characters.prefix(CurveSecretKey.textLength).enumerated() {
            text[place] = CChar(bitPattern: character)
        }
    }

    deinit {
        bellwether_zero(text.baseAddress, text.count)
        text.deallocate()
    }

    /// The public key that belongs to this secret.
    package func publicKey() throws(TransportError) -> CurvePublicKey {
        var characters = [CChar](repeating: 0, count: CurveSecretKey.textLength + 1)
        guard zmq_curve_public(&characters, text.baseAddress) == 0 else {
            throw TransportError(
                .system, "libzmq cannot derive the public key: it lacks CURVE support")
        }
        return try CurvePublicKey(z85: String(nulTerminated: characters))
    }

    /// The key as 40 characters of Z85, for the file that keeps it.
    package func reveal() -> String { String(cString: UnsafePointer(start)) }

    /// Calls `body` with the characters and a final zero, for libzmq.
    func withCString<Failure: Error>(
        _ body: (UnsafePointer<CChar>) throws(Failure) -> Void
    ) throws(Failure) {
        defer { withExtendedLifetime(self) {} }
        try body(UnsafePointer(start))
    }

    private var start: UnsafeMutablePointer<CChar> {
        guard let base = text.baseAddress else { preconditionFailure("a key without memory") }
        return base
    }
}

/// A CURVE key pair.
package struct CurveKeyPair: Sendable {
    /// What others know.
    package let publicKey: CurvePublicKey
    /// What only the process knows.
    package let secretKey: CurveSecretKey

    /// Makes a new pair from the system's randomness.
    package static func generate() throws(TransportError) -> CurveKeyPair {
        var publicText = [CChar](repeating: 0, count: 41)
        var secretText = [CChar](repeating: 0, count: 41)
        guard zmq_curve_keypair(&publicText, &secretText) == 0 else {
            throw TransportError(.system, "libzmq cannot make keys: it lacks CURVE support")
        }
        defer { bellwether_zero(&secretText, secretText.count) }
        let secret = CurveSecretKey(
            copying: secretText.lazy.map { UInt8(bitPattern: $0) })
        return CurveKeyPair(
            publicKey: try CurvePublicKey(z85: String(nulTerminated: publicText)),
            secretKey: secret)
    }
}

/// Who a process proves to be.
package struct CurveIdentity: Sendable {
    /// The process.
    package let name: ProcessID
    /// Its key pair.
    package let keys: CurveKeyPair

    /// Makes an identity from the process's secret key.
    package init(name: ProcessID, secretKey: CurveSecretKey) throws(TransportError) {
        self.name = name
        keys = CurveKeyPair(publicKey: try secretKey.publicKey(), secretKey: secretKey)
    }

    /// Makes an identity from a key pair.
    package init(name: ProcessID, keys: CurveKeyPair) {
        self.name = name
        self.keys = keys
    }
}

/// The public keys of the cluster's processes.
package struct PeerDirectory: Sendable {
    private let keys: [ProcessID: CurvePublicKey]

    /// Makes a directory. Two processes with one key would be one process to their peers.
    package init(_ keys: [ProcessID: CurvePublicKey]) throws(TransportError) {
        var owners: [CurvePublicKey: ProcessID] = [:]
        for (process, key) in keys.sorted(by: { $0.key < $1.key }) {
            if let owner = owners[key] {
                throw TransportError(
                    .badKey, "\(process) has the same CURVE key as \(owner); make a new one")
            }
            owners[key] = process
        }
        self.keys = keys
    }

    /// The key of a process.
    package func key(of process: ProcessID) throws(TransportError) -> CurvePublicKey {
        guard let key = keys[process] else {
            throw TransportError(
                .unknownProcess,
                "no public CURVE key of \(process); run `supervisor keys init` and restart")
        }
        return key
    }
}

private func decodeZ85(_ text: String) -> [UInt8]? {
    guard text.utf8.count == 40, text.utf8.allSatisfy({ $0 > 32 && $0 < 127 }) else { return nil }
    var bytes = [UInt8](repeating: 0, count: 32)
    guard zmq_z85_decode(&bytes, text) != nil else { return nil }
    return bytes
}

extension String {
    fileprivate init(nulTerminated characters: [CChar]) {
        self = String(
            decoding: characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
