import Portfolio
import Risk
import Testing
import Trading
import Wire

/// What money that moved beside trades does to brakes.
@Suite struct PostedMoneyTests {
    private func post(_ rig: inout Rig, _ why: PostingReason, _ text: String) {
        rig.effects.removeAll()
        rig.engine.apply(
            OperatorPosting(
                nonce: rig.nonce, why: why, org: Rig.owner.org, account: Rig.owner.account,
                mode: .paper, amount: amount(text), operator: named("local"), issuedAt: rig.now,
                signature: .zero), at: rig.now, into: &rig.effects)
    }

    private func face(_ rig: Rig, _ level: LimitLevel) -> BrakeFace? {
        rig.engine.brakeViews.first { $0.scope.level == level }?.face
    }

    @Test(
        arguments: [LimitLevel.firm, .org, .account],
        [PostingReason.correction, .funding])
    func whatIsPaidBesideTradesIsALoss(level: LimitLevel, why: PostingReason) throws {
        for (paid, isHalted) in [("-9.999999999", false), ("-10", false), ("-10.000000001", true)] {
            var rig = Rig()
            rig.limit(.lossDailyMax, "10", at: level)
            post(&rig, why, paid)
            #expect(face(rig, level)?.phase == (isHalted ? .halted : .normal), "\(paid)")
            rig.check()
            let bytes = rig.engine.snapshotBytes()
            let restored = try RiskEngine(snapshot: bytes)
            #expect(restored.snapshotBytes() == bytes)
            #expect(restored.brakeViews == rig.engine.brakeViews)
            #expect(restored.firstBreak() == nil)
        }
    }

    @Test func capitalThatLeavesIsNoLoss() {
        var rig = Rig()
        rig.limit(.lossDailyMax, "10", at: .account)
        post(&rig, .transfer, "-100")
        #expect(face(rig, .account)?.phase == .normal)
        #expect(rig.order(.buy, "0.50", "1").isPermitted)
        rig.check()
    }

    @Test func itIsAGainOfTheAccountAndOfNoStrategy() {
        var rig = Rig()
        post(&rig, .funding, "3")
        let earned = rig.engine.brakeViews.map { ($0.scope.level, $0.earned) }
        for (level, money) in earned {
            #expect(money == (level == .strategy ? .zero : amount("3")), "\(level)")
        }
    }
}

/// Limits that change while they are used.
@Suite struct ChangedLimitTests {
    @Test(arguments: [LimitLevel.strategy, .account, .org, .firm, .venue])
    func aLowerFillLimitGivesNothingBack(level: LimitLevel) {
        for (later, fills, isHalted) in [("6", 0, false), ("6", 1, true), ("600", 1, false)] {
            var rig = Rig()
            rig.limit(.fillsPerMinuteMax, "60", at: level)
            let order = rig.order(.buy, "0.50", "100")
            for _ in 0..<6 { rig.fill(order.orderID, "1") }
            rig.limit(.fillsPerMinuteMax, later, at: level)
            for _ in 0..<fills { rig.fill(order.orderID, "1") }
            #expect((rig.engine.status.halts == 1) == isHalted, "\(later) at \(level)")
        }
    }

    @Test func anotherScopesLimitThatDoesNotBindChangesNothing() {
        var rig = Rig()
        rig.limit(.fillsPerMinuteMax, "6", at: .firm)
        let order = rig.order(.buy, "0.50", "100")
        for _ in 0..<6 { rig.fill(order.orderID, "1") }
        rig.limit(.fillsPerMinuteMax, "600", at: .org)
        rig.pass(.seconds(10))
        rig.fill(order.orderID, "1")
        #expect(rig.engine.status.halts == 0)
        rig.fill(order.orderID, "1")
        #expect(rig.engine.status.halts == 1)
    }

    @Test(arguments: [LimitLevel.instrument, .event])
    func collateralOfAnInstrumentIsThatOfItsEvent(level: LimitLevel) throws {
        let fee = try #require(FeeReserve.bound(price("0.50"), quantity("4")))
        let loss = amount("4") + fee
        for (room, isPermitted) in [(Int64(-1), false), (0, true), (1, true)] {
            var rig = Rig()
            let held = rig.order(.buy, "0.50", "4")
            rig.fill(held.orderID, "4")
            rig.limit(.collateralMax, (loss + Money(units: room)).description, at: level)
            let judged = rig.order(.buy, "0.50", "4")
            #expect(judged.isPermitted == isPermitted, "\(room)")
            if !isPermitted {
                #expect(judged.reason == .collateralInsufficient)
                #expect(judged.level == level)
                #expect(judged.value == loss.units)
            }
        }
    }
}

extension Rig {
    fileprivate var nonce: UInt64 { 1_000 }
}
