package import Execution
import Logging
package import Trading
package import Transport
import Wire

/// The venue's events overran the gateway's queue.
struct VenueEventsLost: Error, CustomStringConvertible {
    var description: String {
        "events of the venue were lost: the queue is full; a restart recovers from the venue"
    }
}

extension GatewayService {
    /// Takes what the adapter's threads have queued.
    package func drain(_ queue: VenueEventQueue) {
        let (events, overflowed) = queue.takeAll()
        if overflowed { return fail(VenueEventsLost()) }
        for event in events { receive(event) }
    }

    /// One event of the adapter. In replay what belongs to the stream waits for its tick.
    package func receive(_ event: VenueEvent) {
        guard parts.isReplay else {
            take(event)
            publishChanges()
            return
        }
        switch event {
        case .tick(let number, let time): begin(number, at: time)
        case .bookChanged, .bookStale, .traded, .orderChanged, .filled, .instrumentChanged,
            .settled:
            stream.append(event)
        default: take(event)
        }
    }

    private func begin(_ number: TickNumber, at time: Timestamp) {
        marketTime = max(marketTime, time)
        counters.ticks += 1
        if tick.isOpen { counters.lateTicks += 1 }
        tick = TickProgress(number: number, isOpen: true)
        let events = stream
        stream.removeAll(keepingCapacity: true)
        for event in events { take(event) }
        publishChanges()
        parts.market.publish(
            MarketTick(tick: number, at: marketTime).frame(), topic: GatewayService.tickTopic)
        announceTick()
    }

    /// Shows an event on the market channel where it is market data, and gives it to the engine.
    private func take(_ event: VenueEvent) {
        switch event {
        case .bookChanged(let id, let book): board.set(book, of: id, at: marketTime)
        case .bookStale(let id, _):
            counters.staleBooks += 1
            board.markStale(id)
        case .traded(let id, let trade, let taker, let price, let quantity, let time):
            parts.market.publish(
                TradePrint(
                    instrument: id, tradeID: trade, takerSide: taker, price: price,
                    quantity: quantity, tradedAt: time
                ).frame(), topic: MarketTopic(id))
        case .instrumentChanged(let instrument): list(instrument)
        case .instruments(_, let listed): for instrument in listed { list(instrument) }
        case .settled(let settlement): showSettlement(settlement)
        case .disconnected(let reason):
            counters.disconnects += 1
            log.warning("venue_disconnected", metadata: ["reason": "\(reason)"])
            board.markAllStale()
        case .connected: log.info("venue_connected")
        case .refusedPayload(let reason, let hash):
            counters.refusedPayloads += 1
            log.warning("payload_refused", metadata: ["reason": "\(reason)", "hash": "\(hash)"])
        default: break
        }
        perform { engine, now, effects in engine.handle(event, at: now, into: &effects) }
    }

    private func list(_ instrument: VenueInstrument) {
        guard board.list(instrument) else { return }
        let frame = instrument.definition(at: marketTime)
        parts.market.publish(frame, topic: MarketTopic(instrument.instrument.id))
        send(frame, lane: .priority)
    }

    private func showSettlement(_ settlement: VenueSettlement) {
        board.forget(settlement.instrument)
        parts.market.publish(
            InstrumentSettlement(
                account: .empty, instrument: settlement.instrument,
                outcome: settlement.outcome, value: settlement.value, quantity: .zero,
                payout: .zero, settledAt: settlement.settledAt, marketTime: marketTime
            ).frame(), topic: MarketTopic(settlement.instrument))
    }

    private func publishChanges() {
        for (id, frame) in board.takeChanges(at: marketTime) {
            parts.market.publish(frame, topic: MarketTopic(id))
        }
    }

    /// A follower asks for what there is: definitions and books of the topic, or of all. The mark
    /// of the tick ends the whole, so that who connects late knows to which tick it belongs.
    package func subscribed(to topic: MarketTopic, by peer: ProcessID, on link: LinkName) {
        for instrument in board.instruments {
            let id = instrument.instrument.id
            guard topic == .all || topic == MarketTopic(id) else { continue }
            parts.market.publish(
                instrument.definition(at: marketTime), topic: MarketTopic(id))
            if let book = board.snapshot(of: id, at: marketTime) {
                parts.market.publish(book, topic: MarketTopic(id))
            }
        }
        guard topic == .all, tick.number > .zero else { return }
        parts.market.publish(
            MarketTick(tick: tick.number, at: marketTime).frame(), topic: GatewayService.tickTopic)
    }

    static let tickTopic = MarketTopic("tick") ?? .all
}
