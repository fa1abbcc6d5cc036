package import Cryptography

/// One share of a secret of 32 bytes: a point of each of five polynomials over the field. Whoever
/// has fewer than the threshold knows nothing of the secret.
package struct SecretShare: Sendable, Equatable {
    package static let limbCount = 5
    /// u16 x, then five u64, little-endian.
    package static let byteCount = 42

    /// Where the polynomials were read: the holder's slot, from 1.
    package let x: UInt16
    package let y: [FieldElement]

    package init(x: UInt16, y: [FieldElement]) {
        precondition(x > 0 && y.count == SecretShare.limbCount, "a share at \(x) of \(y.count)")
        self.x = x
        self.y = y
    }

    /// Nil where the bytes are no share: another length, x of zero, a limb beyond the field.
    package init?(bytes: UnsafeRawBufferPointer) {
        guard bytes.count == SecretShare.byteCount else { return nil }
        let x = UInt16(littleEndian: bytes.loadUnaligned(as: UInt16.self))
        guard x > 0 else { return nil }
        var limbs: [FieldElement] = []
        limbs.reserveCapacity(SecretShare.limbCount)
        for limb in 0..<SecretShare.limbCount {
            let word = bytes.loadUnaligned(fromByteOffset: 2 + 8 * limb, as: UInt64.self)
            guard let element = FieldElement(UInt64(littleEndian: word)) else { return nil }
            limbs.append(element)
        }
        self.init(x: x, y: limbs)
    }

    package init?(bytes: [UInt8]) {
        let share = bytes.withUnsafeBytes { SecretShare(bytes: $0) }
        guard let share else { return nil }
        self = share
    }

    package var bytes: [UInt8] {
        var bytes = ByteWriter(capacity: SecretShare.byteCount)
        bytes.append(x)
        for element in y { bytes.append(element.value) }
        return bytes.bytes
    }
}

/// Shamir's scheme over 2^61 - 1 for secrets of 32 bytes, cut into limbs of 7, 7, 7, 7 and 4 bytes.
package enum SecretSharing {
    package static let secretByteCount = 32
    private static let limbByteCounts = [7, 7, 7, 7, 4]

    /// `count` shares, of which any `threshold` give the secret back. The coefficients are read
    /// from `stream`, limb after limb, degree 1 first; what is no element of the field is skipped.
    package static func split(
        _ secret: SecretBytes, threshold: Int, count: Int, coefficients stream: SecretBytes
    ) throws(CryptoError) -> [SecretShare] {
        precondition(
            (1...count).contains(threshold) && count <= Int(UInt16.max),
            "\(threshold) of \(count) shares")
        precondition(secret.count == secretByteCount, "a secret of \(secret.count) bytes")
        var keystream = try KeystreamAES256(key: stream)
        var polynomials: [[FieldElement]] = []
        for limb in limbs(of: secret) {
            var polynomial = [limb]
            polynomial.reserveCapacity(threshold)
            while polynomial.count < threshold {
                polynomial.append(nextElement(&keystream))
            }
            polynomials.append(polynomial)
        }
        return (1...count).map { slot in
            let x = FieldElement(UInt16(slot))
            return SecretShare(x: UInt16(slot), y: polynomials.map { evaluate($0, at: x) })
        }
    }

    private static func nextElement(_ stream: inout KeystreamAES256) -> FieldElement {
        while true {
            var word: UInt64 = 0
            withUnsafeMutableBytes(of: &word) { stream.fill($0) }
            if let element = FieldElement(UInt64(littleEndian: word) & FieldElement.modulus) {
                return element
            }
        }
    }

    private static func evaluate(_ polynomial: [FieldElement], at x: FieldElement) -> FieldElement {
        var sum = FieldElement.zero
        for coefficient in polynomial.reversed() { sum = sum * x + coefficient }
        return sum
    }

    private static func limbs(of secret: SecretBytes) -> [FieldElement] {
        secret.withUnsafeBytes { bytes in
            var offset = 0
            return limbByteCounts.map { count in
                var word: UInt64 = 0
                for index in 0..<count {
                    word |= UInt64(bytes[offset + index]) << UInt64(8 * index)
                }
                offset += count
                guard let limb = FieldElement(word) else {
                    preconditionFailure("a limb of \(count) bytes is beyond the field")
                }
                return limb
            }
        }
    }

    /// The secret whose limbs these are, or nil where a limb has more bytes than it may.
    fileprivate static func secret(of limbs: [FieldElement]) -> SecretBytes? {
        for (limb, count) in zip(limbs, limbByteCounts) where limb.value >> UInt64(8 * count) != 0 {
            return nil
        }
        return SecretBytes(count: secretByteCount) { target in
            var offset = 0
            for (limb, count) in zip(limbs, limbByteCounts) {
                for index in 0..<count {
                    target[offset + index] = UInt8(
                        truncatingIfNeeded: limb.value >> UInt64(8 * index))
                }
                offset += count
            }
        }
    }
}

/// Interpolates secrets from shares at the same slots: the weights are computed once for all.
package struct ShareInterpolation: Sendable {
    package let slots: [UInt16]
    /// The weight of each slot for the value at zero.
    private let weights: [FieldElement]

    /// Nil where a slot is zero or stands twice.
    package init?(slots: [UInt16]) {
        guard !slots.isEmpty, !slots.contains(0), Set(slots).count == slots.count else {
            return nil
        }
        self.slots = slots
        weights = ShareInterpolation.weights(of: slots, at: .zero)
    }

    /// The secret, from exactly one share for each slot and in their order.
    ///
    /// Nil where they give no secret of 32 bytes: some share is wrong.
    package func secret(from shares: [SecretShare]) -> SecretBytes? {
        precondition(shares.map(\.x) == slots, "shares of other slots")
        return SecretSharing.secret(of: combine(shares, weights))
    }

    /// Whether one more share lies on the polynomials of the others.
    package func agrees(_ shares: [SecretShare], with extra: SecretShare) -> Bool {
        precondition(shares.map(\.x) == slots, "shares of other slots")
        let weights = ShareInterpolation.weights(of: slots, at: FieldElement(extra.x))
        return combine(shares, weights) == extra.y
    }

    private func combine(_ shares: [SecretShare], _ weights: [FieldElement]) -> [FieldElement] {
        (0..<SecretShare.limbCount).map { limb in
            var sum = FieldElement.zero
            for (share, weight) in zip(shares, weights) { sum = sum + share.y[limb] * weight }
            return sum
        }
    }

    /// Lagrange's weights at a place. Slots are public, so branches on them give nothing away.
    private static func weights(of slots: [UInt16], at place: FieldElement) -> [FieldElement] {
        slots.indices.map { index in
            var numerator = FieldElement.one
            var denominator = FieldElement.one
            let own = FieldElement(slots[index])
            for other in slots.indices where other != index {
                let slot = FieldElement(slots[other])
                numerator = numerator * (place - slot)
                denominator = denominator * (own - slot)
            }
            return numerator * denominator.inverse
        }
    }
}
