import Portfolio
import Risk
import Testing
import Trading
import Wire

/// One order past one limit: exactly this order, once, within its time, by the quorum, and never
/// past what is no limit (RTS 6, article 15).
@Suite struct OverrideTests {
    @Test func oneOrderPassesOneLimitOnce() throws {
        var desk = DirectiveDesk()
        desk.rig.limit(.positionMax, "5")
        #expect(desk.rig.order(.buy, "0.50", "6").reason == .positionExceeded)
        #expect(desk.override(.positionExceeded, "6") == .done)
        desk.requireSameAfterRestore()
        let passed = desk.rig.order(.buy, "0.50", "6")
        #expect(passed.isPermitted)
        let found = try #require(passed.result(of: .position))
        #expect(found.outcome == .overridden && found.reason == .positionExceeded)
        #expect(found.limit == units("5") && found.value == units("6"))
        desk.requireSameAfterRestore()
        #expect(desk.rig.order(.buy, "0.50", "6").reason == .positionExceeded)
        desk.rig.check()
    }

    /// A restart of the core keeps what waits.
    @Test func aRestartKeepsIt() throws {
        var desk = DirectiveDesk()
        desk.rig.limit(.orderNotionalMax, "2")
        #expect(desk.override(.notionalAboveMaximum, "6") == .done)
        desk.rig.engine = Rig.mutated(try RiskEngine(snapshot: desk.rig.engine.snapshotBytes()))
        #expect(desk.rig.order(.buy, "0.50", "6").isPermitted)
        #expect(desk.rig.order(.buy, "0.50", "6").reason == .notionalAboveMaximum)
    }

    @Test func noOtherOrderPasses() {
        var desk = DirectiveDesk(instruments: ["KX-1", "KX-2"])
        desk.rig.limit(.positionMax, "5")
        desk.rig.limit(.eventLossMax, "4")
        #expect(desk.override(.positionExceeded, "6") == .done)
        #expect(desk.rig.order(.buy, "0.50", "6.01").reason == .positionExceeded)
        #expect(desk.rig.order(.buy, "0.49", "6").reason == .positionExceeded)
        #expect(desk.rig.order(.sell, "0.50", "6").reason == .positionExceeded)
        let other = desk.rig.order(.buy, "0.50", "6", instrument: "KX-2")
        #expect(other.reason == .positionExceeded)
        // The order itself passes its limit, and no other.
        desk.rig.limit(.eventLossMax, "1")
        #expect(desk.rig.order(.buy, "0.50", "6").reason == .eventLossExceeded)
        desk.rig.limit(.eventLossMax, "4")
        #expect(desk.rig.order(.buy, "0.50", "6").isPermitted)
    }

    @Test func itExpires() {
        var desk = DirectiveDesk()
        desk.rig.limit(.positionMax, "5")
        #expect(desk.override(.positionExceeded, "6", lasting: .seconds(10)) == .done)
        desk.rig.pass(.seconds(10))
        #expect(desk.rig.order(.buy, "0.50", "6").reason == .positionExceeded)
        #expect(desk.override(.positionExceeded, "6", lasting: .seconds(10)) == .done)
        desk.rig.pass(Span(nanoseconds: 9_999_999_999))
        #expect(desk.rig.order(.buy, "0.50", "6").isPermitted)
        // However long it was to last.
        #expect(desk.override(.positionExceeded, "6", lasting: .seconds(7 * 86_400)) == .done)
        desk.rig.pass(.seconds(3_600))
        #expect(!desk.rig.order(.buy, "0.50", "6").isPermitted)
    }

    /// - Attack admin-rogue, 3 tries: an override by one operator, by one twice, by a stranger.
    /// - Attack command-replayed, 1 try: an override that was obeyed before.
    @Test func itTakesTheQuorumAndCountsOnce() {
        var desk = DirectiveDesk()
        desk.rig.limit(.positionMax, "5")
        let one = desk.override(.positionExceeded, "6", by: ["alice"])
        #expect(one == .directiveRefused(.quorumMissing(signed: 1, needed: 2)))
        let twice = desk.override(.positionExceeded, "6", by: ["alice", "alice"])
        #expect(twice == .directiveRefused(.signedTwice(named("alice"))))
        let stranger = desk.override(.positionExceeded, "6", by: ["alice", "eve"])
        #expect(stranger == .directiveRefused(.unknownOperator(named("eve"))))
        #expect(desk.rig.order(.buy, "0.50", "6").reason == .positionExceeded)
        let frame = desk.overriding(.positionExceeded, "6")
        #expect(desk.give(frame, by: ["alice", "bob"]) == .done)
        #expect(desk.rig.order(.buy, "0.50", "6").isPermitted)
        #expect(desk.give(frame, by: ["alice", "bob"]) == .directiveRefused(.spent))
    }

    /// With real money, one operator alone has time to think again.
    @Test func oneOperatorAloneWaits() {
        var desk = DirectiveDesk(mode: .live, quorum: 1)
        guard
            case .directiveRefused(.waits) = desk.override(
                .positionExceeded, "6", by: ["alice"])
        else {
            Issue.record("one operator alone did not have to wait")
            return
        }
    }

    @Test(arguments: RejectReason.allCases.filter { !$0.isOverridable })
    func whatIsNoLimitIsNeverOverridden(reason: RejectReason) {
        var desk = DirectiveDesk()
        #expect(desk.override(reason, "6") == .directiveRefused(.notOverridable(reason.code)))
    }

