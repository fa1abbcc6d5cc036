import TestSupport
import Testing
import Trading
import Wire

/// Names are checked eight bytes at a time; the rule itself is one byte at a time.
@Suite struct NameTests {
    @Test func everyByteAtEveryPlaceOfAShortName() throws {
        let frame = MarketTick(tick: TickNumber(1), at: .zero).frame()
        for length in 0...ShortName.capacity {
            for place in 0..<ShortName.capacity {
                for byte in UInt8.min...UInt8.max {
                    var name = [UInt8](repeating: UInt8(ascii: "a"), count: length)
                    name += [UInt8](repeating: 0, count: ShortName.capacity - length)
                    name[place] = byte
                    var changed = frame
                    changed.replaceSubrange(8..<24, with: name)
                    check(name, try? MarketTick(decoding: changed).envelope.sender.description)
                }
            }
        }
    }

    @Test func randomLongNamesAndReferences() throws {
        let layout = try layout("CancelOrder")
        let fields = layout.fields.filter { ["instrument", "clientOrderID"].contains($0.name) }
        let frame = CancelOrder(
            orderID: OrderID(1), instrument: .empty, clientOrderID: .empty, reason: .none
        ).frame()
        for seed in UInt64(1)...20_000 {
            var random = SeededRandom(seed: seed)
            let field = fields[Int.random(in: fields.indices, using: &random)]
            let name = randomName(field.form.size, &random)
            var changed = frame
            changed.replaceSubrange(field.offset..<field.offset + name.count, with: name)
            let decoded = try? CancelOrder(decoding: changed)
            let text =
                field.name == "instrument"
                ? decoded?.instrument.description : decoded?.clientOrderID.description
            check(name, text, "seed \(seed)")
        }
    }

    /// Mostly name bytes, then mostly zeros, with a wrong byte now and then.
    private func randomName(_ size: Int, _ random: inout SeededRandom) -> [UInt8] {
        let length = Int.random(in: 0...size, using: &random)
        var name = (0..<size).map { $0 < length ? UInt8(ascii: "x") : 0 }
        for _ in 0..<Int.random(in: 0...2, using: &random) {
            let byte = UInt8.random(in: 0...255, using: &random)
            name[Int.random(in: 0..<size, using: &random)] = byte
        }
        return name
    }

    private func check(_ name: [UInt8], _ decoded: String?, _ comment: Comment? = nil) {
        let text = name.prefix { $0 != 0 }
        let isName = text.allSatisfy(isNameByte) && name[text.count...].allSatisfy { $0 == 0 }
        let expected = isName ? String(decoding: text, as: UTF8.self) : nil
        if decoded != expected {
            Issue.record("\(name) became \(String(describing: decoded)) \(comment ?? "")")
        }
    }
}
