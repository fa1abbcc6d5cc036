/// Which bytes of a frame an authenticator covers: the block behind the envelope, which links fill
/// in on the way, up to the authenticator itself.
extension OrderPermit {
    /// From `permitEpoch` up to `mac`.
    package static var authenticatedRange: Range<Int> {
        let start = WireFrame.headerLength + WireFrame.envelopeLength
        return start..<WireFrame.headerLength + blockLength - Digest.length
    }
}

extension OperatorCommand {
    /// From `nonce` up to `signature`.
    package static var authenticatedRange: Range<Int> {
        let start = WireFrame.headerLength + WireFrame.envelopeLength
        return start..<WireFrame.headerLength + blockLength - SignatureBytes.length
    }
}
