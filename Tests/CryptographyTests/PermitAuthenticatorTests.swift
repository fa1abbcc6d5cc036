import Cryptography
import Testing

struct PermitAuthenticatorTests {
    private let core: X25519PrivateKey
    private let gateway: X25519PrivateKey

    init() throws {
        core = try X25519PrivateKey.generate()
        gateway = try X25519PrivateKey.generate()
    }

    @Test func bothSidesDeriveTheSameKey() throws {
        let block = Array("a permit's block".utf8)
        var sealing = try PermitAuthenticator(
            own: core, peer: gateway.publicKey, cluster: "paper", gateway: "gw-kalshi")
        var verifying = try PermitAuthenticator(
            own: gateway, peer: core.publicKey, cluster: "paper", gateway: "gw-kalshi")
        let code = sealing.seal(block, range: 0..<block.count)
        let isValid = verifying.verify(block, range: 0..<block.count, code: code)
        #expect(isValid)
    }

    @Test(arguments: [("other", "gw-kalshi"), ("paper", "gw-other")])
    func anotherClusterOrGatewayHasAnotherKey(cluster: String, gatewayName: String) throws {
        let block = Array("a permit's block".utf8)
        var sealing = try PermitAuthenticator(
            own: core, peer: gateway.publicKey, cluster: "paper", gateway: "gw-kalshi")
        var verifying = try PermitAuthenticator(
            own: gateway, peer: core.publicKey, cluster: cluster, gateway: gatewayName)
        let code = sealing.seal(block.span.bytes)
        let isValid = verifying.verify(block.span.bytes, code: code)
        #expect(!isValid)
    }

    @Test func everyFlippedBitOfBlockOrCodeIsRefused() throws {
        var authenticator = PermitAuthenticator(key: SecretBytes([UInt8](repeating: 7, count: 32)))
        let block = (0..<64).map { UInt8($0) }
        let code = authenticator.seal(block.span.bytes)
        for bit in 0..<block.count * 8 {
            var forged = block
            forged[bit / 8] ^= 1 << UInt8(bit % 8)
            let isValid = authenticator.verify(forged, range: 0..<64, code: code)
            #expect(!isValid)
        }
        for bit in 0..<256 {
            var bytes = code.bytes
            bytes[bit / 8] ^= 1 << UInt8(bit % 8)
            let forged = try SHA256Digest(bytes: bytes)
            let isValid = authenticator.verify(block, range: 0..<64, code: forged)
            #expect(!isValid)
        }
    }

    @Test func theDomainTagSeparatesItFromABareCode() {
        let key = SecretBytes([UInt8](repeating: 7, count: 32))
        var authenticator = PermitAuthenticator(key: key)
        let code = authenticator.seal([1, 2], range: 0..<2)
        #expect(code != HMACSHA256.code(for: [1, 2], key: key))
    }

    @Test func operatorsSignaturesCoverTheRangeAndTheReason() throws {
        let key = try Ed25519PrivateKey.generate()
        let frame = (0..<100).map { UInt8($0) }
        let signature = try OperatorSeal.sign(frame, range: 8..<90, reason: [1], with: key)
        func isValid(_ range: Range<Int>, _ reason: [UInt8]) -> Bool {
            OperatorSeal.isValid(
                signature, for: frame, range: range, reason: reason, by: key.publicKey)
        }
        #expect(isValid(8..<90, [1]))
        #expect(!isValid(8..<91, [1]))
        #expect(!isValid(8..<90, [2]))
        #expect(!isValid(8..<90, []))
        #expect(!key.publicKey.isValid(signature, for: Array(frame[8..<90]) + [1]))
    }
}
