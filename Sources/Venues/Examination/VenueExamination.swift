import Trading

/// What one question about a venue account came to.
package struct VenueFinding: Sendable, Hashable {
    /// What was looked at, in the order in which it is told.
    package enum Subject: String, Sendable, CaseIterable {
        case key
        case venue
        case clock
        case exchange
        case account
        case balance
        case allowance
        case limits
        case markets
    }

    package enum Verdict: String, Sendable {
        case fine
        /// It works, but its owner should know.
        case notice
        case wrong
        /// Nobody answered.
        case unreachable
    }

    package let subject: Subject
    package let verdict: Verdict
    /// What was seen.
    package let detail: String
    /// What to do about it; empty where nothing is to be done.
    package let advice: String

    package init(_ subject: Subject, _ verdict: Verdict, _ detail: String, advice: String = "") {
        self.subject = subject
        self.verdict = verdict
        self.detail = detail
        self.advice = advice
    }
}

/// Looks at a venue account without changing anything there: no order, no key, no heartbeat, which
/// a venue may take as the promise of another. It blocks while it asks.
package protocol VenueExamination {
    mutating func run() -> [VenueFinding]
}

/// What came back for one question.
struct VenueReply: Sendable {
    let answer: VenueAnswer
    /// What the venue's clock said, to the second; nil where it did not say.
    let venueTime: Timestamp?
    let askedAt: Timestamp
    let answeredAt: Timestamp

    /// How far our clock is ahead of the venue's, to about a second.
    var skew: Span? {
        guard let venueTime else { return nil }
        let middle = askedAt.nanoseconds / 2 + answeredAt.nanoseconds / 2
        // What is told is cut to the second: on average it was half a second later.
        return Span(nanoseconds: middle - venueTime.nanoseconds - 500_000_000)
    }
}

extension VenueFinding {
    /// Signed requests that are older, or younger, are refused.
    static let skewMax = Span.seconds(5)
    private static let skewNotice = Span.seconds(2)

    /// What a venue's time says of our clock.
    static func clock(_ skew: Span?) -> VenueFinding {
        guard let skew else {
            return VenueFinding(.clock, .notice, "the venue does not tell its time")
        }
        let size = skew.magnitude
        guard size > skewNotice else {
            return VenueFinding(.clock, .fine, "within two seconds of the venue's")
        }
        let direction = skew > .zero ? "ahead of" : "behind"
        return VenueFinding(
            .clock, size > skewMax ? .wrong : .notice,
            "ours is \(size) \(direction) the venue's",
            advice: "let the machine keep its time: timedatectl set-ntp true")
    }

    /// What an answer says that could not be used; nil where it can be read.
    static func failure(
        _ subject: Subject, _ answer: VenueAnswer, advice: String
    ) -> VenueFinding? {
        switch answer {
        case .notSent(let reason), .lost(let reason):
            VenueFinding(subject, .unreachable, reason, advice: advice)
        case .response(let status, _) where (200..<300).contains(status): nil
        case .response(let status, let body):
            VenueFinding(
                subject, status >= 500 ? .unreachable : .wrong,
                "the venue answered \(status): \(brief(body))", advice: advice)
        }
    }

    /// The beginning of a text from outside, in one line of printable characters.
    static func brief(_ body: [UInt8]) -> String {
        let text = String(decoding: body.prefix(200), as: UTF8.self)
        return String(text.map { $0.isNewline || $0.asciiValue.map { $0 < 32 } == true ? " " : $0 })
    }

    /// What a listing of markets says: how many, on which ticks.
    static func markets(
        _ what: String, ticks: [Price: Int], refused: String?
    ) -> VenueFinding {
        let count = ticks.values.reduce(0, +)
        if let refused {
            return VenueFinding(
                .markets, count == 0 ? .wrong : .notice,
                "\(what): \(count) can be traded, others cannot be read: \(refused)",
                advice: "those that cannot be read are left out")
        }
        guard count > 0 else {
            return VenueFinding(
                .markets, .notice, "\(what): none is open",
                advice: "look at the names of the markets")
        }
        let grids = ticks.sorted { $0.key > $1.key }.map { "\($0.value) on a tick of \($0.key)" }
        return VenueFinding(.markets, .fine, "\(what): \(grids.joined(separator: ", "))")
    }
}

/// Reads the answers that succeeded, each as one finding.
struct AnswerReader<Decoder> {
    private var document = JSONDocument()
    private var decoder: Decoder

    init(_ decoder: Decoder) { self.decoder = decoder }

    /// Nil where nothing was answered.
    mutating func finding(
        _ reply: VenueReply, about subject: VenueFinding.Subject,
        _ body: (borrowing JSONDocument, inout Decoder) throws(PayloadError) -> VenueFinding
    ) -> VenueFinding? {
        guard case .response(_, let bytes) = reply.answer else { return nil }
        do throws(PayloadError) {
            do throws(JSONError) { try document.parse(bytes) } catch { throw .malformed(error) }
            return try body(document, &decoder)
        } catch {
            return VenueFinding(
                subject, .wrong, "the answer cannot be read: \(error)",
                advice: "look for a newer version: the venue has changed its protocol")
        }
    }
}

extension Span {
    fileprivate var magnitude: Span { Span(nanoseconds: Int64(nanoseconds.magnitude)) }
}
