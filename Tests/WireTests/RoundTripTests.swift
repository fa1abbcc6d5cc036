import TestSupport
import Testing
import Trading
import Wire

@Suite struct RoundTripTests {
    @Test(arguments: messageLayouts)
    func decodesAndEncodesWhatTheSchemaSays(_ layout: MessageLayout) throws {
        for seed in UInt64(1)...40 {
            var random = SeededRandom(seed: seed)
            var builder = FrameBuilder()
            let (frame, lines) = builder.build(layout, &random)
            try validate(frame: frame)
            #expect(try describe(frame) == lines, "seed \(seed)")
            #expect(try reencode(frame) == frame, "seed \(seed)")
        }
    }

    @Test func keepsTypedValues() throws {
        let bid = BookSnapshot.BidsEntry(price: Price(units: 480_000_000), quantity: Quantity(12))
        let ask = BookSnapshot.AsksEntry(price: Price(units: 510_000_000), quantity: Quantity(7))
        let book = BookSnapshot(
            envelope: Envelope(
                sender: try #require(ProcessID("gw-kalshi")), epoch: Epoch(2),
                sequence: SequenceNumber(9), sentAt: Timestamp(seconds: 5), traceID: 77),
            instrument: try #require(InstrumentID("KXBTCUD5M-1753228800")),
            bookSequence: SequenceNumber(3), receivedAt: Timestamp(seconds: 4),
            marketTime: Timestamp(seconds: 6), isStale: .no)
        let frame = book.frame(bids: [bid, bid], asks: [ask])
        #expect(try BookSnapshot(decoding: frame) == book)
        #expect(try BookSnapshot.bids(in: frame) == [bid, bid])
        #expect(try BookSnapshot.asks(in: frame) == [ask])
    }

    @Test func encodesFromAnyCollection() throws {
        let request = SessionRefused(reason: .crashLoop)
        var writer = WireWriter(capacity: 1)
        request.encode(into: &writer, detail: "too many".utf8)
        #expect(writer.bytes == request.frame(detail: Array("too many".utf8)))
        #expect(try SessionRefused.detail(in: writer.bytes) == Array("too many".utf8))
    }

    @Test func flagsAreTruthValues() {
        #expect(Flag(true) == .yes && Flag(true).isSet)
        #expect(Flag(false) == .no && !Flag(false).isSet)
    }
}
