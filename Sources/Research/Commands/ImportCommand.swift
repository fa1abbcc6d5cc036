import ArgumentParser
import Foundation
import Runtime
import Trading

/// Brings recorded market data into the one format that a backtest reads.
struct ImportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Turns recorded market data into a recording that backtests map into memory.",
        discussion: "Reads plain and gzip-compressed files. What is truncated, unsorted or not of "
            + "the format is refused with the number of its row, and nothing is written.")

    @Argument(help: "The file to read.")
    var input: String

    @Option(help: "l2bin, csv, kalshi-bbo, kalshi-deltas or binance.")
    var format: ImportFormat

    @Option(help: "Where the recording goes.")
    var out: String

    @Option(help: "The instrument's name, for a format without names.")
    var name: String?

    @Option(help: "The step of prices. Default: the venue's, else what all prices share.")
    var tick: String?

    @Option(help: "The lot of quantities. Default: what all quantities share.")
    var lot: String?

    @Option(help: "What rests at a best price whose size was not recorded.")
    var unknownSize: String = "1"

    @Flag(help: "Prints JSON for machines.")
    var json = false

    func run() throws {
        ResearchCommand.perform {
            var importer = EventImporter(path: input, format: format)
            if let name { importer.name = name }
            importer.unknownSize = try positive(unknownSize, "--unknown-size", Quantity.self)
            importer.progress = ImportProgress.line(input)
            var grid = importer.grid
            if let tick { grid.tick = try positive(tick, "--tick", Price.self) }
            if let lot { grid.lot = try positive(lot, "--lot", Quantity.self) }
            var imported = try importer.events()
            let (events, instruments) = try imported.finish(grid)
            ImportProgress.end()
            let hash = try EventRecordingWriter.write(events, of: instruments, to: out)
            let recording = try EventRecording(out)
            precondition(recording.hash == hash, "what was written is not what is read")
            report(
                ImportReport(
                    path: out, events: events.count, instruments: instruments.count,
                    sha256: "\(hash)", notes: imported.notes))
        }
    }

    private func positive<Number: FixedPoint>(
        _ text: String, _ option: String, _ type: Number.Type
    ) throws -> Number {
        guard let value = Number(decimal: text), value.units > 0 else {
            throw ProcessFailure(.usage, "\(option) \(text): expected a decimal above zero")
        }
        return value
    }

    private func report(_ report: ImportReport) {
        if json {
            // Encoding plain numbers and strings cannot fail.
            try? ResearchCommand.printJSON(report)
            return
        }
        print("\(report.path): \(report.events) events of \(report.instruments) instruments")
        print("sha256 \(report.sha256)")
        let notes = report.notes
        if notes.skipped > 0 { print("left out: \(notes.skipped) records that say nothing new") }
        if notes.raised > 0 {
            print("raised: \(notes.raised) venue times that stepped back")
        }
        if notes.clamped > 0 {
            print("cut off: \(notes.clamped) changes below zero (no snapshot before them)")
        }
        if notes.clockShift > 0 {
            print("our clock was behind the venue's: \(Span(nanoseconds: notes.clockShift)) added")
        }
    }
}

extension ImportFormat: ExpressibleByArgument {}

/// What an import says of its result.
private struct ImportReport: Encodable {
    let path: String
    let events: Int
    let instruments: Int
    let sha256: String
    let notes: ImportedEvents.Notes
}

/// Rows read so far, in one line of a terminal.
private enum ImportProgress {
    static func line(_ path: String) -> (Int) -> Void {
        guard isatty(STDERR_FILENO) == 1 else { return { _ in } }
        let name = path.split(separator: "/").last.map(String.init) ?? path
        return { rows in FileHandle.standardError.write(Data("\r\(name): \(rows) rows".utf8)) }
    }

    static func end() {
        if isatty(STDERR_FILENO) == 1 { FileHandle.standardError.write(Data("\n".utf8)) }
    }
}
