import Cryptography
import Execution
import Trading

/// What happens to a session.
enum KalshiInput: Sendable {
    case start
    case submit(VenueCall, VenueCallID)
    case acknowledge(TickNumber)
    case socketOpened
    case socketClosed(String)
    case frame([UInt8])
    case answered(owner: UInt64, KalshiAnswer)
    /// Time passes.
    case elapsed
}

/// What a session wants done.
enum KalshiEffect: Sendable {
    case emit(VenueEvent)
    case request(owner: UInt64, KalshiRequest)
    case send([UInt8])
    case openSocket
    case closeSocket(String)
}

/// One account's conversation with Kalshi: which call comes next, what a message means, when a book
/// can be trusted, in which order events are told.
///
/// Pure: no clock, no socket; the shell `KalshiAdapter` reads both clocks, feeds inputs and carries
/// effects out. Calls are answered as soon as their REST answers allow. Stream events keep the
/// WebSocket's order. In replay a tick is held until everything that its messages asked for (the
/// terms of a new market, its first book, a settlement) has arrived and stands before it.
struct KalshiSession {
    /// A call, or a look-up of the stream's.
    struct Active {
        var operation: any KalshiOperation
        let purpose: Purpose
        let isEffect: Bool
    }

    enum Purpose {
        case call(VenueCallID)
        case task(KalshiTask)
    }

    /// A look-up that a message or a new connection asked for.
    struct KalshiTask {
        enum Kind: Equatable {
            case listMarkets
            case listSettlements
            case market(InstrumentID, thenBook: Bool)
            case settlement(InstrumentID, at: Timestamp)
        }
        let kind: Kind
        /// Look-ups of an earlier connection are void.
        let connection: UInt64
        let hold: OrderedEvents.Hold?
        var attempts = 0
        var notBefore = Span.zero
    }

    let configuration: KalshiConfiguration
    var memory: KalshiMemory
    var dispatcher: RequestDispatcher<KalshiRequest>
    var stream = KalshiStream()
    var events = OrderedEvents()
    var active: [UInt64: Active] = [:]
    var delayed: [KalshiTask] = []
    var document = JSONDocument()
    var decoder = KalshiDecoder()
    private var ownersUsed: UInt64 = 0
    private var reported: Set<String> = []

    /// Distinct unknown fields that are reported; more are only read over.
    private static let reportedMax = 1_024

    init(_ configuration: KalshiConfiguration, at now: KalshiMoment) {
        self.configuration = configuration
        memory = KalshiMemory(now: now, isReplay: configuration.isReplay)
        dispatcher = RequestDispatcher(
            RequestBudget(
                concurrency: configuration.concurrency,
                readTokensPerSecond: configuration.readTokensPerSecond,
                writeTokensPerSecond: configuration.writeTokensPerSecond),
            isReplay: configuration.isReplay, now: now.monotonic)
    }

    var now: Span { memory.now.monotonic }

    /// Takes one input and appends what is to be done.
    mutating func apply(
        _ input: KalshiInput, at now: KalshiMoment, into effects: inout [KalshiEffect]
    ) {
        memory.now = now
        switch input {
        case .start: open(into: &effects)
        case .submit(let call, let id): submit(call, id, into: &effects)
        case .acknowledge(let tick): stream.acknowledging = tick
        case .socketOpened: opened(into: &effects)
        case .socketClosed(let reason): closed(reason, into: &effects)
        case .frame(let bytes): receive(bytes, into: &effects)
        case .answered(let owner, let answer): finish(owner, answer, into: &effects)
        case .elapsed: elapse(into: &effects)
        }
        settle(into: &effects)
    }

    /// Ends a turn: what can go out goes out, what can be told is told.
    private mutating func settle(into effects: inout [KalshiEffect]) {
        events.drain { effects.append(.emit($0)) }
        advance(into: &effects)
        startRequests(into: &effects)
        guard let tick = stream.acknowledging, stream.isOpen, isQuiet else { return }
        stream.acknowledging = nil
        effects.append(.send(stream.acknowledgement(of: tick)))
    }

    /// Nothing that a message asked for is under way.
    private var isQuiet: Bool {
        events.isEmpty && !stream.isWaiting && delayed.isEmpty
            && !active.values.contains { if case .task = $0.purpose { true } else { false } }
    }

    /// Tells an event of the stream in its place.
    mutating func tell(_ event: VenueEvent, into effects: inout [KalshiEffect]) {
        if events.isEmpty { effects.append(.emit(event)) } else { events.append(event) }
    }

