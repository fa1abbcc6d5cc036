import Cryptography
import Execution
import Trading

/// An order as it would be signed, made from a ticket and a market alone: the same ticket gives the
/// same order, and so the same name at the venue.
struct PolymarketDraft {
    let content: PolymarketOrder
    let size: Quantity
    private let ticket: VenueTicket
    private let outcome: PolymarketOutcome
    private let exchange: PolymarketExchange

    /// Why there is no such order.
    struct Refusal: Error {
        let reason: String
    }

    /// - Parameters:
    ///   - outcome: Which token it trades.
    ///   - now: What the order says of when it was made.
    init(
        _ ticket: VenueTicket, _ outcome: PolymarketOutcome, in market: PolymarketMarket,
        _ signer: PolymarketSigner, now: Timestamp
    ) throws(Refusal) {
        guard let rounding = PolymarketRounding(tick: market.tick) else {
            throw Refusal(reason: "the venue has not been reached yet")
        }
        let price = outcome.price(ticket.price)
        let side = outcome.side(ticket.side)
        size = ticket.rests ? ticket.quantity : rounding.inWholeCents(ticket.quantity, at: price)
        if ticket.rests, size < market.sizeMin {
            throw Refusal(reason: "\(size) is less than \(market.sizeMin)")
        }
        if size.isZero || ticket.timeInForce == .fillOrKill && size != ticket.quantity {
            throw Refusal(
                reason: "\(ticket.quantity) at \(ticket.price) does not come to whole cents")
        }
        guard
            let amounts = PolymarketAmounts(side, price: price, quantity: size, rounding: rounding)
        else { throw Refusal(reason: "\(size) at \(price) is off the market's grid") }
        let key = Keccak256.hash(ticket.clientOrderID.description)
        content = PolymarketOrder(
            salt: key.low & (1 << 53 - 1), maker: signer.funder, signer: signer.orderSigner,
            token: market.token(outcome), amounts: amounts, side: side,
            signatureType: signer.signatureType,
            timestamp: UInt64(max(now.nanoseconds, 0) / 1_000_000))
        self.ticket = ticket
        self.outcome = outcome
        exchange = market.exchange
    }

    /// What the venue calls it.
    func hash(by signer: PolymarketSigner) -> String {
        signer.hash(of: content, for: exchange).hex
    }

    /// The order to remember.
    func order(placedAt: Span) -> PolymarketMemory.Order {
        PolymarketMemory.Order(
            clientOrderID: ticket.clientOrderID, instrument: ticket.instrument, outcome: outcome,
            side: outcome.side(ticket.side), price: outcome.price(ticket.price), size: size,
            placedAt: placedAt)
    }
}

extension VenueTicket {
    /// Whether what does not match at once stays in the book.
    var rests: Bool { timeInForce == .goodTillCancelled || timeInForce == .goodTillTime }
}
