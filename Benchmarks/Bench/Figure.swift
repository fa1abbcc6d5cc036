import Foundation

/// One measured number, with the peer that was measured in the same run.
struct Figure {
    let name: String
    let value: Double
    let unit: String
    let runs: Int
    var peer: String?
    var peerValue: Double?
}

/// Prints figures as they come and appends them for machines.
struct FigureSheet {
    let output: String
    private let processor: String
    private let commit: String

    init(output: String) {
        self.output = output
        processor = FigureSheet.processorName()
        commit = FigureSheet.currentCommit()
        print("processor: \(processor), commit \(commit)")
        print(FigureSheet.row("measurement", "value", "unit", "peer", "ratio"))
    }

    func add(_ figure: Figure) throws {
        let ratio = figure.peerValue.map { figure.value / $0 }
        let peer = figure.peer.map { "\($0) \(FigureSheet.text(figure.peerValue ?? 0))" } ?? "-"
        print(
            FigureSheet.row(
                figure.name, FigureSheet.text(figure.value), figure.unit, peer,
                ratio.map { FigureSheet.text($0) } ?? "-"))
        var object: [String: Any] = [
            "name": figure.name, "value": figure.value, "unit": figure.unit,
            "runs": figure.runs, "cpu": processor, "commit": commit,
            "date": ISO8601DateFormatter().string(from: Date()),
        ]
        object["peer"] = figure.peer
        object["peer_value"] = figure.peerValue
        object["ratio"] = ratio
        var line = try JSONSerialization.data(
            withJSONObject: object, options: [.sortedKeys, .withoutEscapingSlashes])
        line.append(UInt8(ascii: "\n"))
        if !FileManager.default.fileExists(atPath: output) {
            _ = FileManager.default.createFile(atPath: output, contents: nil)
        }
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: output))
        defer { try? file.close() }  // Nothing is lost: the write has thrown or succeeded.
        try file.seekToEnd()
        try file.write(contentsOf: line)
    }

    private static func row(
        _ name: String, _ value: String, _ unit: String, _ peer: String, _ ratio: String
    ) -> String {
        func padded(_ text: String, _ width: Int) -> String {
            text + String(repeating: " ", count: max(1, width - text.count))
        }
        return padded(name, 34) + padded(value, 14) + padded(unit, 14) + padded(peer, 34) + ratio
    }

    private static func text(_ value: Double) -> String {
        if value >= 1_000 { return String(Int(value.rounded())) }
        return String((value * 100).rounded() / 100)
    }

    private static func processorName() -> String {
        // A machine without the file has a nameless processor.
        let text = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
        let line = text.split(separator: "\n").first { $0.hasPrefix("model name") }
        return line?.split(separator: ":").last.map { $0.trimmingCharacters(in: .whitespaces) }
            ?? "unknown"
    }

    private static func currentCommit() -> String {
        let git = Process()
        git.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        git.arguments = ["git", "rev-parse", "--short", "HEAD"]
        let pipe = Pipe()
        git.standardOutput = pipe
        git.standardError = FileHandle.nullDevice
        do {
            try git.run()
        } catch { return "unknown" }
        let data = pipe.fileHandleForReading.readDataToEndOfFile()
        git.waitUntilExit()
        let text = String(decoding: data, as: UTF8.self).trimmingCharacters(in: .newlines)
        return text.isEmpty ? "unknown" : text
    }
}

/// Times of repeated work.
enum Stopwatch {
    static let runs = 7

    /// The median over the runs of what one of `count` repetitions takes, in nanoseconds.
    static func nanosecondsEach(_ count: Int, _ body: () throws -> Void) rethrows -> Double {
        try body()
        var times: [Double] = []
        for _ in 0..<runs {
            let start = DispatchTime.now().uptimeNanoseconds
            try body()
            let end = DispatchTime.now().uptimeNanoseconds
            times.append(Double(end - start) / Double(count))
        }
        return median(times)
    }

    /// The monotonic clock.
    static func nanoseconds() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    static func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }
}

/// Keeps the optimiser from removing work whose result nobody reads.
@inline(never) func consume<Value>(_ value: borrowing Value) {}
