import Glibc
package import Logging
package import Trading
package import Transport
import Wire

/// What every process has before it is wired: its part of the configuration, its state, its keys,
/// its log, and who it is on its links.
package struct ProcessContext: Sendable {
    package let configuration: ClusterConfiguration
    package let name: ProcessID
    package let state: StateDirectory
    package let keys: KeyRing
    package let log: Logger
    package let notifier: SystemdNotifier
    package let stop: StopSignal
    /// Different for every start: the start's UTC nanoseconds.
    package let incarnation: Incarnation

    /// The version that a process reports of itself.
    package static let version = "0.1.0"

    /// Reads the configuration, hardens the process, and prepares state, keys, signals and log.
    ///
    /// `choose` names the process where `--name` does not, or throws what is missing.
    package init(
        options: ProcessOptions,
        choose: (ClusterConfiguration, ProcessID?) throws(ProcessFailure) -> ProcessID
    ) throws(ProcessFailure) {
        let environment = ProcessContext.environment()
        try Hardening.apply()
        do {
            configuration = try ClusterConfiguration(
                yaml: TextFile.read(options.config, sizeMax: 1 << 20), file: options.config)
        } catch { throw ProcessFailure(error) }
        name = try choose(configuration, options.name)
        state =
            options.state.map { StateDirectory($0) }
            ?? StateDirectory.standard(environment: environment)
        do {
            try state.prepare(for: name)
        } catch { throw ProcessFailure(error) }
        keys = KeyRing(
            process: name, files: KeyFiles(root: state.keys(configuration.keys)),
            credentials: environment["CREDENTIALS_DIRECTORY"])
        LogBootstrap.install(
            sink: LogSink(
                path: state.log(of: name), isEchoed: environment["JOURNAL_STREAM"] != nil),
            level: .info)
        log = Logger(label: name.description)
        notifier = SystemdNotifier(environment: environment)
        stop = try StopSignal.install(environment: environment)
        incarnation = Incarnation(UInt64(WallClock.now().nanoseconds))
    }

    /// Who the process is on its links.
    package var identity: LinkIdentity {
        LinkIdentity(cluster: configuration.cluster, name: name, incarnation: incarnation)
    }

    /// What the process says of itself to these peers, and demands of them. `owner` is the gateway
    /// or agent whose terms both sides have read: the peer itself where the core asks.
    package func admission(
        of peers: [ProcessID], owner: ProcessID? = nil
    ) throws(ProcessFailure) -> LinkAdmission {
        var terms: [ProcessID: Digest] = [:]
        for peer in peers { terms[peer] = configuration.terms(of: owner ?? peer) }
        let build = try Executable.ownBuild()
        return LinkAdmission(build: build, terms: terms, builds: Set(configuration.builds))
    }

    /// The link's settings as the cluster is configured.
    package var linkSettings: LinkSettings {
        var settings = LinkSettings()
        settings.heartbeat = configuration.core.heartbeat
        settings.timeout = configuration.core.lease
        return settings
    }

    /// The process's own key pair and the public keys of the peers that it talks to.
    package func security(peers: [ProcessID]) throws(ProcessFailure) -> LoopSecurity {
        var directory: [ProcessID: CurvePublicKey] = [:]
        do {
            for peer in peers {
                directory[peer] = try CurvePublicKey(z85: keys.publicCurveText(of: peer))
            }
            return LoopSecurity(
                identity: try CurveIdentity(
                    name: name, secretKey: CurveSecretKey(z85: keys.curveSecretText())),
                directory: try PeerDirectory(directory))
        } catch let failure as ProcessFailure {
            throw failure
        } catch {
            throw ProcessFailure(.usage, "the keys of \(name) cannot be used: \(error)")
        }
    }

    /// Where a bound socket of a process is.
    package func endpoint(of process: ProcessID, _ role: SocketRole)
        throws(ProcessFailure) -> Endpoint
    {
        do {
            return try Endpoint(
                parsing: configuration.address(of: process, role, in: state))
        } catch { throw ProcessFailure(.usage, "\(process), socket \(role.rawValue): \(error)") }
    }

    /// The name of the link at a bound socket; also its authentication domain.
    package func link(_ process: ProcessID, _ role: SocketRole) throws(ProcessFailure) -> LinkName {
        let domain = ClusterConfiguration.domain(of: process, role)
        guard let link = LinkName(domain) else {
            throw ProcessFailure(.usage, "\(domain) is no name of a link")
        }
        return link
    }

    /// Runs a loop until it ends or the process is asked to stop. Says so to systemd, and keeps
    /// its watchdog fed from the loop itself: a loop that hangs is restarted.
    ///
    /// - Parameter end: What a request to stop does, on another thread. It sees to it that the loop
    ///   ends soon.
    package func run<Service: LoopService>(
        _ loop: PollLoop<Service>,
        end: @escaping @Sendable (PollLoop<Service>) -> Void = { $0.stop() }
    ) throws(ProcessFailure) {
        stop.onRequest { end(loop) }
        notifier.ready(status: "running")
        log.info("started", metadata: ["version": "\(ProcessContext.version)"])
        let watchdog = notifier.watchdogInterval.map { LoopWatchdog(loop, notifier, every: $0) }
        defer { watchdog?.end() }
        do {
            try loop.wait()
        } catch {
            log.critical("stopped", metadata: ["error": "\(error)"])
            throw ProcessFailure(.refused, "\(error)")
        }
        notifier.stopping()
        log.info("stopped")
    }

    private static func environment() -> [String: String] {
        var variables: [String: String] = [:]
        var next = environ
        while let entry = next.pointee {
            let text = String(cString: entry)
            if let equals = text.firstIndex(of: "=") {
                variables[String(text[..<equals])] = String(text[text.index(after: equals)...])
            }
            next += 1
        }
        return variables
    }
}
