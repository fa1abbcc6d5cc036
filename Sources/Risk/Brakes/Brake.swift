package import Trading
package import Wire

/// The brakes of one scope: the firm or an org in one mode, an account, a strategy.
struct Brake: Sendable, Hashable, BitwiseCopyable {
    var drawdown = DrawdownBrake()
    /// What is left of the size limits, as a decimal with nine digits.
    var multiplier = DrawdownRule.one
    /// Why the scope was last halted; none while it is not.
    var cause: BrakeCause = .none
    /// The capital that equity is counted from.
    var capital: Money = .zero
    /// What the scope had earned when this was last looked at.
    var profit: Money = .zero
    var day = LossPeriod()
    var week = LossPeriod()
    var totalStage: LossStage = .none

    /// Nothing is braked.
    var isOpen: Bool { !isHalted && !isReduceOnly && multiplier == DrawdownRule.one }
    var isHalted: Bool { drawdown.phase == .halted }
    var isReduceOnly: Bool { worstStage.rung >= LossStage.reduceOnly.rung }

    var worstStage: LossStage {
        let worse = day.stage.rung > week.stage.rung ? day.stage : week.stage
        return worse.rung > totalStage.rung ? worse : totalStage
    }

    /// The limits of a scope, as they are now.
    struct Rules: Sendable, BitwiseCopyable {
        var drawdown: DrawdownRule
        var lossDaily: Int64?
        var lossWeekly: Int64?
        var lossTotal: Int64?
    }

    /// Takes what a scope has earned by now. A halt ends by itself only after its time, while
    /// everything is healthy and no loss stands beyond its limit.
    mutating func observe(
        earned: Money, capital: Money, _ rules: Rules, at now: Timestamp, isHealthy: Bool
    ) {
        day.roll(to: LossPeriod.day(of: now), earned: profit)
        week.roll(to: LossPeriod.week(of: now), earned: profit)
        if capital != self.capital {
            drawdown.rebase(from: self.capital + profit, to: capital + profit)
            self.capital = capital
        }
        profit = earned
        day.measure(earned, max: rules.lossDaily)
        week.measure(earned, max: rules.lossWeekly)
        totalStage = LossStage(
            loss: Int64(clamping: -Int128(earned.units)), max: rules.lossTotal)
        let wasHalted = isHalted
        drawdown.observe(
            capital + earned, at: now, rules.drawdown,
            mayResume: isHealthy && worstStage != .halted)
        if isHalted, !wasHalted { cause = .drawdown }
        if !isHalted, let lost = lossCause {
            drawdown.halt(at: now, rules.drawdown)
            cause = lost
        }
        if !isHalted { cause = .none }
        multiplier = drawdown.multiplierUnits(rules.drawdown)
    }

    /// Which loss stands beyond its limit.
    private var lossCause: BrakeCause? {
        if totalStage == .halted { return .lossTotal }
        if week.stage == .halted { return .lossWeekly }
        return day.stage == .halted ? .lossDaily : nil
    }

    /// Whether a day or a week with losses is over.
    func isPeriodOver(at now: Timestamp) -> Bool {
        day.stage != .none && day.number < LossPeriod.day(of: now)
            || week.stage != .none && week.number < LossPeriod.week(of: now)
    }

    /// Whether a halt may end where all is healthy.
    func isHaltOver(at now: Timestamp) -> Bool {
        isHalted && now >= drawdown.until && worstStage != .halted
    }

    /// What a person is told of.
    var face: BrakeFace {
        BrakeFace(
            phase: drawdown.phase, cause: cause, daily: day.stage, weekly: week.stage,
            total: totalStage)
    }
}

/// How a scope is braked: a change of it is an alarm.
package struct BrakeFace: Sendable, Hashable, BitwiseCopyable {
    package let phase: BrakePhase
    package let cause: BrakeCause
    package let daily: LossStage
    package let weekly: LossStage
    package let total: LossStage
}

/// A brake that has changed.
package struct BrakeChange: Sendable, Hashable {
    package let scope: ScopeKey
    package let mode: Mode
    package let face: BrakeFace
    /// The end of a halt; nil where only a person ends it or nothing is halted.
    package let until: Timestamp?
    package let earned: Money
}
