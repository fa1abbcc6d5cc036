import Glibc
import Testing
import Trading
import Wire

extension ClusterTests {
    /// The core stands still for several leases and then wakes up with its old view of the world.
    @Suite struct CoreStoppedTests {
        /// - Attack core-zombie, 1 try: a sealed permit of the old lease after SIGSTOP, and the
        ///   core itself after SIGCONT: the venue sees nothing.
        @Test(.timeLimit(.minutes(2)))
        func gatewayQuiescesAndTheOldLeaseIsWorthNothing() async throws {
            try await LocalClusterHarness.with(ClusterOptions(hours: 12, hasCoin: true)) {
                cluster in
                try await cluster.start()
                try await cluster.waitForTrading(permits: 5, fills: 1)
                try await cluster.waitForRestingOrder()
                try await cluster.freezeCore()
                let quiet = try cluster.venueRequests()
                let lease = try #require(try cluster.leases().last)

                // What a core would send that woke up and did not notice: genuine, sealed, never
                // used, and under the lease that it believes to hold.
                let impostor = try await CoreImpostor(in: cluster)
                var permit = try #require(try cluster.usedPermits().last)
                permit.permit = permit.permit.next
                permit.orderID = OrderID(permit.orderID.rawValue + 1_000_000)
                permit.clientOrderID = VenueReference("woken") ?? .empty
                let fate = try await impostor.fate(of: impostor.sealed(permit))
                try #require(permit.lease == lease.lease)
                try #require(fate.state == .refusedByGateway, "\(fate)")
                try #require(fate.reason == .leaseRetired, "\(fate)")
                impostor.peer.close()
                // Two leases of 1.5 s: nobody trades on, with the core or without it.
                let end = ContinuousClock.now + .seconds(3)
                try await waitUntil("two leases pass") { ContinuousClock.now > end }
                try #require(try cluster.venueRequests() == quiet)

                try cluster.signal("core", SIGCONT)
                try await cluster.waitUntilReady()
                try await cluster.waitForTrading(permits: 3, fills: 1)
                let renewed = try #require(try cluster.leases().last)
                try #require(renewed.lease > lease.lease, "\(renewed)")
                let summary = try await cluster.stop()
                try #require(summary.restarts == 0, "\(summary)")
                try await cluster.requireConsistent(with: summary)
            }
        }
    }
}

extension LocalClusterHarness {
    /// Waits until an order of ours rests at the venue.
    fileprivate func waitForRestingOrder() async throws {
        try await waitUntil("an order rests") {
            try await count("orders_open", of: "gw-kalshi") ?? 0 > 0
        }
    }
}
