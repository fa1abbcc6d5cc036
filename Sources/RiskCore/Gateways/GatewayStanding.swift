package import Cryptography
package import Trading
package import Wire

/// Where the core stands with one gateway.
struct GatewayStanding: Sendable {
    enum Phase: Sendable, Equatable {
        /// No session.
        case closed
        /// A lease was asked for.
        case requesting
        /// The gateway has seen a later core or a longer journal than this one: it grants nothing.
        case refused
        /// A lease stands; venue truth is on its way, or differed and is asked for again.
        case reconciling(LeaseID)
        /// The lease stands and venue truth is ours.
        case ready(LeaseID)
    }

    var phase = Phase.closed
    var reconciliation = Reconciliation()
    /// A tick that the gateway began before it was ready.
    var earlyTick: TickBegan?
    /// The gateway's own epoch memory and kill latch, as it last stated them.
    var highestEpoch: Epoch = .zero
    var isKilled = false

    /// When venue truth is asked for next, in market time, so that a replay asks at the same ticks.
    private var reconcileDue: Timestamp?
    private var reconcileDelay = GatewayStanding.reconcileDelayMin

    private static let reconcileDelayMin = Span.seconds(1)
    private static let reconcileDelayMax = Span.seconds(32)

    /// Venue truth was ours: it is asked for again at a time.
    mutating func reconcile(at due: Timestamp) {
        reconcileDue = due
        reconcileDelay = GatewayStanding.reconcileDelayMin
    }

    /// Venue truth differed: it is asked for again, every time after twice as long.
    mutating func reconcileLater(than now: Timestamp) {
        reconcileDue = now + reconcileDelay
        reconcileDelay = min(reconcileDelay * 2, GatewayStanding.reconcileDelayMax)
    }

    /// Whether venue truth is to be asked for now. True once; where no answer comes it is asked for
    /// again after `span`.
    mutating func takeReconcileDue(at now: Timestamp, every span: Span) -> Bool {
        guard lease != nil, let due = reconcileDue, now >= due else { return false }
        reconcileDue = now + span
        return true
    }

    var lease: LeaseID? {
        switch phase {
        case .reconciling(let lease), .ready(let lease): lease
        case .closed, .requesting, .refused: nil
        }
    }

    var isReady: Bool {
        if case .ready = phase { true } else { false }
    }
}

/// Collects what a gateway states of the venue and says how much of it differs from the ledger.
package struct Reconciliation: Sendable {
    /// More than this of each is not kept; the count of what came still shows the difference.
    package static let itemsMax = 100_000

    /// What may differ and is no break.
    package struct Tolerance: Sendable, Hashable {
        package let cash: Money
        package let position: Quantity

        package init(cash: Money = .zero, position: Quantity = .zero) {
            self.cash = cash
            self.position = position
        }

        func allows(_ venue: Quantity, _ ledger: Quantity) -> Bool {
            guard let difference = venue.subtractingChecked(ledger) else { return false }
            return difference <= position && difference >= -position
        }

        func allows(_ venue: Money, _ ledger: Money) -> Bool {
            guard let difference = venue.subtractingChecked(ledger) else { return false }
            return difference <= cash && difference >= -cash
        }
    }

    private var orders: [OrderID] = []
    private var positions: [InstrumentID: Quantity] = [:]
    package private(set) var venueCash: Money?

    package init() {}

    package mutating func add(_ order: VenueOrder) {
        if orders.count < Reconciliation.itemsMax { orders.append(order.orderID) }
    }

    package mutating func add(_ position: VenuePosition) {
        guard positions.count < Reconciliation.itemsMax else { return }
        positions[position.instrument] = position.quantity
    }

    package mutating func add(_ balance: VenueBalance) { venueCash = balance.cash }

    /// One difference in words, for the log.
    package struct Break: Sendable, Equatable, CustomStringConvertible {
        package let description: String
    }

    /// Every difference: an open order at the venue that is not ours, a position or cash that is
    /// not the ledger's, beyond what is tolerated.
    ///
    /// - Parameter isResting: orders of ours are open. The balance that a venue states may lack
    /// what   it holds for them, by its own reckoning: cash is compared when nothing rests.
    package func breaks(
        ledgerCash: Money, ledgerPositions: [InstrumentID: Quantity],
        tolerance: Tolerance = Tolerance(), isResting: Bool = false, isOpenOrder: (OrderID) -> Bool
    ) -> [Break] {
        var found: [Break] = []
        for order in orders where !isOpenOrder(order) {
            found.append(Break(description: "the venue has order \(order), which is not open here"))
        }
        let instruments = Set(positions.keys).union(ledgerPositions.keys).sorted()
        for instrument in instruments {
            let venue = positions[instrument] ?? .zero
            let ledger = ledgerPositions[instrument] ?? .zero
            if tolerance.allows(venue, ledger) { continue }
            found.append(
                Break(description: "\(instrument): venue holds \(venue), ledger \(ledger)"))
        }
        let isCashRight =
            isResting || !orders.isEmpty
            || (venueCash.map { tolerance.allows($0, ledgerCash) } ?? false)
        if !isCashRight {
            let stated = venueCash.map { "\($0)" } ?? "not stated"
            found.append(Break(description: "venue cash \(stated), ledger cash \(ledgerCash)"))
        }
        return found
    }
}

/// Seals permits for one gateway.
///
/// A class, because an authenticator has one owner and gateways are kept in a table.
package final class PermitSealer {
    private var authenticator: PermitAuthenticator

    package init(_ authenticator: consuming PermitAuthenticator) {
        self.authenticator = authenticator
    }

    /// Writes the code into the permit's frame, whose last field it is.
    func seal(_ frame: inout [UInt8]) {
        let code = authenticator.seal(frame, range: OrderPermit.authenticatedRange)
        let end = OrderPermit.authenticatedRange.upperBound
        code.withBytes { bytes in
            for (offset, byte) in bytes.enumerated() { frame[end + offset] = byte }
        }
    }
}
