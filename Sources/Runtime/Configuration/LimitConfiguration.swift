package import Trading
package import Wire

/// One limit: what it bounds, at which level, for whom, and how much.
///
/// Names that the level does not use are empty. `value` is in the bound's own units: 1e-9 of a
/// contract, a dollar or a price; nanoseconds for ages; a plain count for rates and open orders.
package struct LimitConfiguration: Sendable, Equatable {
    package let kind: LimitKind
    package let level: LimitLevel
    package let org: OrgID
    package let account: AccountID
    package let strategy: StrategyID
    package let venue: VenueID
    package let instrument: InstrumentID
    package let eventSet: EventSetID
    package let value: Int64

    /// Reads a limit; without its value where `hasValue` is false.
    package init(
        _ section: ConfigurationSection, hasValue: Bool = true
    ) throws(ConfigurationError) {
        level = try section.choice("level", of: LimitConfiguration.levels)
        let used = LimitConfiguration.names(of: level)
        let keys = ["level", "kind"] + (hasValue ? ["value"] : []) + used
        for entry in section.entries where !keys.contains(entry.key) {
            throw ConfigurationError(
                file: section.file, line: entry.line, key: section.path,
                expected: "one of \(keys.joined(separator: ", "))", found: "`\(entry.key)`")
        }
        kind = try section.choice("kind", of: LimitConfiguration.kinds)
        org = used.contains("org") ? try section.identifier("org") : .empty
        account = used.contains("account") ? try section.identifier("account") : .empty
        strategy = used.contains("strategy") ? try section.identifier("strategy") : .empty
        venue = used.contains("venue") ? try section.identifier("venue") : .empty
        instrument =
            used.contains("instrument") ? try section.longIdentifier("instrument") : .empty
        eventSet = used.contains("event") ? try section.longIdentifier("event") : .empty
        value = hasValue ? try LimitConfiguration.value(of: kind, in: section) : 0
    }

    private static func value(of kind: LimitKind, in section: ConfigurationSection)
        throws(ConfigurationError) -> Int64
    {
        switch kind {
        case .orderQuantityMin, .orderQuantityMax, .positionMax, .orderToTradeMax, .depthShareMax,
            .collarSigmas, .leverageMax:
            let quantity: Quantity = try section.decimal("value")
            return quantity.units
        case .orderNotionalMax, .openNotionalMax, .eventLossMax, .collateralMax, .lossDailyMax,
            .lossWeeklyMax, .lossTotalMax, .brakeCapital, .planNotionalMax, .edgeMin,
            .grossNotionalMax, .netNotionalMax, .volatilityBudget, .linkedLossMax, .disputedLossMax,
            .tradeLossMax:
            let amount: Money = try section.decimal("value")
            return amount.units
        case .collarPassive, .collarAggressive, .markSpreadMax, .settlementHaircut,
            .drawdownSoftMax, .drawdownHardMax, .drawdownFloor, .slippageMax, .adverseMarkoutMax,
            .walkMax, .spreadCrossMax, .tailPrice, .guardDeclinesMax, .eventShareMax,
            .collarClose, .cashHaircut:
            let price: Price = try section.decimal("value")
            return price.units
        case .quoteAgeMax, .brakeCooldown, .repeatWindow, .walkWindow, .guardLatencyMax,
            .guardQuoteAgeMax, .guardDwellMin, .guardSnapshotAgeMax:
            return try section.duration("value").nanoseconds
        case .messagesPerSecond, .messageBurst, .ordersPerSecond, .orderBurst, .openOrdersMax,
            .adverseFillsMin, .fillsPerMinuteMax, .repeatMax, .fillsPerIntentMax:
            return Int64(try section.integer("value", in: 0...10_000_000))
        }
    }

    /// The names that say whom a limit of the level binds.
    private static func names(of level: LimitLevel) -> [String] {
        switch level {
        case .none, .firm: []
        case .org: ["org"]
        case .account: ["org", "account"]
        case .strategy: ["org", "account", "strategy"]
        case .instrument: ["instrument"]
        case .event: ["event"]
        case .venue: ["venue"]
        }
    }

    private static let levels: [(String, LimitLevel)] = LimitLevel.allCases
        .filter { $0 != .none }.map { ("\($0)", $0) }

    /// `orderQuantityMax` is written `order-quantity-max`.
    package static func name(of kind: LimitKind) -> String { kebab("\(kind)") }

    static let kinds: [(String, LimitKind)] = LimitKind.allCases.map { (kebab("\($0)"), $0) }
}

/// The limits that an operator wants changed, in the form that a configuration has.
package struct LimitWishes: Sendable, Equatable {
    /// To be stated.
    package let limits: [LimitConfiguration]
    /// To be taken out.
    package let removed: [LimitConfiguration]

    /// Reads `limits:` and `remove:` of a document.
    package init(yaml: String, file: String) throws(ConfigurationError) {
        let value = try ConfigurationValue(yaml: yaml, file: file)
        let root = try ConfigurationSection(value, file: file, path: "")
        try root.allow("limits", "remove")
        var limits: [LimitConfiguration] = []
        for section in try root.sections("limits", isRequired: false) {
            limits.append(try LimitConfiguration(section))
        }
        var removed: [LimitConfiguration] = []
        for section in try root.sections("remove", isRequired: false) {
            removed.append(try LimitConfiguration(section, hasValue: false))
        }
        (self.limits, self.removed) = (limits, removed)
    }
}

private func kebab(_ name: String) -> String {
    var text = ""
    for character in name {
        if character.isUppercase { text += "-" }
        text += character.lowercased()
    }
    return text
}
