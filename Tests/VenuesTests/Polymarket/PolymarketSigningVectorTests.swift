import Cryptography
import Foundation
import TestSupport
import Testing
import Trading
import Venues

/// What the venue's official client signs and sends.
struct PolymarketSigningVectorTests {
    @Test func attestationsAreThoseOfTheClient() throws {
        struct Vectors: Decodable {
            struct Case: Decodable {
                let private_key: String
                let chain_id: UInt64
                let timestamp: String
                let nonce: Decimal
                let address: String?
                let digest: String?
                let signature: String
            }
            let official: [Case]
            let generated: [Case]
        }
        let vectors = try VectorFile.decode(Vectors.self, "venues", "polymarket_l1_clobauth")
        guard let vectors else { return }
        for vector in vectors.official + vectors.generated {
            let key = try privateKey(vector.private_key)
            if let address = vector.address { #expect(key.address.description == address) }
            let digest = PolymarketSigner.attestationDigest(
                address: key.address, timestamp: vector.timestamp,
                nonce: try Word256(decimal: "\(vector.nonce)"), chainID: vector.chain_id)
            if let expected = vector.digest { #expect(digest.hex == expected) }
            #expect(key.sign(digest).hex == vector.signature)
        }
    }

    @Test func codesAreThoseOfTheClient() throws {
        struct Vectors: Decodable {
            struct Case: Decodable {
                let secret: String
                let timestamp: String
                let method: String
                let path: String
                let body: String?
                let signature: String
            }
            let official: [Case]
            let generated: [Case]
        }
        let vectors = try VectorFile.decode(Vectors.self, "venues", "polymarket_l2_hmac")
        guard let vectors else { return }
        for vector in vectors.official + vectors.generated {
            let credentials = try PolymarketCredentials(
                apiKey: "key", secret: vector.secret, passphrase: "words")
            let code = credentials.code(
                timestamp: vector.timestamp, method: vector.method, path: vector.path,
                body: Array((vector.body ?? "").utf8))
            #expect(code == vector.signature, "\(vector.method) \(vector.path)")
        }
    }

    private struct Orders: Decodable {
        struct Order: Decodable {
            let salt: String
            let maker: String
            let signer: String
            let tokenId: String
            let makerAmount: String
            let takerAmount: String
            let side: Int
            let signatureType: UInt8
            let timestamp: String
            let metadata: String
            let builder: String
            let expiration: String
        }
        struct Case: Decodable {
            let private_key: String
            let chain_id: UInt64
            let exchange: String
            let domain_version: String
            let domain_separator: String
            let order: Order
            let order_hash: String
            let signature: String
            let post_body: String?
        }
        let official: [Case]
        let generated: [Case]
    }

    @Test func ordersAreSignedAndPostedAsTheClientDoes() throws {
        let id = "polymarket_order_v2_v3_eip712"
        guard let vectors = try VectorFile.decode(Orders.self, "venues", id) else { return }
        for vector in vectors.official + vectors.generated {
            let contracts = try #require(PolymarketContracts(chainID: vector.chain_id))
            let exchange = try #require(
                PolymarketExchange.allCases.first {
                    contracts.domain(of: $0).contract?.description == vector.exchange
                })
            let domain = contracts.domain(of: exchange)
            #expect(domain.version == vector.domain_version)
            #expect(domain.separator.hex == vector.domain_separator)
            let order = try order(vector.order)
            let key = try privateKey(vector.private_key)
            let signer = try PolymarketSigner(
                key: key, funder: order.signatureType == .account ? nil : order.maker,
                signatureType: order.signatureType, contracts: contracts)
            #expect(signer.orderSigner == order.signer)
            let signed = signer.sign(order, for: exchange)
            #expect(signed.hash.hex == vector.order_hash)
            #expect(signed.signature == vector.signature)
            guard let expected = vector.post_body else { continue }
            let terms = PolymarketOrderTerms(
                kind: try kind(in: expected), isPostOnly: expected.contains("\"postOnly\":true"),
                expiration: try #require(UInt64(vector.order.expiration)))
            let body = signed.body(terms, owner: try owner(in: expected))
            #expect(String(decoding: body, as: UTF8.self) == expected)
        }
    }

    private func order(_ vector: Orders.Order) throws -> PolymarketOrder {
        PolymarketOrder(
            salt: try #require(UInt64(vector.salt)), maker: try EthereumAddress(vector.maker),
            signer: try EthereumAddress(vector.signer),
            token: try PolymarketToken(vector.tokenId),
            amounts: PolymarketAmounts(
                maker: try #require(UInt64(vector.makerAmount)),
                taker: try #require(UInt64(vector.takerAmount))),
            side: vector.side == 0 ? .buy : .sell,
            signatureType: try #require(PolymarketSignatureType(rawValue: vector.signatureType)),
            timestamp: try #require(UInt64(vector.timestamp)),
            metadata: try Word256(hex: vector.metadata), builder: try Word256(hex: vector.builder))
    }

    private func kind(in body: String) throws -> PolymarketOrderTerms.Kind {
        try #require(
            PolymarketOrderTerms.Kind.allCases.first {
                body.contains("\"orderType\":\"\($0.rawValue)\"")
            })
    }

    private func owner(in body: String) throws -> String {
        let tail = try #require(body.range(of: "\"owner\":\"")).upperBound
        return String(body[tail...].prefix { $0 != "\"" })
    }

    private func privateKey(_ text: String) throws -> Secp256k1PrivateKey {
        try Secp256k1PrivateKey(SecretBytes(Hex.decode(text.dropFirst(2))))
    }
}

/// What the venue's official client makes of sizes and prices.
struct PolymarketAmountVectorTests {
    private struct Case: Decodable {
        let tick: String
        let side: Side
        let price: Double
        let size: Double
        let maker: String
        let taker: String

        init(from decoder: any Decoder) throws {
            var list = try decoder.unkeyedContainer()
            tick = try list.decode(String.self)
            side = try list.decode(String.self) == "BUY" ? .buy : .sell
            price = try list.decode(Double.self)
            size = try list.decode(Double.self)
            maker = try list.decode(String.self)
            taker = try list.decode(String.self)
        }
    }
    private struct Vectors: Decodable {
        let limit_v2: [Case]
        let market_v2: [Case]
    }

    private func rounding(_ tick: String) throws -> PolymarketRounding {
        let step = try #require(Price(decimal: tick))
        return try #require(PolymarketRounding(tick: step))
    }

    @Test func amountsAreThoseOfTheClient() throws {
        let id = "polymarket_order_amounts"
        guard let vectors = try VectorFile.decode(Vectors.self, "venues", id) else { return }
        for vector in vectors.limit_v2 {
            let amounts = PolymarketClientAmounts(try rounding(vector.tick))
                .limit(vector.side, size: vector.size, price: vector.price)
            #expect(
                [String(amounts.maker), String(amounts.taker)] == [vector.maker, vector.taker],
                "\(vector)")
        }
        for vector in vectors.market_v2 {
            let amounts = PolymarketClientAmounts(try rounding(vector.tick))
                .market(vector.side, amount: vector.size, price: vector.price)
            #expect(
                [String(amounts.maker), String(amounts.taker)] == [vector.maker, vector.taker],
                "\(vector)")
        }
    }

