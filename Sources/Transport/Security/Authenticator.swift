import Trading

/// Answers libzmq's question for every handshake on a bound socket: who is this key, and may it in?
///
/// The ZeroMQ Authentication Protocol (ZAP, RFC 27), version 1.0, as a function from request to
/// reply. Only CURVE is admitted, only for domains that exist here, and only keys on the domain's
/// list; the reply names the process, which libzmq attaches to every message as its User-Id.
struct Authenticator {
    static let endpoint = "inproc://zeromq.zap.01"

    private var domains: [String: [[UInt8]: ProcessID]] = [:]
    private(set) var admitted: UInt64 = 0
    private(set) var refused: UInt64 = 0

    /// Admits processes, by their keys, to a domain.
    mutating func admit(_ keys: [(ProcessID, CurvePublicKey)], to domain: String) {
        for (process, key) in keys { domains[domain, default: [:]][key.bytes] = process }
        if keys.isEmpty { domains[domain] = [:] }
    }

    /// The reply to a request; nil to a request that is none.
    mutating func reply(to request: [[UInt8]]) -> [[UInt8]]? {
        guard request.count >= 6, request[0] == Array("1.0".utf8) else {
            refused += 1
            guard request.count >= 2 else { return nil }
            return reply(to: request[1], "500", "malformed request", "")
        }
        let identifier = request[1]
        let domain = String(decoding: request[2], as: UTF8.self)
        guard request[5] == Array("CURVE".utf8), request.count == 7 else {
            refused += 1
            return reply(to: identifier, "400", "only CURVE is admitted", "")
        }
        guard let process = domains[domain]?[request[6]] else {
            refused += 1
            return reply(to: identifier, "400", "the key is not allowed here", "")
        }
        admitted += 1
        return reply(to: identifier, "200", "OK", process.description)
    }

    private func reply(
        to identifier: [UInt8], _ status: String, _ text: String, _ user: String
    ) -> [[UInt8]] {
        [Array("1.0".utf8), identifier, Array(status.utf8), Array(text.utf8), Array(user.utf8), []]
    }
}
