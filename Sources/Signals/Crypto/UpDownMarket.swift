package import Trading

/// A market on whether the price will be up or down after five minutes, read from its name:
/// `KXBTCUD5M-<start>`, the start in seconds since 1970.
package struct UpDownMarket: Sendable, Equatable {
    package let start: Timestamp
    package let end: Timestamp

    package static let prefix = "KXBTCUD5M-"
    package static let length = Span.seconds(300)

    /// Nil when the name is not such a market's.
    package init?(_ instrument: InstrumentID) {
        let name = instrument.description
        let digits = name.utf8.dropFirst(UpDownMarket.prefix.utf8.count)
        guard name.hasPrefix(UpDownMarket.prefix), (1...11).contains(digits.count),
            digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            // Eight thousand years of nanoseconds do not fit; two hundred do.
            let start = Int64(String(decoding: digits, as: UTF8.self)), start < 8_000_000_000
        else { return nil }
        self.start = Timestamp(seconds: start)
        end = self.start + UpDownMarket.length
    }
}
