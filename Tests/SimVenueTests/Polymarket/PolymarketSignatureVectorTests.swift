import Cryptography
import Foundation
import TestSupport
import Testing
import Trading

@testable import SimVenue

/// The venue must take what the official client signs, and nothing else.
struct PolymarketSignatureVectorTests {
    private struct Vectors: Decodable {
        struct Case: Decodable {
            let private_key: String
            let chain_id: UInt64
            let exchange: String
            let order_hash: String
            let post_body: String?
        }
        let official: [Case]
        let generated: [Case]
    }

    @Test func theClientsOrdersAreTaken() throws {
        let id = "polymarket_order_v2_v3_eip712"
        guard let vectors = try VectorFile.decode(Vectors.self, "venues", id) else { return }
        var types: Set<UInt8> = []
        var contracts: Set<PolymarketContract> = []
        for vector in vectors.official + vectors.generated {
            guard vector.chain_id == PolymarketAuthentication.chainID,
                let body = vector.post_body
            else { continue }
            let order = try PolymarketOrderRequest.read(Array(body.utf8)).order
            let contract = try #require(
                PolymarketContract.allCases.first { $0.address == vector.exchange })
            let address = try Secp256k1PrivateKey(
                SecretBytes(hex: String(vector.private_key.dropFirst(2)))
            ).address.description.lowercased()
            #expect(order.hash(signedBy: address, for: [contract]) == vector.order_hash)
            let others = PolymarketContract.allCases.filter { $0 != contract }
            #expect(order.hash(signedBy: address, for: others) == nil)
            let stranger = "0x1111111111111111111111111111111111111112"
            #expect(order.hash(signedBy: stranger, for: [contract]) == nil)
            let changed = body.replacing(
                #""timestamp":""# + order.timestamp, with: #""timestamp":"1"# + order.timestamp)
            let forged = try PolymarketOrderRequest.read(Array(changed.utf8)).order
            #expect(forged.hash(signedBy: address, for: [contract]) == nil)
            types.insert(order.signatureType)
            contracts.insert(contract)
        }
        #expect(types == [0, 1, 2, 3])
        #expect(contracts == Set(PolymarketContract.allCases))
    }
}
