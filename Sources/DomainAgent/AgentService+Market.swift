import Logging
import Signals
import Trading
package import Transport
import Wire

/// What the venue's market channel shows.
extension AgentService {
    package func marketReceived(_ frame: [UInt8], topic: MarketTopic, on link: LinkName) {
        guard parts.isReplay else { return show(frame) }
        guard heldMarket.count < Self.heldMarketMax else {
            // What does not fit is a gap like any other: books are stale until their snapshots.
            counters.gaps += 1
            heldMarket = [.gap]
            links.market.requestSnapshot()
            return
        }
        heldMarket.append(.frame(frame))
        guard let mark = mark(in: frame) else { return }
        tick.marked = max(tick.marked, mark)
        actIfReady()
    }

    package func marketGap(_ gap: MarketGap, on link: LinkName) {
        counters.gaps += 1
        log.warning("market_gap", metadata: ["gap": "\(gap)"])
        // In its place among what is held: what came before the gap must not pass for news.
        guard parts.isReplay else { return tell(.distrustBooks) }
        if case .gap = heldMarket.last { return }
        heldMarket.append(.gap)
    }

    /// Shows everything that was held up to the mark of the tick that is acted on.
    func applyHeldMarket() {
        let held = heldMarket
        heldMarket.removeAll(keepingCapacity: true)
        var shown = 0
        walk: for item in held {
            switch item {
            case .gap: tell(.distrustBooks)
            case .frame(let frame):
                if let mark = mark(in: frame), mark > tick.number { break walk }
                show(frame)
            }
            shown += 1
        }
        heldMarket.append(contentsOf: held.dropFirst(shown))
    }

    /// The tick that a frame marks, if it is a mark.
    private func mark(in frame: [UInt8]) -> TickNumber? {
        guard (try? WireFrame.template(of: frame)) == .marketTick else { return nil }
        return (try? MarketTick(decoding: frame))?.tick
    }

    private func show(_ frame: [UInt8]) {
        do {
            try apply(frame)
        } catch {
            counters.malformed += 1
            log.warning("market_malformed", metadata: ["error": "\(error)"])
        }
    }

    private func apply(_ frame: [UInt8]) throws(WireError) {
        switch try WireFrame.template(of: frame) {
        case .bookSnapshot: showBook(try BookSnapshot(decoding: frame), in: frame)
        case .instrumentDefined:
            let message = try InstrumentDefined(decoding: frame)
            guard message.venue == parts.venue else { return }
            guard let instrument = message.instrument(title: try InstrumentDefined.title(in: frame))
            else {
                counters.malformed += 1
                return
            }
            tell(.define(instrument, message.status))
        case .instrumentChanged:
            let message = try InstrumentChanged(decoding: frame)
            tell(.changeStatus(message.instrument, message.status))
        case .instrumentSettlement:
            let message = try InstrumentSettlement(decoding: frame)
            tell(.changeStatus(message.instrument, .settled))
        default: break
        }
    }

    private func showBook(_ message: BookSnapshot, in frame: [UInt8]) {
        // The frame was walked whole when it was received, so reading its levels cannot fail.
        guard let book = try? BookSnapshot.book(in: frame, sequence: message.bookSequence),
            message.receivedAt.isSane
        else {
            counters.malformed += 1
            return
        }
        tell(
            .seeBook(
                message.instrument, book, receivedAt: message.receivedAt,
                isStale: message.isStale.isSet))
    }
}

/// What the market channel brought, in its order.
enum MarketItem {
    case frame([UInt8])
    /// Something is missing here.
    case gap
}
