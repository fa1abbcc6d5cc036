import Cryptography
import Journal
import Risk
import Testing
import Trading
import Wire

@testable import Supervisor

/// A desk of two orgs over two days, journalled as the core does it.
struct TwoDays {
    static let day = Timestamp(seconds: 1_753_315_200)
    static let other = OrgID(name: ShortName("other") ?? .empty)

    private(set) var entries: [FixtureEntry] = []
    private var last = Timestamp.zero

    init() {
        // The core starts before the market's clock is heard.
        open(Sample.org, Sample.gateway, Money(1_000))
        open(TwoDays.other, Sample.core, Money(500))
        add(
            StrategyGranted(
                agent: Sample.agent, org: Sample.org, account: Sample.account, mode: .paper,
                strategy: Sample.strategy, venue: Sample.venue, isGranted: .yes))
        last = TwoDays.day
        define(Sample.instrument)
        declare()
        request()
        fill("t-1", 2, "0.50", fee: "0.02")
        fill("t-2", 3, "0.60", fee: "-0.01")
        fill("t-3", 1, "0.55", fee: "0.05", .busted)
        add(
            ReferenceUpdated(
                instrument: Sample.instrument, bid: Sample.price("0.51"),
                bidQuantity: Quantity(20), ask: Sample.price("0.52"), askQuantity: Quantity(15),
                bidDepth: Quantity(90), askDepth: Quantity(80), bookSequence: SequenceNumber(88),
                receivedAt: last, isStale: .no, marketTime: last))
        last = TwoDays.day + .seconds(86_400)
        fill("t-2", 3, "0.60", fee: "-0.01", .busted)
        add(
            InstrumentSettlement(
                account: Sample.account, instrument: Sample.instrument, outcome: .yes, value: .one,
                quantity: Quantity(2), payout: Money(2), settledAt: last, marketTime: last))
    }

    private mutating func open(_ org: OrgID, _ gateway: ProcessID, _ cash: Money) {
        add(
            AccountOpened(
                org: org, account: Sample.account, mode: .paper, venue: Sample.venue,
                gateway: gateway, cash: cash))
    }

    private mutating func define(_ instrument: InstrumentID) {
        var definition = InstrumentDefined(
            instrument: instrument, venue: Sample.venue,
            eventSet: EventSetID(name: instrument.name), tick: Sample.price("0.01"),
            lot: Quantity(1), openAt: last, closeAt: last + .seconds(300), status: .open,
            isExclusive: .yes, isExhaustive: .yes, ruleHash: .zero, marketTime: last)
        definition.envelope.sender = Sample.gateway
        entries.append(FixtureEntry(at: last, command: definition.frame(title: [])))
    }

    private mutating func declare() {
        let intent = DeclareIntent(
            incarnation: Incarnation(1), intentID: IntentID(3), org: Sample.org,
            account: Sample.account, mode: .paper, strategy: Sample.strategy,
            instrument: Sample.instrument, side: .buy, quantity: Quantity(5),
            limitPrice: Sample.price("0.60"), deadline: last + .seconds(3_600), urgency: 0.5)
        entries.append(
            FixtureEntry(
                at: last, command: intent.frame(),
                decision: judged(.intent, .accepted).frame(controls: [])))
    }

    private func judged(_ kind: JudgedKind, _ verdict: Verdict) -> Judged {
        let isOrder = kind == .order
        return Judged(
            kind: kind, orderID: OrderID(isOrder ? 7 : 0), requestID: RequestID(isOrder ? 1 : 0),
            intentID: IntentID(3), agent: Sample.agent, verdict: verdict, reason: .none,
            level: .none, limit: 0, value: 0, gateway: Sample.gateway, lease: LeaseID(1),
            permit: PermitSequence(isOrder ? 1 : 0), parentCumulative: .zero, limitSnapshot: 1,
            clientOrderID: Sample.client)
    }

