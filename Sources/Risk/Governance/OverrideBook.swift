import Portfolio
import Trading
package import Wire

/// Which order an override is for: exactly this one, whoever asks for it under its strategy.
struct OverriddenOrder: Sendable, Hashable, BitwiseCopyable {
    let key: StrategyKey
    let instrument: InstrumentID
    let side: Side
    let price: Price
    let quantity: Quantity
}

/// A limit that operators let one order past (RTS 6, article 15).
struct Override: Sendable, Hashable, BitwiseCopyable {
    let number: UInt64
    let order: OverriddenOrder
    /// What the order would be denied for.
    let denial: RejectReason
    /// In the core's time.
    let until: Timestamp
}

/// Overrides that wait for their orders, in the order in which they were given. Few: each is for
/// one order, once, and for an hour at most.
struct OverrideBook: Sendable, Hashable {
    static let countMax = 16
    static let lastingMax = Span.seconds(3_600)

    private(set) var waiting: [Override] = []

    @inline(__always) var isEmpty: Bool { waiting.isEmpty }

    /// What an order may be denied for and pass all the same.
    func denials(waivedFor order: OverriddenOrder, at now: Timestamp) -> ReasonSet {
        var reasons = ReasonSet()
        for override in waiting where override.order == order && override.until > now {
            reasons.insert(override.denial)
        }
        return reasons
    }

    /// False where too many wait.
    mutating func add(_ override: Override, at now: Timestamp) -> Bool {
        waiting.removeAll { $0.until <= now }
        guard waiting.count < OverrideBook.countMax else { return false }
        waiting.append(override)
        return true
    }

    /// The order was permitted: of what waited for it, the first of each reason is used up.
    mutating func use(for order: OverriddenOrder, at now: Timestamp) {
        var used = ReasonSet()
        waiting.removeAll { override in
            guard override.order == order, override.until > now, !used.contains(override.denial)
            else { return false }
            used.insert(override.denial)
            return true
        }
    }

    /// Takes an override back in, from a snapshot.
    mutating func restore(_ override: Override) { waiting.append(override) }
}

/// Reasons of denials, as bits.
struct ReasonSet: Sendable, Hashable, BitwiseCopyable {
    private var bits: UInt128 = 0

    @inline(__always) var isEmpty: Bool { bits == 0 }

    @inline(__always) func contains(_ reason: RejectReason) -> Bool {
        bits & ReasonSet.bit(reason) != 0
    }

    mutating func insert(_ reason: RejectReason) { bits |= ReasonSet.bit(reason) }

    /// Numbers beyond the word have no bit: they are in no set.
    @inline(__always) private static func bit(_ reason: RejectReason) -> UInt128 {
        1 << UInt128(reason.rawValue)
    }
}

extension RejectReason {
    /// A limit that was set by people, so that people may let one order past it. Never who asks,
    /// arming, halts, cash, what the market cannot take, or what cannot be counted.
    package var isOverridable: Bool {
        switch self {
        case .sizeAboveMaximum, .depthShareExceeded, .notionalAboveMaximum, .collarExceeded,
            .priceWalkExceeded, .spreadCrossExceeded, .priceInTail, .edgeBelowMinimum,
            .planNotionalExceeded, .openOrdersExceeded, .openNotionalExceeded, .positionExceeded,
            .volatilityExceeded, .grossNotionalExceeded, .netNotionalExceeded, .eventShareExceeded,
            .eventLossExceeded, .linkedLossExceeded, .orderToTradeExceeded, .leverageExceeded,
            .closeCollarExceeded:
            true
        default: false
        }
    }
}

extension OrderClaim {
    var overriddenOrder: OverriddenOrder {
        OverriddenOrder(
            key: key, instrument: instrument, side: side, price: price, quantity: quantity)
    }
}

extension OrderContext {
    /// Whether operators have let this order past what denies it.
    @inline(__always) func waives(_ result: ControlResult) -> Bool {
        !waived.isEmpty && waived.contains(result.reason)
    }
}

extension RiskEngine {
    /// What operators let an order past; asked once for an order, and only where something waits.
    @inline(__always) func waived(_ claim: OrderClaim, at now: Timestamp) -> ReasonSet {
        if overrides.isEmpty || claim.kind != .order { return ReasonSet() }
        return overrides.denials(waivedFor: claim.overriddenOrder, at: now)
    }

    /// Takes an override that operators have given. It lasts as long as it had left when it came.
    mutating func override(
        _ given: OverrideDirective, receivedAt: Timestamp
    ) throws(DirectiveRefusal) {
        let left = min(given.expiresAt - receivedAt, OverrideBook.lastingMax)
        let override = Override(
            number: given.number,
            order: OverriddenOrder(
                key: StrategyKey(
                    org: given.org, account: given.account, mode: given.mode,
                    strategy: given.strategy),
                instrument: given.instrument, side: given.side, price: given.price,
                quantity: given.quantity),
            denial: given.denial, until: now + left)
        guard overrides.add(override, at: now) else { throw .tooMany }
    }

    // MARK: - Records

    func writeOverrides(into writer: inout SnapshotWriter) {
        for override in overrides.waiting {
            let order = override.order
            writer.append(
                SnapshotOverride(
                    number: override.number, denial: override.denial, org: order.key.org,
                    account: order.key.account, mode: order.key.mode,
                    strategy: order.key.strategy, instrument: order.instrument,
                    side: order.side, price: order.price, quantity: order.quantity,
                    until: override.until))
        }
    }

    mutating func restore(_ record: SnapshotOverride) {
        overrides.restore(
            Override(
                number: record.number,
                order: OverriddenOrder(
                    key: StrategyKey(
                        org: record.org, account: record.account, mode: record.mode,
                        strategy: record.strategy),
                    instrument: record.instrument, side: record.side, price: record.price,
                    quantity: record.quantity),
                denial: record.denial, until: record.until))
    }
}
