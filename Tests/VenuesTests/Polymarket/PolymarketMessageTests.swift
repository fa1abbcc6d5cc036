import Execution
import Foundation
import TestSupport
import Testing
import Trading

@testable import Venues

struct PolymarketBookVectorTests {
    private struct Vectors: Decodable {
        struct Level: Decodable {
            let price: String
            let size: String
        }
        struct Book: Decodable {
            let market: String
            let asset_id: String
            let timestamp: String
            let bids: [Level]
            let asks: [Level]
            let min_order_size: String
            let tick_size: String
            let neg_risk: Bool
            let last_trade_price: String
        }
        struct Case: Decodable {
            let book: Book
            let hash: String
        }
        let official: [Case]
        let generated: [Case]
    }

    @Test func sumsAreThoseOfTheVenue() throws {
        let vectors = try VectorFile.decode(Vectors.self, "venues", "polymarket_orderbook_hash")
        guard let vectors else { return }
        for vector in vectors.official + vectors.generated {
            let book = stated(vector.book, hash: vector.hash)
            #expect(book.sum == vector.hash)
            #expect(book.isIntact)
            #expect(!stated(vector.book, hash: "").isIntact)
        }
    }

    private func stated(_ book: Vectors.Book, hash: String) -> PolymarketBook {
        let levels = { (levels: [Vectors.Level]) in
            levels.map { PolymarketBook.Level(price: $0.price, size: $0.size) }
        }
        return PolymarketBook(
            market: book.market, token: book.asset_id, timestamp: book.timestamp,
            bids: levels(book.bids), asks: levels(book.asks), sizeMin: book.min_order_size,
            tick: book.tick_size, isNegativeRisk: book.neg_risk, lastPrice: book.last_trade_price,
            hash: hash)
    }

    private struct Prices: Decodable {
        struct Level: Decodable {
            let price: String
            let size: String
        }
        enum Outcome: Decodable {
            case price(Double)
            case none
            init(from decoder: any Decoder) throws {
                let value = try decoder.singleValueContainer()
                // A text says that there is no match.
                self = (try? value.decode(Double.self)).map { .price($0) } ?? .none
            }
        }
        struct Case: Decodable {
            let side: String
            let levels: [Level]
            let amount: Double
            let order_type: String
            let result: Outcome
        }
        let cases: [Case]
    }

    @Test func marketPricesAreThoseOfTheClient() throws {
        let vectors = try VectorFile.decode(Prices.self, "venues", "polymarket_market_price")
        for vector in vectors?.cases ?? [] {
            let levels = try vector.levels.reversed().map {
                BookLevel(
                    price: try #require(Price(decimal: $0.price)),
                    quantity: try #require(Quantity(decimal: $0.size)))
            }
            let price = PolymarketBook.marketPrice(
                vector.side == "BUY" ? .buy : .sell,
                amount: try #require(Quantity(vector.amount, rounding: .nearestEven)),
                levels: levels, isAllOrNothing: vector.order_type == "FOK")
            switch vector.result {
            case .price(let expected):
                #expect(price == Price(expected, rounding: .nearestEven), "\(vector)")
            case .none: #expect(price == nil, "\(vector)")
            }
        }
    }
}

/// The recorded messages of the venue's documents.
struct PolymarketMessageVectorTests {
    private func payload(_ kind: String) throws -> String? {
        guard let data = try VectorFile.data("venues", "polymarket_ws_messages"),
            let root = try JSONSerialization.jsonObject(with: data) as? [String: Any],
            let server = root["server"] as? [String: Any], let message = server[kind]
        else { return nil }
        return String(
            decoding: try JSONSerialization.data(withJSONObject: message), as: UTF8.self)
    }

    private func read(_ text: String) throws -> (messages: [PolymarketMessage], unknown: [String]) {
        let document = try JSONDocument(Array(text.utf8))
        var decoder = PolymarketDecoder()
        let messages = try decoder.messages(document)
        return (messages, decoder.unknown)
    }

    @Test func readsTheRecordedBook() throws {
        guard let text = try payload("book") else { return }
        let (messages, unknown) = try read(text)
        #expect(unknown.isEmpty)
        guard case .book(_, let book) = messages.first else {
            Issue.record("not a book")
            return
        }
        #expect(book.bids.map(\.price.description) == ["0.5", "0.49", "0.48"])
        #expect(book.asks.map(\.price.description) == ["0.52", "0.53", "0.54"])
        #expect(book.bestAsk?.quantity == Quantity(25))
        // A dump is an array of the same.
        #expect(try read("[\(text),\(text)]").messages.count == 2)
    }

    @Test func readsTheRecordedChange() throws {
        guard let text = try payload("price_change") else { return }
        let (messages, unknown) = try read(text)
        #expect(unknown.isEmpty)
        guard case .changes(let changes) = messages.first, let change = changes.first else {
            Issue.record("not a change")
            return
        }
        #expect(change.side == .buy)
        #expect(change.price == Price(units: 500_000_000))
        #expect(change.quantity == Quantity(200))
    }

    @Test func readsTheRecordedTickAndPrint() throws {
        guard let tick = try payload("tick_size_change"),
            let print = try payload("last_trade_price")
        else { return }
        guard case .tick(_, let size) = try read(tick).messages.first else {
            Issue.record("not a tick")
            return
        }
        #expect(size == Price(units: 1_000_000))
        let (messages, unknown) = try read(print)
        #expect(unknown.isEmpty)
        guard case .traded(let printed) = messages.first else {
            Issue.record("not a print")
            return
        }
        #expect(printed.quantity == Quantity(decimal: "219.217767"))
        #expect(printed.at == Timestamp(nanoseconds: 1_750_428_146_322_000_000))
    }

