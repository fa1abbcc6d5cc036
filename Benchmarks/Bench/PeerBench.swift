import Foundation

/// What an order costs in NautilusTrader's pre-trade path, measured in the same run.
enum PeerBench {
    /// In nanoseconds; nil, with a line that says why, where it cannot be measured.
    static func nautilusNanoseconds() throws -> Double? {
        let script = FileManager.default.currentDirectoryPath + "/scripts/nautilus-peer"
        guard FileManager.default.isExecutableFile(atPath: script) else {
            return absent("there is no \(script): run `make bench`")
        }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: script)
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
            return absent(text.split(separator: "\n").last.map(String.init) ?? "it said nothing")
        }
        guard let object = try JSONSerialization.jsonObject(with: said) as? [String: Any],
            let cost = object["checked_ns"] as? NSNumber
        else { return absent("its answer has no checked_ns") }
        return cost.doubleValue
    }

    private static func absent(_ reason: String) -> Double? {
        print("peer absent: NautilusTrader: \(reason)")
        return nil
    }
}
