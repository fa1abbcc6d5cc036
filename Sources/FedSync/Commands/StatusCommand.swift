import ArgumentParser
import Cryptography
import Federation
import Runtime
import Trading
import Transport
import Wire

/// How the peer is.
struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Says where this peer stands.")

    /// A running peer writes twice a second.
    private static let freshMillis: UInt64 = 10_000

    @OptionGroup var options: FedSyncOptions

    func run() throws {
        FedSyncCommand.perform {
            let folder = options.folder
            let status = try StatusCommand.read(folder)
            if options.json { return try FedSyncCommand.printJSON(status) }
            let others = try folder.joined().peers.count - 1
            print("federation \(status.federation), peer \(status.peer)")
            print("version \(status.height)  model \(status.model)")
            print(
                "attempt \(status.attempt), \(status.stage)"
                    + (status.isCoordinating ? ", coordinating" : ""))
            let linked = status.linked.joined(separator: " ")
            print("linked \(status.linked.count) of \(others): \(linked)")
            print(status.takesPart ? "takes part" : "takes no part: `fed-sync join` to")
            print(status.hasUpdate ? "an update waits for a round" : "no update waits")
            if status.isHalted { print("HALTED: two versions of one height have certificates") }
            if let alarm = status.alarm { print("alarm: \(alarm)") }
        }
    }

    /// The status of a running peer.
    static func read(_ folder: FedSyncFolder) throws(ProcessFailure) -> FedSyncStatus {
        guard FileSystem.exists(folder.status),
            let status = FedSyncStatus(json: try TextFile.read(folder.status))
        else { throw ProcessFailure(.unavailable, "fed-sync has not run here: \(folder.root)") }
        let now = WallClock.now().milliseconds
        guard now < status.writtenMillis + freshMillis else {
            throw ProcessFailure(
                .unavailable,
                "fed-sync does not run: its last word is \((now - status.writtenMillis) / 1_000) "
                    + "s old, at version \(status.height)")
        }
        return status
    }
}

/// Who belongs to the federation.
struct PeersCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "peers", abstract: "Lists the peers of the roster, and who is linked.")

    @OptionGroup var options: FedSyncOptions

    func run() throws {
        FedSyncCommand.perform {
            let folder = options.folder
            let joined = try folder.joined()
            let own = PeerID(identity: try folder.identity().publicKey)
            let linked = (try? StatusCommand.read(folder).linked) ?? []
            if options.json {
                return try FedSyncCommand.printJSON(
                    joined.peers.map { Row($0, own: own, linked: linked) })
            }
            for peer in joined.peers {
                let row = Row(peer, own: own, linked: linked)
                print("\(row.name)  \(row.peer)  \(row.address)  \(row.link)")
            }
        }
    }

    private struct Row: Encodable {
        let name: String
        let peer: String
        let address: String
        let link: String

        init(_ peer: InvitedPeer, own: PeerID, linked: [String]) {
            name = peer.label.description
            self.peer = peer.peer.id.description
            address = peer.address.description
            link =
                peer.peer.id == own ? "self" : linked.contains(name) ? "linked" : "not linked"
        }
    }
}
