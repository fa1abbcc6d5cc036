import Portfolio
import Trading
import Wire

/// A scope that positions are summed in: the firm or an org in one mode, an account, a strategy.
/// Modes never net.
struct ScopeNode: Sendable {
    let level: LimitLevel
    let mode: Mode
    /// The scope above; −1 for the firm.
    let parent: Int32
    let meter: Int32
    /// The account's index; −1 above accounts.
    let account: Int32
    /// What the ledger knows the strategy by; nil above strategies.
    let strategy: StrategyKey?
    /// All that has ever flowed: sales less purchases and fees, plus payouts.
    var flow: Money = .zero
    /// What is held, at robust marks.
    var holdings: Money = .zero
    var brake = Brake()
    /// Fills that still count toward the rate of strategies and accounts.
    var fills = RateBucket()
}

/// Which node stands for an org or the firm in one mode.
struct ModeScope: Hashable, Sendable {
    let org: OrgID
    let mode: Mode
}

/// A scope node and an event set, as one word.
struct BookKey: Hashable, Sendable {
    let word: UInt64
    init(node: Int32, event: Int32) {
        word = UInt64(UInt32(bitPattern: node)) << 32 | UInt64(UInt32(bitPattern: event))
    }

    func _rawHashValue(seed: Int) -> Int {
        var hash = TableHash(seed: seed)
        hash.add(word)
        return hash.value
    }
}

/// What one scope has in one event set.
struct EventBook: Sendable {
    let node: Int32
    let event: Int32
    /// The same event's book of the scope above; −1 for the firm's.
    let parent: Int32
    /// By the member's ordinal within the event set.
    var exposures: [Exposure] = []
    /// What the exposures come to.
    var sums = MemberSums()
    /// The open orders of each member, in books of accounts.
    var openOrders: [OpenOrders] = []
    /// How the fills of each member fared, in books of strategies; shorter where nothing filled.
    var markouts: [Markouts] = []
    /// What a strategy lately did in each member, in books of strategies.
    var trails: [OrderTrail] = []
    /// The worst-case loss, cached; never negative.
    var loss: Money = .zero
}

/// Where the lists of an account's open orders in one instrument begin; −1 for none.
struct OpenOrders: Sendable, BitwiseCopyable {
    private var firstBuy: Int32 = -1
    private var firstSell: Int32 = -1

    var isEmpty: Bool { firstBuy < 0 && firstSell < 0 }

    subscript(side: Side) -> Int32 {
        get { side == .buy ? firstBuy : firstSell }
        set { if side == .buy { firstBuy = newValue } else { firstSell = newValue } }
    }
}

/// An account and what the engine knows of its venue.
struct AccountState: Sendable {
    let key: AccountKey
    let venue: VenueID
    let gateway: Int32
    let node: Int32
    let meter: Int32
    /// The account's index in the ledger.
    let ledger: Int
    /// The last reconciliation under the present lease found no difference.
    var isReconciled = false
    /// Reconciliations in a row that found differences.
    var breaks: UInt32 = 0
    /// It differs from its venue without an explanation, until an operator resolves that.
    var isBroken = false
    /// The cash that open orders may lock, over all instruments.
    var reserved: Money = .zero
    /// What the venue last said it holds, and when.
    var venueCash: Money = .zero
    var venueCashAt: Timestamp = .zero
    /// Fills up to here are booked, unless a reconciliation holds and later ones are too.
    var fillsKnownUntil: Timestamp = .zero
    /// When a reconciliation last found no difference.
    var reconciledAt: Timestamp = .zero
    /// From when on it counts as compared in time, after it was not.
    var freshAt: Timestamp = .zero
    /// How its venue has answered of late.
    var health = VenueHealth()
}

/// By how much more contracts the venue has settled an instrument for than the ledger held.
struct SettlementGap: Sendable, Hashable, BitwiseCopyable {
    let account: Int32
    let instrument: InstrumentID
    var quantity: Quantity
}

/// A gateway, its lease and the next permit under it.
struct GatewayState: Sendable {
    let id: ProcessID
    /// Zero while there is none.
    var lease: LeaseID = .zero
    var nextPermit = PermitSequence(1)
    var highestEpoch: Epoch = .zero
    var isKilled = false
}
