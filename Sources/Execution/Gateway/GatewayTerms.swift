package import Trading

/// What a gateway serves and the dumb limits that it enforces whatever a permit says.
package struct GatewayTerms: Sendable {
    package let cluster: ShortName
    package let gateway: ProcessID
    package let venue: VenueID
    package let org: OrgID
    package let account: AccountID
    /// The highest mode that this gateway may send in.
    package let mode: Mode
    package let lastLine: LastLineLimits
    /// Whether the venue owns market time. Then rates are counted in it: a replay that depended on
    /// its own speed would be none.
    package let isReplay: Bool
    /// What it takes to clear a halt here.
    package let clearing: DirectiveRule

    package init(
        cluster: ShortName, gateway: ProcessID, venue: VenueID, org: OrgID, account: AccountID,
        mode: Mode, lastLine: LastLineLimits, isReplay: Bool, quorum: Int
    ) {
        self.cluster = cluster
        self.gateway = gateway
        self.venue = venue
        self.org = org
        self.account = account
        self.mode = mode
        self.lastLine = lastLine
        self.isReplay = isReplay
        clearing = DirectiveRule(
            quorum: quorum, mode: mode, aloneDelay: DirectiveRule.clearing)
    }
}

/// The last line: limits of the gateway's own configuration, checked after everything else.
package struct LastLineLimits: Sendable {
    package let orderQuantityMax: Quantity
    package let orderNotionalMax: Money
    package let ordersPerSecondMax: Int64

    package init(orderQuantityMax: Quantity, orderNotionalMax: Money, ordersPerSecondMax: Int64) {
        precondition(ordersPerSecondMax > 0, "orders per second must be positive")
        self.orderQuantityMax = orderQuantityMax
        self.orderNotionalMax = orderNotionalMax
        self.ordersPerSecondMax = ordersPerSecondMax
    }
}

/// Both clocks, read once at the beginning of a turn.
package struct GatewayInstant: Sendable {
    package let market: Timestamp
    package let monotonic: MonotonicTime

    package init(market: Timestamp, monotonic: MonotonicTime) {
        self.market = market
        self.monotonic = monotonic
    }
}

/// Allows `perSecond` events a second with a burst of the same size, in integer arithmetic.
struct OrderRateBucket: Sendable {
    let perSecond: Int64
    private var nanoTokens: Int64
    private var refilledAt: Int64?

    private static let oneToken: Int64 = 1_000_000_000

    init(perSecond: Int64) {
        self.perSecond = perSecond
        nanoTokens = perSecond * OrderRateBucket.oneToken
    }

    /// - Parameter now: Nanoseconds of one clock, always the same.
    mutating func take(at now: Int64) -> Bool {
        if let last = refilledAt, now > last {
            let elapsed = min(now - last, OrderRateBucket.oneToken)
            nanoTokens = min(
                nanoTokens + elapsed * perSecond, perSecond * OrderRateBucket.oneToken)
        }
        refilledAt = max(now, refilledAt ?? now)
        guard nanoTokens >= OrderRateBucket.oneToken else { return false }
        nanoTokens -= OrderRateBucket.oneToken
        return true
    }
}
