import Portfolio
import Risk
import Testing
import Trading
import Wire

/// Moves of capital between scopes: whole or not at all, once under a key, never below what is at
/// risk and never above a limit.
@Suite struct CapitalTests {
    static let other = StrategyKey(
        org: Rig.owner.org, account: Rig.owner.account, mode: .paper, strategy: named("second"))

    private func desk(mine: String = "10", others: String = "5") -> DirectiveDesk {
        var desk = DirectiveDesk()
        desk.rig.grant(CapitalTests.other, to: Rig.agentID)
        desk.rig.limit(.collateralMax, "20")
        desk.rig.limit(.collateralMax, mine, at: .strategy)
        desk.rig.limit(.collateralMax, others, at: .strategy, owner: CapitalTests.other)
        return desk
    }

    private func budgets(_ desk: DirectiveDesk) -> [Int64] {
        [Rig.owner, CapitalTests.other].map { key in
            desk.rig.engine.limitViews.first {
                $0.place == LimitPlace(.strategy(key), .collateralMax)
            }?.value ?? -1
        }
    }

    @Test func aMoveChangesBothAndItsKeyCountsOnce() throws {
        var desk = desk()
        let version = desk.rig.engine.limitSnapshot
        let moved = desk.move("4", key: "k1")
        #expect(moved == .limitsInForce(version: version + 1))
        #expect(budgets(desk) == [units("6"), units("9")])
        desk.requireSameAfterRestore()
        // Written again by hand, under the same key.
        #expect(desk.move("4", key: "k1") == .repeated)
        #expect(budgets(desk) == [units("6"), units("9")])
        #expect(
            desk.move("3", key: "k1")
                == .capitalRefused(.keyUsed(try key("k1"), version: version + 1)))
        // Back again, by another.
        #expect(desk.move("4", key: "k2", isBack: true)?.isAccepted == true)
        #expect(budgets(desk) == [units("10"), units("5")])
        let moves = desk.rig.engine.capitalMoves
        #expect(moves.map(\.key) == [try key("k1"), try key("k2")])
        #expect(moves[0].reason == "why not" && moves[0].signer == named("alice"))
        desk.requireSameAfterRestore()
        desk.rig.check()
    }

    /// The same directive again, as a replay of the message would be.
    @Test func theSameDirectiveCountsOnce() {
        var desk = desk()
        let directive = desk.moving("4", key: "k1")
        #expect(desk.give(directive, by: ["alice"])?.isAccepted == true)
        #expect(desk.give(directive, by: ["alice"]) == .directiveRefused(.spent))
        #expect(budgets(desk) == [units("6"), units("9")])
    }

    @Test func nothingBelowWhatIsAtRisk() {
        var desk = desk()
        desk.rig.limit(.collateralMax, "30")
        let order = desk.rig.order(.buy, "0.50", "10")
        #expect(order.isPermitted)
        let use = desk.rig.engine.limitUses.first {
            $0.place == LimitPlace(.strategy(Rig.owner), .collateralMax)
        }
        let used = Money(units: use?.used ?? 0)
        #expect(used >= amount("5"))
        let most = amount("10") - used
        #expect(desk.move(most.description, key: "k1")?.isAccepted == true)
        #expect(
            desk.move("0.01", key: "k2")
                == .capitalRefused(
                    .atRisk(
                        .strategy(Rig.owner), left: used - amount("0.01"), used: used)))
        desk.rig.check()
    }

    @Test func nothingAboveALimit() {
        var desk = desk(mine: "18", others: "5")
        #expect(
            desk.move("15.01", key: "k1")
                == .capitalRefused(
                    .aboveLimit(
                        .strategy(CapitalTests.other), limit: amount("20"), of: .firm)))
        #expect(desk.move("15", key: "k1")?.isAccepted == true)
        #expect(budgets(desk) == [units("3"), units("20")])
    }

    /// Without a limit above both, the sum would be bounded by nothing.
    @Test func nothingWithoutACeiling() {
        var desk = DirectiveDesk()
        desk.rig.grant(CapitalTests.other, to: Rig.agentID)
        desk.rig.limit(.collateralMax, "10", at: .strategy)
        desk.rig.limit(.collateralMax, "5", at: .strategy, owner: CapitalTests.other)
        #expect(desk.move("1", key: "k1") == .capitalRefused(.noCeiling))
    }

    @Test func whoHasNoneGivesAndGetsNone() {
        var desk = DirectiveDesk()
        desk.rig.grant(CapitalTests.other, to: Rig.agentID)
        desk.rig.limit(.collateralMax, "20")
        #expect(desk.move("1", key: "a") == .capitalRefused(.noBudget(.strategy(Rig.owner))))
        desk.rig.limit(.collateralMax, "10", at: .strategy)
        #expect(
            desk.move("1", key: "b")
                == .capitalRefused(.noBudget(.strategy(CapitalTests.other))))
    }

    @Test func nonsenseIsRefused() {
        var desk = desk()
        #expect(desk.move("0", key: "a") == .capitalRefused(.wrongAmount))
        #expect(desk.move("-1", key: "b") == .capitalRefused(.wrongAmount))
        #expect(
            desk.move("1", key: "c") { $0.toStrategy = $0.fromStrategy }
                == .capitalRefused(.wrongScopes))
        #expect(
            desk.move("1", key: "d") { $0.level = .instrument } == .capitalRefused(.wrongScopes))
        let nobody = StrategyKey(
            org: Rig.owner.org, account: Rig.owner.account, mode: .paper,
            strategy: named("nobody"))
        #expect(
            desk.move("1", key: "e") { $0.toStrategy = nobody.strategy }
                == .capitalRefused(.unknownScope(.strategy(nobody))))
        #expect(budgets(desk) == [units("10"), units("5")])
    }

    /// What one org has does not become another's by one signature, nor by a strategy's name.
    @Test func betweenOrgsItTakesTheQuorum() {
        var desk = desk()
        let rival = StrategyKey(
            org: named("rival"), account: named("main"), mode: .paper, strategy: named("updown"))
        desk.rig.open(rival, cash: "100", gateway: named("gw-rival"))
        desk.rig.limit(.collateralMax, "8", at: .org)
        desk.rig.limit(.collateralMax, "3", at: .org, owner: rival)
        #expect(
            desk.move("1", key: "a") { $0.toOrg = rival.org } == .capitalRefused(.wrongScopes))
        let between = desk.moving("1", key: "b") { move in
            move.level = .org
            move.toOrg = rival.org
        }
        #expect(
            desk.give(between, by: ["alice"])
                == .directiveRefused(.quorumMissing(signed: 1, needed: 2)))
        #expect(desk.give(between, by: ["alice", "bob"])?.isAccepted == true)
        #expect(
            desk.rig.engine.limitViews.filter { $0.place.scope.level == .org }.map(\.value)
                == [units("7"), units("4")])
        desk.requireSameAfterRestore()
    }

    /// - Attack admin-rogue, 2 tries: a move of capital by a stranger, and by nobody.
    @Test func itTakesAnOperator() {
        var desk = desk()
        let first = desk.moving("1", key: "a")
        #expect(
            desk.give(first, by: ["mallory"])
                == .directiveRefused(.unknownOperator(named("mallory"))))
        #expect(desk.give(first, by: []) == .directiveRefused(.notSigned))
        #expect(budgets(desk) == [units("10"), units("5")])
    }

    /// What was bounded is bounded: the strategy that gave can open no more than is left to it.
    @Test func theNewBudgetsBind() {
        var desk = desk(mine: "10", others: "0")
        #expect(desk.move("8", key: "k1")?.isAccepted == true)
        #expect(desk.rig.order(.buy, "0.50", "10").reason == .collateralInsufficient)
        #expect(desk.rig.order(.buy, "0.50", "10", owner: CapitalTests.other).isPermitted)
        desk.rig.check()
    }

    private func key(_ text: String) throws -> LongName { try #require(LongName(text)) }
}

extension DirectiveDesk {
    /// A move from the rig's strategy to the other one, or back.
    fileprivate mutating func moving(
        _ text: String, key: String, isBack: Bool = false,
        adjust: (inout CapitalDirective) -> Void = { _ in }
    ) -> [UInt8] {
        number += 1
        let (from, to) =
            isBack ? (CapitalTests.other, Rig.owner) : (Rig.owner, CapitalTests.other)
        var directive = CapitalDirective(
            cluster: named("test"), number: number, key: LongName(key) ?? .empty,
            level: .strategy, mode: .paper, fromOrg: from.org, fromAccount: from.account,
            fromStrategy: from.strategy, fromVenue: .empty, toOrg: to.org,
            toAccount: to.account, toStrategy: to.strategy, toVenue: .empty,
            amount: amount(text), issuedAt: wall, expiresAt: wall + .seconds(3_600))
        adjust(&directive)
        return directive.frame(reason: Array("why not".utf8))
    }

    fileprivate mutating func move(
        _ text: String, key: String, isBack: Bool = false,
        adjust: (inout CapitalDirective) -> Void = { _ in }
    ) -> OperatorOutcome? {
        give(moving(text, key: key, isBack: isBack, adjust: adjust), by: ["alice"])
    }
}
