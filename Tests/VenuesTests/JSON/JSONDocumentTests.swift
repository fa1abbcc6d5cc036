import Foundation
import TestSupport
import Testing
import Trading

@testable import Venues

@Suite struct JSONDocumentTests {
    private func document(_ text: String) throws -> JSONDocument {
        try JSONDocument(Array(text.utf8))
    }

    @Test func readsEveryKindOfValue() throws {
        let text = #" {"a":[1,-2.50,{"b":null}],"t":true,"f":false,"s":"x","":"empty"} "#
        let document = try document(text)
        let root = document.root
        #expect(document.kind(of: root) == .object)
        #expect(document.count(of: root) == 5)
        let array = try #require(document.member("a", of: root))
        var kinds: [JSONKind] = []
        document.forEachElement(of: array) { kinds.append(document.kind(of: $0)) }
        #expect(kinds == [.number, .number, .object])
        #expect(document.member("t", of: root).map { document.kind(of: $0) } == .true)
        #expect(document.member("f", of: root).map { document.kind(of: $0) } == .false)
        #expect(document.member("s", of: root).flatMap { document.string($0) } == "x")
        #expect(document.member("", of: root).flatMap { document.string($0) } == "empty")
        #expect(document.member("z", of: root) == nil)
    }

    @Test func resolvesEscapes() throws {
        let document = try document(#"{"k\u0065y":"\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00é"}"#)
        let value = try #require(document.member("key", of: document.root))
        #expect(document.string(value) == "\"\\/\u{8}\u{C}\n\r\té😀é")
    }

    @Test(arguments: [
        "", " ", "{", "[", "\"", "tru", "nul", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "[1,]", "[1 2]",
        "01", "-", "1.", ".5", "1e", "+1", "1e+", "\"\\x\"", "\"\\u12\"", "\"\\ud800\"",
        "\"\\ud800x\"", "\"\\udc00\"", "\"\u{1}\"", "{1:2}", "1 2", "[]]", "NaN", "'a'",
        "{\"a\":1 \"b\":2}", "\u{FEFF}1",
    ])
    func refusesWhatIsNotJSON(_ text: String) {
        #expect(throws: JSONError.self) { try document(text) }
    }

    @Test func refusesWhatIsNotUTF8() {
        for bytes in [
            [0x22, 0xC0, 0x80, 0x22], [0x22, 0xFF, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22],
        ]
            as [[UInt8]]
        {
            #expect(throws: JSONError.badString(at: 1)) { try JSONDocument(bytes) }
        }
    }

    @Test func everyBoundIsKept() throws {
        let limits = JSONDocument.Limits(bytesMax: 40, nodesMax: 5, depthMax: 3)
        func check(_ text: String) throws(JSONError) {
            _ = try JSONDocument(Array(text.utf8), limits: limits)
        }
        try check("[[[]]]")
        #expect(throws: JSONError.tooDeep(at: 3)) { try check("[[[[]]]]") }
        try check("[1,2,3,4]")
        #expect(throws: JSONError.tooManyNodes(at: 9)) { try check("[1,2,3,4,5]") }
        #expect(throws: JSONError.tooManyNodes(at: 13)) { try check(#"{"a":1,"b":2,"c":3}"#) }
        #expect(throws: JSONError.tooLong(count: 41, max: 40)) {
            try check("\"" + String(repeating: "x", count: 39) + "\"")
        }
    }

    @Test func readsNumbersExactly() throws {
        let text = #"["0.5600","10.00",-54.00,0.000000001,"1.0000000000",9223372036.854775807]"#
        let document = try document(text)
        var units: [Int64?] = []
        document.forEachElement(of: document.root) { units.append(document.decimalUnits($0)) }
        #expect(units == [560_000_000, 10_000_000_000, -54_000_000_000, 1, 1_000_000_000, .max])
    }

