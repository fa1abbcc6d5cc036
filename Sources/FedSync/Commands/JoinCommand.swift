import ArgumentParser
import Cryptography
import Federation
import Runtime
import Trading

/// Joins a federation, or replaces the roster of the one that was joined.
struct JoinCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "join",
        abstract: "Joins the federation of an invitation, or takes a newer roster of it.",
        discussion: "The first time the fingerprint must be given, as people have compared it. A "
            + "newer roster must be signed by the roots of the old one. Restart `fed-sync run` "
            + "afterwards.")

    @Argument(help: "The invitation.")
    var file: String?
    @Option(help: "The fingerprint of the federation, as others have told it.")
    var trust: String?
    @OptionGroup var options: FedSyncOptions

    func run() throws {
        FedSyncCommand.perform {
            try Hardening.apply()
            let folder = options.folder
            try folder.prepare()
            if let file { try install(file, folder) }
            let joined = try folder.joined()
            let own = PeerID(identity: try folder.identity().publicKey)
            guard joined.peer(own) != nil else {
                throw ProcessFailure(
                    .refused, "the roster does not name this peer (\(own)): it cannot take part")
            }
            try BinaryFile.write("in\n", to: folder.part)
            print("takes part in \(joined.name), roster \(joined.roster.version), as \(own)")
        }
    }

    private func install(_ file: String, _ folder: FedSyncFolder) throws {
        let next = try Invitation(path: file)
        let now = WallClock.now()
        try next.check(file: file, at: now)
        if FileSystem.exists(folder.invitation) {
            let old = try folder.joined()
            guard next.roster.digest != old.roster.digest else { return }
            var book = try RosterBook(
                trusting: old.roster, signatures: old.signatures,
                at: min(now, old.roster.expires - .seconds(1)))
            do throws(RosterError) {
                try book.accept(next.roster, signatures: next.signatures, at: now)
            } catch {
                throw ProcessFailure(
                    .refused, "\(file) does not follow the roster that was joined: \(error)")
            }
            warn(old, next)
        } else {
            guard let trust else {
                throw ProcessFailure(
                    .usage,
                    "read `fed-sync roster show \(file)`, compare the fingerprint with the "
                        + "others, and give it with --trust")
            }
            guard trust == next.fingerprint else {
                throw ProcessFailure(
                    .refused, "\(file) has the fingerprint \(next.fingerprint), not \(trust)")
            }
        }
        try BinaryFile.write(next.yaml, to: folder.invitation)
    }

    /// A cohort that changes by one lets others take one sum from the next.
    private func warn(_ old: Invitation, _ next: Invitation) {
        let difference = Set(old.peers.map(\.peer.id))
            .symmetricDifference(next.peers.map(\.peer.id))
        guard difference.count == 1 else { return }
        print(
            "warning: the rosters differ by one peer: the difference of two sums may show what "
                + "that peer has learned")
    }
}

/// Takes no part any more.
struct LeaveCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "leave",
        abstract: "Takes no part in rounds any more. A running `fed-sync` follows at once; `join` "
            + "without a file takes part again.")

    @OptionGroup var options: FedSyncOptions

    func run() throws {
        FedSyncCommand.perform {
            let folder = options.folder
            let joined = try folder.joined()
            try BinaryFile.write("out\n", to: folder.part)
            print("takes no part in \(joined.name)")
        }
    }
}

/// Offers what the cluster has learned.
struct OfferCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "offer",
        abstract: "Puts learned parameters into the next round, once.",
        discussion: "FILE is YAML or JSON: `weight`, above 0 and at most 1, and `parameters`, a "
            + "value for each parameter of the set. What enters the sum is the difference from "
            + "the federation's model, cut to the windows. A newer offer replaces one that waits.")

    @Argument(help: "The file of the parameters.")
    var file: String
    @OptionGroup var options: FedSyncOptions

    func run() throws {
        FedSyncCommand.perform {
            let folder = options.folder
            let joined = try folder.joined()
            let (targets, weight) = try UpdateBox.read(
                file, names: joined.parameters.map(\.name))
            let number = try UpdateBox(folder: folder.updates, parameters: joined.parameters)
                .put(targets: targets, weight: weight, now: WallClock.now())
            print("offered as \(number)")
        }
    }
}
