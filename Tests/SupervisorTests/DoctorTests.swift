import Foundation
import Runtime
import Testing
import Trading

@testable import Supervisor

/// A deployment that is in order, until a test breaks something.
private struct Patient {
    let folder: ScratchFolder
    let configuration: ClusterConfiguration
    let state: StateDirectory
    var keys: KeyFiles { KeyFiles(root: state.keys(configuration.keys)) }

    init(_ configuration: ClusterConfiguration? = nil) throws {
        folder = try ScratchFolder()
        let sample = try configuration ?? sampleConfiguration()
        self.configuration = sample
        state = StateDirectory(folder.path + "/state")
        try state.prepare(for: sample.supervisor.name)
        var maker = KeyMaker(
            configuration: sample, files: KeyFiles(root: state.keys(sample.keys)))
        try maker.run()
    }

    func finding(_ check: String) throws -> Finding {
        let found = Checkup(configuration: configuration, state: state).still()
        return try #require(found.first { $0.check == check }, "no finding on \(check)")
    }
}

@Suite struct DoctorTests {
    @Test func aWholeDeploymentHasNoProblem() throws {
        let patient = try Patient()
        for check in ["configuration", "state", "keys", "descriptors"] {
            #expect(try patient.finding(check).verdict == .fine, "\(check)")
        }
        // Nothing is said of what is not there.
        let all = Checkup(configuration: patient.configuration, state: patient.state).still()
        #expect(!all.contains { $0.check.hasPrefix("journal") || $0.check == "public keys" })
        #expect(all.allSatisfy { ($0.verdict == .fine) == $0.advice.isEmpty })
    }

    @Test func aKeyThatOthersCanReadIsAProblem() throws {
        let patient = try Patient()
        let path = patient.keys.permit(patient.configuration.core.name)
        chmod(path, 0o640)
        let finding = try patient.finding("keys")
        #expect(finding.verdict == .problem)
        #expect(finding.advice == "chmod 600 \(path)")
    }

    @Test func aMissingSecretWarnsAndAMissingPublicKeyStops() throws {
        let patient = try Patient()
        let core = patient.configuration.core.name
        unlink(patient.keys.curve(core))
        #expect(try patient.finding("keys").verdict == .warning)
        #expect(try patient.finding("keys").detail.contains(patient.keys.curve(core)))
        unlink(patient.keys.publicCurve(core))
        #expect(try patient.finding("public keys").verdict == .problem)
    }

    @Test func stateThatOthersCanWriteIsAProblem() throws {
        let patient = try Patient()
        chmod(patient.state.root, 0o777)
        #expect(try patient.finding("state").verdict == .problem)
        chmod(patient.state.root, 0o700)
        #expect(try patient.finding("state").verdict == .fine)
    }

    @Test func missingStateIsAProblem() throws {
        let folder = try ScratchFolder()
        let found = Checkup(
            configuration: try sampleConfiguration(),
            state: StateDirectory(folder.path + "/none")
        ).still()
        #expect(found.first { $0.check == "state" }?.verdict == .problem)
        #expect(found.first { $0.check == "space" }?.verdict == .problem)
    }

    @Test func aJournalThatIsNoneIsAProblem() throws {
        let patient = try Patient()
        let core = patient.configuration.core.name
        let path = patient.state.journal(of: core)
        try StateDirectory.makeFolder(patient.state.folder(of: core))
        try "not a journal".write(toFile: path, atomically: true, encoding: .utf8)
        let finding = try patient.finding("journal of core")
        #expect(finding.verdict == .problem)
        #expect(finding.detail.contains(path))
    }

    /// A key that is not there says nothing of the journal.
    @Test func aJournalWithoutItsKeyIsNotCalledDamaged() throws {
        let patient = try Patient()
        let core = patient.configuration.core.name
        let path = patient.state.journal(of: core)
        try StateDirectory.makeFolder(patient.state.folder(of: core))
        try "not read".write(toFile: path, atomically: true, encoding: .utf8)
        unlink(patient.keys.publicCheckpoint(core))
        let finding = try patient.finding("journal of core")
        #expect(finding.verdict == .problem)
        #expect(finding.advice.contains("the journal itself may be sound"))
        #expect(try patient.finding("public keys").detail.contains("core.checkpoint"))
    }

    @Test func aPortThatTheVenueNeedsIsAProblem() async throws {
        try await WebhookServer.with { _, address in
            let port = try #require(address.split(separator: ":").last)
            // The gateway's address and the venue's are one.
            let patient = try Patient(
                sampleConfiguration(replacing: [("127.0.0.1:8701", "127.0.0.1:\(port)")]))
            #expect(try patient.finding("sim-venue").detail.contains("port \(port)"))
        }
    }

    @Test func aPortOfAnotherProgramIsAProblem() async throws {
        try await WebhookServer.with { _, address in
            let port = try #require(address.split(separator: ":").last)
            let patient = try Patient(
                sampleConfiguration(replacing: [("127.0.0.1:8800", "127.0.0.1:\(port)")]))
            let finding = try patient.finding("dashboard")
            #expect(finding.verdict == .problem)
            #expect(finding.detail.contains("another program has port \(port)"))
        }
    }

    @Test func silentAlertsWarnAndAnOpenAddressIsAProblem() throws {
        #expect(try Patient().finding("alerts").verdict == .warning)
        let folder = try ScratchFolder()
        let path = folder.path + "/hook.url"
        let section = """
            channels: [ { name: hook, kind: slack, url-file: \(path) } ]
            heartbeat: { url: "http://127.0.0.1:9/" }
            """
        let patient = try Patient(alertSample(section))
        #expect(try patient.finding("alerts").detail.contains("does not exist"))
        try "http://127.0.0.1:9/".write(toFile: path, atomically: true, encoding: .utf8)
        chmod(path, 0o644)
        #expect(try patient.finding("alerts").advice == "chmod 600 \(path)")
        chmod(path, 0o600)
        #expect(try patient.finding("alerts").verdict == .fine)
    }

    @Test func processesAreFoundWanting() throws {
        let silent = StatusReport(Sample.core, problem: .unavailable(Sample.core, "it is silent"))
        #expect(Finding(silent, versions: []).verdict == .problem)
    }

    @Test func whatIsWrongIsFollowedByWhatToDo() {
        let lines = Finding.lines([
            .fine("space", "much"), .problem("keys", "open", "chmod 600 it"),
        ])
        #expect(lines == ["ok    space  much", "FAIL  keys   open", "      -> chmod 600 it"])
    }
}
