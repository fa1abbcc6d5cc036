/// Shares of risk by hierarchical risk parity (López de Prado 2016): what moves together shares
/// one share, and what varies less gets more. Needs no expected returns and inverts no matrix.
package enum HierarchicalRiskParity {
    /// How far two series are from each other.
    package enum Distance: Sendable {
        /// √((1 − ρ)/2).
        case correlation
        /// The Euclidean distance between the columns of those distances, as in the paper.
        case columns
    }

    /// One share for each series; they are not negative and sum to one.
    ///
    /// - Parameters:
    ///   - covariance: n × n, symmetric, with variances above zero.
    ///   - correlation: n × n, with ones on the diagonal.
    package static func weights(
        covariance: [[Double]], correlation: [[Double]], distance: Distance = .correlation
    ) -> [Double] {
        precondition(!covariance.isEmpty, "there is nothing to share between")
        precondition(covariance.indices.allSatisfy { covariance[$0][$0] > 0 }, "no variance")
        var weights = [Double](repeating: 1, count: covariance.count)
        var clusters = [order(correlation, distance)]
        while !clusters.isEmpty {
            var next: [[Int]] = []
            for cluster in clusters where cluster.count > 1 {
                let first = Array(cluster[..<(cluster.count / 2)])
                let second = Array(cluster[(cluster.count / 2)...])
                let (a, b) = (variance(of: first, covariance), variance(of: second, covariance))
                for index in first { weights[index] *= b / (a + b) }
                for index in second { weights[index] *= a / (a + b) }
                next += [first, second]
            }
            clusters = next
        }
        return weights
    }

    /// The leaves of the tree of single linkage, left to right; of two branches the one that was
    /// made first is the left one.
    package static func order(_ correlation: [[Double]], _ distance: Distance) -> [Int] {
        let distances = distances(correlation, distance)
        var branches = distances.indices.map { (id: $0, leaves: [$0]) }
        var made = branches.count
        while branches.count > 1 {
            var best = (distance: Double.infinity, left: 0, right: 1)
            for left in branches.indices {
                for right in branches.indices where right > left {
                    let gap = linkage(branches[left].leaves, branches[right].leaves, distances)
                    if gap < best.distance { best = (gap, left, right) }
                }
            }
            let right = branches.remove(at: best.right)
            let left = branches.remove(at: best.left)
            let (first, second) = left.id < right.id ? (left, right) : (right, left)
            branches.append((id: made, leaves: first.leaves + second.leaves))
            made += 1
        }
        return branches.first?.leaves ?? []
    }

    private static func linkage(
        _ first: [Int], _ second: [Int], _ distances: [[Double]]
    ) -> Double {
        first.reduce(.infinity) { least, row in
            second.reduce(least) { min($0, distances[row][$1]) }
        }
    }

    private static func distances(_ correlation: [[Double]], _ kind: Distance) -> [[Double]] {
        let plain = correlation.map { row in row.map { (max(0, 1 - $0) / 2).squareRoot() } }
        guard kind == .columns else { return plain }
        return plain.indices.map { first in
            plain.indices.map { second in
                plain.reduce(0) { sum, row in
                    sum + (row[first] - row[second]) * (row[first] - row[second])
                }.squareRoot()
            }
        }
    }

    /// The variance of a cluster whose members are weighted by the inverse of theirs.
    private static func variance(of cluster: [Int], _ covariance: [[Double]]) -> Double {
        let inverse = cluster.map { 1 / covariance[$0][$0] }
        let sum = inverse.reduce(0, +)
        var variance = 0.0
        for (i, row) in cluster.enumerated() {
            for (j, column) in cluster.enumerated() {
                variance += inverse[i] / sum * inverse[j] / sum * covariance[row][column]
            }
        }
        return variance
    }
}
