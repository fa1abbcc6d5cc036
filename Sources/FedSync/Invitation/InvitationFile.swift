package import Cryptography
package import Federation
import Foundation
package import Runtime
package import Trading
import Transport
import Wire

extension Invitation {
    private static let sizeMax = 4 << 20

    /// Reads an invitation strictly. Signatures are not checked here: see `check`.
    package init(path: String) throws(ProcessFailure) {
        let text = try TextFile.read(path, sizeMax: Invitation.sizeMax)
        do throws(ConfigurationError) {
            try self.init(yaml: text, file: path)
        } catch {
            throw ProcessFailure(.usage, error.description)
        }
    }

    package init(yaml: String, file: String) throws(ConfigurationError) {
        let root = try ConfigurationSection(
            ConfigurationValue(yaml: yaml, file: file), file: file, path: "")
        try root.allow(
            "federation", "version", "epoch", "expires", "threshold", "roots", "peers", "set",
            "signatures")
        var roots: [Digest] = []
        for section in try root.sections("roots", isRequired: true) {
            try section.allow("key")
            roots.append(try section.digest("key"))
        }
        var peers: [InvitedPeer] = []
        for section in try root.sections("peers", isRequired: true) {
            peers.append(try InvitedPeer(section))
        }
        var signatures: [RootSignature] = []
        for section in try root.sections("signatures", isRequired: false) {
            try section.allow("root", "signature")
            signatures.append(
                RootSignature(
                    root: try section.digest("root"), signature: try section.signature("signature"))
            )
        }
        let set = try root.section("set")
        let (configuration, parameters) = try RoundConfiguration.read(set)
        self.init(
            name: try root.name("federation"), set: try set.name("name").description,
            parameters: parameters, configuration: configuration, peers: peers,
            terms: Terms(
                version: UInt64(try root.integer("version", in: 1...Int.max)),
                epoch: UInt64(try root.integer("epoch", in: 1...Int.max)),
                expires: try root.moment("expires"),
                threshold: try root.integer("threshold", in: 1...64), roots: roots),
            signatures: signatures)
    }

    /// Whether the file holds: floors, keys, names, expiry and the roots' signatures.
    @discardableResult
    package func check(file: String, at now: Timestamp) throws(ProcessFailure) -> RosterBook {
        if let problem = configuration.problem {
            throw ProcessFailure(.usage, "\(file): the set cannot be learned in secret: \(problem)")
        }
        for peer in peers {
            guard
                peer.peer.identity.isValid(
                    peer.curveProof.bytes, for: InvitedPeer.curveStatement(peer.curve))
            else {
                throw ProcessFailure(
                    .refused,
                    "\(file): peer \(peer.label) has not signed its curve key: ask for the lines "
                        + "of its `fed-sync keys show`")
            }
        }
        do throws(RosterError) {
            return try RosterBook(trusting: roster, signatures: signatures, at: now)
        } catch {
            throw ProcessFailure(.refused, "\(file): the roster does not hold: \(error)")
        }
    }

    /// The same roster with one more signature.
    package func signed(by root: Ed25519PrivateKey) throws(ProcessFailure) -> Invitation {
        guard let key = Digest(bytes: root.publicKey.bytes), roster.roots.contains(key) else {
            throw ProcessFailure(
                .refused,
                "the key \(Hex.encode(root.publicKey.bytes)) is no root of this roster")
        }
        let bytes: [UInt8]
        do throws(CryptoError) { bytes = try root.sign(roster.signedBytes) } catch {
            throw ProcessFailure(.refused, "signing failed: \(error)")
        }
        let signature = RootSignature(root: key, signature: SignatureBytes(bytes: bytes) ?? .zero)
        return Invitation(
            name: name, set: set, parameters: parameters, configuration: configuration,
            peers: peers,
            terms: Terms(
                version: roster.version, epoch: roster.epoch, expires: roster.expires,
                threshold: roster.threshold, roots: roster.roots),
            signatures: signatures.filter { $0.root != key } + [signature])
    }

