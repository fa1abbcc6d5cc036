package import Trading

/// What a gateway asks of a venue. One port for all venues: an adapter maps it to the venue's own
/// protocol and never decides anything.
///
/// Calls never block and never throw: every call is answered by exactly one `VenueEvent` with the
/// same `VenueCallID`, delivered to the sink that `start` was given.
package protocol VenueAdapter: AnyObject, Sendable {
    /// Connects and keeps connecting until `stop`. Events may come on any thread.
    func start(_ sink: @escaping @Sendable (VenueEvent) -> Void)
    func submit(_ call: VenueCall, id: VenueCallID)
    /// Before `start`: orders of an earlier process that may be at the venue although their answers
    /// never came. An adapter that can tell what the venue calls them knows them again.
    func recall(_ tickets: [VenueTicket])
    /// In replay: this tick's effects are drained here; the venue may go on.
    func acknowledge(tick: TickNumber)
    /// Disconnects. Returns when nothing of the adapter runs any more, so that the process may end.
    func stop()
}

extension VenueAdapter {
    /// A venue that keeps our key needs nothing else.
    package func recall(_ tickets: [VenueTicket]) {}
}

/// Matches an answer to its call.
package struct VenueCallID: Counter {
    package let rawValue: UInt64
    package init(_ rawValue: UInt64) { self.rawValue = rawValue }
}

package enum VenueCall: Sendable {
    case place(VenueTicket)
    case cancel(clientOrderID: VenueReference, venueOrderID: VenueReference?)
    case cancelAll
    case openOrders
    /// Asks for one order by its look-up key, after a doubtful answer.
    case order(clientOrderID: VenueReference)
    case fills(since: Timestamp)
    case positions
    case balance
    case instruments
    case book(InstrumentID)
    case feeSchedule
    case health
}

/// An order as a venue needs it: nothing of ours but the look-up key.
package struct VenueTicket: Sendable, Hashable {
    package let clientOrderID: VenueReference
    package let instrument: InstrumentID
    package let side: Side
    package let price: Price
    package let quantity: Quantity
    package let timeInForce: TimeInForce
    package let isPostOnly: Bool
    /// Venue-side expiry; nil where the order does not rest.
    package let expiresAt: Timestamp?
    /// When the permit was sent, by the core's wall clock: durable, so that whatever is made from a
    /// ticket can be made again. Zero where nobody said.
    package let permittedAt: Timestamp

    package init(
        clientOrderID: VenueReference, instrument: InstrumentID, side: Side, price: Price,
        quantity: Quantity, timeInForce: TimeInForce, isPostOnly: Bool, expiresAt: Timestamp?,
        permittedAt: Timestamp = .zero
    ) {
        self.clientOrderID = clientOrderID
        self.instrument = instrument
        self.side = side
        self.price = price
        self.quantity = quantity
        self.timeInForce = timeInForce
        self.isPostOnly = isPostOnly
        self.expiresAt = expiresAt
        self.permittedAt = permittedAt
    }
}

/// An order as the venue states it.
package struct VenueOrderState: Sendable, Hashable {
    package let clientOrderID: VenueReference
    package let venueOrderID: VenueReference
    package let instrument: InstrumentID
    package let side: Side
    package let price: Price
    package let filled: Quantity
    package let remaining: Quantity
    /// working, filled, cancelled or expired.
    package let state: OrderState

    package init(
        clientOrderID: VenueReference, venueOrderID: VenueReference, instrument: InstrumentID,
        side: Side, price: Price, filled: Quantity, remaining: Quantity, state: OrderState
    ) {
        self.clientOrderID = clientOrderID
        self.venueOrderID = venueOrderID
        self.instrument = instrument
        self.side = side
        self.price = price
        self.filled = filled
        self.remaining = remaining
        self.state = state
    }
}

/// A fill as the venue states it.
package struct VenueFill: Sendable, Hashable {
    package let tradeID: VenueReference
    package let clientOrderID: VenueReference
    package let venueOrderID: VenueReference
    package let instrument: InstrumentID
    package let side: Side
    package let price: Price
    package let quantity: Quantity
    package let fee: Money
    package let liquidity: Liquidity
    package let finality: FillFinality
    package let filledAt: Timestamp

    package init(
        tradeID: VenueReference, clientOrderID: VenueReference, venueOrderID: VenueReference,
        instrument: InstrumentID, side: Side, price: Price, quantity: Quantity, fee: Money,
        liquidity: Liquidity, finality: FillFinality, filledAt: Timestamp
    ) {
        self.tradeID = tradeID
        self.clientOrderID = clientOrderID
        self.venueOrderID = venueOrderID
        self.instrument = instrument
        self.side = side
        self.price = price
        self.quantity = quantity
        self.fee = fee
        self.liquidity = liquidity
        self.finality = finality
        self.filledAt = filledAt
    }
}

