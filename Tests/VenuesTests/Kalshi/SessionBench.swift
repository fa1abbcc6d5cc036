import Execution
import Testing
import Trading

@testable import Venues

/// Drives a session by hand: what it sends is kept, and a test answers as the venue would.
struct SessionBench {
    var session: KalshiSession
    /// What the session told, in order.
    var events: [VenueEvent] = []
    /// Commands on the WebSocket, as text.
    var sent: [String] = []
    /// Requests that are not answered yet.
    var requests: [(owner: UInt64, request: KalshiRequest)] = []
    var socketEffects: [String] = []
    private var monotonic = Span.seconds(100)
    private var wall = Timestamp(seconds: 1_770_000_000)

    init(isReplay: Bool, options: [String: String] = [:]) throws {
        let settings = VenueSettings(
            url: "http://127.0.0.1:8701/trade-api/v2", keyID: "key", keyFile: "none",
            isReplay: isReplay, options: options)
        session = KalshiSession(
            try KalshiConfiguration(settings),
            at: KalshiMoment(monotonic: monotonic, wall: wall))
    }

    mutating func put(_ input: KalshiInput) {
        var effects: [KalshiEffect] = []
        session.apply(input, at: KalshiMoment(monotonic: monotonic, wall: wall), into: &effects)
        for effect in effects {
            switch effect {
            case .emit(let event): events.append(event)
            case .request(let owner, let request): requests.append((owner, request))
            case .send(let text): sent.append(String(decoding: text, as: UTF8.self))
            case .openSocket: socketEffects.append("open")
            case .closeSocket(let reason): socketEffects.append("close: \(reason)")
            }
        }
    }

    /// Lets time pass, and the session notice.
    mutating func wait(_ span: Span) {
        monotonic = monotonic + span
        wall = wall + span
        put(.elapsed)
    }

    mutating func receive(_ text: String) { put(.frame(Array(text.utf8))) }

    /// Takes what was sent so far.
    mutating func takeSent() -> [String] {
        defer { sent = [] }
        return sent
    }

    /// Takes what was told so far, in short words.
    mutating func takeEvents() -> [String] {
        defer { events = [] }
        return events.map(brief)
    }

    /// Answers the oldest request, which must ask for `target` (method and path with query).
    mutating func answer(
        _ target: String, status: Int = 200, _ body: String,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        guard let first = requests.first else {
            Issue.record("nothing was asked, not \(target)", sourceLocation: sourceLocation)
            return
        }
        let asked = "\(first.request.method.rawValue) \(first.request.target)"
            .replacing(KalshiConfiguration.restPath, with: "")
        #expect(asked == target, sourceLocation: sourceLocation)
        requests.removeFirst()
        put(.answered(owner: first.owner, .response(status: status, body: Array(body.utf8))))
    }

    /// The oldest request comes to nothing.
    mutating func fail(_ answer: KalshiAnswer) {
        guard let first = requests.first else {
            Issue.record("nothing was asked")
            return
        }
        requests.removeFirst()
        put(.answered(owner: first.owner, answer))
    }

    // What the venue says.

    static func market(
        _ ticker: String, status: String = "active", result: String = "", event: String? = nil
    ) -> String {
        #"{"ticker":"\#(ticker)","event_ticker":"\#(event ?? ticker)","status":"\#(status)","#
            + #""open_time":"2026-07-24T00:00:00Z","close_time":"2026-07-24T00:05:00Z","#
            + #""title":"Up?","rules_primary":"It is up.","rules_secondary":"","#
            + #""fractional_trading_enabled":true,"result":"\#(result)","#
            + #""price_ranges":[{"start":"0.00","end":"1.00","step":"0.0100"}]}"#
    }

    static func event(_ ticker: String, series: String = "KXBTC") -> String {
        #"{"event":{"event_ticker":"\#(ticker)","series_ticker":"\#(series)","#
            + #""mutually_exclusive":true},"markets":[]}"#
    }

