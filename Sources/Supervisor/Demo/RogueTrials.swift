import AsyncHTTPClient
import Cryptography
import NIOCore
import NIOHTTP1
import Runtime
import Trading
import Transport
import Wire

/// What came of one try to get past the risk core.
struct RogueOutcome: Codable, Sendable, Equatable {
    let who: String
    let attempt: String
    let isRefused: Bool
    let answer: String
}

/// Tries on a running cluster what somebody would who has an agent's keys, or none, and wants an
/// order at the venue without the core. Each try is refused, or the cluster is not what it says;
/// none would change anything if it were let in.
struct RogueTrials {
    private static let patience = Trading.Span.seconds(6)

    private let session: ConsoleSession
    private let rogue: AgentConfiguration
    private let stolen: CurveKeyPair

    /// Takes the keys of the first agent, as a thief would.
    init(_ session: ConsoleSession) throws(ProcessFailure) {
        guard let rogue = session.configuration.agents.first else {
            throw ProcessFailure(.usage, "the configuration has no agent that could turn rogue")
        }
        self.session = session
        self.rogue = rogue
        stolen = try RogueTrials.keys(of: rogue.name, session)
    }

    func run() async throws(ProcessFailure) -> [RogueOutcome] {
        var outcomes = try connections()
        outcomes.append(try borrowedName())
        outcomes.append(try await forgedCommand())
        for gateway in session.configuration.gateways {
            outcomes.append(await keylessOrder(at: gateway))
        }
        return outcomes
    }

    // MARK: Connections

    /// Sockets that are not for agents, and sockets that are for processes with keys.
    private func connections() throws(ProcessFailure) -> [RogueOutcome] {
        let core = session.configuration.core.name
        var tries: [(who: String, CurveKeyPair?, ProcessID, SocketRole)] = []
        let agent = "\(rogue.name)'s key"
        for gateway in session.configuration.gateways.map(\.name) {
            tries.append((agent, stolen, gateway, .orders))
            tries.append((agent, stolen, gateway, .admin))
            tries.append(("a key of nobody", try RogueTrials.newKeys(), gateway, .orders))
            tries.append(("no key", nil, gateway, .orders))
        }
        tries.append((agent, stolen, core, .admin))
        tries.append(("a key of nobody", try RogueTrials.newKeys(), core, .agents))
        tries.append(("no key", nil, core, .agents))
        var outcomes: [RogueOutcome] = []
        for (who, keys, process, role) in tries {
            let connection = try connect(to: process, role, keys)
            defer { connection.close() }
            let attempt = "connect to \(process), \(role.rawValue)"
            switch connection.handshake(within: RogueTrials.patience) {
            case .admitted:
                outcomes.append(.init(who, attempt, isRefused: false, "admitted"))
            case .refused(let why):
                outcomes.append(.init(who, attempt, isRefused: true, why))
            case .silence:
                throw ProcessFailure(.unavailable, "\(process) does not answer: is it running?")
            }
        }
        return outcomes
    }

    /// With the key of one agent a session in the name of another, or of the core.
    private func borrowedName() throws(ProcessFailure) -> RogueOutcome {
        let core = session.configuration.core.name
        let other = session.configuration.agents.dropFirst().first?.name ?? core
        let connection = try connect(to: core, .agents, stolen)
        defer { connection.close() }
        guard case .admitted = connection.handshake(within: RogueTrials.patience) else {
            throw ProcessFailure(.unavailable, "\(core) does not admit its own \(rogue.name)")
        }
        let open = SessionOpen(
            cluster: session.configuration.cluster, incarnation: Incarnation(1), sessionID: 0,
            receivedThrough: .zero, build: .zero, terms: .zero)
        var frame = open.frame()
        WireFrame.setEnvelope(in: &frame, sender: other)
        let (who, attempt) = ("\(rogue.name)'s key", "open a session as \(other)")
        guard connection.send(frame),
            let answer = connection.receive(within: RogueTrials.patience)
        else { throw ProcessFailure(.unavailable, "\(core) does not answer to a session") }
        guard let refused = try? SessionRefused(decoding: answer) else {
            return .init(who, attempt, isRefused: false, "the core did not refuse it")
        }
        return .init(who, attempt, isRefused: true, refused.reason.wireName)
    }

