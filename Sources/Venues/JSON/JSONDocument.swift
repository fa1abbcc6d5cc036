/// Why a text is not the JSON that we accept, and at which byte.
package enum JSONError: Error, Equatable, CustomStringConvertible {
    case tooLong(count: Int, max: Int)
    case tooDeep(at: Int)
    case tooManyNodes(at: Int)
    case unexpectedEnd
    case unexpectedByte(UInt8, at: Int)
    case badString(at: Int)
    case badNumber(at: Int)
    case trailingBytes(at: Int)

    package var description: String {
        switch self {
        case .tooLong(let count, let max): "\(count) bytes where \(max) are allowed"
        case .tooDeep(let position): "nested too deep at byte \(position)"
        case .tooManyNodes(let position): "too many values at byte \(position)"
        case .unexpectedEnd: "ends too early"
        case .unexpectedByte(let byte, let position): "byte \(byte) at \(position)"
        case .badString(let position): "bad string at byte \(position)"
        case .badNumber(let position): "bad number at byte \(position)"
        case .trailingBytes(let position): "more text at byte \(position)"
        }
    }
}

/// What a JSON value is.
package enum JSONKind: UInt8, Sendable, BitwiseCopyable {
    case null
    case `false`
    case `true`
    case number
    case string
    case array
    case object
}

/// A value of a parsed document; only meaningful together with it.
package struct JSONNode: Sendable, Hashable, BitwiseCopyable {
    let index: Int
}

/// One JSON text, parsed once into a flat list of values that is walked without allocation.
///
/// All venues read their payloads with it. The text is checked completely while it is parsed
/// (RFC 8259: UTF-8, escapes, numbers), bounded in size, depth and count, and never through
/// `Double`: a number keeps its text. A document is reused: `parse` keeps what it has allocated.
package struct JSONDocument: Sendable {
    /// What a text may ask of us.
    package struct Limits: Sendable {
        package let bytesMax: Int
        package let nodesMax: Int
        package let depthMax: Int

        /// Enough for a page of a thousand markets.
        package static let standard = Limits(
            bytesMax: 16 << 20, nodesMax: 1 << 20, depthMax: 32)

        package init(bytesMax: Int, nodesMax: Int, depthMax: Int) {
            self.bytesMax = bytesMax
            self.nodesMax = nodesMax
            self.depthMax = depthMax
        }
    }

    /// A value: its kind, its bytes, how many members it has, and where the next value begins.
    struct Entry: BitwiseCopyable {
        let kind: JSONKind
        /// A string with at least one backslash.
        var hasEscapes = false
        var start: Int32
        var end: Int32 = 0
        var count: Int32 = 0
        var next: Int32 = 0
    }

    private(set) var text: [UInt8] = []
    private(set) var entries: [Entry] = []
    private let limits: Limits

    package init(limits: Limits = .standard) { self.limits = limits }

    /// A document of `bytes`.
    package init(_ bytes: [UInt8], limits: Limits = .standard) throws(JSONError) {
        self.init(limits: limits)
        try parse(bytes)
    }

    /// Replaces what the document holds. After an error it holds nothing.
    package mutating func parse(_ bytes: some Collection<UInt8>) throws(JSONError) {
        entries.removeAll(keepingCapacity: true)
        text.removeAll(keepingCapacity: true)
        guard bytes.count <= min(limits.bytesMax, Int(Int32.max)) else {
            throw .tooLong(count: bytes.count, max: limits.bytesMax)
        }
        text.append(contentsOf: bytes)
        var scanner = JSONScanner(limits: limits)
        swap(&scanner.entries, &entries)
        do throws(JSONError) {
            try scanner.scan(text.span)
            swap(&scanner.entries, &entries)
        } catch {
            swap(&scanner.entries, &entries)
            entries.removeAll(keepingCapacity: true)
            throw error
        }
    }

    /// The whole text's value. The document must hold one.
    package var root: JSONNode {
        precondition(!entries.isEmpty, "an empty document has no root")
        return JSONNode(index: 0)
    }

    package func kind(of node: JSONNode) -> JSONKind { entries[node.index].kind }

    /// How many elements or members a container has; 0 for other values.
    package func count(of node: JSONNode) -> Int { Int(entries[node.index].count) }

    /// The member `name` of an object, or nil. Of two members with one name: the first.
    package func member(_ name: StaticString, of object: JSONNode) -> JSONNode? {
        guard entries[object.index].kind == .object else { return nil }
        var key = object.index + 1
        for _ in 0..<entries[object.index].count {
            let value = key + 1
            if isKey(key, name) { return JSONNode(index: value) }
            key = Int(entries[value].next)
        }
        return nil
    }

    /// Calls `body` for each element of an array, in order; for nothing when it is no array.
    package func forEachElement<E: Error>(
        of array: JSONNode, _ body: (JSONNode) throws(E) -> Void
    ) throws(E) {
        guard entries[array.index].kind == .array else { return }
        var element = array.index + 1
        for _ in 0..<entries[array.index].count {
            try body(JSONNode(index: element))
            element = Int(entries[element].next)
        }
    }

    /// Calls `body` with the key and the value of each member, in order.
    package func forEachMember<E: Error>(
        of object: JSONNode, _ body: (JSONNode, JSONNode) throws(E) -> Void
    ) throws(E) {
        guard entries[object.index].kind == .object else { return }
        var key = object.index + 1
        for _ in 0..<entries[object.index].count {
            let value = key + 1
            try body(JSONNode(index: key), JSONNode(index: value))
            key = Int(entries[value].next)
        }
    }

    /// The text of a string without its quotes, with escapes resolved; nil for other values.
    package func string(_ node: JSONNode) -> String? {
        let entry = entries[node.index]
        guard entry.kind == .string else { return nil }
        let raw = text[Int(entry.start)..<Int(entry.end)]
        if !entry.hasEscapes { return String(decoding: raw, as: UTF8.self) }
        return unescape(raw)
    }

    /// Whether a string, or a key, is `name`.
    package func equals(_ node: JSONNode, _ name: StaticString) -> Bool {
        entries[node.index].kind == .string && isKey(node.index, name)
    }

    /// A whole number that fits 64 bits, of a number without fraction or exponent.
    package func integer(_ node: JSONNode) -> Int64? {
        let entry = entries[node.index]
        guard entry.kind == .number else { return nil }
        return parseInteger(text.span, Int(entry.start)..<Int(entry.end))
    }

    /// The exact units of 10⁻⁹ of a decimal, given as a number or as a string; nil when it is no
    /// plain decimal, has a digit beyond the ninth decimal, or does not fit.
    package func decimalUnits(_ node: JSONNode) -> Int64? {
        let entry = entries[node.index]
        guard entry.kind == .number || entry.kind == .string, !entry.hasEscapes else { return nil }
        return parseDecimal(text.span, Int(entry.start)..<Int(entry.end))
    }

    /// The bytes of a string between its quotes when it has no escapes, or of a number.
    func rawRange(_ node: JSONNode) -> Range<Int>? {
        let entry = entries[node.index]
        guard entry.kind == .number || entry.kind == .string, !entry.hasEscapes else { return nil }
        return Int(entry.start)..<Int(entry.end)
    }

    private func isKey(_ index: Int, _ name: StaticString) -> Bool {
        let entry = entries[index]
        if entry.hasEscapes { return string(JSONNode(index: index)) == name.description }
        let start = Int(entry.start)
        let count = name.utf8CodeUnitCount
        guard Int(entry.end) - start == count else { return false }
        // Names differ early and often: one compare of the bytes beats a loop over them.
        return text.withUnsafeBytes { bytes in
            bytes[start..<start + count].elementsEqual(
                UnsafeRawBufferPointer(start: name.utf8Start, count: count))
        }
    }
}

