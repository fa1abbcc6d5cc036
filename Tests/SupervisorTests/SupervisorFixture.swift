import Cryptography
import Foundation
import Journal
import Risk
import Runtime
import Testing
import Trading
import Wire

@testable import Supervisor

/// A folder that goes with the test.
final class ScratchFolder {
    let path: String

    init(_ name: String = #function) throws {
        // Short, because UNIX sockets lie in it.
        let number = UInt32.random(in: 0 ... .max)
        path = NSTemporaryDirectory() + "bw-\(getpid())-\(number)"
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}

/// The sample configuration, with lines replaced.
func sampleConfiguration(replacing changes: [(String, String)] = []) throws -> ClusterConfiguration
{
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
    var text = try String(
        contentsOf: root.appending(path: "deploy/config/paper.yaml"), encoding: .utf8)
    for (old, new) in changes {
        try #require(text.contains(old), "the sample has no \(old)")
        text = text.replacing(old, with: new)
    }
    return try ClusterConfiguration(yaml: text, file: "paper.yaml")
}

/// The sample configuration with a section of alerts.
func alertSample(_ section: String) throws -> ClusterConfiguration {
    let lines = section.split(separator: "\n").map { "\n    \($0)" }.joined()
    return try sampleConfiguration(replacing: [
        (
            #"supervisor: { name: supervisor, restart-delay: 500ms, http: "127.0.0.1:8800" }"#,
            "supervisor:\n  name: supervisor\n  http: 127.0.0.1:8800\n  alerts:" + lines
        )
    ])
}

/// Names of the fixture.
enum Sample {
    static let core = ProcessID(name: ShortName("core") ?? .empty)
    static let agent = ProcessID(name: ShortName("agent-crypto") ?? .empty)
    static let gateway = ProcessID(name: ShortName("gw-kalshi") ?? .empty)
    static let org = OrgID(name: ShortName("demo") ?? .empty)
    static let account = AccountID(name: ShortName("main") ?? .empty)
    static let strategy = StrategyID(name: ShortName("updown") ?? .empty)
    static let venue = VenueID(name: ShortName("kalshi") ?? .empty)
    static let instrument = InstrumentID(name: LongName("KXBTCUD5M-1753315200") ?? .empty)
    static let start = Timestamp(seconds: 1_753_315_200)
    static let client = VenueReference("c-1") ?? .empty

    static func price(_ text: String) -> Price { Price(decimal: text) ?? .zero }
    static func money(_ text: String) -> Money { Money(decimal: text) ?? .zero }
}

/// One entry to be journalled.
struct FixtureEntry {
    let at: Timestamp
    let command: [UInt8]
    var reference: [UInt8] = []
    var decision: [UInt8] = []
}

/// The life of two orders: 7 is permitted, filled in two parts and settled; 8 is rejected.
enum FixtureJournal {
    static let entries: [FixtureEntry] = [
        FixtureEntry(at: Sample.start, command: definition),
        FixtureEntry(
            at: Sample.start + .seconds(1), command: request(1), reference: reference.frame(),
            decision: judged(7, .permitted, .none)),
        FixtureEntry(at: Sample.start + .seconds(1), command: fate(.sent)),
        FixtureEntry(at: Sample.start + .seconds(2), command: fate(.working)),
        FixtureEntry(at: Sample.start + .seconds(3), command: fill("t-1", 2, "0.52", "0.02")),
        FixtureEntry(at: Sample.start + .seconds(4), command: fill("t-2", 3, "0.52", "0.03")),
        FixtureEntry(
            at: Sample.start + .seconds(5), command: request(2), reference: reference.frame(),
            decision: judged(8, .rejected, .quoteStale)),
        FixtureEntry(at: Sample.start + .seconds(300), command: settlement),
    ]

    /// Writes the entries as the core would, and returns the journal's path.
    static func write(
        _ entries: [FixtureEntry] = entries, in folder: String,
        key: Ed25519PrivateKey? = nil, engineVersion: UInt32 = RiskEngine.version
    ) throws -> String {
        let path = folder + "/journal.sqlite"
        let store = try JournalStore(
            opening: path,
            options: JournalStore.Options(
                identity: JournalIdentity(
                    cluster: "paper-demo", owner: "core",
                    schemaVersion: UInt32(WireSchema.version)),
                engineVersion: engineVersion,
                checkpointKey: try key ?? Ed25519PrivateKey.generate()))
        try store.begin(epoch: Epoch(1))
        for entry in entries {
            let body = JournalEntry(at: entry.at).frame(
                command: entry.command, reference: entry.reference, decision: entry.decision)
            let template = try WireHeader(peeking: entry.command.span.bytes).templateID
            try store.append(epoch: Epoch(1), at: entry.at, template: template, body: body)
        }
        try store.checkpoint(stateHash: .zero)
        try store.commit()
        return path
    }

