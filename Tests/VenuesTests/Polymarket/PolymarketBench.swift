import Cryptography
import Execution
import Foundation
import Testing
import Trading

@testable import Venues

/// Drives a session by hand: what it sends is kept, and a test answers as the venue would.
struct PolymarketBench {
    var session: PolymarketSession
    var events: [VenueEvent] = []
    /// What was sent on the streams, as text after the stream's name.
    var sent: [String] = []
    /// Requests that are not answered yet.
    var requests: [(owner: UInt64, request: PolymarketRequest)] = []
    var socketEffects: [String] = []
    private var monotonic = Span.seconds(100)
    var wall = Timestamp(seconds: 1_770_000_000)

    static let condition = "0x" + String(repeating: "ab", count: 32)
    static let instrument = "0x" + String(repeating: "ab", count: 15)
    static let yes = "11"
    static let no = "22"
    static let apiKey = "our-key"

    init(markets: String = condition) throws {
        let key = try Secp256k1PrivateKey(SecretBytes([UInt8](repeating: 7, count: 32)))
        let configuration = try PolymarketConfiguration(
            VenueSettings(
                url: "http://127.0.0.1:8702", keyID: key.address.description, keyFile: "none",
                isReplay: false, options: ["markets": markets, "chain": "80002"]))
        let signer = try PolymarketSigner(
            key: key, funder: nil, signatureType: .account, contracts: configuration.contracts)
        session = PolymarketSession(
            configuration, signer: signer, at: VenueMoment(monotonic: monotonic, wall: wall))
    }

    mutating func put(_ input: PolymarketInput) {
        var effects: [PolymarketEffect] = []
        session.apply(input, at: VenueMoment(monotonic: monotonic, wall: wall), into: &effects)
        for effect in effects {
            switch effect {
            case .emit(let event): events.append(event)
            case .request(let owner, let request, _): requests.append((owner, request))
            case .send(let feed, let text):
                sent.append("\(feed.rawValue) \(String(decoding: text, as: UTF8.self))")
            case .openSocket(let feed): socketEffects.append("open \(feed.rawValue)")
            case .closeSocket(let feed, _): socketEffects.append("close \(feed.rawValue)")
            }
        }
    }

    /// Lets time pass, and the session notice.
    mutating func wait(_ span: Span) {
        monotonic = monotonic + span
        wall = wall + span
        put(.elapsed)
    }

    mutating func receive(_ feed: PolymarketFeed, _ text: String) {
        put(.frame(feed, Array(text.utf8)))
    }

    /// Takes what was told so far, in short words, the instrument's name shortened.
    mutating func takeEvents() -> [String] {
        defer { events = [] }
        return events.map { brief($0).replacing(PolymarketBench.instrument, with: "M") }
    }

    /// Answers the oldest request that asks for `target` (method and path with query).
    mutating func answer(
        _ target: String, status: Int = 200, _ body: String,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        answer(target, .response(status: status, body: Array(body.utf8)), sourceLocation)
    }

    mutating func answer(
        _ target: String, _ answer: VenueAnswer,
        _ sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let index = requests.firstIndex {
            "\($0.request.method.rawValue) \($0.request.target)" == target
        }
        guard let index else {
            let asked = requests.map { "\($0.request.method.rawValue) \($0.request.target)" }
            Issue.record("asked \(asked), not \(target)", sourceLocation: sourceLocation)
            return
        }
        let owner = requests.remove(at: index).owner
        put(.answered(owner: owner, answer))
    }