    private mutating func request() {
        let request = OrderRequest(
            incarnation: Incarnation(1), requestID: RequestID(1), intentID: IntentID(3),
            org: Sample.org, account: Sample.account, mode: .paper, strategy: Sample.strategy,
            instrument: Sample.instrument, side: .buy, timeInForce: .immediateOrCancel,
            isPostOnly: .no, price: Sample.price("0.60"), quantity: Quantity(5),
            expiresAt: .zero, policyVersion: 4, modelHash: .zero, featureHash: .zero,
            confidence: 0.8, fairValue: Sample.price("0.7"), expectedEdge: .zero,
            quoteSequence: SequenceNumber(88), quotedAt: last)
        entries.append(
            FixtureEntry(
                at: last,
                command: request.frame(features: [], signal: [1], model: [1]),
                decision: judged(.order, .permitted).frame(controls: [])))
    }

    private mutating func fill(
        _ trade: String, _ quantity: Int64, _ price: String, fee: String,
        _ finality: FillFinality = .final
    ) {
        add(
            FillReport(
                orderID: OrderID(7), account: Sample.account, instrument: Sample.instrument,
                tradeID: VenueReference(trade) ?? .empty, venueOrderID: .empty,
                clientOrderID: Sample.client, side: .buy, price: Sample.price(price),
                quantity: Quantity(quantity), fee: Sample.money(fee), liquidity: .taker,
                finality: finality, filledAt: last, marketTime: last))
    }

    private mutating func add<Message: FixedWireMessage>(_ message: Message) {
        var sent = message
        sent.envelope.sender = Sample.gateway
        entries.append(FixtureEntry(at: last, command: sent.frame()))
    }

    /// The export of the desk's journal for an org.
    func export(for org: OrgID) throws -> AuditExport.Report {
        let folder = try ScratchFolder()
        let key = try Ed25519PrivateKey.generate()
        let path = try FixtureJournal.write(entries, in: folder.path, key: key)
        return try AuditExport.verify(
            JournalExportCommand.bytes(
                of: JournalReader(opening: path), for: org, key: key.publicKey))
    }

    /// The statements of the desk, read from a journal file.
    func statements(_ filter: StatementFilter = StatementFilter()) throws -> [Statement] {
        let folder = try ScratchFolder()
        let path = try FixtureJournal.write(entries, in: folder.path)
        var book = StatementBook(
            from: RiskEngine(cluster: ShortName("paper-demo") ?? .empty), filter: filter)
        let reader = try JournalReader(opening: path)
        _ = try reader.replay(after: reader.start()) { header, body in
            try book.take(header, body.withUnsafeBytes { Array($0) })
        }
        book.finish()
        return book.statements
    }
}

@Suite struct EntryOwnersTests {
    @Test func anOrgSeesItsOwnEntriesAlone() throws {
        let whole = TwoDays().entries.count
        let own = try TwoDays().export(for: Sample.org)
        let others = try TwoDays().export(for: TwoDays.other)
        #expect(own.entries == UInt64(whole))
        #expect(own.clear.count == whole - 1)
        #expect(others.clear.map(\.header.template) == [AccountOpened.templateID])
        let kinds = Set(own.clear.map(\.header.template))
        for template in [
            OrderRequest.templateID, DeclareIntent.templateID, FillReport.templateID,
            InstrumentSettlement.templateID, StrategyGranted.templateID,
        ] {
            #expect(kinds.contains(template))
        }
        #expect(!own.clear.map(\.header.sequence).contains(others.clear[0].header.sequence))
        let nobody = try TwoDays().export(for: OrgID(name: ShortName("nobody") ?? .empty))
        #expect(nobody.clear.isEmpty && nobody.entries == UInt64(whole))
    }
}

@Suite struct StatementTests {
    private static let account = StatementScope(
        org: Sample.org, account: Sample.account, mode: .paper)
    private static let strategy = StatementScope(
        org: Sample.org, account: Sample.account, strategy: Sample.strategy, mode: .paper)

