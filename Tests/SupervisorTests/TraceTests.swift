import Journal
import Logging
import Risk
import Testing
import Trading
import Wire

@testable import Supervisor

/// A journal whose first entries alone are there at first: what a projection sees while the core
/// writes.
private struct GrowingJournal: TraceSource {
    let path: String
    let visible: UInt64

    func page(
        from first: SequenceNumber, limit: Int
    ) async throws -> (entries: [StoredEntry], head: SequenceNumber) {
        let page = try await FileTraces(path: path).page(from: first, limit: limit)
        let entries = page.entries.filter { $0.header.sequence.rawValue <= visible }
        return (entries, min(page.head, SequenceNumber(visible)))
    }
}

@Suite struct TraceTests {
    private let cluster = ShortName("paper-demo") ?? .empty
    private let log = Logger(label: "traces")

    private func projection(_ source: any TraceSource, _ folder: ScratchFolder, max: Int = 1_000)
        throws -> TraceProjection
    {
        let store = try TraceStore(path: folder.path + "/traces.sqlite", ordersMax: max)
        return try TraceProjection(source, into: store, cluster: cluster, log: log)
    }

    private func journal(_ folder: ScratchFolder) throws -> String {
        try FixtureJournal.write(TwoDays().entries, in: folder.path)
    }

    @Test func rebuiltTracesEqualThoseThatGrew() async throws {
        let (live, anew) = (try ScratchFolder(), try ScratchFolder())
        let path = try journal(live)
        let count = UInt64(TwoDays().entries.count)
        // Every prefix, each time in a new process that goes on where the last one ended.
        for visible in 1...count {
            let source = GrowingJournal(path: path, visible: visible)
            try await projection(source, live).catchUp()
        }
        let grown = try projection(FileTraces(path: path), live)
        let rebuilt = try projection(FileTraces(path: path), anew)
        try await grown.catchUp()
        try await rebuilt.catchUp()
        let fingerprint = try grown.store.fingerprint()
        try #expect(rebuilt.store.fingerprint() == fingerprint)
        try #expect(grown.store.counts().orders == 1)
        let progress = await rebuilt.progress
        #expect(progress.lag == 0 && progress.entry == count && progress.problem == nil)
        #expect(await grown.picture(org: nil) == rebuilt.picture(org: nil))
    }

    @Test func explainsAsTheJournalDoes() async throws {
        let folder = try ScratchFolder()
        let path = try journal(folder)
        let traces = try projection(FileTraces(path: path), folder)
        try await traces.catchUp()
        var told = OrderStory(order: OrderID(7))
        try await FileJournal(path: path).walk(from: SequenceNumber(1)) { entry in
            try told.take(RecordedEntry(entry))
        }
        let kept = try #require(try traces.store.story(of: OrderID(7), org: "demo"))
        let explanation = try #require(Explanation(kept))
        #expect(explanation == Explanation(told))
        // Two fills, of which one was taken back a day later and another never was booked twice.
        #expect(explanation.filled == "2" && explanation.settlement?.outcome == "yes")
        try #expect(traces.store.story(of: OrderID(7), org: "other") == nil)
        try #expect(traces.store.story(of: OrderID(9), org: nil) == nil)
    }

    @Test func anotherJournalStartsOver() async throws {
        let (folder, other) = (try ScratchFolder(), try ScratchFolder())
        let first = try projection(FileTraces(path: journal(folder)), folder)
        try await first.catchUp()
        var entries = TwoDays().entries
        entries.removeLast(3)
        let path = try FixtureJournal.write(entries, in: other.path)
        let second = try projection(FileTraces(path: path), folder)
        try await second.catchUp()
        try #expect(second.store.cursor().entry.rawValue == UInt64(entries.count))
        let story = try #require(try second.store.story(of: OrderID(7), org: nil))
        #expect(story.settlement == nil)
    }

    @Test func picturesShowAnOrgItsOwnAlone() async throws {
        let folder = try ScratchFolder()
        let traces = try projection(FileTraces(path: journal(folder)), folder)
        try await traces.catchUp()
        let all = await traces.picture(org: nil)
        let demo = await traces.picture(org: Sample.org)
        let other = await traces.picture(org: TwoDays.other)
        #expect(all.accounts.map(\.org) == ["demo", "other"])
        #expect(demo.accounts.map(\.org) == ["demo"] && demo.strategies.count == 1)
        #expect(other.strategies.isEmpty && other.positions.isEmpty)
        #expect(!other.brakes.isEmpty && other.brakes.allSatisfy { $0.org == "other" })
    }

    @Test func onlyTheNewestOrdersAreKept() async throws {
        let folder = try ScratchFolder()
        let path = try FixtureJournal.write(in: folder.path)
        let store = try TraceStore(path: folder.path + "/traces.sqlite", ordersMax: 1)
        // Orders 7 and 8, whose requests alone need no engine.
        var changes: [TraceChange] = []
        for number in [7, 8] as [UInt64] { changes.append(.order(OrderRow(sample: number))) }
        try store.write(changes, upTo: .init(entry: SequenceNumber(2), chain: "", at: Sample.start))
        let kept = try store.orders(TraceFilter())
        #expect(kept.items.map(\.order) == [8] && kept.next == nil && !path.isEmpty)
    }

