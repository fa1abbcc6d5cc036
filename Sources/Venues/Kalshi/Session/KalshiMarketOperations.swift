import Execution
import Trading

/// Lists the open markets that are wanted, with the events that they belong to.
struct ListMarkets: KalshiOperation {
    private let series: [String]
    private var seriesIndex = 0
    private var pages = KalshiPages()
    private var markets: [KalshiMarket] = []
    private var events: EventReader?
    private(set) var leftOut: [String] = []

    /// More markets than this are refused: name the series that are wanted.
    static let marketsMax = 20_000

    init(series: [String]) { self.series = series }

    mutating func begin(_ memory: inout KalshiMemory) -> KalshiStep { .request(page(nil)) }

    private func page(_ cursor: String?) -> KalshiRequest {
        KalshiRequest(
            .get, "/markets",
            query: [
                ("status", "open"), ("limit", "1000"),
                ("series_ticker", series.isEmpty ? nil : series[seriesIndex]), ("cursor", cursor),
            ])
    }

    mutating func read(
        _ document: borrowing JSONDocument, _ decoder: inout KalshiDecoder,
        _ memory: inout KalshiMemory
    ) throws(PayloadError) -> KalshiStep {
        if events != nil {
            try events?.read(document, &decoder, &memory)
            return next()
        }
        try document.forEachElement(of: "markets", in: document.root) {
            (object: JSONNode) throws(PayloadError) in
            do throws(PayloadError) {
                let market = try decoder.market(document, object)
                guard EventSetID(market.event) != nil else {
                    throw .unusable(field: "event_ticker", reason: "\(market.event) is no name")
                }
                markets.append(market)
            } catch {
                // One market that we cannot hold does not hide the others.
                leftOut.append("market left out: \(error)")
            }
        }
        guard markets.count <= ListMarkets.marketsMax else {
            throw .unusable(field: "markets", reason: "more than \(ListMarkets.marketsMax)")
        }
        if let cursor = try pages.next(document) { return .request(page(cursor)) }
        seriesIndex += 1
        if seriesIndex < series.count { return .request(page(nil)) }
        events = EventReader(markets.map(\.event), memory)
        return next()
    }

    private mutating func next() -> KalshiStep {
        if let request = events?.next() { return .request(request) }
        return .finished(.markets(markets.sorted { $0.id < $1.id }))
    }
}

/// Asks for one market and its event.
struct ReadMarket: KalshiOperation {
    let instrument: InstrumentID
    private var market: KalshiMarket?
    private var events: EventReader?

    init(_ instrument: InstrumentID) { self.instrument = instrument }

    mutating func begin(_ memory: inout KalshiMemory) -> KalshiStep {
        .request(KalshiRequest(.get, "/markets/\(percentEncoded(instrument.description))"))
    }

    mutating func read(
        _ document: borrowing JSONDocument, _ decoder: inout KalshiDecoder,
        _ memory: inout KalshiMemory
    ) throws(PayloadError) -> KalshiStep {
        if let market {
            try events?.read(document, &decoder, &memory)
            return .finished(.markets([market]))
        }
        let object = try document.required("market", in: document.root)
        let market = try decoder.market(document, object)
        guard market.id == instrument else {
            throw .unusable(field: "ticker", reason: "\(market.id) is not what was asked")
        }
        self.market = market
        var events = EventReader([market.event], memory)
        guard let request = events.next() else { return .finished(.markets([market])) }
        self.events = events
        return .request(request)
    }
}

/// Reads the events that are not known yet, one by one.
struct EventReader: Sendable {
    private var waiting: [String]

    init(_ tickers: [String], _ memory: KalshiMemory) {
        waiting = Set(tickers).filter { memory.event($0) == nil }.sorted(by: >)
    }

    mutating func next() -> KalshiRequest? {
        guard let ticker = waiting.last else { return nil }
        return KalshiRequest(.get, "/events/\(percentEncoded(ticker))")
    }

    mutating func read(
        _ document: borrowing JSONDocument, _ decoder: inout KalshiDecoder,
        _ memory: inout KalshiMemory
    ) throws(PayloadError) {
        let event = try decoder.event(document, document.required("event", in: document.root))
        guard event.ticker == waiting.popLast() else {
            throw .unusable(field: "event_ticker", reason: "\(event.ticker) is not what was asked")
        }
        memory.keep(event)
    }
}

