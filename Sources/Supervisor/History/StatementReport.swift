import Risk
import Trading

/// A statement for people and for programs; amounts are exact decimals.
struct StatementReport: Codable, Sendable, Equatable {
    struct Balance: Codable, Sendable, Equatable {
        let cash: String
        let reserved: String
        let positionsAtCost: String
        /// Of the positions at cost: determined and not settled.
        let resolved: String
        /// Settled and not paid.
        let redeemable: String
        let pairs: String
        let capital: String
        let realized: String
        let unrealized: String
        let fees: String
        let funding: String
        let corrections: String
        let equity: String

        init(_ balance: StatementBalance) {
            cash = balance.cash.description
            reserved = balance.reserved.description
            positionsAtCost = balance.cost.description
            resolved = balance.resolved.description
            redeemable = balance.due.description
            pairs = balance.pairing.description
            capital = balance.capital.description
            realized = balance.realized.description
            unrealized = balance.unrealized.description
            fees = balance.fees.description
            funding = balance.funding.description
            corrections = balance.corrections.description
            equity = balance.equity.description
        }
    }

    struct Flows: Codable, Sendable, Equatable {
        let transfers: String
        let trades: String
        let fees: String
        let rebates: String
        let settlements: String
        let funding: String
        let corrections: String
        let realized: String
        let fills: Int
        let busts: Int
        let volume: String
        let notional: String

        init(_ flows: StatementFlows) {
            transfers = flows.transfers.description
            trades = flows.trades.description
            fees = flows.fees.description
            rebates = flows.rebates.description
            settlements = flows.settlements.description
            funding = flows.funding.description
            corrections = flows.corrections.description
            realized = flows.realized.description
            fills = flows.fills
            busts = flows.busts
            volume = flows.volume.description
            notional = flows.notional.description
        }
    }

    struct Position: Codable, Sendable, Equatable {
        let account: String
        let strategy: String
        let instrument: String
        let quantity: String
        let cost: String
        let mark: String
        let value: String
        let unrealized: String

        init(_ position: MarkedPosition) {
            account = position.owner.account.description
            strategy = position.owner.strategy.description
            instrument = position.instrument.description
            quantity = position.quantity.description
            cost = position.cost.description
            mark = position.mark.description
            value = position.value.description
            unrealized = position.unrealized.description
        }
    }

    let day: String
    let org: String
    let account: String?
    let strategy: String?
    let mode: String
    let opening: Balance
    let flows: Flows
    let closing: Balance
    let positions: [Position]
    let isBalanced: Bool
    /// What does not hold, with the amount; empty where the statement balances.
    let differences: [String]

    init(_ statement: Statement) {
        day = statement.day
        org = statement.scope.org.description
        account = statement.scope.account?.description
        strategy = statement.scope.strategy?.description
        mode = statement.scope.mode.description
        opening = Balance(statement.opening)
        flows = Flows(statement.flows)
        closing = Balance(statement.closing)
        positions = statement.positions.map(Position.init)
        isBalanced = statement.isBalanced
        differences = statement.differences.map { "\($0.what): off by \($0.by)" }
    }

    /// The statement as `supervisor statement` prints it.
    var lines: [String] {
        let scope = [org, account, strategy].compactMap { $0 }.joined(separator: "/")
        let verdict =
            isBalanced
            ? "balances" : "DOES NOT BALANCE: \(differences.joined(separator: "; "))"
        let table = [
            ["", "opening", "closing"], ["cash", opening.cash, closing.cash],
            ["of it reserved", opening.reserved, closing.reserved],
            ["positions at cost", opening.positionsAtCost, closing.positionsAtCost],
            ["of it resolved", opening.resolved, closing.resolved],
            ["redeemable", opening.redeemable, closing.redeemable],
            ["pairs paid ahead", opening.pairs, closing.pairs],
            ["realised", opening.realized, closing.realized],
            ["unrealised", opening.unrealized, closing.unrealized],
            ["fees less rebates", opening.fees, closing.fees],
            ["funding", opening.funding, closing.funding],
            ["corrections", opening.corrections, closing.corrections],
            ["equity", opening.equity, closing.equity],
        ]
        let cash = [
            "cash: \(opening.cash) + transfers \(flows.transfers) + trades \(flows.trades)"
                + " - fees \(flows.fees) + rebates \(flows.rebates)"
                + " + settlements \(flows.settlements) + funding \(flows.funding)"
                + " + corrections \(flows.corrections) = \(closing.cash)",
            "fills \(flows.fills), volume \(flows.volume) contracts for \(flows.notional), busts "
                + "\(flows.busts), realised \(flows.realized)",
        ]
        let header = ["position", "quantity", "cost", "mark", "value", "unrealised"]
        let held = positions.map {
            [
                "\($0.account)/\($0.strategy) \($0.instrument)", $0.quantity, $0.cost, $0.mark,
                $0.value, $0.unrealized,
            ]
        }
        let rows = held.isEmpty ? [] : Columns.lines([header] + held, right: [1, 2, 3, 4, 5])
        return ["\(day)  \(scope) (\(mode))  \(verdict)"]
            + (Columns.lines(table, right: [1, 2]) + cash + rows).map { "  " + $0 }
    }
}
