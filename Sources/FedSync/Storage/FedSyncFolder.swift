package import Cryptography
package import Federation
package import Journal
package import Runtime
package import Trading
package import Transport
import Wire

/// Where everything of a `fed-sync` lies under its state directory.
package struct FedSyncFolder: Sendable {
    package static let process: ProcessID = ProcessID("fed-sync") ?? .empty

    package let state: StateDirectory

    package init(state: StateDirectory) { self.state = state }

    package var root: String { state.folder(of: FedSyncFolder.process) }
    package var keys: String { state.keys("keys") + "/\(FedSyncFolder.process)" }
    package var identityKey: String { keys + "/identity.key" }
    package var curveKey: String { keys + "/curve.key" }
    package var checkpointKey: String { keys + "/checkpoint.key" }
    package var invitation: String { root + "/invitation.yaml" }
    /// `in` or `out`: whether this peer takes part in rounds.
    package var part: String { root + "/part" }
    package var updates: String { root + "/updates" }
    package var transcripts: String { root + "/transcripts" }
    package var status: String { root + "/status.json" }
    package var journal: String { state.journal(of: FedSyncFolder.process) }
    package var log: String { state.log(of: FedSyncFolder.process) }

    package func prepare() throws(ProcessFailure) {
        do throws(StateError) {
            try state.prepare(for: FedSyncFolder.process)
            for folder in [keys, updates, transcripts] { try StateDirectory.makeFolder(folder) }
        } catch {
            throw ProcessFailure(error)
        }
    }

    // MARK: Keys

    private static let advice = "run `fed-sync keys init`"

    package func identity() throws(ProcessFailure) -> Ed25519PrivateKey {
        try FedSyncFolder.signingKey(identityKey)
    }

    package func checkpoint() throws(ProcessFailure) -> Ed25519PrivateKey {
        try FedSyncFolder.signingKey(checkpointKey)
    }

    package static func signingKey(_ path: String) throws(ProcessFailure) -> Ed25519PrivateKey {
        let text = try secretText(path)
        do throws(CryptoError) {
            return try Ed25519PrivateKey(seed: try SecretBytes(hex: text))
        } catch {
            throw ProcessFailure(.usage, "\(path) is not an Ed25519 key: \(error)")
        }
    }

    package func curve() throws(ProcessFailure) -> CurveSecretKey {
        let text = try FedSyncFolder.secretText(curveKey)
        do throws(TransportError) {
            return try CurveSecretKey(z85: text)
        } catch {
            throw ProcessFailure(.usage, "\(curveKey) is not a CURVE key: \(error.message)")
        }
    }

    private static func secretText(_ path: String) throws(ProcessFailure) -> String {
        guard FileSystem.exists(path) else {
            throw ProcessFailure(.usage, "missing key \(path): \(advice)")
        }
        return try SecretFile.read(path).withUnsafeBytes { bytes in
            String(decoding: bytes.prefix { $0 > 0x20 && $0 < 0x7F }, as: UTF8.self)
        }
    }

    // MARK: What has been joined

    package func joined() throws(ProcessFailure) -> Invitation {
        guard FileSystem.exists(invitation) else {
            throw ProcessFailure(
                .usage, "\(root) has joined no federation: run `fed-sync join FILE --trust ...`")
        }
        return try Invitation(path: invitation)
    }

    package var takesPart: Bool {
        guard let text = try? TextFile.read(part, sizeMax: 64) else { return false }
        return text.hasPrefix("in")
    }

    package func identity(in invitation: Invitation) -> JournalIdentity {
        JournalIdentity(
            cluster: invitation.name.description, owner: FedSyncFolder.process.description,
            schemaVersion: UInt32(WireSchema.version))
    }

    /// Every version that the journal has, while its owner may be writing.
    package func record(_ invitation: Invitation) throws(ProcessFailure) -> PeerRecord {
        guard FileSystem.exists(journal) else { return PeerRecord(model: invitation.initial) }
        var fold = RecordFold(
            initial: invitation.initial, ring: invitation.configuration.ring, keepsAll: true)
        do {
            try fold.read(JournalReader(opening: journal, expected: identity(in: invitation)))
        } catch {
            throw ProcessFailure(.refused, "\(journal): \(error)")
        }
        return fold.record
    }
}