    @Test(arguments: [
        "\"\"", "\"-\"", "\"1.\"", "\".5\"", "\"1.0000000001\"", "\"1e3\"", "1e3", "\"+1\"",
        "\"1,5\"",
        "\"9223372036.854775808\"", "\" 1\"", "\"1.5.5\"", "null", "true", "[]", "\"99999999999\"",
        "\"\\u0031\"",
    ])
    func refusesWhatIsNoPlainDecimal(_ text: String) throws {
        let document = try document(text)
        #expect(document.decimalUnits(document.root) == nil)
    }

    @Test func decimalsAgreeWithTheVocabulary() throws {
        var random = SeededRandom(seed: 7)
        for _ in 0..<2_000 {
            let units = Int64.random(in: .min + 1 ... .max, using: &random)
            let price = Price(units: units)
            for text in [price.description, price.decimal(minimumFraction: 4)] {
                let document = try document("\"\(text)\"")
                #expect(document.decimalUnits(document.root) == units, "\(text), seed 7")
            }
        }
    }

    @Test func readsIntegersThatFit() throws {
        let texts = ["0", "-1", "9223372036854775807", "-9223372036854775808"]
        let values: [Int64] = [0, -1, .max, .min]
        for (text, value) in zip(texts, values) {
            let document = try document(text)
            #expect(document.integer(document.root) == value)
        }
        for text in ["9223372036854775808", "1.0", "1e2", "\"1\"", "99999999999999999999"] {
            let document = try document(text)
            #expect(document.integer(document.root) == nil, "\(text)")
        }
    }

    /// Whatever bytes come: an error or a document whose every value can be read; and it accepts
    /// what Foundation accepts.
    @Test func mutatedTextsNeverTrap() throws {
        let seed: UInt64 = 20_261_122
        var random = SeededRandom(seed: seed)
        let bases = try fixtures()
        var accepted = 0
        for round in 0..<20_000 {
            var bytes = bases[round % bases.count]
            for _ in 0..<Int.random(in: 0...3, using: &random) where !bytes.isEmpty {
                let index = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: bytes[index] = UInt8.random(in: 0...255, using: &random)
                case 1: bytes.remove(at: index)
                default: bytes = Array(bytes.prefix(index))
                }
            }
            guard let document = try? JSONDocument(bytes) else { continue }
            accepted += 1
            visit(document.root, document)
            let isValid =
                (try? JSONSerialization.jsonObject(
                    with: Data(bytes), options: [.fragmentsAllowed])) != nil
            #expect(
                isValid, "seed \(seed), round \(round): \(String(decoding: bytes, as: UTF8.self))")
        }
        #expect(accepted > 1_000, "seed \(seed)")
    }

    private func visit(_ node: JSONNode, _ document: JSONDocument) {
        _ = document.string(node)
        _ = document.integer(node)
        _ = document.decimalUnits(node)
        document.forEachElement(of: node) { visit($0, document) }
        document.forEachMember(of: node) {
            _ = document.string($0)
            visit($1, document)
        }
    }

    private func fixtures() throws -> [[UInt8]] {
        let texts = [
            #"{"type":"orderbook_delta","sid":2,"seq":3,"msg":{"price_dollars":"0.96","n":-1.5e3}}"#,
            #"[[],{},"é\u00e9\ud83d\ude00",null,true,false,0,[["0.1","2"]]]"#,
            #"{"a":{"b":{"c":[1,2,3]}},"d":"\\\"","e":""}"#,
        ]
        return texts.map { Array($0.utf8) }
    }

    @Test func aDocumentIsReusedAfterAnError() throws {
        var document = JSONDocument()
        try document.parse(Array("[1]".utf8))
        #expect(throws: JSONError.self) { try document.parse(Array("[1".utf8)) }
        try document.parse(Array("{\"a\":2}".utf8))
        #expect(document.count(of: document.root) == 1)
    }
}

