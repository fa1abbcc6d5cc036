package import Trading
package import Wire

/// A limit as `limits show` lists it.
package struct LimitView: Sendable, Hashable {
    package let place: LimitPlace
    package let value: Int64
    /// The tightest of the scope and all above it, and whose that is.
    package let effective: Int64
    package let effectiveLevel: LimitLevel
    /// Nil where the configuration's value stands.
    package let origin: LimitOrigin?
}

extension RiskEngine {
    /// Every limit that a scope states, in the order of the scopes.
    package var limitViews: [LimitView] {
        statedLimits.map { place, value in
            var (effective, level) = (value, place.scope.level)
            for scope in place.scope.ancestors {
                guard let above = limit(place.kind, of: scope),
                    place.kind.isTighter(above, than: effective)
                else { continue }
                (effective, level) = (above, scope.level)
            }
            return LimitView(
                place: place, value: value, effective: effective, effectiveLevel: level,
                origin: limitOrigins[place])
        }
    }

    /// The limits in force with their version, as bytes to hash: what a proposal is based on.
    package func limitSetBytes() -> [UInt8] {
        var bytes: [UInt8] = []
        for (place, value) in statedLimits {
            let scope = place.scope
            bytes += LimitSet(
                kind: place.kind, level: scope.level, org: scope.org, account: scope.account,
                mode: scope.mode, strategy: scope.strategy, venue: scope.venue,
                instrument: scope.instrument, eventSet: scope.eventSet, value: value,
                snapshot: limitSnapshot
            ).frame()
        }
        return bytes
    }

    /// When the change that waits comes into force, and its frame of LimitChange.
    package var waitingLimits: (effectiveAt: Timestamp, frame: [UInt8])? {
        pendingLimits.map { ($0.effectiveAt, $0.frame) }
    }

    /// What a configuration that states `value` does to a limit.
    package func effect(ofConfigured value: Int64, at place: LimitPlace) -> ConfiguredEffect {
        let stated = limit(place.kind, of: place.scope)
        if let origin = limitOrigins[place] {
            // What persons have signed since stands, unless the configuration has changed.
            if origin.configured == value { return .none }
        } else if stated == value {
            return .none
        }
        guard let stated else {
            let isNewKind = !statedLimits.contains { $0.place.kind == place.kind }
            let isFirst = isNewKind && limitOrigins.keys.allSatisfy { $0.kind != place.kind }
            return isFirst || isTighteningWhereNew(place) ? .tightens : .loosens
        }
        if stated == value { return .none }
        return place.kind.isTighter(value, than: stated) ? .tightens : .loosens
    }

    private var statedLimits: [(place: LimitPlace, value: Int64)] {
        meters.indices.filter { !limits.stated(by: $0).isEmpty }
            .sorted { meters[$0].key < meters[$1].key }
            .flatMap { meter in
                LimitKind.allCases.compactMap { kind in
                    limits[kind, meter].map { (LimitPlace(meters[meter].key, kind), $0) }
                }
            }
    }
}

/// What a value of the configuration would do to the limits in force.
package enum ConfiguredEffect: Sendable, Hashable {
    case none
    case tightens
    /// Not for a configuration to do: it takes the signatures of operators.
    case loosens
}

extension ScopeKey {
    /// The scopes whose limits bind this one too, from the nearest.
    var ancestors: [ScopeKey] {
        switch level {
        case .none, .firm: []
        case .org, .instrument, .event, .venue: [.firm]
        case .account: [.org(org), .firm]
        case .strategy: [.account(org, account, mode), .org(org), .firm]
        }
    }
}
