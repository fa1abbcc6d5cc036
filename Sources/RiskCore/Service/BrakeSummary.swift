package import Risk
import Runtime
import Trading
import Wire

/// The brakes in the few numbers that a status has room for: what is braked, and how near the
/// nearest limit is.
package struct BrakeSummary {
    /// `brake.LEVEL.NAME`: 0 is halted, 1 only reduces, else what is left of sizes in 1e-9.
    /// `near.LEVEL.NAME`: the largest share of a limit that is used, in 1e-9. Where scopes of
    /// different orgs share a name, the worst is told.
    package let counters: [(String, Int64)]

    package init(_ views: [BrakeView]) {
        var braked: [String: Int64] = [:]
        for view in views where view.isBraked {
            let left = view.isHalted ? 0 : view.isReduceOnly ? 1 : view.multiplier
            let name = BrakeSummary.name(of: view)
            braked[name] = min(braked[name] ?? left, left)
        }
        var counters = braked.sorted { $0.key < $1.key }.map {
            (StatusLabel.brakePrefix + $0.key, $0.value)
        }
        let stated = views.compactMap { view in view.used.map { (view: view, used: $0) } }
        if let nearest = stated.max(by: { $0.used < $1.used }) {
            let name = BrakeSummary.name(of: nearest.view)
            counters.append((StatusLabel.nearPrefix + name, nearest.used))
        }
        self.counters = counters
    }

    private static func name(of view: BrakeView) -> String {
        switch view.scope.level {
        case .org: "org.\(view.scope.org)"
        case .account: "account.\(view.scope.account)"
        case .strategy: "strategy.\(view.scope.strategy)"
        case .firm, .instrument, .event, .venue, .none: "firm"
        }
    }
}
