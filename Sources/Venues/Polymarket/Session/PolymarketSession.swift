import Cryptography
import Execution
import Trading

/// The venue's two streams.
enum PolymarketFeed: String, Sendable, Hashable, CaseIterable {
    case market
    case user
}

/// What happens to a session.
enum PolymarketInput: Sendable {
    case start
    case submit(VenueCall, VenueCallID)
    /// Orders of an earlier process whose answers never came.
    case recall([VenueTicket])
    case socketOpened(PolymarketFeed)
    case socketClosed(PolymarketFeed, String)
    case frame(PolymarketFeed, [UInt8])
    case answered(owner: UInt64, VenueAnswer)
    /// Time passes.
    case elapsed
}

/// What a session wants done.
enum PolymarketEffect: Sendable {
    case emit(VenueEvent)
    case request(owner: UInt64, PolymarketRequest, PolymarketCredentials?)
    case send(PolymarketFeed, [UInt8])
    case openSocket(PolymarketFeed)
    case closeSocket(PolymarketFeed, String)
}

/// One account's conversation with Polymarket: which call comes next, what a message means, when a
/// book can be trusted.
///
/// Pure: no clock, no socket; the shell `PolymarketAdapter` reads both clocks, feeds inputs and
/// carries effects out. The streams have no sequence numbers, so a lost message cannot be seen in
/// them: each book is compared with what REST says of it, in turn, and a difference that stays
/// ends the connection. A trade is provisional until the chain has confirmed it.
struct PolymarketSession {
    /// A call, or a step of our own.
    struct Active {
        var operation: any PolymarketOperation
        let purpose: Purpose
        let isEffect: Bool
        /// The connection that it was begun for.
        let connection: UInt64
    }

    enum Purpose: Equatable {
        case call(VenueCallID)
        case prove
        case listMarkets
        case readFees
        case readHoldings
        case listOrders
        case beat
        case compare(InstrumentID)
    }

    let configuration: PolymarketConfiguration
    var memory: PolymarketMemory
    var stream: PolymarketStream
    var decoder = PolymarketDecoder()
    var document = JSONDocument()
    private var dispatcher: RequestDispatcher<PolymarketRequest>
    private var active: [UInt64: Active] = [:]
    private var ownersUsed: UInt64 = 0
    private var reported: Set<String> = []

    /// Distinct unknown fields that are reported; more are only read over.
    private static let reportedMax = 1_024

    init(
        _ configuration: PolymarketConfiguration, signer: PolymarketSigner, at now: VenueMoment
    ) {
        self.configuration = configuration
        memory = PolymarketMemory(signer: signer, now: now)
        stream = PolymarketStream()
        dispatcher = RequestDispatcher(
            RequestBudget(
                concurrency: configuration.concurrency,
                readTokensPerSecond: configuration.readTokensPerSecond,
                writeTokensPerSecond: configuration.writeTokensPerSecond),
            isReplay: false, now: now.monotonic)
    }

    var now: Span { memory.now.monotonic }

    /// Takes one input and appends what is to be done.
    mutating func apply(
        _ input: PolymarketInput, at now: VenueMoment, into effects: inout [PolymarketEffect]
    ) {
        memory.now = now
        switch input {
        case .start: connect(into: &effects)
        case .submit(let call, let id): submit(call, id, into: &effects)
        case .recall(let tickets): memory.expect(tickets)
        case .socketOpened(let feed): opened(feed, into: &effects)
        case .socketClosed(let feed, let reason): closed(feed, reason, into: &effects)
        case .frame(let feed, let bytes): receive(bytes, from: feed, into: &effects)
        case .answered(let owner, let answer): finish(owner, answer, into: &effects)
        case .elapsed: elapse(into: &effects)
        }
        startRequests(into: &effects)
    }

    // Calls.

    private mutating func submit(
        _ call: VenueCall, _ id: VenueCallID, into effects: inout [PolymarketEffect]
    ) {
        let purpose = Purpose.call(id)
        guard memory.credentials != nil else {
            effects.append(
                .emit(.failed(id, .notSent("the venue has not been reached yet"))))
            return
        }
        switch call {
        case .place(let ticket):
            begin(PlaceToken(ticket: ticket), for: purpose, isEffect: true, into: &effects)
        case .cancel(let client, let venue):
            begin(
                CancelToken(key: client, venueOrderID: venue), for: purpose, isEffect: true,
                into: &effects)
        case .cancelAll: begin(CancelAllTokens(), for: purpose, isEffect: true, into: &effects)
        case .openOrders: begin(ListOpenTokens(), for: purpose, into: &effects)
        case .order(let client): begin(FindToken(key: client), for: purpose, into: &effects)
        case .fills(let since): begin(ListTokenFills(since: since), for: purpose, into: &effects)
        case .positions: begin(ReadHoldings(.positions), for: purpose, into: &effects)
        case .balance: begin(ReadHoldings(.cash), for: purpose, into: &effects)
        case .instruments:
            begin(ListConditions(configuration.markets), for: purpose, into: &effects)
        case .book(let instrument):
            begin(ReadTokenBook(instrument: instrument), for: purpose, into: &effects)
        case .feeSchedule: begin(ReadTokenFees(isIncremental: false), for: purpose, into: &effects)
        case .health: begin(ReadEligibility(), for: purpose, into: &effects)
        }
    }

