import ArgumentParser
import Foundation
import Runtime
import Signals
import Trading

/// Scores a domain's models on recorded data.
struct ScoreCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "score",
        abstract: "Scores models walk-forward beside baselines, with confidence intervals.",
        discussion: "Every forecast uses only what was known before its outcome. Data dated after "
            + "--as-of end the command with exit code 1.")

    @OptionGroup var source: DataOptions

    @Option(help: "sports, politics, weather, macro or crypto.")
    var domain: String
    @Option(help: "Only this study of the domain.")
    var study: String?
    @Option(name: .customLong("as-of"), help: "The day that data may not be after. Default: today.")
    var asOf: String?
    @Option(help: "A file for the reliability diagram; more studies add their number to its name.")
    var svg: String?
    @Flag(help: "Prints JSON for machines.")
    var json = false

    func run() throws {
        ResearchCommand.perform {
            let input = Study.Input(folder: try source.folder(), asOf: try AsOf(configured: asOf))
            var reports: [StudyReport] = []
            for study in try chosen() { reports += try study.run(input) }
            try draw(reports)
            if json { return try ResearchCommand.printJSON(reports) }
            for line in reports.flatMap(\.text) { print(line) }
        }
    }

    private func chosen() throws -> [Study] {
        guard let known = Study.Domain(rawValue: domain) else {
            let names = Study.Domain.allCases.map(\.rawValue).joined(separator: ", ")
            throw ProcessFailure(.usage, "--domain: expected one of \(names), found `\(domain)`")
        }
        let studies = Study.all.filter { $0.domain == known }
        guard let study else { return studies }
        let chosen = studies.filter { $0.name == study }
        guard !chosen.isEmpty else {
            let names = studies.map(\.name).joined(separator: ", ")
            throw ProcessFailure(.usage, "--study: expected one of \(names), found `\(study)`")
        }
        return chosen
    }

    private func draw(_ reports: [StudyReport]) throws {
        guard let svg else { return }
        for (index, report) in reports.enumerated() {
            let stem = svg.hasSuffix(".svg") ? String(svg.dropLast(4)) : svg
            let path = reports.count == 1 ? stem + ".svg" : "\(stem)-\(index + 1).svg"
            do {
                try Data(report.svg.utf8).write(to: URL(filePath: path))
            } catch {
                throw ProcessFailure(.unavailable, "--svg: \(path) cannot be written: \(error)")
            }
        }
    }
}

extension AsOf {
    /// The end of a day that was named, or now.
    init(configured text: String?) throws(ProcessFailure) {
        guard let text else {
            let seconds = Date().timeIntervalSince1970
            self.init(Timestamp(milliseconds: Int64(seconds * 1_000)))
            return
        }
        guard let day = CivilTime(text) else {
            throw ProcessFailure(
                .usage, "--as-of: expected a day such as 2026-07-24, found `\(text)`")
        }
        self.init(Timestamp(seconds: day.adding(days: 1).secondsSince1970))
    }
}
