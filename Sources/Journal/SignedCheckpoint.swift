package import Cryptography
import Trading

/// The owner's signed word that at an entry the chain and its state had these hashes. Without the
/// key nobody can write a shorter or another history that a checkpoint agrees with.
package struct SignedCheckpoint: Sendable, Hashable {
    package let head: ChainHead
    package let stateHash: SHA256Digest
    package let signature: [UInt8]

    package init(head: ChainHead, stateHash: SHA256Digest, signature: [UInt8]) {
        self.head = head
        self.stateHash = stateHash
        self.signature = signature
    }

    /// Signs with the owner's checkpoint key.
    package init(
        head: ChainHead, stateHash: SHA256Digest, identity: JournalIdentity,
        key: Ed25519PrivateKey
    ) throws(CryptoError) {
        let message = SignedCheckpoint.message(head, stateHash, identity)
        self.init(head: head, stateHash: stateHash, signature: try key.sign(message))
    }

    package func isValid(for identity: JournalIdentity, by key: Ed25519PublicKey) -> Bool {
        key.isValid(signature, for: SignedCheckpoint.message(head, stateHash, identity))
    }

    private static func message(
        _ head: ChainHead, _ stateHash: SHA256Digest, _ identity: JournalIdentity
    ) -> [UInt8] {
        var bytes = Array("bellwether journal checkpoint v1\0".utf8)
        for text in [identity.cluster, identity.owner] {
            bytes += littleEndianBytes(UInt32(text.utf8.count)) + Array(text.utf8)
        }
        bytes += littleEndianBytes(head.sequence.rawValue)
        bytes += head.hash.bytes
        bytes += stateHash.bytes
        return bytes
    }
}
