import Logging
import Runtime
import Trading
import Wire

/// The supervisor's traces, API and dashboard: what runs beside a cluster and never in its way.
/// When any of it fails, trading goes on and the log says why.
struct WebService: Sendable {
    enum Announcement: Sendable {
        /// The token is nil where it must not be shown.
        case listening(address: String, token: String?)
        case failed(String)
    }

    /// Says where the dashboard is, or why nowhere.
    private let announce: @Sendable (Announcement) -> Void
    private let endpoint: HTTPEndpoint
    private let api: ClusterAPI
    private let token: String?
    private let log: Logger
    private let looks: LookFollower
    /// Nil where nobody is to be told.
    private let alerts: AlertWatch?

    /// Nil where the configuration names no address.
    init?(
        _ configuration: ClusterConfiguration, _ party: ClusterParty, console: AdminConsole,
        board: StatusBoard, source: any TraceSource, log: Logger,
        announce: @escaping @Sendable (Announcement) -> Void
    ) throws {
        guard let endpoint = configuration.supervisor.http else { return nil }
        let state = party.state
        try TraceFile.claim(in: state)
        let store = try TraceStore(
            path: TraceFile.path(in: state, of: configuration),
            ordersMax: configuration.supervisor.tracesMax)
        let tokens = try AccessTokens(state)
        let facts = ClusterFacts(configuration)
        let core = configuration.core.name
        alerts = try configuration.supervisor.alerts.map { alerts in
            AlertWatch(
                alerts, facts: facts,
                store: try AlertStore(path: AlertStore.path(in: state, of: configuration)), log: log
            ) { isHeard in
                console.tell(AlertBeat(isHeard: Flag(isHeard)).frame(), to: core)
            }
        }
        looks = LookFollower(
            console: console, agents: configuration.agents, store: store, log: log)
        api = ClusterAPI(
            facts: facts,
            traces: try TraceProjection(
                source, into: store, cluster: configuration.cluster, log: log),
            board: board,
            helm: LinkHelm(configuration: configuration, party: party, console: console),
            tokens: tokens,
            audit: try AuditTrail(
                path: state.folder(of: configuration.supervisor.name) + "/audit.jsonl"),
            alerts: alerts?.store, federation: FederationReport.path(in: state), log: log)
        // In live mode a token is handed out by `supervisor token`, never shown on a screen.
        let local = try tokens.local()
        token = configuration.mode == .live ? nil : local
        self.endpoint = endpoint
        self.log = log
        self.announce = announce
    }

    /// Follows the journal and serves until the task is cancelled. The server itself ends with the
    /// process: cancelled while a connection has come that nobody has taken yet, it would trap
    /// (apple/swift-nio, issue 2637), and with it the end of a run.
    func run() async {
        Task { await serve() }
        await withTaskGroup { group in
            group.addTask { await api.traces.follow() }
            group.addTask { await looks.follow() }
            if let alerts {
                group.addTask {
                    await alerts.run { [api] in
                        api.board.isKept ? try await api.overview(org: nil) : nil
                    }
                }
            }
        }
    }

    private func serve() async {
        var quiet = log
        quiet.logLevel = .warning
        let server = APIServer(api: api, endpoint: endpoint, log: quiet)
        let host = endpoint.host.contains(":") ? "[\(endpoint.host)]" : endpoint.host
        do {
            try await server.run { port in
                announce(.listening(address: "http://\(host):\(port)/", token: token))
            }
        } catch {
            log.error("no dashboard", metadata: ["error": "\(error)"])
            announce(.failed("no dashboard at \(host):\(endpoint.port): \(error)"))
        }
    }
}

extension WebService.Announcement {
    /// What `up` shows: a link that opens the dashboard.
    var text: String {
        switch self {
        case .listening(let address, let token?): "dashboard \(address)#\(token)"
        case .listening(let address, nil):
            "dashboard \(address) (`supervisor token show` prints its token)"
        case .failed(let why): why
        }
    }
}

extension AccessTokens {
    /// The tokens of a state directory. They outlive the run that a fresh start sets aside.
    init(_ state: StateDirectory) throws(ProcessFailure) {
        let folder = state.root + "/access"
        do throws(StateError) {
            try StateDirectory.makeFolder(folder)
        } catch {
            throw ProcessFailure(.usage, error.description)
        }
        self.init(folder: folder)
    }
}