/// Resolves the escapes of a string that the scanner has accepted.
private func unescape(_ raw: ArraySlice<UInt8>) -> String {
    var result = String.UnicodeScalarView()
    var rest = raw
    var plain: [UInt8] = []
    func unit() -> UInt32 {
        let value = rest.prefix(4).reduce(UInt32(0)) { $0 << 4 | UInt32(hexDigit($1) ?? 0) }
        rest = rest.dropFirst(4)
        return value
    }
    while let byte = rest.popFirst() {
        guard byte == UInt8(ascii: "\\"), let code = rest.popFirst() else {
            plain.append(byte)
            continue
        }
        result.append(contentsOf: String(decoding: plain, as: UTF8.self).unicodeScalars)
        plain.removeAll(keepingCapacity: true)
        guard code == UInt8(ascii: "u") else {
            result.append(Unicode.Scalar(simpleEscape(code)))
            continue
        }
        var value = unit()
        if (0xD800..<0xDC00).contains(value) {
            rest = rest.dropFirst(2)
            value = 0x10000 + (value - 0xD800) << 10 + (unit() - 0xDC00)
        }
        result.append(Unicode.Scalar(value) ?? "\u{FFFD}")
    }
    result.append(contentsOf: String(decoding: plain, as: UTF8.self).unicodeScalars)
    return String(result)
}

private func simpleEscape(_ code: UInt8) -> UInt8 {
    switch code {
    case UInt8(ascii: "b"): 0x08
    case UInt8(ascii: "f"): 0x0C
    case UInt8(ascii: "n"): 0x0A
    case UInt8(ascii: "r"): 0x0D
    case UInt8(ascii: "t"): 0x09
    default: code
    }
}

func hexDigit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
}
