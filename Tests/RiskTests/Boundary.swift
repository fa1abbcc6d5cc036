import Portfolio
import Risk
import Trading
import Wire

/// Where exactly one kind of limit begins to bind: worked out by hand from what the kind means.
struct Boundary: Sendable {
    /// Which limits let the probe pass.
    enum Rule: Sendable {
        case atLeast
        case above
        case atMost
        case below
    }

    static let allLevels: [LimitLevel] = [
        .firm, .org, .account, .strategy, .instrument, .event, .venue,
    ]
    static let ownLevels: [LimitLevel] = [.firm, .org, .account, .strategy]
    static let marketLevels: [LimitLevel] = [.firm, .instrument, .event, .venue]

    let kind: LimitKind
    /// What the probe comes to.
    let value: Int64
    let rule: Rule
    let reason: RejectReason
    /// Where the limit may be stated; elsewhere it means nothing.
    let levels: [LimitLevel]
    /// The level that a denial names, where it is not the limit's.
    let deniedAt: LimitLevel?
    /// Whether a denial names the limit and the value themselves.
    let isShown: Bool
    /// What comes before the limit is stated, and what is tried under it.
    let prepare: @Sendable (inout Rig, LimitLevel) -> Void
    let probe: @Sendable (inout Rig, LimitLevel) -> Judgement

    init(
        _ kind: LimitKind, _ value: String, _ reason: RejectReason, _ rule: Rule = .atLeast,
        at levels: [LimitLevel] = Boundary.allLevels, deniedAt: LimitLevel? = nil,
        isShown: Bool = true,
        after prepare: @escaping @Sendable (inout Rig, LimitLevel) -> Void = { _, _ in },
        probe: @escaping @Sendable (inout Rig, LimitLevel) -> Judgement
    ) {
        self.kind = kind
        self.value = units(value)
        self.rule = rule
        self.reason = reason
        self.levels = levels
        self.deniedAt = deniedAt
        self.isShown = isShown && deniedAt == nil
        self.prepare = prepare
        self.probe = probe
    }

    func passes(_ limit: Int64) -> Bool {
        switch rule {
        case .atLeast: limit >= value
        case .above: limit > value
        case .atMost: limit <= value
        case .below: limit < value
        }
    }

    /// The probe under a limit; nil states none.
    func judge(_ limit: Int64?, at level: LimitLevel) -> (rig: Rig, judgement: Judgement) {
        var rig = ready(limit, at: level)
        let judgement = probe(&rig, level)
        return (rig, judgement)
    }

    /// Where only the probe is missing.
    func ready(_ limit: Int64?, at level: LimitLevel) -> Rig {
        var rig = Rig(
            cash: "100", without: limit == nil ? kind : nil, instruments: ["KX-1", "KX-2"])
        prepare(&rig, level)
        if let limit { rig.limit(kind, units: limit, at: level) }
        return rig
    }

    // MARK: - What happens

    /// Buys and is filled.
    static func hold(
        _ rig: inout Rig, _ contracts: String, at: String = "0.50", instrument: String = "KX-1"
    ) {
        let order = rig.order(.buy, at, contracts, instrument: instrument) {
            $0.expiresAt = Timestamp(seconds: 500_000)
        }
        rig.fill(order.orderID, contracts)
    }

    /// The market falls to so much, with a spread of two cents.
    static func fall(_ rig: inout Rig, to middle: String) { rig.mark(to: middle) }

    /// What ten contracts at 0.50 can lose, with what a fee may be.
    static var loss: String {
        ((FeeReserve.bound(price("0.50"), quantity("10")) ?? .zero) + amount("5")).description
    }
}

extension Boundary {
    /// One for every kind.
    static let all: [Boundary] =
        orders + prices + rates + conduct + exposures + losses + brakes + fills + guards

    private static let orders: [Boundary] = [
        Boundary(.orderQuantityMin, "10", .sizeBelowMinimum, .atMost) { rig, _ in
            rig.order(.buy, "0.50", "10")
        },
        Boundary(.orderQuantityMax, "10", .sizeAboveMaximum) { rig, _ in
            rig.order(.buy, "0.50", "10")
        },
        Boundary(.orderNotionalMax, "4", .notionalAboveMaximum) { rig, _ in
            rig.order(.sell, "0.60", "10")
        },
        Boundary(.planNotionalMax, "4.95", .planNotionalExceeded) { rig, _ in
            rig.declare(.buy, quantity: "5", limit: "0.99").judgement
        },
        Boundary(.edgeMin, "0.01", .edgeBelowMinimum, .atMost) { rig, _ in
            rig.order(.buy, "0.50", "1") { $0.expectedEdge = amount("0.01") }
        },
        Boundary(.depthShareMax, "0.1", .depthShareExceeded, isShown: false) { rig, _ in
            rig.order(.buy, "0.50", "10")
        },
    ]

