import Foundation
import MarketSim
import Research
import Runtime
import Testing
import Trading

@Suite struct EventImporterTests {
    private let folder = FileManager.default.temporaryDirectory
        .appending(path: "bw-import-\(UUID())")

    private func imported(
        _ format: ImportFormat, _ data: Data
    ) throws -> (events: [MarketEvent], instruments: [RecordedInstrument], ImportedEvents.Notes) {
        // A leftover in the temporary folder is harmless.
        defer { try? FileManager.default.removeItem(at: folder) }
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let path = folder.appending(path: "input").path
        try data.write(to: URL(filePath: path))
        let importer = EventImporter(path: path, format: format)
        var events = try importer.events()
        let (list, instruments) = try events.finish(importer.grid)
        return (list, instruments, events.notes)
    }

    private func imported(
        _ format: ImportFormat, _ text: String
    ) throws -> (events: [MarketEvent], instruments: [RecordedInstrument], ImportedEvents.Notes) {
        try imported(format, Data(text.utf8))
    }

    /// `time price quantity kind side last`, as the benchmark's generator writes them.
    private func record(
        _ at: Int64, _ price: Int32, _ quantity: Int32, kind: UInt8 = 1, side: UInt8 = 1,
        isLast: Bool = true
    ) -> Data {
        var data = Data()
        for value in [at, at + 5] { withUnsafeBytes(of: value) { data.append(contentsOf: $0) } }
        for value in [price, quantity] {
            withUnsafeBytes(of: value) { data.append(contentsOf: $0) }
        }
        data.append(contentsOf: [kind, side, isLast ? 1 : 0, 0, 0, 0, 0, 0])
        return data
    }

