import Trading
import Wire

/// Where an instrument's market was last on a day of market time (UTC), and where it closed before.
struct DayClose: Sendable, Hashable {
    private(set) var day: Int64
    private(set) var last: Price
    private(set) var close: Price?

    /// The first that is known of a market.
    init(day: Int64, last: Price, close: Price? = nil) {
        self.day = day
        self.last = last
        self.close = close
    }

    /// Takes the middle of a whole book.
    mutating func observe(_ middle: Price, on day: Int64) {
        if day > self.day { (close, self.day) = (last, day) }
        last = middle
    }

    /// Where the market stood at the end of the newest day before one.
    func before(_ day: Int64) -> Price? { day > self.day ? last : close }
}

extension RiskEngine {
    /// Takes where the market is, while a limit asks for closes.
    mutating func takeClose(_ reference: ReferenceUpdated, of index: Int32) {
        let isWhole =
            reference.bid > .zero && reference.ask < .one && reference.bid < reference.ask
        guard isClosing, isWhole, !reference.isStale.isSet else { return }
        let middle = Price(units: (reference.bid.units + reference.ask.units) / 2)
        let day = LossPeriod.day(of: now)
        if instruments[index].close == nil {
            instruments[index].close = DayClose(day: day, last: middle)
        } else {
            instruments[index].close?.observe(middle, on: day)
        }
    }

    /// Some scope states a collar around the close, or none does any more.
    mutating func refreshClosing() {
        isClosing = meters.indices.contains { limits[.collarClose, $0] != nil }
        if isClosing { return }
        for index in instruments.indices { instruments[index].close = nil }
    }

    // MARK: - Records

    func writeCloses(into writer: inout SnapshotWriter) {
        let known = instruments.indices.map { instruments[$0] }.filter { $0.close != nil }
        for instrument in known.sorted(by: { $0.id < $1.id }) {
            guard let close = instrument.close else { continue }
            writer.append(
                SnapshotClose(
                    instrument: instrument.id, day: close.day, last: close.last,
                    hasClose: Flag(close.close != nil), close: close.close ?? .zero))
        }
    }

    /// Puts a close back; false when its instrument is not known.
    mutating func restore(_ record: SnapshotClose) -> Bool {
        guard let index = instrumentIndex[record.instrument] else { return false }
        instruments[index].close = DayClose(
            day: record.day, last: record.last, close: record.hasClose.isSet ? record.close : nil)
        return true
    }
}
