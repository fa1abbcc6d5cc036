import Foundation
import Journal
import Runtime
import Testing
import Trading
import Wire

@testable import Supervisor

@Suite struct ExplanationTests {
    private func story(_ order: UInt64) async throws -> OrderStory {
        let folder = try ScratchFolder()
        let path = try FixtureJournal.write(in: folder.path)
        var story = OrderStory(order: OrderID(order))
        try await FileJournal(path: path).walk(from: SequenceNumber(1)) { entry in
            try story.take(RecordedEntry(entry))
        }
        return story
    }

    @Test func tellsAFilledOrderFromSignalToProfit() async throws {
        let explanation = try #require(Explanation(try await story(7)))
        let text = explanation.lines.joined(separator: "\n")
        for part in [
            "order 7: buy 5 KXBTCUD5M-1753315200 at 0.52, immediateOrCancel -> filled",
            "BTC up in five minutes", "by agent-crypto for demo/main/paper/updown",
            "journal entry 2", "spot above the strike", "spot = 117000.5", "sigma = 0.31",
            "digital-1, policy 4", "0.561, confidence 0.8", "0.012 expected after fees",
            "bid 0.51 x 20, ask 0.52 x 15, book 88, 250.0 ms old", "identity: passed",
            "queue: none: it takes the 15 shown at 0.52, what is left rests",
            "charged as", "counterparties: simulated",
            "staleQuote: passed (250.0 ms against 5000.0 ms, firm)",
            "size: passed (5 against 25, firm)", "gw-kalshi, lease 1, permit 1, client order c-1",
            "working as v-9", "2 at 0.52, fee 0.02, taker, trade t-1", "5 of 5, cost 2.6",
            "yes at 1", "2.35 of these fills",
        ] {
            #expect(text.contains(part), "no `\(part)` in:\n\(text)")
        }
    }

    /// Where the order begins in its queue, by the book that the decision saw.
    @Test(arguments: [
        (Side.buy, "0.51", "behind the 20 shown at its price"),
        (.buy, "0.515", "first at its price, which is better than 0.51"),
        (.buy, "0.5", "behind the 20 shown at 0.51 and whatever else is better or was there"),
        (.buy, "0.52", "none: it takes the 15 shown at 0.52, what is left rests"),
        (.sell, "0.52", "behind the 15 shown at its price"),
        (.sell, "0.515", "first at its price, which is better than 0.52"),
        (.sell, "0.53", "behind the 15 shown at 0.52 and whatever else is better or was there"),
        (.sell, "0.5", "none: it takes the 20 shown at 0.51, what is left rests"),
    ])
    func saysWhereItStandsInTheQueue(side: Side, price: String, expected: String) async throws {
        let story = try await story(7)
        var request = try #require(story.request)
        (request.side, request.price) = (side, try #require(Price(decimal: price)))
        let assumed = Explanation.Assumptions(request, story)
        #expect(assumed.queue == expected)
        #expect(assumed.counterparties != nil)
        request.mode = .live
        #expect(Explanation.Assumptions(request, story).counterparties == nil)
    }

    @Test func tellsWhyAnOrderWasRejected() async throws {
        let explanation = try #require(Explanation(try await story(8)))
        #expect(explanation.state == "rejected")
        #expect(explanation.permit == nil)
        let text = explanation.lines.joined(separator: "\n")
        #expect(text.contains("rejected: QUOTE_STALE at the firm's level"))
        #expect(text.contains("staleQuote: denied (6000.0 ms against 5000.0 ms, firm)"))
        #expect(text.contains("size: notReached\n"))
        #expect(text.contains("PnL         0 of these fills"))
    }

    @Test(arguments: [
        (Control.openOrders, "3", "50"), (.orderRate, "3", "50"), (.messageRate, "3", "50"),
        (.notional, "3", "50"), (.staleQuote, "3000.0 ms", "50000.0 ms"),
    ])
    func statesMeasuresInTheirOwnUnits(_ control: Control, _ value: String, _ limit: String) {
        let check = Explanation.Check(
            Judged.ControlsEntry(
                control: control, outcome: .passed, level: .firm, limit: 50_000_000_000,
                value: 3_000_000_000))
        #expect(check.value == value)
        #expect(check.limit == limit)
    }

    @Test func doesNotInventAnOrder() async throws {
        #expect(Explanation(try await story(9)) == nil)
    }

    @Test func isJSONForMachines() async throws {
        let explanation = try #require(Explanation(try await story(7)))
        let text = JSONText.encode(explanation)
        let object = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
        #expect(object?["profit"] as? String == "2.35")
        #expect((object?["controls"] as? [Any])?.count == 3)
        #expect(!text.contains("\n"))
    }

    @Test func withoutSettlementTheLastMarketIsTheMark() async throws {
        let folder = try ScratchFolder()
        let path = try FixtureJournal.write(
            Array(FixtureJournal.entries.dropLast()), in: folder.path)
        var story = OrderStory(order: OrderID(7))
        try await FileJournal(path: path).walk(from: SequenceNumber(1)) { entry in
            try story.take(RecordedEntry(entry))
        }
        #expect(story.value?.price == Sample.price("0.515"))
        #expect(story.profit == Sample.money("-0.075"))
    }
}

@Suite struct OrderListTests {
    @Test func keepsTheLatestOrdersWithTheirState() async throws {
        let folder = try ScratchFolder()
        let path = try FixtureJournal.write(in: folder.path)
        var orders = OrderList(capacity: 10)
        var last = OrderList(capacity: 1)
        try await FileJournal(path: path).walk(from: SequenceNumber(1)) { entry in
            try orders.take(RecordedEntry(entry))
            try last.take(RecordedEntry(entry))
        }
        #expect(orders.latest.map(\.order.rawValue) == [7, 8])
        #expect(orders.latest.map(\.state) == [.filled, .rejected])
        #expect(orders.latest.map(\.filled) == [Quantity(5), .zero])
        #expect(orders.latest[0].fees == Sample.money("0.05"))
        #expect(orders.latest[1].reason == "QUOTE_STALE")
        #expect(last.latest.map(\.order.rawValue) == [8])
        #expect(last.total == 2)
    }

    @Test func anEntryOfTheJournalIsOneLine() async throws {
        let folder = try ScratchFolder()
        let reader = try JournalReader(opening: try FixtureJournal.write(in: folder.path))
        let lines = try reader.read(from: SequenceNumber(1), limit: 10).map { EntryLine($0).text }
        #expect(lines.count == FixtureJournal.entries.count)
        #expect(lines[1].contains("orderRequest  permitted order 7"))
        #expect(lines[6].contains("orderRequest  rejected order 8 QUOTE_STALE"))
    }
}
