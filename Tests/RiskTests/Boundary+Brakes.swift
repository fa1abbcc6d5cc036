import Risk
import Trading
import Wire

/// The limits of what follows from fills, marks and answers.
extension Boundary {
    /// Ten contracts bought at 0.50 are at 0.30: two dollars of a hundred are lost.
    private static func lose(_ rig: inout Rig) {
        hold(&rig, "10")
        fall(&rig, to: "0.30")
    }

    static let brakes: [Boundary] =
        [
            (.lossDailyMax, .lossDailyExceeded), (.lossWeeklyMax, .lossWeeklyExceeded),
            (.lossTotalMax, .lossTotalExceeded),
        ].map { kind, reason in
            Boundary(
                kind, "2", reason, at: ownLevels,
                probe: { rig, _ in
                    lose(&rig)
                    return rig.order(.sell, "0.45", "1")
                })
        } + drawdowns + marks

    private static let drawdowns: [Boundary] = [
        Boundary(
            .drawdownSoftMax, "0.02", .drawdownSizeExceeded, at: ownLevels, isShown: false,
            after: { rig, level in rig.limit(.drawdownHardMax, "0.5", at: level) },
            probe: { rig, _ in
                lose(&rig)
                return rig.order(.buy, "0.40", "100")
            }),
        Boundary(
            .drawdownHardMax, "0.02", .drawdownHalted, .above, at: ownLevels,
            probe: { rig, _ in
                lose(&rig)
                return rig.order(.sell, "0.45", "1")
            }),
        // Half of the way from the soft end to the hard one leaves a half, but no less than this.
        Boundary(
            .drawdownFloor, "0.6", .drawdownSizeExceeded, at: ownLevels, deniedAt: .strategy,
            after: { rig, _ in
                rig.limit(.drawdownSoftMax, "0.01", at: .strategy)
                rig.limit(.drawdownHardMax, "0.03", at: .strategy)
            },
            probe: { rig, _ in
                lose(&rig)
                return rig.order(.buy, "0.40", "60")
            }),
        Boundary(
            .brakeCooldown, "60", .drawdownHalted, .atMost, at: ownLevels, deniedAt: .strategy,
            after: { rig, _ in rig.limit(.drawdownHardMax, "0.02", at: .strategy) },
            probe: { rig, _ in
                lose(&rig)
                rig.pass(.seconds(60))
                rig.timer()
                return rig.order(.sell, "0.45", "1")
            }),
        Boundary(
            .brakeCapital, "100", .drawdownHalted, .above, at: ownLevels, isShown: false,
            after: { rig, level in rig.limit(.drawdownHardMax, "0.02", at: level) },
            probe: { rig, _ in
                lose(&rig)
                return rig.order(.sell, "0.45", "1")
            }),
    ]

    private static let marks: [Boundary] = [
        // Within a sane spread the middle counts, where half a dollar more is lost.
        Boundary(
            .markSpreadMax, "0.05", .lossDailyExceeded, .below, at: marketLevels,
            deniedAt: .strategy,
            after: { rig, _ in
                rig.limit(.lossDailyMax, "0.7", at: .strategy)
                hold(&rig, "10")
            },
            probe: { rig, _ in
                rig.mark("0.40", "0.45")
                return rig.order(.sell, "0.45", "1")
            }),
        Boundary(
            .settlementHaircut, "0.02", .lossDailyExceeded, .atMost, at: marketLevels,
            deniedAt: .strategy,
            after: { rig, _ in
                rig.limit(.lossDailyMax, "0.2", at: .strategy)
                hold(&rig, "1", instrument: "KX-2")
                hold(&rig, "10")
            },
            probe: { rig, _ in
                rig.apply(
                    InstrumentChanged(
                        envelope: Rig.envelope(Rig.gatewayID), instrument: named("KX-1"),
                        status: .closed, marketTime: rig.now))
                return rig.order(.sell, "0.50", "1", instrument: "KX-2")
            }),
    ]

