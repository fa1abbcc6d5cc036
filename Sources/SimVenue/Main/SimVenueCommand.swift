import ArgumentParser
import Foundation
import Logging
import Runtime
import SimVenue
import Trading

/// `sim-venue`: a matching venue that speaks Kalshi's and Polymarket's protocols.
@main
struct SimVenueCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sim-venue",
        abstract:
            "A matching venue that speaks Kalshi's and Polymarket's protocols, over recorded or "
            + "generated days.",
        subcommands: [Serve.self, Generate.self, Markets.self], defaultSubcommand: Serve.self)
}

/// Serves, in a cluster (`--config`) or alone (`--kalshi`, `--polymarket`).
struct Serve: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Serves the venue (the default).")

    @Option(help: "Where to serve Kalshi's protocol: HOST:PORT.")
    var kalshi: String?
    @Option(help: "Where to serve Polymarket's protocol: HOST:PORT.")
    var polymarket: String?
    @Option(help: "A JSON file of markets: [{ticker, title, fair}]. Default: the demo set.")
    var markets: String?
    @Option(help: "What every account starts with, in dollars.")
    var balance: String = "1000"
    @Option(name: .customLong("kalshi-key"), help: "An account's key: ID=PUBLIC.pem. Repeatable.")
    var keys: [String] = []
    @Option(help: "The venue's append-only log.")
    var log: String?
    @Option(help: "A JSON file of what goes wrong on purpose: docs/SIM_VENUE.md, Misbehaviour.")
    var faults: String?
    @Option(help: "The folder of recorded data.")
    var data: String?
    @Option(help: "What the generated counterparties follow from.")
    var seed: UInt64?
    @Option(help: "The speed of replay: 1, a factor, or max.")
    var speed: ReplaySpeed = .factor(1)
    @Option(name: .customLong("for"), help: "How long market time runs: 60s, 10m.")
    var duration: String?
    @Option(help: "The tier of rate limits: basic, advanced, premier, paragon, prime.")
    var tier: String?
    @Option(help: "The configuration file of the cluster.")
    var config: String?
    @Option(help: "The directory of all state.")
    var state: String?
    @Option(help: "The venue's name in the configuration.")
    var name: String?
    @Flag(help: "Logs to standard error as well as to the log file.")
    var verbose = false
    @Flag(help: "Prints JSON for machines.")
    var json = false

    func run() throws {
        do {
            try serve()
        } catch {
            ProcessFailure(error).exit(name: "sim-venue")
        }
    }

    private func serve() throws {
        let environment = ProcessInfo.processInfo.environment
        let stop = try StopSignal.install(environment: environment)
        let notifier = SystemdNotifier(environment: environment)
        var (options, sink) = try configure(environment)
        options.speed = speed
        if let faults { options.faults = try SimVenueWiring.faults(faults) }
        if let duration {
            guard let span = Span(configured: duration) else {
                throw ProcessFailure(.usage, "--for: expected 60s or 10m, found \(duration)")
            }
            options.runFor = span
        }
        LogBootstrap.install(sink: sink, level: .info)
        if json {
            print(#"{"simulated_counterparties":true}"#)
        } else {
            print("SIMULATED COUNTERPARTIES: PnL is not evidence")
        }
        fflush(nil)
        let server = try VenueServer(
            options: options, logger: Logger(label: "sim-venue"),
            onEnd: { notifier.replayEnded() }, onAlive: { notifier.watchdog() })
        let status = "serving \(served(server, options))"
        notifier.ready(status: status)
        if !json {
            print(status)
            fflush(nil)
        }
        stop.onRequest { server.requestStop() }
        try server.waitUntilStopped()
        notifier.stopping()
    }

    /// What is served where, for whoever watches the unit.
    private func served(_ server: VenueServer, _ options: VenueOptions) -> String {
        [
            ("kalshi", options.kalshi?.host, server.port),
            ("polymarket", options.polymarket?.host, server.polymarketPort),
        ]
        .compactMap { name, host, port in host.map { "\(name) at \($0):\(port)" } }
        .joined(separator: ", ")
    }

    private func configure(
        _ environment: [String: String]
    ) throws -> (VenueOptions, LogSink) {
        guard let config else { return (try standalone(), LogSink(path: nil, isEchoed: true)) }
        let text = try TextFile.read(config)
        let cluster = try ClusterConfiguration(yaml: text, file: config)
        let directory =
            state.map { StateDirectory($0) } ?? StateDirectory.standard(environment: environment)
        let id = cluster.simVenue?.name ?? ProcessID("sim-venue") ?? .empty
        if let name, ProcessID(name) != id {
            throw ProcessFailure(.usage, "--name: the configuration calls it \(id), not \(name)")
        }
        try directory.prepare(for: id)
        let options = try SimVenueWiring.options(cluster, state: directory, data: data)
        return (options, LogSink(path: directory.log(of: id), isEchoed: verbose))
    }

    private func standalone() throws -> VenueOptions {
        guard kalshi != nil || polymarket != nil else {
            throw ProcessFailure(
                .usage, "give --kalshi HOST:PORT, --polymarket HOST:PORT or --config FILE")
        }
        guard let cash = Money(decimal: balance), !cash.isNegative else {
            throw ProcessFailure(.usage, "--balance: expected dollars, found `\(balance)`")
        }
        var chosen = VenueOptions.Markets.demo
        if let markets { chosen = .file(markets) }
        if let data { chosen = .recorded(directory: data) }
        var options = VenueOptions(
            kalshi: try kalshi.map { try SimVenueWiring.address($0) },
            polymarket: try polymarket.map { try SimVenueWiring.address($0) }, markets: chosen,
            keys: try keys.map { try SimVenueWiring.key($0) }, balance: cash)
        options.logPath = log
        options.seed = seed ?? options.seed
        if let tier {
            guard let known = RateTier(rawValue: tier) else {
                throw ProcessFailure(.usage, "--tier: no tier `\(tier)`")
            }
            options.tier = known
        }
        return options
    }
}

