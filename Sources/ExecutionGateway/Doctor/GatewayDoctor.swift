import Foundation
package import Runtime
package import Trading
package import Venues

/// Looks at the account of one gateway without changing anything at its venue. It may run beside
/// the gateway.
package enum GatewayDoctor {
    /// - Parameter venue: which venue's gateway, where the process's name does not say it.
    package static func run(
        _ options: ProcessOptions, venue: VenueID?
    ) throws(ProcessFailure) -> DoctorReport {
        let context = try ProcessContext(options: options) {
            configuration, name throws(ProcessFailure) in
            try GatewayDoctor.choose(configuration, name, venue)
        }
        guard let gateway = context.configuration.gateway(context.name) else {
            throw ProcessFailure(
                .usage, "\(context.configuration.file) has no gateway named \(context.name)")
        }
        let settings = GatewayWiring.venueSettings(of: gateway, context)
        var findings = [GatewayDoctor.keyFile(settings.keyFile)].compactMap { $0 }
        do throws(VenueSetupError) {
            var examination = try VenueRegistry.examination(for: gateway.venue, settings)
            if findings.isEmpty {
                findings.append(VenueFinding(.key, .fine, "\(settings.keyFile) holds a key"))
            }
            findings += examination.run()
        } catch {
            findings.append(
                VenueFinding(
                    .key, .wrong, error.description,
                    advice: "look at gateways.\(gateway.name) in \(context.configuration.file)"))
        }
        return DoctorReport(gateway: gateway.name, venue: gateway.venue, findings: findings)
    }

    private static func choose(
        _ configuration: ClusterConfiguration, _ name: ProcessID?, _ venue: VenueID?
    ) throws(ProcessFailure) -> ProcessID {
        if let name { return name }
        let fitting = configuration.gateways.filter { venue == nil || $0.venue == venue }
        guard let first = fitting.first else {
            let venues = Set(configuration.gateways.map(\.venue.description)).sorted()
            throw ProcessFailure(
                .usage,
                "\(configuration.file) has no gateway at \(venue?.description ?? "any venue"); "
                    + "its venues: \(venues.joined(separator: ", "))")
        }
        guard fitting.count == 1 else {
            let names = fitting.map(\.name.description).joined(separator: ", ")
            throw ProcessFailure(.usage, "there are several gateways: give --name, one of \(names)")
        }
        return first.name
    }

    /// A key that others may read is no secret.
    private static func keyFile(_ path: String) -> VenueFinding? {
        var status = stat()
        guard stat(path, &status) == 0 else {
            return VenueFinding(
                .key, .wrong, "cannot read \(path): \(String(cString: strerror(errno)))",
                advice: "put the account's key there; supervisor keys init makes one for paper")
        }
        guard status.st_mode & 0o077 == 0 else {
            return VenueFinding(
                .key, .wrong, "others may read \(path)", advice: "chmod 600 \(path)")
        }
        return nil
    }
}

/// What a doctor has seen.
package struct DoctorReport: Sendable {
    package let gateway: ProcessID
    package let venue: VenueID
    package let findings: [VenueFinding]

    package init(gateway: ProcessID, venue: VenueID, findings: [VenueFinding]) {
        self.gateway = gateway
        self.venue = venue
        self.findings = findings
    }

    /// 3 where nobody answers, 1 where something is wrong, else 0.
    package var exitCode: ExitCode {
        if findings.contains(where: { $0.verdict == .unreachable }) { return .unavailable }
        return findings.contains { $0.verdict == .wrong } ? .refused : .success
    }

    /// One line for each finding, and one for what to do about it.
    package var lines: [String] {
        var lines = ["\(gateway) at \(venue)"]
        for finding in findings {
            let mark = pad(DoctorReport.mark(finding.verdict), to: 12)
            let subject = pad(finding.subject.rawValue, to: 10)
            lines.append("  \(mark)\(subject)\(finding.detail)")
            if !finding.advice.isEmpty {
                lines.append("  \(pad("", to: 22))-> \(finding.advice)")
            }
        }
        return lines
    }

    private static func mark(_ verdict: VenueFinding.Verdict) -> String {
        switch verdict {
        case .fine: "ok"
        case .notice: "note"
        case .wrong: "WRONG"
        case .unreachable: "NO ANSWER"
        }
    }

    private func pad(_ text: String, to width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }

    /// The same for machines, in one line.
    package func json() throws -> String {
        let value: [String: Any] = [
            "gateway": gateway.description, "venue": venue.description,
            "findings": findings.map {
                [
                    "subject": $0.subject.rawValue, "verdict": $0.verdict.rawValue,
                    "detail": $0.detail, "advice": $0.advice,
                ]
            },
        ]
        let data = try JSONSerialization.data(
            withJSONObject: value, options: [.sortedKeys, .withoutEscapingSlashes])
        return String(decoding: data, as: UTF8.self)
    }
}
