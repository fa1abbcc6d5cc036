package import Trading

/// How a source has behaved.
package struct SourceHealth: Sendable, Equatable {
    package private(set) var accepted: UInt64 = 0
    package private(set) var duplicates: UInt64 = 0
    package private(set) var lastGoodAt: Timestamp?
    /// Why the source is not believed; nil while it is.
    package private(set) var quarantine: FactRefusal?
    private var refusals = [UInt64](repeating: 0, count: FactRefusal.allCases.count)
    /// The last judgements, one bit each, the newest lowest; a set bit is a refusal.
    private var recent: UInt16 = 0

    /// So many refusals among the last sixteen facts put a source into quarantine.
    package static let refusalsMax = 4

    package init() {}

    package subscript(refusal: FactRefusal) -> UInt64 { refusals[Int(refusal.rawValue)] }

    /// Everything that was refused.
    package var refused: UInt64 { refusals.reduce(0, +) }

    mutating func noteDuplicate() { duplicates += 1 }

    /// A fact without fault. Sixteen in a row end a quarantine. True where it may be believed.
    mutating func noteGood(at now: Timestamp) -> Bool {
        recent <<= 1
        guard quarantine == nil else {
            refusals[Int(FactRefusal.quarantined.rawValue)] += 1
            if recent == 0 { quarantine = nil }
            return false
        }
        accepted += 1
        lastGoodAt = now
        return true
    }

    mutating func note(_ refusal: FactRefusal) {
        refusals[Int(refusal.rawValue)] += 1
        recent = recent << 1 | 1
        if recent.nonzeroBitCount >= SourceHealth.refusalsMax { quarantine = quarantine ?? refusal }
    }
}
