/// The rings in which vectors are masked: the integers modulo 2^32 or 2^64.
package enum Ring: UInt8, Sendable, CaseIterable {
    case bits32 = 32
    case bits64 = 64

    package var bits: Int { Int(rawValue) }
    package var byteCount: Int { bits / 8 }
}

/// A vector of ring elements. Arithmetic wraps, which is what the ring is.
package struct RingVector: Sendable, Equatable {
    private var words: Words

    private enum Words: Sendable, Equatable {
        case narrow([UInt32])
        case wide([UInt64])
    }

    package init(zeros count: Int, ring: Ring) {
        words =
            switch ring {
            case .bits32: .narrow([UInt32](repeating: 0, count: count))
            case .bits64: .wide([UInt64](repeating: 0, count: count))
            }
    }

    package init(_ narrow: [UInt32]) { words = .narrow(narrow) }
    package init(_ wide: [UInt64]) { words = .wide(wide) }

    /// Elements packed little-endian. Nil where the bytes do not end with an element.
    package init?(packed bytes: [UInt8], ring: Ring) {
        guard bytes.count.isMultiple(of: ring.byteCount) else { return nil }
        self.init(zeros: bytes.count / ring.byteCount, ring: ring)
        store(packed: bytes, at: 0)
    }

    package var ring: Ring {
        switch words {
        case .narrow: .bits32
        case .wide: .bits64
        }
    }

    package var count: Int {
        switch words {
        case .narrow(let words): words.count
        case .wide(let words): words.count
        }
    }

    /// An element without sign.
    package subscript(index: Int) -> UInt64 {
        get {
            switch words {
            case .narrow(let words): UInt64(words[index])
            case .wide(let words): words[index]
            }
        }
        set {
            switch words {
            case .narrow(var words):
                self.words = .narrow([])
                words[index] = UInt32(truncatingIfNeeded: newValue)
                self.words = .narrow(words)
            case .wide(var words):
                self.words = .wide([])
                words[index] = newValue
                self.words = .wide(words)
            }
        }
    }

    /// An element in two's complement.
    package func signed(at index: Int) -> Int64 {
        switch words {
        case .narrow(let words): Int64(Int32(bitPattern: words[index]))
        case .wide(let words): Int64(bitPattern: words[index])
        }
    }

    /// The elements packed little-endian: 4 or 8 bytes each.
    package var packed: [UInt8] { packed(in: 0..<count) }

    /// Some of the elements, packed.
    package func packed(in range: Range<Int>) -> [UInt8] {
        switch words {
        case .narrow(let words): words[range].withUnsafeBytes { Array($0) }
        case .wide(let words): words[range].withUnsafeBytes { Array($0) }
        }
    }

    /// Overwrites elements from `index` on by packed ones.
    package mutating func store(packed bytes: [UInt8], at index: Int) {
        let start = index * ring.byteCount
        precondition(start + bytes.count <= count * ring.byteCount, "elements beyond the vector")
        withMutableBytes { target in
            UnsafeMutableRawBufferPointer(rebasing: target[start..<start + bytes.count])
                .copyBytes(from: bytes)
        }
    }

    package static func &+= (lhs: inout RingVector, rhs: RingVector) {
        precondition(lhs.count == rhs.count, "\(lhs.count) and \(rhs.count) elements")
        switch (lhs.words, rhs.words) {
        case (.narrow(var sum), .narrow(let words)):
            lhs.words = .narrow([])
            add(words, to: &sum)
            lhs.words = .narrow(sum)
        case (.wide(var sum), .wide(let words)):
            lhs.words = .wide([])
            add(words, to: &sum)
            lhs.words = .wide(sum)
        default: preconditionFailure("vectors of different rings")
        }
    }

    /// The words as bytes in memory, which is little-endian on every machine that this runs on.
    mutating func withMutableBytes<Result>(
        _ body: (UnsafeMutableRawBufferPointer) -> Result
    ) -> Result {
        switch words {
        case .narrow(var words):
            self.words = .narrow([])
            defer { self.words = .narrow(words) }
            return words.withUnsafeMutableBytes { body($0) }
        case .wide(var words):
            self.words = .wide([])
            defer { self.words = .wide(words) }
            return words.withUnsafeMutableBytes { body($0) }
        }
    }

    private static func add<Word: FixedWidthInteger>(_ words: [Word], to sum: inout [Word]) {
        sum.withUnsafeMutableBufferPointer { target in
            words.withUnsafeBufferPointer { source in
                for index in 0..<target.count { target[index] &+= source[index] }
            }
        }
    }
}
