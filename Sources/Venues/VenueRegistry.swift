package import Execution
package import Logging
package import Trading

/// Venues: adapters that speak to exchanges.
///
/// Purpose: map each venue's own protocol to the one port `Execution.VenueAdapter`. An adapter
/// never decides anything, never resends an order whose answer it does not know, and reads money
/// only as exact decimals. Forbidden here: risk, order state machines, journals, secrets in logs.
///
/// Adding a venue is one folder (`HTTP`, `WebSocket`, `Signing`, `Parsing`, and a session that
/// decides what comes next) and one line in `VenueRegistry.makers`. `JSON` and `Throttle` are
/// shared. Start reading at `Kalshi/KalshiAdapter.swift`.
package enum VenueRegistry {
    /// Makes the adapter of one venue.
    package typealias Maker =
        @Sendable (VenueSettings, Logger) throws(VenueSetupError) -> any VenueAdapter

    /// The venues that there are, by the name that a configuration gives them.
    private static let makers: [(name: String, make: Maker)] = [
        (
            "kalshi",
            { settings, logger throws(VenueSetupError) in
                try KalshiAdapter(KalshiConfiguration(settings), logger: logger)
            }
        ),
        (
            "polymarket",
            { settings, logger throws(VenueSetupError) in
                try PolymarketAdapter(PolymarketConfiguration(settings), logger: logger)
            }
        ),
    ]

    /// The names of the venues that there are.
    package static var names: [String] { makers.map(\.name) }

    /// The adapter of `venue`. It does nothing until it is started.
    package static func adapter(
        for venue: VenueID, _ settings: VenueSettings, logger: Logger
    ) throws(VenueSetupError) -> any VenueAdapter {
        guard let maker = makers.first(where: { $0.name == venue.description }) else {
            throw VenueSetupError(
                option: "venue", "expected one of \(names.joined(separator: ", ")), found \(venue)")
        }
        return try maker.make(settings, logger)
    }
}

/// What a configuration says of a venue. Venues read `options` of their own.
package struct VenueSettings: Sendable {
    package let url: String
    package let keyID: String
    /// The file that holds the secret; its content is never logged.
    package let keyFile: String
    /// The venue owns market time and sends ticks.
    package let isReplay: Bool
    package let options: [String: String]

    package init(
        url: String, keyID: String, keyFile: String, isReplay: Bool, options: [String: String] = [:]
    ) {
        self.url = url
        self.keyID = keyID
        self.keyFile = keyFile
        self.isReplay = isReplay
        self.options = options
    }
}

/// A venue cannot be set up as configured: which option, and what is wrong with it.
package struct VenueSetupError: Error, Equatable, CustomStringConvertible {
    package let option: String
    package let reason: String

    package init(option: String, _ reason: String) {
        self.option = option
        self.reason = reason
    }

    package var description: String { "\(option): \(reason)" }
}

extension VenueSettings {
    /// An option that is a whole number above zero; nil where it is not stated.
    func positive(_ option: String, max: Int64) throws(VenueSetupError) -> Int64? {
        guard let text = options[option] else { return nil }
        guard let value = Int64(text), value > 0, value <= max else {
            throw VenueSetupError(
                option: option, "expected a whole number from 1 to \(max), found \(text)")
        }
        return value
    }
}
