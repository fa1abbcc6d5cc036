import ArgumentParser
import Federation
import Runtime
import Trading

/// Everything about invitations, which hold the roster.
struct RosterCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "roster",
        abstract: "Signs, verifies and shows an invitation: who belongs to a federation, and what "
            + "it learns.",
        subcommands: [
            RosterSignCommand.self, RosterVerifyCommand.self, RosterShowCommand.self,
        ])
}

/// Adds a root's signature.
struct RosterSignCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sign", abstract: "Signs an invitation with a root key, in its file.")

    @Argument(help: "The invitation.")
    var file: String
    @Option(help: "The file of the root key.")
    var root: String

    func run() throws {
        FedSyncCommand.perform {
            try Hardening.apply()
            let invitation = try Invitation(path: file)
            let signed = try invitation.signed(by: try FedSyncFolder.signingKey(root))
            try BinaryFile.write(signed.yaml, to: file)
            print("signed \(file): \(signed.signatures.count) of \(signed.roster.threshold)")
        }
    }
}

/// Checks an invitation.
struct RosterVerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Checks an invitation: floors, keys, expiry and the roots' signatures.")

    @Argument(help: "The invitation.")
    var file: String

    func run() throws {
        FedSyncCommand.perform {
            let invitation = try Invitation(path: file)
            try invitation.check(file: file, at: WallClock.now())
            print("holds: roster \(invitation.roster.version) of \(invitation.name)")
            print("fingerprint \(invitation.fingerprint)")
        }
    }
}

/// Says what an invitation means, signed or not.
struct RosterShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Says in plain words what an invitation asks of a peer, before it joins.")

    @Argument(help: "The invitation. Default: the one that was joined.")
    var file: String?
    @OptionGroup var options: FedSyncOptions

    func run() throws {
        FedSyncCommand.perform {
            let invitation = try file.map { try Invitation(path: $0) } ?? options.folder.joined()
            if options.json { return try FedSyncCommand.printJSON(Summary(invitation)) }
            for line in invitation.words { print(line) }
        }
    }

    private struct Summary: Encodable {
        let federation: String
        let fingerprint: String
        let version: UInt64
        let expires: String
        let set: String
        let parameters: [String]
        let peers: [String: String]
        let survivorsMin: Int

        init(_ invitation: Invitation) {
            federation = invitation.name.description
            fingerprint = invitation.fingerprint
            version = invitation.roster.version
            expires = invitation.roster.expires.text
            set = invitation.set
            parameters = invitation.parameters.map(\.name)
            peers = Dictionary(
                invitation.peers.map { ($0.label.description, $0.peer.id.description) },
                uniquingKeysWith: { first, _ in first })
            survivorsMin = invitation.configuration.survivorsMin(of: invitation.peers.count)
        }
    }
}

extension Invitation {
    /// The invitation in sentences.
    var words: [String] {
        let floor = configuration.survivorsMin(of: peers.count)
        var lines = [
            "federation \(name), roster \(roster.version), epoch \(roster.epoch), until "
                + roster.expires.text,
            "fingerprint \(fingerprint): compare it with the others over another channel",
            "signed by \(signatures.count) of \(roster.roots.count) roots; \(roster.threshold) are "
                + "needed",
            "",
            "learns the set \(set): \(parameters.count) parameters, each moved by at most its "
                + "window in a round",
        ]
        lines += parameters.map { "  \($0.name)  starts at \($0.initial), window \($0.window)" }
        lines += [
            "", "peers:",
        ]
        lines += peers.map { "  \($0.label)  \($0.peer.id)  \($0.address)" }
        lines += [
            "",
            "If you join, the others learn that you take part, when, and the sum of at least "
                + "\(floor) peers' updates.",
            "They do not learn your update, your weight, or any example behind them, unless all "
                + "other peers of a sum put theirs together.",
            "A round with fewer than \(floor) survivors is given up and reveals nothing.",
        ]
        return lines
    }
}
