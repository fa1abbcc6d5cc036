package import Cryptography
import Foundation
package import Trading

/// Signs for one wallet: the proof that it is ours, and orders.
package struct PolymarketSigner: Sendable {
    /// The signing key's own address, which API keys belong to.
    package var address: EthereumAddress { key.address }
    /// Who gives and takes: the account that holds the funds.
    package let funder: EthereumAddress
    package let signatureType: PolymarketSignatureType
    package let contracts: PolymarketContracts
    private let key: Secp256k1PrivateKey

    /// What a wallet is asked to sign.
    package static let attestation = "This message attests that I control the given wallet"

    /// - Parameter funder: who holds the funds; nil where that is the key's own account.
    package init(
        key: Secp256k1PrivateKey, funder: EthereumAddress?,
        signatureType: PolymarketSignatureType, contracts: PolymarketContracts
    ) throws(VenueSetupError) {
        let holder = funder ?? key.address
        guard signatureType != .account || holder == key.address else {
            throw VenueSetupError(
                option: "funder", "an order of the key's own account cannot be for \(holder)")
        }
        guard signatureType == .account || funder != nil else {
            throw VenueSetupError(option: "funder", "which wallet holds the funds is not said")
        }
        self.key = key
        self.funder = holder
        self.signatureType = signatureType
        self.contracts = contracts
    }

    /// Reads a private key in hexadecimal from a file. Errors name the file, never its content.
    package static func key(inFile path: String) throws(VenueSetupError) -> Secp256k1PrivateKey {
        guard let content = FileManager.default.contents(atPath: path) else {
            throw VenueSetupError(option: "key-file", "cannot read \(path)")
        }
        guard content.count <= 256 else {
            throw VenueSetupError(option: "key-file", "\(path) is too long for a private key")
        }
        let text = String(decoding: content, as: UTF8.self)
        let digits = text.drop { $0.isWhitespace }
        do throws(CryptoError) {
            return try Secp256k1PrivateKey(
                SecretBytes(hex: String(digits.hasPrefix("0x") ? digits.dropFirst(2) : digits)))
        } catch {
            throw VenueSetupError(option: "key-file", "\(path): \(error)")
        }
    }

    // Authentication.

    /// The digest of level 1: that the wallet is ours, at a time in seconds.
    package static func attestationDigest(
        address: EthereumAddress, timestamp: String, nonce: Word256, chainID: UInt64
    ) -> Word256 {
        let domain = TypedDataDomain(
            name: "ClobAuthDomain", version: "1", chainID: chainID, contract: nil)
        var message = TypedStruct(attestationType)
        message.add(address)
        message.add(timestamp)
        message.add(nonce)
        message.add(attestation)
        return domain.digest(of: message.hash)
    }

    private static let attestationType = TypedStruct.typeHash(
        "ClobAuth(address address,string timestamp,uint256 nonce,string message)")

    /// The headers of level 1, which make or find an API key.
    package func attestation(
        at now: Timestamp, nonce: UInt64 = 0
    ) -> [(name: String, value: String)] {
        let seconds = String(now.nanoseconds / 1_000_000_000)
        let digest = PolymarketSigner.attestationDigest(
            address: address, timestamp: seconds, nonce: Word256(nonce),
            chainID: contracts.chainID)
        return [
            ("POLY_ADDRESS", address.description), ("POLY_SIGNATURE", key.sign(digest).hex),
            ("POLY_TIMESTAMP", seconds), ("POLY_NONCE", String(nonce)),
        ]
    }

    // Orders.

    /// Who an order names as its signer: a deposit wallet signs for itself.
    package var orderSigner: EthereumAddress {
        signatureType == .depositWallet ? funder : address
    }

    /// An order's name at the venue.
    package func hash(of order: PolymarketOrder, for exchange: PolymarketExchange) -> Word256 {
        contracts.domain(of: exchange).digest(of: order.contentHash)
    }

    package func sign(
        _ order: PolymarketOrder, for exchange: PolymarketExchange
    ) -> PolymarketSignedOrder {
        let domain = contracts.domain(of: exchange)
        let content = order.contentHash
        let hash = domain.digest(of: content)
        let signature =
            order.signatureType == .depositWallet
            ? nested(content, order, domain) : key.sign(hash).hex
        return PolymarketSignedOrder(order: order, hash: hash, signature: signature)
    }

    /// A deposit wallet's signature (Solady's nested `TypedDataSign`): the order within the
    /// wallet's own domain, followed by what the wallet needs to check it.
    private func nested(
        _ content: Word256, _ order: PolymarketOrder, _ domain: TypedDataDomain
    ) -> String {
        var wallet = TypedStruct(PolymarketSigner.nestedType)
        wallet.add(content)
        wallet.add("DepositWallet")
        wallet.add("1")
        wallet.add(contracts.chainID)
        wallet.add(order.signer)
        wallet.add(Word256.zero)
        let inner = key.sign(domain.digest(of: wallet.hash))
        let type = Array(PolymarketOrder.typeSignature.utf8)
        let bytes =
            inner.bytes + domain.separator.bytes + content.bytes + type
            + [UInt8(type.count >> 8), UInt8(type.count & 0xFF)]
        return "0x" + Hex.encode(bytes)
    }

    private static let nestedType = TypedStruct.typeHash(
        "TypedDataSign(Order contents,string name,string version,uint256 chainId,"
            + "address verifyingContract,bytes32 salt)" + PolymarketOrder.typeSignature)
}

extension PolymarketSigner {
    /// Reads the key file; the key must be that of the account, or sign for its wallet.
    init(_ configuration: PolymarketConfiguration) throws(VenueSetupError) {
        let isAccount = configuration.signatureType == .account
        let key = try PolymarketSigner.key(inFile: configuration.keyFile)
        if isAccount, let funder = configuration.funder, funder != key.address {
            throw VenueSetupError(
                option: "key-id",
                "the key is that of \(key.address), not of \(funder): for a wallet "
                    + "that another key signs for, say which kind it is in signature-type")
        }
        try self.init(
            key: key, funder: isAccount ? nil : configuration.funder,
            signatureType: configuration.signatureType, contracts: configuration.contracts)
    }

    /// What proves a request; nothing where it needs no proof, or an API key that is not there.
    func headers(
        for request: PolymarketRequest, _ credentials: PolymarketCredentials?, at now: Timestamp
    ) -> [(name: String, value: String)] {
        switch request.proof {
        case .none: []
        case .wallet: attestation(at: now)
        case .key:
            credentials?.headers(
                method: request.method.rawValue, path: request.path, body: request.body,
                address: address, at: now) ?? []
        }
    }
}
