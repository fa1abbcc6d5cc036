/// Typed structured data (EIP-712): what a wallet signs instead of opaque bytes.
///
/// A structure is hashed over the hash of its type and one word for each field.
package struct TypedStruct: Sendable {
    private var encoded: [UInt8]

    /// - Parameter type: the type's signature, such as `Mail(address to,string text)`.
    package init(_ type: Word256) {
        encoded = []
        encoded.reserveCapacity(13 * Word256.byteCount)
        type.append(to: &encoded)
    }

    /// A hash of the type's signature, such as `Mail(address to,string text)`.
    package static func typeHash(_ signature: String) -> Word256 { Keccak256.hash(signature) }

    package mutating func add(_ word: Word256) { word.append(to: &encoded) }
    package mutating func add(_ number: UInt64) { add(Word256(number)) }
    package mutating func add(_ address: EthereumAddress) { add(address.word) }
    /// A string is represented by its hash.
    package mutating func add(_ text: String) { add(Keccak256.hash(text)) }

    package var hash: Word256 { Keccak256.hash(encoded) }
}

/// For which application, chain and contract a signature counts.
package struct TypedDataDomain: Sendable {
    package let name: String
    package let version: String
    package let chainID: UInt64
    package let contract: EthereumAddress?
    /// The domain's hash, which every digest begins with.
    package let separator: Word256

    package init(name: String, version: String, chainID: UInt64, contract: EthereumAddress?) {
        self.name = name
        self.version = version
        self.chainID = chainID
        self.contract = contract
        let fields = "string name,string version,uint256 chainId"
        let place = contract == nil ? "" : ",address verifyingContract"
        var domain = TypedStruct(TypedStruct.typeHash("EIP712Domain(\(fields)\(place))"))
        domain.add(name)
        domain.add(version)
        domain.add(chainID)
        if let contract { domain.add(contract) }
        separator = domain.hash
    }

    /// What is signed for a structure of this domain.
    package func digest(of structure: Word256) -> Word256 {
        Keccak256.hash([0x19, 0x01] + separator.bytes + structure.bytes)
    }
}
