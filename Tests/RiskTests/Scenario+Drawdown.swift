import Risk
import TestSupport
import Trading
import Wire

/// The fall of the second tenant's account from its highest value.
struct Drawdown {
    static let soft: Int128 = 50_000_000
    static let hard: Int128 = 150_000_000
    static let least: Int128 = 100_000_000
    static let probation: Int128 = 500_000_000
    static let one: Int128 = 1_000_000_000

    var peak: Int128
    var value: Int128
    var isHalted = false
    /// The end of the halt; nil where only a person ends it.
    var until: Timestamp?
    var isOnProbation = false

    init(capital: Int128) {
        peak = capital
        value = capital
    }

    private var fall: Int128 { max(0, peak - value) }

    /// Whether the account was halted just now. A halt is over after the cooldown that it began
    /// with, where the account may go on.
    mutating func observe(
        _ value: Int128, at now: Timestamp, cooldown: Span?, mayResume: Bool
    ) -> Bool {
        self.value = value
        if isHalted {
            if mayResume, let until, now >= until { resume() }
            return false
        }
        if value > peak {
            peak = value
            isOnProbation = false
        }
        isHalted = fall > 0 && (peak <= 0 || fall * Drawdown.one >= peak * Drawdown.hard)
        if isHalted { until = cooldown.map { now + $0 } }
        return isHalted
    }

    mutating func resume() {
        isHalted = false
        isOnProbation = true
        peak = value
    }

    /// What is left of sizes, in billionths.
    var left: Int128 {
        var left = Drawdown.one
        if fall * Drawdown.one > peak * Drawdown.soft {
            let range = peak * (Drawdown.hard - Drawdown.soft)
            let excess = fall * Drawdown.one - peak * Drawdown.soft
            left = max(Drawdown.least, Drawdown.one * (range - excess) / range)
        }
        return isOnProbation ? min(left, Drawdown.probation) : left
    }
}

extension Scenario {
    mutating func limitDrawdown() {
        rig.limit(.drawdownSoftMax, "0.05", at: .account, owner: Scenario.other)
        rig.limit(.drawdownHardMax, "0.15", at: .account, owner: Scenario.other)
    }

    /// After every step: a halt cancels what is open; its time ends it, and sometimes a person.
    mutating func observeDrawdown() {
        let capital = Int128(amount(Scenario.tenants[1].cash).units)
        let wasHalted = drawdown.isHalted
        if wasHalted, let until = drawdown.until, rig.now >= until {
            rig.apply(TimerFired(timer: 1))
        }
        let isHaltedNow = drawdown.observe(
            capital + Oracle(self).earned(by: 2), at: rig.now, cooldown: cooldown(of: 1),
            mayResume: !standings[1].isDoubted)
        if isHaltedNow { cancelOrders(of: 2) }
        if wasHalted, !drawdown.isHalted {
            happened("a cooldown ended the halt of a drawdown")
        }
        guard drawdown.isHalted, !standings[1].isBroken, Int.random(in: 0..<20, using: &random) == 0
        else { return }
        nonce += 1
        rig.operate(.resume, .account, nonce: nonce) {
            $0.org = Scenario.other.org
            $0.account = Scenario.other.account
        }
        // A resume clears its own scope: a block of the strategy stays.
        drawdown.resume()
    }
}
