import Portfolio
import Risk
import Testing
import Trading
import Wire

/// Every control has a test here that fails when the control is taken out, and every limit is tried
/// one unit inside, on, and outside of its bound.
@Suite struct ControlTests {
    @Test func aSoundOrderPassesEveryControl() {
        var rig = Rig()
        let judgement = rig.order(.buy, "0.50", "2")
        #expect(judgement.isPermitted)
        #expect(judgement.controls.allSatisfy { $0.outcome == .passed })
        #expect(judgement.controls.count == ControlTable.order.count)
        #expect(Set(ControlTable.order) == Set(Control.allCases))
        rig.check()
    }

    @Test func theFirstDenialEndsTheEvaluation() {
        var rig = Rig()
        let judgement = rig.order(.buy, "0.50", "101")
        #expect(judgement.reason == .sizeAboveMaximum)
        let outcomes = judgement.controls.map(\.outcome)
        let denied = ControlTable.order.firstIndex(of: .size) ?? 0
        #expect(outcomes[..<denied].allSatisfy { $0 == .passed })
        #expect(outcomes[denied] == .denied)
        #expect(outcomes[(denied + 1)...].allSatisfy { $0 == .notReached })
    }

    // MARK: - Identity

    @Test func deniesAnAgentThatNobodyKnows() {
        var rig = Rig()
        #expect(rig.order(.buy, "0.50", "1", agent: named("stranger")).reason == .identityUnknown)
    }

    @Test func deniesASenderThatIsNotTheAuthenticatedOne() {
        var rig = Rig()
        let judgement = rig.order(.buy, "0.50", "1") {
            $0.envelope.sender = named("agent-other")
        }
        #expect(judgement.reason == .identityMismatch)
    }

    @Test func deniesAStrategyThatWasNotGranted() {
        var rig = Rig()
        let other = StrategyKey(
            org: Rig.owner.org, account: Rig.owner.account, mode: .paper, strategy: named("theirs"))
        rig.grant(other, to: named("agent-other"))
        #expect(rig.order(.buy, "0.50", "1", owner: other).reason == .grantMissing)
    }

    @Test func deniesAfterTheGrantIsWithdrawn() {
        var rig = Rig()
        rig.grant(Rig.owner, to: Rig.agentID, false)
        #expect(rig.order(.buy, "0.50", "1").reason == .grantMissing)
    }

    @Test func deniesAModeThatTheAccountDoesNotHave() {
        var rig = Rig()
        let judgement = rig.order(.buy, "0.50", "1") { $0.mode = .live }
        #expect(judgement.reason == .modeNotAllowed)
    }

    // MARK: - Arming and kill

    @Test func deniesWhileDisarmed() {
        var rig = Rig()
        rig.operate(.disarm, nonce: 1)
        let judgement = rig.order(.buy, "0.50", "1")
        #expect(judgement.reason == .notArmed)
        #expect(judgement.level == .firm)
    }

    @Test func deniesAnAccountThatIsNotReconciled() {
        var rig = Rig()
        rig.reconcile(breaks: 1)
        let judgement = rig.order(.buy, "0.50", "1")
        #expect(judgement.reason == .notArmed)
        #expect(judgement.level == .account)
    }

    @Test func reduceOnlyLetsOnlyReducingOrdersThrough() {
        var rig = Rig()
        let opened = rig.order(.buy, "0.50", "5")
        rig.fill(opened.orderID, "5")
        rig.operate(.reduceOnly, nonce: 1)
        #expect(rig.order(.buy, "0.50", "1").reason == .reduceOnly)
        #expect(rig.order(.sell, "0.50", "5.01").reason == .reduceOnly)
        #expect(rig.order(.sell, "0.50", "3").isPermitted)
        // Three are on their way; two are left.
        #expect(rig.order(.sell, "0.50", "2.01").reason == .reduceOnly)
        #expect(rig.order(.sell, "0.50", "2").isPermitted)
    }

    @Test func aScopeCanBeReduceOnly() {
        var rig = Rig()
        rig.operate(.reduceOnly, .instrument, nonce: 1) { $0.instrument = named("KX-1") }
        let judgement = rig.order(.buy, "0.50", "1")
        #expect(judgement.reason == .reduceOnly)
        #expect(judgement.level == .instrument)
    }

    @Test func deniesWhenEverythingIsHalted() {
        var rig = Rig()
        rig.operate(.halt, nonce: 1)
        #expect(rig.order(.buy, "0.50", "1").reason == .killed)
    }

