import Portfolio
import Trading
import Wire

/// The books of one event set from the firm's down to a strategy's; −1 where there is none yet.
struct BookChain: Sendable, BitwiseCopyable {
    var firm: Int32 = -1
    var org: Int32 = -1
    var account: Int32 = -1
    var strategy: Int32 = -1

    /// Where a level's book stands, from the firm's down.
    static func slot(of level: LimitLevel) -> Int {
        switch level {
        case .org: 1
        case .account: 2
        case .strategy: 3
        case .firm, .event, .instrument, .venue, .none: 0
        }
    }

    /// Where the book of a path's slot stands: below the strategy's all are the firm's.
    @inline(__always) static func slot(at slot: Int) -> Int { slot < 4 ? slot : 0 }

    @inline(__always) subscript(slot slot: Int) -> Int32 {
        switch slot {
        case 0: firm
        case 1: org
        case 2: account
        default: strategy
        }
    }

    /// The book that a limit at a level is measured in. Events, instruments and venues are measured
    /// over the whole firm in the order's mode.
    subscript(level: LimitLevel) -> Int32 { self[slot: BookChain.slot(of: level)] }
}

extension RiskEngine {
    /// The books that a strategy's order in an event set counts in, without making any.
    func chain(strategy: Int32, event: Int32) -> BookChain {
        var chain = BookChain()
        chain.strategy = bookIndex[BookKey(node: strategy, event: event)] ?? -1
        if chain.strategy >= 0 {
            chain.account = books[chain.strategy].parent
            chain.org = books[chain.account].parent
            chain.firm = books[chain.org].parent
            return chain
        }
        let account = nodes[Int(strategy)].parent
        let org = nodes[Int(account)].parent
        let firm = nodes[Int(org)].parent
        chain.account = bookIndex[BookKey(node: account, event: event)] ?? -1
        chain.org = bookIndex[BookKey(node: org, event: event)] ?? -1
        chain.firm = bookIndex[BookKey(node: firm, event: event)] ?? -1
        return chain
    }

    /// The book of a node in an event set, made with those above it when it is first needed.
    mutating func book(node: Int32, event: Int32) -> Int32 {
        let key = BookKey(node: node, event: event)
        if let index = bookIndex[key] { return index }
        let parentNode = nodes[Int(node)].parent
        let parent = parentNode < 0 ? -1 : book(node: parentNode, event: event)
        let index = books.insert(EventBook(node: node, event: event, parent: parent))
        bookIndex[key] = index
        let known = events[event].books
        let place = known.firstIndex { isBefore(node, books[$0].node) } ?? known.endIndex
        events[event].books.insert(index, at: place)
        return index
    }

    /// What a book has in a member; nothing when there is no book or no trade yet.
    @inline(__always) func exposure(_ book: Int32, _ ordinal: Int) -> Exposure {
        guard book >= 0, ordinal < books[book].exposures.count else { return Exposure() }
        return books[book].exposures[ordinal]
    }

    /// The worst-case loss of a book's event set with one member's exposure replaced.
    func loss(
        _ book: Int32, event: Int32, ordinal: Int, replacedBy candidate: Exposure
    ) -> Money? {
        var worst = WorstCase(
            isExclusive: events[event].isExclusive, isExhaustive: events[event].isExhaustiveSet)
        let count = book >= 0 ? books[book].exposures.count : 0
        for member in 0..<max(count, events[event].members.count, ordinal + 1) {
            worst.add(member == ordinal ? candidate : exposure(book, member))
        }
        return worst.loss
    }