    /// Holds the place of a look-up's result; nil in live, where nothing waits for it.
    mutating func holdPlace() -> OrderedEvents.Hold? {
        configuration.isReplay ? events.hold() : nil
    }

    // Requests.

    /// Begins an operation.
    mutating func begin(
        _ operation: some KalshiOperation, for purpose: Purpose, isEffect: Bool = false,
        into effects: inout [KalshiEffect]
    ) {
        var operation = operation
        let step = operation.begin(&memory)
        ownersUsed += 1
        active[ownersUsed] = Active(
            operation: operation, purpose: purpose, isEffect: isEffect)
        follow(step, ownersUsed, into: &effects)
    }

    private mutating func follow(
        _ step: KalshiStep, _ owner: UInt64, into effects: inout [KalshiEffect]
    ) {
        switch step {
        case .request(let request):
            guard let refusal = dispatcher.add(request, owner: owner, now: now) else { return }
            end(owner, .failure(.notSent(refusal)), into: &effects)
        case .finished(let result): end(owner, .success(result), into: &effects)
        case .failed(let failure): end(owner, .failure(failure), into: &effects)
        }
    }

    private mutating func startRequests(into effects: inout [KalshiEffect]) {
        let (starts, late) = dispatcher.start(now: now)
        for owner in late {
            end(owner, .failure(.notSent("waited too long for its turn")), into: &effects)
        }
        for start in starts {
            effects.append(.request(owner: start.owner, start.request))
        }
    }

    private mutating func finish(
        _ owner: UInt64, _ answer: KalshiAnswer, into effects: inout [KalshiEffect]
    ) {
        guard
            case .deliver(let owner, let answer) = dispatcher.finish(
                owner: owner, answer, now: now)
        else { return }
        guard var entry = active[owner] else {
            preconditionFailure("an answer to operation \(owner), which is over")
        }
        let step = read(answer, &entry, into: &effects)
        active[owner] = entry
        follow(step, owner, into: &effects)
    }

    private mutating func read(
        _ answer: KalshiAnswer, _ entry: inout Active, into effects: inout [KalshiEffect]
    ) -> KalshiStep {
        switch KalshiReply(answer, isEffect: entry.isEffect, document: &document) {
        case .failed(let failure): return .failed(failure)
        case .declined(let status, let code, let message):
            return entry.operation.declined(status, code: code, message: message, &memory)
        case .success:
            guard case .response(_, let body) = answer else {
                preconditionFailure("a success without a body")
            }
            do throws(PayloadError) {
                do throws(JSONError) { try document.parse(body) } catch { throw .malformed(error) }
                let step = try entry.operation.read(document, &decoder, &memory)
                reportUnknown(in: body) { effects.append(.emit($0)) }
                return step
            } catch {
                decoder.unknown.removeAll()
                effects.append(.emit(refusal("\(error)", body)))
                return .failed(.unknown("the answer cannot be read: \(error)"))
            }
        }
    }

    private mutating func end(
        _ owner: UInt64, _ result: Result<KalshiResult, Failed>,
        into effects: inout [KalshiEffect]
    ) {
        guard let entry = active.removeValue(forKey: owner) else {
            preconditionFailure("operation \(owner) ended twice")
        }
        for reason in entry.operation.leftOut { report(reason, []) { effects.append(.emit($0)) } }
        switch entry.purpose {
        case .call(let id):
            effects.append(.emit(answer(id, result)))
            if case .success(.positions(let holdings)) = result {
                followDisputes(over: holdings, into: &effects)
            }
        case .task(let task): finish(task, result, into: &effects)
        }
    }

    // Refusals.

    func refusal(_ reason: String, _ payload: [UInt8]) -> VenueEvent {
        .refusedPayload(reason: reason, hash: SHA256.hash(payload).description)
    }

    /// Reports each unknown field once.
    mutating func reportUnknown(in payload: [UInt8], _ emit: (VenueEvent) -> Void) {
        guard !decoder.unknown.isEmpty else { return }
        for field in decoder.unknown { report("unknown field \(field)", payload, emit) }
        decoder.unknown.removeAll()
    }

    private mutating func report(
        _ reason: String, _ payload: [UInt8], _ emit: (VenueEvent) -> Void
    ) {
        guard reported.count < KalshiSession.reportedMax else { return }
        if reported.insert(reason).inserted { emit(refusal(reason, payload)) }
    }
}

/// A `VenueFailure` as the error of a `Result`.
struct Failed: Error {
    let failure: VenueFailure
}

extension Result where Success == KalshiResult, Failure == Failed {
    static func failure(_ failure: VenueFailure) -> Self { .failure(Failed(failure: failure)) }
}
