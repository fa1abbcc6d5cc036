package import Federation
import Foundation
package import Runtime
package import Trading

/// An update that lies ready: what a cluster has learned, as the values that it would like the
/// parameters to have. What enters a sum is the difference from the model of the moment.
package struct OfferedUpdate: Sendable, Equatable {
    package let number: UInt64
    package let targets: [Double]
    package let weight: Double

    package init(number: UInt64, targets: [Double], weight: Double) {
        self.number = number
        self.targets = targets
        self.weight = weight
    }

    package func update(from model: ModelState) -> LocalUpdate {
        LocalUpdate(
            number: number,
            deltas: zip(targets, model.parameters).map { $0 - $1 }, weight: weight,
            followsModel: true)
    }
}

/// The folder in which learned parameters wait for a round. A file is named by its number; the
/// newest counts, and what a sum may have used is deleted.
package struct UpdateBox: Sendable {
    private let folder: String
    private let names: [String]
    private static let suffix = ".update"

    package init(folder: String, parameters: [SetParameter]) {
        self.folder = folder
        names = parameters.map(\.name)
    }

    /// Puts an update in. Its number is above every other's.
    package func put(
        targets: [Double], weight: Double, now: Timestamp
    ) throws(ProcessFailure) -> UInt64 {
        let number = max(UInt64(max(0, now.nanoseconds)), (numbers.last ?? 0) + 1)
        var lines = ["weight: \(weight)", "parameters:"]
        for (name, target) in zip(names, targets) { lines.append("  \(name): \(target)") }
        try BinaryFile.write(lines.joined(separator: "\n") + "\n", to: path(number))
        return number
    }

    /// The newest update above `spent`; what is not above it goes.
    package func newest(above spent: UInt64) throws(ProcessFailure) -> OfferedUpdate? {
        for number in numbers where number <= spent { unlink(path(number)) }
        guard let number = numbers.last else { return nil }
        let (targets, weight) = try UpdateBox.read(path(number), names: names)
        return OfferedUpdate(number: number, targets: targets, weight: weight)
    }

    /// Whether anything waits that is above `spent`.
    package func latestNumber(above spent: UInt64) -> UInt64? {
        numbers.last.flatMap { $0 > spent ? $0 : nil }
    }

    /// Reads `weight` and `parameters`, each by its name.
    package static func read(
        _ path: String, names: [String], weight given: Double? = nil
    ) throws(ProcessFailure) -> (targets: [Double], weight: Double) {
        let text = try TextFile.read(path)
        do throws(ConfigurationError) {
            let root = try ConfigurationSection(
                ConfigurationValue(yaml: text, file: path), file: path, path: "")
            try root.allow("weight", "parameters")
            let finite = -Double.greatestFiniteMagnitude...Double.greatestFiniteMagnitude
            let section = try root.section("parameters")
            for entry in section.entries where !names.contains(entry.key) {
                throw section.refusal(
                    entry.key, expected: "a parameter of the set: \(names.joined(separator: ", "))")
            }
            var targets: [Double] = []
            for name in names { targets.append(try section.real(name, in: finite)) }
            let weight = try root.real(
                "weight", in: Double.leastNormalMagnitude...1, default: given)
            return (targets, weight)
        } catch {
            throw ProcessFailure(.usage, error.description)
        }
    }

    private func path(_ number: UInt64) -> String { "\(folder)/\(number)\(UpdateBox.suffix)" }

    private var numbers: [UInt64] {
        FileSystem.names(in: folder).compactMap { name in
            name.hasSuffix(UpdateBox.suffix)
                ? UInt64(name.dropLast(UpdateBox.suffix.count)) : nil
        }.sorted()
    }
}
