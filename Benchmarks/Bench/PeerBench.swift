import Foundation

/// What the peers do on the same task, measured in the same run.
enum PeerBench {
    /// What an order costs in NautilusTrader's pre-trade path, in nanoseconds; nil, with a line
    /// that says why, where it cannot be measured.
    static func nautilusNanoseconds() throws -> Double? {
        guard let answer = try ask("nautilus-peer", []) else { return nil }
        guard let cost = answer["checked_ns"] as? NSNumber else {
            return absent("nautilus-peer: its answer has no checked_ns")
        }
        return cost.doubleValue
    }

    /// hftbacktest's replay: events a second, idle and with orders.
    struct Replay {
        let idle: Double
        let busy: Double
        let orders: Int
        let fills: Int
    }

    /// Makes the shared recording in a folder and replays it; nil as above.
    static func hftbacktest(in folder: String, events: Int) throws -> Replay? {
        guard let answer = try ask("hftbacktest-peer", [folder, "\(events)"]) else { return nil }
        func number(_ key: String) -> Double? { (answer[key] as? NSNumber)?.doubleValue }
        guard let idle = number("noop"), let busy = number("feed"),
            let orders = number("feed_orders"), let fills = number("feed_fills")
        else { return absent("hftbacktest-peer: its answer lacks a number: \(answer)") }
        return Replay(idle: idle, busy: busy, orders: Int(orders), fills: Int(fills))
    }

    /// The JSON object that a script prints; nil where it says that the peer cannot be measured.
    private static func ask(
        _ name: String, _ arguments: [String]
    ) throws -> [String: Any]? {
        let script = FileManager.default.currentDirectoryPath + "/scripts/" + name
        guard FileManager.default.isExecutableFile(atPath: script) else {
            return absent("there is no \(script): run `make bench`")
        }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: script)
        process.arguments = arguments
        process.standardInput = FileHandle.nullDevice
        let (output, errors) = (Pipe(), Pipe())
        (process.standardOutput, process.standardError) = (output, errors)
        try process.run()
        // It says too little on either to fill a pipe.
        let said = output.fileHandleForReading.readDataToEndOfFile()
        let complaint = errors.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            let text = String(decoding: complaint, as: UTF8.self)
            let last = text.split(separator: "\n").last.map(String.init) ?? "it said nothing"
            return absent("\(name): \(last)")
        }
        guard let object = try JSONSerialization.jsonObject(with: said) as? [String: Any] else {
            return absent("\(name): its answer is no object")
        }
        return object
    }

    private static func absent<Value>(_ reason: String) -> Value? {
        print("peer absent: \(reason)")
        return nil
    }
}
