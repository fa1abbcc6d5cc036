import TestSupport
import Testing
import Wire

/// Senders one version behind and ahead of us. Version 1 is the first, so behind it is nothing.
@Suite struct VersionTests {
    @Test(arguments: messageLayouts)
    func readsANewerVersionByWhatItKnows(_ layout: MessageLayout) throws {
        for seed in UInt64(1)...10 {
            var random = SeededRandom(seed: seed)
            var builder = FrameBuilder()
            builder.version = 2
            builder.extraBlockBytes = 13
            builder.extraEndBytes = 5
            let (frame, lines) = builder.build(layout, &random)
            try validate(frame: frame)
            #expect(try describe(frame) == lines, "seed \(seed)")
            let ours = try reencode(frame)
            #expect(try describe(ours) == lines, "seed \(seed)")
            #expect(try WireHeader(peeking: ours).version == 1)
        }
    }

    @Test(arguments: messageLayouts)
    func readsANewerVersionOfTheSameLength(_ layout: MessageLayout) throws {
        var random = SeededRandom(seed: 3)
        var builder = FrameBuilder()
        builder.version = 2
        let (frame, lines) = builder.build(layout, &random)
        #expect(try describe(frame) == lines)
    }

    /// - Attack binary-stale, 1 try: a message of a version that nobody speaks any more.
    @Test func refusesTheVersionBeforeTheFirst() throws {
        var random = SeededRandom(seed: 4)
        var builder = FrameBuilder()
        builder.version = 0
        let frame = builder.build(try layout("OrderRequest"), &random).frame
        #expect(throws: WireError.unknownVersion(0)) { try validate(frame: frame) }
    }

    /// - Attack binary-stale, 2 tries: a block that is shorter than its version says.
    @Test(arguments: [UInt16(1), 2])
    func refusesABlockShorterThanTheFirstVersions(_ version: UInt16) throws {
        var random = SeededRandom(seed: 5)
        var builder = FrameBuilder()
        builder.version = version
        builder.entriesMax = 0
        builder.dataMax = 0
        let layout = try layout("OrderRequest")
        var frame = builder.build(layout, &random).frame
        let length = layout.blockLength
        frame[0] = UInt8((length - 1) & 0xFF)
        frame[1] = UInt8((length - 1) >> 8)
        let error = WireError.badBlockLength(expected: length, found: length - 1)
        #expect(throws: error) { try validate(frame: frame) }
    }

    /// - Attack binary-stale, 1 try: a block that is longer than its version says.
    @Test func refusesALongerBlockOfOurOwnVersion() throws {
        var random = SeededRandom(seed: 6)
        var builder = FrameBuilder()
        builder.extraBlockBytes = 1
        let layout = try layout("MarketTick")
        let frame = builder.build(layout, &random).frame
        let length = layout.blockLength
        let error = WireError.badBlockLength(expected: length, found: length + 1)
        #expect(throws: error) { try validate(frame: frame) }
    }
}
