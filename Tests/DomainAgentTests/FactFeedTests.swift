import DomainAgent
import Foundation
import Runtime
import Signals
import TestSupport
import Testing
import Trading

/// Facts from files, and facts that were not believed.
struct FactFeedTests {
    private static func sample(_ second: Int64, _ share: Double) -> FeedSample {
        FeedSample(
            source: "list", kind: "poll", topic: "KXSENATE-26GA",
            event: Timestamp(seconds: second), ingest: Timestamp(seconds: second + 5),
            unit: "share", values: ["share": share, "size": 800, "days": 1],
            names: ["house": "Alder"])
    }

    @Test func aFactIsSeenFromTheMomentOfItsReceipt() throws {
        let folder = try ScratchFolder.make("facts")
        try DomainRecordingWriter.write(
            [Self.sample(10, 0.5), Self.sample(20, 0.6)], [], domain: "politics", label: "x",
            to: folder)
        let source = try RecordedFacts(FeedRecording(directory: folder, domain: "politics"))
        #expect(try source.next(through: Timestamp(seconds: 14)) == nil)
        let received = try source.next(through: Timestamp(seconds: 15))
        let first = try #require(received)
        #expect(first.values["share"] == 0.5 && first.names == ["house": "Alder"])
        #expect(try source.next(through: Timestamp(seconds: 15)) == nil)
        #expect(try source.next(through: Timestamp(seconds: 99))?.event == Timestamp(seconds: 20))
        #expect(try source.next(through: Timestamp(seconds: 99)) == nil)
    }

    @Test func whatIsNotBelievedIsKeptWithItsReasonInBoundedFiles() throws {
        let path = try ScratchFolder.make("facts") + "/agent-politics/quarantine.jsonl"
        let file = QuarantineFile(path: path, sizeMax: 1_000)
        let fact = FeedFact(Self.sample(10, .nan))
        file.keep(fact, because: .outOfRange)
        let object = try JSONSerialization.jsonObject(with: Data(contentsOf: URL(filePath: path)))
        let line = try #require(object as? [String: Any])
        #expect(line["reason"] as? String == "outOfRange")
        #expect(line["source"] as? String == "list")
        #expect((line["values"] as? [String: Any])?["share"] as? String == "nan")
        for _ in 0..<20 { file.keep(fact, because: .outOfRange) }
        #expect(file.lost == 0)
        for name in [path, path + ".1"] {
            let size = try FileManager.default.attributesOfItem(atPath: name)[.size] as? Int
            #expect(try #require(size) <= 1_000, "\(name)")
        }
    }
}
