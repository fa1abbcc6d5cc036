import Glibc

/// Minima of functions of several variables, without randomness: the same start gives the same
/// bits.
package enum Minimiser {
    /// What a search ended with.
    package struct Result: Sendable, Equatable {
        package let point: [Double]
        package let value: Double
        package let steps: Int
    }

    /// Broyden, Fletcher, Goldfarb and Shanno's method with a backtracking line search, for smooth
    /// functions that come with their gradient. It ends where the gradient is below `tolerance`,
    /// where no step helps any more, or after `stepsMax`.
    package static func bfgs(
        from start: [Double], tolerance: Double = 1e-10, stepsMax: Int = 300,
        _ function: ([Double]) -> (value: Double, gradient: [Double])
    ) -> Result {
        let n = start.count
        var point = start
        var (value, gradient) = function(start)
        precondition(value.isFinite, "a search starts where the function is finite")
        var inverse = identity(n)
        var steps = 0
        while steps < stepsMax, largest(gradient) > tolerance {
            steps += 1
            var direction = (0..<n).map { -dot(inverse[$0], gradient) }
            if dot(direction, gradient) >= 0 {
                inverse = identity(n)
                direction = gradient.map { -$0 }
            }
            guard let next = search(point, value, gradient, direction, function) else {
                if inverse == identity(n) { break }
                inverse = identity(n)
                continue
            }
            update(&inverse, zip(next.point, point).map(-), zip(next.gradient, gradient).map(-))
            let isStuck = next.value >= value && next.point == point
            (point, value, gradient) = next
            if isStuck { break }
        }
        return Result(point: point, value: value, steps: steps)
    }

    /// Nelder and Mead's simplex with the usual coefficients, for functions without a gradient.
    package static func simplex(
        from start: [Double], scale: [Double], tolerance: Double = 1e-9, stepsMax: Int = 2_000,
        _ function: ([Double]) -> Double
    ) -> Result {
        precondition(start.count == scale.count, "a scale for every variable")
        let n = start.count
        var corners = [(point: start, value: function(start))]
        for index in 0..<n {
            var point = start
            point[index] += scale[index]
            corners.append((point, function(point)))
        }
        var steps = 0
        while steps < stepsMax {
            steps += 1
            // Swift's sort is stable, so equal values keep their order.
            corners.sort { $0.value < $1.value }
            if corners[n].value - corners[0].value <= tolerance
                * (abs(corners[0].value) + tolerance)
            {
                break
            }
            let center = (0..<n).map { axis in
                corners[..<n].reduce(0) { $0 + $1.point[axis] } / Double(n)
            }
            let worst = corners[n]
            func along(_ factor: Double) -> (point: [Double], value: Double) {
                let point = (0..<n).map { center[$0] + factor * (worst.point[$0] - center[$0]) }
                return (point, function(point))
            }
            let reflected = along(-1)
            if reflected.value < corners[0].value {
                let expanded = along(-2)
                corners[n] = expanded.value < reflected.value ? expanded : reflected
            } else if reflected.value < corners[n - 1].value {
                corners[n] = reflected
            } else {
                let contracted = along(reflected.value < worst.value ? -0.5 : 0.5)
                if contracted.value < min(worst.value, reflected.value) {
                    corners[n] = contracted
                } else {
                    shrink(&corners, function)
                }
            }
        }
        corners.sort { $0.value < $1.value }
        return Result(point: corners[0].point, value: corners[0].value, steps: steps)
    }

    private static func shrink(
        _ corners: inout [(point: [Double], value: Double)], _ function: ([Double]) -> Double
    ) {
        let best = corners[0].point
        for index in corners.indices.dropFirst() {
            let point = zip(best, corners[index].point).map { $0 + 0.5 * ($1 - $0) }
            corners[index] = (point, function(point))
        }
    }

    /// A step that lowers the function by a share of what its slope promises (Armijo).
    private static func search(
        _ point: [Double], _ value: Double, _ gradient: [Double], _ direction: [Double],
        _ function: ([Double]) -> (value: Double, gradient: [Double])
    ) -> (point: [Double], value: Double, gradient: [Double])? {
        let slope = dot(gradient, direction)
        var length = 1.0
        for _ in 0..<60 {
            let next = zip(point, direction).map { $0 + length * $1 }
            let (nextValue, nextGradient) = function(next)
            if nextValue.isFinite, nextValue <= value + 1e-4 * length * slope {
                return (next, nextValue, nextGradient)
            }
            length *= 0.5
        }
        return nil
    }

    /// The update of the inverse Hessian; skipped where the curvature is not positive.
    private static func update(
        _ inverse: inout [[Double]], _ step: [Double], _ change: [Double]
    ) {
        let curvature = dot(step, change)
        guard curvature > 1e-14 * (dot(change, change)).squareRoot() * dot(step, step).squareRoot()
        else { return }
        let image = inverse.map { dot($0, change) }
        let factor = (1 + dot(change, image) / curvature) / curvature
        for row in step.indices {
            for column in step.indices {
                inverse[row][column] +=
                    factor * step[row] * step[column]
                    - (image[row] * step[column] + step[row] * image[column]) / curvature
            }
        }
    }

    private static func identity(_ n: Int) -> [[Double]] {
        (0..<n).map { row in (0..<n).map { $0 == row ? 1 : 0 } }
    }

    private static func dot(_ left: [Double], _ right: [Double]) -> Double {
        zip(left, right).reduce(0) { $0 + $1.0 * $1.1 }
    }

    private static func largest(_ values: [Double]) -> Double {
        values.reduce(0) { max($0, abs($1)) }
    }
}
