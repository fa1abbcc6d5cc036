import Cryptography
import Foundation
import Runtime

/// Many backtests of one configuration, each with other values under some of its keys: every
/// combination is a run.
package struct SweepPlan: Sendable {
    /// A key of the backtest's configuration, by its path, and the values that it takes.
    package struct Axis: Sendable, Equatable {
        /// Names and places in lists, joined by dots: `agent.parameters.edge-minimum`,
        /// `limits.3.value`.
        package let key: String
        package let values: [String]
    }

    /// A sweep of more runs than this is a mistake.
    package static let runsMax = 100_000

    package let file: String
    package let axes: [Axis]
    /// Names what is run: the backtest's configuration, the axes and the recording.
    package let hash: String
    private let backtest: String
    private let base: ConfigurationValue

    /// Reads a file. The backtest that it names is relative to it.
    package init(path: String) throws {
        let text = try TextFile.read(path)
        let root = try ConfigurationSection(
            ConfigurationValue(yaml: text, file: path), file: path, path: "")
        try root.allow("backtest", "vary")
        file = path
        let named = try root.text("backtest")
        backtest =
            named.hasPrefix("/")
            ? named
            : URL(filePath: path).deletingLastPathComponent().appending(path: named).path
        let backtestText = try TextFile.read(backtest)
        base = try ConfigurationValue(yaml: backtestText, file: backtest)
        axes = try SweepPlan.axes(root)
        let recording = try EventRecording(BacktestPlan(base, file: backtest).recording)
        let varied = axes.map { "\($0.key)=\($0.values.joined(separator: ","))" }
        let content = [backtestText, "\(recording.hash)"] + varied
        hash = SHA256.hash(Array(content.joined(separator: "\n").utf8)).description
        try check(root)
    }

    private static func axes(_ root: ConfigurationSection) throws(ConfigurationError) -> [Axis] {
        var axes: [Axis] = []
        for section in try root.sections("vary", isRequired: true) {
            try section.allow("key", "values")
            let key = try section.text("key")
            guard !axes.contains(where: { $0.key == key }) else {
                throw section.refusal("key", expected: "each key once")
            }
            let entry = section.entries.first { $0.key == "values" }
            guard case .list(let items, _) = entry?.value, !items.isEmpty else {
                throw section.refusal("values", expected: "a list of values")
            }
            var values: [String] = []
            for item in items {
                guard case .scalar(let scalar) = item, !values.contains(scalar.text) else {
                    throw section.refusal("values", expected: "single values, each once")
                }
                values.append(scalar.text)
            }
            axes.append(Axis(key: key, values: values))
        }
        return axes
    }

    /// Refuses a sweep before its first run: too many runs, a key that is not there, a value that
    /// the backtest does not take.
    private func check(_ root: ConfigurationSection) throws {
        var count = 1
        for axis in axes {
            let (product, overflow) = count.multipliedReportingOverflow(by: axis.values.count)
            guard !overflow, product <= SweepPlan.runsMax else {
                throw root.refusal("vary", expected: "at most \(SweepPlan.runsMax) runs in all")
            }
            count = product
        }
        for axis in axes {
            for value in axis.values {
                do {
                    _ = try BacktestPlan(
                        try SweepPlan.setting(axis.key, value, in: base), file: backtest)
                } catch {
                    throw ProcessFailure(
                        .usage, "\(file): vary: \(axis.key) = \(value): \(error)")
                }
            }
        }
    }

    /// How many runs there are.
    package var count: Int { axes.reduce(1) { $0 * $1.values.count } }

    /// The values of a run, by key; the last axis changes fastest.
    package func settings(of run: Int) -> [(key: String, value: String)] {
        var rest = run
        var settings: [(key: String, value: String)] = []
        for axis in axes.reversed() {
            settings.append((axis.key, axis.values[rest % axis.values.count]))
            rest /= axis.values.count
        }
        return settings.reversed()
    }

    /// The backtest of a run.
    package func plan(of run: Int) throws -> BacktestPlan {
        var value = base
        for (key, text) in settings(of: run) { value = try SweepPlan.setting(key, text, in: value) }
        return try BacktestPlan(value, file: backtest)
    }

    /// A tree with another value under a path. A last name that a section lacks is added; whether
    /// it is one that a backtest has is for its plan to say.
    private static func setting(
        _ key: String, _ text: String, in value: ConfigurationValue
    ) throws(ProcessFailure) -> ConfigurationValue {
        try setting(key.split(separator: ".").map(String.init)[...], text, in: value, key)
    }

    private static func setting(
        _ path: ArraySlice<String>, _ text: String, in value: ConfigurationValue, _ key: String
    ) throws(ProcessFailure) -> ConfigurationValue {
        guard let name = path.first else {
            guard case .scalar = value else {
                throw ProcessFailure(.usage, "\(key) is \(value.summary), not a single value")
            }
            return .scalar(ConfigurationScalar(text: text, line: value.line, isPlain: true))
        }
        let rest = path.dropFirst()
        switch value {
        case .section(var entries, let line):
            if let index = entries.firstIndex(where: { $0.key == name }) {
                let old = entries[index]
                entries[index] = ConfigurationEntry(
                    key: name, line: old.line, value: try setting(rest, text, in: old.value, key))
            } else {
                guard rest.isEmpty else { throw ProcessFailure(.usage, "\(key): no `\(name)`") }
                let new = ConfigurationScalar(text: text, line: line, isPlain: true)
                entries.append(ConfigurationEntry(key: name, line: line, value: .scalar(new)))
            }
            return .section(entries, line: line)
        case .list(var items, let line):
            guard let index = Int(name), items.indices.contains(index) else {
                throw ProcessFailure(
                    .usage, "\(key): `\(name)` is no place in a list of \(items.count)")
            }
            items[index] = try setting(rest, text, in: items[index], key)
            return .list(items, line: line)
        case .scalar:
            throw ProcessFailure(.usage, "\(key): there is nothing under \(value.summary)")
        }
    }
}