    @Test func readsTheSharedBenchmarkInput() throws {
        let data =
            record(1, 49, 100) + record(2, 49, 7, kind: 2, side: 2, isLast: false)
            + record(2, 49, 93)
        let (events, instruments, _) = try imported(.l2bin, data)
        #expect(events.map(\.kind) == [.level, .trade, .level])
        #expect(events.map(\.isBuy) == [true, false, true])
        #expect(events.map(\.continues) == [false, true, false])
        #expect(events.map(\.quantity) == [100, 7, 93])
        #expect(instruments[0].prices == 49...49)
        #expect(throws: RecordingError.self) { try imported(.l2bin, data.dropLast(3)) }
        let error = #expect(throws: RecordingError.self) {
            try imported(.l2bin, record(1, 49, 1) + record(2, 50, 1, kind: 3))
        }
        #expect(error?.message.hasSuffix("input:2: a record of kind 3") == true)
    }

    @Test func readsCSVAndItsGrid() throws {
        let text = """
            venue_at,local_at,instrument,kind,side,price,quantity
            10,12,X,level,buy,0.25,3
            11,12,X,level,sell,0.35,4.5
            12,15,Y,level,buy,0.5,2
            13,16,X,trade,sell,0.25,1.5
            14,20,X,settlement,,1,
            """
        let (events, instruments, notes) = try imported(.csv, text)
        #expect(instruments.map(\.tick) == [Price(units: 50_000_000), Price(units: 500_000_000)])
        #expect(instruments.map(\.lot) == [Quantity(units: 1_500_000_000), Quantity(2)])
        #expect(events.map(\.price) == [5, 7, 1, 5, 20])
        #expect(events.map(\.quantity) == [2, 3, 1, 1, 0])
        #expect(notes == ImportedEvents.Notes())
    }

    @Test(arguments: [
        ("10,12,X,level,buy,0.25", 2, "expected 7 fields"),
        ("10,x,X,level,buy,0.25,1", 2, "times are nanoseconds"),
        ("10,12,X,lvl,buy,0.25,1", 2, "no kind of record"),
        ("10,12,X,level,bid,0.25,1", 2, "a side is"),
        ("10,12,X,level,buy,a,1", 2, "no decimal"),
        ("10,12,X,level,buy,0.25,-1", 2, "or negative"),
        ("10,12,X,level,buy,0.25,1\n9,11,X,level,buy,0.25,1", 3, "sort the file"),
    ])
    func namesTheRowThatIsWrong(_ rows: String, _ line: Int, _ reason: String) throws {
        let text = "venue_at,local_at,instrument,kind,side,price,quantity\n" + rows
        let error = #expect(throws: RecordingError.self) { try imported(.csv, text) }
        #expect(error?.message.contains("input:\(line): ") == true, "\(String(describing: error))")
        #expect(error?.message.contains(reason) == true, "\(String(describing: error))")
    }

    @Test func refusesOtherHeadersAndNothing() {
        #expect(throws: RecordingError.self) { try imported(.csv, "a,b\n1,2\n") }
        #expect(throws: RecordingError.self) { try imported(.kalshiBBO, "a,b\n1,2\n") }
        #expect(throws: RecordingError.self) { try imported(.csv, "") }
        #expect(throws: RecordingError.self) { try imported(.binance, "5 {}\n") }
        #expect(throws: RecordingError.self) { try imported(.binance, "5 {\n") }
    }

    @Test func bestPricesBecomeLevelsThatMove() throws {
        let text = """
            timestamp,market_ticker,best_yes_bid,best_no_bid,implied_no_ask,implied_yes_ask
            2025-12-09T07:04:02.5,K-1,2,38,98,62
            2025-12-09T07:04:03.5,K-1,3,38,97,62
            2025-12-09T07:04:04.5,K-1,3,0,97,100
            """
        let (events, _, _) = try imported(.kalshiBBO, text)
        #expect(events.map(\.price) == [2, 62, 2, 3, 62])
        #expect(events.map(\.quantity) == [1, 1, 0, 1, 0])
        #expect(events.map(\.isBuy) == [true, false, true, true, false])
        #expect(events[0].venueAt == 1_765_263_842_500_000_000)
    }

    @Test func deltasAddUpAndNoIsTheOtherSide() throws {
        let row = { (time: String, side: String, price: String, change: String) in
            "2026-03-21 18:21:04,\(time)\tK-1\t\(side)\t\(price)\t\(change)\t2026-03-21T22:21:01.8Z"
        }
        let text = [
            row("082", "yes", "0.4000", "5.00"), row("083", "no", "0.5500", "3.00"),
            row("084", "yes", "0.4000", "-2.00"), row("085", "yes", "0.3000", "-9.00"),
        ].joined(separator: "\n")
        let (events, _, notes) = try imported(.kalshiDeltas, text)
        #expect(events.map(\.price) == [40, 45, 40, 30])
        #expect(events.map(\.quantity) == [5, 3, 3, 0])
        #expect(events.map(\.isBuy) == [true, false, true, true])
        #expect(notes.clamped == 1)
        #expect(events[0].localAt - events[0].venueAt == 2_282_000_000)
    }

    @Test func streamsOfBinanceAreShiftedToACommonClock() throws {
        let text = """
            1000000000 {"stream":"d","data":{"e":"depthUpdate","E":1500,"s":"BTC","b":[["10.50","2.0"],["10.00","0"]],"a":[["11.00","1.5"]]}}
            1001000000 {"stream":"b","data":{"u":1,"s":"BTC","b":"10.5","B":"2","a":"11","A":"1"}}
            1002000000 {"stream":"t","data":{"e":"trade","E":1499,"T":1499,"s":"BTC","p":"10.50","q":"0.5","m":true}}
            """
        let (events, instruments, notes) = try imported(.binance, text)
        #expect(events.map(\.kind) == [.level, .level, .level, .trade])
        #expect(events.map(\.continues) == [true, true, false, false])
        #expect(events.map(\.isBuy) == [true, true, false, false])
        #expect(instruments[0].tick == Price(units: 500_000_000))
        #expect(events.map(\.price) == [21, 20, 22, 21])
        #expect(notes.skipped == 1 && notes.raised == 1 && notes.clockShift == 500_000_000)
        #expect(events.allSatisfy { $0.localAt >= $0.venueAt })
    }

    /// The recordings at hand import, replay and keep their book in order.
    @Test(arguments: [
        (ImportFormat.kalshiBBO, "prediction_markets/kalshi_bbo_KXHIGHNY-25DEC10.csv.gz"),
        (.kalshiBBO, "prediction_markets/kalshi_superbowl_KXSB-26_bbo_1s_20260208.csv.gz"),
        (.kalshiDeltas, "prediction_markets/kalshi_l2_deltas_2026-03-21.tsv.gz"),
    ])
    func importsWhatWasRecorded(_ format: ImportFormat, _ name: String) throws {
        let folder =
            ProcessInfo.processInfo.environment["BELLWETHER_DATA"] ?? "../shared/data"
        let path = "\(folder)/\(name)"
        guard FileManager.default.fileExists(atPath: path) else {
            print("skipped: \(path) is not there; set BELLWETHER_DATA to the recorded data")
            return
        }
        let importer = EventImporter(path: path, format: format)
        var imported = try importer.events()
        let (events, instruments) = try imported.finish(importer.grid)
        #expect(events.count > 1_000 && !instruments.isEmpty)
        #expect(EventColumns(events).firstFault(instruments: instruments.count) == nil)
    }
}
