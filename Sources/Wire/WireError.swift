/// Why bytes are not a message of ours. Every case is counted by the process that received them.
package enum WireError: Error, Equatable, Sendable {
    /// The frame ends before what it must hold.
    case truncated(needed: Int, have: Int)
    /// The frame is longer than any message may be.
    case frameTooLong(length: Int)
    /// The header names another schema.
    case unknownSchema(UInt16)
    /// The header's version never existed.
    case unknownVersion(UInt16)
    /// The header names a message that this schema does not have.
    case unknownTemplate(UInt16)
    /// The frame is a message, but not the one that was asked for.
    case wrongTemplate(expected: UInt16, found: UInt16)
    /// The root block's length is not that of the header's version.
    case badBlockLength(expected: Int, found: Int)
    /// The field's number stands for no value of its enumeration.
    case badEnum(field: String, value: UInt64)
    /// The name has a byte that names may not have, or a byte after its end.
    case badName(field: String)
    /// The number is not finite.
    case badReal(field: String)
    /// The group's entries are of the wrong length or do not fit into the frame.
    case badGroup(field: String, entryLength: Int, count: Int)
    /// The data are longer than allowed or do not fit into the frame.
    case badLength(field: String, length: Int)
    /// Bytes follow the message's end.
    case trailingBytes(Int)
}

extension WireError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .truncated(let needed, let have):
            "frame ends after \(have) bytes, expected at least \(needed)"
        case .frameTooLong(let length):
            "frame has \(length) bytes, expected at most \(WireFrame.maximumLength)"
        case .unknownSchema(let id): "schema \(id), expected \(WireSchema.id)"
        case .unknownVersion(let version): "schema version \(version), expected 1 or later"
        case .unknownTemplate(let id): "template \(id) is not in the schema"
        case .wrongTemplate(let expected, let found): "template \(found), expected \(expected)"
        case .badBlockLength(let expected, let found):
            "root block of \(found) bytes, expected \(expected)"
        case .badEnum(let field, let value): "\(field): \(value) stands for no value"
        case .badName(let field):
            "\(field): expected A-Z a-z 0-9 . _ - followed by zero bytes only"
        case .badReal(let field): "\(field): expected a finite number"
        case .badGroup(let field, let entryLength, let count):
            "\(field): \(count) entries of \(entryLength) bytes do not fit the frame"
        case .badLength(let field, let length): "\(field): \(length) bytes do not fit the frame"
        case .trailingBytes(let count): "\(count) bytes follow the end of the message"
        }
    }
}
