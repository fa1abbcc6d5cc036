import Trading

/// Builds JSON text into one buffer: the venue writes far more than it reads.
struct JSONText: Sendable {
    private(set) var bytes: [UInt8] = []
    private var needsComma = false

    init() {}

    /// The text of one object.
    static func object(_ body: (inout JSONText) -> Void) -> [UInt8] {
        var text = JSONText()
        text.object(body)
        return text.bytes
    }

    mutating func object(_ body: (inout JSONText) -> Void) {
        open(UInt8(ascii: "{"))
        body(&self)
        close(UInt8(ascii: "}"))
    }

    mutating func object(_ key: StaticString, _ body: (inout JSONText) -> Void) {
        self.key(key)
        open(UInt8(ascii: "{"))
        body(&self)
        close(UInt8(ascii: "}"))
    }

    /// A member whose name is data.
    mutating func object(named name: String, _ body: (inout JSONText) -> Void) {
        self.key(name)
        open(UInt8(ascii: "{"))
        body(&self)
        close(UInt8(ascii: "}"))
    }

    /// As above.
    mutating func field(named name: String, _ value: String) {
        self.key(name)
        quoted(value)
    }

    mutating func array(_ key: StaticString, _ body: (inout JSONText) -> Void) {
        self.key(key)
        open(UInt8(ascii: "["))
        body(&self)
        close(UInt8(ascii: "]"))
    }

    mutating func array(_ body: (inout JSONText) -> Void) {
        separate()
        open(UInt8(ascii: "["))
        body(&self)
        close(UInt8(ascii: "]"))
    }

    mutating func field(_ key: StaticString, _ value: String) {
        self.key(key)
        quoted(value)
    }

    mutating func field(_ key: StaticString, _ value: Int64) {
        self.key(key)
        raw(String(value))
    }

    mutating func field(_ key: StaticString, _ value: UInt64) {
        self.key(key)
        raw(String(value))
    }

    mutating func field(_ key: StaticString, _ value: Bool) {
        self.key(key)
        raw(value ? "true" : "false")
    }

    /// A number as its exact decimal.
    mutating func number(_ key: StaticString, _ value: some FixedPoint) {
        self.key(key)
        raw(value.description)
    }

    mutating func null(_ key: StaticString) {
        self.key(key)
        raw("null")
    }

    /// A string element of an array.
    mutating func element(_ value: String) {
        separate()
        quoted(value)
    }

    /// An object element of an array.
    mutating func element(_ body: (inout JSONText) -> Void) {
        separate()
        object(body)
    }

    private mutating func key(_ key: StaticString) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        key.withUTF8Buffer { bytes.append(contentsOf: $0) }
        bytes.append(UInt8(ascii: "\""))
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    private mutating func key(_ name: String) {
        separate()
        quoted(name)
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    private mutating func separate() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
        needsComma = true
    }

    private mutating func open(_ byte: UInt8) {
        bytes.append(byte)
        needsComma = false
    }

    private mutating func close(_ byte: UInt8) {
        bytes.append(byte)
        needsComma = true
    }

    private mutating func raw(_ text: String) {
        bytes.append(contentsOf: text.utf8)
        needsComma = true
    }

    private mutating func quoted(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                bytes.append(UInt8(ascii: "\\"))
                bytes.append(byte)
            case 0..<0x20:
                bytes.append(contentsOf: "\\u00".utf8)
                bytes.append(JSONText.digits[Int(byte >> 4)])
                bytes.append(JSONText.digits[Int(byte & 15)])
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
        needsComma = true
    }

    private static let digits = Array("0123456789abcdef".utf8)
}

extension Timestamp {
    /// RFC 3339 with milliseconds, as the venue writes times.
    var rfc3339: String { String(description.dropLast(7)) + "Z" }
    var milliseconds: Int64 { nanoseconds / 1_000_000 }
    var wholeSeconds: Int64 { nanoseconds / 1_000_000_000 }
}
