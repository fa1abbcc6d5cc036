package import Cryptography

/// A mask of a whole vector: the keystream of one seed, added or taken off.
package struct Mask: Sendable {
    package enum Sign: Sendable {
        case add
        case subtract

        package var opposite: Sign { self == .add ? .subtract : .add }
    }

    package let seed: SecretBytes
    package let sign: Sign

    package init(seed: SecretBytes, sign: Sign) {
        self.seed = seed
        self.sign = sign
    }
}

extension RingVector {
    /// Adds and takes off masks: block after block, in each all masks, so that the block of the
    /// vector and the buffer of the keystream stay in the nearest cache.
    package mutating func apply(_ masks: [Mask]) throws(CryptoError) {
        guard !masks.isEmpty, count > 0 else { return }
        var streams: [OpenMask] = []
        streams.reserveCapacity(masks.count)
        for mask in masks { streams.append(try OpenMask(mask)) }
        let ring = ring
        let buffer = UnsafeMutableRawBufferPointer.allocate(
            byteCount: maskBlockByteCount, alignment: 64)
        defer {
            _ = buffer.initializeMemory(as: UInt8.self, repeating: 0)
            buffer.deallocate()
        }
        withMutableBytes { target in
            for start in stride(from: 0, to: target.count, by: maskBlockByteCount) {
                let end = min(start + maskBlockByteCount, target.count)
                let block = UnsafeMutableRawBufferPointer(rebasing: target[start..<end])
                let keystream = UnsafeMutableRawBufferPointer(rebasing: buffer[..<block.count])
                for stream in streams {
                    stream.apply(to: block, through: keystream, ring: ring)
                }
            }
        }
    }
}

/// Bytes that are masked at a time.
private let maskBlockByteCount = 16_384

/// A mask with its place in the stream.
private final class OpenMask {
    private var stream: KeystreamAES256
    private let sign: Mask.Sign

    init(_ mask: Mask) throws(CryptoError) {
        stream = try KeystreamAES256(key: mask.seed)
        sign = mask.sign
    }

    func apply(
        to block: UnsafeMutableRawBufferPointer, through buffer: UnsafeMutableRawBufferPointer,
        ring: Ring
    ) {
        stream.fill(buffer)
        switch (ring, sign) {
        case (.bits32, .add):
            combine(block.assumingMemoryBound(to: UInt32.self), buffer) { $0 &+ $1 }
        case (.bits32, .subtract):
            combine(block.assumingMemoryBound(to: UInt32.self), buffer) { $0 &- $1 }
        case (.bits64, .add):
            combine(block.assumingMemoryBound(to: UInt64.self), buffer) { $0 &+ $1 }
        case (.bits64, .subtract):
            combine(block.assumingMemoryBound(to: UInt64.self), buffer) { $0 &- $1 }
        }
    }

    @inline(__always)
    private func combine<Word: FixedWidthInteger & BitwiseCopyable>(
        _ target: UnsafeMutableBufferPointer<Word>, _ buffer: UnsafeMutableRawBufferPointer,
        _ operation: (Word, Word) -> Word
    ) {
        let source = buffer.assumingMemoryBound(to: Word.self)
        guard let target = target.baseAddress, let words = source.baseAddress else { return }
        for index in 0..<source.count { target[index] = operation(target[index], words[index]) }
    }
}
