import Testing
import Trading
import Wire

@Suite struct WireFrameTests {
    private let tick = MarketTick(tick: TickNumber(3), at: Timestamp(seconds: 1))

    @Test func setsTheEnvelopeInPlace() throws {
        var frame = tick.frame()
        let envelope = Envelope(
            sender: try #require(ProcessID("gw-kalshi")), epoch: Epoch(4),
            sequence: SequenceNumber(5), sentAt: Timestamp(nanoseconds: 6), traceID: 7)
        WireFrame.setEnvelope(envelope, in: &frame)
        #expect(try WireFrame.envelope(of: frame) == envelope)
        var expected = tick
        expected.envelope = envelope
        #expect(try MarketTick(decoding: frame) == expected)
    }

    @Test func setsPartsOfTheEnvelope() throws {
        var frame = tick.frame()
        WireFrame.setEnvelope(
            in: &frame, sequence: SequenceNumber(8), sentAt: Timestamp(nanoseconds: 9))
        var expected = tick
        expected.envelope.sequence = SequenceNumber(8)
        expected.envelope.sentAt = Timestamp(nanoseconds: 9)
        #expect(frame == expected.frame())
        let core = try #require(ProcessID("core"))
        WireFrame.setEnvelope(in: &frame, sender: core, epoch: Epoch(1), traceID: 2)
        expected.envelope.sender = core
        expected.envelope.epoch = Epoch(1)
        expected.envelope.traceID = 2
        #expect(frame == expected.frame())
    }

    @Test func readsTheTemplateWithoutDecoding() throws {
        #expect(try WireFrame.template(of: tick.frame()) == .marketTick)
        #expect(throws: WireError.truncated(needed: 56, have: 40)) {
            try WireFrame.envelope(of: Array(tick.frame()[..<40]))
        }
    }

    @Test func writerCollectsFramesAndKeepsItsRoom() {
        var writer = WireWriter(capacity: 1)
        tick.encode(into: &writer)
        let first = writer.count
        SessionRefused(reason: .crashLoop).encode(into: &writer, detail: [1, 2])
        #expect(
            writer.bytes == tick.frame() + SessionRefused(reason: .crashLoop).frame(detail: [1, 2]))
        #expect(writer.bytes(in: 0..<first) == tick.frame())
        writer.truncate(to: first)
        writer.append([9, 9])
        #expect(writer.withBytes { $0.byteCount } == first + 2)
        #expect(writer.takeBytes() == tick.frame() + [9, 9])
    }

    @Test func writerForgetsAndStartsAgain() {
        var writer = WireWriter()
        tick.encode(into: &writer)
        writer.removeAll()
        #expect(writer.count == 0)
        tick.encode(into: &writer)
        #expect(writer.bytes == tick.frame())
    }

    @Test func digestsKeepTheirBytes() throws {
        let bytes = (0..<32).map { UInt8($0) }
        let digest = try #require(Digest(bytes: bytes))
        #expect(digest.bytes == bytes)
        #expect(digest.description.hasPrefix("000102030405060708"))
        #expect(Digest(hex: digest.description) == digest)
        #expect(Digest(hex: "00") == nil)
        #expect(Digest(hex: String(repeating: "g", count: 64)) == nil)
        #expect(Digest(bytes: bytes.dropLast()) == nil)
        #expect(Digest.zero.isZero && !digest.isZero)
        let signature = try #require(SignatureBytes(bytes: bytes + bytes.reversed()))
        #expect(signature.bytes == bytes + bytes.reversed())
        #expect(signature.description.count == 128)
        #expect(SignatureBytes(bytes: bytes) == nil)
    }
}
