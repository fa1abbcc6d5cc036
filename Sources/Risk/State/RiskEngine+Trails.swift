import Trading
import Wire

/// What strategies lately did, kept in their books so that it is found without a search.
extension RiskEngine {
    /// Whether a strategy's book has a trail of an instrument yet.
    func hasTrail(_ book: Int32, _ ordinal: Int) -> Bool {
        book >= 0 && ordinal < books[book].trails.count
    }

    /// Keeps a permitted order where a limit asks what came before.
    mutating func follow(_ index: Int32, path: MeterPath) {
        let repeatWindow =
            tightest(.repeatMax, path) == nil
            ? nil : tightest(.repeatWindow, path)?.limit
        let walkWindow =
            tightest(.walkMax, path) == nil
            ? nil : tightest(.walkWindow, path)?.limit
        if repeatWindow == nil, walkWindow == nil { return }
        let order = orders[index]
        let kept = OrderTrail.Order(
            side: order.side, price: order.price, quantity: order.quantity, at: order.permittedAt)
        let instrument = instruments[order.instrument]
        let book = book(node: order.strategy, event: instrument.event)
        reserveTrail(instrument.ordinal, in: book)
        if let repeatWindow {
            books[book].trails[instrument.ordinal].add(
                kept, repeatWindow: Span(nanoseconds: repeatWindow))
        }
        if let walkWindow {
            books[book].trails[instrument.ordinal].add(
                kept, walkWindow: Span(nanoseconds: walkWindow))
        }
    }

    /// Puts a trail back; false when it has no place.
    mutating func restore(_ trail: OrderTrail, of owner: StrategyKey, in id: InstrumentID) -> Bool {
        guard let strategy = strategyNodes[owner], let index = instrumentIndex[id] else {
            return false
        }
        let instrument = instruments[index]
        let book = book(node: strategy, event: instrument.event)
        reserveTrail(instrument.ordinal, in: book)
        books[book].trails[instrument.ordinal] = trail
        return true
    }

    private mutating func reserveTrail(_ ordinal: Int, in book: Int32) {
        while books[book].trails.count <= ordinal { books[book].trails.append(OrderTrail()) }
    }

    /// Nothing more can be ordered in an instrument.
    mutating func forgetTrails(of instrument: Int32) {
        let event = instruments[instrument].event
        let ordinal = instruments[instrument].ordinal
        for book in books.indices where books[book].event == event {
            if ordinal < books[book].trails.count { books[book].trails[ordinal] = OrderTrail() }
        }
    }

    /// A person has looked at a strategy that was halted: its repetitions count from here.
    mutating func forgetRepetitions(under scope: HaltScope) {
        for book in books.indices {
            let node = nodes[Int(books[book].node)]
            guard node.strategy != nil, scope.covers(meters[node.meter].key) else { continue }
            for ordinal in books[book].trails.indices {
                books[book].trails[ordinal].orders = []
            }
        }
    }

    /// Every trail that is not empty, in the order of its names.
    var trails: [(owner: StrategyKey, instrument: InstrumentID, trail: OrderTrail)] {
        var found: [(owner: StrategyKey, instrument: InstrumentID, trail: OrderTrail)] = []
        for book in books.indices {
            guard let owner = nodes[Int(books[book].node)].strategy else { continue }
            let members = events[books[book].event].members
            for (ordinal, trail) in books[book].trails.enumerated() where !trail.isEmpty {
                found.append((owner, instruments[members[ordinal]].id, trail))
            }
        }
        return found.sorted { ($0.owner, $0.instrument) < ($1.owner, $1.instrument) }
    }
}
