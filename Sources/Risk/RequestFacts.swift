package import Wire

/// What the engine needs to know of a request's frame beyond its fixed block. Computed once at the
/// border, from the same bytes that are journalled, so that replay computes the same.
package struct RequestFacts: Sendable, Hashable, BitwiseCopyable {
    /// Stands for everything after the envelope. Two frames with the same request id and the same
    /// hash are the same request; a collision would only repeat an earlier answer, never a permit.
    package let contentHash: UInt64
    /// The explanation names the signal that it follows.
    package let hasSignal: Bool
    /// The explanation names the model.
    package let hasModel: Bool
    package let hasFeatures: Bool

    package init(contentHash: UInt64, hasSignal: Bool, hasModel: Bool, hasFeatures: Bool) {
        self.contentHash = contentHash
        self.hasSignal = hasSignal
        self.hasModel = hasModel
        self.hasFeatures = hasFeatures
    }

    /// The facts of a whole, valid frame of OrderRequest.
    package init(orderRequest frame: RawSpan) throws(WireError) {
        contentHash = RequestFacts.hash(of: frame)
        hasSignal = try !OrderRequest.signal(in: frame).isEmpty
        hasModel = try !OrderRequest.model(in: frame).isEmpty
        var features = 0
        try OrderRequest.forEachFeatures(in: frame) { _ in features += 1 }
        hasFeatures = features > 0
    }

    /// The facts of a whole, valid frame of DeclareIntent, which carries no explanation.
    package init(declareIntent frame: RawSpan) {
        contentHash = RequestFacts.hash(of: frame)
        hasSignal = false
        hasModel = false
        hasFeatures = false
    }

    /// Multiply-and-fold over the words after the envelope (the mixing step of wyhash).
    private static func hash(of frame: RawSpan) -> UInt64 {
        let start = WireFrame.headerLength + WireFrame.envelopeLength
        guard frame.byteCount > start else { return 0 }
        var hash: UInt64 = 0x9E37_79B9_7F4A_7C15 ^ UInt64(frame.byteCount)
        var offset = start
        while offset + 8 <= frame.byteCount {
            let word = frame.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self)
            hash = fold(hash, UInt64(littleEndian: word))
            offset += 8
        }
        var tail: UInt64 = 0
        while offset < frame.byteCount {
            tail =
                tail << 8
                | UInt64(frame.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt8.self))
            offset += 1
        }
        return fold(hash, tail)
    }

    private static func fold(_ hash: UInt64, _ word: UInt64) -> UInt64 {
        let product = (hash ^ 0xA076_1D64_78BD_642F).multipliedFullWidth(
            by: word ^ 0xE703_7ED1_A0B4_28DB)
        return product.high ^ product.low
    }
}