/// Writes a generated day.
struct Generate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Writes a seeded day in the formats of the recordings.")

    @Option(help: "What the day follows from.")
    var seed: UInt64 = 7
    @Option(help: "The folder to write to.")
    var out: String
    @Option(help: "How many hours.")
    var hours: Int = 24
    @Option(help: "How many minutes, instead of hours.")
    var minutes: Int?
    @Option(
        help: "How many times as fast as market time the other domains live; 0 leaves them out.")
    var pace: Int = 1

    func run() throws {
        do {
            guard (1...240).contains(hours) else {
                throw ProcessFailure(.usage, "--hours: expected 1 to 240, found \(hours)")
            }
            if let minutes, !(10...14_400).contains(minutes) {
                throw ProcessFailure(.usage, "--minutes: expected 10 to 14400, found \(minutes)")
            }
            let seconds = minutes.map { $0 * 60 } ?? hours * 3_600
            guard pace == 0 || (1...144).contains(pace) && seconds * pace >= 3_600 else {
                throw ProcessFailure(
                    .usage,
                    "--pace: expected 0 or 1 to 144, and an hour of the domains' time at least; "
                        + "found \(pace) for \(seconds) s")
            }
            let summary = try DayGenerator.write(
                seed: seed, seconds: seconds, pace: pace == 0 ? nil : pace, to: out)
            print("wrote \(summary.rowCount) rows and \(summary.marketCount) markets to \(out)")
        } catch {
            ProcessFailure(error).exit(name: "sim-venue generate")
        }
    }
}

/// Lists what the venue would serve.
struct Markets: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Lists what the venue serves.")

    @Option(help: "A JSON file of markets. Default: the demo set.")
    var markets: String?
    @Option(help: "The folder of recorded data.")
    var data: String?
    @Flag(help: "Prints JSON for machines.")
    var json = false

    func run() throws {
        do {
            for line in try MarketList.lines(markets: markets, data: data, json: json) {
                print(line)
            }
        } catch {
            ProcessFailure(error).exit(name: "sim-venue markets")
        }
    }
}