@Suite struct JSONWriterTests {
    @Test func writesWhatTheParserReads() throws {
        var writer = JSONWriter()
        writer.add("text", "a\"\\\n\u{1}é")
        writer.add("number", Int64(-5))
        writer.add("flag", true)
        writer.add("names", ["x", "y"])
        writer.add("sids", [1, 2])
        writer.add("inner") { $0.add("k", "v") }
        let document = try JSONDocument(writer.finished())
        let root = document.root
        #expect(
            document.member("text", of: root).flatMap { document.string($0) } == "a\"\\\n\u{1}é")
        #expect(document.member("number", of: root).flatMap { document.integer($0) } == -5)
        #expect(document.count(of: try #require(document.member("names", of: root))) == 2)
        #expect(document.count(of: try #require(document.member("sids", of: root))) == 2)
        let inner = try #require(document.member("inner", of: root))
        #expect(document.member("k", of: inner).flatMap { document.string($0) } == "v")
    }

    @Test func anEmptyObjectIsOne() {
        #expect(String(decoding: JSONWriter().finished(), as: UTF8.self) == "{}")
    }
}

@Suite struct PayloadSchemaTests {
    private let schema = PayloadSchema("thing", required: ["a", "b"], known: ["c"])

    private func check(_ text: String) throws -> [String] {
        let document = try JSONDocument(Array(text.utf8))
        var unknown: [String] = []
        try schema.check(document.root, of: document, unknown: &unknown)
        return unknown
    }

    @Test func reportsUnknownFields() throws {
        #expect(try check(#"{"a":1,"b":2}"#).isEmpty)
        #expect(try check(#"{"x":{"a":1},"a":1,"b":2,"c":3,"y":[]}"#) == ["thing.x", "thing.y"])
    }

    @Test func refusesMissingRepeatedAndForeign() {
        #expect(throws: PayloadError.missing(field: "thing.b")) { try check(#"{"a":1}"#) }
        #expect(throws: PayloadError.repeated(field: "a")) { try check(#"{"a":1,"b":2,"a":1}"#) }
        #expect(throws: PayloadError.repeated(field: "c")) {
            try check(#"{"a":1,"b":2,"c":1,"c":1}"#)
        }
        #expect(throws: PayloadError.wrongType(field: "thing", expected: "an object")) {
            try check("[1]")
        }
    }
}

@Suite struct RFC3339Tests {
    @Test func readsTimes() {
        let base: Int64 = 1_669_149_841_000_000_000
        let cases: [(String, Int64)] = [
            ("2022-11-22T20:44:01Z", 0), ("2022-11-22T20:44:01.5Z", 500_000_000),
            ("2022-11-22T20:44:01.123456789Z", 123_456_789),
            ("2022-11-22T20:44:01.1234567891Z", 123_456_789),
            ("2022-11-22T22:44:01+02:00", 0), ("2022-11-22T15:14:01-05:30", 0),
        ]
        for (text, extra) in cases {
            #expect(RFC3339.parse(text)?.nanoseconds == base + extra, "\(text)")
        }
    }

    @Test func agreesWithTheVocabulary() {
        var random = SeededRandom(seed: 3)
        for _ in 0..<2_000 {
            let time = Timestamp(
                nanoseconds: Int64.random(in: 0..<7_000_000_000_000_000_000, using: &random))
            #expect(RFC3339.parse(time.description) == time, "\(time), seed 3")
        }
    }

    @Test(arguments: [
        "", "2022-11-22", "2022-11-22T20:44:01", "2022-13-22T20:44:01Z", "2022-02-29T20:44:01Z",
        "2022-11-22T24:00:00Z", "2022-11-22T20:44:01.Z", "2022-11-22T20:44:01ZZ",
        "1969-11-22T20:44:01Z", "2022-11-22T20:44:01+0200", "2022-11-22T20-44-01Z",
        "2022-11-22T20:44:01+99:00", "aaaa-11-22T20:44:01Z",
    ])
    func refusesOtherTexts(_ text: String) {
        #expect(RFC3339.parse(text) == nil)
    }
}
