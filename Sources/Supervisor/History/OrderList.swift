import Trading
import Wire

/// The latest orders of a journal, in short: a projection that can always be rebuilt.
struct OrderList: Sendable {
    /// One order as the list shows it.
    struct Line: Sendable, Equatable {
        let order: OrderID
        let at: Timestamp
        let agent: ProcessID
        let strategy: StrategyID
        let instrument: InstrumentID
        let side: Side
        let price: Price
        let quantity: Quantity
        var state: OrderState
        var reason: String
        var filled: Quantity
        var fees: Money
    }

    private let capacity: Int
    private let instrument: InstrumentID?
    private var lines: [OrderID: Line] = [:]
    private var sequence: [OrderID] = []
    /// Orders seen, whether or not they are still listed.
    private(set) var total = 0

    /// Keeps the latest `capacity` orders, of one instrument or of all.
    init(capacity: Int, instrument: InstrumentID? = nil) {
        precondition(capacity > 0, "a list of \(capacity) orders")
        self.capacity = capacity
        self.instrument = instrument
    }

    var latest: [Line] { sequence.compactMap { lines[$0] } }

    mutating func take(_ entry: RecordedEntry) throws(WireError) {
        switch entry.template {
        case .orderRequest: try add(entry)
        case .permitFate:
            let fate = try PermitFate(decoding: entry.command)
            update(fate.orderID) { line in
                if line.state != .filled { line.state = fate.state }
                if fate.reason != .none { line.reason = fate.reason.wireName }
            }
        case .fillReport:
            let fill = try FillReport(decoding: entry.command)
            update(fill.orderID) { line in
                let sign: Int64 = fill.finality == .busted ? -1 : 1
                line.filled += fill.quantity * sign
                line.fees += fill.fee * sign
                if line.filled >= line.quantity { line.state = .filled }
            }
        default: break
        }
    }

    private mutating func add(_ entry: RecordedEntry) throws(WireError) {
        guard let judged = entry.judged, judged.kind == .order, judged.orderID != .zero,
            judged.verdict != .duplicate
        else { return }
        let request = try OrderRequest(decoding: entry.command)
        guard instrument == nil || request.instrument == instrument else { return }
        total += 1
        lines[judged.orderID] = Line(
            order: judged.orderID, at: entry.at, agent: judged.agent, strategy: request.strategy,
            instrument: request.instrument, side: request.side, price: request.price,
            quantity: request.quantity,
            state: judged.verdict == .rejected ? .rejected : .permitted,
            reason: judged.reason == .none ? "" : judged.reason.code, filled: .zero,
            fees: .zero)
        sequence.append(judged.orderID)
        if sequence.count > capacity { lines[sequence.removeFirst()] = nil }
    }

    private mutating func update(_ order: OrderID, _ change: (inout Line) -> Void) {
        guard var line = lines[order] else { return }
        change(&line)
        lines[order] = line
    }
}

extension OrderReport {
    static let header = [
        "order", "time", "agent", "strategy", "instrument", "side", "price", "quantity", "filled",
        "fees", "state", "reason",
    ]

    var cells: [String] {
        [
            "\(order)", String(at.prefix(23)) + "Z", agent, strategy, instrument, side, price,
            quantity, filled, fees, state, reason,
        ]
    }
}
