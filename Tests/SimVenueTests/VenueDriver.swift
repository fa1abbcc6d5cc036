import Cryptography
import Dispatch
import Execution
import Foundation
import Logging
import Synchronization
import Testing
import Trading
import Venues

/// Drives an adapter like a gateway in replay does, on the test's own thread: stream events gather
/// until their tick, calls are made one after the other, then the tick is acknowledged.
final class VenueDriver {
    /// What the adapter's thread hands over.
    private final class Inbox: Sendable {
        private let events = Mutex<[VenueEvent]>([])
        private let signal = DispatchSemaphore(value: 0)

        func append(_ event: VenueEvent) {
            events.withLock { $0.append(event) }
            signal.signal()
        }

        func next(within seconds: Int) -> VenueEvent? {
            guard signal.wait(timeout: .now() + .seconds(seconds)) == .success else { return nil }
            return events.withLock { $0.removeFirst() }
        }
    }

    struct Silence: Error {}

    let adapter: any VenueAdapter
    private let inbox = Inbox()
    private var calls: UInt64 = 0
    /// Stream events since the last tick.
    private var gathered: [VenueEvent] = []
    private(set) var books: [InstrumentID: OrderBook] = [:]
    private(set) var instruments: [InstrumentID: VenueInstrument] = [:]
    private(set) var fills: [VenueFill] = []
    private(set) var settlements: [VenueSettlement] = []
    private(set) var refusals: [String] = []
    private(set) var connections = 0
    private(set) var disconnections = 0
    private(set) var tick = TickNumber.zero
    private(set) var marketTime = Timestamp.zero

    /// Starts an adapter.
    init(_ adapter: any VenueAdapter) {
        self.adapter = adapter
        let inbox = inbox
        adapter.start { inbox.append($0) }
    }

    /// Kalshi's adapter, with the key of the fixture.
    convenience init(
        port: Int, key: RSAPrivateKey, isReplay: Bool = true, directory: String,
        options: [String: String] = [:]
    ) throws {
        let file = directory + "/venue.pem"
        let pem = try key.privatePEM().withUnsafeBytes { Foundation.Data($0) }
        try pem.write(to: URL(filePath: file))
        let settings = VenueSettings(
            url: "http://127.0.0.1:\(port)/trade-api/v2", keyID: "demo-key", keyFile: file,
            isReplay: isReplay, options: options)
        self.init(
            try VenueRegistry.adapter(
                for: #require(VenueID("kalshi")), settings,
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }))
    }

    /// Polymarket's, with a wallet of its own.
    convenience init(
        polymarketPort: Int, secret: String, directory: String, options: [String: String] = [:]
    ) throws {
        let file = directory + "/wallet.key"
        try secret.write(toFile: file, atomically: true, encoding: .utf8)
        let address = try PolymarketSigner.key(inFile: file).address
        let settings = VenueSettings(
            url: "http://127.0.0.1:\(polymarketPort)", keyID: address.description, keyFile: file,
            isReplay: false, options: options)
        self.init(
            try VenueRegistry.adapter(
                for: #require(VenueID("polymarket")), settings,
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }))
    }

    deinit { adapter.stop() }

    /// The next event, which is also noted.
    func next(within seconds: Int = 30) throws -> VenueEvent {
        guard let event = inbox.next(within: seconds) else { throw Silence() }
        note(event)
        return event
    }

    /// Waits for the next tick and returns what belongs to it.
    func nextTick() throws -> [VenueEvent] {
        while true {
            let event = try next()
            if case .tick(let number, let at) = event {
                tick = number
                marketTime = at
                defer { gathered = [] }
                return gathered
            }
            gathered.append(event)
        }
    }

    func acknowledge() { adapter.acknowledge(tick: tick) }

    /// Waits until the connection is complete.
    func connect() throws {
        let before = connections
        while connections == before { gathered.append(try next()) }
    }

    /// Makes a call and waits for its answer; what the stream brings meanwhile is kept.
    func call(_ call: VenueCall) throws -> VenueEvent {
        calls += 1
        let id = VenueCallID(calls)
        adapter.submit(call, id: id)
        while true {
            let event = try next()
            if answered(event) == id { return event }
            gathered.append(event)
        }
    }

    private func note(_ event: VenueEvent) {
        switch event {
        case .bookChanged(let id, let book): books[id] = book
        case .bookStale(let id, _): books[id] = nil
        case .instrumentChanged(let instrument):
            instruments[instrument.instrument.id] = instrument
        case .filled(let fill): fills.append(fill)
        case .settled(let settlement): settlements.append(settlement)
        case .refusedPayload(let reason, _): refusals.append(reason)
        case .connected: connections += 1
        case .disconnected: disconnections += 1
        default: break
        }
    }

    private func answered(_ event: VenueEvent) -> VenueCallID? {
        switch event {
        case .placed(let id, _), .cancelled(let id, _, _), .cancelledAll(let id, _),
            .openOrders(let id, _), .order(let id, _), .fills(let id, _), .positions(let id, _),
            .balance(let id, _), .instruments(let id, _), .book(let id, _, _),
            .feeSchedule(let id, _), .healthy(let id, _), .failed(let id, _):
            id
        default: nil
        }
    }
}

extension VenueDriver {
    func ticket(
        _ client: String, _ instrument: InstrumentID, _ side: Side, _ price: Price,
        _ quantity: Quantity, _ timeInForce: TimeInForce = .goodTillTime, isPostOnly: Bool = false
    ) -> VenueTicket {
        VenueTicket(
            clientOrderID: VenueReference(client) ?? .empty, instrument: instrument, side: side,
            price: price, quantity: quantity, timeInForce: timeInForce, isPostOnly: isPostOnly,
            expiresAt: marketTime + .seconds(600))
    }

    func place(_ ticket: VenueTicket) throws -> VenueOrderState? {
        guard case .placed(_, let order) = try call(.place(ticket)) else { return nil }
        return order
    }

    /// Why a call failed.
    func failure(_ call: VenueCall) throws -> VenueFailure? {
        guard case .failed(_, let failure) = try self.call(call) else { return nil }
        return failure
    }

    func balance() throws -> Money? {
        guard case .balance(_, let money) = try call(.balance) else { return nil }
        return money
    }
}
