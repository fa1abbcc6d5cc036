import Execution
import ExecutionGateway
import Testing
import Trading
import Transport
import Wire

/// The gateway as it runs in live: its own clock, no ticks, everything at once.
@Suite struct GatewayLiveTests {
    private static let order = VenueReference("v-1") ?? .empty

    @Test func placesFillsCancelsAndQuiescesWithoutATick() throws {
        let gateway = try GatewayHarness(isReplay: false)
        try gateway.begin()
        #expect(gateway.core?.messages(LeaseGranted.self).last?.lease == LeaseID(1))
        #expect(gateway.service?.isLeaseActive == true)

        try requirePlaced(by: gateway)
        try requireFilled(by: gateway)
        try requireCancelled(by: gateway)
        try requireDeadMan(of: gateway)

        #expect(gateway.core?.messages(TickBegan.self).isEmpty == true)
        #expect(gateway.venue.ticks.isEmpty)
    }

    /// A permit goes out in the turn that it comes, and its fate is told in the turn of the answer.
    private func requirePlaced(by gateway: GatewayHarness) throws {
        try gateway.send(try gateway.sealedPermit(1))
        let ticket = try #require(gateway.venue.placements.last)
        let (_, id) = try #require(gateway.venue.calls.last)
        gateway.service?.receive(
            .placed(
                id,
                VenueOrderState(
                    clientOrderID: ticket.clientOrderID, venueOrderID: GatewayLiveTests.order,
                    instrument: ticket.instrument, side: ticket.side, price: ticket.price,
                    filled: .zero, remaining: ticket.quantity, state: .working)))
        try gateway.run()
        let fate = try #require(gateway.core?.messages(PermitFate.self).last)
        #expect(fate.state == .working)
        // Market time is the wall clock's.
        let age = now(of: gateway) - fate.marketTime
        #expect(age >= .zero && age < .seconds(1), "\(fate.marketTime)")
    }

    /// A fill of the stream is told at once; in replay it would wait for the next tick.
    private func requireFilled(by gateway: GatewayHarness) throws {
        let ticket = try #require(gateway.venue.placements.last)
        gateway.service?.receive(
            .filled(
                VenueFill(
                    tradeID: VenueReference("t-1") ?? .empty, clientOrderID: ticket.clientOrderID,
                    venueOrderID: GatewayLiveTests.order, instrument: ticket.instrument,
                    side: ticket.side, price: ticket.price, quantity: Quantity(1), fee: .zero,
                    liquidity: .maker, finality: .final, filledAt: now(of: gateway))))
        try gateway.run()
        let fills = gateway.core?.messages(FillReport.self) ?? []
        #expect(fills.map(\.tradeID.description) == ["t-1"])
        #expect(fills.map(\.quantity) == [Quantity(1)])
    }

    private func requireCancelled(by gateway: GatewayHarness) throws {
        let ticket = try #require(gateway.venue.placements.last)
        try gateway.send(
            CancelOrder(
                orderID: OrderID(1), instrument: ticket.instrument,
                clientOrderID: ticket.clientOrderID, reason: .cancelledByRequest
            ).frame())
        let (call, id) = try #require(gateway.venue.calls.last)
        guard case .cancel(ticket.clientOrderID, _) = call else {
            Issue.record("the cancel must go to the venue, not \(call)")
            return
        }
        gateway.service?.receive(
            .cancelled(id, clientOrderID: ticket.clientOrderID, remaining: Quantity(1)))
        try gateway.run()
        let fate = try #require(gateway.core?.messages(PermitFate.self).last)
        #expect(fate.state == .cancelled)
        #expect(fate.filled == Quantity(1))
    }

    /// The core falls silent with an order resting.
    private func requireDeadMan(of gateway: GatewayHarness) throws {
        try gateway.send(try gateway.sealedPermit(2))
        let ticket = try #require(gateway.venue.placements.last)
        let (_, id) = try #require(gateway.venue.calls.last)
        gateway.service?.receive(
            .placed(
                id,
                VenueOrderState(
                    clientOrderID: ticket.clientOrderID,
                    venueOrderID: VenueReference("v-2") ?? .empty,
                    instrument: ticket.instrument, side: ticket.side, price: ticket.price,
                    filled: .zero, remaining: ticket.quantity, state: .working)))
        try gateway.run()
        gateway.network.pause(GatewayHarness.coreName, for: .seconds(5))
        try gateway.run(3_000)
        #expect(gateway.service?.isLeaseActive == false)
        guard case .cancelAll? = gateway.venue.calls.last?.0 else {
            Issue.record("the dead-man must cancel everything")
            return
        }
        try gateway.answerQuiescing()
        // The order is not at the venue any more; how it ended is asked.
        guard case .order(ticket.clientOrderID)? = gateway.venue.calls.last?.0 else {
            Issue.record("the end of the resting order must be asked for")
            return
        }
        // The core wakes and sends what it had permitted: the lease is gone.
        let stale = try gateway.sealedPermit(3)
        try gateway.run(8_000)
        try gateway.send(stale)
        #expect(gateway.venue.placements.count == 2)
    }

    private func now(of gateway: GatewayHarness) -> Timestamp {
        Timestamp(seconds: 1_780_000_000) + Span(nanoseconds: gateway.network.now.nanoseconds)
    }
}
