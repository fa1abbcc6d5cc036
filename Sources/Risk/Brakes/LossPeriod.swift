import Trading
import Wire

/// What a scope has lost since a day or a week of market time began, in UTC.
struct LossPeriod: Sendable, Hashable, BitwiseCopyable {
    /// The day's or week's number since 1970.
    var number: Int64 = .min
    /// What had been earned when it began.
    var start: Money = .zero
    /// The highest rung of the ladder that was reached in it.
    var stage: LossStage = .none

    static func day(of time: Timestamp) -> Int64 {
        Int64(divide(Int128(time.nanoseconds), by: 86_400_000_000_000, .down))
    }

    /// Weeks begin on Mondays.
    static func week(of time: Timestamp) -> Int64 {
        Int64(divide(Int128(day(of: time)) + 3, by: 7, .down))
    }

    /// Begins a new period with what had been earned until now.
    mutating func roll(to number: Int64, earned: Money) {
        guard number > self.number else { return }
        self = LossPeriod(number: number, start: earned)
    }

    func loss(_ earned: Money) -> Int64 {
        Int64(clamping: Int128(start.units) - Int128(earned.units))
    }

    /// Climbs the ladder; within a period nobody steps down.
    mutating func measure(_ earned: Money, max limit: Int64?) {
        let reached = LossStage(loss: loss(earned), max: limit)
        if reached.rawValue > stage.rawValue { stage = reached }
    }
}

extension LossStage {
    /// The ladder: an alert beyond half of the limit, only reductions beyond three quarters, and a
    /// halt beyond all of it.
    init(loss: Int64, max limit: Int64?) {
        guard let limit else {
            self = .none
            return
        }
        let loss = Int128(loss)
        if loss > Int128(limit) {
            self = .halted
        } else if loss > LossStage.threshold(.reduceOnly, of: limit) {
            self = .reduceOnly
        } else {
            self = loss > LossStage.threshold(.alert, of: limit) ? .alert : .none
        }
    }

    /// The loss beyond which a rung is reached.
    static func threshold(_ stage: LossStage, of limit: Int64) -> Int128 {
        switch stage {
        case .none: .min
        case .alert: divide(Int128(limit), by: 2, .down)
        case .reduceOnly: divide(Int128(limit) * 3, by: 4, .down)
        case .halted: Int128(limit)
        }
    }
}
