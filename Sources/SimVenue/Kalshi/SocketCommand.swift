import Foundation
import Trading

/// A command of a WebSocket client.
struct SocketCommand: Decodable {
    struct Parameters: Decodable {
        var channels: [String]?
        var market_ticker: String?
        var market_tickers: [String]?
        var sid: UInt64?
        var sids: [UInt64]?
        var action: String?
        var tick: UInt64?
    }

    var id: Int64?
    var cmd: String
    var params: Parameters?

    /// The markets that the command names; nil where it names none.
    var tickers: [String]? {
        params?.market_tickers ?? params?.market_ticker.map { [$0] }
    }

    init?(_ bytes: [UInt8]) {
        // What cannot be read is answered with the venue's error 1.
        guard
            let command = try? JSONDecoder().decode(
                SocketCommand.self, from: Foundation.Data(bytes))
        else { return nil }
        self = command
    }

    /// The tick of `{"id":1,"cmd":"clock_ack","params":{"tick":2}}`, which comes at every tick.
    static func acknowledgedTick(_ bytes: [UInt8]) -> TickNumber? {
        guard bytes.count < 128 else { return nil }
        let text = String(decoding: bytes, as: UTF8.self)
        guard text.contains(#""cmd":"clock_ack""#), let range = text.firstRange(of: #""tick":"#)
        else { return nil }
        let digits = text[range.upperBound...].drop { $0 == " " }.prefix { $0.isNumber }
        return UInt64(digits).map { TickNumber($0) }
    }
}

/// Kalshi's WebSocket errors.
enum SocketError: Int64 {
    case unreadable = 1
    case paramsRequired = 2
    case channelsRequired = 3
    case sidsRequired = 4
    case unknownCommand = 5
    case alreadySubscribed = 6
    case unknownSID = 7
    case unknownChannel = 8
    case exactlyOneSID = 12
    case unsupportedAction = 13
    case tickersRequired = 14
    case actionRequired = 15
    case marketNotFound = 16

    var message: String {
        switch self {
        case .unreadable: "Unable to process message"
        case .paramsRequired: "Params required"
        case .channelsRequired: "Channels required"
        case .sidsRequired: "Subscription IDs required"
        case .unknownCommand: "Unknown command"
        case .alreadySubscribed: "Already subscribed"
        case .unknownSID: "Unknown subscription ID"
        case .unknownChannel: "Unknown channel name"
        case .exactlyOneSID: "Exactly one subscription ID is required"
        case .unsupportedAction: "Unsupported action"
        case .tickersRequired: "Market Ticker required"
        case .actionRequired: "Action required"
        case .marketNotFound: "Market not found"
        }
    }
}