    private func connect(
        to process: ProcessID, _ role: SocketRole, _ keys: CurveKeyPair?
    ) throws(ProcessFailure) -> BareConnection {
        let endpoint = try session.party.endpoint(of: process, role)
        do {
            let server = try CurvePublicKey(z85: session.party.keys.publicCurveText(of: process))
            return try BareConnection(to: endpoint, server: server, keys: keys)
        } catch {
            throw ProcessFailure(.unavailable, "no connection to \(process): \(error)")
        }
    }

    // MARK: Commands and orders

    /// A command in an operator's name, signed with a key that is not the operator's. Its scope is
    /// a strategy that does not exist.
    private func forgedCommand() async throws(ProcessFailure) -> RogueOutcome {
        let name = try session.configuration.operator(named: nil)
        let core = session.configuration.core.name
        guard let nobody = StrategyID("rogue-demo") else {
            preconditionFailure("the name of the demo is none")
        }
        let order = OperatorOrder(
            action: .halt, scope: .strategy(rogue.org, rogue.account, nobody),
            reason: "a demo with a forged signature")
        let console = try session.links(to: [core])
        defer { console.close() }
        let (who, attempt) = ("a forged signature of \(name)", "halt a strategy")
        do {
            let key = OperatorKey(name: name, key: try .generate())
            let answer = try await console.command(
                order, to: core, by: key, patience: ConsoleSession.patience)
            return .init(who, attempt, isRefused: !answer.isAccepted, answer.detail)
        } catch let error as AdminError {
            if case .refused(_, let why) = error {
                return .init(who, attempt, isRefused: true, why)
            }
            throw error.failure
        } catch {
            throw ProcessFailure(.refused, "no key can be made: \(error)")
        }
    }

    /// An order straight to the venue, without the key that the gateway alone has.
    private func keylessOrder(at gateway: GatewayConfiguration) async -> RogueOutcome {
        let path =
            gateway.venue.description == "polymarket"
            ? "/order" : "/portfolio/events/orders"
        let (who, attempt) = ("no venue key", "order at \(gateway.venue) itself")
        var request = HTTPClientRequest(url: gateway.url + path)
        request.method = .POST
        request.headers.add(name: "Content-Type", value: "application/json")
        request.body = .bytes(ByteBuffer(string: "{}"))
        do {
            let answer = try await HTTPClient.shared.execute(
                request, timeout: .nanoseconds(RogueTrials.patience.nanoseconds))
            let code = answer.status.code
            return .init(
                who, attempt, isRefused: !(200..<300).contains(code), "the venue answers \(code)")
        } catch {
            return .init(who, attempt, isRefused: true, "no answer (\(type(of: error)))")
        }
    }

    // MARK: Keys

    private static func keys(
        of process: ProcessID, _ session: ConsoleSession
    ) throws(ProcessFailure) -> CurveKeyPair {
        let party = ClusterParty(
            configuration: session.configuration, state: session.state, name: process)
        do {
            let secret = try CurveSecretKey(z85: party.keys.curveSecretText())
            return try CurveIdentity(name: process, secretKey: secret).keys
        } catch let failure as ProcessFailure {
            throw failure
        } catch {
            throw ProcessFailure(.usage, "the keys of \(process) cannot be used: \(error)")
        }
    }

    private static func newKeys() throws(ProcessFailure) -> CurveKeyPair {
        do throws(TransportError) {
            return try CurveKeyPair.generate()
        } catch {
            throw ProcessFailure(.refused, "no key can be made: \(error)")
        }
    }
}

extension RogueOutcome {
    fileprivate init(_ who: String, _ attempt: String, isRefused: Bool, _ answer: String) {
        self.init(who: who, attempt: attempt, isRefused: isRefused, answer: answer)
    }
}