    static let fills: [Boundary] = [
        Boundary(
            .adverseMarkoutMax, "0.1", .adverseMarkoutExceeded, deniedAt: .strategy,
            probe: { rig, _ in
                hold(&rig, "1")
                rig.pass(.seconds(5))
                fall(&rig, to: "0.40")
                return rig.order(.buy, "0.35", "1")
            }),
        // Four fills are fewer than five.
        Boundary(
            .adverseFillsMin, "5", .adverseMarkoutExceeded, deniedAt: .strategy,
            after: { rig, _ in rig.limit(.adverseMarkoutMax, "0.03", at: .strategy) },
            probe: { rig, _ in
                let order = rig.order(.buy, "0.50", "4")
                for _ in 0..<4 { rig.fill(order.orderID, "1") }
                rig.pass(.seconds(5))
                fall(&rig, to: "0.40")
                return rig.order(.buy, "0.35", "1")
            }),
        Boundary(
            .fillsPerMinuteMax, "3", .haltedScope,
            at: [.firm, .org, .account, .strategy, .venue], deniedAt: .account,
            probe: { rig, _ in
                let order = rig.order(.buy, "0.50", "3")
                for _ in 0..<3 { rig.fill(order.orderID, "1") }
                return rig.order(.buy, "0.40", "1")
            }),
        Boundary(
            .fillsPerIntentMax, "3", .haltedScope, deniedAt: .strategy,
            probe: { rig, _ in
                let order = rig.order(.buy, "0.50", "3")
                for _ in 0..<3 { rig.fill(order.orderID, "1") }
                return rig.order(.buy, "0.40", "1")
            }),
        Boundary(
            .tradeLossMax, "1", .tradeLossExceeded,
            probe: { rig, _ in
                hold(&rig, "10")
                fall(&rig, to: "0.40")
                return rig.order(.buy, "0.35", "1")
            }),
        Boundary(
            .slippageMax, "0.02", .haltedScope, deniedAt: .account,
            probe: { rig, _ in
                let order = rig.order(.buy, "0.50", "1")
                rig.fill(order.orderID, "1", at: "0.52")
                return rig.order(.buy, "0.40", "1")
            }),
    ]

    // MARK: - Guards

    /// Eight orders that the venue answers after so long, half of them by declining.
    private static func answer(_ rig: inout Rig, after latency: Span) {
        for index in 0..<8 {
            let order = rig.order(.buy, "0.40", "0.01")
            rig.pass(latency)
            rig.fate(order.orderID, index.isMultiple(of: 2) ? .declined : .working)
        }
    }

    static let guards: [Boundary] = [
        Boundary(
            .guardDeclinesMax, "0.5", .venueGuarded, deniedAt: .account,
            probe: { rig, _ in
                answer(&rig, after: .milliseconds(1))
                return rig.order(.buy, "0.50", "1")
            }),
        Boundary(
            .guardLatencyMax, "0.25", .venueGuarded, deniedAt: .account,
            probe: { rig, _ in
                answer(&rig, after: .milliseconds(250))
                return rig.order(.buy, "0.50", "1")
            }),
        Boundary(
            .guardQuoteAgeMax, "1", .quoteGuarded, at: marketLevels, deniedAt: .instrument,
            probe: { rig, _ in
                let parent = rig.declare(.buy).id
                let request = rig.makeRequest(.buy, "0.40", "1", intent: parent)
                rig.send(request, reference: rig.quote(receivedAt: rig.now - .seconds(1)))
                return rig.order(.buy, "0.50", "1")
            }),
        Boundary(
            .guardDwellMin, "20", .venueGuarded, .atMost, deniedAt: .account,
            after: { rig, _ in rig.limit(.guardDeclinesMax, "0.4") },
            probe: { rig, _ in
                answer(&rig, after: .milliseconds(0))
                rig.pass(.seconds(20))
                return rig.order(.buy, "0.50", "1")
            }),
        Boundary(
            .guardSnapshotAgeMax, "60", .snapshotStale,
            probe: { rig, _ in
                rig.pass(.seconds(60))
                return rig.order(.buy, "0.50", "1")
            }),
    ]
}
