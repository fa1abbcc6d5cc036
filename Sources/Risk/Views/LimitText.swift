import Trading
package import Wire

/// Limits as a person reads them.
package enum LimitText {
    /// A value with its unit; `none` where the limit is not stated.
    package static func value(_ value: Int64?, of kind: LimitKind) -> String {
        guard let value else { return "none" }
        let text = Quantity(units: value).description
        switch kind.unit {
        case .seconds: return text + "s"
        case .perSecond: return text + "/s"
        case .contracts, .price, .money, .count, .fraction, .ratio: return text
        }
    }
}
