import Foundation
import Runtime
import Trading

/// What the `fed-sync` beside this cluster says of itself.
struct FederationReport: Codable, Sendable, Equatable {
    /// `none`: it was never here. `silent`: it is not running. `idle` or the stage of its round.
    let state: String
    var federation: String?
    var peer: String?
    /// The height of the newest model, and its hash.
    var version: UInt64?
    var model: String?
    var attempt: UInt32?
    var isCoordinating: Bool?
    var takesPart: Bool?
    /// Two versions of one height have certificates: a person must look.
    var isHalted: Bool?
    var hasUpdate: Bool?
    /// Peers to whom there is a link.
    var linked: [String]?
    /// Since its last word, in milliseconds.
    var ageMillis: Int64?
    var alarm: String?

    /// A running peer writes twice a second.
    private static let freshMillis: Int64 = 10_000

    /// As `fed-sync` writes it.
    private struct Word: Decodable {
        let peer: String
        let federation: String
        let height: UInt64
        let model: String
        let attempt: UInt32
        let stage: String
        let isCoordinating: Bool
        let takesPart: Bool
        let isHalted: Bool
        let hasUpdate: Bool
        let linked: [String]
        let writtenMillis: UInt64
        let alarm: String?
    }

    /// Reads the file that a peer keeps under the cluster's state.
    init(path: String, at now: Timestamp) throws(ProcessFailure) {
        guard FileSystem.exists(path) else {
            state = "none"
            return
        }
        let text = try TextFile.read(path)
        guard let word = try? JSONDecoder().decode(Word.self, from: Data(text.utf8)) else {
            throw ProcessFailure(.unavailable, "\(path) is not what a fed-sync writes")
        }
        let age = now.nanoseconds / 1_000_000 - Int64(clamping: word.writtenMillis)
        state = age > FederationReport.freshMillis ? "silent" : word.stage
        federation = word.federation
        peer = word.peer
        version = word.height
        model = word.model
        attempt = word.attempt
        isCoordinating = word.isCoordinating
        takesPart = word.takesPart
        isHalted = word.isHalted
        hasUpdate = word.hasUpdate
        linked = word.linked
        ageMillis = max(0, age)
        alarm = word.alarm
    }

    /// Where a peer of this cluster keeps it.
    static func path(in state: StateDirectory) -> String {
        state.folder(of: ProcessID("fed-sync") ?? .empty) + "/status.json"
    }
}
