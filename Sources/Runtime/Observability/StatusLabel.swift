/// The names of the counters that other processes rely on in status replies. Amounts end in `_e9`,
/// times in `_ns`, everything else is a plain count.
package enum StatusLabel {
    // From the core.
    package static let requested = "requested"
    package static let permitted = "permitted"
    /// Followed by a reason's name, `rejected.quoteStale`; shown to users with its code instead.
    package static let rejectedPrefix = "rejected."
    package static let fills = "fills"
    package static let settled = "settled"
    package static let openOrders = "orders_open"
    package static let fees = "fees_e9"
    package static let realized = "realized_e9"
    package static let unrealized = "unrealized_e9"
    package static let cash = "cash_e9"
    package static let decisionMedian = "decision_p50_ns"
    package static let decisionTail = "decision_p99_ns"
    /// Followed by a scope that is braked: 0 halted, 1 only reductions, else what is left of sizes
    /// in units of 1e-9.
    package static let brakePrefix = "brake."
    /// Followed by the scope that is nearest to a limit of its brakes: the share that is used.
    package static let nearPrefix = "near."
    /// Sessions that stand.
    package static let agents = "agents"
    package static let gateways = "gateways"

    // From a gateway.
    package static let sent = "sent"
    package static let refused = "refused"
    package static let working = "working"
    /// One while no order of ours is at the venue and no call is in flight.
    package static let quiesced = "quiesced"
}
