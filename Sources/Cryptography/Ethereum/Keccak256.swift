/// Keccak-256 as Ethereum uses it: the padding of the competition's Keccak, not that of SHA-3,
/// which is why OpenSSL's SHA3-256 gives other digests.
package enum Keccak256 {
    package static func hash(_ bytes: [UInt8]) -> Word256 {
        var state = State()
        var start = 0
        while bytes.count - start >= rate {
            bytes.withUnsafeBytes { state.absorb($0[start..<start + rate]) }
            start += rate
        }
        var last = [UInt8](bytes[start...])
        last.append(1)
        last.append(contentsOf: repeatElement(0, count: rate - last.count))
        last[rate - 1] |= 0x80
        last.withUnsafeBytes { state.absorb($0[...]) }
        return state.digest
    }

    package static func hash(_ text: String) -> Word256 { hash(Array(text.utf8)) }

    /// Bytes that one permutation takes in.
    private static let rate = 136

    /// The sponge: 25 lanes of 64 bits, lane `x + 5 * y`.
    private struct State {
        private var lanes = [25 of UInt64](repeating: 0)

        mutating func absorb(_ block: Slice<UnsafeRawBufferPointer>) {
            for lane in 0..<rate / 8 {
                let word = block.base.loadUnaligned(
                    fromByteOffset: block.startIndex + lane * 8, as: UInt64.self)
                lanes[lane] ^= UInt64(littleEndian: word)
            }
            permute()
        }

        var digest: Word256 {
            var bytes: [UInt8] = []
            bytes.reserveCapacity(Word256.byteCount)
            for lane in 0..<4 {
                withUnsafeBytes(of: lanes[lane].littleEndian) { bytes.append(contentsOf: $0) }
            }
            return Word256(padding: bytes)
        }

        /// Keccak-f[1600] (FIPS 202, 3.3).
        private mutating func permute() {
            for constant in roundConstants {
                theta()
                rhoAndPi()
                chi()
                lanes[0] ^= constant
            }
        }

        private mutating func theta() {
            let first = column(0)
            let second = column(1)
            let third = column(2)
            let fourth = column(3)
            let fifth = column(4)
            mix(0, fifth ^ rotated(second, by: 1))
            mix(1, first ^ rotated(third, by: 1))
            mix(2, second ^ rotated(fourth, by: 1))
            mix(3, third ^ rotated(fifth, by: 1))
            mix(4, fourth ^ rotated(first, by: 1))
        }

        private func column(_ x: Int) -> UInt64 {
            lanes[x] ^ lanes[x + 5] ^ lanes[x + 10] ^ lanes[x + 15] ^ lanes[x + 20]
        }

        private mutating func mix(_ x: Int, _ value: UInt64) {
            lanes[x] ^= value
            lanes[x + 5] ^= value
            lanes[x + 10] ^= value
            lanes[x + 15] ^= value
            lanes[x + 20] ^= value
        }

        private mutating func rhoAndPi() {
            var moving = lanes[1]
            for step in 0..<24 {
                let target = Int(piLanes[step])
                let next = lanes[target]
                lanes[target] = rotated(moving, by: UInt64(rhoShifts[step]))
                moving = next
            }
        }

        private mutating func chi() {
            for row in stride(from: 0, to: 25, by: 5) {
                let first = lanes[row]
                let second = lanes[row + 1]
                for x in 0..<3 {
                    lanes[row + x] ^= ~lanes[row + x + 1] & lanes[row + x + 2]
                }
                lanes[row + 3] ^= ~lanes[row + 4] & first
                lanes[row + 4] ^= ~first & second
            }
        }
    }

    private static func rotated(_ lane: UInt64, by shift: UInt64) -> UInt64 {
        lane &<< shift | lane &>> (64 &- shift)
    }

    private static let roundConstants: [UInt64] = [
        0x0000_0000_0000_0001, 0x0000_0000_0000_8082, 0x8000_0000_0000_808A,
        0x8000_0000_8000_8000, 0x0000_0000_0000_808B, 0x0000_0000_8000_0001,
        0x8000_0000_8000_8081, 0x8000_0000_0000_8009, 0x0000_0000_0000_008A,
        0x0000_0000_0000_0088, 0x0000_0000_8000_8009, 0x0000_0000_8000_000A,
        0x0000_0000_8000_808B, 0x8000_0000_0000_008B, 0x8000_0000_0000_8089,
        0x8000_0000_0000_8003, 0x8000_0000_0000_8002, 0x8000_0000_0000_0080,
        0x0000_0000_0000_800A, 0x8000_0000_8000_000A, 0x8000_0000_8000_8081,
        0x8000_0000_0000_8080, 0x0000_0000_8000_0001, 0x8000_0000_8000_8008,
    ]
    /// How far each lane turns on its way, in the order of `piLanes`.
    private static let rhoShifts: [UInt8] = [
        1, 3, 6, 10, 15, 21, 28, 36, 45, 55, 2, 14, 27, 41, 56, 8, 25, 43, 62, 18, 39, 61, 20, 44,
    ]
    private static let piLanes: [UInt8] = [
        10, 7, 11, 17, 18, 3, 5, 16, 8, 21, 24, 4, 15, 23, 19, 13, 12, 2, 20, 14, 22, 9, 6, 1,
    ]
}