    @Test(arguments: [
        (ScopeKind.org, LimitLevel.org), (.account, .account), (.strategy, .strategy),
        (.venue, .venue), (.instrument, .instrument),
    ])
    func deniesWhenAScopeIsHalted(scope: ScopeKind, level: LimitLevel) {
        var rig = Rig(instruments: ["KX-1", "KX-2"])
        rig.operate(.halt, scope, nonce: 1) {
            $0.org = Rig.owner.org
            $0.account = Rig.owner.account
            $0.strategy = Rig.owner.strategy
            $0.venue = Rig.venue
            $0.instrument = named("KX-1")
        }
        let judgement = rig.order(.buy, "0.50", "1")
        #expect(judgement.reason == .haltedScope)
        #expect(judgement.level == level)
        let elsewhere = rig.order(.buy, "0.50", "1", instrument: "KX-2")
        #expect(elsewhere.isPermitted == (scope == .instrument))
    }

    // MARK: - Idempotency

    @Test func answersARepetitionWithTheEarlierDecisionAndNoPermit() {
        var rig = Rig()
        let parent = rig.declare(.buy).id
        let request = rig.makeRequest(.buy, "0.50", "1", intent: parent)
        let first = rig.send(request, reference: rig.quote())
        #expect(first.isPermitted)
        let before = rig.engine.status
        let again = rig.send(request, reference: rig.quote())
        #expect(again.verdict == .duplicate)
        #expect(again.orderID == first.orderID)
        #expect(rig.engine.status.openOrders == before.openOrders)
        #expect(rig.engine.status.reserved == before.reserved)
        let permits = rig.effects.items.filter { if case .permit = $0 { true } else { false } }
        #expect(permits.isEmpty)
    }

    @Test func answersARepetitionEvenWhenHaltedMeanwhile() {
        var rig = Rig()
        let parent = rig.declare(.buy).id
        let request = rig.makeRequest(.buy, "0.50", "1", intent: parent)
        let first = rig.send(request, reference: rig.quote())
        rig.operate(.halt, nonce: 1)
        let again = rig.send(request, reference: rig.quote())
        #expect(again.verdict == .duplicate)
        #expect(again.orderID == first.orderID)
    }

    @Test func aRepetitionOfARejectionRepeatsTheReason() {
        var rig = Rig()
        let parent = rig.declare(.buy).id
        let request = rig.makeRequest(.buy, "0.50", "101", intent: parent)
        let first = rig.send(request, reference: rig.quote())
        rig.limit(.orderQuantityMax, "1000")
        let again = rig.send(request, reference: rig.quote())
        #expect(first.reason == .sizeAboveMaximum)
        #expect(again.verdict == .duplicate)
        #expect(again.reason == .sizeAboveMaximum)
    }

    @Test func deniesAnotherRequestUnderAUsedNumber() {
        var rig = Rig()
        let parent = rig.declare(.buy).id
        var request = rig.makeRequest(.buy, "0.50", "1", intent: parent)
        rig.send(request, reference: rig.quote())
        request.quantity = quantity("2")
        #expect(rig.send(request, reference: rig.quote()).reason == .duplicateMismatch)
        var explanation = Rig.explanation
        explanation.features[0].value = 0.6
        request.quantity = quantity("1")
        let changed = rig.send(request, reference: rig.quote(), explanation: explanation)
        #expect(changed.reason == .duplicateMismatch)
    }

    @Test func deniesANumberBelowTheHighWaterMark() {
        var rig = Rig()
        let parent = rig.declare(.buy).id
        var request = rig.makeRequest(.buy, "0.50", "1", intent: parent)
        request.requestID = RequestID(10)
        #expect(rig.send(request, reference: rig.quote()).isPermitted)
        request.requestID = RequestID(9)
        #expect(rig.send(request, reference: rig.quote()).reason == .duplicateRequest)
        request.requestID = RequestID(11)
        #expect(rig.send(request, reference: rig.quote()).isPermitted)
    }

    @Test(arguments: [UInt64(0), 2])
    func deniesAnotherIncarnation(incarnation: UInt64) {
        var rig = Rig()
        let judgement = rig.order(.buy, "0.50", "1") {
            $0.incarnation = Incarnation(incarnation)
        }
        #expect(judgement.reason == .incarnationStale)
    }

    @Test func aNewIncarnationCountsFromOne() {
        var rig = Rig()
        #expect(rig.order(.buy, "0.50", "1").isPermitted)
        rig.connectAgent(2)
        #expect(rig.order(.buy, "0.50", "1").isPermitted)
    }

