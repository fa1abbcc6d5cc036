import Portfolio
import Risk
import Testing
import Trading
import Wire

@Suite struct ExposureControlTests {
    // MARK: - Parent and children

    @Test(arguments: [("3.99", true), ("4", true), ("4.01", false)])
    func childrenNeverExceedTheirParent(contracts: String, isPermitted: Bool) {
        var rig = Rig()
        let parent = rig.declare(.buy, quantity: "10").id
        let first = rig.send(
            rig.makeRequest(.buy, "0.50", "6", intent: parent), reference: rig.quote())
        #expect(first.parentCumulative == quantity("6"))
        let second = rig.send(
            rig.makeRequest(.buy, "0.50", contracts, intent: parent), reference: rig.quote())
        #expect(second.isPermitted == isPermitted)
        if isPermitted {
            #expect(second.parentCumulative == quantity("6") + quantity(contracts))
        } else {
            #expect(second.reason == .parentExceeded)
        }
    }

    @Test func whatCannotFillAnyMoreGoesBackToTheParent() {
        var rig = Rig()
        let parent = rig.declare(.buy, quantity: "10").id
        let first = rig.send(
            rig.makeRequest(.buy, "0.50", "10", intent: parent), reference: rig.quote())
        rig.fill(first.orderID, "4")
        let early = rig.makeRequest(.buy, "0.50", "1", intent: parent)
        #expect(rig.send(early, reference: rig.quote()).reason == .parentExceeded)
        rig.fate(first.orderID, .cancelled, filled: "4")
        let tooMuch = rig.makeRequest(.buy, "0.50", "6.01", intent: parent)
        #expect(rig.send(tooMuch, reference: rig.quote()).reason == .parentExceeded)
        let rest = rig.makeRequest(.buy, "0.50", "6", intent: parent)
        #expect(rig.send(rest, reference: rig.quote()).isPermitted)
        rig.check()
    }

    @Test func deniesAChildWithoutItsParent() {
        var rig = Rig()
        let none = rig.makeRequest(.buy, "0.50", "1", intent: IntentID(9))
        #expect(rig.send(none, reference: rig.quote()).reason == .parentUnknown)
        let parent = rig.declare(.buy, limit: "0.50").id
        let other = rig.makeRequest(.sell, "0.50", "1", intent: parent)
        #expect(rig.send(other, reference: rig.quote()).reason == .parentMismatch)
        let beyond = rig.makeRequest(.buy, "0.51", "1", intent: parent)
        #expect(rig.send(beyond, reference: rig.quote()).reason == .parentMismatch)
    }

    @Test(arguments: [(-1, true), (0, true), (1, false)])
    func deniesAfterTheParentsDeadline(offset: Int64, isPermitted: Bool) {
        var rig = Rig()
        let parent = rig.declare(.buy, deadline: rig.now + .seconds(1)).id
        rig.pass(Span(nanoseconds: 1_000_000_000 + offset))
        let child = rig.makeRequest(.buy, "0.50", "1", intent: parent)
        let judgement = rig.send(child, reference: rig.quote())
        #expect(judgement.isPermitted == isPermitted)
        if !isPermitted { #expect(judgement.reason == .parentExpired) }
    }

    @Test func parentsAreBoundedAndFinishedOnesMakeRoom() {
        var rig = Rig()
        rig.limit(.messageBurst, "5000")
        for _ in 0..<1_024 {
            #expect(
                rig.declare(.buy, deadline: rig.now + .seconds(10)).judgement.verdict == .accepted)
        }
        #expect(rig.declare(.buy).judgement.reason == .overload)
        rig.pass(.seconds(11))
        #expect(rig.declare(.buy).judgement.verdict == .accepted)
        rig.check()
    }

    // MARK: - Rates

