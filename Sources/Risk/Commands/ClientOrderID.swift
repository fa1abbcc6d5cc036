package import Trading

/// The name that a venue knows an order by: `bw-<epoch>-<lease>-<permit>-<cluster>`, at most 36
/// bytes. Derived from the permit alone, so that whoever holds the permit can look the order up.
/// The numbers come first and are never cut; a long cluster name is.
package func clientOrderID(
    epoch: Epoch, lease: LeaseID, permit: PermitSequence, cluster: ShortName
) -> VenueReference {
    var text = ReferenceText()
    text.append(0x62772D << 40, count: 3)  // "bw-"
    text.append(epoch.rawValue)
    text.append(0x2D << 56, count: 1)  // "-"
    text.append(lease.rawValue)
    text.append(0x2D << 56, count: 1)
    text.append(permit.rawValue)
    precondition(text.count <= ReferenceText.capacity, "a client order id does not fit")
    if text.count < ReferenceText.capacity - 1, !cluster.isEmpty {
        text.append(0x2D << 56, count: 1)
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

/// Builds a reference word by word, without the heap.
private struct ReferenceText {
    static let capacity = 36
    private var words = InlineArray<5, UInt64>(repeating: 0)
    private(set) var count = 0

    /// Appends so many bytes of a word, the first at its top; all others are zero.
    mutating func append(_ bytes: UInt64, count length: Int) {
        let (place, shift) = (count / 8, UInt64(count % 8 * 8))
        if place < words.count { words[place] |= bytes >> shift }
        if shift > 0, place + 1 < words.count { words[place + 1] |= bytes << (64 - shift) }
        count += length
    }

    /// Appends a number, eight digits at a time.
    mutating func append(_ number: UInt64) {
        if number < 10 { return append((0x30 + number) << 56, count: 1) }
        let (above, rest) = number.quotientAndRemainder(dividingBy: 100_000_000)
        let digits = ReferenceText.digits(of: rest)
        if above > 0 {
            append(above)
            return append(digits | 0x3030_3030_3030_3030, count: 8)
        }
        let zeros = UInt64(digits.leadingZeroBitCount / 8)
        append((digits | 0x3030_3030_3030_3030) << (zeros * 8), count: 8 - Int(zeros))
    }

    /// The eight digits of a number below a hundred million, each in its byte, the first at the
    /// top. Halves are split side by side: of four digits, of two, of one.
    private static func digits(of number: UInt64) -> UInt64 {
        let fours = (number / 10_000) << 32 | number % 10_000
        let hundreds = ((fours * 10_486) >> 20) & 0x0000_007F_0000_007F
        let twos = hundreds << 16 | (fours - hundreds * 100)
        let tens = ((twos * 103) >> 10) & 0x000F_000F_000F_000F
        return tens << 8 | (twos - tens * 10)
    }

    /// Appends as much of a name as fits.
    mutating func append(_ name: ShortName) {
        let words: [2 of UInt64] = [name.high, name.low]
        for place in 0..<2 {
            let word = words[place]
            let length = min(8 - word.trailingZeroBitCount / 8, ReferenceText.capacity - count)
            if length <= 0 { return }
            append(word & (.max << UInt64(64 - length * 8)), count: length)
        }
    }

    var reference: VenueReference {
        VenueReference(
            head: LongName(
                first: words[0], second: words[1], third: words[2], fourth: words[3]),
            tail: words[4])
    }
}
