import Signals
import Testing
import Trading

@Suite struct MarkoutTrackerTests {
    private let market = InstrumentID("KXBTCUD5M-1784851500") ?? .empty
    private let other = InstrumentID("KXBTCUD5M-1784851800") ?? .empty
    private let start = Timestamp(seconds: 1_000)

    private func tracker(prior: Double = 0) -> MarkoutTracker {
        MarkoutTracker(
            MarkoutTracker.Terms(
                horizons: [.seconds(1), .seconds(5)], halfLife: 100, prior: prior,
                priorQuantity: 10))
    }

    @Test func usesTheLastMidKnownAtTheHorizon() {
        var tracker = tracker()
        tracker.record(market, .buy, quantity: Quantity(10), reference: 0.50, at: start)
        // The mid of the first second is 0.49; a later one does not count for that horizon.
        tracker.advance(market, before: start + .milliseconds(1_500), mid: 0.49)
        tracker.advance(market, through: start + .seconds(5), mid: 0.46)
        #expect(abs(tracker.adverse(at: .seconds(1)) - 0.01 / 2) < 1e-12)
        #expect(abs(tracker.adverse(at: .seconds(5)) - 0.04 / 2) < 1e-12)
    }

    @Test func isWeightedByQuantity() {
        var tracker = tracker()
        tracker.record(market, .sell, quantity: Quantity(30), reference: 0.50, at: start)
        tracker.record(other, .sell, quantity: Quantity(10), reference: 0.50, at: start)
        tracker.advance(market, through: start + .seconds(9), mid: 0.52)
        tracker.advance(other, through: start + .seconds(9), mid: 0.50)
        let mean = tracker.mean(at: .seconds(5))
        #expect(mean > 0.009 && mean < 0.013, "\(mean)")
    }

    @Test func luckIsNotPaidForInAdvance() {
        var tracker = tracker(prior: 0.01)
        #expect(abs(tracker.adverse(at: .seconds(5)) - 0.01) < 1e-12)
        tracker.record(market, .buy, quantity: Quantity(100), reference: 0.50, at: start)
        tracker.advance(market, through: start + .seconds(5), mid: 0.60)
        #expect(tracker.mean(at: .seconds(5)) < 0)
        #expect(tracker.adverse(at: .seconds(5)) == 0)
    }

    @Test func forgetsWithTimeTowardTheOrdersOwnPrior() {
        var tracker = tracker()
        tracker.record(market, .buy, quantity: Quantity(10), reference: 0.50, at: start)
        tracker.advance(market, through: start + .seconds(5), mid: 0.46)
        let fresh = tracker.adverse(at: .seconds(5), prior: 0.01, asOf: start)
        let later = tracker.adverse(at: .seconds(5), prior: 0.01, asOf: start + .seconds(1_800))
        #expect(abs(fresh - (0.04 * 10 + 0.01 * 10) / 20) < 1e-12)
        #expect(abs(later - (0.04 * 5 + 0.01 * 10) / 15) < 1e-12)
    }

    @Test func settlementEndsEveryMeasurement() {
        var tracker = tracker()
        tracker.record(market, .buy, quantity: Quantity(10), reference: 0.50, at: start)
        tracker.settle(market, value: .zero)
        #expect(abs(tracker.adverse(at: .seconds(1)) - 0.25) < 1e-12)
        #expect(tracker.followed.isEmpty)
    }

    @Test func isBounded() {
        var tracker = tracker()
        for _ in 0..<MarkoutTracker.pendingMax + 5 {
            tracker.record(market, .buy, quantity: Quantity(1), reference: 0.5, at: start)
        }
        #expect(tracker.dropped == 5)
        tracker.forget(market)
        #expect(tracker.followed.isEmpty)
    }
}
