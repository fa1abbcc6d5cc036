import Cryptography
import Foundation
import Trading

/// The body of `POST /order`, or one of `POST /orders`.
struct PolymarketOrderRequest: Decodable {
    struct Order: Decodable {
        let salt: UInt64
        let maker: String
        let signer: String
        let tokenId: String
        let makerAmount: String
        let takerAmount: String
        let side: String
        let expiration: String
        let signatureType: UInt8
        let timestamp: String
        let metadata: String
        let builder: String
        let signature: String
    }

    let order: Order
    let owner: String
    let orderType: String
    var postOnly: Bool?

    /// Why an order is refused, in the venue's words.
    struct Refusal: Error {
        let message: String
        init(_ message: String) { self.message = message }
    }

    static func read(_ body: [UInt8]) throws(Refusal) -> PolymarketOrderRequest {
        try decoded(body)
    }

    static func readAll(_ body: [UInt8]) throws(Refusal) -> [PolymarketOrderRequest] {
        let orders: [PolymarketOrderRequest] = try decoded(body)
        guard (1...15).contains(orders.count) else {
            throw Refusal("Too many orders in payload: \(orders.count), max allowed: 15")
        }
        return orders
    }

    private static func decoded<Value: Decodable>(_ body: [UInt8]) throws(Refusal) -> Value {
        do {
            return try JSONDecoder().decode(Value.self, from: Foundation.Data(body))
        } catch { throw Refusal("Invalid order payload") }
    }
}

/// The contracts that orders are signed for, and the check of their signatures. Written from the
/// contracts' documents, apart from what our own gateway signs with.
enum PolymarketContract: CaseIterable {
    case standard
    case negativeRisk
    /// Exchange V3.
    case positions

    var address: String {
        switch self {
        case .standard: "0xE111180000d2663C0091e4f400237545B87B996B"
        case .negativeRisk: "0xe2222d279d744050d28e00520010520000310F59"
        case .positions: "0xe3333700cA9d93003F00f0F71f8515005F6c00Aa"
        }
    }

    func domain() throws(CryptoError) -> TypedDataDomain {
        TypedDataDomain(
            name: "Polymarket CTF Exchange", version: self == .positions ? "3" : "2",
            chainID: PolymarketAuthentication.chainID, contract: try EthereumAddress(address))
    }
}

extension PolymarketOrderRequest.Order {
    private static let type =
        "Order(uint256 salt,address maker,address signer,uint256 tokenId,uint256 makerAmount,"
        + "uint256 takerAmount,uint8 side,uint8 signatureType,uint256 timestamp,bytes32 metadata,"
        + "bytes32 builder)"

    /// The order's hash for the contract that it was signed for by the wallet's key; nil where it
    /// was signed for none of these.
    func hash(signedBy address: String, for contracts: [PolymarketContract]) -> String? {
        do throws(CryptoError) {
            let owner = try EthereumAddress(address)
            let content = try contentHash()
            for contract in contracts {
                let domain = try contract.domain()
                if try isSigned(content, in: domain, by: owner) {
                    return domain.digest(of: content).hex
                }
            }
            return nil
        } catch {
            // An order that cannot be read was signed by nobody.
            return nil
        }
    }

    private func contentHash() throws(CryptoError) -> Word256 {
        var encoded = TypedStruct(TypedStruct.typeHash(Self.type))
        encoded.add(salt)
        encoded.add(try EthereumAddress(maker))
        encoded.add(try EthereumAddress(signer))
        encoded.add(try Word256(decimal: tokenId))
        encoded.add(try Word256(decimal: makerAmount))
        encoded.add(try Word256(decimal: takerAmount))
        encoded.add(UInt64(side == "BUY" ? 0 : 1))
        encoded.add(UInt64(signatureType))
        encoded.add(try Word256(decimal: timestamp))
        encoded.add(try Word256(hex: metadata))
        encoded.add(try Word256(hex: builder))
        return encoded.hash
    }

    private func isSigned(
        _ content: Word256, in domain: TypedDataDomain, by owner: EthereumAddress
    ) throws(CryptoError) -> Bool {
        let bytes = try Hex.decode(
            signature.hasPrefix("0x") ? signature.dropFirst(2) : signature[...])
        guard signatureType == 3 else {
            return try Secp256k1Signature(bytes).signer(of: domain.digest(of: content)) == owner
        }
        return try isNested(bytes, content, in: domain, by: owner)
    }

    /// A deposit wallet's: the order within the wallet's own domain (Solady's `TypedDataSign`),
    /// followed by the application's separator, the content's hash, its type and the type's length.
    private func isNested(
        _ bytes: [UInt8], _ content: Word256, in domain: TypedDataDomain,
        by owner: EthereumAddress
    ) throws(CryptoError) -> Bool {
        let type = Array(Self.type.utf8)
        let tail =
            domain.separator.bytes + content.bytes + type
            + [UInt8(type.count >> 8), UInt8(type.count & 0xFF)]
        guard bytes.count == Secp256k1Signature.byteCount + tail.count,
            bytes.suffix(tail.count).elementsEqual(tail)
        else { return false }
        var wallet = TypedStruct(
            TypedStruct.typeHash(
                "TypedDataSign(Order contents,string name,string version,uint256 chainId,"
                    + "address verifyingContract,bytes32 salt)" + Self.type))
        wallet.add(content)
        wallet.add("DepositWallet")
        wallet.add("1")
        wallet.add(PolymarketAuthentication.chainID)
        wallet.add(try EthereumAddress(signer))
        wallet.add(Word256.zero)
        return try Secp256k1Signature(bytes.prefix(Secp256k1Signature.byteCount))
            .signer(of: domain.digest(of: wallet.hash)) == owner
    }

    /// The price and the size that the amounts come to, on the market's grid.
    ///
    /// An order that rests must lie on the tick exactly. One that takes may be off by what its
    /// amounts were rounded by, and is cut to the exchange's lot.
    func terms(
        tick: Price, lot: Quantity, rests: Bool
    ) throws(PolymarketOrderRequest.Refusal) -> (price: Price, size: Quantity) {
        guard let made = Int64(makerAmount), let taken = Int64(takerAmount), made > 0, taken > 0,
            made < 1_000_000_000_000_000, taken < 1_000_000_000_000_000
        else { throw .init("invalid amounts") }
        let isPurchase = side == "BUY"
        let dollars = Int128(isPurchase ? made : taken)
        let shares = Int128(isPurchase ? taken : made)
        let scale = Int128(Price.scale)
        guard dollars <= shares else { throw .init("invalid price") }
        let stated = Price(units: Int64((dollars * scale + shares / 2) / shares))
        let price = stated.rounded(toMultipleOf: tick, .nearestEven)
        let distance = dollars * scale - Int128(price.units) * shares
        let allowance = rests ? 0 : Int128(tick.units) * shares / 10
        guard distance.magnitude <= allowance.magnitude else {
            throw .init("Price (\(stated)) breaks minimum tick size rule: \(tick)")
        }
        guard price >= tick, price <= tick.complement else {
            throw .init("Price (\(stated)) is not between \(tick) and \(tick.complement)")
        }
        let size = Quantity(units: Int64(shares) * 1_000)
        return (price, rests ? size : size.rounded(toMultipleOf: lot, .down))
    }
}
