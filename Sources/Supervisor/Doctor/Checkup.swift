import Glibc
import Journal
import Runtime
import Trading
import Wire

/// Looks a deployment over without changing it: what it needs before it starts, and how it is while
/// it runs. Each check says what is so and, where that is not good, what to do.
struct Checkup: Sendable {
    /// Below this much free space nothing should be started; journals need room for a week.
    static let spaceMin: UInt64 = 1 << 30
    static let spaceLow: UInt64 = 5 << 30

    let configuration: ClusterConfiguration
    let state: StateDirectory
    private var keys: KeyFiles { KeyFiles(root: state.keys(configuration.keys)) }

    /// What can be checked without asking any process.
    func still() -> [Finding] {
        [configured(), stateFolder(), space(), permissions()]
            + [publicKeys(), builds(), clock(), descriptors(), alerts(), dashboard()]
            .compactMap { $0 }
            + venuePorts() + journals()
    }

    // MARK: - Configuration

    private func configured() -> Finding {
        let cluster = configuration
        let counted =
            "\(cluster.gateways.count) gateways, \(cluster.agents.count) agents, "
            + "\(cluster.limits.count) limits"
        guard cluster.mode == .live, cluster.operators.count < 2 else {
            return .fine("configuration", "\(cluster.file): \(cluster.mode), \(counted)")
        }
        return .warning(
            "configuration", "\(cluster.file): live with one operator, \(counted)",
            "name a second operator, so that nobody loosens a limit alone")
    }

    // MARK: - State

    private func stateFolder() -> Finding {
        let root = state.root
        var status = stat()
        guard stat(root, &status) == 0 else {
            return .problem(
                "state", "\(root) does not exist", "start the cluster, or name another --state")
        }
        guard status.st_mode & S_IFMT == S_IFDIR, access(root, W_OK | X_OK) == 0 else {
            return .problem(
                "state", "\(root) cannot be written by this user",
                "run as the user that owns it (uid \(status.st_uid)), or chown it")
        }
        if status.st_mode & 0o022 != 0 {
            return .problem(
                "state", "\(root) can be written by others (mode \(octal(status.st_mode)))",
                "chmod go-w \(root)")
        }
        return .fine("state", "\(root) is writable, and by its owner only")
    }

    private func space() -> Finding {
        var facts = statvfs()
        guard statvfs(state.root, &facts) == 0 else {
            return .problem("space", "cannot be read at \(state.root)", "see `state` above")
        }
        let free = UInt64(facts.f_bavail) * UInt64(facts.f_frsize)
        let text = "\(free >> 20) MiB free at \(state.root)"
        if free < Checkup.spaceMin {
            return .problem(
                "space", text, "make room: a full disk stops the core before it stops anything else"
            )
        }
        if free < Checkup.spaceLow {
            return .warning("space", text, "make room for a week of journals (5 GiB)")
        }
        return .fine("space", text)
    }

    // MARK: - Keys

    private var secrets: [String] {
        let venue = configuration.simVenue?.name
        let speakers =
            configuration.processNames.filter { $0 != venue } + [configuration.supervisor.console]
        let owners = [configuration.core.name] + configuration.gateways.map(\.name)
        return speakers.map(keys.curve) + owners.flatMap { [keys.permit($0), keys.checkpoint($0)] }
            + configuration.gateways.map { keys.venue($0.name) }
            + configuration.operators.map(keys.operator)
    }

    private func permissions() -> Finding {
        var (missing, open): ([String], [String]) = ([], [])
        for path in secrets {
            var status = stat()
            if stat(path, &status) != 0 {
                missing.append(path)
            } else if status.st_mode & 0o077 != 0 {
                open.append(path)
            }
        }
        if let path = open.first {
            return .problem(
                "keys", "\(open.count) can be read by others, such as \(path)",
                "chmod 600 \(open.joined(separator: " "))")
        }
        if let path = missing.first {
            return .warning(
                "keys", "\(missing.count) of \(secrets.count) are not here, such as \(path)",
                "`supervisor keys init`, unless they belong on another host")
        }
        return .fine("keys", "\(secrets.count) secret keys, each its owner's alone")
    }

    private func publicKeys() -> Finding? {
        let venue = configuration.simVenue?.name
        let owners = [configuration.core.name] + configuration.gateways.map(\.name)
        let paths =
            configuration.processNames.filter { $0 != venue }.map(keys.publicCurve)
            + owners.flatMap { [keys.publicPermit($0), keys.publicCheckpoint($0)] }
            + configuration.operators.map(keys.publicOperator)
        let missing = paths.filter { !FileSystem.exists($0) }
        guard let path = missing.first else { return nil }
        return .problem(
            "public keys", "\(missing.count) are missing, such as \(path)",
            "copy public/ from where the keys were made: without them no link opens")
    }

    /// Whether the programs beside this one are those that may trade; nil where any may.
    private func builds() -> Finding? {
        guard !configuration.builds.isEmpty else { return nil }
        let folder = FileSystem.executableFolder()
        for kind in BuildsCommand.kinds {
            let path = "\(folder)/\(kind.executable)"
            guard FileSystem.exists(path) else { continue }
            guard let build = try? Executable.build(of: path),
                configuration.builds.contains(build)
            else {
                return .problem(
                    "builds", "\(path) is not of a build that \(configuration.file) lists",
                    "install the version that was listed, or list this one: `supervisor builds`")
            }
        }
        return .fine("builds", "the programs in \(folder) are listed")
    }

    // MARK: - Machine