    static func snapshot(_ ticker: String, sid: Int = 5, seq: Int, command: Int? = nil) -> String {
        let id = command.map { #""id":\#($0),"# } ?? ""
        return #"{"type":"orderbook_snapshot",\#(id)"sid":\#(sid),"seq":\#(seq),"msg":{"#
            + #""market_ticker":"\#(ticker)","market_id":"m","#
            + #""yes_dollars_fp":[["0.4000","10.00"]],"no_dollars_fp":[["0.5000","20.00"]]}}"#
    }

    static func delta(
        _ ticker: String, _ price: String, _ change: String, side: String = "yes", sid: Int = 5,
        seq: Int
    ) -> String {
        #"{"type":"orderbook_delta","sid":\#(sid),"seq":\#(seq),"msg":{"#
            + #""market_ticker":"\#(ticker)","market_id":"m","price_dollars":"\#(price)","#
            + #""delta_fp":"\#(change)","side":"\#(side)","ts_ms":1}}"#
    }

    static func lifecycle(_ ticker: String, _ kind: String, _ rest: String = "") -> String {
        #"{"type":"market_lifecycle_v2","sid":1,"msg":{"market_ticker":"\#(ticker)","#
            + #""event_type":"\#(kind)"\#(rest)}}"#
    }

    static func clock(_ tick: Int) -> String {
        #"{"type":"clock","sid":6,"msg":{"tick":\#(tick),"ts_ns":\#(tick)000000000}}"#
    }

    static func subscribed(_ command: Int, _ channel: String, sid: Int) -> String {
        #"{"type":"subscribed","id":\#(command),"msg":{"channel":"\#(channel)","sid":\#(sid)}}"#
    }

    static func ok(_ command: Int, sid: Int, seq: Int? = nil) -> String {
        let sequence = seq.map { #","seq":\#($0)"# } ?? ""
        return #"{"type":"ok","id":\#(command),"sid":\#(sid)\#(sequence),"#
            + #""msg":{"market_tickers":[]}}"#
    }

    /// Connects with these open markets; sids: lifecycle 1, fill 2, orders 3, trades 4, books 5,
    /// clock 6. In replay commands 1 to 3 are used then, in live 1 and 2.
    mutating func connect(_ tickers: [String] = ["M-1"]) {
        put(.start)
        put(.socketOpened)
        receive(SessionBench.subscribed(1, "market_lifecycle_v2", sid: 1))
        receive(SessionBench.subscribed(1, "fill", sid: 2))
        receive(SessionBench.subscribed(1, "user_orders", sid: 3))
        let markets = tickers.map { SessionBench.market($0) }.joined(separator: ",")
        answer("GET /markets?status=open&limit=1000", #"{"markets":[\#(markets)],"cursor":""}"#)
        for ticker in tickers.sorted() {
            answer("GET /events/\(ticker)", SessionBench.event(ticker))
        }
        let oldest = 1_770_000_000 - 7 * 86_400
        let query = session.configuration.isReplay ? "limit=1000" : "min_ts=\(oldest)&limit=1000"
        answer("GET /portfolio/settlements?\(query)", #"{"settlements":[],"cursor":""}"#)
        if !tickers.isEmpty {
            receive(SessionBench.subscribed(2, "trade", sid: 4))
            receive(SessionBench.subscribed(2, "orderbook_delta", sid: 5))
        }
        for (index, ticker) in tickers.sorted().enumerated() {
            receive(SessionBench.snapshot(ticker, seq: index + 1))
        }
        guard session.configuration.isReplay else { return }
        let clockCommand = tickers.isEmpty ? 2 : 3
        receive(SessionBench.subscribed(clockCommand, "clock", sid: 6))
    }
}

/// An event in a few words.
func brief(_ event: VenueEvent) -> String {
    switch event {
    case .placed(_, let order): "placed \(order.venueOrderID) \(order.state)"
    case .cancelled(_, let client, let taken): "cancelled \(client) \(taken)"
    case .cancelledAll(_, let count): "cancelledAll \(count)"
    case .openOrders(_, let orders):
        "openOrders \(orders.map { "\($0.clientOrderID)" }.joined(separator: " "))"
    case .order(_, let order): "order \(order.map { "\($0.state)" } ?? "none")"
    case .fills(_, let fills):
        "fills \(fills.map { "\($0.tradeID)/\($0.clientOrderID)" }.joined(separator: " "))"
    case .positions(_, let holdings):
        "positions \(holdings.map { "\($0.instrument) \($0.quantity)" }.joined(separator: ", "))"
    case .balance(_, let money): "balance \(money)"
    case .instruments(_, let instruments): "instruments \(instruments.count)"
    case .book(_, let id, let book): "book \(id) \(book.bids.count)/\(book.asks.count)"
    case .feeSchedule(_, let fees):
        "fees \(fees.map { "\($0.instrument) \($0.taker)/\($0.maker)" }.joined(separator: ", "))"
    case .healthy: "healthy"
    case .failed(_, .declined(let code, let message)): "declined \(code) \(message)"
    case .failed(_, .notSent): "notSent"
    case .failed(_, .unknown): "unknown"
    case .connected: "connected"
    case .disconnected: "disconnected"
    case .bookChanged(let id, let book):
        "book \(id) \(book.bestBid.map { "\($0.quantity)@\($0.price)" } ?? "-")"
            + " \(book.bestAsk.map { "\($0.quantity)@\($0.price)" } ?? "-")"
    case .bookStale(let id, _): "stale \(id)"
    case .traded(let id, _, let side, let price, let quantity, _):
        "trade \(id) \(side) \(quantity)@\(price)"
    case .orderChanged(let order): "order \(order.clientOrderID) \(order.state)"
    case .filled(let fill):
        "fill \(fill.clientOrderID) \(fill.side) \(fill.quantity)@\(fill.price) fee \(fill.fee)"
    case .instrumentChanged(let instrument):
        "instrument \(instrument.instrument.id) \(instrument.status)"
    case .settled(let settlement):
        "settled \(settlement.instrument) \(settlement.outcome) \(settlement.quantity) "
            + "\(settlement.payout)"
    case .tick(let tick, _): "tick \(tick)"
    case .refusedPayload(let reason, _): "refused \(reason)"
    }
}
