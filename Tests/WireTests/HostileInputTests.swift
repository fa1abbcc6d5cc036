import TestSupport
import Testing
import Wire

/// Bytes from outside are a value with one encoding or a named error; they never trap.
@Suite struct HostileInputTests {
    @Test(arguments: messageLayouts)
    func refusesEveryPrefix(_ layout: MessageLayout) {
        let frame = frame(of: layout, seed: 11)
        for length in 0..<frame.count {
            #expect(throws: WireError.self, "length \(length)") {
                try validate(frame: Array(frame[..<length]))
            }
            #expect(throws: WireError.self, "length \(length)") {
                try reencode(Array(frame[..<length]))
            }
        }
    }

    @Test(arguments: messageLayouts)
    func everyBitFlipIsAValueOrAnError(_ layout: MessageLayout) {
        let frame = frame(of: layout, seed: 12)
        for bit in 0..<frame.count * 8 {
            var changed = frame
            changed[bit / 8] ^= 1 << UInt8(bit % 8)
            expectValueOrError(changed, "bit \(bit)")
        }
    }

    @Test func randomChangesAreAValueOrAnError() {
        for seed in UInt64(1)...4_000 {
            var random = SeededRandom(seed: seed)
            let layout = messageLayouts[Int.random(in: messageLayouts.indices, using: &random)]
            var builder = FrameBuilder()
            var frame = builder.build(layout, &random).frame
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let index = Int.random(in: frame.indices, using: &random)
                frame[index] = UInt8.random(in: 0...255, using: &random)
            }
            expectValueOrError(frame, "seed \(seed)")
        }
    }

    @Test func randomBytesAreAValueOrAnError() {
        for seed in UInt64(1)...4_000 {
            var random = SeededRandom(seed: seed)
            let count = Int.random(in: 0...400, using: &random)
            var bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
            expectValueOrError(bytes, "seed \(seed)")
            // The same behind a header of ours, so that more than the header is reached.
            let layout = messageLayouts[Int.random(in: messageLayouts.indices, using: &random)]
            var builder = FrameBuilder()
            bytes = Array(builder.build(layout, &random).frame[..<8]) + bytes
            expectValueOrError(bytes, "seed \(seed)")
        }
    }

    private func frame(of layout: MessageLayout, seed: UInt64) -> [UInt8] {
        var random = SeededRandom(seed: seed)
        var builder = FrameBuilder()
        return builder.build(layout, &random).frame
    }

    private func expectValueOrError(_ bytes: [UInt8], _ comment: Comment) {
        let isOurVersion = bytes.count >= 8 && bytes[6] == 1 && bytes[7] == 0
        do throws(WireError) {
            let again = try reencode(bytes)
            #expect(again == bytes || !isOurVersion, comment)
            try validate(frame: bytes)
        } catch {
            #expect(!error.description.isEmpty, comment)
        }
    }
}
