/// Elements at stable indices, with vacant places used again. Indices are an engine's own and never
/// leave it: nothing that can be seen depends on them.
struct Slab<Element: Sendable>: Sendable {
    private var elements: [Element] = []
    private var isOccupied: [Bool] = []
    private var vacant: [Int32] = []
    private(set) var count = 0

    /// The element at an occupied index.
    subscript(index: Int32) -> Element {
        _read {
            precondition(isOccupied[Int(index)], "slab: nothing at \(index)")
            yield elements[Int(index)]
        }
        _modify {
            precondition(isOccupied[Int(index)], "slab: nothing at \(index)")
            yield &elements[Int(index)]
        }
    }

    mutating func insert(_ element: Element) -> Int32 {
        count += 1
        if let index = vacant.popLast() {
            elements[Int(index)] = element
            isOccupied[Int(index)] = true
            return index
        }
        elements.append(element)
        isOccupied.append(true)
        return Int32(elements.count - 1)
    }

    mutating func remove(at index: Int32) {
        precondition(isOccupied[Int(index)], "slab: nothing to remove at \(index)")
        isOccupied[Int(index)] = false
        vacant.append(index)
        count -= 1
    }

    /// Occupied indices, in no order that may matter.
    var indices: [Int32] {
        isOccupied.indices.filter { isOccupied[$0] }.map(Int32.init)
    }
}
