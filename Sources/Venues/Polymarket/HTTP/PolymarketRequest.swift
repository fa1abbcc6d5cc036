import Execution

/// One REST call: what is asked, without how it is signed and sent.
struct PolymarketRequest: DispatchedRequest, Hashable {
    enum Method: String, Sendable {
        case get = "GET"
        case post = "POST"
        case delete = "DELETE"
    }

    /// Who must be proven to ask.
    enum Proof: Sendable {
        case none
        /// The wallet (level 1).
        case wallet
        /// The API key (level 2).
        case key
    }

    struct Parameter: Sendable, Hashable {
        let name: String
        let value: String
    }

    let method: Method
    /// The path, which is signed.
    let path: String
    /// Not signed.
    let query: [Parameter]
    let body: [UInt8]
    let lane: RequestLane
    let proof: Proof

    init(
        _ method: Method, _ path: String, query: [(String, String?)] = [], body: [UInt8] = [],
        lane: RequestLane = .read, proof: Proof = .key
    ) {
        self.method = method
        self.path = path
        self.query = query.compactMap { name, value in
            value.map { Parameter(name: name, value: $0) }
        }
        self.body = body
        self.lane = lane
        self.proof = proof
    }

    /// The path with its query, as it goes on the wire.
    var target: String {
        if query.isEmpty { return path }
        let pairs = query.map { "\(percentEncoded($0.name))=\(percentEncoded($0.value))" }
        return "\(path)?\(pairs.joined(separator: "&"))"
    }
}

/// What an HTTP answer means before it is read.
enum PolymarketReply {
    case success
    case declined(status: Int, message: String)
    case failed(VenueFailure)

    /// Sorts an answer. `isEffect`: the call may have changed something, so an answer that does not
    /// settle whether it did is unknown.
    init(_ answer: VenueAnswer, isEffect: Bool, document: inout JSONDocument) {
        switch answer {
        case .notSent(let reason): self = .failed(.notSent(reason))
        case .lost(let reason): self = .failed(.unknown(reason))
        case .response(let status, _) where (200..<300).contains(status): self = .success
        case .response(let status, let body):
            let message = PolymarketReply.message(body, &document)
            let isRefusal = (400..<500).contains(status) && status != 408
            if PolymarketMode(refusal: message) != nil || isRefusal && !(isEffect && status == 409)
            {
                self = .declined(status: status, message: message)
            } else {
                self = .failed(.unknown("status \(status): \(message)"))
            }
        }
    }

    /// `{"error":"…"}` or `{"errorMsg":"…"}`.
    private static func message(_ body: [UInt8], _ document: inout JSONDocument) -> String {
        // Whatever an error's body is, the status has said what matters.
        guard (try? document.parse(body)) != nil else { return "" }
        for field in ["error", "errorMsg"] as [StaticString] {
            if let node = document.optional(field, in: document.root),
                let text = document.string(node)
            {
                return String(text.prefix(200))
            }
        }
        return ""
    }
}

/// What the exchange takes when it does not take everything.
enum PolymarketMode: Sendable, Hashable {
    case cancelOnly
    case disabled

    /// The mode that a refusal tells of: it says for certain that nothing was done.
    init?(refusal message: String) {
        let text = message.lowercased()
        if text.contains("cancel-only") || text.contains("cancel only") {
            self = .cancelOnly
        } else if text.contains("trading") && text.contains("disabled") {
            self = .disabled
        } else {
            return nil
        }
    }

    var code: String { self == .cancelOnly ? "cancel_only" : "trading_disabled" }
}