    /// The body of the oldest request for `target`.
    func body(_ target: String) throws -> [String: Any] {
        let request = requests.first {
            "\($0.request.method.rawValue) \($0.request.target)" == target
        }
        let bytes = try #require(request?.request.body)
        return try #require(
            try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any])
    }

    // What the venue says.

    static func market(tick: String = "0.01", rest: String = "") -> String {
        #"{"condition_id":"\#(condition)","tokens":[{"token_id":"\#(no)","outcome":"No"},"#
            + #"{"token_id":"\#(yes)","outcome":"Yes"}],"minimum_order_size":5,"#
            + #""minimum_tick_size":\#(tick),"neg_risk":false,"active":true,"closed":false,"#
            + #""accepting_orders":true,"question":"Is it?","end_date_iso":null\#(rest)}"#
    }

    static func book(_ bid: String = "0.48", _ ask: String = "0.52") -> String {
        #"{"event_type":"book","asset_id":"\#(yes)","market":"\#(condition)","#
            + #""bids":[{"price":"\#(bid)","size":"30"}],"asks":[{"price":"\#(ask)","size":"25"}],"#
            + #""timestamp":"1770000000000","hash":"x"}"#
    }

    /// A book of REST, with its sum.
    static func statedBook(_ bid: String = "0.48", _ ask: String = "0.52") -> String {
        let stated = { (hash: String) in
            PolymarketBook(
                market: condition, token: yes, timestamp: "1770000000000",
                bids: [PolymarketBook.Level(price: bid, size: "30")],
                asks: [PolymarketBook.Level(price: ask, size: "25")], sizeMin: "5", tick: "0.01",
                isNegativeRisk: false, lastPrice: "0.5", hash: hash)
        }
        return #"{"market":"\#(condition)","asset_id":"\#(yes)","timestamp":"1770000000000","#
            + #""hash":"\#(stated("").sum)","bids":[{"price":"\#(bid)","size":"30"}],"#
            + #""asks":[{"price":"\#(ask)","size":"25"}],"min_order_size":"5","#
            + #""tick_size":"0.01","neg_risk":false,"last_trade_price":"0.5"}"#
    }

    static func trade(
        _ status: String, taker: String, token: String = yes, side: String = "BUY",
        maker: String = "0x" + String(repeating: "9", count: 64), owner: String = "them",
        makerToken: String = yes, price: String = "0.52", size: String = "10",
        id: String = "28c4d2eb-bbea-40e7-a9f0-b2fdb56b2c2e", takerOwner: String = "them"
    ) -> String {
        #"{"event_type":"trade","type":"TRADE","id":"\#(id)","asset_id":"\#(token)","#
            + #""market":"\#(condition)","side":"\#(side)","size":"\#(size)","#
            + #""price":"\#(price)","status":"\#(status)","taker_order_id":"\#(taker)","#
            + #""owner":"\#(takerOwner)","match_time":"1770000001","maker_orders":[{"#
            + #""asset_id":"\#(makerToken)","matched_amount":"\#(size)","#
            + #""order_id":"\#(maker)","owner":"\#(owner)","price":"\#(price)"}]}"#
    }

    static let page = #"{"data":[],"next_cursor":"LTE="}"#

    /// Connects to the one market, with nothing held and nothing resting.
    mutating func connect(fees: String = #"{"fd":{"r":0.04,"e":1,"to":true}}"#) {
        put(.start)
        answer("GET /auth/derive-api-key", status: 400, #"{"error":"no key"}"#)
        answer(
            "POST /auth/api-key",
            #"{"apiKey":"our-key","secret":"AAAA","passphrase":"words"}"#)
        prepare(fees: fees)
        put(.socketOpened(.market))
        put(.socketOpened(.user))
        receive(.market, "[\(PolymarketBench.book())]")
    }

    mutating func prepare(fees: String) {
        let condition = PolymarketBench.condition
        answer("GET /markets/\(condition)", PolymarketBench.market())
        answer("GET /clob-markets/\(condition)", fees)
        answer("GET /data/trades?next_cursor=MA%3D%3D", PolymarketBench.page)
        answer("GET /data/orders?next_cursor=MA%3D%3D", PolymarketBench.page)
    }

    /// Places an order and has it accepted as resting; its hash.
    mutating func place(
        _ client: String, _ side: Side, _ quantity: Int64, at cents: Int64
    ) throws -> String {
        put(.submit(.place(try ticket(client, side, quantity, at: cents)), VenueCallID(1)))
        let name = try reference(client)
        let hash = try #require(session.memory.hash(of: name))
        answer(
            "POST /order", #"{"success":true,"errorMsg":"","orderID":"\#(hash)","status":"live"}"#)
        return hash
    }

    func ticket(
        _ client: String, _ side: Side, _ quantity: Int64, at cents: Int64,
        _ life: TimeInForce = .goodTillTime, permittedAt: Timestamp = .zero
    ) throws -> VenueTicket {
        VenueTicket(
            clientOrderID: try reference(client),
            instrument: try #require(InstrumentID(PolymarketBench.instrument)), side: side,
            price: Price(units: cents * 10_000_000), quantity: Quantity(quantity),
            timeInForce: life, isPostOnly: false,
            expiresAt: life == .goodTillTime ? wall + .seconds(90) : nil,
            permittedAt: permittedAt)
    }

    func reference(_ text: String) throws -> VenueReference {
        try #require(VenueReference(text))
    }
}
