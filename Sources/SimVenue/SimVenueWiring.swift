import Cryptography
import Foundation
import MarketSim
package import Runtime
import Trading

/// Puts a venue together from what the command line and the cluster's configuration say.
package enum SimVenueWiring {
    /// `HOST:PORT` in its parts.
    package static func address(_ text: String) throws -> ListenAddress {
        let parts = text.split(separator: ":")
        guard parts.count == 2, let port = UInt16(parts[1]) else {
            throw ProcessFailure(
                .usage, "expected HOST:PORT such as 127.0.0.1:8701, found `\(text)`")
        }
        return ListenAddress(host: String(parts[0]), port: Int(port))
    }

    /// `ID=PUBLIC.pem`.
    package static func key(_ text: String) throws -> ParticipantKey {
        guard let split = text.firstIndex(of: "="), split != text.startIndex else {
            throw ProcessFailure(.usage, "expected ID=PUBLIC.pem, found `\(text)`")
        }
        return try key(
            id: String(text[..<split]), file: String(text[text.index(after: split)...]))
    }

    /// The venue of a cluster: accounts and keys of its gateways, its own folder for the log.
    package static func options(
        _ cluster: ClusterConfiguration, state: StateDirectory, data: String?
    ) throws -> VenueOptions {
        guard let venue = cluster.simVenue else {
            throw ProcessFailure(
                .usage, "\(cluster.file): has no section `sim-venue`")
        }
        let gateways = cluster.gateways.filter { $0.venue == VenueID("kalshi") }
        let files = KeyFiles(root: state.keys(cluster.keys))
        let keys = try gateways.map {
            try key(id: $0.keyID, file: files.publicVenue($0.name))
        }
        let markets: VenueOptions.Markets =
            switch venue.markets {
            case .demo: .demo
            case .recorded: .recorded(directory: try data ?? generatedDay(seed: venue.seed, state))
            }
        var options = VenueOptions(
            kalshi: try address(venue.kalshi), polymarket: try venue.polymarket.map(address),
            markets: markets, keys: keys, balance: venue.balance)
        options.seed = venue.seed
        options.patience = venue.patience
        options.hold = venue.hold
        options.logPath = state.venueLog(of: venue.name)
        options.expected = gateways.filter(\.isReplay).map(\.keyID)
        try apply(venue.parameters, to: &options)
        if venue.parameters.contains("faults") {
            let file = try venue.parameters.text("faults")
            options.faults = try faults(file.hasPrefix("/") ? file : "\(state.root)/\(file)")
        }
        return options
    }

    /// A plan of what goes wrong on purpose.
    package static func faults(_ file: String) throws -> FaultPlan {
        do throws(FaultPlanError) {
            return try FaultPlan(contentsOf: file)
        } catch {
            throw ProcessFailure(.usage, error.description)
        }
    }

    /// A day from the seed, written on first use; whoever replays it reads the same files.
    private static func generatedDay(seed: UInt64, _ state: StateDirectory) throws -> String {
        let directory = "\(state.data)/seed-\(seed)"
        if !FileManager.default.fileExists(atPath: directory + "/crypto") {
            _ = try DayGenerator.write(
                seed: seed, seconds: 86_400, pace: 1, to: directory)
        }
        return directory
    }

    /// The generated flow may be tuned; what is not said stays as documented.
    private static func apply(
        _ parameters: ConfigurationSection, to options: inout VenueOptions
    ) throws {
        try parameters.allow(
            "faults", "tier", "makers", "informed", "half-spread-min", "half-spread-max",
            "noise-rate")
        options.tier = try parameters.choice(
            "tier", of: RateTier.allCases.map { ($0.rawValue, $0) }, default: options.tier)
        options.flow.makerCount = try parameters.integer(
            "makers", in: 0...20, default: options.flow.makerCount)
        options.flow.informedCount = try parameters.integer(
            "informed", in: 0...20, default: options.flow.informedCount)
        options.flow.halfSpreadMin = try parameters.real(
            "half-spread-min", in: 0...0.2, default: options.flow.halfSpreadMin)
        options.flow.halfSpreadMax = try parameters.real(
            "half-spread-max", in: options.flow.halfSpreadMin...0.2,
            default: max(options.flow.halfSpreadMin, options.flow.halfSpreadMax))
        options.flow.noiseRate = try parameters.real(
            "noise-rate", in: 0...5, default: options.flow.noiseRate)
    }

    private static func key(id: String, file: String) throws -> ParticipantKey {
        let text = try TextFile.read(file, sizeMax: 16_384)
        do {
            return ParticipantKey(id: id, publicKey: try RSAPublicKey(pem: text))
        } catch {
            throw ProcessFailure(.usage, "\(file): is not a public RSA key in PEM: \(error)")
        }
    }
}
