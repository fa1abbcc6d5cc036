import Cryptography
import Foundation
import TestSupport
import Testing

/// What the libraries of the venue's official client made: hashes, keys, signatures.
struct EthereumVectorTests {
    private struct Vectors: Decodable {
        struct Hash: Decodable {
            let input_hex: String
            let hash_hex: String
        }
        struct Key: Decodable {
            let private_key: String
            let public_key_uncompressed_64: String
            let address_checksum: String
        }
        struct Signed: Decodable {
            let private_key: String
            let hash: String
            let signature: String
        }
        let keccak256: [Hash]
        let keys: [Key]
        let raw_hash_sign: [Signed]
    }

    private let vectors = Result {
        try VectorFile.decode(Vectors.self, "venues", "primitives_keccak_secp256k1")
    }

    @Test func hashesAreThoseOfEthereum() throws {
        for vector in try vectors.get()?.keccak256 ?? [] {
            let hash = try Keccak256.hash(Hex.decode(vector.input_hex))
            #expect(hash.hex == "0x" + vector.hash_hex)
        }
    }

    @Test func keysHaveTheirAddresses() throws {
        for vector in try vectors.get()?.keys ?? [] {
            let key = try privateKey(vector.private_key)
            #expect(Hex.encode(key.publicKey) == vector.public_key_uncompressed_64)
            #expect(key.address.description == vector.address_checksum)
            #expect(try EthereumAddress(vector.address_checksum) == key.address)
            #expect(try EthereumAddress(vector.address_checksum.lowercased()) == key.address)
        }
    }

    @Test func signaturesAreTheVectorsBitForBit() throws {
        for vector in try vectors.get()?.raw_hash_sign ?? [] {
            let key = try privateKey(vector.private_key)
            let digest = try Word256(hex: vector.hash)
            #expect(key.sign(digest).hex == vector.signature)
            let signature = try Secp256k1Signature(Hex.decode(vector.signature.dropFirst(2)))
            #expect(try signature.signer(of: digest) == key.address)
        }
    }

    private func privateKey(_ text: String) throws -> Secp256k1PrivateKey {
        try Secp256k1PrivateKey(SecretBytes(Hex.decode(text.dropFirst(2))))
    }
}
