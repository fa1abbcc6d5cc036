package import Trading

/// What a decision was made from: named numbers in a fixed order.
///
/// The same inputs give the same bytes online and in replay, so that their hash proves that nothing
/// differed. The hash itself is computed by the shell.
package struct FeatureVector: Sendable, Equatable {
    /// One named number.
    package struct Feature: Sendable, Equatable {
        package let label: LongName
        package let value: Double
    }

    package private(set) var features: [Feature] = []

    package static let countMax = 64

    package init() { features.reserveCapacity(32) }

    /// Adds one feature. Its label is ours, so a wrong or a repeated one is a mistake of ours.
    package mutating func add(_ label: StaticString, _ value: Double) {
        guard let name = LongName(label.description) else {
            preconditionFailure("a feature has a bad label: \(label)")
        }
        add(copying: name, value)
    }

    /// Adds one feature as it was read from somewhere. What is not finite is written as zero.
    package mutating func add(copying name: LongName, _ value: Double) {
        precondition(!features.contains { $0.label == name }, "the feature \(name) is there")
        precondition(features.count < FeatureVector.countMax, "too many features")
        features.append(Feature(label: name, value: value.isFinite ? value : 0))
    }

    /// The value of a feature, or nil.
    package subscript(label: String) -> Double? {
        guard let name = LongName(label) else { return nil }
        return features.first { $0.label == name }?.value
    }

    /// What is hashed: for each feature its label in 32 bytes, zero-filled, and the eight bytes of
    /// the value, little-endian, with the two zeros written as one.
    package var canonicalBytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(features.count * 40)
        for feature in features {
            let words = [
                feature.label.first, feature.label.second, feature.label.third,
                feature.label.fourth,
            ]
            for word in words { append(word.byteSwapped, to: &bytes) }
            let value = feature.value == 0 ? 0 : feature.value
            append(value.bitPattern, to: &bytes)
        }
        return bytes
    }

    private func append(_ word: UInt64, to bytes: inout [UInt8]) {
        for shift in stride(from: UInt64(0), to: 64, by: 8) {
            bytes.append(UInt8(truncatingIfNeeded: word >> shift))
        }
    }
}
