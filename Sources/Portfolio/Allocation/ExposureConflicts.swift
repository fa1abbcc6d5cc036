/// What one strategy has in one instrument of an event, and what it expects of it.
package struct ExposureClaim: Sendable, Hashable {
    package let name: String
    package let event: String
    package let instrument: String
    /// Contracts held and open together, in terms of YES: negative is NO.
    package let quantity: Double
    /// What a contract is worth by the strategy's last word, less its mark, in dollars.
    package let edgeEach: Double
    /// What the strategy can lose in the event with all that it holds and has open, in dollars.
    package let eventLoss: Double

    package init(
        name: String, event: String, instrument: String, quantity: Double, edgeEach: Double,
        eventLoss: Double
    ) {
        self.name = name
        self.event = event
        self.instrument = instrument
        self.quantity = quantity
        self.edgeEach = edgeEach
        self.eventLoss = eventLoss
    }
}

/// A limit that several strategies share, in dollars.
package struct SharedLimit: Sendable, Hashable {
    package let name: String
    package let used: Double
    package let limit: Double
    /// Who counts in it.
    package let strategies: [String]

    package init(name: String, used: Double, limit: Double, strategies: [String]) {
        self.name = name
        self.used = used
        self.limit = limit
        self.strategies = strategies
    }
}

/// Where strategies stand in each other's way, who has the better claim, and what to do about it.
///
/// The better claim is the larger expected edge per dollar of worst-case loss. It decides nothing
/// by itself: the core permits each order by limits alone.
package struct ExposureConflict: Sendable, Hashable {
    package enum Kind: String, Sendable, Hashable, CaseIterable {
        /// One holds YES where another holds NO.
        case opposing
        /// Several hold the same side of one instrument.
        case overlapping
        /// Several count in one limit that is nearly used up.
        case competing
    }

    /// A strategy in a conflict, the best claim first.
    package struct Rank: Sendable, Hashable {
        package let name: String
        /// In dollars.
        package let edge: Double
        package let loss: Double
        /// Edge per dollar of loss.
        package let merit: Double
    }

    package let kind: Kind
    /// The instrument or the limit.
    package let subject: String
    package let ranks: [Rank]
    /// Contracts that the two sides could give up together, or dollars that the last should give.
    package let amount: Double
    package let proposal: String
    /// Why it is the last of the ranks that gives way.
    package let reason: String

    /// All conflicts: by instrument, then by limit, each in the order of its names.
    ///
    /// - Parameter near: The part of a limit from which its strategies compete for the rest.
    package static func all(
        _ claims: [ExposureClaim], _ limits: [SharedLimit], near: Double = 0.8
    ) -> [ExposureConflict] {
        let instruments = Set(claims.map(\.instrument)).sorted()
        return instruments.flatMap { meeting(at: $0, claims) }
            + limits.compactMap { competing(for: $0, claims, near: near) }
    }

    private static func meeting(
        at instrument: String, _ claims: [ExposureClaim]
    ) -> [ExposureConflict] {
        let here = claims.filter { $0.instrument == instrument && $0.quantity != 0 }
        guard let event = here.first?.event, Set(here.map(\.name)).count > 1 else { return [] }
        let (long, short) = (here.filter { $0.quantity > 0 }, here.filter { $0.quantity < 0 })
        func ranked(_ members: [ExposureClaim]) -> [Rank] {
            ranks(Set(members.map(\.name)), claims.filter { $0.event == event })
        }
        var found: [ExposureConflict] = []
        if !long.isEmpty, !short.isEmpty {
            let net = min(sum(long), -sum(short))
            let order = ranked(here)
            found.append(
                ExposureConflict(
                    kind: .opposing, subject: instrument, ranks: order, amount: net,
                    proposal: "both sides give up \(text(net)) contracts, which cancel out",
                    reason: explanation(order)))
        }
        for side in [long, short] where side.count > 1 {
            let order = ranked(side)
            guard let last = order.last,
                let claim = side.first(where: { $0.name == last.name })
            else { continue }
            found.append(
                ExposureConflict(
                    kind: .overlapping, subject: instrument, ranks: order,
                    amount: abs(claim.quantity),
                    proposal: "\(last.name) leaves its \(text(abs(claim.quantity))) contracts to "
                        + "\(order[0].name)", reason: explanation(order)))
        }
        return found
    }

    private static func competing(
        for limit: SharedLimit, _ claims: [ExposureClaim], near: Double
    ) -> ExposureConflict? {
        guard limit.limit > 0, limit.used >= near * limit.limit else { return nil }
        let members = Set(limit.strategies)
        let order = ranks(members, claims.filter { members.contains($0.name) })
        guard order.count > 1, let last = order.last else { return nil }
        let given = min(limit.used - near * limit.limit, last.loss)
        return ExposureConflict(
            kind: .competing, subject: limit.name, ranks: order, amount: given,
            proposal: "\(last.name) gives up \(text(given)) of what it locks, for \(order[0].name)",
            reason: explanation(order))
    }

    /// Strategies by edge per dollar of worst-case loss, over the events of the claims; equal ones
    /// by name.
    private static func ranks(_ names: Set<String>, _ claims: [ExposureClaim]) -> [Rank] {
        names.sorted().compactMap { name -> Rank? in
            let own = claims.filter { $0.name == name }
            guard !own.isEmpty else { return nil }
            let edge = own.reduce(0) { $0 + $1.quantity * $1.edgeEach }
            var losses: [String: Double] = [:]
            for claim in own { losses[claim.event] = claim.eventLoss }
            let loss = losses.keys.sorted().reduce(0) { $0 + (losses[$1] ?? 0) }
            // What can lose nothing has the best claim that its sign allows.
            let merit = loss > 0 ? edge / loss : edge == 0 ? 0 : edge > 0 ? .infinity : -.infinity
            return Rank(name: name, edge: edge, loss: loss, merit: merit)
        }.sorted { ($1.merit, $0.name) < ($0.merit, $1.name) }
    }

    private static func explanation(_ ranks: [Rank]) -> String {
        guard let first = ranks.first, let last = ranks.last else { return "" }
        return "\(last.name) expects \(text(last.merit)) for each dollar it can lose, "
            + "\(first.name) \(text(first.merit))"
    }

    private static func sum(_ claims: [ExposureClaim]) -> Double {
        claims.reduce(0) { $0 + $1.quantity }
    }

    /// At most four places.
    private static func text(_ value: Double) -> String {
        guard value.isFinite else { return value > 0 ? "any amount" : "a sure loss" }
        let rounded = (value * 10_000).rounded() / 10_000
        return rounded == rounded.rounded() ? "\(Int(rounded))" : "\(rounded)"
    }
}
