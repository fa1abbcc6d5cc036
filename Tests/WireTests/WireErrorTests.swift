import Testing
import Trading
import Wire

@Suite struct WireErrorTests {
    private let tick = MarketTick(tick: TickNumber(3), at: Timestamp(seconds: 1))
    private let intent = DeclareIntent(
        incarnation: Incarnation(1), intentID: IntentID(1), org: .empty, account: .empty,
        mode: .paper, strategy: .empty, instrument: .empty, side: .buy, quantity: Quantity(1),
        limitPrice: Price(units: 1), deadline: .zero, urgency: 0.5)

    @Test func namesForeignBytes() {
        var frame = tick.frame()
        #expect(throws: WireError.truncated(needed: 8, have: 3)) {
            try validate(frame: Array(frame[..<3]))
        }
        frame[4] = 1
        frame[5] = 0
        #expect(throws: WireError.unknownSchema(1)) { try validate(frame: frame) }
        frame = tick.frame()
        frame[2] = 51
        #expect(throws: WireError.unknownTemplate(51)) { try validate(frame: frame) }
        #expect(throws: WireError.wrongTemplate(expected: 54, found: 51)) {
            try MarketTick(decoding: frame)
        }
        let long = tick.frame() + [UInt8](repeating: 0, count: WireFrame.maximumLength)
        #expect(throws: WireError.frameTooLong(length: long.count)) { try validate(frame: long) }
    }

    @Test func namesTrailingBytes() {
        #expect(throws: WireError.trailingBytes(2)) {
            try MarketTick(decoding: tick.frame() + [0, 0])
        }
        #expect(throws: WireError.trailingBytes(1)) {
            try SessionRefused(decoding: SessionRefused(reason: .crashLoop).frame() + [0])
        }
    }

    @Test func namesTheFieldOfABadEnumeration() throws {
        var frame = intent.frame()
        let mode = try #require(try layout("DeclareIntent").fields.first { $0.name == "mode" })
        for number in [UInt8(0), 4, 255] {
            frame[mode.offset] = number
            #expect(throws: WireError.badEnum(field: "DeclareIntent.mode", value: UInt64(number))) {
                try DeclareIntent(decoding: frame)
            }
        }
    }

    @Test(arguments: [Double.nan, .infinity, -.infinity, .signalingNaN])
    func namesTheFieldOfABadReal(_ real: Double) {
        var wrong = intent
        wrong.urgency = real
        #expect(throws: WireError.badReal(field: "DeclareIntent.urgency")) {
            try DeclareIntent(decoding: wrong.frame())
        }
        var feature = Example.feature
        feature.value = real
        let frame = Example.order.frame(features: [feature])
        #expect(throws: WireError.badReal(field: "OrderRequest.features.value")) {
            try validate(frame: frame)
        }
    }

    @Test func namesAGroupThatDoesNotFit() {
        let feature = Example.feature
        var frame = Example.order.frame(features: [feature, feature])
        let group = WireFrame.headerLength + OrderRequest.blockLength
        frame[group + 2] = 3
        #expect(
            throws: WireError.badGroup(field: "OrderRequest.features", entryLength: 40, count: 3)
        ) { try OrderRequest(decoding: frame) }
        frame[group] = 39
        frame[group + 2] = 2
        #expect(
            throws: WireError.badGroup(field: "OrderRequest.features", entryLength: 39, count: 2)
        ) { try OrderRequest(decoding: frame) }
        frame[group] = 255
        frame[group + 1] = 255
        frame[group + 2] = 255
        frame[group + 3] = 255
        #expect(throws: WireError.self) { try OrderRequest(decoding: frame) }
    }

    @Test func namesDataThatDoNotFit() {
        var frame = SessionRefused(reason: .crashLoop).frame(detail: [1, 2, 3])
        let length = WireFrame.headerLength + SessionRefused.blockLength
        frame[length] = 4
        #expect(throws: WireError.badLength(field: "SessionRefused.detail", length: 4)) {
            try SessionRefused(decoding: frame)
        }
        let most = SessionRefused(reason: .crashLoop)
            .frame(detail: [UInt8](repeating: 7, count: WireFrame.maximumData))
        #expect(throws: Never.self) { try validate(frame: most) }
        var tooLong = most + [7]
        tooLong[length] = 1
        #expect(throws: WireError.badLength(field: "SessionRefused.detail", length: 32_769)) {
            try SessionRefused(decoding: tooLong)
        }
    }
}

/// A request with a feature, to change in tests.
private enum Example {
    static let feature = OrderRequest.FeaturesEntry(label: .empty, value: 0.25)
    static let order = OrderRequest(
        incarnation: Incarnation(1), requestID: RequestID(1), intentID: IntentID(1), org: .empty,
        account: .empty, mode: .paper, strategy: .empty, instrument: .empty, side: .buy,
        timeInForce: .goodTillTime, isPostOnly: .no, price: Price(units: 1), quantity: Quantity(1),
        expiresAt: .zero, policyVersion: 1, modelHash: .zero, featureHash: .zero, confidence: 0.5,
        fairValue: Price(units: 2), expectedEdge: Money(units: 1), quoteSequence: .zero,
        quotedAt: .zero)
}
