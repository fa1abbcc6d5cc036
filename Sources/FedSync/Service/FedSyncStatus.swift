import Foundation

/// What a running `fed-sync` says of itself, in a file that `fed-sync status` reads.
package struct FedSyncStatus: Codable, Sendable, Equatable {
    package var peer: String
    package var federation: String
    package var height: UInt64
    package var model: String
    package var attempt: UInt32
    /// The stage of the round that the peer is in, or `idle`.
    package var stage: String
    package var isCoordinating: Bool
    package var takesPart: Bool
    package var isHalted: Bool
    package var hasUpdate: Bool
    /// Peers to whom there is a link now.
    package var linked: [String]
    /// UTC milliseconds.
    package var writtenMillis: UInt64
    /// The last thing that an operator should look at.
    package var alarm: String?

    /// JSON with its keys in order.
    package var json: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(self) else { return "{}" }
        return String(decoding: data, as: UTF8.self)
    }

    package init?(json: String) {
        guard let value = try? JSONDecoder().decode(FedSyncStatus.self, from: Data(json.utf8))
        else { return nil }
        self = value
    }

    init(
        peer: String, federation: String, height: UInt64, model: String, attempt: UInt32,
        stage: String, isCoordinating: Bool, takesPart: Bool, isHalted: Bool, hasUpdate: Bool,
        linked: [String], writtenMillis: UInt64, alarm: String?
    ) {
        self.peer = peer
        self.federation = federation
        self.height = height
        self.model = model
        self.attempt = attempt
        self.stage = stage
        self.isCoordinating = isCoordinating
        self.takesPart = takesPart
        self.isHalted = isHalted
        self.hasUpdate = hasUpdate
        self.linked = linked
        self.writtenMillis = writtenMillis
        self.alarm = alarm
    }
}
