/// Hexadecimal text: lower case out, either case in.
package enum Hex {
    package static func encode(_ bytes: some Sequence<UInt8>) -> String {
        var text: [UInt8] = []
        text.reserveCapacity(bytes.underestimatedCount * 2)
        for byte in bytes {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// Refuses an odd number of digits and everything that is no digit.
    package static func decode(_ text: some StringProtocol) throws(CryptoError) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.utf8.count / 2)
        var high: UInt8?
        var offset = 0
        for character in text.utf8 {
            guard let value = value(of: character) else {
                throw .malformedText(encoding: "hexadecimal", offset: offset)
            }
            if let first = high {
                bytes.append(first << 4 | value)
                high = nil
            } else {
                high = value
            }
            offset += 1
        }
        guard high == nil else { throw .malformedText(encoding: "hexadecimal", offset: offset) }
        return bytes
    }

    private static let digits = Array("0123456789abcdef".utf8)

    private static func value(of digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}

/// Base64 of RFC 4648 section 4 with padding. Decoding is strict: what it accepts, `encode` gives
/// back unchanged, so nothing that is signed has two spellings.
package enum Base64 {
    package static func encode(_ bytes: some Collection<UInt8>) -> String {
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count + 2) / 3 * 4)
        var group: UInt32 = 0
        var held = 0
        for byte in bytes {
            group = group << 8 | UInt32(byte)
            held += 1
            if held == 3 {
                append(group, characters: 4, to: &text)
                (group, held) = (0, 0)
            }
        }
        if held > 0 {
            append(group << UInt32(8 * (3 - held)), characters: held + 1, to: &text)
            text.append(contentsOf: repeatElement(padding, count: 3 - held))
        }
        return String(decoding: text, as: UTF8.self)
    }

    package static func decode(_ text: some StringProtocol) throws(CryptoError) -> [UInt8] {
        let characters = Array(text.utf8)
        guard characters.count % 4 == 0 else {
            throw .malformedText(encoding: "base64", offset: characters.count)
        }
        let padded = characters.suffix(2).reversed().prefix { $0 == padding }.count
        var bytes: [UInt8] = []
        bytes.reserveCapacity(characters.count / 4 * 3)
        for start in stride(from: 0, to: characters.count, by: 4) {
            let isLast = start + 4 == characters.count
            let used = isLast ? 4 - padded : 4
            var group: UInt32 = 0
            for offset in start..<start + used {
                guard let value = value(of: characters[offset]) else {
                    throw .malformedText(encoding: "base64", offset: offset)
                }
                group = group << 6 | UInt32(value)
            }
            group <<= UInt32(6 * (4 - used))
            let rest = group & (used == 4 ? 0 : used == 3 ? 0xFF : 0xFFFF)
            guard rest == 0 else {
                throw .malformedText(encoding: "base64", offset: start + used - 1)
            }
            for index in 0..<used - 1 {
                bytes.append(UInt8(truncatingIfNeeded: group >> UInt32(16 - 8 * index)))
            }
        }
        return bytes
    }

    /// The alphabet of RFC 4648 section 5, which needs no escapes in a URL, with padding.
    package static func encodeForURL(_ bytes: some Collection<UInt8>) -> String {
        let text = encode(bytes).utf8.map { character in
            switch character {
            case UInt8(ascii: "+"): UInt8(ascii: "-")
            case UInt8(ascii: "/"): UInt8(ascii: "_")
            default: character
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// Text of the alphabet for URLs.
    package static func decodeForURL(_ text: some StringProtocol) throws(CryptoError) -> [UInt8] {
        var offset = 0
        var plain: [UInt8] = []
        plain.reserveCapacity(text.utf8.count)
        for character in text.utf8 {
            switch character {
            case UInt8(ascii: "-"): plain.append(UInt8(ascii: "+"))
            case UInt8(ascii: "_"): plain.append(UInt8(ascii: "/"))
            case UInt8(ascii: "+"), UInt8(ascii: "/"):
                throw .malformedText(encoding: "base64", offset: offset)
            default: plain.append(character)
            }
            offset += 1
        }
        return try decode(String(decoding: plain, as: UTF8.self))
    }

    private static let alphabet = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    private static let padding = UInt8(ascii: "=")

    private static func append(_ group: UInt32, characters: Int, to text: inout [UInt8]) {
        for index in 0..<characters {
            text.append(alphabet[Int(group >> UInt32(18 - 6 * index) & 63)])
        }
    }

    private static func value(of character: UInt8) -> UInt8? {
        switch character {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): character - UInt8(ascii: "A")
        case UInt8(ascii: "a")...UInt8(ascii: "z"): character - UInt8(ascii: "a") + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0") + 52
        case UInt8(ascii: "+"): 62
        case UInt8(ascii: "/"): 63
        default: nil
        }
    }
}
