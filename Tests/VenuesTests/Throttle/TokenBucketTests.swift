import Testing
import Trading
import Venues

@Suite struct TokenBucketTests {
    @Test func holdsWhatFlowsInDuringTheBurst() {
        var bucket = TokenBucket(tokensPerSecond: 100, burst: .seconds(2), now: .zero)
        let taken = (0..<21).map { _ in bucket.take(10, now: .zero) }
        #expect(taken == Array(repeating: true, count: 20) + [false])
        let later = [99, 100, 101].map { bucket.take(10, now: .milliseconds($0)) }
        #expect(later == [false, true, false])
        #expect(bucket.available(now: .seconds(100)) == 200)
    }

    @Test func keepsTheReserve() {
        var bucket = TokenBucket(tokensPerSecond: 100, burst: .seconds(1), now: .zero)
        let usual = (0..<9).map { _ in bucket.take(10, leaving: 20, now: .zero) }
        #expect(usual == Array(repeating: true, count: 8) + [false])
        let reserved = (0..<3).map { _ in bucket.take(10, now: .zero) }
        #expect(reserved == [true, true, false])
    }

    @Test func isShutWhileBlocked() {
        var bucket = TokenBucket(tokensPerSecond: 1_000, burst: .seconds(1), now: .zero)
        bucket.block(for: .seconds(2), now: .zero)
        let taken = [1_999, 2_000].map { bucket.take(1, now: .milliseconds($0)) }
        #expect(taken == [false, true])
    }

    @Test func aClockThatStandsStillGivesNothing() {
        var bucket = TokenBucket(tokensPerSecond: 10, burst: .seconds(1), now: .seconds(5))
        let taken = [5, 4, 5].map { bucket.take(10, now: .seconds($0)) }
        #expect(taken == [true, false, false])
    }
}
