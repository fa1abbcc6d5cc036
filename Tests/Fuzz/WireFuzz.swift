import Wire

/// What libFuzzer calls with every input: bytes are a value with one encoding or a named error.
///
/// A trap, a read outside of the input (AddressSanitizer) or a broken rule below ends the run with
/// the input in a file. Built by `scripts/fuzz-wire`, not by the package.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzWire(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = UnsafeBufferPointer(start: start, count: count)
    // A copy on the heap of exactly the input's length, so that reading past its end is seen.
    let bytes = [UInt8](input)
    let again = encoding(of: bytes)
    precondition((again != nil) == isValid(bytes), "decoding and validating disagree")
    guard let again else { return 0 }
    precondition(encoding(of: again) == again, "encoding is not stable")
    let version = (try? WireHeader(peeking: bytes))?.version
    precondition(again == bytes || version != WireSchema.version, "two encodings of one value")
    checkEnvelope(bytes)
    return 0
}

/// What the decoded frame encodes to, or nil where it is refused.
private func encoding(of bytes: [UInt8]) -> [UInt8]? {
    do throws(WireError) {
        return try reencode(bytes)
    } catch {
        precondition(!error.description.isEmpty, "an error without a name")
        return nil
    }
}

private func isValid(_ bytes: [UInt8]) -> Bool {
    do throws(WireError) {
        try validate(frame: bytes)
        return true
    } catch {
        return false
    }
}

/// The envelope read alone is the one in the message, and setting it to itself changes nothing.
private func checkEnvelope(_ bytes: [UInt8]) {
    guard let envelope = try? WireFrame.envelope(of: bytes) else {
        preconditionFailure("a valid frame has no envelope")
    }
    var copy = bytes
    WireFrame.setEnvelope(envelope, in: &copy)
    precondition(copy == bytes, "setting the envelope to itself changed the frame")
}
