import Foundation
import TestSupport
import Testing

/// The cases of one file of algorithm vectors, untyped: each has inputs of its own.
struct AlgorithmVectors {
    struct Case {
        let name: String
        let input: [String: Any]
        let expected: [String: Any]
    }

    let tolerance: Double
    let cases: [Case]

    /// Nil when the vectors come from a folder that has no such file: the test is skipped.
    init?(_ id: String) throws {
        guard let data = try VectorFile.data("algorithms", id) else { return nil }
        let object = try JSONSerialization.jsonObject(with: data)
        let root = try #require(object as? [String: Any])
        tolerance = try #require((root["tolerance_abs"] as? NSNumber)?.doubleValue)
        let list = try #require(root["cases"] as? [[String: Any]])
        cases = try list.map {
            Case(
                name: try #require($0["name"] as? String),
                input: try #require($0["input"] as? [String: Any]),
                expected: try #require($0["expected"] as? [String: Any]))
        }
        try #require(!cases.isEmpty)
    }
}

extension [String: Any] {
    func number(_ key: String) throws -> Double {
        try #require((self[key] as? NSNumber)?.doubleValue, "no number \(key)")
    }
    func numbers(_ key: String) throws -> [Double] {
        try #require((self[key] as? [NSNumber])?.map(\.doubleValue), "no numbers \(key)")
    }
    func rows(_ key: String) throws -> [[Double]] {
        let rows = try #require(self[key] as? [[NSNumber]], "no rows \(key)")
        return rows.map { $0.map(\.doubleValue) }
    }
    func objects(_ key: String) throws -> [[String: Any]] {
        try #require(self[key] as? [[String: Any]], "no objects \(key)")
    }
}

/// Whether two lists agree element by element within a tolerance.
func expectClose(
    _ actual: [Double], _ expected: [Double], within tolerance: Double, _ name: String
) {
    #expect(actual.count == expected.count, "\(name): \(actual) against \(expected)")
    for (left, right) in zip(actual, expected) {
        #expect(abs(left - right) <= tolerance, "\(name): \(left) against \(right)")
    }
}