    private static let prices: [Boundary] = [
        Boundary(.collarPassive, "0.1", .collarExceeded) { rig, _ in
            rig.order(.buy, "0.40", "1")
        },
        Boundary(.collarAggressive, "0.1", .collarExceeded) { rig, _ in
            rig.order(.buy, "0.61", "1")
        },
        // The noise of a tick at 0.50 is 0.01 / sqrt(12) a minute, so 0.03 is 3 sqrt(12) of it.
        Boundary(
            .collarSigmas, "10.392304846", .collarExceeded, isShown: false,
            after: { rig, _ in
                rig.apply(rig.quote())
                rig.pass(.seconds(60))
                rig.apply(rig.quote())
            }, probe: { rig, _ in rig.order(.buy, "0.54", "1") }),
        Boundary(
            .quoteAgeMax, "1", .quoteStale,
            probe: { rig, _ in
                let parent = rig.declare(.buy).id
                let request = rig.makeRequest(.buy, "0.50", "1", intent: parent)
                return rig.send(request, reference: rig.quote(receivedAt: rig.now - .seconds(1)))
            }),
        Boundary(
            .walkMax, "0.05", .priceWalkExceeded,
            after: { rig, _ in
                rig.limit(.walkMax, "1")
                rig.limit(.walkWindow, "16")
                rig.order(.buy, "0.40", "1")
            }, probe: { rig, _ in rig.order(.buy, "0.45", "1") }),
        // The first order is alone in its step of time.
        Boundary(
            .walkWindow, "5", .priceWalkExceeded, .atMost, deniedAt: .firm,
            after: { rig, level in
                rig.limit(.walkMax, "0.01")
                rig.limit(.walkWindow, "1", at: level)
            },
            probe: { rig, _ in
                rig.order(.buy, "0.40", "1")
                rig.pass(.seconds(5))
                return rig.order(.buy, "0.45", "1")
            }),
        Boundary(.spreadCrossMax, "0.03", .spreadCrossExceeded) { rig, _ in
            rig.order(.buy, "0.52", "1")
        },
        Boundary(.tailPrice, "0.35", .priceInTail, .atMost) { rig, _ in
            rig.order(.sell, "0.35", "1")
        },
        // It closed at 0.50.
        Boundary(
            .collarClose, "0.1", .closeCollarExceeded,
            after: { rig, level in
                rig.limit(.collarClose, "1", at: level)
                rig.apply(rig.quote())
                rig.pass(.seconds(86_400))
            }, probe: { rig, _ in rig.order(.buy, "0.40", "1") }),
    ]

    /// A token every thousand seconds, so that a billionth of the rate is more than a nanosecond.
    private static let slowly = "0.001"

    private static let rates: [Boundary] = [
        Boundary(
            .messagesPerSecond, slowly, .messageRateExceeded, isShown: false,
            after: { rig, level in
                rig.declare(.buy)
                rig.pass(.seconds(100))
                rig.limit(.messageBurst, "1", at: level)
            },
            probe: { rig, _ in
                let parent = IntentID(1)
                rig.send(
                    rig.makeRequest(.buy, "0.40", "1", intent: parent), reference: rig.quote())
                rig.pass(.seconds(1_000))
                return rig.send(
                    rig.makeRequest(.buy, "0.50", "1", intent: parent), reference: rig.quote())
            }),
        Boundary(
            .messageBurst, "2", .messageRateExceeded,
            after: { rig, level in
                rig.pass(.seconds(100))
                rig.limit(.messagesPerSecond, slowly, at: level)
            }, probe: { rig, _ in rig.order(.buy, "0.50", "1") }),
        Boundary(
            .ordersPerSecond, slowly, .orderRateExceeded, isShown: false,
            after: { rig, level in rig.limit(.orderBurst, "1", at: level) },
            probe: { rig, _ in
                rig.order(.buy, "0.40", "1")
                rig.pass(.seconds(1_000))
                return rig.order(.buy, "0.50", "1")
            }),
        Boundary(
            .orderBurst, "2", .orderRateExceeded,
            after: { rig, level in rig.limit(.ordersPerSecond, slowly, at: level) },
            probe: { rig, _ in
                rig.order(.buy, "0.40", "1")
                return rig.order(.buy, "0.50", "1")
            }),
        Boundary(
            .orderToTradeMax, "25.5", .orderToTradeExceeded,
            after: { rig, level in
                rig.limit(.orderToTradeMax, "1000", at: level)
                for index in 0..<50 {
                    let order = rig.order(.buy, "0.50", "0.01")
                    if index < 2 {
                        rig.fill(order.orderID, "0.01")
                    } else {
                        rig.fate(order.orderID, .cancelled)
                    }
                }
            }, probe: { rig, _ in rig.order(.buy, "0.50", "0.01") }),
    ]

