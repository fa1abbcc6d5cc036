package import Trading
import Wire

/// One scope's brakes, for people.
package struct BrakeView: Sendable, Hashable {
    package let scope: ScopeKey
    package let mode: Mode
    package let face: BrakeFace
    /// What is left of the size limits, as a decimal with nine digits.
    package let multiplier: Int64
    package let earned: Money
    package let equity: Money
    package let until: Timestamp?
    /// The largest share of a limit that a loss or the drawdown has used, as a decimal with nine
    /// digits; nil where the scope states none.
    package let used: Int64?

    package var isHalted: Bool { face.phase == .halted }
    package var isReduceOnly: Bool {
        [face.daily, face.weekly, face.total].contains {
            $0.rawValue >= LossStage.reduceOnly.rawValue
        }
    }
    /// Something is less than it would be without brakes.
    package var isBraked: Bool { isHalted || isReduceOnly || multiplier < DrawdownRule.one }
}

extension RiskEngine {
    /// The brakes of every scope, in the order of their names.
    package var brakeViews: [BrakeView] {
        nodesInOrder.map { node in
            let scope = nodes[Int(node)]
            let until = scope.brake.drawdown.until
            return BrakeView(
                scope: meters[scope.meter].key, mode: scope.mode, face: scope.brake.face,
                multiplier: scope.brake.multiplier, earned: profit(of: node),
                equity: capital(of: node) + profit(of: node),
                until: scope.brake.isHalted && until < .distantFuture ? until : nil,
                used: used(scope.brake, brakeRules(of: node)))
        }
    }

    private func used(_ brake: Brake, _ rules: Brake.Rules) -> Int64? {
        let drawdown = brake.drawdown.drawdown
        let fallen = Int64(clamping: drawdown.part * Int128(DrawdownRule.one) / drawdown.whole)
        let shares = [
            share(brake.day.loss(brake.profit), rules.lossDaily),
            share(brake.week.loss(brake.profit), rules.lossWeekly),
            share(Int64(clamping: -Int128(brake.profit.units)), rules.lossTotal),
            share(fallen, rules.drawdown.hard),
        ]
        return shares.compactMap { $0 }.max()
    }

    private func share(_ value: Int64, _ limit: Int64?) -> Int64? {
        guard let limit else { return nil }
        if value <= 0 { return 0 }
        return Int64(clamping: Int128(value) * Int128(DrawdownRule.one) / Int128(max(1, limit)))
    }
}