    /// What an org is handed are its own orders, as they are explained.
    @Test func anOrgsTracesAreExported() async throws {
        let folder = try ScratchFolder()
        let traces = try projection(FileTraces(path: journal(folder)), folder)
        try await traces.catchUp()
        try #expect(traces.store.orders(of: Sample.org) == [OrderID(7)])
        try #expect(traces.store.orders(of: TwoDays.other).isEmpty)
        let told = try #require(try traces.store.explanation(of: OrderID(7), org: "demo"))
        #expect(told.fills.allSatisfy { $0.markouts.count == MarkoutFold.horizons.count })
        try #expect(traces.store.explanation(of: OrderID(7), org: "other") == nil)
    }

    /// What agents said of a market stands beside the traces, the newest first, an org's own alone.
    @Test func marketsSayWhyNothingTrades() throws {
        let folder = try ScratchFolder()
        let store = try TraceStore(path: folder.path + "/traces.sqlite", ordersMax: 1_000)
        let market = InstrumentRow(
            instrument: Sample.instrument, entry: SequenceNumber(1), title: "A market",
            venue: Sample.venue, event: .empty, openAt: Sample.start,
            closeAt: Sample.start + .seconds(900), status: .open, body: [])
        func write(_ change: TraceChange, _ entry: UInt64) throws {
            try store.write(
                [change], upTo: .init(entry: SequenceNumber(entry), chain: "", at: Sample.start))
        }
        func look(_ second: Int64, _ reason: String, edge: String?) throws {
            let one = LooksReply.LooksEntry(
                number: 1, at: Sample.start + .seconds(second), instrument: Sample.instrument,
                hasSide: Flag(edge != nil), side: .buy, fair: Sample.price("0.54"),
                edge: edge.map(Sample.price) ?? .zero,
                bid: Sample.price("0.5"), bidQuantity: Quantity(7), ask: .zero,
                askQuantity: .zero, bookAt: Sample.start, reason: LongName(reason) ?? .empty)
            try store.write([one], of: Sample.agent, in: Sample.org)
        }
        func shown(_ org: String? = nil) throws -> MarketSummary {
            try #require(try store.markets(at: Sample.start, org: org, limit: 9).first)
        }
        try write(.instrument(market), 1)
        try #expect(shown().why == "no agent has looked at it yet")
        try look(1, "edgeTooSmall", edge: "-0.002")
        try #expect(shown().why == "no edge after all costs")
        try #expect(shown().fairValue == "0.54" && shown().edge == "-0.002")
        try #expect(shown().bid == "0.5" && shown().bidQuantity == "7" && shown().ask == "0")
        try #expect(shown("rival").why == "no agent has looked at it yet")
        try #expect(shown("rival").fairValue.isEmpty, "a model's value is its org's")
        // The order is older than the look, and it works.
        try write(.order(OrderRow(sample: 7)), 2)
        try #expect(shown().why.isEmpty)
        try look(2, "somethingNew", edge: nil)
        try #expect(shown().fairValue == "0.56", "the order's, where the look has none")
    }

    @Test func pagesGoOnWhereTheyEnded() throws {
        let folder = try ScratchFolder()
        let store = try TraceStore(path: folder.path + "/traces.sqlite", ordersMax: 1_000)
        let rows = (1...25).map { TraceChange.order(OrderRow(sample: UInt64($0))) }
        try store.write(rows, upTo: .init(entry: SequenceNumber(30), chain: "", at: Sample.start))
        var filter = TraceFilter(org: "demo", limit: 10)
        var seen: [Int64] = []
        while true {
            let page = try store.orders(filter)
            seen += page.items.map(\.order)
            guard let next = page.next else { break }
            filter.before = Int64(next)
        }
        #expect(seen == (1...25).reversed().map(Int64.init))
        try #expect(store.orders(TraceFilter(org: "rival")).items.isEmpty)
        try #expect(store.orders(TraceFilter(state: "' OR 1 --")).items.isEmpty)
    }
}

extension OrderRow {
    /// An order of the fixture's strategy.
    init(sample number: UInt64) {
        self.init(
            order: OrderID(number), entry: SequenceNumber(number), at: Sample.start,
            owner: StrategyKey(
                org: Sample.org, account: Sample.account, mode: .paper, strategy: Sample.strategy),
            agent: Sample.agent, gateway: Sample.gateway, instrument: Sample.instrument,
            side: .buy, price: Sample.price("0.52"), quantity: Quantity(5),
            fairValue: Sample.price("0.56"), expectedEdge: Sample.money("0.1"), confidence: 0.8,
            bid: Sample.price("0.5"), ask: Sample.price("0.52"), isRejected: false,
            isPrevented: false, reason: "")
    }
}