    private func statement(
        _ day: String, _ scope: StatementScope
    ) throws -> Statement {
        try #require(
            TwoDays().statements().first { $0.day == day && $0.scope == scope })
    }

    @Test func theFirstDayOpensWithNothingAndHoldsWhatWasBought() throws {
        let day = try statement("2025-07-24", StatementTests.account)
        #expect(day.isBalanced, "\(day.differences)")
        #expect(day.opening == StatementBalance())
        #expect(day.flows.transfers == Money(1_000))
        #expect(day.flows.trades == Sample.money("-2.8"))
        #expect(day.flows.fees == Sample.money("0.02"))
        #expect(day.flows.rebates == Sample.money("0.01"))
        #expect(day.closing.cash == Sample.money("997.19"))
        #expect((day.flows.fills, day.flows.busts) == (2, 0))
        #expect(day.flows.volume == Quantity(5))
        #expect(day.positions.map(\.mark) == [Sample.price("0.51")])
        #expect(day.closing.unrealized == Sample.money("-0.25"))
        #expect(day.closing.equity == Sample.money("999.74"))
    }

    @Test func theNextDayCarriesOnAndSettles() throws {
        let before = try statement("2025-07-24", StatementTests.account)
        let day = try statement("2025-07-25", StatementTests.account)
        #expect(day.isBalanced, "\(day.differences)")
        #expect(day.opening == before.closing)
        #expect((day.flows.fills, day.flows.busts) == (0, 1))
        #expect(day.flows.trades == Sample.money("1.8"))
        #expect(day.flows.rebates == Sample.money("-0.01"))
        #expect(day.flows.settlements == Money(2))
        #expect(day.flows.realized == Money(1))
        #expect(day.closing.cash == Sample.money("1000.98"))
        #expect(day.positions.isEmpty)
    }

    @Test func aStrategyHasItsOwnBooks() throws {
        let first = try statement("2025-07-24", StatementTests.strategy)
        let second = try statement("2025-07-25", StatementTests.strategy)
        #expect(first.isBalanced && second.isBalanced)
        #expect(first.closing.cost == Sample.money("2.8"))
        #expect(second.closing.equity == Sample.money("0.98"))
        #expect(second.flows.settlements == Money(2))
    }

    @Test func orgsAndFiltersAreKeptApart() throws {
        let all = try TwoDays().statements()
        #expect(all.allSatisfy { $0.isBalanced })
        let other = try TwoDays().statements(
            StatementFilter(day: "2025-07-25", org: TwoDays.other))
        #expect(other.map(\.scope.org) == [TwoDays.other, TwoDays.other])
        #expect(other.allSatisfy { $0.flows.isEmpty && $0.closing.cash == Money(500) })
        let strategies = try TwoDays().statements(StatementFilter(strategy: Sample.strategy))
        #expect(strategies.map(\.scope) == [StatementTests.strategy, StatementTests.strategy])
    }

    @Test func aStatementSaysWhatDoesNotBalance() throws {
        let sound = try statement("2025-07-24", StatementTests.account)
        var closing = sound.closing
        closing.cash += Money(units: 1)
        let spoiled = Statement(
            day: sound.day, scope: sound.scope, opening: sound.opening, flows: sound.flows,
            closing: closing, positions: sound.positions)
        #expect(!spoiled.isBalanced)
        #expect(
            StatementReport(spoiled).differences == [
                "cash: off by 0.000000001", "the books at the end: off by 0.000000001",
            ])
        #expect(StatementReport(spoiled).lines[0].contains("DOES NOT BALANCE"))
        var flows = sound.flows
        flows.fees += Money(units: 1)
        let hidden = Statement(
            day: sound.day, scope: sound.scope, opening: sound.opening, flows: flows,
            closing: sound.closing, positions: [])
        #expect(
            hidden.differences.map(\.what) == ["cash", "fees", "positions held", "unrealised"])
    }

    @Test func aReportHasExactDecimals() throws {
        let report = StatementReport(try statement("2025-07-24", StatementTests.account))
        #expect(report.closing.cash == "997.19")
        #expect(report.positions.map(\.cost) == ["2.8"])
        #expect(report.lines[0].hasSuffix("balances"))
    }
}
