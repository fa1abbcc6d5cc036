import Execution
import Trading

/// What an operation does next.
enum KalshiStep: Sendable {
    case request(KalshiRequest)
    case finished(KalshiResult)
    case failed(VenueFailure)
}

/// What an operation was for.
enum KalshiResult: Sendable {
    case placed(VenueOrderState)
    case cancelled(VenueReference, taken: Quantity)
    case cancelledAll(Int)
    case openOrders([VenueOrderState])
    case order(VenueOrderState?)
    case fills([VenueFill])
    case positions([VenueHolding])
    case balance(Money)
    case markets([KalshiMarket])
    case book(InstrumentID, OrderBook)
    case fees([VenueFee])
    case healthy
    case settlements([KalshiSettlement])
}

/// One or more REST calls with one purpose. Pure: it says what to ask and reads the answers.
protocol KalshiOperation: Sendable {
    mutating func begin(_ memory: inout KalshiMemory) -> KalshiStep

    /// Reads an answer that succeeded.
    mutating func read(
        _ document: borrowing JSONDocument, _ decoder: inout KalshiDecoder,
        _ memory: inout KalshiMemory
    ) throws(PayloadError) -> KalshiStep

    /// The venue said no.
    mutating func declined(
        _ status: Int, code: String, message: String, _ memory: inout KalshiMemory
    ) -> KalshiStep

    /// An object that was left out of a listing because it cannot be used, and why.
    var leftOut: [String] { get }
}

extension KalshiOperation {
    mutating func declined(
        _ status: Int, code: String, message: String, _ memory: inout KalshiMemory
    ) -> KalshiStep {
        .failed(.declined(code: code, message: message))
    }

    var leftOut: [String] { [] }
}

/// The pages of a listing: how many there may be, and where the next begins.
struct KalshiPages: Sendable {
    static let pagesMax = 200
    private(set) var read = 0

    /// The cursor of the next page, or nil after the last one.
    mutating func next(
        _ document: borrowing JSONDocument
    ) throws(PayloadError) -> String? {
        read += 1
        guard let cursor = try nextCursor(document, document.root) else { return nil }
        guard read < KalshiPages.pagesMax else {
            throw .unusable(field: "cursor", reason: "more than \(KalshiPages.pagesMax) pages")
        }
        return cursor
    }
}

/// What an HTTP answer means before it is read.
enum KalshiReply {
    case success
    case declined(status: Int, code: String, message: String)
    case failed(VenueFailure)

    /// Sorts an answer. `isEffect`: the call may have changed something, so an answer that does not
    /// settle whether it did is unknown.
    init(_ answer: KalshiAnswer, isEffect: Bool, document: inout JSONDocument) {
        switch answer {
        case .notSent(let reason): self = .failed(.notSent(reason))
        case .lost(let reason): self = .failed(.unknown(reason))
        case .response(let status, _) where (200..<300).contains(status): self = .success
        case .response(let status, let body) where (400..<500).contains(status):
            let (code, message) = KalshiReply.error(status, body, &document)
            if isEffect, KalshiReply.isDoubtful(status, code) {
                self = .failed(.unknown("status \(status): \(code) \(message)"))
            } else {
                self = .declined(status: status, code: code, message: message)
            }
        case .response(let status, let body):
            let (code, message) = KalshiReply.error(status, body, &document)
            self = .failed(.unknown("status \(status): \(code) \(message)"))
        }
    }

    /// An id that is in use already: the order may exist. A conflict without a reason is as bad.
    private static func isDoubtful(_ status: Int, _ code: String) -> Bool {
        if status == 408 { return true }
        guard status == 409 else { return false }
        return ["http-409", "exist", "duplicate", "already"].contains { code.contains($0) }
    }

    /// `{"code","message"}`, `{"error":{"code","message"}}` or `{"error":"…"}`.
    private static func error(
        _ status: Int, _ body: [UInt8], _ document: inout JSONDocument
    ) -> (code: String, message: String) {
        let plain = "http-\(status)"
        // Whatever an error's body is, the status has said what matters.
        guard (try? document.parse(body)) != nil else { return (plain, "") }
        var object = document.root
        if let inner = document.optional("error", in: object) {
            if let text = document.string(inner) { return (plain, bounded(text)) }
            object = inner
        }
        let code = document.optional("code", in: object).flatMap { document.string($0) }
        let message = document.optional("message", in: object).flatMap { document.string($0) }
        return (bounded(code ?? plain), bounded(message ?? ""))
    }

    private static func bounded(_ text: String) -> String { String(text.prefix(200)) }
}