    private static let definition = InstrumentDefined(
        instrument: Sample.instrument, venue: Sample.venue,
        eventSet: EventSetID(name: Sample.instrument.name), tick: Sample.price("0.01"),
        lot: Quantity(1), openAt: Sample.start, closeAt: Sample.start + .seconds(300),
        status: .open, isExclusive: .yes, isExhaustive: .yes, ruleHash: .zero,
        marketTime: Sample.start
    ).frame(title: Array("BTC up in five minutes".utf8))

    private static func request(_ number: UInt64) -> [UInt8] {
        OrderRequest(
            incarnation: Incarnation(1), requestID: RequestID(number), intentID: IntentID(3),
            org: Sample.org, account: Sample.account, mode: .paper, strategy: Sample.strategy,
            instrument: Sample.instrument, side: .buy, timeInForce: .immediateOrCancel,
            isPostOnly: .no, price: Sample.price("0.52"), quantity: Quantity(5),
            expiresAt: .zero, policyVersion: 4, modelHash: .zero, featureHash: .zero,
            confidence: 0.8, fairValue: Sample.price("0.561"),
            expectedEdge: Sample.money("0.012"), quoteSequence: SequenceNumber(88),
            quotedAt: Sample.start
        ).frame(
            features: [
                .init(label: LongName("spot") ?? .empty, value: 117_000.5),
                .init(label: LongName("sigma") ?? .empty, value: 0.31),
            ], signal: Array("spot above the strike".utf8), model: Array("digital-1".utf8))
    }

    private static let reference = ReferenceUpdated(
        instrument: Sample.instrument, bid: Sample.price("0.51"), bidQuantity: Quantity(20),
        ask: Sample.price("0.52"), askQuantity: Quantity(15), bidDepth: Quantity(90),
        askDepth: Quantity(80), bookSequence: SequenceNumber(88),
        receivedAt: Sample.start + .milliseconds(750), isStale: .no,
        marketTime: Sample.start + .seconds(1))

    private static func judged(
        _ order: UInt64, _ verdict: Verdict, _ reason: RejectReason
    ) -> [UInt8] {
        let isRejected = verdict == .rejected
        return Judged(
            kind: .order, orderID: OrderID(order), requestID: RequestID(order - 6),
            intentID: IntentID(3), agent: Sample.agent, verdict: verdict, reason: reason,
            level: isRejected ? .firm : .none,
            limit: isRejected ? Span.seconds(5).nanoseconds : 0,
            value: isRejected ? Span.seconds(6).nanoseconds : 0, gateway: Sample.gateway,
            lease: LeaseID(1), permit: PermitSequence(isRejected ? 0 : 1),
            parentCumulative: .zero, limitSnapshot: 1, clientOrderID: Sample.client
        ).frame(controls: [
            .init(control: .identity, outcome: .passed, level: .none, limit: 0, value: 0),
            .init(
                control: .staleQuote, outcome: isRejected ? .denied : .passed, level: .firm,
                limit: Span.seconds(5).nanoseconds,
                value: isRejected ? Span.seconds(6).nanoseconds : Span.milliseconds(250).nanoseconds
            ),
            .init(
                control: .size, outcome: isRejected ? .notReached : .passed, level: .firm,
                limit: Quantity(25).units, value: Quantity(5).units),
        ])
    }

    private static func fate(_ state: OrderState) -> [UInt8] {
        PermitFate(
            lease: LeaseID(1), permit: PermitSequence(1), orderID: OrderID(7), state: state,
            reason: .none, instrument: Sample.instrument, clientOrderID: Sample.client,
            venueOrderID: state == .working ? VenueReference("v-9") ?? .empty : .empty,
            filled: .zero, remaining: Quantity(5), marketTime: Sample.start
        ).frame(detail: [])
    }

    private static func fill(
        _ trade: String, _ quantity: Int64, _ price: String, _ fee: String
    ) -> [UInt8] {
        FillReport(
            orderID: OrderID(7), account: Sample.account, instrument: Sample.instrument,
            tradeID: VenueReference(trade) ?? .empty, venueOrderID: VenueReference("v-9") ?? .empty,
            clientOrderID: Sample.client, side: .buy, price: Sample.price(price),
            quantity: Quantity(quantity), fee: Sample.money(fee), liquidity: .taker,
            finality: .final, filledAt: Sample.start, marketTime: Sample.start
        ).frame()
    }

    private static let settlement = InstrumentSettlement(
        account: Sample.account, instrument: Sample.instrument, outcome: .yes, value: .one,
        quantity: Quantity(5), payout: Money(5), settledAt: Sample.start + .seconds(300),
        marketTime: Sample.start + .seconds(300)
    ).frame()
}

/// The core's state as a status reply states it.
func coreStatus(_ counters: [String: Int64]) -> ProcessStatus {
    ProcessStatus(
        StatusReply(
            nonce: 1, kind: .core, arming: .armed, isKilled: .no, isReady: .yes,
            incarnation: Incarnation(1), marketTime: Sample.start + .seconds(45_005),
            tick: TickNumber(9), journalSequence: SequenceNumber(100), chainHead: .zero,
            stateHash: Digest(hex: String(repeating: "ab", count: 32)) ?? .zero),
        process: Sample.core, counters: counters, version: "test")
}
