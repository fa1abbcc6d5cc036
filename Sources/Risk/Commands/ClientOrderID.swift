package import Trading

/// The name that a venue knows an order by: `bw-<epoch>-<lease>-<permit>-<cluster>`, at most 36
/// bytes. Derived from the permit alone, so that whoever holds the permit can look the order up.
/// The numbers come first and are never cut; a long cluster name is.
package func clientOrderID(
    epoch: Epoch, lease: LeaseID, permit: PermitSequence, cluster: ShortName
) -> VenueReference {
    var text = ReferenceText()
    text.append("bw-")
    text.append(epoch.rawValue)
    text.append("-")
    text.append(lease.rawValue)
    text.append("-")
    text.append(permit.rawValue)
    precondition(text.count <= ReferenceText.capacity, "a client order id does not fit")
    if text.count < ReferenceText.capacity - 1, !cluster.isEmpty {
        text.append("-")
        text.append(cluster)
    }
    return text.reference
}

/// What the numbers in a client order id say.
struct ClientOrderName {
    let epoch: Epoch
    let lease: LeaseID
    let permit: PermitSequence

    /// Nil for a name that no core makes.
    init?(_ reference: VenueReference) {
        let text = reference.description
        let parts = text.split(separator: "-", maxSplits: 4, omittingEmptySubsequences: false)
        guard text.utf8.count <= ReferenceText.capacity, parts.count >= 4, parts[0] == "bw",
            let epoch = UInt64(parts[1]),
            let lease = UInt64(parts[2]), let permit = UInt64(parts[3])
        else { return nil }
        self.epoch = Epoch(epoch)
        self.lease = LeaseID(lease)
        self.permit = PermitSequence(permit)
    }
}

/// Builds a reference byte by byte, without the heap.
private struct ReferenceText {
    static let capacity = 36
    private var words = InlineArray<5, UInt64>(repeating: 0)
    private(set) var count = 0

    mutating func append(_ text: StaticString) {
        text.withUTF8Buffer { bytes in
            for byte in bytes { append(byte: byte) }
        }
    }

    mutating func append(_ number: UInt64) {
        // Digits from the last on, as bytes of a word: a number has at most twenty.
        var (digits, rest, length) = (UInt128(0), number, 0)
        repeat {
            digits = digits << 4 | UInt128(rest % 10)
            rest /= 10
            length += 1
        } while rest > 0
        for _ in 0..<length {
            append(byte: UInt8(ascii: "0") + UInt8(truncatingIfNeeded: digits & 15))
            digits >>= 4
        }
    }

    /// Appends as much of a name as fits.
    mutating func append(_ name: ShortName) {
        for position in 0..<ShortName.capacity where count < ReferenceText.capacity {
            let word = position < 8 ? name.high : name.low
            let byte = UInt8(truncatingIfNeeded: word >> UInt64(56 - position % 8 * 8))
            if byte == 0 { return }
            append(byte: byte)
        }
    }

    private mutating func append(byte: UInt8) {
        if count < VenueReference.capacity {
            words[count / 8] |= UInt64(byte) << UInt64(56 - count % 8 * 8)
        }
        count += 1
    }

    var reference: VenueReference {
        VenueReference(
            head: LongName(
                first: words[0], second: words[1], third: words[2], fourth: words[3]),
            tail: words[4])
    }
}
