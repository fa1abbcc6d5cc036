package import Risk
import Runtime
import Trading
import Wire

/// The brakes in the few numbers that a status has room for: what is braked, and how near the
/// nearest limit is.
package struct BrakeSummary {
    /// `brake.LEVEL.NAME`: 0 is halted, 1 only reduces, else what is left of sizes in 1e-9.
    /// `near.LEVEL.NAME`: the largest share of a limit that is used, in 1e-9. Below the org a name
    /// is ORG/NAME, where a label has room for both. Where scopes share a name, the worst is told.
    package let counters: [(String, Int64)]

    package init(_ views: [BrakeView]) {
        var braked: [String: Int64] = [:]
        for view in views where view.isBraked {
            let left = view.isHalted ? 0 : view.isReduceOnly ? 1 : view.multiplier
            let label = BrakeSummary.label(StatusLabel.brakePrefix, view)
            braked[label] = min(braked[label] ?? left, left)
        }
        var counters = braked.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        let stated = views.compactMap { view in view.used.map { (view: view, used: $0) } }
        if let nearest = stated.max(by: { $0.used < $1.used }) {
            counters.append(
                (BrakeSummary.label(StatusLabel.nearPrefix, nearest.view), nearest.used))
        }
        self.counters = counters
    }

    private static func label(_ prefix: String, _ view: BrakeView) -> String {
        let scope = view.scope
        switch scope.level {
        case .org: return "\(prefix)org.\(scope.org)"
        case .account: return label("\(prefix)account.", scope.org, "\(scope.account)")
        case .strategy: return label("\(prefix)strategy.", scope.org, "\(scope.strategy)")
        case .firm, .instrument, .event, .venue, .none: return "\(prefix)firm"
        }
    }

    private static func label(_ prefix: String, _ org: OrgID, _ name: String) -> String {
        let full = "\(prefix)\(org)/\(name)"
        return LongName(full) == nil ? prefix + name : full
    }
}
