import Risk
import TestSupport
import Trading
import Wire

/// What the scenario notes beside its orders, fills and limits.
extension Scenario {
    /// When an account was last found to be as its venue states it.
    struct Comparison {
        var at: Timestamp
        /// Until then it counts as late: the one before was too long ago.
        var lateUntil = Timestamp.zero
    }

    /// An order or a trade, for a scope that limits the one to the other.
    struct Deed {
        let at: Timestamp
        let isTrade: Bool
        let limit: Limit
    }

    /// A whole book.
    struct Book {
        let at: Timestamp
        let middle: Int64
    }

    struct Pair: Hashable {
        let strategy: Int
        let instrument: String
    }

    static func minute(of time: Timestamp) -> Int64 { time.nanoseconds / 60_000_000_000 }

    /// What must have happened in some life.
    static let events = [
        "fills turned against a strategy", "a person ended such a block",
        "a cooldown ended such a block", "a cooldown ended the halt of a drawdown",
        "an account was late and became fresh",
    ]

    mutating func happened(_ event: String) {
        precondition(Scenario.events.contains(event), "\(event) is no event")
        exercised[event, default: 0] += 1
    }

    // MARK: - Limits

    /// Every limit of a kind: what was set, and what the firm states where nobody has changed it.
    func allLimits(of kind: LimitKind) -> [(limit: Limit, value: Int64)] {
        let set = limits.filter { $0.limit.kind == kind }
        let firm = Limit(kind: kind, level: .firm, holder: 0, instrument: "")
        guard !set.contains(where: { $0.limit == firm }),
            let stated = Scenario.stated.first(where: { $0.0 == kind })
        else { return set }
        return [(firm, units(stated.1))] + set
    }

    /// The values of a kind that concern an account, and a strategy of it or its venue.
    func values(
        of kind: LimitKind, tenant: Int, strategy: Int? = nil, withVenue: Bool = false
    ) -> [Int64] {
        allLimits(of: kind).filter { limit, _ in
            switch limit.level {
            case .firm: true
            case .org, .account: limit.holder == tenant
            case .strategy: limit.holder == strategy
            case .venue: withVenue
            default: false
            }
        }.map(\.value)
    }

    // MARK: - Reconciliation

    /// The account is as its venue states it.
    mutating func noteCompared(_ tenant: Int) {
        let age = (rig.now - comparisons[tenant].at).nanoseconds
        comparisons[tenant].at = rig.now
        guard
            let limit = values(of: .guardSnapshotAgeMax, tenant: tenant, withVenue: true).min(),
            age > limit
        else { return }
        let dwell = values(of: .guardDwellMin, tenant: tenant, withVenue: true).max()
        comparisons[tenant].lateUntil =
            rig.now + Span(nanoseconds: dwell ?? 10_000_000_000)
    }

    // MARK: - Orders and trades

    mutating func note(_ order: Order, isTrade: Bool) {
        for stated in Oracle(self).limits(of: .orderToTradeMax, on: order) {
            deeds.append(Deed(at: rig.now, isTrade: isTrade, limit: stated.limit))
        }
    }

    /// Many small orders that lead to nothing.
    mutating func burst() {
        guard let instrument = instruments.randomElement(using: &random) else { return }
        let strategy = Int.random(in: 0..<3, using: &random)
        for _ in 0..<Int.random(in: 10...30, using: &random) {
            let side: Side = Bool.random(using: &random) ? .buy : .sell
            let cents = Int64.random(in: 1...15, using: &random)
            let at = price("0.50").units - side.sign * (cents + 1) * 10_000_000
            let lots = Int64.random(in: 1...5, using: &random)
            let known = orders.count
            request(
                strategy, instrument, side, Price(units: at), Quantity(units: lots * 10_000_000))
            guard orders.count > known else { continue }
            rig.fate(orders[known].id, .declined, from: gateway(of: orders[known]))
            orders[known].state = .declined
        }
    }

    // MARK: - Fills that turn against us

    /// How the fills of a pair fared, each worked out from the list of all.
    struct Watch {
        struct Fill {
            let side: Side
            let price: Int128
            let at: Timestamp
            /// How many horizons are over.
            var measured = 0
        }