    /// Of the controls that are never overridden, and of input that nobody can count.
    @Test func theListOfLimitsNamesNoHardControl() {
        let hard: [RejectReason] = [
            .identityUnknown, .identityMismatch, .grantMissing, .notArmed, .killed, .haltedScope,
            .reduceOnly, .collateralInsufficient, .arithmeticOverflow, .limitMissing,
            .quoteStale, .quoteMissing, .priceOutOfRange, .priceOffGrid, .sizeOffGrid,
            .sizeBelowMinimum, .selfTrade, .explanationMissing, .parentExceeded,
            .gatewayUnavailable, .drawdownHalted, .lossDailyExceeded, .instrumentNotOpen,
        ]
        for reason in hard { #expect(!reason.isOverridable, "\(reason)") }
        #expect(RejectReason.allCases.count { $0.isOverridable } == 21)
    }

    /// A control that bounds two things lets the order past one of them.
    @Test func theOtherHalfOfAControlStillBinds() {
        var desk = DirectiveDesk()
        desk.rig.limit(.openOrdersMax, "1")
        #expect(desk.rig.order(.buy, "0.40", "1").isPermitted)
        #expect(desk.rig.order(.buy, "0.50", "6").reason == .openOrdersExceeded)
        #expect(desk.override(.openOrdersExceeded, "6") == .done)
        desk.rig.limit(.openNotionalMax, "2")
        #expect(desk.rig.order(.buy, "0.50", "6").reason == .openNotionalExceeded)
        desk.rig.limit(.openNotionalMax, "100")
        #expect(desk.rig.order(.buy, "0.50", "6").isPermitted)

        desk = DirectiveDesk()
        desk.rig.limit(.grossNotionalMax, "5")
        desk.rig.limit(.netNotionalMax, "5")
        #expect(desk.override(.grossNotionalExceeded, "6") == .done)
        #expect(desk.rig.order(.buy, "0.50", "6").reason == .netNotionalExceeded)

        desk = DirectiveDesk()
        desk.rig.limit(.orderQuantityMax, "5")
        #expect(desk.override(.sizeAboveMaximum, "6.005") == .done)
        #expect(desk.rig.order(.buy, "0.50", "6.005").reason == .sizeOffGrid)
        #expect(desk.override(.sizeAboveMaximum, "6") == .done)
        #expect(desk.rig.order(.buy, "0.50", "6").isPermitted)
    }

    /// Each limit takes an approval of its own, and the order uses all of them up.
    @Test func anOrderOverTwoLimitsTakesTwo() {
        var desk = DirectiveDesk()
        desk.rig.limit(.positionMax, "5")
        desk.rig.limit(.orderNotionalMax, "2")
        #expect(desk.override(.positionExceeded, "6") == .done)
        #expect(desk.rig.order(.buy, "0.50", "6").reason == .notionalAboveMaximum)
        #expect(desk.override(.notionalAboveMaximum, "6") == .done)
        #expect(desk.rig.order(.buy, "0.50", "6").isPermitted)
        desk.requireSameAfterRestore()
        #expect(!desk.rig.order(.buy, "0.50", "6").isPermitted)
    }

    /// Two approvals of one limit are for two orders.
    @Test func twoOfOneLimitAreForTwoOrders() {
        var desk = DirectiveDesk()
        desk.rig.limit(.orderNotionalMax, "2")
        for _ in 0..<2 { #expect(desk.override(.notionalAboveMaximum, "6") == .done) }
        for _ in 0..<2 { #expect(desk.rig.order(.buy, "0.50", "6").isPermitted) }
        #expect(desk.rig.order(.buy, "0.50", "6").reason == .notionalAboveMaximum)
    }

    /// No more wait than a person can have in mind.
    @Test func onlyAFewWait() {
        var desk = DirectiveDesk()
        for count in 1...16 {
            #expect(desk.override(.positionExceeded, "\(count)") == .done)
        }
        #expect(desk.override(.positionExceeded, "17") == .directiveRefused(.tooMany))
        desk.rig.pass(.seconds(3_600))
        #expect(desk.override(.positionExceeded, "17") == .done)
    }

    @Test func aHaltStandsAboveIt() {
        var desk = DirectiveDesk()
        desk.rig.limit(.positionMax, "5")
        #expect(desk.override(.positionExceeded, "6") == .done)
        desk.rig.operate(.halt, nonce: 9)
        #expect(!desk.rig.order(.buy, "0.50", "6").isPermitted)
    }
}

extension DirectiveDesk {
    /// An override of a purchase at 0.50 in KX-1.
    mutating func overriding(
        _ denial: RejectReason, _ contracts: String, lasting: Span = .seconds(3_600)
    ) -> [UInt8] {
        number += 1
        return OverrideDirective(
            cluster: named("test"), number: number, denial: denial, org: Rig.owner.org,
            account: Rig.owner.account, mode: Rig.owner.mode, strategy: Rig.owner.strategy,
            instrument: named("KX-1"), side: .buy, price: price("0.50"),
            quantity: quantity(contracts), issuedAt: wall, expiresAt: wall + lasting
        ).frame(reason: Array("test".utf8))
    }

    mutating func override(
        _ denial: RejectReason, _ contracts: String, lasting: Span = .seconds(3_600),
        by signers: [String] = ["alice", "bob"]
    ) -> OperatorOutcome? {
        give(overriding(denial, contracts, lasting: lasting), by: signers)
    }
}
