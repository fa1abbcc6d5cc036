import Foundation
import SimVenue
import Testing

/// The venues' official clients from PyPI, unmodified, against the simulated venue. They are
/// installed on first use; without PyPI the tests are skipped and say so.
@Suite(.serialized, .enabled(if: OfficialClients.areInstalled, "PyPI cannot be reached"))
struct OfficialClientTests {
    @Test(.timeLimit(.minutes(4)), arguments: ["py_clob_client_v2", "polymarket_client"])
    func polymarketsClientCannotTell(_ client: String) throws {
        let venue = try VenueFixture(in: VenueFixture.temporaryDirectory(), recorded: false) {
            $0.tier = .basic
        }
        let run = try OfficialClients.run(
            client, "http://127.0.0.1:\(venue.server.polymarketPort)")
        #expect(run.status == 0, "\(run.output)")
        #expect(run.output.contains("checks hold"), "\(run.output)")
        try venue.stop()
    }
}

/// How the clients' scripts are run.
enum OfficialClients {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    /// Installs them where that is still to be done. Only an unreachable PyPI skips: whatever else
    /// is wrong fails in the tests.
    static let areInstalled: Bool = {
        do { return try run("--setup").status != 77 } catch { return true }
    }()

    static func run(_ arguments: String...) throws -> (status: Int32, output: String) {
        let process = Process()
        process.executableURL = root.appending(path: "scripts/official-clients")
        process.arguments = arguments
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let text = try output.fileHandleForReading.readToEnd() ?? Foundation.Data()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: text, as: UTF8.self))
    }
}