        private static let horizons: [Span] = [.seconds(5), .seconds(30), .seconds(300)]

        var fills: [Fill] = []
        /// What was gained at each horizon since the last block.
        private var gains: [[Int128]] = [[], [], []]
        var blockedUntil = Timestamp.zero

        /// Measures what is due; whether anything was.
        mutating func measure(at mark: Int128, isDue: (Timestamp) -> Bool) -> Bool {
            var hasMeasured = false
            for index in fills.indices {
                while fills[index].measured < 3 {
                    let fill = fills[index]
                    guard isDue(fill.at + Watch.horizons[fill.measured]) else { break }
                    gains[fill.measured].append(Int128(fill.side.sign) * (mark - fill.price))
                    fills[index].measured += 1
                    hasMeasured = true
                }
            }
            return hasMeasured
        }

        func hasCooledDown(by now: Timestamp) -> Bool {
            blockedUntil > .zero && blockedUntil <= now
        }

        mutating func block(until: Timestamp) {
            blockedUntil = until
            fills = []
            gains = [[], [], []]
        }

        /// The worst mean of a horizon that has enough fills: a plain one of the first eight, then
        /// an eighth of each new one; always rounded down.
        func worst(of count: Int64) -> Int128? {
            gains.filter { $0.count >= max(1, count) }.map { gains in
                var mean: Int128 = 0
                for (index, gain) in gains.enumerated() {
                    let weight = Int128(min(index + 1, 8))
                    let (step, rest) = (gain - mean).quotientAndRemainder(dividingBy: weight)
                    mean += rest < 0 ? step - 1 : step
                }
                return mean
            }.min()
        }
    }

    mutating func watch(_ order: Order, at price: Price) {
        let pair = Pair(strategy: order.strategy, instrument: order.instrument)
        watches[pair, default: Watch()].fills.append(
            Watch.Fill(side: order.side, price: Int128(price.units), at: rig.now))
    }

    /// Measures the fills in an instrument that were due before now, or are by now.
    mutating func measure(_ instrument: String, byNow isByNow: Bool) {
        guard let mark = marks[instrument] else { return }
        let now = rig.now
        for strategy in 0..<3 {
            let pair = Pair(strategy: strategy, instrument: instrument)
            let hasMeasured = watches[pair]?.measure(at: mark) { due in
                isByNow ? due <= now : due < now
            }
            if hasMeasured == true { judge(pair) }
        }
    }

    private mutating func judge(_ pair: Pair) {
        let order = Order(
            id: .zero, strategy: pair.strategy, instrument: pair.instrument, side: .buy,
            price: .zero, quantity: .zero)
        let oracle = Oracle(self)
        let enough = oracle.limits(of: .adverseFillsMin, on: order).map(\.value).min() ?? 0
        guard let limit = oracle.limits(of: .adverseMarkoutMax, on: order).map(\.value).min(),
            let worst = watches[pair]?.worst(of: enough / 1_000_000_000), -worst > Int128(limit)
        else { return }
        let cooldown = cooldown(of: tenant(of: pair.strategy), strategy: pair.strategy)
        watches[pair]?.block(until: cooldown.map { rig.now + $0 } ?? Timestamp(nanoseconds: .max))
        happened("fills turned against a strategy")
    }

    /// How long brakes hold: the longest of the scope's and those above; nil is for ever.
    func cooldown(of tenant: Int, strategy: Int? = nil) -> Span? {
        values(of: .brakeCooldown, tenant: tenant, strategy: strategy).max().map {
            Span(nanoseconds: $0)
        }
    }

    /// A person has looked at the strategy: what was blocked goes on.
    mutating func release(_ strategy: Int) {
        for pair in watches.keys.filter({ $0.strategy == strategy })
        where watches[pair].map({ $0.blockedUntil > rig.now }) == true {
            watches[pair]?.blockedUntil = .zero
            happened("a person ended such a block")
        }
    }

    // MARK: - Time

    /// Some minutes in which only the market moves.
    mutating func pause() {
        for _ in 0..<Int.random(in: 1...3, using: &random) {
            rig.pass(.milliseconds(Int64.random(in: 20_000...120_000, using: &random)))
            for _ in 0..<3 {
                mark()
                brake()
                observeDrawdown()
            }
        }
    }
}
