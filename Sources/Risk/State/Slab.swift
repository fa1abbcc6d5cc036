/// Elements at stable indices, with vacant places used again. Indices are an engine's own and never
/// leave it: nothing that can be seen depends on them.
struct Slab<Element: Sendable>: Sendable {
    private struct Place: Sendable {
        var isOccupied: Bool
        var element: Element
    }

    private var places: [Place] = []
    private var vacant: [Int32] = []
    private(set) var count = 0

    /// The element at an occupied index.
    subscript(index: Int32) -> Element {
        @inline(__always) _read {
            precondition(places[Int(index)].isOccupied, "slab: nothing at \(index)")
            yield places[Int(index)].element
        }
        @inline(__always) _modify {
            precondition(places[Int(index)].isOccupied, "slab: nothing at \(index)")
            yield &places[Int(index)].element
        }
    }

    mutating func insert(_ element: Element) -> Int32 {
        count += 1
        if let index = vacant.popLast() {
            places[Int(index)] = Place(isOccupied: true, element: element)
            return index
        }
        places.append(Place(isOccupied: true, element: element))
        return Int32(places.count - 1)
    }

    mutating func remove(at index: Int32) {
        precondition(places[Int(index)].isOccupied, "slab: nothing to remove at \(index)")
        places[Int(index)].isOccupied = false
        vacant.append(index)
        count -= 1
    }

    /// Whether something is at an index, which may be any.
    func contains(_ index: Int32) -> Bool {
        index >= 0 && Int(index) < places.count && places[Int(index)].isOccupied
    }

    /// Occupied indices, in no order that may matter.
    var indices: [Int32] {
        places.indices.filter { places[$0].isOccupied }.map(Int32.init)
    }
}
