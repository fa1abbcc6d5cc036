import Foundation

/// The members of the smaller bodies that clients send.
struct PolymarketFields: Decodable {
    var heartbeat_id: String?
    var orderID: String?
    var market: String?
    var asset_id: String?
    var token_id: String?
    var side: String?

    /// Nil where the body is not an object of these.
    init?(_ body: [UInt8]) {
        // What cannot be read is answered as such by whoever asked.
        guard
            let fields = try? JSONDecoder().decode(
                PolymarketFields.self, from: Foundation.Data(body))
        else { return nil }
        self = fields
    }

    /// A body that is a list of texts, or of these; nil where it is neither.
    static func list<Element: Decodable>(
        of type: Element.Type, _ body: [UInt8]
    ) -> [Element]? {
        // As above.
        try? JSONDecoder().decode([Element].self, from: Foundation.Data(body))
    }
}

/// A message of a WebSocket client.
struct PolymarketSubscription: Decodable {
    struct Authentication: Decodable {
        let apiKey: String
        let secret: String
        let passphrase: String
    }

    var type: String?
    var operation: String?
    var assets_ids: [String]?
    var markets: [String]?
    var initial_dump: Bool?
    var custom_feature_enabled: Bool?
    var auth: Authentication?

    init?(_ bytes: [UInt8]) {
        // A message that cannot be read is answered with INVALID OPERATION.
        guard
            let message = try? JSONDecoder().decode(
                PolymarketSubscription.self, from: Foundation.Data(bytes))
        else { return nil }
        self = message
    }
}
