/// Stoikov's micro-price (2018, Quant. Finance 18(12), eqs 3.6–3.10): the mid that is expected
/// after many moves, for each state of imbalance and spread.
package struct MicroPrice: Sendable, Hashable {
    /// What the first move is expected to be, in each state, in price units of `moves`.
    package let firstMove: [Double]
    /// The chance of each state after a move, from each state.
    package let transitions: [[Double]]
    /// What is to be added to the mid in each state.
    package let adjustments: [Double]
    /// How many terms the series took.
    package let terms: Int

    /// From estimates: `still` are transitions without a move, `moved` those that a move of each of
    /// `moves` ends, `after` the state after a move. Rows of `still` with `moved`, and with
    /// `after`, sum to one. Nil where a matrix is singular, sizes differ, or the series does not
    /// converge, as with data that are not symmetrised.
    package init?(
        still: [[Double]], moved: [[Double]], moves: [Double], after: [[Double]]
    ) {
        let states = still.count
        guard states > 0, moved.count == states, after.count == states,
            still.allSatisfy({ $0.count == states }), after.allSatisfy({ $0.count == states }),
            moved.allSatisfy({ $0.count == moves.count })
        else { return nil }
        let matrix = still.indices.map { row in
            still.indices.map { (row == $0 ? 1 : 0) - still[row][$0] }
        }
        let expected = moved.map { row in zip(row, moves).reduce(0) { $0 + $1.0 * $1.1 } }
        let right = still.indices.map { [expected[$0]] + after[$0] }
        guard let solved = MicroPrice.solve(matrix, right) else { return nil }
        firstMove = solved.map { $0[0] }
        let next = solved.map { Array($0.dropFirst()) }
        transitions = next
        var term = firstMove
        var sum = term
        var count = 1
        while count < 10_000, term.contains(where: { abs($0) >= 1e-12 }) {
            term = next.map { row in zip(row, term).reduce(0) { $0 + $1.0 * $1.1 } }
            for index in sum.indices { sum[index] += term[index] }
            count += 1
        }
        guard term.allSatisfy({ abs($0) < 1e-12 }) else { return nil }
        adjustments = sum
        terms = count
    }

    /// The mid weighted by the other side's size: what stands for a micro-price where none is
    /// estimated. Sizes are positive.
    package static func weightedMid(
        bid: Double, bidQuantity: Double, ask: Double, askQuantity: Double
    ) -> (imbalance: Double, mid: Double) {
        precondition(bidQuantity > 0 && askQuantity > 0, "both sides show something")
        let imbalance = bidQuantity / (bidQuantity + askQuantity)
        return (imbalance, imbalance * ask + (1 - imbalance) * bid)
    }

    /// Gauss's elimination with partial pivots; nil for a singular matrix.
    private static func solve(_ matrix: [[Double]], _ right: [[Double]]) -> [[Double]]? {
        var rows = zip(matrix, right).map { $0 + $1 }
        let size = matrix.count
        for column in 0..<size {
            guard
                let pivot = (column..<size).max(by: {
                    abs(rows[$0][column]) < abs(rows[$1][column])
                }), abs(rows[pivot][column]) > 1e-14
            else { return nil }
            rows.swapAt(column, pivot)
            for row in 0..<size where row != column {
                let factor = rows[row][column] / rows[column][column]
                guard factor != 0 else { continue }
                for index in column..<rows[row].count {
                    rows[row][index] -= factor * rows[column][index]
                }
            }
        }
        return (0..<size).map { row in rows[row].dropFirst(size).map { $0 / rows[row][row] } }
    }
}