    /// Changes one member's exposure in a strategy's book and every book above it.
    mutating func change(
        strategy: Int32, instrument: Int32, _ body: (inout Exposure) -> Void
    ) {
        let event = instruments[instrument].event
        let ordinal = instruments[instrument].ordinal
        var index = book(node: strategy, event: event)
        while index >= 0 {
            reserveMember(ordinal, in: index)
            let before = books[index].exposures[ordinal]
            let needBefore = before.cashNeed
            body(&books[index].exposures[ordinal])
            let node = books[index].node
            count(before, books[index].exposures[ordinal], of: instrument, at: node)
            extend(
                Reach(books[index].exposures[ordinal]) - Reach(before), of: instrument, at: node)
            if nodes[Int(node)].level == .account {
                let need = books[index].exposures[ordinal].cashNeed
                let account = Int(nodes[Int(node)].account)
                let difference = Money(units: Int64(need - needBefore))
                accounts[account].reserved += difference
                ledger.reserve(difference, account: accounts[account].ledger)
            }
            refreshLoss(of: index)
            index = books[index].parent
        }
    }

    /// Counts what has flowed at a scope, and what it holds more or less.
    private mutating func count(
        _ before: Exposure, _ after: Exposure, of instrument: Int32, at node: Int32
    ) {
        if before.cash != after.cash { nodes[Int(node)].flow += after.cash - before.cash }
        if before.quantity == after.quantity { return }
        let mark = instruments[instrument].mark
        nodes[Int(node)].holdings +=
            mark.worth(of: after.quantity) - mark.worth(of: before.quantity)
    }

    /// Adds to what a scope's positions and open orders can come to; at the firm, also to what
    /// measures the instrument over the whole firm.
    private mutating func extend(_ change: Reach, of instrument: Int32, at node: Int32) {
        let meter = nodes[Int(node)].meter
        meters[meter].reach = meters[meter].reach + change
        guard nodes[Int(node)].level == .firm else { return }
        let others: InlineArray<3, Int32> = [
            instruments[instrument].meter, events[instruments[instrument].event].meter,
            instruments[instrument].venueMeter,
        ]
        for slot in others.indices {
            meters[others[slot]].reach = meters[others[slot]].reach + change
        }
    }

    private mutating func reserveMember(_ ordinal: Int, in book: Int32) {
        while books[book].exposures.count <= ordinal {
            books[book].exposures.append(Exposure())
            books[book].openOrders.append(OpenOrders())
        }
    }

    /// Computes a book's loss again and carries the difference into the sums that hold it.
    mutating func refreshLoss(of index: Int32) {
        let event = books[index].event
        books[index].sums = MemberSums(books[index].exposures)
        var worst = WorstCase(
            isExclusive: events[event].isExclusive, isExhaustive: events[event].isExhaustiveSet)
        let count = books[index].exposures.count
        for member in 0..<count { worst.add(books[index].exposures[member]) }
        for _ in count..<max(count, events[event].members.count) { worst.add(Exposure()) }
        guard let loss = worst.loss else {
            preconditionFailure("the loss of event set \(events[event].id) does not fit")
        }
        let difference = max(.zero, loss) - books[index].loss
        if difference.isZero { return }
        books[index].loss = max(.zero, loss)
        spread(difference, of: index)
        let node = Int(books[index].node)
        meters[nodes[node].meter].collateral += difference
        if nodes[node].level == .firm, let member = events[event].members.first {
            meters[events[event].meter].collateral += difference
            meters[instruments[member].venueMeter].collateral += difference
        }
    }

    /// Removes a book whose event is over; its cached loss leaves the sums.
    mutating func removeBook(_ index: Int32) {
        books[index].exposures = []
        books[index].openOrders = []
        let node = books[index].node
        let event = books[index].event
        refreshLoss(of: index)
        bookIndex[BookKey(node: node, event: event)] = nil
        events[event].books.removeAll { $0 == index }
        books.remove(at: index)
    }

    /// The books of an event set, from strategies up to the firm so that none outlives its parent.
    func booksBottomUp(of event: Int32) -> [Int32] {
        books.indices.filter { books[$0].event == event }
            .sorted {
                nodes[Int(books[$0].node)].level.rawValue
                    > nodes[Int(books[$1].node)].level.rawValue
            }
    }
}
