/// The messages of the cluster: FIX Simple Binary Encoding 1.0, bytes in and values out.
///
/// Purpose: one struct per message, generated from `Schema/bellwether.xml` by
/// `scripts/wire-generate`, and the small runtime that the generated code stands on. Forbidden
/// here: sockets, clocks, randomness, logging, Foundation. Start reading at `docs/WIRE.md`, then
/// `Generated/OrderRequest.swift`, then `FrameReading.swift`.

/// A message of the schema: its fixed root block as a plain value.
///
/// Repeating groups and variable data are not part of the value. They are walked in the frame, so
/// that decoding copies nothing but the block.
package protocol WireMessage: Sendable, Equatable, BitwiseCopyable {
    /// The message's number in the schema.
    static var templateID: UInt16 { get }

    /// The length of the root block that this build writes, without the header.
    static var blockLength: Int { get }

    /// Who sent the message, and as which message of the session.
    var envelope: Envelope { get set }

    /// Decodes the root block of a whole frame, after checking that the frame is well formed: known
    /// schema, version, template, lengths inside its bounds, and nothing after the end.
    init(decoding frame: RawSpan) throws(WireError)

    /// Decodes the root block of a whole frame held in an array.
    init(decoding frame: [UInt8]) throws(WireError)
}

/// A message without groups and data, whose frame always has the same length.
package protocol FixedWireMessage: WireMessage {
    /// Appends the message's frame.
    func encode(into writer: inout WireWriter)
}

extension FixedWireMessage {
    /// The message's frame as bytes of its own.
    package func frame() -> [UInt8] {
        var writer = WireWriter(capacity: WireFrame.headerLength + Self.blockLength)
        encode(into: &writer)
        return writer.takeBytes()
    }
}
