import Glibc
import Testing
import Trading
import Wire

extension ClusterTests {
    /// Somebody who even holds the core's CURVE key, and a lease, sends permits of their own.
    @Suite struct ForgedPermitTests {
        /// - Attack permit-forged, 1000 tries: each bit of a permit's fields and of its code, from
        ///   the holder of the core's CURVE key.
        /// - Attack permit-replayed, 2 tries: a used permit under a retired lease, and a spent
        ///   number under the lease in force.
        /// - Attack malformed, 10 tries: random bytes at a gateway, from the core's place.
        @Test(.timeLimit(.minutes(2)))
        func forgedAndReplayedPermitsReachNoVenue() async throws {
            try await LocalClusterHarness.with(ClusterOptions(hours: 12, hasCoin: true)) {
                cluster in
                try await cluster.start()
                try await cluster.waitForTrading(permits: 5, fills: 1)
                try await cluster.freezeCore()
                let quiet = try cluster.venueEvents("place")
                let used = try #require(try cluster.usedPermits().last)
                let impostor = try await CoreImpostor(in: cluster)
                let lease = try await impostor.stealLease()
                try await sendForgeries(of: used, under: lease, by: impostor, to: cluster)
                try await sendReplays(of: used, under: lease, by: impostor, to: cluster)
                try await impostor.peer.requireNonsenseRefused()
                try #require(try cluster.venueEvents("place") == quiet)
                impostor.peer.close()
                let counted = try await cluster.count("permits_forged", of: "gw-kalshi")
                try #require(counted ?? 0 > 1_000, "\(String(describing: counted))")

                try cluster.signal("core", SIGCONT)
                try await cluster.waitUntilReady()
                try await cluster.waitForTrading(permits: 3)
                let summary = try await cluster.stop()
                try #require(summary.restarts == 0, "\(summary)")
                try await cluster.requireConsistent(with: summary)
            }
        }

        /// A permit that would be good in every field, but for one bit: each bit of each field, and
        /// of the code. The whole one is never sent.
        private func sendForgeries(
            of used: OrderPermit, under lease: LeaseGranted, by impostor: CoreImpostor,
            to cluster: LocalClusterHarness
        ) async throws {
            var fresh = used
            fresh.permitEpoch = lease.highestEpoch
            fresh.lease = lease.lease
            fresh.permit = lease.permitHighWater.next
            fresh.orderID = OrderID(used.orderID.rawValue + 1_000_000)
            fresh.clientOrderID = VenueReference("forged") ?? .empty
            let forgeries = forgeries(of: try impostor.sealed(fresh))
            try #require(forgeries.count > 1_000)
            for frame in forgeries { try await impostor.peer.post(frame) }
            try await waitUntil("every forgery is refused", within: .seconds(30)) {
                try await impostor.peer.beat()
                return cluster.countLogged("gw-kalshi", "permit_forged") == forgeries.count
            }
        }

        private func sendReplays(
            of used: OrderPermit, under lease: LeaseGranted, by impostor: CoreImpostor,
            to cluster: LocalClusterHarness
        ) async throws {
            // Exactly what the venue has seen already.
            try await impostor.peer.post(used.frame())
            try await waitUntil("the used permit is refused") {
                try await impostor.peer.beat()
                return cluster.hasLogged(
                    "gw-kalshi", "permit_refused", "order \(used.orderID): leaseRetired")
            }
            // Under the same lease: its number is spent by the first refusal.
            var unknown = used
            unknown.permitEpoch = lease.highestEpoch
            unknown.lease = lease.lease
            unknown.permit = lease.permitHighWater.next
            unknown.orderID = OrderID(used.orderID.rawValue + 2_000_000)
            unknown.clientOrderID = VenueReference("replayed") ?? .empty
            unknown.instrument = InstrumentID("NOSUCHMARKET") ?? .empty
            unknown = try impostor.sealed(unknown)
            let fate = try await impostor.fate(of: unknown)
            try #require(fate.reason == .instrumentUnknown, "\(fate)")
            try await impostor.peer.post(unknown.frame())
            try await waitUntil("the spent number is refused") {
                try await impostor.peer.beat()
                return cluster.hasLogged(
                    "gw-kalshi", "permit_refused", "order \(unknown.orderID): permitReplayed")
            }
        }

        /// All that still is a permit when one bit is turned; what is none any more is malformed,
        /// which is another test.
        private func forgeries(of permit: OrderPermit) -> [[UInt8]] {
            let frame = permit.frame()
            let first = OrderPermit.authenticatedRange.lowerBound
            var forgeries: [[UInt8]] = []
            for place in first..<frame.count {
                for bit in 0..<8 {
                    var forged = frame
                    forged[place] ^= 1 << UInt8(bit)
                    // Undecodable: no permit.
                    guard (try? OrderPermit(decoding: forged)) != nil else { continue }
                    forgeries.append(forged)
                }
            }
            return forgeries
        }
    }
}