    @Test func messagesBeyondTheBurstAreDeniedUntilTokensComeBack() {
        var rig = Rig()
        let parent = rig.declare(.buy).id
        rig.pass(.seconds(10))
        rig.limit(.messagesPerSecond, "2", at: .strategy)
        rig.limit(.messageBurst, "3", at: .strategy)
        func ask(_ rig: inout Rig) -> Judgement {
            rig.send(rig.makeRequest(.buy, "0.40", "1", intent: parent), reference: rig.quote())
        }
        for _ in 0..<3 { #expect(ask(&rig).isPermitted) }
        let denied = ask(&rig)
        #expect(denied.reason == .messageRateExceeded)
        #expect(denied.level == .strategy)
        #expect(denied.limit == units("3"))
        #expect(denied.value == units("4"))
        rig.pass(Span(nanoseconds: 499_999_999))
        #expect(ask(&rig).reason == .messageRateExceeded)
        rig.pass(Span(nanoseconds: 1))
        #expect(ask(&rig).isPermitted)
        #expect(ask(&rig).reason == .messageRateExceeded)
    }

    @Test func deniedRequestsUseMessagesButNoOrders() {
        var rig = Rig()
        let parent = rig.declare(.buy).id
        rig.pass(.seconds(10))
        rig.limit(.messageBurst, "5")
        rig.limit(.messagesPerSecond, "1")
        rig.limit(.orderBurst, "1")
        rig.limit(.ordersPerSecond, "1")
        for _ in 0..<2 {
            let tooLarge = rig.makeRequest(.buy, "0.50", "101", intent: parent)
            #expect(rig.send(tooLarge, reference: rig.quote()).reason == .sizeAboveMaximum)
        }
        let sound = rig.makeRequest(.buy, "0.50", "1", intent: parent)
        #expect(rig.send(sound, reference: rig.quote()).isPermitted)
        let second = rig.makeRequest(.buy, "0.50", "1", intent: parent)
        #expect(rig.send(second, reference: rig.quote()).reason == .orderRateExceeded)
        let third = rig.makeRequest(.buy, "0.50", "1", intent: parent)
        #expect(rig.send(third, reference: rig.quote()).reason == .messageRateExceeded)
    }

    @Test func cancelsMeetNoRate() {
        var rig = Rig()
        let order = rig.order(.buy, "0.50", "1")
        rig.limit(.messagesPerSecond, "0")
        rig.limit(.ordersPerSecond, "0")
        #expect(rig.order(.buy, "0.50", "1").reason != .none)
        rig.operate(.halt, nonce: 1)
        for _ in 0..<50 { #expect(rig.cancel(order.orderID).verdict == .accepted) }
    }

    // MARK: - Open orders

    @Test func countsOpenOrdersUntilTheirEndIsReported() {
        var rig = Rig()
        rig.limit(.openOrdersMax, "2", at: .strategy)
        let first = rig.order(.buy, "0.40", "1")
        #expect(first.isPermitted)
        #expect(rig.order(.buy, "0.40", "1").isPermitted)
        let denied = rig.order(.buy, "0.40", "1")
        #expect(denied.reason == .openOrdersExceeded)
        #expect(denied.value == units("3"))
        rig.fate(first.orderID, .sent)
        rig.fate(first.orderID, .unknown, reason: .venueUnknown)
        #expect(rig.order(.buy, "0.40", "1").reason == .openOrdersExceeded)
        rig.fate(first.orderID, .declined, reason: .venueDeclined)
        #expect(rig.order(.buy, "0.40", "1").isPermitted)
        rig.check()
    }

    @Test(arguments: [("4.99", true), ("5", true), ("5.01", false)])
    func limitsWhatOpenOrdersCommit(contracts: String, isPermitted: Bool) {
        var rig = Rig()
        rig.limit(.openNotionalMax, "5", at: .venue)
        #expect(rig.order(.buy, "0.50", "5").isPermitted)
        let judgement = rig.order(.buy, "0.50", contracts)
        #expect(judgement.isPermitted == isPermitted)
        if !isPermitted {
            #expect(judgement.reason == .openNotionalExceeded)
            #expect(judgement.level == .venue)
        }
    }

    // MARK: - Position

    @Test(arguments: [("2.99", true), ("3", true), ("3.01", false)])
    func openPurchasesCountAsPosition(contracts: String, isPermitted: Bool) {
        var rig = Rig()
        rig.limit(.positionMax, "10", at: .strategy)
        let held = rig.order(.buy, "0.50", "4")
        rig.fill(held.orderID, "4")
        #expect(rig.order(.buy, "0.50", "3").isPermitted)
        let judgement = rig.order(.buy, "0.50", contracts)
        #expect(judgement.isPermitted == isPermitted)
        if !isPermitted {
            #expect(judgement.reason == .positionExceeded)
            #expect(judgement.limit == units("10"))
        }
    }

    @Test(arguments: [("13.99", true), ("14", true), ("14.01", false)])
    func openSalesCountAgainstALongPosition(contracts: String, isPermitted: Bool) {
        var rig = Rig()
        rig.limit(.positionMax, "10")
        let held = rig.order(.buy, "0.50", "4")
        rig.fill(held.orderID, "4")
        let judgement = rig.order(.sell, "0.60", contracts)
        #expect(judgement.isPermitted == isPermitted)
        if !isPermitted { #expect(judgement.reason == .positionExceeded) }
    }

    @Test func anAccountsPositionIsThatOfAllItsStrategies() {
        var rig = Rig()
        let other = StrategyKey(
            org: Rig.owner.org, account: Rig.owner.account, mode: .paper, strategy: named("second"))
        rig.grant(other, to: Rig.agentID)
        rig.limit(.positionMax, "10", at: .account)
        #expect(rig.order(.buy, "0.50", "6").isPermitted)
        let denied = rig.order(.buy, "0.50", "5", owner: other)
        #expect(denied.reason == .positionExceeded)
        #expect(denied.level == .account)
        #expect(rig.order(.buy, "0.50", "4", owner: other).isPermitted)
    }

    // MARK: - Event loss

    @Test func exclusiveMembersAreNetted() {
        var rig = Rig(instruments: ["KX-A", "KX-B"], eventSet: "KX", isExclusive: true)
        rig.limit(.eventLossMax, "0.35", at: .event, eventSet: "KX")
        for (name, at) in [("KX-A", "0.40"), ("KX-B", "0.30")] {
            let parent = rig.declare(.sell, instrument: name).id
            let request = rig.makeRequest(.sell, at, "1", instrument: name, intent: parent)
            rig.limit(.eventLossMax, "1000", at: .event, eventSet: "KX")
            let judgement = rig.send(request, reference: rig.quote(instrument: name))
            #expect(judgement.isPermitted)
            rig.fill(judgement.orderID, "1")
        }
        // NO at 60 cents and NO at 70 cents lose at most 30 cents, plus what one cent more adds.
        rig.limit(.eventLossMax, "0.30", at: .event, eventSet: "KX")
        let parent = rig.declare(.buy, instrument: "KX-A").id
        let request = rig.makeRequest(.buy, "0.40", "0.01", instrument: "KX-A", intent: parent)
        let judgement = rig.send(request, reference: rig.quote(instrument: "KX-A"))
        #expect(judgement.reason == .eventLossExceeded)
        #expect(judgement.level == .event)
        #expect(Money(units: judgement.value) < amount("0.32"))
        rig.check()
    }

    @Test func unverifiedExclusivityIsNotNetted() {
        var rig = Rig(instruments: ["KX-A", "KX-B"], eventSet: "KX")
        rig.limit(.eventLossMax, "1.29", at: .event, eventSet: "KX")
        let first = rig.order(.sell, "0.40", "1", instrument: "KX-A")
        rig.fill(first.orderID, "1")
        #expect(rig.order(.sell, "0.30", "1", instrument: "KX-B").reason == .eventLossExceeded)
    }

    // MARK: - Collateral

    @Test func cashMustCoverWhatIsLocked() {
        var rig = Rig(cash: "10.05")
        // Ten contracts at 0.50 cost five, and at most a fee of 0.185 is reserved with them.
        #expect(rig.order(.buy, "0.50", "10").isPermitted)
        #expect(rig.reserved == amount("5.185"))
        let denied = rig.order(.buy, "0.50", "10")
        #expect(denied.reason == .collateralInsufficient)
        #expect(denied.limit == units("10.05"))
        #expect(denied.value == units("10.37"))
        #expect(rig.order(.buy, "0.50", "9").isPermitted)
        rig.check()
    }

    @Test(arguments: [("5.1849", false), ("5.185", true), ("5.1851", true)])
    func theLastUnitOfCashCounts(cash: String, isPermitted: Bool) {
        var rig = Rig(cash: cash)
        #expect(rig.order(.buy, "0.50", "10").isPermitted == isPermitted)
    }

    @Test func aSaleOfWhatIsHeldLocksOnlyItsFee() {
        var rig = Rig(cash: "6")
        let held = rig.order(.buy, "0.50", "10")
        rig.fill(held.orderID, "10")
        #expect(rig.cash == amount("1"))
        #expect(rig.order(.sell, "0.52", "10").isPermitted)
        #expect(rig.reserved == amount("0.18472"))
        rig.check()
    }

    @Test func purchasesAndSalesOfOneInstrumentLockTheLarger() {
        var rig = Rig()
        #expect(rig.order(.buy, "0.40", "10").isPermitted)
        #expect(rig.order(.sell, "0.60", "10").isPermitted)
        // Both sides cost four; they cannot both end up open.
        #expect(rig.reserved == amount("4") + amount("0.356"))
    }

    @Test func collateralIsLimitedPerScope() {
        var rig = Rig(instruments: ["KX-1", "KX-2"])
        rig.limit(.collateralMax, "6", at: .strategy)
        #expect(rig.order(.buy, "0.50", "10").isPermitted)
        let denied = rig.order(.buy, "0.50", "10", instrument: "KX-2")
        #expect(denied.reason == .collateralInsufficient)
        #expect(denied.level == .strategy)
        #expect(rig.order(.buy, "0.50", "1", instrument: "KX-2").isPermitted)
    }

    // MARK: - Self-trade

    @Test(arguments: [("0.49", true), ("0.50", false), ("0.51", false)])
    func deniesAPurchaseThatWouldMeetOurOwnSale(at: String, isPermitted: Bool) {
        var rig = Rig()
        let other = StrategyKey(
            org: Rig.owner.org, account: Rig.owner.account, mode: .paper, strategy: named("second"))
        rig.grant(other, to: Rig.agentID)
        let resting = rig.order(.sell, "0.50", "1")
        let judgement = rig.order(.buy, at, "1", owner: other)
        #expect(judgement.isPermitted == isPermitted)
        if !isPermitted {
            #expect(judgement.reason == .selfTrade)
            rig.fate(resting.orderID, .cancelled)
            #expect(rig.order(.buy, at, "1", owner: other).isPermitted)
        }
        rig.check()
    }

    @Test func deniesASaleThatWouldMeetOurOwnPurchase() {
        var rig = Rig()
        #expect(rig.order(.buy, "0.45", "1").isPermitted)
        #expect(rig.order(.buy, "0.48", "1").isPermitted)
        let denied = rig.order(.sell, "0.47", "1")
        #expect(denied.reason == .selfTrade)
        #expect(denied.limit == units("0.48"))
        #expect(rig.order(.sell, "0.49", "1").isPermitted)
    }

    // MARK: - Limits

    @Test(arguments: LimitKind.mandatory)
    func aMissingMandatoryLimitDenies(kind: LimitKind) {
        var rig = Rig(without: kind)
        let isMessage = kind == .messagesPerSecond || kind == .messageBurst
        if isMessage {
            #expect(rig.declare(.buy).judgement.reason == .limitMissing)
            return
        }
        // A passive order for the passive collar, an aggressive one for the other.
        let judgement = rig.order(.buy, kind == .collarPassive ? "0.40" : "0.55", "1")
        #expect(judgement.reason == .limitMissing)
    }

    @Test(arguments: [
        LimitLevel.firm, .org, .account, .strategy, .instrument, .event, .venue,
    ])
    func theTightestAncestorBinds(level: LimitLevel) {
        for kind in [
            LimitKind.orderQuantityMax, .positionMax, .openNotionalMax, .openOrdersMax,
            .orderNotionalMax, .eventLossMax, .orderBurst,
        ] {
            var rig = Rig()
            rig.limit(.ordersPerSecond, "1000", at: level)
            rig.limit(kind, "0.5", at: level)
            let judgement = rig.order(.buy, "0.50", "2")
            #expect(!judgement.isPermitted, "\(kind) at \(level)")
            #expect(judgement.level == level, "\(kind) at \(level)")
            #expect(judgement.limit == units("0.5"), "\(kind) at \(level)")
        }
    }

    @Test func limitsSetBeforeTheirScopeExistsHold() {
        var rig = Rig()
        rig.limit(.orderQuantityMax, "1", at: .instrument, instrument: "KX-9")
        rig.define("KX-9", eventSet: "KX-9")
        #expect(rig.order(.buy, "0.50", "2", instrument: "KX-9").reason == .sizeAboveMaximum)
    }
}
