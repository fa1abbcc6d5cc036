package import Cryptography
package import Trading
package import Wire

/// A registry file that an operator has signed. The signature lies beside it in `FILE.sig`: one
/// line with the operator's name and 64 bytes in hex.
package struct SignedRegistry: Sendable, Equatable {
    package let file: RegistryFile
    package let signer: ShortName
    /// SHA-256 of the file's bytes.
    package let digest: Digest

    /// Reads, verifies and checks a registry: all of it holds, or an error says what does not.
    package init(
        path: String, cluster: ShortName, operators: [ShortName: Ed25519PublicKey]
    ) throws(ProcessFailure) {
        let text = try TextFile.read(path, sizeMax: 4 << 20)
        let seal = try TextFile.read(SignedRegistry.signaturePath(of: path), sizeMax: 1_024)
        do throws(ConfigurationError) {
            self = try SignedRegistry(
                text, seal: seal, file: path, cluster: cluster, operators: operators)
        } catch {
            throw ProcessFailure(.usage, error.description)
        }
    }

    package init(
        _ text: String, seal: String, file path: String, cluster: ShortName,
        operators: [ShortName: Ed25519PublicKey]
    ) throws(ConfigurationError) {
        let bytes = Array(text.utf8)
        signer = try SignedRegistry.signer(of: bytes, seal: seal, file: path, operators)
        file = try RegistryFile(yaml: text, file: path)
        guard file.cluster == cluster else { throw file.wrongCluster(expected: cluster) }
        digest = Digest(bytes: SHA256.hash(bytes).bytes) ?? .zero
    }

    package static func signaturePath(of path: String) -> String { path + ".sig" }

    /// What `FILE.sig` says.
    package static func seal(
        of text: String, by name: ShortName, with key: Ed25519PrivateKey
    ) throws(CryptoError) -> String {
        "\(name) \(Hex.encode(try RegistrySeal.sign(Array(text.utf8), with: key)))\n"
    }

    private static func signer(
        of bytes: [UInt8], seal: String, file: String,
        _ operators: [ShortName: Ed25519PublicKey]
    ) throws(ConfigurationError) -> ShortName {
        func refusal(_ key: String, expected: String, found: String) -> ConfigurationError {
            ConfigurationError(
                file: signaturePath(of: file), line: 1, key: key, expected: expected, found: found)
        }
        let words = seal.split { $0 == " " || $0 == "\n" }
        guard words.count == 2, let name = ShortName(words[0]),
            let signature = try? Hex.decode(words[1])
        else {
            throw refusal("", expected: "NAME and a signature in hex", found: "something else")
        }
        guard let key = operators[name] else {
            throw refusal("operator", expected: "an operator of the cluster", found: "`\(name)`")
        }
        guard RegistrySeal.isValid(signature, for: bytes, by: key) else {
            throw refusal(
                "signature", expected: "the signature of \(name) over \(file)",
                found: "one that does not hold: sign the file as it is now")
        }
        return name
    }
}