    @Test func readsTheRecordedOrderAndTrade() throws {
        guard let order = try payload("order (user)"), let trade = try payload("trade (user)")
        else { return }
        guard case .order(let placed) = try read(order).messages.first else {
            Issue.record("not an order")
            return
        }
        #expect(placed.event == .placed)
        #expect(placed.state == .working)
        #expect(placed.size == Quantity(10))
        let (messages, unknown) = try read(trade)
        #expect(unknown.isEmpty)
        guard case .trade(let matched) = messages.first else {
            Issue.record("not a trade")
            return
        }
        #expect(matched.status == .matched)
        #expect(matched.parts.map(\.quantity) == [Quantity(10)])
        #expect(matched.at == Timestamp(seconds: 1_672_290_701))
    }

    @Test func refusesWhatIsMissingAndNamesWhatIsUnknown() throws {
        guard let text = try payload("last_trade_price") else { return }
        let missing = text.replacing("\"size\"", with: "\"sise\"")
        #expect(throws: PayloadError.missing(field: "last_trade_price.size")) {
            try read(missing)
        }
        let more = text.replacing("{", with: "{\"fresh\":1,")
        #expect(try read(more).unknown == ["last_trade_price.fresh"])
        #expect(throws: PayloadError.self) { try read(#"{"event_type":"surprise"}"#) }
    }
}

struct PolymarketTradeTests {
    private let condition = "0x" + String(repeating: "ab", count: 32)

    private func market() throws -> PolymarketMarket {
        PolymarketMarket(
            id: try #require(InstrumentID(condition.prefix(32))), condition: condition,
            yes: try PolymarketToken("11"), no: try PolymarketToken("22"),
            tick: Price(units: 10_000_000), sizeMin: Quantity(5), isNegativeRisk: false,
            event: "event", status: .open, closeAt: .zero, title: "", ruleHash: "", winner: nil)
    }

    private func trade(
        taker: String, _ side: Side, maker: String, at price: Int64
    ) throws -> PolymarketTrade {
        PolymarketTrade(
            id: "28c4d2eb-bbea-40e7-a9f0-b2fdb56b2c2e", market: condition,
            token: try PolymarketToken(taker),
            takerOrderID: "0x" + String(repeating: "1", count: 64),
            takerSide: side, status: .matched, at: .zero,
            parts: [
                PolymarketTrade.Part(
                    orderID: "0x" + String(repeating: "2", count: 64), owner: "us",
                    token: try PolymarketToken(maker), price: Price(units: price * 10_000_000),
                    quantity: Quantity(10))
            ], owner: nil, traderSide: nil)
    }

    /// What we as the maker got, in terms of YES: `side price`.
    private func made(
        taker: String, _ side: Side, maker: String, at price: Int64
    ) throws -> String {
        let trade = try trade(taker: taker, side, maker: maker, at: price)
        let fills = try trade.fills(in: market(), owner: "us", isOurTaker: false)
        let fill = try #require(fills.first)
        #expect(fills.count == 1)
        #expect(fill.liquidity == .maker)
        #expect(fill.orderID == trade.parts[0].orderID)
        return "\(fill.side) \(fill.price)"
    }

    @Test func aMakersSideIsRightHoweverItWasMatched() throws {
        // The same token: the maker is on the other side.
        #expect(try made(taker: "11", .buy, maker: "11", at: 57) == "sell 0.57")
        #expect(try made(taker: "11", .sell, maker: "11", at: 57) == "buy 0.57")
        #expect(try made(taker: "22", .buy, maker: "22", at: 40) == "buy 0.6")
        // Both buy: a pair is made. Our NO at 0.43 is YES sold at 0.57.
        #expect(try made(taker: "11", .buy, maker: "22", at: 43) == "sell 0.57")
        #expect(try made(taker: "22", .buy, maker: "11", at: 57) == "buy 0.57")
        // Both sell: a pair is merged.
        #expect(try made(taker: "11", .sell, maker: "22", at: 43) == "buy 0.57")
        #expect(try made(taker: "22", .sell, maker: "11", at: 57) == "sell 0.57")
    }

    @Test func aTakerGetsTheMakersPrice() throws {
        let trade = try trade(taker: "11", .buy, maker: "22", at: 43)
        let fills = try trade.fills(in: market(), owner: "them", isOurTaker: true)
        #expect(fills.map(\.price) == [Price(units: 570_000_000)])
        #expect(fills.map(\.side) == [.buy])
        #expect(fills.map(\.liquidity) == [.taker])
    }

    @Test func aTradeWithOneselfIsTwoFillsOfTwoNames() throws {
        let trade = try trade(taker: "11", .buy, maker: "11", at: 57)
        let fills = try trade.fills(in: market(), owner: "us", isOurTaker: true)
        #expect(fills.count == 2)
        #expect(Set(fills.map(\.tradeID)).count == 2)
        #expect(fills[0].tradeID.description.utf8.count == 40)
    }

    @Test func aTokenOfAnotherMarketIsRefused() throws {
        let trade = try trade(taker: "33", .buy, maker: "11", at: 57)
        #expect(throws: PayloadError.self) {
            try trade.fills(in: market(), owner: "us", isOurTaker: false)
        }
    }

    @Test func onlyWhatIsConfirmedIsFinal() {
        #expect(PolymarketTradeStatus.matched.finality == .provisional)
        #expect(PolymarketTradeStatus.mined.finality == .provisional)
        #expect(PolymarketTradeStatus.retrying.finality == .provisional)
        #expect(PolymarketTradeStatus.confirmed.finality == .final)
        #expect(PolymarketTradeStatus.failed.finality == .busted)
    }
}
