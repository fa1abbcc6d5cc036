import Cryptography
import Execution
import Trading

/// What an operation does next.
enum PolymarketStep: Sendable {
    case request(PolymarketRequest)
    case finished(PolymarketResult)
    case failed(VenueFailure)
}

/// What an operation was for.
enum PolymarketResult: Sendable {
    case proven
    case placed(VenueOrderState)
    case cancelled(VenueReference, taken: Quantity)
    case cancelledAll(Int)
    case openOrders([VenueOrderState])
    case order(VenueOrderState?)
    case fills([VenueFill])
    case positions([VenueHolding])
    case balance(Money)
    case markets([PolymarketMarket])
    case book(InstrumentID, OrderBook)
    case fees([VenueFee])
    case beaten(String)
    case healthy
}

/// One or more REST calls with one purpose. Pure: it says what to ask and reads the answers.
protocol PolymarketOperation: Sendable {
    mutating func begin(_ memory: inout PolymarketMemory) -> PolymarketStep

    /// Reads an answer that succeeded.
    mutating func read(
        _ document: borrowing JSONDocument, _ decoder: inout PolymarketDecoder,
        _ memory: inout PolymarketMemory
    ) throws(PayloadError) -> PolymarketStep

    /// The venue said no.
    mutating func declined(
        _ status: Int, _ message: String, _ memory: inout PolymarketMemory
    ) -> PolymarketStep

    /// An object that was left out of a listing because it cannot be used, and why.
    var leftOut: [String] { get }
}

extension PolymarketOperation {
    mutating func declined(
        _ status: Int, _ message: String, _ memory: inout PolymarketMemory
    ) -> PolymarketStep {
        .failed(.declined(code: "http-\(status)", message: message))
    }

    var leftOut: [String] { [] }
}

/// Finds the wallet's API key, or has one made.
struct ProveWallet: PolymarketOperation {
    private var isMaking = false

    init() {}

    mutating func begin(_ memory: inout PolymarketMemory) -> PolymarketStep {
        .request(PolymarketRequest(.get, "/auth/derive-api-key", proof: .wallet))
    }

    mutating func read(
        _ document: borrowing JSONDocument, _ decoder: inout PolymarketDecoder,
        _ memory: inout PolymarketMemory
    ) throws(PayloadError) -> PolymarketStep {
        memory.credentials = try decoder.credentials(document)
        return .finished(.proven)
    }

    mutating func declined(
        _ status: Int, _ message: String, _ memory: inout PolymarketMemory
    ) -> PolymarketStep {
        guard !isMaking, status != 429 else {
            return .failed(.declined(code: "http-\(status)", message: message))
        }
        isMaking = true
        return .request(PolymarketRequest(.post, "/auth/api-key", proof: .wallet))
    }
}

/// Tells the venue that we are there: without it, it cancels everything that rests.
struct BeatHeart: PolymarketOperation {
    /// What the last beat was answered with; empty for the first.
    let last: String

    mutating func begin(_ memory: inout PolymarketMemory) -> PolymarketStep {
        var writer = JSONWriter()
        writer.add("heartbeat_id", last)
        return .request(
            PolymarketRequest(.post, "/v1/heartbeats", body: writer.finished(), lane: .cancel))
    }

    mutating func read(
        _ document: borrowing JSONDocument, _ decoder: inout PolymarketDecoder,
        _ memory: inout PolymarketMemory
    ) throws(PayloadError) -> PolymarketStep {
        .finished(.beaten(try document.optionalText("heartbeat_id", in: document.root) ?? ""))
    }
}

/// Asks whether we may trade: whether the venue's time is ours, since signatures name it, whether
/// the account may open positions, and whether its dollars may be spent.
struct ReadEligibility: PolymarketOperation {
    private enum Question {
        case time
        case eligibility
        case allowance
    }

    private var question = Question.time

    static let skewMax = Span.seconds(5)

    init() {}

    mutating func begin(_ memory: inout PolymarketMemory) -> PolymarketStep {
        .request(PolymarketRequest(.get, "/time", proof: .none))
    }

    mutating func read(
        _ document: borrowing JSONDocument, _ decoder: inout PolymarketDecoder,
        _ memory: inout PolymarketMemory
    ) throws(PayloadError) -> PolymarketStep {
        switch question {
        case .time:
            if let failure = try skew(document, memory) { return .failed(failure) }
            question = .eligibility
            return .request(PolymarketRequest(.get, "/auth/ban-status/closed-only"))
        case .eligibility:
            guard try !document.flag("closed_only", in: document.root) else {
                return .failed(
                    .declined(
                        code: "closed_only", message: "the account may only close positions"))
            }
            question = .allowance
            return .request(balanceRequest("COLLATERAL", nil, memory.signer.signatureType))
        case .allowance:
            if let failure = try missingAllowance(document, &decoder, memory) {
                return .failed(failure)
            }
            guard let mode = memory.mode else { return .finished(.healthy) }
            return .failed(.declined(code: mode.code, message: "the exchange takes no orders"))
        }
    }

    private func skew(
        _ document: borrowing JSONDocument, _ memory: PolymarketMemory
    ) throws(PayloadError) -> VenueFailure? {
        guard let seconds = document.integer(document.root), seconds >= 0,
            seconds <= 7_258_118_400
        else { throw .wrongType(field: "time", expected: "seconds") }
        let skew = memory.now.wall.nanoseconds - seconds * 1_000_000_000
        guard skew.magnitude > ReadEligibility.skewMax.nanoseconds.magnitude else { return nil }
        return .declined(
            code: "clock_skew",
            message: "our clock is \(Span(nanoseconds: skew)) ahead of the venue's")
    }

    /// Dollars that no exchange may take are none to trade with.
    private func missingAllowance(
        _ document: borrowing JSONDocument, _ decoder: inout PolymarketDecoder,
        _ memory: PolymarketMemory
    ) throws(PayloadError) -> VenueFailure? {
        _ = try decoder.balance(document)
        let missing = missingAllowances(
            document, for: Set(memory.markets.values.map(\.exchange)),
            of: memory.signer.contracts)
        guard let contract = missing.first else { return nil }
        return .declined(
            code: "no_allowance",
            message: "the exchange \(contract) may not take the account's dollars: approve it")
    }
}

/// The contracts of `exchanges` that may not take the account's dollars, as a balance states it.
/// An answer that says nothing of allowances misses none.
func missingAllowances(
    _ document: borrowing JSONDocument, for exchanges: Set<PolymarketExchange>,
    of contracts: PolymarketContracts
) -> [EthereumAddress] {
    guard let allowances = document.optional("allowances", in: document.root) else { return [] }
    var allowed: Set<String> = []
    document.forEachMember(of: allowances) { key, value in
        guard let address = document.string(key), let amount = document.string(value),
            amount.contains(where: { $0 != "0" })
        else { return }
        allowed.insert(address.lowercased())
    }
    return PolymarketExchange.allCases.filter { exchanges.contains($0) }
        .compactMap { contracts.domain(of: $0).contract }
        .filter { !allowed.contains($0.description.lowercased()) }
}
