/// An element of the field of the integers modulo 2^61 - 1, in which secrets are shared.
///
/// Addition, subtraction and multiplication take the same steps whatever the values are: no branch
/// and no table depends on a secret.
package struct FieldElement: Sendable, Equatable, BitwiseCopyable {
    /// 2^61 - 1.
    package static let modulus: UInt64 = 1 << 61 - 1
    package static let zero = FieldElement(reduced: 0)
    package static let one = FieldElement(reduced: 1)

    /// The value, below the modulus.
    package let value: UInt64

    private init(reduced value: UInt64) { self.value = value }

    /// Nil for what is no element's only spelling.
    package init?(_ value: UInt64) {
        guard value < FieldElement.modulus else { return nil }
        self.value = value
    }

    package init(_ small: UInt16) { value = UInt64(small) }

    @inline(__always)
    package static func + (lhs: FieldElement, rhs: FieldElement) -> FieldElement {
        FieldElement(reduced: reduce(lhs.value &+ rhs.value))
    }

    @inline(__always)
    package static func - (lhs: FieldElement, rhs: FieldElement) -> FieldElement {
        FieldElement(reduced: reduce(lhs.value &+ (modulus &- rhs.value)))
    }

    @inline(__always)
    package static func * (lhs: FieldElement, rhs: FieldElement) -> FieldElement {
        let product = lhs.value.multipliedFullWidth(by: rhs.value)
        let low = product.low & modulus
        let high = product.high << 3 | product.low >> 61
        return FieldElement(reduced: reduce(low &+ high))
    }

    /// One divided by this, by Fermat's little theorem. The exponent is public.
    package var inverse: FieldElement {
        precondition(value != 0, "zero has no inverse")
        var result = FieldElement.one
        var square = self
        var exponent = FieldElement.modulus - 2
        while exponent > 0 {
            if exponent & 1 == 1 { result = result * square }
            square = square * square
            exponent >>= 1
        }
        return result
    }

    /// A sum below 2^62 modulo 2^61 - 1, without a branch.
    @inline(__always)
    private static func reduce(_ sum: UInt64) -> UInt64 {
        let folded = (sum & modulus) &+ (sum >> 61)
        let less = folded &- modulus
        let borrow = UInt64(0) &- (less >> 63)
        return less &+ (modulus & borrow)
    }
}
