import Testing

/// A message as the schema describes it, apart from the generated codecs.
struct MessageLayout: Sendable, CustomTestStringConvertible {
    let name: String
    let template: UInt16
    let blockLength: Int
    let fields: [FieldLayout]
    let groups: [GroupLayout]
    let data: [String]

    init(
        _ name: String, template: UInt16, blockLength: Int, fields: [FieldLayout],
        groups: [GroupLayout], data: [String]
    ) {
        self.name = name
        self.template = template
        self.blockLength = blockLength
        self.fields = fields
        self.groups = groups
        self.data = data
    }

    var testDescription: String { name }
}

/// A repeating group; offsets of its fields count from the entry's start.
struct GroupLayout: Sendable {
    let name: String
    let entryLength: Int
    let fields: [FieldLayout]

    init(_ name: String, entryLength: Int, fields: [FieldLayout]) {
        self.name = name
        self.entryLength = entryLength
        self.fields = fields
    }
}

/// A field; in a root block its offset counts from the frame's start.
struct FieldLayout: Sendable {
    let name: String
    let offset: Int
    let form: FieldForm

    init(_ name: String, at offset: Int, _ form: FieldForm) {
        self.name = name
        self.offset = offset
        self.form = form
    }
}

/// How a field is written; the number is how many bytes it takes.
enum FieldForm: Sendable {
    case name(Int)
    case bytes(Int)
    case unsigned(Int)
    case signed(Int)
    case real
    case enumeration(Int, [EnumerationValue])

    var size: Int {
        switch self {
        case .name(let size), .bytes(let size), .unsigned(let size), .signed(let size): size
        case .enumeration(let size, _): size
        case .real: 8
        }
    }
}

/// A value of an enumeration of the schema.
struct EnumerationValue: Sendable, Equatable {
    let number: UInt64
    let name: String

    init(_ number: UInt64, _ name: String) {
        self.number = number
        self.name = name
    }
}

let messageLayouts =
    sessionLayouts + agentLayouts + gatewayLayouts + marketLayouts + controlLayouts
    + journalLayouts + federationLayouts

/// The layout of a message; tests name messages that exist.
func layout(_ name: String) throws -> MessageLayout {
    try #require(messageLayouts.first { $0.name == name })
}
