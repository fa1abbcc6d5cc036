/// A venue's own name for an order or a trade, of at most 40 bytes, held inline.
package struct VenueReference: Sendable, Hashable, Comparable, BitwiseCopyable,
    CustomStringConvertible
{
    package let head: LongName
    package let tail: UInt64

    package static let capacity = 40
    package static let empty = VenueReference(head: .empty, tail: 0)

    package init(head: LongName, tail: UInt64) {
        self.head = head
        self.tail = tail
    }

    /// Nil when the text is empty, longer than 40 bytes, or has a byte that names may not have.
    package init?(_ text: some StringProtocol) {
        let bytes = Array(text.utf8)
        guard bytes.count <= VenueReference.capacity else { return nil }
        let first = String(decoding: bytes.prefix(LongName.capacity), as: UTF8.self)
        guard let head = LongName(first) else { return nil }
        var tail: UInt64 = 0
        for (index, byte) in bytes.dropFirst(LongName.capacity).enumerated() {
            guard isNameByte(byte) else { return nil }
            tail |= UInt64(byte) << UInt64(56 - index * 8)
        }
        self.init(head: head, tail: tail)
    }

    package var isEmpty: Bool { head.isEmpty }

    package static func < (lhs: VenueReference, rhs: VenueReference) -> Bool {
        (lhs.head, lhs.tail) < (rhs.head, rhs.tail)
    }

    package var description: String {
        var text = head.description
        for shift in stride(from: UInt64(56), through: 0, by: -8) {
            let byte = UInt8(truncatingIfNeeded: tail >> shift)
            if byte == 0 { break }
            text.unicodeScalars.append(Unicode.Scalar(byte))
        }
        return text
    }
}
