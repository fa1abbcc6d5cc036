/// Which cost a trade that closes a position releases.
package enum CostMethod: UInt8, Sendable, BitwiseCopyable, CaseIterable {
    /// A share of what the whole position has cost.
    case average = 1
    /// What the contracts held longest have cost.
    case fifo = 2
}
