package import Wire

/// What has been counted since the journal began. Part of the state.
package struct RiskCounters: Sendable, Hashable {
    package internal(set) var requested: UInt64 = 0
    package internal(set) var permitted: UInt64 = 0
    package internal(set) var rejected: UInt64 = 0
    package internal(set) var duplicates: UInt64 = 0
    package internal(set) var intents: UInt64 = 0
    package internal(set) var cancels: UInt64 = 0
    package internal(set) var fills: UInt64 = 0
    package internal(set) var busts: UInt64 = 0
    package internal(set) var settled: UInt64 = 0
    package internal(set) var reportsIgnored: UInt64 = 0
    package internal(set) var alarms: UInt64 = 0
    /// Rejected order requests by the number of their reason.
    private var byReason = [UInt64](repeating: 0, count: RiskCounters.reasons)

    static let reasons = 128

    package init() {}

    /// Rejected order requests with a reason.
    package subscript(reason: RejectReason) -> UInt64 {
        get { byReason[Int(reason.rawValue)] }
        set { byReason[Int(reason.rawValue)] = newValue }
    }

    /// The reasons that have been counted, in the order of their numbers.
    package var reasons: [(reason: RejectReason, count: UInt64)] {
        RejectReason.allCases.filter { self[$0] > 0 }.map { (reason: $0, count: self[$0]) }
    }
}
