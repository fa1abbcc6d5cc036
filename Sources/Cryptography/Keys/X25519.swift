import COpenSSL

/// The private half of an X25519 key (RFC 7748): two processes agree on a secret with it.
package struct X25519PrivateKey: Sendable {
    /// The 32 bytes of the key, for its key file.
    package let secret: SecretBytes
    package let publicKey: X25519PublicKey
    private let key: OpenSSLKey

    package init(secret: SecretBytes) throws(CryptoError) {
        self.secret = secret
        key = try OpenSSLKey.rawPrivate(.x25519, secret)
        publicKey = try X25519PublicKey(bytes: key.rawPublicBytes())
    }

    package static func generate() throws(CryptoError) -> X25519PrivateKey {
        try X25519PrivateKey(secret: SecretBytes.random(count: rawKeyByteCount))
    }

    /// The secret shared with the owner of `peer`; both sides compute the same. Never a key itself:
    /// give it to `HKDFSHA256`. Throws for a peer key of small order, whose secret is all zero.
    package func agree(with peer: X25519PublicKey) throws(CryptoError) -> SecretBytes {
        let context = try allocated(EVP_PKEY_CTX_new(key.pointer, nil), "X25519 agree")
        defer { EVP_PKEY_CTX_free(context) }
        try check(EVP_PKEY_derive_init(context), "X25519 agree")
        try check(EVP_PKEY_derive_set_peer(context, peer.key.pointer), "X25519 agree")
        return try SecretBytes(count: rawKeyByteCount) { buffer throws(CryptoError) in
            var count = buffer.count
            let target = buffer.baseAddress?.assumingMemoryBound(to: UInt8.self)
            try check(EVP_PKEY_derive(context, target, &count), "X25519 agree")
            precondition(count == rawKeyByteCount, "a shared secret of \(count) bytes")
        }
    }
}

/// The public half of an X25519 key.
package struct X25519PublicKey: Sendable, Equatable {
    package let bytes: [UInt8]
    fileprivate let key: OpenSSLKey

    package init(bytes: [UInt8]) throws(CryptoError) {
        self.bytes = bytes
        key = try OpenSSLKey.rawPublic(.x25519, bytes)
    }

    package init(hex text: some StringProtocol) throws(CryptoError) {
        try self.init(bytes: Hex.decode(text))
    }

    package static func == (lhs: X25519PublicKey, rhs: X25519PublicKey) -> Bool {
        lhs.bytes == rhs.bytes
    }
}
