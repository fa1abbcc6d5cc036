/// A level-2 book on flat arrays: what rests at each price step, and a bitmap of the steps that are
/// not empty, so that the next best one is found without a walk over empty levels.
///
/// Quantities are lots. The arrays grow when a price outside of them comes.
package struct FlatBook: Sendable {
    private(set) var bids: FlatSide
    private(set) var asks: FlatSide

    /// A book for prices in `range` at first.
    package init(range: ClosedRange<Int32>) {
        bids = FlatSide(range: range, isBid: true)
        asks = FlatSide(range: range, isBid: false)
    }

    /// Whether nothing rests on either side.
    var isEmpty: Bool { bids.isEmpty && asks.isEmpty }
    /// The best bid in steps, nil when there is none.
    package var bestBid: Int32? { bids.isEmpty ? nil : bids.best }
    /// The best ask in steps, nil when there is none.
    package var bestAsk: Int32? { asks.isEmpty ? nil : asks.best }

    /// What rests at a price on a side, in lots.
    package func quantity(isBuy: Bool, at price: Int32) -> Int32 {
        isBuy ? bids.quantity(at: price) : asks.quantity(at: price)
    }

    /// The next level behind `price` on a side, nil when there is none.
    package func next(isBuy: Bool, behind price: Int32) -> Int32? {
        isBuy ? bids.next(behind: price) : asks.next(behind: price)
    }

    /// Sets what rests at a price; gives what rested there before.
    @discardableResult
    @inline(__always)
    mutating func set(isBuy: Bool, price: Int32, quantity: Int32) -> Int32 {
        isBuy
            ? bids.set(price: price, quantity: quantity)
            : asks.set(price: price, quantity: quantity)
    }

    mutating func removeAll() {
        bids.removeAll()
        asks.removeAll()
    }
}

/// One side of a flat book.
struct FlatSide: Sendable {
    /// The most steps that the prices of one side may span.
    static let widthMax = 1 << 26

    private var quantities: [Int32]
    private var bits: [UInt64]
    private var base: Int32
    private let isBid: Bool
    /// The best price; without meaning while the side is empty.
    private(set) var best: Int32
    private(set) var isEmpty = true

    init(range: ClosedRange<Int32>, isBid: Bool) {
        self.isBid = isBid
        base = range.lowerBound & ~63
        let words = (Int(range.upperBound) - Int(base)) / 64 + 1
        precondition(words * 64 <= FlatSide.widthMax, "prices span too many steps: \(range)")
        quantities = Array(repeating: 0, count: words * 64)
        bits = Array(repeating: 0, count: words)
        best = base
    }

    func quantity(at price: Int32) -> Int32 {
        let index = Int(price) - Int(base)
        return quantities.indices.contains(index) ? quantities[index] : 0
    }

    @inline(__always)
    mutating func set(price: Int32, quantity: Int32) -> Int32 {
        var index = Int(price) - Int(base)
        if index < 0 || index >= quantities.count {
            if quantity == 0 { return 0 }
            grow(to: price)
            index = Int(price) - Int(base)
        }
        let before = quantities[index]
        quantities[index] = quantity
        if quantity > 0 {
            if before > 0 { return before }
            bits[index >> 6] |= 1 &<< UInt64(index & 63)
            if isEmpty || (isBid ? price > best : price < best) {
                best = price
                isEmpty = false
            }
        } else if before > 0 {
            bits[index >> 6] &= ~(1 &<< UInt64(index & 63))
            if price == best { findBest(from: index) }
        }
        return before
    }

    mutating func removeAll() {
        for word in bits.indices where bits[word] != 0 {
            for index in word * 64..<word * 64 + 64 { quantities[index] = 0 }
            bits[word] = 0
        }
        isEmpty = true
    }

    /// The nearest level behind `price`.
    func next(behind price: Int32) -> Int32? {
        let index = Int(price) - Int(base)
        let found = isBid ? occupied(below: index) : occupied(above: index)
        return found.map { Int32($0) + base }
    }

    private mutating func findBest(from index: Int) {
        guard let found = isBid ? occupied(below: index) : occupied(above: index) else {
            isEmpty = true
            return
        }
        best = Int32(found) + base
    }

    private func occupied(below index: Int) -> Int? {
        guard index > 0 else { return nil }
        let start = min(index, quantities.count) - 1
        var word = start >> 6
        var mask = bits[word] & (.max &>> UInt64(63 - start & 63))
        while mask == 0 {
            if word == 0 { return nil }
            word -= 1
            mask = bits[word]
        }
        return word * 64 + 63 - mask.leadingZeroBitCount
    }

    private func occupied(above index: Int) -> Int? {
        let start = max(index, -1) + 1
        var word = start >> 6
        guard word < bits.count else { return nil }
        var mask = bits[word] & (.max &<< UInt64(start & 63))
        while mask == 0 {
            word += 1
            if word == bits.count { return nil }
            mask = bits[word]
        }
        return word * 64 + mask.trailingZeroBitCount
    }

    /// Widens the arrays until `price` lies in them, with as much again beyond it.
    private mutating func grow(to price: Int32) {
        let last = Int(base) + quantities.count - 1
        let room = quantities.count
        let low = Int(price) < Int(base) ? max(Int(price) - room, Int(Int32.min)) : Int(base)
        let high = Int(price) > last ? min(Int(price) + room, Int(Int32.max)) : last
        var wider = FlatSide(range: Int32(low)...Int32(high), isBid: isBid)
        for index in quantities.indices where quantities[index] > 0 {
            _ = wider.set(price: Int32(index) + base, quantity: quantities[index])
        }
        self = wider
    }
}
