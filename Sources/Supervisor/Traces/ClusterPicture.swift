import Portfolio
import Risk
import Runtime
import Trading
import Wire

/// The core's state in words and exact decimals, as far as one reader may see it.
struct ClusterPicture: Codable, Sendable, Equatable {
    struct Account: Codable, Sendable, Equatable {
        let org: String
        let account: String
        let mode: String
        let venue: String
        let gateway: String
        let cash: String
        let reserved: String
        let isReconciled: Bool
    }

    struct Strategy: Codable, Sendable, Equatable {
        let org: String
        let account: String
        let mode: String
        let strategy: String
        let agents: [String]
        let venues: [String]
        let realized: String
        let unrealized: String
        let fees: String
        /// Realised and unrealised less fees.
        let profit: String
    }

    struct Position: Codable, Sendable, Equatable {
        let org: String
        let account: String
        let mode: String
        let strategy: String
        let instrument: String
        let quantity: String
        let cost: String
        let unrealized: String
    }

    struct Brake: Codable, Sendable, Equatable {
        let org: String
        let scope: String
        /// `clear`, `reduced`, `reduce-only` or `halted`.
        let state: String
        /// What is left of sizes, of one.
        let sizes: Double
        /// The share of the nearest limit that is used; nil where none is stated.
        let used: Double?
        let earned: String
        let equity: String
        let until: String?
    }

    struct Use: Codable, Sendable, Equatable {
        let org: String
        let scope: String
        let limit: String
        let used: String
        let max: String
        let share: Double
    }

    struct Halt: Codable, Sendable, Equatable {
        let org: String
        let scope: String
        let state: String
        let since: String
    }

    struct OpenOrder: Codable, Sendable, Equatable {
        let order: UInt64
        let org: String
        let account: String
        let strategy: String
        let agent: String
        let instrument: String
        let side: String
        let price: String
        let quantity: String
        let filled: String
        let state: String
        let since: String
    }

    let arming: String
    let mode: String
    let marketTime: String
    let accounts: [Account]
    let strategies: [Strategy]
    let positions: [Position]
    let brakes: [Brake]
    let uses: [Use]
    let halts: [Halt]
    /// How often anything was halted; the firm's, so nil where one org is shown.
    let killActivations: UInt64?
    let openOrders: [OpenOrder]

    /// What an org may see of a state; nil sees everything. What concerns the firm as a whole is
    /// not shown to an org.
    init(_ engine: RiskEngine, org: OrgID?) {
        func isShown(_ owner: OrgID) -> Bool { org == nil || org == owner }
        arming = engine.arming.wireName
        mode = engine.mode.description
        marketTime = engine.now.nanoseconds > 0 ? engine.now.description : ""
        accounts = engine.accountViews.filter { isShown($0.org) }.map(Account.init)
        let held = engine.positionViews.filter { isShown($0.owner.org) }
        let grants = engine.grantViews
        strategies = engine.ledger.strategies.filter { isShown($0.key.org) }
            .sorted { $0.key < $1.key }
            .map { book in
                let open = held.filter { $0.owner == book.key }
                return Strategy(
                    book.key, realized: book.realized, fees: book.fees,
                    unrealized: open.reduce(.zero) { $0 + $1.unrealized },
                    grants: grants.filter { $0.strategy == book.key })
            }
        positions = held.map(Position.init)
        killActivations = org == nil ? engine.haltCount : nil
        brakes = engine.brakeViews.filter { isShown($0.scope.org) }.map(Brake.init)
        uses = engine.limitUses.filter { isShown($0.place.scope.org) }.map(Use.init)
        // A halt of everything is the arming state and concerns every org.
        let all = Halt(org: "", scope: "everything", state: "halted", since: "")
        halts =
            (engine.arming == .halted ? [all] : [])
            + engine.haltViews.filter { isShown($0.scope.org) }.map(Halt.init)
        openOrders = engine.openOrderViews.filter { isShown($0.owner.org) }.map(OpenOrder.init)
    }
}

extension ClusterPicture.Account {
    init(_ view: AccountView) {
        self.init(
            org: view.org.description, account: view.account.description,
            mode: view.mode.description, venue: view.venue.description,
            gateway: view.gateway.description, cash: view.cash.description,
            reserved: view.reserved.description, isReconciled: view.isReconciled)
    }
}

extension ClusterPicture.Strategy {
    init(
        _ key: StrategyKey, realized: Money, fees: Money, unrealized: Money, grants: [GrantView]
    ) {
        self.init(
            org: key.org.description, account: key.account.description,
            mode: key.mode.description, strategy: key.strategy.description,
            agents: grants.map(\.agent.description), venues: grants.map(\.venue.description),
            realized: realized.description, unrealized: unrealized.description,
            fees: fees.description, profit: (realized + unrealized - fees).description)
    }
}

extension ClusterPicture.Position {
    init(_ view: PositionView) {
        self.init(
            org: view.owner.org.description, account: view.owner.account.description,
            mode: view.owner.mode.description, strategy: view.owner.strategy.description,
            instrument: view.instrument.description, quantity: view.quantity.description,
            cost: view.cost.description, unrealized: view.unrealized.description)
    }
}

extension ClusterPicture.Brake {
    init(_ view: BrakeView) {
        let state =
            view.isHalted
            ? "halted" : view.isReduceOnly ? "reduce-only" : view.isBraked ? "reduced" : "clear"
        self.init(
            org: view.scope.org.description, scope: view.scope.description, state: state,
            sizes: Money(units: view.multiplier).doubleValue,
            used: view.used.map { Money(units: $0).doubleValue }, earned: view.earned.description,
            equity: view.equity.description, until: view.until?.description)
    }
}

extension ClusterPicture.Use {
    init(_ use: LimitUse) {
        self.init(
            org: use.place.scope.org.description, scope: use.place.scope.description,
            limit: LimitConfiguration.name(of: use.place.kind),
            used: LimitText.value(use.used, of: use.place.kind),
            max: LimitText.value(use.limit, of: use.place.kind),
            share: use.limit > 0 ? Double(use.used) / Double(use.limit) : use.used > 0 ? 1 : 0)
    }
}

extension ClusterPicture.Halt {
    init(_ view: HaltView) {
        let scope = view.scope
        let named: OperatorScope =
            switch scope.kind {
            case .all: .all
            case .org: .org(scope.org)
            case .account: .account(scope.org, scope.account)
            case .strategy: .strategy(scope.org, scope.account, scope.strategy)
            case .venue: .venue(scope.venue)
            case .instrument: .instrument(scope.instrument)
            }
        self.init(
            org: scope.org.description, scope: named.description, state: view.state.wireName,
            since: view.since.description)
    }
}

extension ClusterPicture.OpenOrder {
    init(_ view: OrderView) {
        self.init(
            order: view.orderID.rawValue, org: view.owner.org.description,
            account: view.owner.account.description, strategy: view.owner.strategy.description,
            agent: view.agent.description, instrument: view.instrument.description,
            side: view.side.description, price: view.price.description,
            quantity: view.quantity.description, filled: view.filled.description,
            state: view.state.description, since: view.permittedAt.description)
    }
}
