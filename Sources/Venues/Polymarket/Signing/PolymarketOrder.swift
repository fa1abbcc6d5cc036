package import Cryptography
package import Trading

/// Who holds the funds of an order, and so how its signature is checked.
package enum PolymarketSignatureType: UInt8, Sendable, Hashable, CaseIterable {
    /// The signing key's own account.
    case account = 0
    /// A proxy wallet of the venue.
    case proxy = 1
    /// A Gnosis Safe.
    case safe = 2
    /// A deposit wallet, a contract that checks signatures itself (ERC-1271).
    case depositWallet = 3
}

/// A token's number, as the venue writes it: decimal.
package struct PolymarketToken: Sendable, Hashable, CustomStringConvertible {
    package let word: Word256
    package let description: String

    package init(_ text: String) throws(CryptoError) {
        word = try Word256(decimal: text)
        guard text == "0" || !text.hasPrefix("0") else {
            throw .malformedText(encoding: "token", offset: 0)
        }
        description = text
    }
}

/// An order of CLOB V2 or Exchange V3, before it is signed. What it does not hold (its expiry, how
/// long it lives, whether it may take) is told to the venue and not signed.
package struct PolymarketOrder: Sendable, Hashable {
    package let salt: UInt64
    package let maker: EthereumAddress
    package let signer: EthereumAddress
    package let token: PolymarketToken
    package let amounts: PolymarketAmounts
    package let side: Side
    package let signatureType: PolymarketSignatureType
    /// Milliseconds.
    package let timestamp: UInt64
    package let metadata: Word256
    package let builder: Word256

    package init(
        salt: UInt64, maker: EthereumAddress, signer: EthereumAddress, token: PolymarketToken,
        amounts: PolymarketAmounts, side: Side, signatureType: PolymarketSignatureType,
        timestamp: UInt64, metadata: Word256 = .zero, builder: Word256 = .zero
    ) {
        // The official clients write it as a JSON number, which is exact up to here.
        precondition(salt < 1 << 53, "a salt of more than 53 bits: \(salt)")
        self.salt = salt
        self.maker = maker
        self.signer = signer
        self.token = token
        self.amounts = amounts
        self.side = side
        self.signatureType = signatureType
        self.timestamp = timestamp
        self.metadata = metadata
        self.builder = builder
    }

    static let typeSignature =
        "Order(uint256 salt,address maker,address signer,uint256 tokenId,"
        + "uint256 makerAmount,uint256 takerAmount,uint8 side,uint8 signatureType,"
        + "uint256 timestamp,bytes32 metadata,bytes32 builder)"
    private static let type = TypedStruct.typeHash(typeSignature)

    /// The hash of the order's content, whatever contract it is for.
    package var contentHash: Word256 {
        var encoded = TypedStruct(PolymarketOrder.type)
        encoded.add(salt)
        encoded.add(maker)
        encoded.add(signer)
        encoded.add(token.word)
        encoded.add(amounts.maker)
        encoded.add(amounts.taker)
        encoded.add(UInt64(side == .buy ? 0 : 1))
        encoded.add(UInt64(signatureType.rawValue))
        encoded.add(timestamp)
        encoded.add(metadata)
        encoded.add(builder)
        return encoded.hash
    }

    /// The order's name at the venue.
    package func hash(in domain: TypedDataDomain) -> Word256 { domain.digest(of: contentHash) }
}

/// An order with its signature, as it is posted.
package struct PolymarketSignedOrder: Sendable {
    package let order: PolymarketOrder
    /// The order's name at the venue.
    package let hash: Word256
    /// Hexadecimal, with `0x`.
    package let signature: String
}

/// How the venue is to treat an order.
package struct PolymarketOrderTerms: Sendable, Hashable {
    package enum Kind: String, Sendable, CaseIterable {
        case goodTillCancelled = "GTC"
        case goodTillDate = "GTD"
        case fillOrKill = "FOK"
        case fillAndKill = "FAK"
    }

    package let kind: Kind
    package let isPostOnly: Bool
    /// Unix seconds; zero: never.
    package let expiration: UInt64

    package init(kind: Kind, isPostOnly: Bool, expiration: UInt64) {
        self.kind = kind
        self.isPostOnly = isPostOnly
        self.expiration = expiration
    }
}

extension PolymarketSignedOrder {
    /// The body of `POST /order`, byte for byte as the official client writes it.
    package func body(_ terms: PolymarketOrderTerms, owner: String) -> [UInt8] {
        var writer = JSONWriter()
        writer.add(
            "order",
            object: { inner in
                inner.add("salt", Int64(order.salt))
                inner.add("maker", order.maker.description)
                inner.add("signer", order.signer.description)
                inner.add("tokenId", order.token.description)
                inner.add("makerAmount", String(order.amounts.maker))
                inner.add("takerAmount", String(order.amounts.taker))
                inner.add("side", order.side == .buy ? "BUY" : "SELL")
                inner.add("expiration", String(terms.expiration))
                inner.add("signatureType", Int64(order.signatureType.rawValue))
                inner.add("timestamp", String(order.timestamp))
                inner.add("metadata", order.metadata.hex)
                inner.add("builder", order.builder.hex)
                inner.add("signature", signature)
            })
        writer.add("owner", owner)
        writer.add("orderType", terms.kind.rawValue)
        writer.add("deferExec", false)
        writer.add("postOnly", terms.isPostOnly)
        return writer.finished()
    }
}