    // MARK: - Explanation

    @Test func deniesAnOrderWithoutExplanation() {
        let spoilings: [(inout OrderRequest) -> Void] = [
            { $0.policyVersion = 0 }, { $0.modelHash = .zero }, { $0.featureHash = .zero },
            { $0.confidence = -0.1 }, { $0.confidence = 1.1 }, { $0.fairValue = .zero },
            { $0.fairValue = .one },
        ]
        for spoil in spoilings {
            var rig = Rig()
            #expect(rig.order(.buy, "0.50", "1", adjust: spoil).reason == .explanationMissing)
        }
    }

    @Test func deniesAnOrderWithoutSignalModelOrFeatures() {
        let spoilings: [(inout Rig.Explanation) -> Void] = [
            { $0.signal = [] }, { $0.model = [] }, { $0.features = [] },
        ]
        for spoil in spoilings {
            var rig = Rig()
            var explanation = Rig.explanation
            spoil(&explanation)
            let parent = rig.declare(.buy).id
            let request = rig.makeRequest(.buy, "0.50", "1", intent: parent)
            let judgement = rig.send(
                request, reference: rig.quote(), explanation: explanation)
            #expect(judgement.reason == .explanationMissing)
        }
    }

    // MARK: - Instrument

    @Test func deniesAnUnknownInstrument() {
        var rig = Rig()
        let parent = rig.declare(.buy).id
        let request = rig.makeRequest(
            .buy, "0.50", "1", instrument: "KX-unknown", intent: parent)
        // The parent is of another instrument, which is found first.
        #expect(rig.send(request, reference: rig.quote()).reason == .parentMismatch)
        let declared = rig.declare(.buy, instrument: "KX-unknown").judgement
        #expect(declared.reason == .instrumentUnknown)
    }

    @Test(arguments: [InstrumentStatus.pending, .paused, .closed])
    func deniesAnInstrumentThatIsNotOpen(status: InstrumentStatus) {
        var rig = Rig()
        let parent = rig.declare(.buy).id
        rig.apply(
            InstrumentChanged(
                envelope: Rig.envelope(Rig.gatewayID), instrument: named("KX-1"), status: status,
                marketTime: rig.now))
        let request = rig.makeRequest(.buy, "0.50", "1", intent: parent)
        #expect(rig.send(request, reference: rig.quote()).reason == .instrumentNotOpen)
    }

