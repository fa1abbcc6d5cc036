import Cryptography
import Runtime
import Trading
import Transport

/// Makes the keys of a cluster. Never writes over a key: what exists stays.
struct KeyMaker {
    /// Files that were made, in order.
    private(set) var made: [String] = []
    /// What the operator has to do.
    private(set) var notes: [String] = []

    private let configuration: ClusterConfiguration
    private let files: KeyFiles

    init(configuration: ClusterConfiguration, files: KeyFiles) {
        self.configuration = configuration
        self.files = files
    }

    /// Makes whatever is missing.
    mutating func run() throws(ProcessFailure) {
        do {
            try makeFolders()
            for process in speakers { try makeCurve(process) }
            for owner in [configuration.core.name] + configuration.gateways.map(\.name) {
                try makePermit(owner)
                try makeCheckpoint(owner)
            }
            for gateway in configuration.gateways { try makeVenue(gateway) }
            for name in configuration.operators { try makeOperator(name) }
        } catch {
            throw ProcessFailure(error)
        }
    }

    /// Processes that have links, with the console of operators.
    private var speakers: [ProcessID] {
        let venue = configuration.simVenue?.name
        return configuration.processNames.filter { $0 != venue }
            + [configuration.supervisor.console]
    }

    private func makeFolders() throws {
        for folder in [files.root, files.publicFolder, files.operatorFolder] {
            try StateDirectory.makeFolder(folder)
        }
        for process in speakers { try StateDirectory.makeFolder(files.folder(of: process)) }
    }

    private mutating func makeCurve(_ process: ProcessID) throws {
        try make(files.curve(process), public: files.publicCurve(process)) {
            let pair = try CurveKeyPair.generate()
            return (SecretBytes(Array(pair.secretKey.reveal().utf8)), pair.publicKey.z85)
        } derive: { secret in
            let text = secret.withUnsafeBytes { String(decoding: $0.prefix(40), as: UTF8.self) }
            return try CurveSecretKey(z85: text).publicKey().z85
        }
    }

    private mutating func makePermit(_ process: ProcessID) throws {
        try make(files.permit(process), public: files.publicPermit(process)) {
            let key = try X25519PrivateKey.generate()
            return (KeyMaker.text(of: key.secret), Hex.encode(key.publicKey.bytes))
        } derive: { secret in
            let key = try X25519PrivateKey(secret: KeyMaker.bytes(inText: secret))
            return Hex.encode(key.publicKey.bytes)
        }
    }

    private mutating func makeCheckpoint(_ process: ProcessID) throws {
        try makeSigning(files.checkpoint(process), files.publicCheckpoint(process))
    }

    private mutating func makeOperator(_ name: ShortName) throws {
        try makeSigning(files.operator(name), files.publicOperator(name))
    }

    private mutating func makeSigning(_ secret: String, _ publicPath: String) throws {
        try make(secret, public: publicPath) {
            let key = try Ed25519PrivateKey.generate()
            return (KeyMaker.text(of: key.seed), Hex.encode(key.publicKey.bytes))
        } derive: { secret in
            let key = try Ed25519PrivateKey(seed: KeyMaker.bytes(inText: secret))
            return Hex.encode(key.publicKey.bytes)
        }
    }

    /// A live account's key comes from the venue; only the simulated venue takes one of ours.
    private mutating func makeVenue(_ gateway: GatewayConfiguration) throws {
        if configuration.mode == .live {
            if !exists(files.venue(gateway.name)) {
                notes.append(
                    "put the key that \(gateway.venue) issued for \(gateway.account) at "
                        + files.venue(gateway.name))
            }
            return
        }
        if gateway.venue == VenueID("polymarket") { return try makeWallet(gateway.name) }
        try make(files.venue(gateway.name), public: files.publicVenue(gateway.name)) {
            let key = try RSAPrivateKey.generate()
            return (try key.privatePEM(), try key.publicPEM())
        } derive: { secret in
            try RSAPrivateKey(pem: secret).publicPEM()
        }
    }

    /// A wallet's key; what is public of it is its address.
    private mutating func makeWallet(_ gateway: ProcessID) throws {
        try make(files.venue(gateway), public: files.publicVenue(gateway)) {
            let secret = try SecretBytes.random(count: 32)
            let key = try Secp256k1PrivateKey(secret)
            return (KeyMaker.text(of: secret), key.address.description)
        } derive: { secret in
            try Secp256k1PrivateKey(KeyMaker.bytes(inText: secret)).address.description
        }
    }

    private mutating func make(
        _ secretPath: String, public publicPath: String,
        generate: () throws -> (SecretBytes, String), derive: (SecretBytes) throws -> String
    ) throws {
        if exists(secretPath) {
            let secret = try SecretFile.read(secretPath)
            let expected: String
            do {
                expected = try derive(secret)
            } catch {
                throw ProcessFailure(
                    .usage,
                    "\(secretPath) is not a key of its kind: \(error); bring the right one back, "
                        + "or delete it and its public key to make a new pair")
            }
            if !exists(publicPath) {
                try SecretFile.writePublic(expected + "\n", to: publicPath)
                made.append(publicPath)
            } else if trimmed(try TextFile.read(publicPath)) != trimmed(expected) {
                throw ProcessFailure(
                    .refused,
                    "\(publicPath) does not belong to \(secretPath): delete the one that is wrong")
            }
            return
        }
        guard !exists(publicPath) else {
            throw ProcessFailure(
                .refused,
                "\(publicPath) exists without \(secretPath): bring the secret back, or delete the "
                    + "public key to make a new pair")
        }
        let (secret, publicText) = try generate()
        try SecretFile.write(secret, to: secretPath)
        try SecretFile.writePublic(publicText + "\n", to: publicPath)
        made += [secretPath, publicPath]
    }

    /// A key file's text: hexadecimal and a newline.
    private static func text(of secret: SecretBytes) -> SecretBytes {
        SecretBytes(Array("\(secret.hex)\n".utf8))
    }

    private static func bytes(inText secret: SecretBytes) throws -> SecretBytes {
        try SecretBytes(hex: secret.withUnsafeBytes { String(decoding: $0, as: UTF8.self) })
    }

    private func trimmed(_ text: String) -> String {
        text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }

    private func exists(_ path: String) -> Bool { FileSystem.exists(path) }
}
