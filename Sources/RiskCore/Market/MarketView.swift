package import Trading
package import Wire

/// What the core sees of the market: the touch and the visible depth of every instrument, from the
/// gateways' market channels.
///
/// Pure. Nothing of it is state of the risk engine: what the engine uses is attached to a request,
/// or enters as a command of its own at most once a second, and is journalled with it.
package struct MarketView: Sendable {
    /// More instruments than this are not followed.
    package static let instrumentsMax = 50_000
    /// The least market time between two marks of one instrument.
    package static let markInterval = Span.seconds(1)

    private struct Quote: Sendable {
        let gateway: ProcessID
        var reference: ReferenceUpdated
        /// What the engine was last told, and when.
        var marked: ReferenceUpdated?
    }

    private var quotes: [InstrumentID: Quote] = [:]
    /// Snapshots that were not taken because there are too many instruments.
    package private(set) var dropped: UInt64 = 0

    package init() {}

    package var count: Int { quotes.count }

    /// Takes a book of a gateway's market channel, as it was published.
    package mutating func take(_ frame: [UInt8], from gateway: ProcessID) throws(WireError) {
        let book = try BookSnapshot(decoding: frame)
        var touch = Touch()
        try BookSnapshot.forEachBids(in: frame.span.bytes) { touch.add(bid: $0) }
        try BookSnapshot.forEachAsks(in: frame.span.bytes) { touch.add(ask: $0) }
        let reference = ReferenceUpdated(
            instrument: book.instrument, bid: touch.bid, bidQuantity: touch.bidQuantity,
            ask: touch.ask, askQuantity: touch.askQuantity, bidDepth: touch.bidDepth,
            askDepth: touch.askDepth, bookSequence: book.bookSequence,
            receivedAt: book.receivedAt, isStale: Flag(book.isStale.isSet || !touch.isSane),
            marketTime: book.marketTime)
        if var known = quotes[book.instrument] {
            // A book belongs to the gateway that first published it.
            guard known.gateway == gateway else { return }
            known.reference = reference
            quotes[book.instrument] = known
        } else if quotes.count < MarketView.instrumentsMax {
            quotes[book.instrument] = Quote(gateway: gateway, reference: reference, marked: nil)
        } else {
            dropped += 1
        }
    }

    /// Messages of the gateway's channel are missing: none of its books is trusted until its next
    /// snapshot.
    package mutating func lose(_ gateway: ProcessID) {
        for (instrument, quote) in quotes where quote.gateway == gateway {
            quotes[instrument]?.reference.isStale = .yes
        }
    }

    /// An instrument is over.
    package mutating func forget(_ instrument: InstrumentID) { quotes[instrument] = nil }

    /// What a request for the instrument is judged by; nil where no book was ever seen.
    package func reference(for instrument: InstrumentID) -> ReferenceUpdated? {
        quotes[instrument]?.reference
    }

    /// The mark of an instrument that is held or quoted, where it has changed and the last one is
    /// old enough. The caller journals it.
    package mutating func takeMark(
        of instrument: InstrumentID, at now: Timestamp
    ) -> ReferenceUpdated? {
        guard var quote = quotes[instrument] else { return nil }
        if let marked = quote.marked {
            let isDue = now - marked.marketTime >= MarketView.markInterval
            guard isDue, !quote.reference.hasSameQuote(as: marked) else { return nil }
        }
        var mark = quote.reference
        mark.marketTime = now
        quote.marked = mark
        quotes[instrument] = quote
        return mark
    }
}

extension ReferenceUpdated {
    /// Whether the quote is the same, whenever it was seen.
    fileprivate func hasSameQuote(as other: ReferenceUpdated) -> Bool {
        bid == other.bid && ask == other.ask && bidQuantity == other.bidQuantity
            && askQuantity == other.askQuantity && bidDepth == other.bidDepth
            && askDepth == other.askDepth && isStale == other.isStale
    }
}

/// The best levels and the sums of a published book. Numbers come from another process: sums stop
/// at the largest number instead of wrapping.
private struct Touch {
    var bid = Price.zero
    var bidQuantity = Quantity.zero
    var bidDepth = Quantity.zero
    var ask = Price.zero
    var askQuantity = Quantity.zero
    var askDepth = Quantity.zero
    var isSane = true

    mutating func add(bid level: BookSnapshot.BidsEntry) {
        isSane = isSane && level.price > .zero && level.quantity > .zero
        if bidQuantity.isZero || level.price > bid {
            (bid, bidQuantity) = (level.price, level.quantity)
        }
        bidDepth = bidDepth.addingChecked(level.quantity) ?? .max
    }

    mutating func add(ask level: BookSnapshot.AsksEntry) {
        isSane = isSane && level.price > .zero && level.quantity > .zero
        if askQuantity.isZero || level.price < ask {
            (ask, askQuantity) = (level.price, level.quantity)
        }
        askDepth = askDepth.addingChecked(level.quantity) ?? .max
    }
}
