package import Trading

/// One row of a spot price feed with the three moments of its way.
package struct SpotSample: Sendable, Hashable {
    /// When the price was true, by the feed.
    package let feedAt: Timestamp
    package let price: Price
    /// When the feed's server sent it.
    package let serverAt: Timestamp
    /// When the recorder had it. Whoever replays must not know it earlier.
    package let receivedAt: Timestamp

    package init(feedAt: Timestamp, price: Price, serverAt: Timestamp, receivedAt: Timestamp) {
        self.feedAt = feedAt
        self.price = price
        self.serverAt = serverAt
        self.receivedAt = receivedAt
    }
}

/// By which moment samples are put in order.
package enum SpotOrder: Sendable {
    /// By when they were received: what an agent may know.
    case received
    /// By when the server sent them: what a colocated maker knows.
    case served
    /// By when they were true: what an informed trader knows.
    case observed

    package func moment(of sample: SpotSample) -> Timestamp {
        switch self {
        case .received: sample.receivedAt
        case .served: sample.serverAt
        case .observed: sample.feedAt
        }
    }
}

/// The text form of a row: `feed_ts_ms,value,full_accuracy_value,server_ts_ms,recv_ms`.
enum SpotRow {
    static let header = "feed_ts_ms,value,full_accuracy_value,server_ts_ms,recv_ms"

    /// Why a line is no row.
    struct Refusal: Error {
        let reason: String
    }

    static func parse(_ line: ArraySlice<UInt8>) throws(Refusal) -> SpotSample {
        let fields = line.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
        guard fields.count == 5 else {
            throw Refusal(reason: "expected 5 fields, found \(fields.count)")
        }
        let feedAt = try moment(fields[0], "feed_ts_ms")
        let serverAt = try moment(fields[3], "server_ts_ms")
        let receivedAt = try moment(fields[4], "recv_ms")
        guard let price = Price(eighteenDecimals: fields[2]), price.units > 0 else {
            throw Refusal(reason: "full_accuracy_value: expected a positive integer of 10⁻¹⁸")
        }
        let text = String(decoding: fields[1], as: UTF8.self)
        guard let value = Double(text), abs(value - price.doubleValue) <= 1e-6 * value else {
            throw Refusal(reason: "value: expected \(price), found `\(text.prefix(40))`")
        }
        return SpotSample(
            feedAt: feedAt, price: price, serverAt: serverAt, receivedAt: receivedAt)
    }

    static func text(_ sample: SpotSample) -> String {
        [
            milliseconds(sample.feedAt), sample.price.description,
            String(sample.price.units) + "000000000", milliseconds(sample.serverAt),
            milliseconds(sample.receivedAt),
        ].joined(separator: ",")
    }

    private static func milliseconds(_ moment: Timestamp) -> String {
        String(moment.nanoseconds / 1_000_000)
    }

    /// Milliseconds since 1970, up to the year 2100.
    private static func moment(
        _ field: ArraySlice<UInt8>, _ name: String
    ) throws(Refusal) -> Timestamp {
        guard let value = integer(field), value > 0, value < 4_102_444_800_000 else {
            throw Refusal(reason: "\(name): expected milliseconds since 1970")
        }
        return Timestamp(milliseconds: Int64(value))
    }

    fileprivate static func integer(_ digits: ArraySlice<UInt8>) -> Int128? {
        guard !digits.isEmpty, digits.count <= 30 else { return nil }
        var value: Int128 = 0
        for digit in digits {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
            value = value * 10 + Int128(digit - UInt8(ascii: "0"))
        }
        return value
    }
}

extension Price {
    /// Reads an integer of 10⁻¹⁸, rounded to the nearest 10⁻⁹; nil when it is none or too big.
    init?(eighteenDecimals digits: ArraySlice<UInt8>) {
        guard let value = SpotRow.integer(digits) else { return nil }
        guard let units = Int64(exactly: divide(value, by: 1_000_000_000, .nearestEven)) else {
            return nil
        }
        self.init(units: units)
    }
}
