import Execution
import Testing
import Trading
import Transport
import Wire

@testable import ExecutionGateway

/// When a gateway asks its venue for everything.
@Suite struct ReconciliationTests {
    private func asked(_ harness: GatewayHarness) -> Int {
        harness.venue.calls.count { if case .positions = $0.0 { true } else { false } }
    }

    private func askedForFills(_ harness: GatewayHarness) -> Int {
        harness.venue.calls.count { if case .fills = $0.0 { true } else { false } }
    }

    /// Answers a reconciliation that finds what is open and nothing else.
    private func answer(_ harness: GatewayHarness) throws {
        let open = harness.venue.placements.map { ticket in
            VenueOrderState(
                clientOrderID: ticket.clientOrderID,
                venueOrderID: VenueReference("v-1") ?? .empty,
                instrument: ticket.instrument, side: ticket.side, price: ticket.price,
                filled: .zero, remaining: ticket.quantity, state: .working)
        }
        for _ in 0..<4 {
            guard let (call, id) = harness.venue.calls.last else { return }
            switch call {
            case .fills: harness.service?.receive(.fills(id, []))
            case .openOrders: harness.service?.receive(.openOrders(id, open))
            case .positions: harness.service?.receive(.positions(id, []))
            case .balance: harness.service?.receive(.balance(id, Money(1_000)))
            default: return
            }
            try harness.run()
        }
    }

    @Test func theFirstComparisonWaitsForNothingAndLaterOnesForTheEndOfTheTick() throws {
        let harness = try GatewayHarness()
        try harness.begin()
        try harness.send(Reconcile(fillsSince: .zero).frame())
        #expect(askedForFills(harness) == 1)
        try answer(harness)
        #expect(asked(harness) == 1)
        #expect(harness.core?.messages(Reconciled.self).count == 1)

        try harness.send(harness.sealedPermit(1))
        try harness.send(Reconcile(fillsSince: .zero).frame())
        try harness.send(TickDone(tick: TickNumber(1), requested: 1).frame())
        #expect(askedForFills(harness) == 1, "the placement is under way")
        try harness.acceptLastPlacement()
        #expect(askedForFills(harness) == 2)
        #expect(harness.venue.ticks.isEmpty, "the venue waits for the comparison")
        try answer(harness)
        #expect(harness.core?.messages(Reconciled.self).count == 2)
        #expect(harness.venue.ticks == [TickNumber(1)])
    }

    @Test func aNewLeaseForgetsWhatWaited() throws {
        let harness = try GatewayHarness()
        try harness.begin()
        try harness.send(Reconcile(fillsSince: .zero).frame())
        try answer(harness)
        try harness.send(Reconcile(fillsSince: .zero).frame())
        try harness.begin(epoch: 2)
        let count = askedForFills(harness)
        try harness.send(TickDone(tick: TickNumber(1), requested: 0).frame())
        #expect(askedForFills(harness) == count)
    }

    @Test func aVenueThatComesBackIsCompared() throws {
        let harness = try GatewayHarness(isReplay: false)
        harness.service?.receive(.connected)
        try harness.begin()
        #expect(askedForFills(harness) == 0, "the core asks first")
        let since = Timestamp(seconds: 7)
        try harness.send(Reconcile(fillsSince: since).frame())
        try answer(harness)
        harness.service?.receive(.disconnected("test"))
        harness.service?.receive(.connected)
        try harness.run()
        let sinces = harness.venue.calls.compactMap {
            if case .fills(let since) = $0.0 { since } else { nil }
        }
        #expect(sinces == [since, since])
    }
}
