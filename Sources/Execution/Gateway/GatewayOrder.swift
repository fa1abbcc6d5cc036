package import Trading
package import Wire

/// One order that a permit allowed, as the gateway knows it.
package struct GatewayOrder: Sendable, Hashable {
    package let orderID: OrderID
    package let lease: LeaseID
    package let permit: PermitSequence
    package let strategy: StrategyID
    package let instrument: InstrumentID
    package let side: Side
    package let price: Price
    package let quantity: Quantity
    package let clientOrderID: VenueReference
    /// What was asked of the venue, or would have been.
    package let ticket: VenueTicket
    package internal(set) var venueOrderID: VenueReference = .empty
    package internal(set) var state: OrderState = .permitted
    /// The sum of the fills that were reported to the core.
    package internal(set) var filled: Quantity = .zero
    /// Trades already reported, so that one is never reported twice.
    package internal(set) var trades: [VenueReference] = []
    /// Those of them that the venue may still take back.
    package internal(set) var provisional: [VenueReference] = []
    /// Those that it has taken back, and how much they were.
    package internal(set) var busted: [VenueReference] = []
    package internal(set) var bustedQuantity: Quantity = .zero
    /// When the permit was used up, in market time; zero: unknown, since the gateway restarted.
    package internal(set) var permittedAt: Timestamp = .zero
    /// How much of it the venue has said is filled.
    package internal(set) var stated: Quantity = .zero
    /// What the venue says the order ended as; reported once the fills account for it.
    package internal(set) var ending: Ending?
    /// How often the venue was asked about an answer in doubt.
    package internal(set) var inquiries = 0
    /// How often in a row the venue has answered that it knows no such order.
    package internal(set) var absences = 0
    /// Whether it counts as ended only because the venue knew of no such order.
    package internal(set) var isPresumedEnded = false

    /// A terminal state that waits for `filled` contracts of fills.
    package struct Ending: Sendable, Hashable {
        package let state: OrderState
        package let reason: GatewayReason
        package let filled: Quantity
    }

    init(_ permit: OrderPermit) {
        orderID = permit.orderID
        lease = permit.lease
        self.permit = permit.permit
        strategy = permit.strategy
        instrument = permit.instrument
        side = permit.side
        price = permit.price
        quantity = permit.quantity
        clientOrderID = permit.clientOrderID
        ticket = VenueTicket(permit)
    }

    package var remaining: Quantity { quantity - filled }
    package var isOpen: Bool { !state.isTerminal }
    /// Whether the venue has said that more is filled than it has told the fills of.
    package var lacksFills: Bool { accounted < max(stated, ending?.filled ?? .zero) }
    /// The sum of the fills that were ever told, those that were taken back among them: the venue's
    /// own sum of an order counts what has failed since.
    package var accounted: Quantity { filled + bustedQuantity }
}

/// A durable fact of the gateway. Its state is the fold of its facts, so a restart reads them back.
package enum GatewayFact: Sendable, Equatable {
    case leaseGranted(LeaseGranted)
    case leaseRetired(LeaseRetired)
    /// The permit is used up: written before the order goes to the wire.
    case permitConsumed(OrderPermit)
    case fate(PermitFate)
    case fill(FillReport)
    case operatorCommand(OperatorCommand, reason: [UInt8])
    /// With its signatures, and whether it was obeyed or waits.
    case directive(GivenDirective)
    /// What a snapshot keeps of one.
    case directiveNoted(SnapshotDirective)
    case settled(InstrumentSettlement)
}

/// How a fill came to be known.
enum FillSource: Sendable {
    case stream
    /// The venue was asked for fills that an ended order lacks.
    case catchUp
    /// The core asked for all since a time: each is reported, known or not.
    case reconciliation
}

/// Why a call was made, so that its answer can be understood.
enum CallPurpose: Sendable, Hashable {
    case place(OrderID)
    case cancel(OrderID)
    case inquire(OrderID)
    case quiesceCancel
    case quiesceCheck
    case catchUpFills
    case reconcileOrders
    case reconcileFills
    case reconcilePositions
    case reconcileBalance
    case balance
    case instruments

    /// Whether its answer belongs to a reconciliation.
    var isReconciling: Bool {
        switch self {
        case .reconcileOrders, .reconcileFills, .reconcilePositions, .reconcileBalance: true
        case .place, .cancel, .inquire, .quiesceCancel, .quiesceCheck, .catchUpFills, .balance,
            .instruments:
            false
        }
    }
}

/// What the gateway's shell must do, in order: facts are committed before anything else goes out.
package enum GatewayEffect: Sendable {
    case record(GatewayFact)
    /// Hand the call to the venue, unless `deadline` has passed: then tell the engine `expired`.
    case submit(VenueCall, VenueCallID, deadline: MonotonicTime?)
    case report(GatewayReport)
    /// Something an operator should see; also counted under its name.
    case alarm(String, detail: String)
}

/// What is told to the core.
package enum GatewayReport: Sendable, Equatable {
    case leaseGranted(LeaseGranted)
    case leaseRetired(LeaseRetired)
    case quiesced(Quiesced)
    case latch(GatewayLatch)
    case fate(PermitFate)
    case fill(FillReport)
    case settlement(InstrumentSettlement)
    case balance(VenueBalance)
    case position(VenuePosition)
    case order(VenueOrder)
    case reconciled(Reconciled)
}

extension InstrumentSettlement {
    /// Whether the account held nothing of the instrument.
    var movesNoMoney: Bool { quantity == .zero && payout == .zero }
}
