import Runtime

/// What the core says of its brakes, for people and for programs.
struct BrakeReport: Codable, Sendable, Equatable {
    /// A scope that may do less than its limits say.
    struct Braked: Codable, Sendable, Equatable {
        let scope: String
        /// `halted`, `reduce-only` or `reduced`.
        let state: String
        /// What is left of the size limits, of one.
        let sizes: Double
    }

    let braked: [Braked]
    /// The scope that is nearest to a limit, and the share of it that is used.
    let nearest: String?
    let nearestUsed: Double?

    /// Nil where no limit of a brake is stated and nothing is braked.
    init?(_ counters: [String: Int64]) {
        braked = counters.compactMap { label, value in
            BrakeReport.scope(label, StatusLabel.brakePrefix).map {
                Braked(scope: $0, state: BrakeReport.state(value), sizes: Double(value) / 1e9)
            }
        }.sorted { $0.scope < $1.scope }
        let near = counters.compactMap { label, value in
            BrakeReport.scope(label, StatusLabel.nearPrefix).map { (scope: $0, used: value) }
        }.max { $0.used < $1.used }
        nearest = near?.scope
        nearestUsed = near.map { Double($0.used) / 1e9 }
        if braked.isEmpty, near == nil { return nil }
    }

    private static func scope(_ label: String, _ prefix: String) -> String? {
        guard label.hasPrefix(prefix) else { return nil }
        return String(
            label.dropFirst(prefix.count).replacing(".", with: " ", maxReplacements: 1))
    }

    private static func state(_ value: Int64) -> String {
        switch value {
        case 0: "halted"
        case 1: "reduce-only"
        default: "reduced"
        }
    }

    /// One line for the nearest brake, and one for each scope that is braked.
    var lines: [String] {
        var lines: [String] = []
        if let nearest, let nearestUsed {
            lines.append("nearest brake: \(nearest), \(BrakeReport.percent(nearestUsed)) used")
        }
        for scope in braked {
            let sizes =
                scope.state == "reduced" ? ", sizes at \(BrakeReport.percent(scope.sizes))" : ""
            lines.append("braked: \(scope.scope) \(scope.state)\(sizes)")
        }
        return lines
    }

    private static func percent(_ share: Double) -> String {
        "\(Int((share * 100).rounded(.down))) %"
    }
}
