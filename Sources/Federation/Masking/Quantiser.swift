package import Cryptography

/// Why a peer's own update cannot enter a round.
package enum UpdateError: Error, Equatable, CustomStringConvertible {
    case wrongCount(expected: Int, found: Int)
    case notFinite(index: Int)
    case badWeight(Double)

    package var description: String {
        switch self {
        case .wrongCount(let expected, let found):
            "expected \(expected) parameters, found \(found)"
        case .notFinite(let index): "parameter \(index) is no finite number"
        case .badWeight(let weight): "the weight \(weight) is not above 0 and at most 1"
        }
    }
}

/// Turns an update into ring elements and sums of them back into numbers.
///
/// Coordinate 0 is the weight, 1 the constant 1, 2 the checksum, then the parameters. A parameter
/// is divided by its window, the whole is clipped to an L2 norm, multiplied by the weight, and
/// rounded to `bits` in two's complement.
package struct Quantiser: Sendable, Equatable {
    /// Coordinates before the first parameter.
    package static let sentinelCount = 3

    package let ring: Ring
    /// Bits of a quantised value, its sign included.
    package let bits: Int
    /// The most that a parameter's delta may be, each above zero.
    package let windows: [Double]
    /// The largest L2 norm of the deltas divided by their windows.
    package let clip: Double

    package init(ring: Ring, bits: Int, windows: [Double], clip: Double) {
        precondition((2...53).contains(bits) && bits < ring.bits, "\(bits) bits in \(ring)")
        precondition(clip > 0 && clip.isFinite, "clip \(clip)")
        precondition(windows.allSatisfy { $0 > 0 && $0.isFinite }, "a window is not positive")
        self.ring = ring
        self.bits = bits
        self.windows = windows
        self.clip = clip
    }

    /// The largest quantised value, and what 1 becomes.
    package var scale: Double { Double(Int64(1) << Int64(bits - 1) - 1) }

    /// Elements of a vector: the parameters and the sentinels.
    package var count: Int { windows.count + Quantiser.sentinelCount }

    /// Whether the sum over `peers` values of so many bits, with noise of the deviation `noise`,
    /// cannot leave the ring: n 2^(bits-1) + 6 sigma sqrt(n) < 2^(ring-1).
    package static func fits(peers: Int, bits: Int, ring: Ring, noise: Double = 0) -> Bool {
        guard peers > 0, bits > 1, bits < ring.bits, noise >= 0, noise.isFinite else {
            return false
        }
        let sum = Int128(peers) << Int128(bits - 1)
        let spread = (6 * noise * Double(peers).squareRoot()).rounded(.up)
        guard spread < 0x1p100 else { return false }
        return sum + Int128(spread) < Int128(1) << Int128(ring.bits - 1)
    }

    /// Values between -1 and 1, rounded to the nearest: what the vectors of the protocol use.
    package func nearest(_ values: [Double]) -> [Int64] {
        values.map { Int64((max(-1, min(1, $0)) * scale).rounded(.toNearestOrEven)) }
    }

    /// The vector of an update, rounded at random so that the expectation is exact. `stream` is
    /// secret and serves once; `checksum` are the round's odd factors.
    package func vector(
        of deltas: [Double], weight: Double, rounding stream: SecretBytes,
        checksum: ChecksumFactors
    ) throws -> RingVector {
        guard deltas.count == windows.count else {
            throw UpdateError.wrongCount(expected: windows.count, found: deltas.count)
        }
        guard weight > 0, weight <= 1 else { throw UpdateError.badWeight(weight) }
        if let index = deltas.firstIndex(where: { !$0.isFinite }) {
            throw UpdateError.notFinite(index: index)
        }
        var scaled = zip(deltas, windows).map { max(-1, min(1, $0 / $1)) }
        let norm = scaled.reduce(0) { $0 + $1 * $1 }.squareRoot()
        let factor = norm > clip ? clip / norm : 1
        for index in scaled.indices { scaled[index] *= factor * weight }
        var vector = RingVector(zeros: count, ring: ring)
        vector[0] = UInt64(bitPattern: Int64((weight * scale).rounded(.toNearestOrEven)))
        vector[1] = 1
        var keystream = try KeystreamAES256(key: stream)
        let draws = keystream.bytes(4 * scaled.count)
        draws.withUnsafeBytes { draws in
            for index in scaled.indices {
                let draw = draws.loadUnaligned(fromByteOffset: 4 * index, as: UInt32.self)
                let exact = scaled[index] * scale
                let floor = exact.rounded(.down)
                let isUp = Double(UInt32(littleEndian: draw)) * 0x1p-32 < exact - floor
                vector[index + Quantiser.sentinelCount] = UInt64(
                    bitPattern: Int64(floor) + (isUp ? 1 : 0))
            }
        }
        vector[2] = checksum.sum(of: vector)
        return vector
    }
}

/// The public odd factors of a round's checksum. It is linear, so the sum of the peers' checksums
/// is the checksum of the sum, and an odd factor lets no change of one element pass.
package struct ChecksumFactors: Sendable {
    private let seed: [UInt8]

    /// The factors of one round: the keystream of a public key.
    package init(roundKey: [UInt8]) { seed = roundKey }

    /// The checksum of all elements but the one that holds it.
    package func sum(of vector: RingVector) -> UInt64 {
        var stream: KeystreamAES256
        do throws(CryptoError) {
            stream = try KeystreamAES256(key: SecretBytes(seed))
        } catch {
            preconditionFailure("the checksum's key: \(error)")
        }
        var sum: UInt64 = 0
        let blockCount = 2_048
        var factors = [UInt64](repeating: 0, count: blockCount)
        for start in stride(from: 0, to: vector.count, by: blockCount) {
            factors.withUnsafeMutableBytes { stream.fill($0) }
            for index in start..<min(start + blockCount, vector.count) where index != 2 {
                sum &+= vector[index] &* (factors[index - start] | 1)
            }
        }
        return vector.ring == .bits32 ? UInt64(UInt32(truncatingIfNeeded: sum)) : sum
    }
}
