import Execution
import Testing
import Trading
import Wire

@Suite struct GatewayPermitTests {
    @Test func recordsTheConsumptionBeforeTheWire() {
        var gateway = GatewayFixture()
        var order: [String] = []
        gateway.perform { engine, now, effects in
            engine.accept(
                GatewayFixture().permit(1), isAuthentic: true, at: now, into: &effects)
            order = effects.map {
                switch $0 {
                case .record: "record"
                case .submit: "submit"
                case .report: "report"
                case .alarm: "alarm"
                }
            }
        }
        #expect(order == ["record", "submit"])
    }

    @Test func forgedPermitChangesNothing() {
        var gateway = GatewayFixture()
        gateway.accept(gateway.permit(1), isAuthentic: false)
        #expect(gateway.facts.isEmpty && gateway.submitted.isEmpty && gateway.reports.isEmpty)
        #expect(gateway.alarms == ["permit_forged"])
    }

    /// - Attack permit-replayed, 1 try: the same permit twice.
    @Test func replayedPermitIsNeverSentAgain() {
        var gateway = GatewayFixture()
        gateway.accept(gateway.permit(1))
        gateway.accept(gateway.permit(1))
        #expect(gateway.placements == 1)
        #expect(gateway.alarms == ["permit_refused"])
        #expect(gateway.fates.isEmpty)
    }

    /// - Attack permit-replayed, 1 try: the same permit after a restart of the gateway.
    @Test func replayedPermitIsRefusedAfterARestart() {
        var gateway = GatewayFixture(granted: false)
        gateway.grantLease(epoch: 1)
        let permit = gateway.permit(1)
        gateway.accept(permit)
        var restarted = GatewayFixture(granted: false)
        for fact in gateway.facts { restarted.engine.restore(fact) }
        restarted.accept(permit)
        #expect(restarted.placements == 0)
    }

    /// - Attack core-zombie, 1 try: a permit of a retired lease that its time would still allow.
    @Test func retiredLeaseIsRefusedWhateverTheClockSays() {
        var gateway = GatewayFixture()
        let permit = gateway.permit(1)
        gateway.perform { engine, _, effects in engine.coreLost(into: &effects) }
        gateway.accept(permit)
        #expect(gateway.placements == 0)
        #expect(gateway.fates.last?.reason == .leaseRetired)
    }

    /// - Attack core-zombie, 1 try: a permit of an epoch before the highest.
    @Test func formerEpochIsRefused() {
        var gateway = GatewayFixture()
        var stale = gateway.permit(1)
        gateway.grantLease(epoch: 2)
        gateway.forget()
        stale.lease = gateway.engine.lease
        gateway.accept(stale)
        #expect(gateway.placements == 0)
        #expect(gateway.fates.last?.reason == .epochStale)
    }

    @Test func skippedNumbersGetTheirFate() {
        var gateway = GatewayFixture()
        gateway.accept(gateway.permit(3))
        #expect(gateway.fates.map(\.permit.rawValue) == [1, 2])
        #expect(gateway.fates.allSatisfy { $0.reason == .gapSkipped })
        #expect(gateway.placements == 1)
    }

    static let spoiled: [(String, GatewayReason, @Sendable (inout OrderPermit) -> Void)] = [
        ("gateway", .wrongGateway, { $0.gateway = .empty }),
        ("lease", .leaseUnknown, { $0.lease = LeaseID(9) }),
        ("mode", .modeAbove, { $0.mode = .live }),
        ("org", .wrongAccount, { $0.org = .empty }),
        ("account", .wrongAccount, { $0.account = .empty }),
        ("venue", .fieldMismatch, { $0.venue = .empty }),
        ("price zero", .fieldMismatch, { $0.price = .zero }),
        ("price one", .fieldMismatch, { $0.price = .one }),
        ("price off grid", .fieldMismatch, { $0.price = Price(units: 500_000_001) }),
        ("quantity", .fieldMismatch, { $0.quantity = Quantity(units: -1) }),
        ("quantity off grid", .fieldMismatch, { $0.quantity = Quantity(units: 1) }),
        ("key", .fieldMismatch, { $0.clientOrderID = .empty }),
        ("validity", .fieldMismatch, { $0.validity = .zero }),
        ("instrument", .instrumentUnknown, { $0.instrument = .empty }),
        ("parent sum", .parentExceeded, { $0.parentCumulative = Quantity(11) }),
        ("parent below child", .parentExceeded, { $0.parentCumulative = Quantity(1) }),
        (
            "size", .lastLineSize,
            {
                $0.quantity = Quantity(11)
                $0.parentCumulative = Quantity(11)
                $0.parentQuantity = Quantity(11)
            }
        ),
        (
            "notional", .lastLineNotional,
            {
                $0.price = Price(units: 900_000_000)
                $0.quantity = Quantity(9)
                $0.parentCumulative = Quantity(9)
            }
        ),
    ]