    /// The file's text: what `init(yaml:file:)` reads.
    package var yaml: String {
        var lines = [
            "federation: \(name)", "version: \(roster.version)", "epoch: \(roster.epoch)",
            "expires: \(roster.expires.text)", "threshold: \(roster.threshold)", "roots:",
        ]
        lines += roster.roots.map { "  - key: \"\($0)\"" }
        lines.append("peers:")
        for peer in peers { lines += peer.lines }
        lines += configuration.lines(set: set, parameters: parameters)
        if !signatures.isEmpty { lines.append("signatures:") }
        for signature in signatures {
            lines.append("  - root: \"\(signature.root)\"")
            lines.append("    signature: \"\(Hex.encode(signature.signature.bytes))\"")
        }
        return lines.joined(separator: "\n") + "\n"
    }
}

extension InvitedPeer {
    init(_ section: ConfigurationSection) throws(ConfigurationError) {
        try section.allow(
            "name", "address", "identity", "curve", "curve-proof", "key-epoch", "valid-from",
            "valid-until")
        label = try section.name("name")
        do throws(TransportError) {
            address = try Endpoint(parsing: try section.quietText("address"))
            curve = try CurvePublicKey(z85: try section.quietText("curve"))
        } catch {
            throw section.refusal(
                error.code == .badKey ? "curve" : "address",
                expected: error.code == .badKey
                    ? "40 characters of Z85" : "an address tcp://HOST:PORT")
        }
        let bytes = try section.digest("identity")
        guard let identity = Ed25519PublicKey.parse(bytes) else {
            throw section.refusal("identity", expected: "an Ed25519 public key")
        }
        let keyEpoch = try section.integer("key-epoch", in: 0...Int(UInt32.max), default: 0)
        curveProof = try section.signature("curve-proof")
        peer = RosterPeer(
            id: PeerID(identity: identity), identity: identity,
            curveKey: Digest(bytes: curve.bytes) ?? .zero, keyEpoch: UInt32(keyEpoch),
            validFrom: try section.moment("valid-from"),
            validUntil: try section.moment("valid-until"))
    }

    var lines: [String] {
        [
            "  - name: \(label)", "    address: \(address)",
            "    identity: \"\(Hex.encode(peer.identity.bytes))\"",
            "    curve: '\(curve.z85)'",
            "    curve-proof: \"\(Hex.encode(curveProof.bytes))\"",
            "    key-epoch: \(peer.keyEpoch)", "    valid-from: \(peer.validFrom.text)",
            "    valid-until: \(peer.validUntil.text)",
        ]
    }
}

extension RoundConfiguration {
    fileprivate static func read(
        _ set: ConfigurationSection
    ) throws(ConfigurationError) -> (RoundConfiguration, [SetParameter]) {
        try set.allow(
            "name", "ring", "bits", "clip", "peers-min", "peers-max", "adversaries-permille",
            "dropouts-permille", "groups", "trim", "adam", "stage", "parameters")
        var parameters: [SetParameter] = []
        let finite = -Double.greatestFiniteMagnitude...Double.greatestFiniteMagnitude
        for section in try set.sections("parameters", isRequired: true) {
            try section.allow("name", "initial", "window")
            let name = try section.text("name")
            if parameters.contains(where: { $0.name == name }) {
                throw section.refusal("name", expected: "each parameter once")
            }
            parameters.append(
                SetParameter(
                    name: name, initial: try section.real("initial", in: finite),
                    window: try section.real("window", in: finite)))
        }
        var configuration = RoundConfiguration(windows: parameters.map(\.window))
        configuration.ring = try set.choice(
            "ring", of: [("32", Ring.bits32), ("64", Ring.bits64)], default: .bits32)
        configuration.bits = try set.integer("bits", in: 2...53, default: 22)
        configuration.clip = try set.real("clip", in: finite, default: 1)
        configuration.peersMin = try set.integer("peers-min", in: 1...4_096, default: 5)
        configuration.peersMax = try set.integer("peers-max", in: 1...4_096, default: 128)
        configuration.adversariesPermille = try set.integer(
            "adversaries-permille", in: 0...333, default: 100)
        configuration.dropoutsPermille = try set.integer(
            "dropouts-permille", in: 0...900, default: 100)
        configuration.groupCount = try set.integer("groups", in: 1...63, default: 1)
        if set.contains("trim") {
            configuration.trim = try set.integer("trim", in: 1...31)
        }
        if set.contains("adam") { configuration.adam = try AdamTerms(set.section("adam")) }
        let stage = try set.duration("stage", default: .seconds(10))
        guard stage >= .milliseconds(100), stage <= .seconds(3_600) else {
            throw set.refusal("stage", expected: "from 100ms to 1h")
        }
        configuration.stageMillis = UInt32(stage.nanoseconds / 1_000_000)
        return (configuration, parameters)
    }

