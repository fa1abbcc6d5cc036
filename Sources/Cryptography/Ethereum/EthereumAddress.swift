/// The 20 bytes that name an account or a contract.
package struct EthereumAddress: Sendable, Hashable {
    package static let byteCount = 20

    /// The address as a contract takes it: 12 zero bytes before its own.
    package let word: Word256
    /// The text with its checksum, made once: every order names its addresses.
    package let description: String

    /// The address of a public key: the last 20 bytes of its hash.
    init(publicKey: [UInt8]) {
        precondition(publicKey.count == 64, "a public key of \(publicKey.count) bytes")
        word = Word256(padding: Keccak256.hash(publicKey).bytes.suffix(EthereumAddress.byteCount))
        description = EthereumAddress.text(of: word)
    }

    /// 40 hexadecimal digits after `0x`. Digits of mixed case must be the checksum of EIP-55.
    package init(_ text: some StringProtocol) throws(CryptoError) {
        guard text.hasPrefix("0x") else {
            throw .malformedText(encoding: "Ethereum address", offset: 0)
        }
        let digits = String(text.dropFirst(2))
        let bytes = try Hex.decode(digits)
        guard bytes.count == EthereumAddress.byteCount else {
            throw .wrongLength(
                of: "an Ethereum address", expected: EthereumAddress.byteCount,
                found: bytes.count)
        }
        word = Word256(padding: bytes)
        description = EthereumAddress.text(of: word)
        guard digits == digits.lowercased() || digits == digits.uppercased() else {
            let expected = String(description.dropFirst(2))
            guard digits == expected else {
                let offset = zip(digits, expected).prefix { $0 == $1 }.count
                throw .malformedText(encoding: "Ethereum address", offset: offset + 2)
            }
            return
        }
    }
}

extension EthereumAddress: CustomStringConvertible {
    package static func == (lhs: EthereumAddress, rhs: EthereumAddress) -> Bool {
        lhs.word == rhs.word
    }

    package func hash(into hasher: inout Hasher) { hasher.combine(word) }

    /// The address with the checksum of EIP-55: a digit is upper case where the hash says so.
    private static func text(of word: Word256) -> String {
        let digits = Hex.encode(word.bytes.suffix(EthereumAddress.byteCount))
        let hash = Hex.encode(Keccak256.hash(digits).bytes)
        let marked = zip(digits, hash).map { digit, mark in
            mark >= "8" ? Character(digit.uppercased()) : digit
        }
        return "0x" + String(marked)
    }
}
