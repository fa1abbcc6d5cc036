import Journal
import Runtime
import Trading
import Wire

/// What the orders of a core's journal cost, by the same code as a backtest's.
package enum JournalCosts {
    /// Reads a core's journal, which may be in use.
    ///
    /// - Throws: `ProcessFailure` where the file is no journal, is damaged, or is not the core's:
    ///   a gateway's journal has no decisions.
    package static func book(of path: String) throws -> CostBook {
        guard FileSystem.exists(path) else {
            throw ProcessFailure(.unavailable, "there is no journal at \(path)")
        }
        var book = CostBook()
        var decisions = 0
        do {
            let reader = try JournalReader(opening: path)
            _ = try reader.replay(after: reader.start()) { header, body in
                let bytes = body.withUnsafeBytes { Array($0) }
                do {
                    if try take(header, bytes, into: &book) { decisions += 1 }
                } catch {
                    throw ProcessFailure(.refused, "\(path): entry \(header.sequence): \(error)")
                }
            }
        } catch let error as JournalError {
            throw ProcessFailure(.refused, "\(path): \(error)")
        }
        guard decisions > 0 else {
            throw ProcessFailure(
                .refused, "\(path) holds no decision on an order: name the core's journal")
        }
        return book
    }

    /// Takes an entry in; whether it decided an order.
    private static func take(
        _ header: EntryHeader, _ body: [UInt8], into book: inout CostBook
    ) throws(WireError) -> Bool {
        let command = try JournalEntry.command(in: body)
        switch WireTemplate(rawValue: header.template) {
        case .instrumentDefined: book.define(try InstrumentDefined(decoding: command))
        case .referenceUpdated: book.mark(try ReferenceUpdated(decoding: command), at: header.at)
        case .permitFate: book.fate(try PermitFate(decoding: command), at: header.at)
        case .fillReport: book.fill(try FillReport(decoding: command), at: header.at)
        case .instrumentSettlement:
            let settlement = try InstrumentSettlement(decoding: command)
            book.settle(settlement.instrument, value: settlement.value, at: header.at)
        case .orderRequest:
            let decision = try JournalEntry.decision(in: body)
            guard !decision.isEmpty else { return false }
            let reference = try JournalEntry.reference(in: body)
            let features = try OrderRequest.features(in: command)
            book.request(
                try OrderRequest(decoding: command),
                algorithm: CostBook.algorithm(of: features.map { ($0.label, $0.value) }),
                judged: try Judged(decoding: decision),
                reference: reference.isEmpty ? nil : try ReferenceUpdated(decoding: reference),
                at: header.at)
            return true
        default: break
        }
        return false
    }
}
