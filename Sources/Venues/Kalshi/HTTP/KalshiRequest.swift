/// One REST call: what is asked, without how it is signed and sent.
package struct KalshiRequest: DispatchedRequest, Hashable {
    package enum Method: String, Sendable {
        case get = "GET"
        case post = "POST"
        case delete = "DELETE"
    }

    package typealias Lane = RequestLane

    package let method: Method
    /// Below `/trade-api/v2`, percent-encoded.
    package let resource: String
    package let query: [Parameter]
    package let body: [UInt8]
    package let lane: Lane

    package struct Parameter: Sendable, Hashable {
        package let name: String
        package let value: String
    }

    package init(
        _ method: Method, _ resource: String, query: [(String, String?)] = [], body: [UInt8] = [],
        lane: Lane = .read
    ) {
        self.method = method
        self.resource = resource
        self.query = query.compactMap { name, value in
            value.map { Parameter(name: name, value: $0) }
        }
        self.body = body
        self.lane = lane
    }

    /// The path with its query, as it goes on the wire.
    package var target: String {
        let path = KalshiConfiguration.restPath + resource
        if query.isEmpty { return path }
        let pairs = query.map { "\(percentEncoded($0.name))=\(percentEncoded($0.value))" }
        return "\(path)?\(pairs.joined(separator: "&"))"
    }
}

package typealias KalshiAnswer = VenueAnswer

/// `text` with everything but unreserved characters (RFC 3986) percent-encoded.
func percentEncoded(_ text: String) -> String {
    var result = ""
    for byte in text.utf8 {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
            UInt8(ascii: "_"), UInt8(ascii: "~"):
            result.unicodeScalars.append(Unicode.Scalar(byte))
        default:
            let hex = String(byte, radix: 16, uppercase: true)
            result += hex.count == 1 ? "%0\(hex)" : "%\(hex)"
        }
    }
    return result
}