    @Test func affordableAmountsAreThoseOfTheClient() throws {
        struct Vectors: Decodable {
            struct Case: Decodable {
                let amount: Double
                let price: Double
                let user_usdc_balance: Double
                let fee_rate: Double
                let fee_exponent: Int
                let builder_taker_fee_rate: Double
                let fee_slippage: Double
                let result: Double
            }
            let generated_adjust_buy_amount: [Case]
        }
        let vectors = try VectorFile.decode(Vectors.self, "venues", "polymarket_fees")
        for vector in vectors?.generated_adjust_buy_amount ?? [] {
            let amount = PolymarketClientAmounts.affordable(
                vector.amount, price: vector.price, balance: vector.user_usdc_balance,
                fees: PolymarketClientAmounts.Fees(
                    rate: vector.fee_rate, exponent: vector.fee_exponent,
                    builderRate: vector.builder_taker_fee_rate,
                    slippagePercent: vector.fee_slippage))
            // The last bit of a power is the library's own.
            #expect(abs(amount - vector.result) <= 1e-9 * max(1, vector.result), "\(vector)")
        }
    }

    /// Where the client's floating point loses nothing, it says what we say.
    @Test func exactAmountsAreTheClientsOrAHundredthMore() throws {
        let id = "polymarket_order_amounts"
        guard let vectors = try VectorFile.decode(Vectors.self, "venues", id) else { return }
        var compared = 0
        for vector in vectors.limit_v2 {
            let rounding = try rounding(vector.tick)
            let price = try #require(Price(decimal: "\(vector.price)"))
            guard let quantity = Quantity(decimal: "\(vector.size)"),
                let exact = PolymarketAmounts(
                    vector.side, price: price, quantity: quantity, rounding: rounding)
            else { continue }
            let contracts = vector.side == .buy ? exact.taker : exact.maker
            let dollars = vector.side == .buy ? exact.maker : exact.taker
            let theirs = try #require(
                UInt64(vector.side == .buy ? vector.taker : vector.maker))
            #expect(contracts == UInt64(quantity.units / 1_000))
            #expect(contracts == theirs || contracts == theirs + 10_000, "\(vector)")
            if contracts == theirs {
                #expect(
                    "\(dollars)" == (vector.side == .buy ? vector.maker : vector.taker),
                    "\(vector)")
            }
            compared += 1
        }
        #expect(compared > 100 || ProcessInfo.processInfo.environment["BELLWETHER_VECTORS"] != nil)
    }
}