    @Test(arguments: spoiled.indices) func refusesEveryMismatch(index: Int) {
        let (name, reason, spoil) = GatewayPermitTests.spoiled[index]
        var gateway = GatewayFixture()
        var permit = gateway.permit(1)
        spoil(&permit)
        gateway.accept(permit)
        #expect(gateway.placements == 0, "\(name)")
        #expect(gateway.fates.last?.reason == reason, "\(name)")
        #expect(gateway.fates.last?.state == .refusedByGateway, "\(name)")
    }

    @Test func lastLineRateHoldsAndRefills() {
        var gateway = GatewayFixture()
        for number in 1...6 { gateway.accept(gateway.permit(UInt64(number))) }
        #expect(gateway.placements == 5)
        #expect(gateway.fates.last?.reason == .lastLineRate)
        gateway.now = GatewayInstant(
            market: gateway.now.market, monotonic: MonotonicTime(nanoseconds: 200_000_000))
        gateway.accept(gateway.permit(7))
        #expect(gateway.placements == 6)
    }

    /// However fast a day is replayed, the same orders pass.
    @Test func inReplayTheRateIsCountedInMarketTime() {
        var gateway = GatewayFixture(isReplay: true)
        for number in 1...6 { gateway.accept(gateway.permit(UInt64(number))) }
        #expect(gateway.placements == 5)
        let monotonic = gateway.now.monotonic
        gateway.now = GatewayInstant(
            market: gateway.now.market, monotonic: monotonic + .seconds(10))
        gateway.accept(gateway.permit(7))
        #expect(gateway.placements == 5)
        gateway.now = GatewayInstant(
            market: gateway.now.market + .milliseconds(200), monotonic: monotonic)
        gateway.accept(gateway.permit(8))
        #expect(gateway.placements == 6)
    }

    @Test func aPermitIsValidForItsTimeAndInReplayForItsTick() {
        var gateway = GatewayFixture()
        gateway.accept(gateway.permit(1))
        #expect(gateway.deadlines == [gateway.now.monotonic + .seconds(1)])
        var replay = GatewayFixture(isReplay: true)
        replay.accept(replay.permit(1))
        #expect(replay.deadlines == [nil])
    }

    @Test func validityThatRanOutBeforeTheWireIsExpiry() {
        var gateway = GatewayFixture()
        gateway.accept(gateway.permit(1))
        let call = gateway.submitted[0].id
        gateway.perform { engine, now, effects in
            engine.expired(call, at: now.market, into: &effects)
        }
        #expect(gateway.fates.last?.state == .expired)
        #expect(gateway.engine.isDrained)
    }

    @Test func cancelThatOvertookItsPermitHolds() {
        var gateway = GatewayFixture()
        gateway.perform { engine, now, effects in
            engine.cancel(
                CancelOrder(
                    orderID: OrderID(1), instrument: GatewayFixture.instrument,
                    clientOrderID: .empty, reason: .cancelledByRequest),
                at: now.market, into: &effects)
        }
        gateway.accept(gateway.permit(1))
        #expect(gateway.placements == 0)
        #expect(gateway.fates.last?.reason == .cancelledByRequest)
    }

    @Test func closedInstrumentIsRefused() {
        var gateway = GatewayFixture()
        gateway.perform { engine, now, effects in
            engine.handle(
                .instrumentChanged(GatewayFixture.listing(.closed)), at: now, into: &effects)
        }
        gateway.accept(gateway.permit(1))
        #expect(gateway.fates.last?.reason == .instrumentUnknown)
    }
}