    private func clock() -> Finding {
        let clock = ClockDiscipline.now()
        let error = clock.errorMax.nanoseconds / 1_000
        guard clock.isSynchronised else {
            return .warning(
                "clock", "the kernel says that nobody keeps the clock right",
                "run an NTP client (chrony or systemd-timesyncd): quotes are judged by their age")
        }
        guard error < 100_000 else {
            return .warning(
                "clock", "synchronised, but up to \(error / 1_000) ms off",
                "look at the NTP client's sources")
        }
        return .fine("clock", "synchronised, at most \(error) us off")
    }

    private func descriptors() -> Finding {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        let text = "\(limit.rlim_cur) file descriptors a process"
        guard limit.rlim_cur >= 1_024 else {
            return .problem(
                "descriptors", text, "raise LimitNOFILE (or `ulimit -n`) to 1024 or more")
        }
        return .fine("descriptors", text)
    }

    private func alerts() -> Finding {
        guard let alerts = configuration.supervisor.alerts, !alerts.channels.isEmpty else {
            return .warning(
                "alerts", "nobody is told when something is wrong",
                "give the configuration `supervisor: alerts:` with a channel")
        }
        let names = alerts.channels.map(\.name).joined(separator: ", ")
        for channel in alerts.channels {
            guard case .file(let path) = channel.address else { continue }
            var status = stat()
            guard stat(path, &status) == 0 else {
                return .problem(
                    "alerts", "\(channel.name): \(path) does not exist", "put the address there")
            }
            guard status.st_mode & 0o077 == 0 else {
                return .problem(
                    "alerts", "\(channel.name): \(path) can be read by others",
                    "chmod 600 \(path)")
            }
        }
        guard alerts.heartbeat != nil else {
            return .warning(
                "alerts", "told: \(names); but nothing pages when the machine itself is gone",
                "give `alerts:` a heartbeat to a service that pages on silence")
        }
        return .fine("alerts", "told: \(names); try them with `supervisor alerts test`")
    }

    private func venuePorts() -> [Finding] {
        guard let venue = configuration.simVenue, !isSupervised else { return [] }
        return [venue.kalshi, venue.polymarket].compactMap { address in
            guard let port = address?.split(separator: ":").last.flatMap({ Int($0) }),
                case .taken = PortState.of(port)
            else { return nil }
            return .problem(
                "sim-venue", "another program has port \(port)",
                "stop it, or choose another address under `sim-venue:`")
        }
    }

    private func dashboard() -> Finding? {
        guard let http = configuration.supervisor.http else { return nil }
        let address = http.address
        switch PortState.of(http.port) {
        case .free: return .fine("dashboard", "\(address) is free: no supervisor runs")
        case .taken where isSupervised:
            return .fine("dashboard", "\(address) is served")
        case .taken:
            return .problem(
                "dashboard", "another program has port \(http.port)",
                "stop it, or choose another `supervisor: http: port`")
        }
    }

    /// Whether a cluster holds the state.
    var isSupervised: Bool {
        FileLock.isTaken(state.run + "/up.lock")
            || FileLock.isTaken(state.run + "/traces.lock")
    }

    // MARK: - Journals

    private func journals() -> [Finding] {
        ([configuration.core.name] + configuration.gateways.map(\.name)).compactMap { owner in
            let path = state.journal(of: owner)
            guard FileSystem.exists(path) else { return nil }
            let name = "journal of \(owner)"
            let keyRing = KeyRing(
                process: configuration.supervisor.console, files: keys, credentials: nil)
            let identity = JournalIdentity(
                cluster: configuration.cluster.description, owner: owner.description,
                schemaVersion: UInt32(WireSchema.version))
            guard let key = try? keyRing.publicCheckpointKey(of: owner) else {
                return .problem(
                    name, "cannot be checked: \(keys.publicCheckpoint(owner)) cannot be read",
                    "copy it from where the keys were made; the journal itself may be sound")
            }
            do {
                let verifier = JournalVerifier(identity: identity, checkpointKey: key)
                let reports = try verifier.verify(archives: [], journal: path)
                let entries = reports.last?.entries ?? 0
                return .fine(name, "\(entries) entries, the chain is whole")
            } catch {
                return .problem(
                    name, "\(path): \(error)",
                    "keep the file as it is, stop the core, and restore a backup that verifies")
            }
        }
    }

    private func octal(_ mode: mode_t) -> String { String(mode & 0o7777, radix: 8) }
}

/// Whether somebody listens on a port of this host.
enum PortState {
    case free
    case taken

    static func of(_ port: Int) -> PortState {
        let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard socket >= 0 else { return .taken }
        defer { close(socket) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(truncatingIfNeeded: port).bigEndian)
        address.sin_addr = in_addr(s_addr: in_addr_t(0x7F00_0001).bigEndian)
        let status = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        return status == 0 ? .taken : .free
    }
}

extension Finding {
    /// What a process that was asked says of itself.
    init(_ report: StatusReport, versions: Set<String>) {
        let name = "process \(report.process)"
        guard report.isAvailable else {
            self = .problem(
                name, report.problem ?? "does not answer",
                "see its log; `supervisor status` asks again")
            return
        }
        if report.isKilled == true {
            self = .warning(
                name, "halted", "`supervisor resume` when the reason is understood")
            return
        }
        guard report.isReady == true else {
            self = .warning(
                name, "answers, but is not ready",
                "give it a moment; then look at its log")
            return
        }
        let version = report.version ?? ""
        guard versions.count <= 1 else {
            self = .warning(
                name, "version \(version), while others run another",
                "restart it on the same build as the rest")
            return
        }
        self = .fine(name, "ready, \(report.arming ?? ""), version \(version)")
    }
}
