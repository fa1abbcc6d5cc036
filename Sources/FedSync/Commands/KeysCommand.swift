import ArgumentParser
import Cryptography
import Federation
import Runtime
import Trading
import Transport
import Wire

/// Everything about keys.
struct KeysCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keys", abstract: "Makes and shows the keys of a peer, and those of roots.",
        subcommands: [KeysInitCommand.self, KeysShowCommand.self, KeysRootCommand.self])
}

/// Makes the keys that are missing.
struct KeysInitCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init", abstract: "Makes the peer's keys. Nothing is ever overwritten.")

    @OptionGroup var options: FedSyncOptions

    func run() throws {
        FedSyncCommand.perform {
            try Hardening.apply()
            let folder = options.folder
            try folder.prepare()
            for path in [folder.identityKey, folder.checkpointKey]
            where !FileSystem.exists(path) {
                try KeysRootCommand.makeSigningKey(path)
                print("made \(path)")
            }
            if !FileSystem.exists(folder.curveKey) {
                let pair = try CurveKeyPair.generate()
                try SecretFile.write(
                    SecretBytes(Array(pair.secretKey.reveal().utf8)), to: folder.curveKey)
                print("made \(folder.curveKey)")
            }
            print("peer \(PeerID(identity: try folder.identity().publicKey))")
        }
    }
}

/// Prints what the keeper of the roster needs.
struct KeysShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Prints this peer's lines for a roster: public keys, and the proof that they "
            + "belong together.")

    @OptionGroup var options: FedSyncOptions
    @Option(help: "What others call this peer: at most 16 of A-Z a-z 0-9 . _ -")
    var label: String
    @Option(help: "Where others reach this peer: tcp://HOST:PORT")
    var address: String
    @Option(name: .customLong("valid-until"), help: "Until when, such as 2028-01-01T00:00:00Z.")
    var validUntil: String = "2030-01-01T00:00:00Z"

    func run() throws {
        FedSyncCommand.perform {
            try Hardening.apply()
            guard let name = ShortName(label) else {
                throw ProcessFailure(.usage, "--label: `\(label)` is no name")
            }
            let folder = options.folder
            let identity = try folder.identity()
            let curve = try folder.curve().publicKey()
            let proof = try identity.sign(InvitedPeer.curveStatement(curve))
            let endpoint: Endpoint
            do { endpoint = try Endpoint(parsing: address) } catch {
                throw ProcessFailure(.usage, "--address: \(error)")
            }
            for line in [
                "  - name: \(name)", "    address: \(endpoint)",
                "    identity: \"\(Hex.encode(identity.publicKey.bytes))\"",
                "    curve: '\(curve.z85)'", "    curve-proof: \"\(Hex.encode(proof))\"",
                "    valid-from: \(WallClock.now().text)", "    valid-until: \(validUntil)",
            ] {
                print(line)
            }
        }
    }
}

/// Makes a root key, which signs rosters.
struct KeysRootCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "root",
        abstract: "Makes a root key in a file and prints its public half. Keep it off machines "
            + "that run peers.")

    @Argument(help: "The file of the key, which must not exist.")
    var file: String

    func run() throws {
        FedSyncCommand.perform {
            try Hardening.apply()
            let key = try KeysRootCommand.makeSigningKey(file)
            print("  - key: \"\(Hex.encode(key.publicKey.bytes))\"")
        }
    }

    @discardableResult
    static func makeSigningKey(_ path: String) throws -> Ed25519PrivateKey {
        let key = try Ed25519PrivateKey.generate()
        try SecretFile.write(SecretBytes(Array("\(key.seed.hex)\n".utf8)), to: path)
        return key
    }
}
