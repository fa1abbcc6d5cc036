import Risk
import Trading
import Wire

/// Who may lock how much, for persons and programs.
struct CapitalReport: Codable, Sendable, Equatable {
    struct Line: Codable, Sendable, Equatable {
        let scope: String
        let capital: String
        let atRisk: String
        let free: String
        /// Since the beginning, at robust marks; empty for scopes that have no books of their own.
        let earned: String
        /// What brakes leave of the sizes.
        let sizes: String
    }

    let version: UInt64
    let scopes: [Line]

    init(_ engine: RiskEngine) {
        version = engine.limitSnapshot
        let brakes = Dictionary(
            engine.brakeViews.map { ($0.scope, $0) }, uniquingKeysWith: { first, _ in first })
        scopes = engine.limitUses.filter { $0.place.kind == .collateralMax }.map { use in
            let brake = brakes[use.place.scope]
            return Line(
                scope: use.place.scope.description,
                capital: Money(units: use.limit).description,
                atRisk: Money(units: use.used).description,
                free: Money(units: max(0, use.limit - use.used)).description,
                earned: brake.map { $0.earned.description } ?? "",
                sizes: brake.map { Quantity(units: $0.multiplier).description } ?? "")
        }
    }

    var lines: [String] {
        let rows =
            [["SCOPE", "CAPITAL", "AT RISK", "FREE", "EARNED", "SIZES"]]
            + scopes.map { [$0.scope, $0.capital, $0.atRisk, $0.free, $0.earned, $0.sizes] }
        return Columns.lines(rows, right: [1, 2, 3, 4, 5]) + ["version \(version) of the limits"]
    }
}

/// A move for persons and programs.
struct MoveReport: Codable, Sendable, Equatable {
    let key: String
    let from: String
    let to: String
    let amount: String
    let version: UInt64
    let at: String
    let by: String
    let reason: String

    init(_ move: CapitalMove) {
        key = move.key.description
        from = move.from.description
        to = move.to.description
        amount = move.amount.description
        version = move.version
        at = move.at.description
        by = move.signer.description
        reason = move.reason
    }

    var row: [String] { [key, from, to, amount, "\(version)", at, by, reason] }
}
