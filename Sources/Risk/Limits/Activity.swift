import Trading

/// The orders and trades of a scope over the last quarter of an hour, counted by the minute.
struct Activity: Sendable, Hashable {
    /// A minute of market time in which something happened.
    struct Minute: Sendable, Hashable, BitwiseCopyable {
        let minute: Int64
        var orders: UInt64 = 0
        var trades: UInt64 = 0
    }

    /// The present minute and those before it that count.
    static let minutesCounted: Int64 = 15
    /// With fewer orders than this in the window there is no ratio yet.
    static let ordersMin: UInt64 = 50

    /// Oldest first.
    private(set) var minutes: [Minute] = []
    /// The oldest minute, and what all of them come to.
    private var oldest = Int64.max
    private var sums = (orders: UInt64(0), trades: UInt64(0))

    init() {}
    init(minutes: [Minute]) {
        self.minutes = minutes
        sum()
    }

    static func == (lhs: Activity, rhs: Activity) -> Bool { lhs.minutes == rhs.minutes }
    func hash(into hasher: inout Hasher) { hasher.combine(minutes) }

    var isEmpty: Bool { minutes.isEmpty }

    /// What the window that ends in a minute has seen.
    func totals(in minute: Int64) -> (orders: UInt64, trades: UInt64) {
        let first = minute - Activity.minutesCounted
        if oldest > first { return sums }
        var totals = (orders: UInt64(0), trades: UInt64(0))
        for minute in minutes where minute.minute > first {
            totals.orders += minute.orders
            totals.trades += minute.trades
        }
        return totals
    }

    mutating func addOrder(at now: Timestamp) {
        let last = open(Activity.minute(of: now))
        minutes[last].orders += 1
        sums.orders += 1
    }

    mutating func addTrade(at now: Timestamp) {
        let last = open(Activity.minute(of: now))
        minutes[last].trades += 1
        sums.trades += 1
    }

    /// The place of a minute, which is the last; what no window will see again is dropped.
    private mutating func open(_ minute: Int64) -> Int {
        if oldest <= minute - Activity.minutesCounted {
            minutes.removeAll { $0.minute <= minute - Activity.minutesCounted }
            sum()
        }
        if minutes.last?.minute != minute {
            minutes.append(Minute(minute: minute))
            oldest = min(oldest, minute)
        }
        return minutes.count - 1
    }

    private mutating func sum() {
        oldest = minutes.first?.minute ?? .max
        sums = minutes.reduce(into: (orders: 0, trades: 0)) { sums, minute in
            sums.orders += minute.orders
            sums.trades += minute.trades
        }
    }

    static func minute(of time: Timestamp) -> Int64 {
        let (minute, rest) = time.nanoseconds.quotientAndRemainder(dividingBy: 60_000_000_000)
        return rest < 0 ? minute - 1 : minute
    }
}
