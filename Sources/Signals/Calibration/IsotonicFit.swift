/// The rising function nearest to outcomes by least squares: pooled adjacent violators (Ayer and
/// others 1955), straight between thresholds and flat beyond them.
package struct IsotonicFit: Sendable, Equatable, Codable {
    package let thresholds: [Double]
    package let values: [Double]

    package init(_ x: [Double], _ y: [Double]) {
        precondition(x.count == y.count && !x.isEmpty, "a value for every point")
        let order = x.indices.sorted { x[$0] == x[$1] ? $0 < $1 : x[$0] < x[$1] }
        // Points at one place are averaged first.
        var points: [(x: Double, sum: Double, weight: Double)] = []
        for index in order {
            if let last = points.last, last.x == x[index] {
                points[points.count - 1].sum += y[index]
                points[points.count - 1].weight += 1
            } else {
                points.append((x[index], y[index], 1))
            }
        }
        var blocks: [(first: Int, last: Int, sum: Double, weight: Double)] = []
        for (index, point) in points.enumerated() {
            blocks.append((index, index, point.sum, point.weight))
            while blocks.count > 1 {
                let (before, last) = (blocks[blocks.count - 2], blocks[blocks.count - 1])
                guard before.sum / before.weight >= last.sum / last.weight else { break }
                blocks.removeLast()
                blocks[blocks.count - 1] = (
                    before.first, last.last, before.sum + last.sum, before.weight + last.weight
                )
            }
        }
        var thresholds: [Double] = []
        var values: [Double] = []
        for block in blocks {
            let value = block.sum / block.weight
            for place in block.first == block.last ? [block.first] : [block.first, block.last] {
                thresholds.append(points[place].x)
                values.append(value)
            }
        }
        self.thresholds = thresholds
        self.values = values
    }

    package func callAsFunction(_ x: Double) -> Double {
        guard x > thresholds[0] else { return values[0] }
        guard x < thresholds[thresholds.count - 1] else { return values[values.count - 1] }
        var (low, high) = (0, thresholds.count - 1)
        while high - low > 1 {
            let middle = (low + high) / 2
            if thresholds[middle] <= x { low = middle } else { high = middle }
        }
        let share = (x - thresholds[low]) / (thresholds[high] - thresholds[low])
        return values[low] + share * (values[high] - values[low])
    }
}
