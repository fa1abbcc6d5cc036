package import Cryptography
package import Trading

/// The keys of one process: its own secrets, and what it must know of others.
///
/// Secrets come from `$CREDENTIALS_DIRECTORY` where systemd provides them (`curve.key`,
/// `permit.key`, ...), else from the process's folder under the cluster's keys. Every error is one
/// line that names the file and what to do.
package struct KeyRing: Sendable {
    package let process: ProcessID
    package let files: KeyFiles
    private let credentials: String?

    package init(process: ProcessID, files: KeyFiles, credentials: String?) {
        self.process = process
        self.files = files
        self.credentials = credentials.flatMap { $0.isEmpty ? nil : $0 }
    }

    // MARK: Secrets

    /// The process's CURVE secret, 40 characters of Z85.
    package func curveSecretText() throws(ProcessFailure) -> String {
        try text(of: secret(files.curve(process)))
    }

    /// The process's half of the permit authenticator.
    package func permitKey() throws(ProcessFailure) -> X25519PrivateKey {
        let path = files.permit(process)
        let bytes = try hexSecret(path)
        return try named(path) { () throws(CryptoError) in try X25519PrivateKey(secret: bytes) }
    }

    /// What the owner of a journal signs its checkpoints with.
    package func checkpointKey() throws(ProcessFailure) -> Ed25519PrivateKey {
        let path = files.checkpoint(process)
        let bytes = try hexSecret(path)
        return try named(path) { () throws(CryptoError) in try Ed25519PrivateKey(seed: bytes) }
    }

    /// Where the account's key at the venue lies.
    package var venueKeyPath: String {
        credentials.map { $0 + "/venue.pem" } ?? files.venue(process)
    }

    /// The account's key at the venue, in PEM.
    package func venueKey() throws(ProcessFailure) -> SecretBytes {
        try secret(files.venue(process))
    }

    /// An operator's key, which lies with the operator.
    package func operatorKey(_ name: ShortName) throws(ProcessFailure) -> Ed25519PrivateKey {
        let path = files.operator(name)
        let bytes = try hexSecret(path)
        return try named(path) { () throws(CryptoError) in try Ed25519PrivateKey(seed: bytes) }
    }

    // MARK: Public keys of others

    package func publicCurveText(of process: ProcessID) throws(ProcessFailure) -> String {
        try publicText(files.publicCurve(process))
    }

    package func publicPermitKey(of process: ProcessID) throws(ProcessFailure) -> X25519PublicKey {
        let path = files.publicPermit(process)
        let text = try publicText(path)
        return try named(path) { () throws(CryptoError) in try X25519PublicKey(hex: text) }
    }

    package func publicCheckpointKey(of owner: ProcessID)
        throws(ProcessFailure) -> Ed25519PublicKey
    {
        let path = files.publicCheckpoint(owner)
        let text = try publicText(path)
        return try named(path) { () throws(CryptoError) in try Ed25519PublicKey(hex: text) }
    }

    package func publicOperatorKey(_ name: ShortName) throws(ProcessFailure) -> Ed25519PublicKey {
        let path = files.publicOperator(name)
        let text = try publicText(path)
        return try named(path) { () throws(CryptoError) in try Ed25519PublicKey(hex: text) }
    }

    // MARK: Private

    private func secret(_ path: String) throws(ProcessFailure) -> SecretBytes {
        guard let credentials else { return try SecretFile.read(path) }
        let name = path.split(separator: "/").last.map(String.init) ?? path
        return try SecretFile.read("\(credentials)/\(name)", isCredential: true)
    }

    private func hexSecret(_ path: String) throws(ProcessFailure) -> SecretBytes {
        let text = try text(of: secret(path))
        return try named(path) { () throws(CryptoError) in try SecretBytes(hex: text) }
    }

    private func text(of secret: SecretBytes) -> String {
        secret.withUnsafeBytes { bytes in
            String(decoding: bytes.prefix { $0 > 0x20 && $0 < 0x7F }, as: UTF8.self)
        }
    }

    private func publicText(_ path: String) throws(ProcessFailure) -> String {
        let text = try TextFile.read(path, sizeMax: 16_384)
        return String(text.prefix { !$0.isWhitespace })
    }

    private func named<Value>(_ path: String, _ body: () throws(CryptoError) -> Value)
        throws(ProcessFailure) -> Value
    {
        do throws(CryptoError) {
            return try body()
        } catch {
            throw ProcessFailure(.usage, "\(path) is not a key of its kind: \(error)")
        }
    }
}
