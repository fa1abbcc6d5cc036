import Glibc
import Testing
import Trading
import Transport
import Wire

extension ClusterTests {
    /// A gateway that lies, with its own genuine key.
    @Suite struct PhantomFillTests {
        /// - Attack gateway-compromised, 1 try: a fill of an order that nobody has sent.
        @Test(.timeLimit(.minutes(2)))
        func aPhantomFillHaltsTheAccount() async throws {
            try await LocalClusterHarness.with(ClusterOptions(hours: 12, hasCoin: true)) {
                cluster in
                try await cluster.start()
                try await cluster.waitForTrading(permits: 3, fills: 1)
                let used = try #require(try cluster.usedPermits().last)
                let lease = try #require(try cluster.leases().last)
                // Nobody starts the gateway again meanwhile.
                cluster.signalSupervisor(SIGSTOP)
                try cluster.signal("gw-kalshi", SIGKILL)
                let phantom = FillReport(
                    orderID: OrderID(used.orderID.rawValue + 1_000_000), account: used.account,
                    instrument: used.instrument,
                    tradeID: VenueReference("phantom") ?? .empty, venueOrderID: .empty,
                    clientOrderID: .empty, side: .buy, price: used.price, quantity: Quantity(5),
                    fee: .zero, liquidity: .taker, finality: .final, filledAt: .zero,
                    marketTime: .zero)
                var standIn: PollLoop<StandInGateway>?
                try await waitUntil("the gateway's place is free", within: .seconds(20)) {
                    // Its socket is served until the process has ended.
                    standIn = try? cluster.standInGateway(
                        lease: lease.lease.next, phantom: phantom)
                    return standIn != nil
                }
                let loop = try #require(standIn)
                let begin = ContinuousClock.now
                try await waitUntil("the core hears the fill", within: .seconds(20)) {
                    cluster.hasLogged("core", "fillWithoutOrder")
                }
                try #require(ContinuousClock.now - begin < .seconds(15))
                loop.stop()
                cluster.signalSupervisor(SIGCONT)

                // The true gateway is back, and the account trades no more.
                try await waitUntil("the gateway is there again") {
                    cluster.processIDs()["gw-kalshi"] != nil
                        && cluster.countLogged("core", "leased") >= 3
                }
                let before = try #require(try await cluster.status(of: "core"))
                try await waitUntil("agents ask in vain") {
                    try cluster.requireRunning()
                    guard let now = try await cluster.status(of: "core") else { return false }
                    try #require(now.count("permitted") == before.count("permitted"))
                    return now.count("rejected") > before.count("rejected") + 5
                }
            }
        }
    }
}
