import Risk
import Testing
import Trading
import Wire

/// Every kind of limit at every level where it may be stated: one unit below, at and above what an
/// order comes to; no limit where one must be; and numbers and quotes that cannot be.
@Suite struct BoundaryTests {
    /// A kind at one of its levels.
    struct Place: Sendable, CustomTestStringConvertible {
        let kind: LimitKind
        let level: LimitLevel
        var testDescription: String { "\(kind) at \(level)" }
    }

    static let places = Boundary.all.flatMap { boundary in
        boundary.levels.map { Place(kind: boundary.kind, level: $0) }
    }

    /// The widest and the narrowest level of each kind.
    static let ends = Boundary.all.flatMap { boundary in
        [boundary.levels.first, boundary.levels.last].compactMap { level in
            level.map { Place(kind: boundary.kind, level: $0) }
        }
    }

    private func boundary(_ place: Place) throws -> Boundary {
        try #require(Boundary.all.first { $0.kind == place.kind })
    }

    @Test(arguments: LimitKind.allCases)
    func everyKindHasItsBoundary(kind: LimitKind) {
        #expect(Boundary.all.count { $0.kind == kind } == 1, "\(kind) has no case here")
    }

    @Test(arguments: places, [Int64(-1), 0, 1])
    func oneUnitDecides(place: Place, step: Int64) throws {
        let boundary = try boundary(place)
        let limit = boundary.value + step
        let (rig, judgement) = boundary.judge(limit, at: place.level)
        let isPassed = judgement.verdict != .rejected
        #expect(isPassed == boundary.passes(limit), "\(judgement.reason) \(judgement.value)")
        rig.check()
        if isPassed { return }
        #expect(judgement.reason == boundary.reason)
        #expect(judgement.level == boundary.deniedAt ?? place.level)
        guard boundary.isShown else { return }
        #expect(judgement.limit == limit)
        #expect(judgement.value == boundary.value)
    }

    /// A limit that nobody states denies where it is mandatory, and binds nothing elsewhere.
    @Test(arguments: LimitKind.allCases)
    func whatIsNotStatedDeniesWhereItMust(kind: LimitKind) throws {
        let boundary = try boundary(Place(kind: kind, level: .firm))
        let (rig, judgement) = boundary.judge(nil, at: .firm)
        if kind.isMandatory {
            #expect(judgement.reason == BoundaryTests.absent[kind] ?? .limitMissing)
        } else if [.walkWindow, .repeatWindow].contains(kind) {
            // The probe's own preparation states one.
            #expect(judgement.verdict != .rejected)
        } else if let absent = BoundaryTests.absent[kind] {
            #expect(judgement.reason == absent)
        } else {
            #expect(judgement.verdict != .rejected, "\(judgement.reason)")
        }
        rig.check()
    }

    /// What else is denied without a limit, and why.
    static let absent: [LimitKind: RejectReason] = [
        // The intent was denied already.
        .messagesPerSecond: .parentUnknown, .messageBurst: .parentUnknown,
        // A tenth of the size is left, not six tenths.
        .drawdownFloor: .drawdownSizeExceeded,
        // Only a person ends the halt.
        .brakeCooldown: .drawdownHalted,
        // The account's own capital is what the probe has.
        .brakeCapital: .drawdownHalted,
        // A tenth of a dollar is sane.
        .markSpreadMax: .lossDailyExceeded,
        // The first fill counts.
        .adverseFillsMin: .adverseMarkoutExceeded,
    ]

    /// The ends of the range mean what they say, and trap nowhere.
    @Test(arguments: ends, [Int64.min, -1, 0, .max])
    func theEndsOfTheRangeAreLimitsToo(place: Place, limit: Int64) throws {
        let boundary = try boundary(place)
        let (rig, judgement) = boundary.judge(limit, at: place.level)
        rig.check()
        // Nobody may state a negative one: the engine only has to hold.
        if limit < 0 { return }
        #expect((judgement.verdict != .rejected) == boundary.passes(limit), "\(judgement.reason)")
    }

    /// Numbers that no order can have are denied under every limit.
    @Test(arguments: ends)
    func overflowingOrdersAreDenied(place: Place) throws {
        let boundary = try boundary(place)
        for (side, cents, contracts) in [
            (Side.buy, Int64.max, Int64.max), (.sell, .min, .max), (.buy, 500_000_000, .max),
            (.sell, 500_000_000, .max), (.buy, .max, 1_000_000_000),
        ] {
            var rig = boundary.ready(boundary.value, at: place.level)
            let judgement = rig.order(side, "0.50", "1") {
                $0.price = Price(units: cents)
                $0.quantity = Quantity(units: contracts)
                $0.expectedEdge = Money(units: .max)
            }
            #expect(judgement.verdict == .rejected)
            rig.check()
        }
    }

    /// A market that is missing, old or impossible denies under every limit what a sound one lets
    /// through.
    @Test(arguments: ends)
    func withoutASoundMarketNothingPasses(place: Place) throws {
        let boundary = try boundary(place)
        var rig = boundary.ready(boundary.value, at: place.level)
        let parent = rig.declare(.buy).id
        let request = rig.makeRequest(.buy, "0.47", "1", intent: parent)
        var sound = rig
        guard sound.send(request, reference: rig.quote()).isPermitted else { return }
        let markets: [(ReferenceUpdated?, RejectReason)] = [
            (nil, .quoteMissing), (rig.quote(bid: nil, ask: nil), .quoteMissing),
            (rig.quote(instrument: "KX-2"), .quoteMissing),
            (rig.quote(isStale: true), .quoteStale),
            (rig.quote(receivedAt: rig.now - .seconds(3)), .quoteStale),
            (rig.quote(receivedAt: rig.now + .seconds(3)), .clockSkewed),
            (rig.quote(receivedAt: Timestamp(nanoseconds: .min)), .arithmeticOverflow),
            (rig.quote(bid: "0.52", ask: "0.51"), .quoteCrossed),
        ]
        for (market, reason) in markets {
            var tried = rig
            let judgement = tried.send(request, reference: market)
            #expect(judgement.reason == reason)
            tried.check()
        }
    }
}
