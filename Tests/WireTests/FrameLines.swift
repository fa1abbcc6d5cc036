import Trading
import Wire

/// Lists the fields of decoded messages as `path = value`, in the form of the golden text files.
struct FrameLines {
    private(set) var all: [String] = []

    mutating func add(_ message: some WireMessage) { addFields(of: message, prefix: "") }

    mutating func add(_ group: String, _ entries: [some Equatable]) {
        for (index, entry) in entries.enumerated() {
            addFields(of: entry, prefix: "\(group)[\(index)].")
        }
    }

    mutating func add(_ name: String, _ data: [UInt8]) {
        all.append("\(name) = \(hexadecimal(data))")
    }

    private mutating func addFields(of value: Any, prefix: String) {
        for child in Mirror(reflecting: value).children {
            let path = prefix + (child.label ?? "?")
            if child.value is Envelope {
                addFields(of: child.value, prefix: path + ".")
            } else {
                all.append("\(path) = \(text(of: child.value))")
            }
        }
    }

    private func text(of value: Any) -> String {
        switch value {
        case let value as any WireEnumeration: value.wireName
        case let value as any FixedPoint: String(value.units)
        case let value as Timestamp: String(value.nanoseconds)
        case let value as Span: String(value.nanoseconds)
        default: String(describing: value)
        }
    }
}
