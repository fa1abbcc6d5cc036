import Cryptography
import Testing

struct Word256Tests {
    @Test func readsDecimalsUpToItsBound() throws {
        let largest =
            "115792089237316195423570985008687907853269984665640564039457584007913129639935"
        #expect(try Word256(decimal: largest).hex == "0x" + String(repeating: "f", count: 64))
        #expect(try Word256(decimal: "18446744073709551616").hex.hasSuffix("10000000000000000"))
        #expect(try Word256(decimal: "0") == .zero)
        #expect(throws: CryptoError.self) {
            try Word256(decimal: String(largest.dropLast()) + "6")
        }
        #expect(throws: CryptoError.self) { try Word256(decimal: "") }
        #expect(throws: CryptoError.self) { try Word256(decimal: "-1") }
        #expect(throws: CryptoError.self) { try Word256(decimal: "1 ") }
    }

    @Test func readsHexadecimalOfItsLengthOnly() throws {
        let digits = String(repeating: "0", count: 62) + "ff"
        #expect(try Word256(hex: "0x" + digits) == Word256(255))
        #expect(throws: CryptoError.self) { try Word256(hex: digits) }
        #expect(throws: CryptoError.self) { try Word256(hex: "0x" + digits.dropLast(2)) }
        #expect(throws: CryptoError.self) { try Word256(bytes: [UInt8](repeating: 0, count: 33)) }
    }
}

struct EthereumAddressTests {
    @Test func refusesAWrongChecksum() throws {
        let address = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
        #expect(try EthereumAddress(address).description == address)
        #expect(throws: CryptoError.malformedText(encoding: "Ethereum address", offset: 5)) {
            try EthereumAddress("0xf39fd6e51aad88F6F4ce6aB8827279cffFb92266")
        }
        #expect(throws: CryptoError.self) { try EthereumAddress(address.dropFirst(2)) }
        #expect(throws: CryptoError.self) { try EthereumAddress(address.dropLast(2)) }
    }
}

struct Secp256k1Tests {
    @Test func refusesKeysOutsideTheCurve() throws {
        #expect(throws: CryptoError.self) {
            try Secp256k1PrivateKey(SecretBytes([UInt8](repeating: 0, count: 32)))
        }
        #expect(throws: CryptoError.self) {
            try Secp256k1PrivateKey(SecretBytes([UInt8](repeating: 0xFF, count: 32)))
        }
        #expect(throws: CryptoError.self) {
            try Secp256k1PrivateKey(SecretBytes([UInt8](repeating: 1, count: 31)))
        }
    }

    @Test func recoversNobodyFromASpoiltSignature() throws {
        let key = try Secp256k1PrivateKey(SecretBytes([UInt8](repeating: 7, count: 32)))
        let digest = Keccak256.hash("digest")
        let signature = key.sign(digest)
        #expect(try signature.signer(of: digest) == key.address)
        #expect(try signature.signer(of: Keccak256.hash("other")) != key.address)
        // The mirrored signature (n − s, other v) is as good on the curve, and refused.
        let order = try Hex.decode(
            "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141")
        var mirrored = signature.bytes
        var borrow = 0
        for index in (0..<32).reversed() {
            let difference = Int(order[index]) - Int(mirrored[32 + index]) - borrow
            borrow = difference < 0 ? 1 : 0
            mirrored[32 + index] = UInt8(difference + 256 * borrow)
        }
        mirrored[64] = mirrored[64] == 27 ? 28 : 27
        let high = try Secp256k1Signature(mirrored)
        #expect(throws: CryptoError.self) { try high.signer(of: digest) }
        var unknown = signature.bytes
        unknown[64] = 31
        #expect(throws: CryptoError.self) { try Secp256k1Signature(unknown) }
        #expect(throws: CryptoError.self) { try Secp256k1Signature(unknown.dropLast()) }
    }
}