/// A position as the venue states it; negative is NO.
package struct VenueHolding: Sendable, Hashable {
    package let instrument: InstrumentID
    package let quantity: Quantity
    package init(instrument: InstrumentID, quantity: Quantity) {
        self.instrument = instrument
        self.quantity = quantity
    }
}

/// An instrument with what may be done with it and how its event set behaves.
package struct VenueInstrument: Sendable, Hashable {
    package let instrument: Instrument
    package let status: InstrumentStatus
    package let isExclusive: Bool
    package let isExhaustive: Bool
    package init(
        instrument: Instrument, status: InstrumentStatus, isExclusive: Bool, isExhaustive: Bool
    ) {
        self.instrument = instrument
        self.status = status
        self.isExclusive = isExclusive
        self.isExhaustive = isExhaustive
    }
}

/// A settlement as the venue states it for the account.
package struct VenueSettlement: Sendable, Hashable {
    package let instrument: InstrumentID
    package let outcome: SettlementOutcome
    /// What one YES contract pays.
    package let value: Price
    /// The position that was settled and what the venue credited for it.
    package let quantity: Quantity
    package let payout: Money
    package let settledAt: Timestamp
    package init(
        instrument: InstrumentID, outcome: SettlementOutcome, value: Price, quantity: Quantity,
        payout: Money, settledAt: Timestamp
    ) {
        self.instrument = instrument
        self.outcome = outcome
        self.value = value
        self.quantity = quantity
        self.payout = payout
        self.settledAt = settledAt
    }
}

/// Why a call failed, and above all whether the venue may have acted on it.
package enum VenueFailure: Sendable, Hashable {
    /// The venue answered and said no: it did not act.
    case declined(code: String, message: String)
    /// The request never left (connection refused, throttled locally): the venue did not act.
    case notSent(String)
    /// No answer, or an answer that cannot be read: the venue may have acted. Ask, never resend.
    case unknown(String)
}

package enum VenueEvent: Sendable {
    // Answers.
    case placed(VenueCallID, VenueOrderState)
    case cancelled(VenueCallID, clientOrderID: VenueReference, remaining: Quantity)
    case cancelledAll(VenueCallID, count: Int)
    case openOrders(VenueCallID, [VenueOrderState])
    /// Nil: the venue knows no such order.
    case order(VenueCallID, VenueOrderState?)
    case fills(VenueCallID, [VenueFill])
    case positions(VenueCallID, [VenueHolding])
    case balance(VenueCallID, Money)
    case instruments(VenueCallID, [VenueInstrument])
    case book(VenueCallID, InstrumentID, OrderBook)
    case feeSchedule(VenueCallID, [VenueFee])
    case healthy(VenueCallID, at: Timestamp)
    case failed(VenueCallID, VenueFailure)

    // The stream, in the venue's order.
    case connected
    case disconnected(String)
    case bookChanged(InstrumentID, OrderBook)
    /// The book cannot be trusted until the next `bookChanged`.
    case bookStale(InstrumentID, reason: String)
    case traded(
        InstrumentID, tradeID: VenueReference, takerSide: Side, price: Price, quantity: Quantity,
        at: Timestamp)
    case orderChanged(VenueOrderState)
    case filled(VenueFill)
    case instrumentChanged(VenueInstrument)
    case settled(VenueSettlement)
    /// Replay only: everything before belongs to this tick of market time.
    case tick(TickNumber, at: Timestamp)
    /// A payload was refused (its SHA-256) or carried something unknown; counted by the gateway.
    case refusedPayload(reason: String, hash: String)
}

/// What trading one instrument costs: `coefficient × C × P × (1 − P)`, rounded up to `roundedTo`.
package struct VenueFee: Sendable, Hashable {
    package let instrument: InstrumentID
    package let taker: Price
    package let maker: Price
    package let roundedTo: Money
    package let effectiveFrom: Timestamp
    package init(
        instrument: InstrumentID, taker: Price, maker: Price, roundedTo: Money,
        effectiveFrom: Timestamp
    ) {
        self.instrument = instrument
        self.taker = taker
        self.maker = maker
        self.roundedTo = roundedTo
        self.effectiveFrom = effectiveFrom
    }
}
