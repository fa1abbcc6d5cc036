import Glibc

/// Small dense linear systems.
package enum LinearSystem {
    /// The solution of `matrix · x = right` for a symmetric positive definite matrix, by Cholesky's
    /// factorisation; nil where the matrix is not positive definite.
    package static func solve(symmetric matrix: [[Double]], _ right: [Double]) -> [Double]? {
        let n = right.count
        precondition(matrix.count == n, "a square system of \(n) equations")
        var lower = [[Double]](repeating: [Double](repeating: 0, count: n), count: n)
        for row in 0..<n {
            for column in 0...row {
                var sum = matrix[row][column]
                for k in 0..<column { sum -= lower[row][k] * lower[column][k] }
                if row == column {
                    guard sum > 0, sum.isFinite else { return nil }
                    lower[row][row] = sum.squareRoot()
                } else {
                    lower[row][column] = sum / lower[column][column]
                }
            }
        }
        var x = right
        for row in 0..<n {
            for k in 0..<row { x[row] -= lower[row][k] * x[k] }
            x[row] /= lower[row][row]
        }
        for row in (0..<n).reversed() {
            for k in row + 1..<max(n, row + 1) { x[row] -= lower[k][row] * x[k] }
            x[row] /= lower[row][row]
        }
        return x
    }
}
