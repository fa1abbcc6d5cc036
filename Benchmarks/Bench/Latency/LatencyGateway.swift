import Trading
import Transport
import Wire

/// A gateway with an empty account and one instrument, whose venue cancels every order at once, so
/// that exposure stays flat.
final class LatencyGateway: LoopService {
    static let cash = Money(1_000_000)
    private static let bookInterval = Span.milliseconds(500)

    private let orders: LinkServer
    private let market: MarketPublisher
    private let core: ProcessID
    private let board: LatencyBoard

    private var clock: TurnClock
    private var lease = LeaseID.zero
    private var books = SequenceNumber.zero
    private var bookDue: MonotonicTime

    init(
        orders: LinkServer, market: MarketPublisher, core: ProcessID, board: LatencyBoard,
        clock: TurnClock
    ) {
        self.orders = orders
        self.market = market
        self.core = core
        self.board = board
        self.clock = clock
        bookDue = clock.monotonic
    }

    func turnBegan(_ clock: TurnClock) { self.clock = clock }

    func linkOpened(
        _ peer: ProcessID, incarnation: Incarnation, resumed: Bool, on link: LinkName
    ) {
        guard !resumed else { return }
        var definition = BenchOrders.definition(of: 0)
        definition.closeAt = clock.wall + .seconds(86_400)
        definition.marketTime = clock.wall
        send(definition.frame(title: Array("bench".utf8)))
    }

    func linkClosed(_ peer: ProcessID, because reason: LinkClosure, on link: LinkName) {
        board.fail("the gateway lost the core: \(reason)")
    }

    func messageRefused(_ refusal: RefusedMessage, by peer: ProcessID, on link: LinkName) {
        board.fail("the core refused a message of the gateway: \(refusal)")
    }

    func received(_ frame: [UInt8], from peer: ProcessID, on link: LinkName) {
        let now = SystemClock().read().monotonic
        do throws(WireError) {
            switch try WireFrame.template(of: frame) {
            case .orderPermit:
                board.permitted(frame.count, at: now)
                cancel(try OrderPermit(decoding: frame))
            case .requestLease: grant(try RequestLease(decoding: frame))
            case .reconcile: reconcile()
            default: break
            }
        } catch {
            board.fail("the gateway cannot read a message of the core: \(error)")
        }
    }

    func subscribed(to topic: MarketTopic, by peer: ProcessID, on link: LinkName) {
        bookDue = clock.monotonic
    }

    func endOfBatch() {}

    var nextDeadline: MonotonicTime? { bookDue }

    /// The same book again and again, so that quotes are fresh.
    func timersDue(at clock: TurnClock) {
        bookDue = clock.monotonic + LatencyGateway.bookInterval
        books = books.next
        let instrument = BenchOrders.instrument(0)
        let frame = BookSnapshot(
            instrument: instrument, bookSequence: books, receivedAt: clock.wall,
            marketTime: clock.wall, isStale: .no
        ).frame(
            bids: [.init(price: Price(units: 480_000_000), quantity: Quantity(100))],
            asks: [.init(price: Price(units: 520_000_000), quantity: Quantity(100))])
        market.publish(frame, topic: MarketTopic(instrument))
    }

    private func grant(_ request: RequestLease) {
        lease = lease.next
        send(
            LeaseGranted(
                lease: lease, highestEpoch: request.coreEpoch, permitHighWater: .zero,
                journalSequence: request.journalSequence, chainHead: request.chainHead,
                mode: .paper, isKilled: .no
            ).frame())
    }

    private func reconcile() {
        send(
            VenueBalance(
                org: BenchOrders.org(0), account: BenchOrders.account(0),
                cash: LatencyGateway.cash, marketTime: clock.wall
            ).frame())
        send(Reconciled(orders: 0, positions: 0, fills: 0, marketTime: clock.wall).frame())
    }

    private func cancel(_ permit: OrderPermit) {
        send(
            PermitFate(
                lease: permit.lease, permit: permit.permit, orderID: permit.orderID,
                state: .cancelled, reason: .none, instrument: permit.instrument,
                clientOrderID: permit.clientOrderID, venueOrderID: .empty, filled: .zero,
                remaining: permit.quantity, marketTime: clock.wall
            ).frame(detail: []))
    }

    private func send(_ frame: [UInt8]) {
        let outcome = orders.send(frame, to: core, lane: .priority)
        if outcome != .queued { board.fail("the gateway cannot send to the core: \(outcome)") }
    }
}