    fileprivate func lines(set: String, parameters: [SetParameter]) -> [String] {
        var lines = [
            "set:", "  name: \(set)", "  ring: \(ring.bits)", "  bits: \(bits)", "  clip: \(clip)",
            "  peers-min: \(peersMin)", "  peers-max: \(peersMax)",
            "  adversaries-permille: \(adversariesPermille)",
            "  dropouts-permille: \(dropoutsPermille)", "  groups: \(groupCount)",
            "  stage: \(stageMillis)ms",
        ]
        if let trim { lines.append("  trim: \(trim)") }
        if let adam {
            lines.append(
                "  adam: { rate: \(adam.rate), beta1: \(adam.beta1), beta2: \(adam.beta2), "
                    + "tau: \(adam.tau) }")
        }
        lines.append("  parameters:")
        for parameter in parameters {
            lines.append("    - name: \(parameter.name)")
            lines.append("      initial: \(parameter.initial)")
            lines.append("      window: \(parameter.window)")
        }
        return lines
    }
}

extension AdamTerms {
    fileprivate init(_ section: ConfigurationSection) throws(ConfigurationError) {
        self.init()
        try section.allow("rate", "beta1", "beta2", "tau")
        rate = try section.real("rate", in: 1e-6...10, default: rate)
        beta1 = try section.real("beta1", in: 0...0.999_999, default: beta1)
        beta2 = try section.real("beta2", in: 0...0.999_999, default: beta2)
        tau = try section.real("tau", in: 1e-6...10, default: tau)
    }
}

extension ConfigurationSection {
    /// 32 bytes in hexadecimal.
    func digest(_ key: String) throws(ConfigurationError) -> Digest {
        guard let digest = Digest(hex: try text(key)) else {
            throw refusal(key, expected: "64 hexadecimal digits")
        }
        return digest
    }

    /// 64 bytes in hexadecimal.
    func signature(_ key: String) throws(ConfigurationError) -> SignatureBytes {
        guard let bytes = try? Hex.decode(try text(key)),
            let signature = SignatureBytes(bytes: bytes)
        else { throw refusal(key, expected: "128 hexadecimal digits") }
        return signature
    }

    /// A moment as ISO 8601 in UTC, such as 2027-06-01T00:00:00Z.
    func moment(_ key: String) throws(ConfigurationError) -> Timestamp {
        guard let date = try? Date(try text(key), strategy: .iso8601) else {
            throw refusal(key, expected: "a moment such as 2027-06-01T00:00:00Z")
        }
        return Timestamp(seconds: Int64(date.timeIntervalSince1970))
    }

    /// A text, or nothing where there is none: what reads it refuses that.
    fileprivate func quietText(_ key: String) throws(TransportError) -> String {
        (try? text(key)) ?? ""
    }
}

extension Timestamp {
    /// ISO 8601 in UTC, in whole seconds.
    package var text: String {
        Date(timeIntervalSince1970: Double(nanoseconds / 1_000_000_000)).formatted(.iso8601)
    }
}
