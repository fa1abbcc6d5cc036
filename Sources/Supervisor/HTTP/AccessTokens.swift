import Cryptography
import Foundation
import Runtime
import Trading

/// Who may use the API, for what, and until when. The file holds hashes alone, so that reading it
/// opens nothing.
struct AccessTokens: Sendable {
    enum Scope: String, Codable, Sendable, CaseIterable {
        case read
        case operate
    }

    /// What a token entitles to.
    struct Grant: Codable, Sendable, Equatable {
        let name: String
        /// SHA-256 of the token, in hexadecimal.
        let hash: String
        let scopes: [Scope]
        /// The only org that it concerns; nil for the whole cluster.
        let org: String?
        /// Seconds since 1970; nil for ever.
        let expiresAt: Int64?

        func allows(_ scope: Scope) -> Bool { scopes.contains(scope) }
    }

    static let grantsMax = 256
    private static let tokenBytes = 32
    let path: String

    /// The file of tokens in a folder.
    init(folder: String) { path = folder + "/tokens.json" }

    /// The grant of a token; nil for one that is not known or has expired. Every grant is compared,
    /// each in constant time.
    func grant(of token: String, at now: Timestamp) throws(ProcessFailure) -> Grant? {
        let hash = Array(AccessTokens.hash(token).utf8)
        var found: Grant?
        for grant in try grants() where AccessTokens.areEqual(Array(grant.hash.utf8), hash) {
            found = grant
        }
        guard let found else { return nil }
        if let end = found.expiresAt, now.nanoseconds >= end * 1_000_000_000 { return nil }
        return found
    }

    func grants() throws(ProcessFailure) -> [Grant] {
        guard FileSystem.exists(path) else { return [] }
        let secret = try SecretFile.read(path)
        do {
            return try JSONDecoder().decode(
                [Grant].self, from: secret.withUnsafeBytes { Data($0) })
        } catch {
            throw ProcessFailure(.refused, "\(path) is no list of tokens: \(error)")
        }
    }

    /// Makes a token and remembers its hash; the token itself is told once.
    func add(name: String, scopes: [Scope], org: String?, expiresAt: Int64?)
        throws(ProcessFailure) -> String
    {
        var known = try grants()
        guard !known.contains(where: { $0.name == name }) else {
            throw ProcessFailure(.refused, "there is a token \(name): revoke it first")
        }
        guard known.count < AccessTokens.grantsMax else {
            throw ProcessFailure(.refused, "there are \(known.count) tokens: revoke some first")
        }
        let token: String
        do throws(CryptoError) {
            token = "bw_" + Hex.encode(try SecureRandom.bytes(count: AccessTokens.tokenBytes))
        } catch {
            throw ProcessFailure(.unavailable, "no random bytes: \(error)")
        }
        known.append(
            Grant(
                name: name, hash: AccessTokens.hash(token), scopes: scopes, org: org,
                expiresAt: expiresAt))
        try write(known)
        return token
    }

    /// Whether there was such a token.
    func revoke(_ name: String) throws(ProcessFailure) -> Bool {
        let known = try grants()
        guard known.contains(where: { $0.name == name }) else { return false }
        try write(known.filter { $0.name != name })
        return true
    }

    /// The token of this machine's own dashboard: made once, kept in a file of its own.
    func local() throws(ProcessFailure) -> String {
        let file = String(path.dropLast("tokens.json".count)) + "local.token"
        if FileSystem.exists(file) {
            let secret = try SecretFile.read(file)
            let token = secret.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
                .trimmingCharacters(in: .whitespacesAndNewlines)
            if try grant(of: token, at: WallClock.now()) != nil { return token }
            unlink(file)
        }
        _ = try revoke("local")
        let token = try add(name: "local", scopes: [.read, .operate], org: nil, expiresAt: nil)
        try SecretFile.write(SecretBytes(Array((token + "\n").utf8)), to: file)
        return token
    }

    private func write(_ grants: [Grant]) throws(ProcessFailure) {
        let next = path + ".new"
        unlink(next)
        try SecretFile.write(SecretBytes(Array(JSONText.encode(grants).utf8)), to: next)
        guard rename(next, path) == 0 else {
            throw ProcessFailure(.refused, "cannot replace \(path)")
        }
    }

    private static func hash(_ token: String) -> String {
        SHA256.hash(Array(token.utf8)).description
    }

    /// In time that depends on the lengths alone.
    private static func areEqual(_ first: [UInt8], _ second: [UInt8]) -> Bool {
        SecretBytes(first).isEqual(to: SecretBytes(second))
    }
}
