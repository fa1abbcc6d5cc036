import NIOHTTP1

/// A request as the venue's routes see it.
struct VenueRequest: Sendable {
    let method: HTTPMethod
    /// The path without the query, as it is signed.
    let path: String
    let query: [String: String]
    let headers: HTTPHeaders
    let body: [UInt8]

    init(head: HTTPRequestHead, body: [UInt8]) {
        method = head.method
        headers = head.headers
        self.body = body
        let parts = head.uri.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        path = String(parts.first ?? "")
        query = parts.count == 2 ? VenueRequest.query(of: parts[1]) : [:]
    }

    private static func query(of text: Substring) -> [String: String] {
        var values: [String: String] = [:]
        for pair in text.split(separator: "&") {
            let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = sides.first.flatMap({ decode($0) }) else { continue }
            values[name] = sides.count == 2 ? decode(sides[1]) ?? "" : ""
        }
        return values
    }

    /// Resolves percent escapes; nil for a broken one.
    private static func decode(_ text: Substring) -> String? {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "+"): bytes.append(UInt8(ascii: " "))
            case UInt8(ascii: "%"):
                guard rest.count >= 2,
                    let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
                else { return nil }
                bytes.append(value)
                rest = rest.dropFirst(2)
            default: bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// What a route answers.
struct VenueResponse: Sendable {
    let status: HTTPResponseStatus
    let body: [UInt8]

    init(_ status: HTTPResponseStatus, _ body: [UInt8]) {
        self.status = status
        self.body = body
    }

    static func object(
        _ status: HTTPResponseStatus = .ok, _ body: (inout JSONText) -> Void
    ) -> VenueResponse {
        VenueResponse(status, JSONText.object(body))
    }

    /// Kalshi's forms of an error: the one that the venue sends and the one that its client of 2026
    /// reads.
    static func error(
        _ status: HTTPResponseStatus, _ code: String, _ message: String, details: String = ""
    ) -> VenueResponse {
        .object(status) { text in
            text.object("error") { error in
                error.field("code", code)
                error.field("message", message)
                error.field("details", details)
                error.field("service", "exchange")
            }
            text.field("code", code)
            text.field("message", message)
            text.field("details", details)
        }
    }

    static let throttled = VenueResponse.object(.tooManyRequests) {
        $0.field("error", "too many requests")
    }

    static let notFound = VenueResponse.error(.notFound, "not_found", "not found")
}
