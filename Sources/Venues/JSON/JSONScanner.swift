/// Walks a JSON text once and appends one entry for each value.
struct JSONScanner {
    var entries: [JSONDocument.Entry] = []
    private let limits: JSONDocument.Limits
    private var position = 0

    init(limits: JSONDocument.Limits) { self.limits = limits }

    /// Scans one value that fills `text` but for white space around it.
    mutating func scan(_ text: Swift.Span<UInt8>) throws(JSONError) {
        position = 0
        skipSpace(text)
        try value(text, depth: 0)
        skipSpace(text)
        guard position == text.count else { throw .trailingBytes(at: position) }
    }

    private mutating func value(_ text: Swift.Span<UInt8>, depth: Int) throws(JSONError) {
        guard position < text.count else { throw .unexpectedEnd }
        guard entries.count < limits.nodesMax else { throw .tooManyNodes(at: position) }
        let byte = text[position]
        switch byte {
        case UInt8(ascii: "{"): try object(text, depth: depth)
        case UInt8(ascii: "["): try array(text, depth: depth)
        case UInt8(ascii: "\""): try string(text)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): try number(text)
        case UInt8(ascii: "t"): try literal(text, "true", .true)
        case UInt8(ascii: "f"): try literal(text, "false", .false)
        case UInt8(ascii: "n"): try literal(text, "null", .null)
        default: throw .unexpectedByte(byte, at: position)
        }
    }

    private mutating func object(_ text: Swift.Span<UInt8>, depth: Int) throws(JSONError) {
        let index = try open(.object, depth: depth)
        skipSpace(text)
        var count: Int32 = 0
        if try !takes(text, UInt8(ascii: "}")) {
            while true {
                skipSpace(text)
                guard position < text.count else { throw .unexpectedEnd }
                guard text[position] == UInt8(ascii: "\"") else {
                    throw .unexpectedByte(text[position], at: position)
                }
                guard entries.count < limits.nodesMax else { throw .tooManyNodes(at: position) }
                try string(text)
                skipSpace(text)
                try require(text, UInt8(ascii: ":"))
                skipSpace(text)
                try value(text, depth: depth + 1)
                count += 1
                skipSpace(text)
                if try takes(text, UInt8(ascii: "}")) { break }
                try require(text, UInt8(ascii: ","))
            }
        }
        close(index, count: count)
    }

    private mutating func array(_ text: Swift.Span<UInt8>, depth: Int) throws(JSONError) {
        let index = try open(.array, depth: depth)
        skipSpace(text)
        var count: Int32 = 0
        if try !takes(text, UInt8(ascii: "]")) {
            while true {
                skipSpace(text)
                try value(text, depth: depth + 1)
                count += 1
                skipSpace(text)
                if try takes(text, UInt8(ascii: "]")) { break }
                try require(text, UInt8(ascii: ","))
            }
        }
        close(index, count: count)
    }

    private mutating func open(_ kind: JSONKind, depth: Int) throws(JSONError) -> Int {
        guard depth < limits.depthMax else { throw .tooDeep(at: position) }
        entries.append(JSONDocument.Entry(kind: kind, start: Int32(position)))
        position += 1
        return entries.count - 1
    }

    private mutating func close(_ index: Int, count: Int32) {
        entries[index].end = Int32(position)
        entries[index].count = count
        entries[index].next = Int32(entries.count)
    }

    private mutating func append(
        _ kind: JSONKind, _ start: Int, _ end: Int, hasEscapes: Bool = false
    ) {
        entries.append(
            JSONDocument.Entry(
                kind: kind, hasEscapes: hasEscapes, start: Int32(start), end: Int32(end),
                next: Int32(entries.count + 1)))
    }

    private mutating func literal(
        _ text: Swift.Span<UInt8>, _ name: StaticString, _ kind: JSONKind
    ) throws(JSONError) {
        let start = position
        let characters = UnsafeBufferPointer(
            start: name.utf8Start, count: name.utf8CodeUnitCount)
        for character in characters { try require(text, character) }
        append(kind, start, position)
    }

    private mutating func number(_ text: Swift.Span<UInt8>) throws(JSONError) {
        let start = position
        if text[position] == UInt8(ascii: "-") { position += 1 }
        if position < text.count, text[position] == UInt8(ascii: "0") {
            position += 1
        } else if digits(text) == 0 {
            throw .badNumber(at: start)
        }
        if position < text.count, text[position] == UInt8(ascii: ".") {
            position += 1
            if digits(text) == 0 { throw .badNumber(at: start) }
        }
        if position < text.count, text[position] | 0x20 == UInt8(ascii: "e") {
            position += 1
            if position < text.count,
                text[position] == UInt8(ascii: "+") || text[position] == UInt8(ascii: "-")
            {
                position += 1
            }
            if digits(text) == 0 { throw .badNumber(at: start) }
        }
        append(.number, start, position)
    }

    private mutating func digits(_ text: Swift.Span<UInt8>) -> Int {
        let start = position
        while position < text.count, isDigit(text[position]) { position += 1 }
        return position - start
    }

    private mutating func string(_ text: Swift.Span<UInt8>) throws(JSONError) {
        let start = position + 1
        position = start
        var hasEscapes = false
        var isASCII = true
        var end = start
        while true {
            guard end < text.count else { throw .unexpectedEnd }
            let byte = text[end]
            if byte == UInt8(ascii: "\"") { break }
            if byte < 0x20 { throw .badString(at: end) }
            if byte == UInt8(ascii: "\\") {
                hasEscapes = true
                position = end
                try escape(text)
                end = position
                continue
            }
            if byte >= 0x80 { isASCII = false }
            end += 1
        }
        position = end
        if !isASCII, !isUTF8(text, start..<position) { throw .badString(at: start) }
        append(.string, start, position, hasEscapes: hasEscapes)
        position += 1
    }

    private mutating func escape(_ text: Swift.Span<UInt8>) throws(JSONError) {
        let start = position
        guard position + 1 < text.count else { throw .unexpectedEnd }
        let code = text[position + 1]
        position += 2
        switch code {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"),
            UInt8(ascii: "f"), UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            return
        case UInt8(ascii: "u"):
            let unit = try codeUnit(text)
            if (0xDC00..<0xE000).contains(unit) { throw .badString(at: start) }
            guard (0xD800..<0xDC00).contains(unit) else { return }
            // The first half of a pair is nothing without the second.
            try require(text, UInt8(ascii: "\\"))
            try require(text, UInt8(ascii: "u"))
            guard (0xDC00..<0xE000).contains(try codeUnit(text)) else {
                throw .badString(at: start)
            }
        default: throw .badString(at: start)
        }
    }

    private mutating func codeUnit(_ text: Swift.Span<UInt8>) throws(JSONError) -> UInt32 {
        var unit: UInt32 = 0
        for _ in 0..<4 {
            guard position < text.count else { throw .unexpectedEnd }
            guard let digit = hexDigit(text[position]) else { throw .badString(at: position) }
            unit = unit << 4 | UInt32(digit)
            position += 1
        }
        return unit
    }

    private mutating func skipSpace(_ text: Swift.Span<UInt8>) {
        while position < text.count {
            switch text[position] {
            case 0x20, 0x0A, 0x0D, 0x09: position += 1
            default: return
            }
        }
    }

    /// Steps over `byte` when it comes next.
    private mutating func takes(_ text: Swift.Span<UInt8>, _ byte: UInt8) throws(JSONError) -> Bool
    {
        guard position < text.count else { throw .unexpectedEnd }
        guard text[position] == byte else { return false }
        position += 1
        return true
    }

    private mutating func require(_ text: Swift.Span<UInt8>, _ byte: UInt8) throws(JSONError) {
        guard position < text.count else { throw .unexpectedEnd }
        guard text[position] == byte else {
            throw .unexpectedByte(text[position], at: position)
        }
        position += 1
    }
}