/// Asks for one book.
struct ReadBook: KalshiOperation {
    let instrument: InstrumentID

    mutating func begin(_ memory: inout KalshiMemory) -> KalshiStep {
        let ticker = percentEncoded(instrument.description)
        return .request(KalshiRequest(.get, "/markets/\(ticker)/orderbook"))
    }

    mutating func read(
        _ document: borrowing JSONDocument, _ decoder: inout KalshiDecoder,
        _ memory: inout KalshiMemory
    ) throws(PayloadError) -> KalshiStep {
        let object = try document.required("orderbook_fp", in: document.root)
        let book = try decoder.book(
            yes: try document.required("yes_dollars", in: object),
            no: try document.required("no_dollars", in: object), document, sequence: .zero)
        return .finished(.book(instrument, book))
    }
}

/// Collects what trading the known markets costs: an event's own terms, else its series'.
struct ReadFees: KalshiOperation {
    private var waiting: [String] = []
    private var series: [String: KalshiSeries] = [:]
    private var events: EventReader?
    private(set) var leftOut: [String] = []

    init() {}

    mutating func begin(_ memory: inout KalshiMemory) -> KalshiStep {
        events = EventReader(memory.markets.values.map(\.event), memory)
        return next(memory)
    }

    mutating func read(
        _ document: borrowing JSONDocument, _ decoder: inout KalshiDecoder,
        _ memory: inout KalshiMemory
    ) throws(PayloadError) -> KalshiStep {
        if events != nil {
            try events?.read(document, &decoder, &memory)
            return next(memory)
        }
        let object = try document.required("series", in: document.root)
        let read = try decoder.series(document, object)
        guard let asked = waiting.popLast(), asked == read.ticker else {
            throw .unusable(field: "series", reason: "\(read.ticker) is not what was asked")
        }
        series[asked] = read
        return next(memory)
    }

    private mutating func next(_ memory: KalshiMemory) -> KalshiStep {
        if let request = events?.next() { return .request(request) }
        if events != nil {
            events = nil
            let names = memory.markets.values.compactMap { memory.event($0.event)?.series }
            waiting = Set(names).sorted(by: >)
        }
        if let ticker = waiting.last {
            return .request(KalshiRequest(.get, "/series/\(percentEncoded(ticker))"))
        }
        let markets = memory.markets.values.sorted { $0.id < $1.id }
        return .finished(.fees(markets.compactMap { fee(of: $0, memory) }))
    }

    private mutating func fee(of market: KalshiMarket, _ memory: KalshiMemory) -> VenueFee? {
        guard let event = memory.event(market.event), let series = series[event.series] else {
            leftOut.append("no fee known for \(market.id)")
            return nil
        }
        let terms = event.fee ?? series.fee
        let makerRate: Price
        switch terms.type {
        case "quadratic": makerRate = .zero
        case "quadratic_with_maker_fees": makerRate = KalshiFees.makerRate
        default:
            // Without a fee the core refuses the instrument: closed, not guessed.
            leftOut.append("fee type \(terms.type) of \(market.id) is not known")
            return nil
        }
        return VenueFee(
            instrument: market.id, taker: scaled(KalshiFees.takerRate, by: terms.multiplier),
            maker: scaled(makerRate, by: terms.multiplier),
            // A retail balance moves in whole cents.
            roundedTo: KalshiFees.cent, effectiveFrom: series.updatedAt ?? .zero)
    }

    private func scaled(_ rate: Price, by multiplier: Price) -> Price {
        let product = Int128(rate.units) * Int128(multiplier.units)
        return Price(units: Int64(divide(product, by: Int128(Price.scale), .up)))
    }
}

/// Asks whether the exchange trades.
struct ReadHealth: KalshiOperation {
    mutating func begin(_ memory: inout KalshiMemory) -> KalshiStep {
        .request(KalshiRequest(.get, "/exchange/status"))
    }

    mutating func read(
        _ document: borrowing JSONDocument, _ decoder: inout KalshiDecoder,
        _ memory: inout KalshiMemory
    ) throws(PayloadError) -> KalshiStep {
        guard try document.flag("exchange_active", in: document.root) else {
            return .failed(.declined(code: "exchange_inactive", message: "under maintenance"))
        }
        guard try document.flag("trading_active", in: document.root) else {
            return .failed(.declined(code: "trading_inactive", message: "trading is paused"))
        }
        return .finished(.healthy)
    }
}