    /// The event that answers a call.
    private func answer(_ id: VenueCallID, _ result: PolymarketResult) -> VenueEvent {
        switch result {
        case .placed(let state): .placed(id, state)
        case .cancelled(let client, let taken):
            .cancelled(id, clientOrderID: client, remaining: taken)
        case .cancelledAll(let count): .cancelledAll(id, count: count)
        case .openOrders(let orders): .openOrders(id, orders)
        case .order(let order): .order(id, order)
        case .fills(let fills): .fills(id, fills)
        case .positions(let holdings): .positions(id, holdings)
        case .balance(let money): .balance(id, money)
        case .markets(let markets):
            .instruments(id, markets.compactMap { memory.instrument($0) })
        case .book(let instrument, let book): .book(id, instrument, book)
        case .fees(let fees): .feeSchedule(id, fees)
        case .healthy: .healthy(id, at: memory.now.wall)
        case .proven, .beaten: preconditionFailure("no call asks for \(result)")
        }
    }

    // Requests.

    mutating func begin(
        _ operation: some PolymarketOperation, for purpose: Purpose, isEffect: Bool = false,
        into effects: inout [PolymarketEffect]
    ) {
        var operation = operation
        let step = operation.begin(&memory)
        ownersUsed += 1
        active[ownersUsed] = Active(
            operation: operation, purpose: purpose, isEffect: isEffect,
            connection: stream.connection)
        follow(step, ownersUsed, into: &effects)
    }

    private mutating func follow(
        _ step: PolymarketStep, _ owner: UInt64, into effects: inout [PolymarketEffect]
    ) {
        switch step {
        case .request(let request):
            guard let refusal = dispatcher.add(request, owner: owner, now: now) else { return }
            end(owner, .failure(.notSent(refusal)), into: &effects)
        case .finished(let result): end(owner, .success(result), into: &effects)
        case .failed(let failure):
            end(owner, .failure(Failed(failure: failure)), into: &effects)
        }
    }

    private mutating func startRequests(into effects: inout [PolymarketEffect]) {
        let (starts, late) = dispatcher.start(now: now)
        for owner in late {
            end(owner, .failure(.notSent("waited too long for its turn")), into: &effects)
        }
        for start in starts {
            let credentials = start.request.proof == .key ? memory.credentials : nil
            effects.append(.request(owner: start.owner, start.request, credentials))
        }
    }

    private mutating func finish(
        _ owner: UInt64, _ answer: VenueAnswer, into effects: inout [PolymarketEffect]
    ) {
        guard
            case .deliver(let owner, let answer) = dispatcher.finish(
                owner: owner, answer, now: now)
        else { return }
        guard var entry = active[owner] else {
            preconditionFailure("an answer to operation \(owner), which is over")
        }
        let mode = memory.mode
        let step = read(answer, &entry, into: &effects)
        active[owner] = entry
        follow(step, owner, into: &effects)
        if memory.mode != mode { tellMode(into: &effects) }
    }

    private mutating func read(
        _ answer: VenueAnswer, _ entry: inout Active, into effects: inout [PolymarketEffect]
    ) -> PolymarketStep {
        switch PolymarketReply(answer, isEffect: entry.isEffect, document: &document) {
        case .failed(let failure): return .failed(failure)
        case .declined(let status, let message):
            return entry.operation.declined(status, message, &memory)
        case .success:
            guard case .response(_, let body) = answer else {
                preconditionFailure("a success without a body")
            }
            do throws(PayloadError) {
                do throws(JSONError) { try document.parse(body) } catch { throw .malformed(error) }
                let step = try entry.operation.read(document, &decoder, &memory)
                reportUnknown(in: body, into: &effects)
                return step
            } catch {
                decoder.unknown.removeAll()
                effects.append(.emit(refusal("\(error)", body)))
                return .failed(.unknown("the answer cannot be read: \(error)"))
            }
        }
    }

    private mutating func end(
        _ owner: UInt64, _ result: Result<PolymarketResult, Failed>,
        into effects: inout [PolymarketEffect]
    ) {
        guard let entry = active.removeValue(forKey: owner) else {
            preconditionFailure("operation \(owner) ended twice")
        }
        for reason in entry.operation.leftOut { report(reason, [], into: &effects) }
        guard case .call(let id) = entry.purpose else {
            // What was asked for an earlier connection has been asked again for this one.
            guard entry.connection == stream.connection else { return }
            return finish(entry.purpose, result, into: &effects)
        }
        switch result {
        case .success(let result): effects.append(.emit(answer(id, result)))
        case .failure(let error): effects.append(.emit(.failed(id, error.failure)))
        }
    }

    // Refusals.

    func refusal(_ reason: String, _ payload: [UInt8]) -> VenueEvent {
        .refusedPayload(reason: reason, hash: SHA256.hash(payload).description)
    }

    /// Reports each unknown field once.
    mutating func reportUnknown(in payload: [UInt8], into effects: inout [PolymarketEffect]) {
        guard !decoder.unknown.isEmpty else { return }
        for field in decoder.unknown { report("unknown field \(field)", payload, into: &effects) }
        decoder.unknown.removeAll()
    }

    private mutating func report(
        _ reason: String, _ payload: [UInt8], into effects: inout [PolymarketEffect]
    ) {
        guard reported.count < PolymarketSession.reportedMax else { return }
        if reported.insert(reason).inserted { effects.append(.emit(refusal(reason, payload))) }
    }
}

extension Result where Success == PolymarketResult, Failure == Failed {
    static func failure(_ failure: VenueFailure) -> Self { .failure(Failed(failure: failure)) }
}
