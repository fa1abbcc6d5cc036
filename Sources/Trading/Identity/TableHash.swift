/// Hashes of keys in tables: one multiplication a word (the mixing step of wyhash), a tenth of what
/// the standard library's hash takes. Names come from configuration and venues, and the numbers
/// that an agent may choose are few, so nobody can fill a table with keys that collide. Nothing
/// depends on the order in a table.
///
/// A key states it as `_rawHashValue(seed:)`, which is what `Dictionary` asks.
public struct TableHash {
    @usableFromInline var word: UInt64

    /// Starts with a table's seed.
    @inlinable public init(seed: Int) { word = UInt64(bitPattern: Int64(seed)) }

    /// Takes a word in.
    @inlinable public mutating func add(_ next: UInt64) {
        let product = (word ^ 0xA076_1D64_78BD_642F).multipliedFullWidth(
            by: next ^ 0xE703_7ED1_A0B4_28DB)
        word = product.high ^ product.low
    }

    /// The hash of what was taken in.
    @inlinable public var value: Int { Int(truncatingIfNeeded: word) }
}

extension ShortIdentifier {
    package func _rawHashValue(seed: Int) -> Int {
        var hash = TableHash(seed: seed)
        hash.add(name.high)
        hash.add(name.low)
        return hash.value
    }
}

extension LongIdentifier {
    package func _rawHashValue(seed: Int) -> Int {
        var hash = TableHash(seed: seed)
        hash.add(name.first)
        hash.add(name.second)
        hash.add(name.third)
        hash.add(name.fourth)
        return hash.value
    }
}

extension Counter {
    package func _rawHashValue(seed: Int) -> Int {
        var hash = TableHash(seed: seed)
        hash.add(rawValue)
        return hash.value
    }
}

extension StrategyKey {
    package func _rawHashValue(seed: Int) -> Int {
        var hash = TableHash(seed: seed)
        hash.add(org.name.high)
        hash.add(org.name.low)
        hash.add(account.name.high)
        hash.add(account.name.low)
        hash.add(strategy.name.high)
        hash.add(strategy.name.low)
        hash.add(UInt64(mode.rawValue))
        return hash.value
    }
}