    private static let conduct: [Boundary] = [
        Boundary(
            .repeatMax, "2", .orderRepeated,
            after: { rig, _ in
                rig.limit(.repeatMax, "64")
                rig.limit(.repeatWindow, "6")
                rig.order(.buy, "0.50", "1")
            }, probe: { rig, _ in rig.order(.buy, "0.50", "1") }),
        Boundary(
            .repeatWindow, "5", .orderRepeated, .atMost, deniedAt: .firm,
            after: { rig, level in
                rig.limit(.repeatMax, "1")
                rig.limit(.repeatWindow, "1", at: level)
            },
            probe: { rig, _ in
                rig.order(.buy, "0.50", "1")
                rig.pass(.seconds(5))
                return rig.order(.buy, "0.50", "1")
            }),
    ]

    private static let exposures: [Boundary] = [
        Boundary(
            .openOrdersMax, "2", .openOrdersExceeded,
            after: { rig, _ in rig.order(.buy, "0.40", "1") },
            probe: { rig, _ in rig.order(.buy, "0.50", "1") }),
        Boundary(
            .openNotionalMax, "9", .openNotionalExceeded,
            after: { rig, _ in rig.order(.buy, "0.40", "10") },
            probe: { rig, _ in rig.order(.buy, "0.50", "10") }),
        Boundary(
            .positionMax, "15", .positionExceeded,
            after: { rig, _ in rig.order(.buy, "0.40", "10") },
            probe: { rig, _ in rig.order(.buy, "0.50", "5") }),
        Boundary(
            .grossNotionalMax, "10", .grossNotionalExceeded,
            probe: { rig, _ in rig.order(.sell, "0.60", "10") }),
        // Of a capital of a hundred dollars.
        Boundary(
            .leverageMax, "0.1", .leverageExceeded,
            probe: { rig, _ in rig.order(.sell, "0.60", "10") }),
        Boundary(
            .netNotionalMax, "10", .netNotionalExceeded,
            probe: { rig, _ in rig.order(.buy, "0.50", "10") }),
        // Without an estimate a price of 0.50 can move by a half.
        Boundary(
            .volatilityBudget, "5", .volatilityExceeded,
            probe: { rig, _ in rig.order(.buy, "0.50", "10") }),
    ]

    private static let losses: [Boundary] = [
        Boundary(.eventLossMax, loss, .eventLossExceeded) { rig, _ in
            rig.order(.buy, "0.50", "10")
        },
        Boundary(.collateralMax, loss, .collateralInsufficient) { rig, _ in
            rig.order(.buy, "0.50", "10")
        },
        // Of a cash of a hundred dollars there has to be left what the order locks.
        Boundary(
            .cashHaircut, Money(units: units("1") - (units(loss) + 99) / 100).description,
            .collateralInsufficient, .atMost, deniedAt: .account
        ) { rig, _ in rig.order(.buy, "0.50", "10") },
        // Of a cash of a hundred dollars; what is not whole counts as whole.
        Boundary(
            .eventShareMax, Money(units: (units(loss) + 99) / 100).description,
            .eventShareExceeded, probe: { rig, _ in rig.order(.buy, "0.50", "10") }),
        Boundary(
            .linkedLossMax, (amount(loss) + amount("1")).description, .linkedLossExceeded,
            after: { rig, _ in
                rig.register(1, [Rig.registered("KX")], links: [("KX", "all")])
                hold(&rig, "2", instrument: "KX-2")
            }, probe: { rig, _ in rig.order(.buy, "0.50", "10") }),
        Boundary(
            .disputedLossMax, "1", .disputedLossExceeded,
            at: [.firm, .org, .account, .strategy, .venue],
            after: { rig, _ in
                hold(&rig, "2", instrument: "KX-2")
                let disputed = Rig.registered("KX-2", isPattern: false) {
                    $0.resolution = .disputed
                }
                rig.register(1, [Rig.registered("KX"), disputed])
            }, probe: { rig, _ in rig.order(.buy, "0.50", "1") }),
    ]
}
