import Foundation

/// A request as the API sees it, whatever server took it.
struct APIRequest: Sendable {
    enum Method: String, Sendable {
        case get = "GET"
        case head = "HEAD"
        case post = "POST"
        case other
    }

    let method: Method
    let path: String
    let query: [String: String]
    /// The bearer token, as it was sent.
    let token: String?
    let prefersHTML: Bool
    let body: [UInt8]

    init(
        _ method: Method, _ path: String, query: [String: String] = [:], token: String? = nil,
        prefersHTML: Bool = false, body: [UInt8] = []
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.token = token
        self.prefersHTML = prefersHTML
        self.body = body
    }

    /// The parts of the path, without empty ones.
    var segments: [String] { path.split(separator: "/").map(String.init) }
}

/// An answer as the API makes it.
struct APIReply: Sendable {
    enum Body: Sendable {
        case bytes([UInt8])
        /// Server-sent events, until the client goes.
        case events(EventFeed)
    }

    let status: Int
    let type: String
    var headers: [String: String] = [:]
    let body: Body

    init(_ status: Int, _ type: String, _ body: Body) {
        self.status = status
        self.type = type
        self.body = body
    }

    /// A value as JSON.
    static func json(_ value: some Encodable, status: Int = 200) -> APIReply {
        APIReply(status, "application/json", .bytes(Array(JSONText.encode(value).utf8)))
    }

    static func text(_ text: String, _ type: String) -> APIReply {
        APIReply(200, "\(type); charset=utf-8", .bytes(Array(text.utf8)))
    }
}

/// Why a request got nothing, as RFC 9457 writes it.
struct Problem: Error, Sendable, Equatable, Codable {
    var type = "about:blank"
    let title: String
    let status: Int
    /// What is wrong and what to do about it.
    let detail: String

    static func badRequest(_ detail: String) -> Problem {
        Problem(title: "Bad request", status: 400, detail: detail)
    }
    static let unauthorized = Problem(
        title: "Unauthorized", status: 401,
        detail: "Send `Authorization: Bearer TOKEN` with a token that is known and has not "
            + "expired. `supervisor token add` makes one.")
    static func forbidden(_ detail: String) -> Problem {
        Problem(title: "Forbidden", status: 403, detail: detail)
    }
    static func notFound(_ detail: String) -> Problem {
        Problem(title: "Not found", status: 404, detail: detail)
    }
    static func notAllowed(_ methods: String) -> Problem {
        Problem(
            title: "Method not allowed", status: 405, detail: "This resource takes \(methods).")
    }
    static func conflict(_ detail: String) -> Problem {
        Problem(title: "Conflict", status: 409, detail: detail)
    }
    static let tooMany = Problem(
        title: "Too many requests", status: 429, detail: "Wait a second and ask again.")
    static func unavailable(_ detail: String) -> Problem {
        Problem(title: "Not available", status: 503, detail: detail)
    }

    var reply: APIReply {
        var reply = APIReply(
            status, "application/problem+json", .bytes(Array(JSONText.encode(self).utf8)))
        if status == 401 { reply.headers["WWW-Authenticate"] = "Bearer" }
        if status == 405 { reply.headers["Allow"] = detail.contains("POST") ? "POST" : "GET" }
        if status == 429 { reply.headers["Retry-After"] = "1" }
        return reply
    }
}
