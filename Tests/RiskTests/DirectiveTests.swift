import Portfolio
import Risk
import Testing
import Trading
import Wire

/// What lets more risk through: whose signatures, which halt, and only once.
@Suite struct DirectiveTests {
    @Test func aHaltIsClearedByTwoOperatorsAndNamesIt() {
        var desk = DirectiveDesk()
        desk.rig.operate(.halt, nonce: 1)
        #expect(desk.resume(by: []) == .directiveRefused(.notSigned))
        let one = desk.resume(by: ["alice"])
        #expect(one == .directiveRefused(.quorumMissing(signed: 1, needed: 2)))
        let twice = desk.resume(by: ["bob", "bob"])
        #expect(twice == .directiveRefused(.signedTwice(named("bob"))))
        let stranger = desk.resume(by: ["alice", "eve"])
        #expect(stranger == .directiveRefused(.unknownOperator(named("eve"))))
        #expect(desk.rig.engine.arming == .halted)
        desk.requireSameAfterRestore()
        #expect(desk.resume(by: ["alice", "bob"]) == .done)
        #expect(desk.rig.engine.arming == .armed)
        desk.requireSameAfterRestore()
    }

    @Test func whatHasExpiredOrIsForAnotherClusterIsRefused() {
        var desk = DirectiveDesk()
        let wall = desk.wall
        let late = wall + .seconds(7 * 86_400 + 1)
        desk.rig.operate(.halt, nonce: 1)
        let refused: [((inout OperatorDirective) -> Void, DirectiveRefusal)] = [
            ({ $0.expiresAt = wall }, .expired(at: wall)),
            ({ $0.expiresAt = late }, .expiresTooLate(at: late)),
            ({ $0.cluster = named("other") }, .otherCluster(named("other"))),
            ({ $0.action = .halt }, .noDirective),
            ({ $0.action = .stop }, .noDirective),
        ]
        for (adjust, refusal) in refused {
            #expect(desk.resume(adjust: adjust) == .directiveRefused(refusal))
        }
        #expect(desk.rig.engine.arming == .halted)
        #expect(desk.resume { $0.expiresAt = wall + .seconds(7 * 86_400) } == .done)
    }

    /// The numbers of a spent one stay until it expires, in a snapshot too.
    @Test func itCountsOnce() throws {
        var desk = DirectiveDesk()
        desk.rig.operate(.halt, nonce: 1)
        let frame = desk.directive()
        #expect(desk.give(frame, by: ["alice", "bob"]) == .done)
        desk.rig.operate(.halt, nonce: 2)
        #expect(desk.give(frame, by: ["alice", "bob"]) == .directiveRefused(.spent))
        desk.rig.engine = Rig.mutated(try RiskEngine(snapshot: desk.rig.engine.snapshotBytes()))
        #expect(desk.give(frame, by: ["alice", "bob"]) == .directiveRefused(.spent))
        desk.wall = desk.wall + .seconds(3_600)
        guard case .directiveRefused(.expired) = desk.give(frame, by: ["alice", "bob"]) else {
            Issue.record("an expired directive was not refused as one")
            return
        }
        #expect(desk.rig.engine.arming == .halted)
    }

    /// Whoever latched it: an operator again, a break, a brake.
    @Test func aLaterHaltSupersedes() {
        var desk = DirectiveDesk()
        desk.rig.operate(.halt, nonce: 1)
        let old = desk.directive()
        desk.rig.operate(.halt, nonce: 2)
        guard case .directiveRefused(.superseded) = desk.give(old, by: ["alice", "bob"]) else {
            Issue.record("an old approval cleared a new halt")
            return
        }
        #expect(desk.resume() == .done)

        let scope = HaltScope(
            .account, org: Rig.owner.org, account: Rig.owner.account)
        let early = desk.directive(scope)
        desk.rig.fill(OrderID(999), "1")
        #expect(!desk.rig.order(.buy, "0.50", "1").isPermitted)
        guard case .directiveRefused(.superseded) = desk.give(early, by: ["alice", "bob"]) else {
            Issue.record("an approval from before cleared what came after")
            return
        }
        desk.requireSameAfterRestore()
        #expect(desk.resume(scope) == .done)
    }

    /// Another org's halt is nobody else's matter.
    @Test func aHaltOfAnotherScopeSupersedesNothing() {
        var desk = DirectiveDesk()
        let strategy = HaltScope(
            .strategy, org: Rig.owner.org, account: Rig.owner.account,
            strategy: Rig.owner.strategy)
        desk.rig.operate(.halt, .strategy, nonce: 1) {
            $0.org = Rig.owner.org
            $0.account = Rig.owner.account
            $0.strategy = Rig.owner.strategy
        }
        let frame = desk.directive(strategy)
        desk.rig.operate(.halt, .venue, nonce: 2) { $0.venue = named("elsewhere") }
        #expect(desk.give(frame, by: ["alice", "bob"]) == .done)
        #expect(desk.rig.order(.buy, "0.50", "1").isPermitted)
    }