    @Test(arguments: [(-1, true), (0, false), (1, false)])
    func deniesFromTheCloseOn(offset: Int64, isPermitted: Bool) {
        var rig = Rig()
        let close = rig.now - Span(nanoseconds: offset)
        rig.define("KX-1", eventSet: "KX-1", closeAt: rig.now + .seconds(5))
        let parent = rig.declare(.buy).id
        rig.define("KX-1", eventSet: "KX-1", closeAt: close)
        let request = rig.makeRequest(.buy, "0.50", "1", intent: parent)
        let judgement = rig.send(request, reference: rig.quote())
        #expect(judgement.isPermitted == isPermitted)
        if !isPermitted { #expect(judgement.reason == .instrumentNotOpen) }
    }

    // MARK: - Quote

    @Test func deniesWithoutAQuote() {
        var rig = Rig()
        let parent = rig.declare(.buy).id
        let request = rig.makeRequest(.buy, "0.50", "1", intent: parent)
        #expect(rig.send(request, reference: nil).reason == .quoteMissing)
        let other = rig.makeRequest(.buy, "0.50", "1", intent: parent)
        let empty = rig.quote(bid: nil, ask: nil)
        #expect(rig.send(other, reference: empty).reason == .quoteMissing)
        let third = rig.makeRequest(.buy, "0.50", "1", intent: parent)
        let foreign = rig.quote(instrument: "KX-2")
        #expect(rig.send(third, reference: foreign).reason == .quoteMissing)
    }

    @Test func deniesAStaleOrCrossedBook() {
        var rig = Rig()
        let parent = rig.declare(.buy).id
        let first = rig.makeRequest(.buy, "0.50", "1", intent: parent)
        #expect(rig.send(first, reference: rig.quote(isStale: true)).reason == .quoteStale)
        let second = rig.makeRequest(.buy, "0.50", "1", intent: parent)
        let crossed = rig.quote(bid: "0.51", ask: "0.51")
        #expect(rig.send(second, reference: crossed).reason == .quoteCrossed)
    }

    @Test(arguments: [(-1, true), (0, true), (1, false)])
    func deniesAQuoteOlderThanItsLimit(offset: Int64, isPermitted: Bool) {
        let age = Span(nanoseconds: 2_000_000_000 + offset)
        var rig = Rig()
        let parent = rig.declare(.buy).id
        let request = rig.makeRequest(.buy, "0.50", "1", intent: parent)
        let old = rig.quote(receivedAt: rig.now - age)
        #expect(rig.send(request, reference: old).isPermitted == isPermitted)
        var priced = rig.makeRequest(.buy, "0.50", "1", intent: parent)
        priced.quotedAt = rig.now - age
        #expect(rig.send(priced, reference: rig.quote()).isPermitted == isPermitted)
        let future = rig.makeRequest(.buy, "0.50", "1", intent: parent)
        let early = rig.quote(receivedAt: rig.now + age)
        let judgement = rig.send(future, reference: early)
        #expect(judgement.isPermitted == isPermitted)
        if !isPermitted { #expect(judgement.reason == .clockSkewed) }
    }

    // MARK: - Size, notional, price

    @Test(arguments: [("99.99", true), ("100", true), ("100.01", false)])
    func deniesAboveTheLargestOrder(contracts: String, isPermitted: Bool) {
        var rig = Rig()
        let judgement = rig.order(.buy, "0.50", contracts)
        #expect(judgement.isPermitted == isPermitted)
        if !isPermitted {
            #expect(judgement.reason == .sizeAboveMaximum)
            #expect(judgement.level == .firm)
            #expect(judgement.limit == units("100"))
            #expect(judgement.value == units(contracts))
        }
    }

    @Test(arguments: [("0.99", false), ("1", true), ("1.01", true)])
    func deniesBelowTheSmallestOrder(contracts: String, isPermitted: Bool) {
        var rig = Rig()
        rig.limit(.orderQuantityMin, "0.5")
        rig.limit(.orderQuantityMin, "1", at: .strategy)
        let judgement = rig.order(.buy, "0.50", contracts)
        #expect(judgement.isPermitted == isPermitted)
        if !isPermitted { #expect(judgement.reason == .sizeBelowMinimum) }
    }

    @Test(arguments: ["0", "-1", "-9223372036.854775808"])
    func deniesNothingOrLess(contracts: String) {
        var rig = Rig()
        #expect(rig.order(.buy, "0.50", contracts).reason == .sizeBelowMinimum)
    }

    @Test func deniesOffTheLotGrid() {
        var rig = Rig()
        #expect(rig.order(.buy, "0.50", "1.005").reason == .sizeOffGrid)
    }

    @Test(arguments: [("0.24", true), ("0.25", true), ("0.26", false)])
    func deniesAPurchaseAboveTheNotional(at: String, isPermitted: Bool) {
        var rig = Rig()
        rig.limit(.orderNotionalMax, "25", at: .account)
        let judgement = rig.order(.buy, at, "100")
        #expect(judgement.isPermitted == isPermitted)
        if !isPermitted {
            #expect(judgement.reason == .notionalAboveMaximum)
            #expect(judgement.level == .account)
        }
    }

    @Test(arguments: [("0.76", true), ("0.75", true), ("0.74", false)])
    func aSaleCommitsTheComplement(at: String, isPermitted: Bool) {
        var rig = Rig()
        rig.limit(.orderNotionalMax, "25")
        let judgement = rig.order(.sell, at, "100")
        #expect(judgement.isPermitted == isPermitted)
        if !isPermitted { #expect(judgement.reason == .notionalAboveMaximum) }
    }

    @Test(arguments: [Side.buy, .sell])
    func numbersThatOverflowAreDeniedAndNeverTrap(side: Side) {
        let extremes: [Int64] = [.min, .min + 1, -1, 0, 1, .max - 1, .max]
        for first in extremes {
            for second in extremes {
                var rig = Rig()
                rig.limit(.orderQuantityMax, "9223372036.854775807")
                rig.limit(.orderNotionalMax, "9223372036.854775807")
                rig.define("KX-1", eventSet: "KX-1", lot: "0.000000001")
                let judgement = rig.order(side, "0.50", "1") {
                    $0.price = Price(units: first)
                    $0.quantity = Quantity(units: second)
                    $0.expectedEdge = Money(units: first)
                    $0.quotedAt = rig_now
                }
                #expect(!judgement.isPermitted)
                rig.check()
            }
        }
        var rig = Rig()
        rig.limit(.orderQuantityMax, "9223372036.854775807")
        let overflowing = rig.order(.sell, "0.50", "1") {
            $0.price = Price(units: .min)
            $0.intentID = $0.intentID
        }
        #expect(overflowing.reason == .parentMismatch)
    }

    /// The time that rigs start at.
    private var rig_now: Timestamp { Timestamp(seconds: 1_000) }

    @Test func arithmeticOfARequestIsChecked() {
        var rig = Rig()
        rig.limit(.orderQuantityMax, "9223372036.854775807")
        let parent = rig.declare(.buy, quantity: "9223372036.85").id
        #expect(
            rig.send(
                rig.makeRequest(.buy, "0.50", "1", intent: parent), reference: rig.quote()
            ).isPermitted)
        let request = rig.makeRequest(.buy, "0.50", "9223372036.85", intent: parent)
        #expect(rig.send(request, reference: rig.quote()).reason == .arithmeticOverflow)
    }

    @Test(arguments: ["0", "1", "-0.01", "1.01"])
    func deniesPricesOutsideOfZeroToOne(at: String) {
        var rig = Rig()
        let parent = rig.declare(.sell, limit: "0.01").id
        var request = rig.makeRequest(.sell, "0.50", "1", intent: parent)
        request.price = price(at)
        let judgement = rig.send(request, reference: rig.quote())
        let isBelowParent = price(at) < price("0.01")
        #expect(judgement.reason == (isBelowParent ? .parentMismatch : .priceOutOfRange))
    }

    @Test func deniesOffTheTickGrid() {
        var rig = Rig()
        #expect(rig.order(.buy, "0.505", "1").reason == .priceOffGrid)
    }

    @Test(arguments: [("0.70", true), ("0.71", true), ("0.72", false)])
    func anAggressiveOrderGoesOnlySoFarPastTheTouch(at: String, isPermitted: Bool) {
        var rig = Rig()
        let judgement = rig.order(.buy, at, "1")
        #expect(judgement.isPermitted == isPermitted)
        if !isPermitted { #expect(judgement.reason == .collarExceeded) }
        let mirrored = price(at).complement
        var other = Rig()
        let sale = other.order(.sell, mirrored.description, "1")
        #expect(sale.isPermitted == isPermitted)
    }

    @Test(arguments: [("0.41", true), ("0.40", true), ("0.39", false)])
    func aPassiveOrderRestsOnlySoFarFromTheMiddle(at: String, isPermitted: Bool) {
        var rig = Rig()
        rig.limit(.collarPassive, "0.1", at: .instrument)
        let judgement = rig.order(.buy, at, "1")
        #expect(judgement.isPermitted == isPermitted)
        if !isPermitted {
            #expect(judgement.reason == .collarExceeded)
            #expect(judgement.level == .instrument)
        }
    }

    // MARK: - Expiry

    @Test(arguments: [TimeInForce.goodTillTime, .goodTillCancelled])
    func deniesARestingOrderWithoutExpiry(timeInForce: TimeInForce) {
        var rig = Rig()
        let judgement = rig.order(.buy, "0.50", "1") {
            $0.timeInForce = timeInForce
            $0.expiresAt = .zero
        }
        #expect(judgement.reason == .expiryMissing)
    }

    @Test(arguments: [TimeInForce.immediateOrCancel, .fillOrKill])
    func anOrderThatCannotRestNeedsNoExpiry(timeInForce: TimeInForce) {
        var rig = Rig()
        let judgement = rig.order(.buy, "0.50", "1") {
            $0.timeInForce = timeInForce
            $0.expiresAt = .zero
        }
        #expect(judgement.isPermitted)
    }

    // MARK: - Gateway

    @Test func deniesWithoutALease() {
        var rig = Rig()
        rig.connectGateway(lease: 0)
        rig.reconcile()
        #expect(rig.order(.buy, "0.50", "1").reason == .gatewayUnavailable)
    }

    @Test func deniesWhenTheGatewayIsKilled() {
        var rig = Rig()
        rig.connectGateway(lease: 1, isKilled: true)
        #expect(rig.order(.buy, "0.50", "1").reason == .gatewayUnavailable)
    }

    @Test func deniesWhenTheGatewayHasSeenALaterEpoch() {
        var rig = Rig()
        rig.connectGateway(lease: 1, highestEpoch: 2)
        #expect(rig.order(.buy, "0.50", "1").reason == .gatewayUnavailable)
    }
}
