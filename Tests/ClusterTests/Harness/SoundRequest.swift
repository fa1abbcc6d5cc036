import Trading
import Wire

/// A parent and a child of the stand-in that the core permits, to be bent by a test.
struct SoundRequest: Sendable {
    private let parent: DeclareIntent
    private let order: OrderRequest
    private let first: UInt64

    /// Requests of a round have numbers of their own.
    init(_ round: UInt64, _ granted: AgentGranted, like latest: OrderLine) throws {
        guard let instrument = InstrumentID(latest.instrument),
            let price = Price(decimal: latest.price)
        else { throw ClusterFailure("an order that cannot be read: \(latest)") }
        first = round * 1_000
        parent = DeclareIntent(
            incarnation: granted.incarnation, intentID: IntentID(round), org: granted.org,
            account: granted.account, mode: granted.mode, strategy: granted.strategy,
            instrument: instrument, side: .buy, quantity: Quantity(20), limitPrice: price,
            deadline: .zero, urgency: 0)
        order = OrderRequest(
            incarnation: granted.incarnation, requestID: RequestID(first),
            intentID: IntentID(round),
            org: granted.org, account: granted.account, mode: granted.mode,
            strategy: granted.strategy, instrument: instrument, side: .buy,
            timeInForce: .immediateOrCancel, isPostOnly: .no, price: price,
            quantity: Quantity(1), expiresAt: .zero, policyVersion: 1,
            modelHash: Digest(bytes: [UInt8](repeating: 1, count: 32)) ?? .zero,
            featureHash: Digest(bytes: [UInt8](repeating: 2, count: 32)) ?? .zero,
            confidence: 0.5, fairValue: price, expectedEdge: .zero,
            quoteSequence: SequenceNumber(1), quotedAt: .zero)
    }

    /// The frame that declares the parent.
    func intent(at now: Timestamp) -> [UInt8] {
        var intent = parent
        intent.deadline = Timestamp(nanoseconds: now.nanoseconds + 60_000_000_000)
        return intent.frame()
    }

    func number(_ offset: Int) -> RequestID { RequestID(first + UInt64(offset)) }

    /// The frame of one request, changed by `edit`.
    func frame(
        _ offset: Int = 0, at now: Timestamp, _ edit: (inout OrderRequest) -> Void = { _ in }
    ) -> [UInt8] {
        var request = order
        request.requestID = number(offset)
        request.quotedAt = now
        edit(&request)
        return request.frame(
            features: [OrderRequest.FeaturesEntry(label: LongName("x") ?? .empty, value: 1)],
            signal: Array("stand-in".utf8), model: Array("stand-in".utf8))
    }
}

extension LocalClusterHarness {
    /// A request for the market of the latest order, which was open a moment ago, at its price.
    func soundRequest(
        _ round: UInt64, _ granted: AgentGranted
    ) async throws -> SoundRequest {
        guard let latest = try await orders().last else { throw ClusterFailure("no order") }
        return try SoundRequest(round, granted, like: latest)
    }
}

extension StandInAgent.Board {
    /// Waits for the core's word on a request.
    func decision(on number: RequestID) async throws -> Decision {
        var found: Decision?
        try await waitUntil("a decision on request \(number)", within: .seconds(20)) {
            found = seen.decisions.first { $0.kind == .order && $0.requestID == number }
            return found != nil || !seen.closures.isEmpty
        }
        guard let found else { throw ClusterFailure("the session ended: \(seen.closures)") }
        return found
    }
}