    @Test func aPostingTakesTwoAndCountsOnce() {
        var desk = DirectiveDesk()
        let before = desk.rig.cash
        let frame = desk.posting("5")
        #expect(
            desk.give(frame, by: ["alice"])
                == .directiveRefused(.quorumMissing(signed: 1, needed: 2)))
        #expect(desk.rig.cash == before)
        #expect(desk.give(frame, by: ["alice", "bob"]) == .done)
        #expect(desk.give(frame, by: ["alice", "bob"]) == .directiveRefused(.spent))
        #expect(desk.rig.cash == before + amount("5"))
        #expect(desk.give(desk.posting("0"), by: ["alice", "bob"]) == .wrongAmount)
        desk.requireSameAfterRestore()
    }

    /// Paper arms by itself, so one may arm it; live takes the quorum.
    @Test(arguments: [(Mode.paper, true), (.live, false)])
    func armingLiveTakesTwo(mode: Mode, isFree: Bool) {
        var desk = DirectiveDesk(mode: mode)
        desk.rig.register(1, [Rig.registered("KX")])
        desk.rig.operate(.disarm, nonce: 1)
        let alone = desk.give(desk.directive { $0.action = .arm }, by: ["alice"])
        #expect(
            alone
                == (isFree ? .done : .directiveRefused(.quorumMissing(signed: 1, needed: 2))))
        if isFree { return }
        let stale = desk.directive { $0.action = .arm }
        #expect(desk.give(desk.directive { $0.action = .arm }, by: ["alice", "bob"]) == .done)
        #expect(desk.rig.engine.arming == .armed)
        desk.rig.operate(.disarm, nonce: 2)
        guard case .directiveRefused(.superseded) = desk.give(stale, by: ["alice", "bob"]) else {
            Issue.record("an approval from before a disarm armed")
            return
        }
    }

    /// With real money, what one operator alone gives waits from when it first came.
    @Test func aLoneOperatorWaitsInLive() throws {
        var desk = DirectiveDesk(mode: .live, quorum: 1)
        desk.rig.register(1, [Rig.registered("KX")])
        desk.rig.operate(.halt, nonce: 1)
        let frame = desk.directive()
        let due = desk.wall + .seconds(600)
        #expect(desk.give(frame, by: ["alice"]) == .directiveRefused(.waits(until: due)))
        desk.requireSameAfterRestore()
        desk.wall = due - .seconds(1)
        #expect(desk.give(frame, by: ["alice"]) == .directiveRefused(.waits(until: due)))
        desk.wall = due
        #expect(desk.give(frame, by: ["alice"]) == .done)
        let posting = desk.give(desk.posting("5"), by: ["alice"])
        let later = desk.wall + .seconds(12 * 3_600)
        #expect(posting == .directiveRefused(.waits(until: later)))
    }

    @Test func whatWaitsIsBounded() {
        var desk = DirectiveDesk(mode: .live, quorum: 1)
        for _ in 0..<256 { _ = desk.give(desk.posting("5"), by: ["alice"]) }
        #expect(desk.give(desk.posting("5"), by: ["alice"]) == .directiveRefused(.tooMany))
        desk.wall = desk.wall + .seconds(3_601)
        guard case .directiveRefused(.waits) = desk.give(desk.posting("5"), by: ["alice"]) else {
            Issue.record("what has expired still counts")
            return
        }
    }
}

/// A rig with two operators, and a wall clock of its own.
struct DirectiveDesk {
    var rig: Rig
    var wall = Timestamp(seconds: 1_800_000_000)
    var number: UInt64 = 1_000

    init(mode: Mode = .paper, quorum: UInt32 = 2, instruments: [String] = ["KX-1"]) {
        rig = Rig(instruments: instruments, mode: mode)
        let members = ["alice", "bob"].map { OperatorsSet.OperatorsEntry(name: named($0)) }
        rig.applyFrame(OperatorsSet(quorum: quorum).frame(operators: members))
    }

    /// A resume of what stands in the scope now.
    mutating func directive(
        _ scope: HaltScope = HaltScope(.all),
        adjust: (inout OperatorDirective) -> Void = { _ in }
    ) -> [UInt8] {
        number += 1
        var directive = OperatorDirective(
            cluster: named("test"), number: number, action: .resume, scope: scope.kind,
            org: scope.org, account: scope.account, strategy: scope.strategy, venue: scope.venue,
            instrument: scope.instrument, issuedAt: wall, expiresAt: wall + .seconds(3_600),
            halt: rig.engine.newestHalt(under: scope))
        adjust(&directive)
        return directive.frame(latches: [], reason: Array("test".utf8))
    }

    mutating func posting(_ text: String) -> [UInt8] {
        number += 1
        return PostingDirective(
            cluster: named("test"), number: number, why: .transfer, org: Rig.owner.org,
            account: Rig.owner.account, mode: Rig.owner.mode, amount: amount(text),
            issuedAt: wall, expiresAt: wall + .seconds(3_600)
        ).frame(reason: [])
    }

    mutating func give(_ directive: [UInt8], by signers: [String]) -> OperatorOutcome? {
        rig.applyFrame(
            DirectiveGiven(nonce: 1, receivedAt: wall, isObeyed: .no).frame(
                signatures: signers.map {
                    DirectiveGiven.SignaturesEntry(operator: named($0), signature: .zero)
                }, directive: directive))
        for case .reply(_, _, _, let outcome) in rig.effects.items { return outcome }
        return nil
    }

    mutating func resume(
        _ scope: HaltScope = HaltScope(.all), by signers: [String] = ["alice", "bob"],
        adjust: (inout OperatorDirective) -> Void = { _ in }
    ) -> OperatorOutcome? {
        give(directive(scope, adjust: adjust), by: signers)
    }

    /// The state survives a restart, and the journal gives it again.
    func requireSameAfterRestore(_ location: SourceLocation = #_sourceLocation) {
        let bytes = rig.engine.snapshotBytes()
        let restored = try? RiskEngine(snapshot: bytes)
        #expect(restored?.snapshotBytes() == bytes, sourceLocation: location)
        var replayed = RiskEngine(cluster: named("test"))
        var effects = RiskEffects()
        for entry in rig.journal { _ = try? replayed.recover(entry, into: &effects) }
        #expect(replayed.snapshotBytes() == bytes, sourceLocation: location)
    }
}