private func isDigit(_ byte: UInt8) -> Bool { byte &- UInt8(ascii: "0") < 10 }

private func isUTF8(_ text: Swift.Span<UInt8>, _ range: Range<Int>) -> Bool {
    text.extracting(range).withUnsafeBufferPointer {
        String(validating: $0, as: UTF8.self) != nil
    }
}

/// The whole number that `range` spells, or nil.
func parseInteger(_ text: Swift.Span<UInt8>, _ range: Range<Int>) -> Int64? {
    guard !range.isEmpty else { return nil }
    let isNegative = text[range.lowerBound] == UInt8(ascii: "-")
    let digits = isNegative ? range.lowerBound + 1..<range.upperBound : range
    guard !digits.isEmpty, digits.count <= 19 else { return nil }
    var value: Int64 = 0
    for index in digits {
        guard isDigit(text[index]) else { return nil }
        let (shifted, overflowed) = value.multipliedReportingOverflow(by: 10)
        // Digits gather on the negative side, which is one unit wider.
        let (next, underflowed) = shifted.subtractingReportingOverflow(
            Int64(text[index] - UInt8(ascii: "0")))
        if overflowed || underflowed { return nil }
        value = next
    }
    if isNegative { return value }
    return value == .min ? nil : -value
}

/// The units of 10⁻⁹ of a plain decimal: sign, digits, and decimals of which those beyond the ninth
/// must be zero. Nil where it is anything else or does not fit.
func parseDecimal(_ text: Swift.Span<UInt8>, _ range: Range<Int>) -> Int64? {
    var index = range.lowerBound
    guard index < range.upperBound else { return nil }
    let isNegative = text[index] == UInt8(ascii: "-")
    if isNegative { index += 1 }
    var value: Int64 = 0
    var wholeDigits = 0
    var decimals = -1
    while index < range.upperBound {
        let byte = text[index]
        index += 1
        if byte == UInt8(ascii: "."), decimals < 0, wholeDigits > 0 {
            decimals = 0
            continue
        }
        guard isDigit(byte) else { return nil }
        if decimals >= 9 {
            if byte != UInt8(ascii: "0") { return nil }
            continue
        }
        if decimals < 0 { wholeDigits += 1 } else { decimals += 1 }
        let (shifted, overflowed) = value.multipliedReportingOverflow(by: 10)
        let (next, underflowed) = shifted.subtractingReportingOverflow(
            Int64(byte - UInt8(ascii: "0")))
        if overflowed || underflowed { return nil }
        value = next
    }
    guard wholeDigits > 0, decimals != 0 else { return nil }
    for _ in max(decimals, 0)..<9 {
        let (shifted, overflowed) = value.multipliedReportingOverflow(by: 10)
        if overflowed { return nil }
        value = shifted
    }
    if isNegative { return value }
    return value == .min ? nil : -value
}
