package import Trading

/// Why a payload of a venue cannot be used.
package enum PayloadError: Error, Equatable, CustomStringConvertible {
    case malformed(JSONError)
    case missing(field: String)
    case wrongType(field: String, expected: String)
    case repeated(field: String)
    case unusable(field: String, reason: String)

    package var description: String {
        switch self {
        case .malformed(let error): "not JSON: \(error)"
        case .missing(let field): "\(field) is missing"
        case .wrongType(let field, let expected): "\(field) is not \(expected)"
        case .repeated(let field): "\(field) comes twice"
        case .unusable(let field, let reason): "\(field): \(reason)"
        }
    }
}

/// The fields that an object of a venue may have: those that we need, and those that are known and
/// left aside. Anything else is a change of the venue's schema, which is reported, not guessed at.
package struct PayloadSchema: Sendable {
    package let name: String
    let required: [StaticString]
    let known: [StaticString]

    package init(_ name: String, required: [StaticString], known: [StaticString] = []) {
        precondition(required.count <= 64, "\(name): at most 64 required fields")
        precondition(known.count <= 128, "\(name): at most 128 known fields")
        self.name = name
        self.required = required
        self.known = known
    }

    /// Checks that `object` has each required field once and collects the names of unknown ones.
    package func check(
        _ object: JSONNode, of document: borrowing JSONDocument, unknown: inout [String]
    ) throws(PayloadError) {
        guard document.kind(of: object) == .object else {
            throw .wrongType(field: name, expected: "an object")
        }
        var seen: UInt64 = 0
        var seenKnown: UInt128 = 0
        var key = object.index + 1
        for _ in 0..<document.count(of: object) {
            let node = JSONNode(index: key)
            if let bit = required.firstIndex(where: { document.equals(node, $0) }) {
                if seen >> UInt64(bit) & 1 == 1 { throw .repeated(field: "\(required[bit])") }
                seen |= 1 << UInt64(bit)
            } else if let bit = known.firstIndex(where: { document.equals(node, $0) }) {
                if seenKnown >> UInt128(bit) & 1 == 1 { throw .repeated(field: "\(known[bit])") }
                seenKnown |= 1 << UInt128(bit)
            } else {
                unknown.append("\(name).\(document.string(node) ?? "")")
            }
            key = document.indexAfter(JSONNode(index: key + 1))
        }
        for (bit, field) in required.enumerated() where seen >> UInt64(bit) & 1 == 0 {
            throw .missing(field: "\(name).\(field)")
        }
    }
}

/// Typed access to the members of an object: what is missing or of another type is named.
extension JSONDocument {
    func indexAfter(_ node: JSONNode) -> Int { Int(entries[node.index].next) }

    /// The member, or nil where it is absent or null.
    package func optional(_ name: StaticString, in object: JSONNode) -> JSONNode? {
        guard let node = member(name, of: object), kind(of: node) != .null else { return nil }
        return node
    }

    package func required(
        _ name: StaticString, in object: JSONNode
    ) throws(PayloadError) -> JSONNode {
        guard let node = member(name, of: object) else { throw .missing(field: "\(name)") }
        return node
    }

    package func text(_ name: StaticString, in object: JSONNode) throws(PayloadError) -> String {
        guard let text = string(try required(name, in: object)) else {
            throw .wrongType(field: "\(name)", expected: "a string")
        }
        return text
    }

    /// The string, or nil where the member is absent or null.
    package func optionalText(
        _ name: StaticString, in object: JSONNode
    ) throws(PayloadError) -> String? {
        optional(name, in: object) == nil ? nil : try text(name, in: object)
    }

    package func integer(_ name: StaticString, in object: JSONNode) throws(PayloadError) -> Int64 {
        guard let value = integer(try required(name, in: object)) else {
            throw .wrongType(field: "\(name)", expected: "a whole number")
        }
        return value
    }

    package func flag(_ name: StaticString, in object: JSONNode) throws(PayloadError) -> Bool {
        switch kind(of: try required(name, in: object)) {
        case .true: return true
        case .false: return false
        default: throw .wrongType(field: "\(name)", expected: "true or false")
        }
    }

    /// An exact decimal, given as a string or as a number.
    package func decimal<Value: FixedPoint>(
        _ name: StaticString, in object: JSONNode, as type: Value.Type = Value.self
    ) throws(PayloadError) -> Value {
        guard let units = decimalUnits(try required(name, in: object)) else {
            throw .wrongType(field: "\(name)", expected: "a decimal of at most nine places")
        }
        return Value(units: units)
    }

    /// A price in [0, 1].
    package func price(_ name: StaticString, in object: JSONNode) throws(PayloadError) -> Price {
        let price = try decimal(name, in: object, as: Price.self)
        guard price >= .zero, price <= .one else {
            throw .unusable(field: "\(name)", reason: "\(price) is no price")
        }
        return price
    }

    /// A quantity that is not negative.
    package func quantity(
        _ name: StaticString, in object: JSONNode
    ) throws(PayloadError) -> Quantity {
        let quantity = try decimal(name, in: object, as: Quantity.self)
        guard !quantity.isNegative else {
            throw .unusable(field: "\(name)", reason: "\(quantity) is negative")
        }
        return quantity
    }

    /// The elements of an array member.
    package func forEachElement(
        of name: StaticString, in object: JSONNode,
        _ body: (JSONNode) throws(PayloadError) -> Void
    ) throws(PayloadError) {
        let array = try required(name, in: object)
        guard kind(of: array) == .array else {
            throw .wrongType(field: "\(name)", expected: "an array")
        }
        try forEachElement(of: array, body)
    }
}
