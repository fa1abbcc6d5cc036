package import Cryptography
package import Trading
package import Wire

/// Which attempt at which round of which epoch. A round makes the version of its number.
package struct RoundKey: Sendable, Hashable, Comparable, BitwiseCopyable {
    package let epoch: UInt64
    package let round: UInt64
    package let attempt: UInt32

    package init(epoch: UInt64, round: UInt64, attempt: UInt32) {
        self.epoch = epoch
        self.round = round
        self.attempt = attempt
    }

    package static func < (lhs: RoundKey, rhs: RoundKey) -> Bool {
        (lhs.epoch, lhs.round, lhs.attempt) < (rhs.epoch, rhs.round, rhs.attempt)
    }
}

/// What a peer says in a federation, behind its signature over a fixed layout.
package struct SignedMessage: Sendable, Equatable {
    /// X25519, HKDF-SHA256, AES-256-CTR, ChaCha20-Poly1305, Ed25519, SHA-256.
    package static let suite: UInt16 = 1

    package var template: UInt16
    package var suite: UInt16 = SignedMessage.suite
    package var federation: Digest
    package var round: RoundKey
    package var sender: PeerID
    package var keyEpoch: UInt32
    /// Rises with every message of the sender.
    package var number: UInt64
    package var issuedMillis: UInt64
    package var expiresMillis: UInt64
    /// The hash of the sender's message before this one.
    package var previous: Digest
    /// The hash of the parent model.
    package var lineage: Digest
    package var configuration: Digest
    package var payload: [UInt8]
    package var signature: SignatureBytes = .zero

    /// The bytes that are signed.
    package var signedBytes: [UInt8] {
        var bytes = ByteWriter(tag: "FEDSYNC-SIG-V1", capacity: 320)
        bytes.append(template)
        bytes.append(suite)
        bytes.append(federation)
        bytes.append(round.epoch)
        bytes.append(round.round)
        bytes.append(round.attempt)
        bytes.append(sender)
        bytes.append(keyEpoch)
        bytes.append(number)
        bytes.append(issuedMillis)
        bytes.append(expiresMillis)
        bytes.append(previous)
        bytes.append(lineage)
        bytes.append(configuration)
        bytes.append(UInt64(payload.count))
        bytes.append(Digest.sha256(payload))
        return bytes.bytes
    }

    /// The hash of the signed bytes: the message's name.
    package var hash: Digest { Digest.sha256(signedBytes) }

    /// The message as a frame, where its payload fits into one.
    package var frame: [UInt8] {
        FederationSigned(
            template: template, suite: suite, federation: federation,
            federationEpoch: round.epoch, round: round.round, attempt: round.attempt,
            peer: sender.digest, keyEpoch: keyEpoch, number: number, issuedMillis: issuedMillis,
            expiresMillis: expiresMillis, previous: previous, lineage: lineage,
            configuration: configuration, signature: signature
        ).frame(payload: payload)
    }

    package init(frame: [UInt8]) throws(WireError) {
        let signed = try FederationSigned(decoding: frame)
        self.init(
            template: signed.template, suite: signed.suite, federation: signed.federation,
            round: RoundKey(
                epoch: signed.federationEpoch, round: signed.round, attempt: signed.attempt),
            sender: PeerID(signed.peer), keyEpoch: signed.keyEpoch, number: signed.number,
            issuedMillis: signed.issuedMillis, expiresMillis: signed.expiresMillis,
            previous: signed.previous, lineage: signed.lineage,
            configuration: signed.configuration,
            payload: try FederationSigned.payload(in: frame), signature: signed.signature)
    }

    package init(
        template: UInt16, suite: UInt16 = SignedMessage.suite, federation: Digest,
        round: RoundKey, sender: PeerID, keyEpoch: UInt32, number: UInt64, issuedMillis: UInt64,
        expiresMillis: UInt64, previous: Digest, lineage: Digest, configuration: Digest,
        payload: [UInt8], signature: SignatureBytes = .zero
    ) {
        self.template = template
        self.suite = suite
        self.federation = federation
        self.round = round
        self.sender = sender
        self.keyEpoch = keyEpoch
        self.number = number
        self.issuedMillis = issuedMillis
        self.expiresMillis = expiresMillis
        self.previous = previous
        self.lineage = lineage
        self.configuration = configuration
        self.payload = payload
        self.signature = signature
    }
}

/// Signs a peer's messages: numbers that only rise, each naming the one before.
package struct MessageSigner: Sendable {
    package let identity: Ed25519PrivateKey
    package let peer: PeerID
    package let keyEpoch: UInt32
    package private(set) var number: UInt64
    package private(set) var previous: Digest

    package init(
        identity: Ed25519PrivateKey, peer: PeerID, keyEpoch: UInt32, number: UInt64,
        previous: Digest
    ) {
        self.identity = identity
        self.peer = peer
        self.keyEpoch = keyEpoch
        self.number = number
        self.previous = previous
    }

    /// How long a message of ours counts.
    private static let validityMillis: UInt64 = 300_000

    package mutating func sign(
        _ payload: [UInt8], as template: UInt16, in context: MessageContext, at now: Timestamp
    ) -> SignedMessage {
        number += 1
        let millis = now.milliseconds
        var message = SignedMessage(
            template: template, federation: context.federation, round: context.round,
            sender: peer, keyEpoch: keyEpoch, number: number, issuedMillis: millis,
            expiresMillis: millis + MessageSigner.validityMillis, previous: previous,
            lineage: context.lineage, configuration: context.configuration, payload: payload)
        message.signature = signature(over: message.signedBytes)
        previous = message.hash
        return message
    }

    /// A signature over a statement that others collect.
    package func signature(over bytes: [UInt8]) -> SignatureBytes {
        do throws(CryptoError) {
            guard let signature = SignatureBytes(bytes: try identity.sign(bytes)) else {
                preconditionFailure("a signature is not 64 bytes long")
            }
            return signature
        } catch {
            preconditionFailure("signing failed: \(error)")
        }
    }
}

/// What every message of an attempt says beside its payload.
package struct MessageContext: Sendable {
    package let federation: Digest
    package let round: RoundKey
    package let lineage: Digest
    package let configuration: Digest
}

extension Timestamp {
    /// Whole milliseconds since 1970; zero for moments before.
    package var milliseconds: UInt64 { UInt64(max(0, nanoseconds / 1_000_000)) }
}
