import TestSupport

/// Builds frames byte by byte from a layout, with random values, and remembers what it wrote.
/// Shares nothing with the generated encoders.
struct FrameBuilder {
    /// The version in the header.
    var version: UInt16 = 1
    /// Bytes that a later version appended to the root block and to every entry.
    var extraBlockBytes = 0
    /// Bytes that a later version appended to the frame.
    var extraEndBytes = 0
    /// The most entries in a group, and the most bytes of data.
    var entriesMax = 3
    var dataMax = 20

    private var bytes: [UInt8] = []
    private var lines: [String] = []

    init() {}

    /// A frame and its fields as `describe` would list them.
    mutating func build(
        _ layout: MessageLayout, _ random: inout SeededRandom
    ) -> (frame: [UInt8], lines: [String]) {
        bytes = []
        lines = []
        append(UInt64(layout.blockLength + extraBlockBytes), size: 2)
        append(UInt64(layout.template), size: 2)
        append(7841, size: 2)
        append(UInt64(version), size: 2)
        for field in layout.fields { append(field, prefix: "", &random) }
        appendNoise(extraBlockBytes, &random)
        for group in layout.groups { append(group, &random) }
        for name in layout.data { appendData(name, &random) }
        appendNoise(extraEndBytes, &random)
        return (bytes, lines)
    }

    private mutating func append(_ group: GroupLayout, _ random: inout SeededRandom) {
        let count = Int.random(in: 0...entriesMax, using: &random)
        append(UInt64(group.entryLength + extraBlockBytes), size: 2)
        append(UInt64(count), size: 2)
        for index in 0..<count {
            for field in group.fields {
                append(field, prefix: "\(group.name)[\(index)].", &random)
            }
            appendNoise(extraBlockBytes, &random)
        }
    }

    private mutating func appendData(_ name: String, _ random: inout SeededRandom) {
        let count = Int.random(in: 0...dataMax, using: &random)
        let data = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
        append(UInt64(count), size: 2)
        bytes += data
        lines.append("\(name) = \(hexadecimal(data))")
    }

    private mutating func append(
        _ field: FieldLayout, prefix: String, _ random: inout SeededRandom
    ) {
        let text: String
        switch field.form {
        case .name(let size): text = appendName(size, &random)
        case .bytes(let size): text = appendBytes(size, &random)
        case .unsigned(let size): text = appendUnsigned(size, &random)
        case .signed(let size): text = appendSigned(size, &random)
        case .real:
            let real = Double(Int.random(in: -1_000_000...1_000_000, using: &random)) / 1024
            append(real.bitPattern, size: 8)
            text = String(real)
        case .enumeration(let size, let values):
            let value = values[Int.random(in: values.indices, using: &random)]
            append(value.number, size: size)
            text = value.name
        }
        lines.append("\(prefix)\(field.name) = \(text)")
    }

    private mutating func appendName(_ size: Int, _ random: inout SeededRandom) -> String {
        let alphabet = Array(
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-".utf8)
        let count = Int.random(in: 0...size, using: &random)
        let name = (0..<count).map { _ in
            alphabet[Int.random(in: alphabet.indices, using: &random)]
        }
        bytes += name + [UInt8](repeating: 0, count: size - count)
        return String(decoding: name, as: UTF8.self)
    }

    private mutating func appendBytes(_ size: Int, _ random: inout SeededRandom) -> String {
        let data = (0..<size).map { _ in UInt8.random(in: 0...255, using: &random) }
        bytes += data
        return hexadecimal(data)
    }

    private mutating func appendUnsigned(_ size: Int, _ random: inout SeededRandom) -> String {
        let largest = UInt64.max >> UInt64(64 - size * 8)
        let number = edgeOr(UInt64.random(in: 0...largest, using: &random), 0, largest, &random)
        append(number, size: size)
        return String(number)
    }

    private mutating func appendSigned(_ size: Int, _ random: inout SeededRandom) -> String {
        let number = edgeOr(
            Int64.random(in: .min ... .max, using: &random), .min, .max, &random)
        append(UInt64(bitPattern: number), size: size)
        return String(number)
    }

    /// Extremes are as likely as one in eight each.
    private func edgeOr<Number>(
        _ number: Number, _ lowest: Number, _ highest: Number, _ random: inout SeededRandom
    ) -> Number {
        switch Int.random(in: 0..<8, using: &random) {
        case 0: lowest
        case 1: highest
        default: number
        }
    }

    private mutating func append(_ number: UInt64, size: Int) {
        for index in 0..<size { bytes.append(UInt8(truncatingIfNeeded: number >> (index * 8))) }
    }

    private mutating func appendNoise(_ count: Int, _ random: inout SeededRandom) {
        for _ in 0..<count { bytes.append(UInt8.random(in: 0...255, using: &random)) }
    }
}

func hexadecimal(_ bytes: [UInt8]) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}
