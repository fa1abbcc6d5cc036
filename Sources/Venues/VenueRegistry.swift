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
/// decides what comes next) and one entry in `VenueRegistry.venues`. `JSON` and `Throttle` are
/// shared. Start reading at `Kalshi/KalshiAdapter.swift`.
package enum VenueRegistry {
    /// What there is of one venue.
    private struct Venue: Sendable {
        /// As a configuration names it.
        let name: String
        let adapter: @Sendable (VenueSettings, Logger) throws(VenueSetupError) -> any VenueAdapter
        let examination: @Sendable (VenueSettings) throws(VenueSetupError) -> any VenueExamination
    }

    private static let venues = [
        Venue(
            name: "kalshi",
            adapter: { settings, logger throws(VenueSetupError) in
                try KalshiAdapter(KalshiConfiguration(settings), logger: logger)
            },
            examination: { settings throws(VenueSetupError) in
                try KalshiExamination(KalshiConfiguration(settings))
            }),
        Venue(
            name: "polymarket",
            adapter: { settings, logger throws(VenueSetupError) in
                try PolymarketAdapter(PolymarketConfiguration(settings), logger: logger)
            },
            examination: { settings throws(VenueSetupError) in
                try PolymarketExamination(PolymarketConfiguration(settings))
            }),
    ]

    /// The names of the venues that there are.
    package static var names: [String] { venues.map(\.name) }

    /// The adapter of `venue`. It does nothing until it is started.
    package static func adapter(
        for venue: VenueID, _ settings: VenueSettings, logger: Logger
    ) throws(VenueSetupError) -> any VenueAdapter {
        try entry(venue).adapter(settings, logger)
    }

    /// What looks at an account of `venue`. It asks nothing until it is run.
    package static func examination(
        for venue: VenueID, _ settings: VenueSettings
    ) throws(VenueSetupError) -> any VenueExamination {
        try entry(venue).examination(settings)
    }

    private static func entry(_ venue: VenueID) throws(VenueSetupError) -> Venue {
        guard let entry = venues.first(where: { $0.name == venue.description }) else {
            throw VenueSetupError(
                option: "venue", "expected one of \(names.joined(separator: ", ")), found \(venue)")
        }
        return entry
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
