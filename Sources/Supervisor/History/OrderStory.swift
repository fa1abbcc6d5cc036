import Cryptography
import Journal
import Trading
import Wire

/// Everything that a journal says of one order, from the signal that led to it to its profit.
///
/// Pure: entries in, story out. The journal is the only source: the core refuses an order without
/// an explanation and journals it with its decision.
struct OrderStory: Sendable {
    /// A step of the order's life after its permit.
    struct Step: Sendable, Equatable {
        let at: Timestamp
        let fate: PermitFate
        let detail: String
    }

    /// A fill, as it was journalled.
    struct Execution: Sendable, Equatable {
        let at: Timestamp
        let fill: FillReport
    }

    let order: OrderID
    private(set) var entry: SequenceNumber = .zero
    private(set) var at: Timestamp = .zero
    private(set) var request: OrderRequest?
    private(set) var features: [OrderRequest.FeaturesEntry] = []
    private(set) var signal = ""
    private(set) var model = ""
    private(set) var reference: ReferenceUpdated?
    private(set) var judged: Judged?
    private(set) var controls: [Judged.ControlsEntry] = []
    private(set) var steps: [Step] = []
    private(set) var fills: [Execution] = []
    private(set) var cancelRequests: [Timestamp] = []
    private(set) var settlement: InstrumentSettlement?
    private(set) var settledAt: Timestamp?
    /// The last two-sided market that the core saw of the instrument.
    private(set) var mark: ReferenceUpdated?
    private(set) var title = ""
    private var titles: [InstrumentID: String] = [:]

    init(order: OrderID) { self.order = order }

    mutating func take(_ entry: RecordedEntry) throws(WireError) {
        switch entry.template {
        case .instrumentDefined: try define(entry)
        case .orderRequest: try takeRequest(entry)
        case .cancelRequest:
            let cancel = try CancelRequest(decoding: entry.command)
            if cancel.orderID == order { cancelRequests.append(entry.at) }
        case .permitFate:
            let fate = try PermitFate(decoding: entry.command)
            guard fate.orderID == order else { return }
            let detail = String(decoding: try PermitFate.detail(in: entry.command), as: UTF8.self)
            steps.append(Step(at: entry.at, fate: fate, detail: detail))
        case .fillReport:
            let fill = try FillReport(decoding: entry.command)
            if fill.orderID == order { book(Execution(at: entry.at, fill: fill)) }
        case .instrumentSettlement: try settle(entry)
        case .referenceUpdated:
            let reference = try ReferenceUpdated(decoding: entry.command)
            if reference.instrument == request?.instrument { mark = reference }
        default: break
        }
    }

    /// A gateway tells a fill again when it becomes final and after every reconnect: it counts
    /// once, and so does taking it back.
    private mutating func book(_ execution: Execution) {
        let same = fills.indices.filter { fills[$0].fill.tradeID == execution.fill.tradeID }
        let isBust = execution.fill.finality == .busted
        if isBust == same.contains(where: { fills[$0].fill.finality != .busted }),
            !same.contains(where: { fills[$0].fill.finality == .busted })
        {
            fills.append(execution)
        } else if execution.fill.finality == .final, let first = same.first,
            fills[first].fill.finality == .provisional
        {
            fills[first] = execution
        }
    }

    private mutating func takeRequest(_ entry: RecordedEntry) throws(WireError) {
        guard let judged = entry.judged, judged.orderID == order, judged.kind == .order,
            judged.verdict != .duplicate, request == nil
        else { return }
        let request = try OrderRequest(decoding: entry.command)
        self.request = request
        self.judged = judged
        self.entry = entry.sequence
        at = entry.at
        features = try OrderRequest.features(in: entry.command)
        signal = String(decoding: try OrderRequest.signal(in: entry.command), as: UTF8.self)
        model = String(decoding: try OrderRequest.model(in: entry.command), as: UTF8.self)
        controls = try Judged.controls(in: entry.decision)
        reference = entry.reference
        mark = entry.reference
        title = titles[request.instrument] ?? ""
        titles = [:]
    }

    /// Titles are kept until the order is found; there are as many as instruments.
    private mutating func define(_ entry: RecordedEntry) throws(WireError) {
        guard request == nil else { return }
        let defined = try InstrumentDefined(decoding: entry.command)
        titles[defined.instrument] = String(
            decoding: try InstrumentDefined.title(in: entry.command), as: UTF8.self)
    }

    private mutating func settle(_ entry: RecordedEntry) throws(WireError) {
        let settlement = try InstrumentSettlement(decoding: entry.command)
        guard let request, settlement.instrument == request.instrument else { return }
        self.settlement = settlement
        settledAt = entry.at
    }
}

extension OrderStory {
    /// Takes the body of an entry that was kept.
    mutating func take(body: some Sequence<UInt8>, at entry: Int64) throws {
        let bytes = Array(body)
        let command = try JournalEntry.command(in: bytes)
        try take(
            RecordedEntry(
                StoredEntry(
                    header: EntryHeader(
                        sequence: SequenceNumber(UInt64(clamping: entry)), epoch: .zero,
                        engineVersion: 0, at: JournalEntry(decoding: bytes).at,
                        template: WireFrame.template(of: command).rawValue, chainHash: .zero),
                    body: bytes)))
    }
}

// MARK: - What the fills came to

extension OrderStory {
    /// Contracts filled, busted ones taken back.
    var filled: Quantity {
        fills.reduce(.zero) { $0 + $1.fill.quantity * ($1.fill.finality == .busted ? -1 : 1) }
    }

    var fees: Money {
        fills.reduce(.zero) { $0 + $1.fill.fee * ($1.fill.finality == .busted ? -1 : 1) }
    }

    /// What was paid for the fills (negative: received), without fees.
    var cost: Money {
        fills.reduce(.zero) { sum, execution in
            let fill = execution.fill
            let sign = fill.side.sign * (fill.finality == .busted ? -1 : 1)
            return sum + Money(fill.price, times: fill.quantity, .nearestEven) * sign
        }
    }

    /// What one contract is worth now, and why: its settlement, else the middle of the last market.
    var value: (price: Price, isSettled: Bool)? {
        if let settlement { return (settlement.value, true) }
        guard let mark, !mark.bid.isZero, !mark.ask.isZero else { return nil }
        return (Price(units: (mark.bid.units + mark.ask.units) / 2), false)
    }

    /// The result of this order's fills alone, after fees; nil while nothing says what they are
    /// worth.
    var profit: Money? {
        guard let request, let value, !filled.isZero else { return fills.isEmpty ? .zero : nil }
        let worth = Money(value.price, times: filled, .nearestEven) * request.side.sign
        return worth - cost - fees
    }

    /// The order's state as the journal has it.
    var state: OrderState {
        guard let judged, let request else { return .requested }
        if judged.verdict == .rejected { return .rejected }
        if filled >= request.quantity { return .filled }
        return steps.last?.fate.state ?? .permitted
    }
}
