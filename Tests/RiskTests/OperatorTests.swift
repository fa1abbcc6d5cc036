import Risk
import Testing
import Trading
import Wire

@Suite struct OperatorTests {
    @Test func paperArmsItselfAfterReconciliation() {
        var rig = Rig()
        #expect(rig.engine.arming == .armed)
        rig.apply(
            CoreStarted(
                startedEpoch: Epoch(2), engineVersion: 1, mode: .paper, isCrashLoop: .no))
        #expect(rig.engine.arming == .disarmed)
        rig.connectGateway(lease: 2)
        #expect(rig.engine.arming == .disarmed)
        rig.reconcile(breaks: 2)
        #expect(rig.engine.arming == .disarmed)
        rig.reconcile()
        #expect(rig.engine.arming == .armed)
    }

    @Test func paperStaysDisarmedUntilTheOperatorWhoDisarmedArms() throws {
        var rig = Rig()
        rig.operate(.disarm, nonce: 1)
        rig.reconcile()
        #expect(rig.engine.arming == .disarmed)
        rig.engine = Rig.mutated(try RiskEngine(snapshot: rig.engine.snapshotBytes()))
        rig.restart()
        #expect(rig.engine.arming == .disarmed)
        #expect(rig.operate(.arm, nonce: 2) == .done)
        rig.restart(epoch: 3)
        #expect(rig.engine.arming == .armed)
    }

    @Test func aStoppedRunEndsDisarmedAndTheNextArmsItself() throws {
        var rig = Rig()
        rig.operate(.stop, nonce: 1)
        rig.engine = Rig.mutated(try RiskEngine(snapshot: rig.engine.snapshotBytes()))
        rig.connectGateway(lease: 2)
        rig.reconcile()
        #expect(rig.engine.arming == .disarmed)
        rig.restart()
        #expect(rig.engine.arming == .armed)
    }

    @Test(arguments: [Mode.shadow, .live])
    func otherModesWaitForAnOperator(mode: Mode) {
        var rig = Rig(mode: mode)
        #expect(rig.engine.arming == .disarmed)
        if mode == .live {
            #expect(rig.operate(.arm, nonce: 1) == .registryMissing)
            #expect(rig.engine.arming == .disarmed)
            rig.register(1, [Rig.registered("KX")])
        }
        #expect(rig.operate(.arm, nonce: 2) == .done)
        #expect(rig.engine.arming == .armed)
    }

    @Test func aCrashLoopStaysDisarmedUntilAnOperatorArms() {
        var rig = Rig()
        rig.apply(
            CoreStarted(
                startedEpoch: Epoch(2), engineVersion: 1, mode: .paper, isCrashLoop: .yes))
        rig.connectGateway(lease: 2)
        rig.reconcile()
        #expect(rig.engine.arming == .disarmed)
        rig.operate(.arm, nonce: 1)
        #expect(rig.engine.arming == .armed)
    }

    @Test func aGatewayAheadOfTheJournalBlocksArming() {
        var rig = Rig()
        rig.operate(.disarm, nonce: 1)
        rig.connectGateway(lease: 2, highestEpoch: 9)
        rig.reconcile()
        #expect(rig.engine.arming == .disarmed)
        #expect(rig.operate(.arm, nonce: 2) == .gatewayAhead)
    }

    @Test func aHaltIsLatchedOverARestart() {
        var rig = Rig()
        rig.operate(.halt, nonce: 1)
        rig.apply(
            CoreStarted(
                startedEpoch: Epoch(2), engineVersion: 1, mode: .paper, isCrashLoop: .no))
        rig.connectGateway(lease: 2)
        rig.reconcile()
        #expect(rig.engine.arming == .halted)
        #expect(rig.operate(.arm, nonce: 2) == .halted)
        #expect(rig.operate(.resume, nonce: 3) == .done)
        #expect(rig.engine.arming == .armed)
        #expect(rig.order(.buy, "0.50", "1").isPermitted)
    }

    @Test func aHaltCancelsWhatIsOpenUnderIt() {
        var rig = Rig(instruments: ["KX-1", "KX-2"])
        let first = rig.order(.buy, "0.50", "1")
        let second = rig.order(.buy, "0.50", "1", instrument: "KX-2")
        rig.operate(.halt, .instrument, nonce: 1) { $0.instrument = named("KX-2") }
        var cancelled: [OrderID] = []
        for case .cancel(let cancel, _) in rig.effects.items {
            cancelled.append(cancel.orderID)
            #expect(cancel.reason == .killed)
        }
        #expect(cancelled == [second.orderID])
        rig.operate(.halt, nonce: 2)
        cancelled = []
        for case .cancel(let cancel, _) in rig.effects.items { cancelled.append(cancel.orderID) }
        #expect(cancelled == [first.orderID, second.orderID])
        rig.check()
    }

    @Test func aScopeIsResumedByItsOwnName() {
        var rig = Rig()
        rig.operate(.halt, .strategy, nonce: 1) { $0.strategy = Rig.owner.strategy }
        #expect(rig.order(.buy, "0.50", "1").reason == .haltedScope)
        #expect(rig.operate(.resume, nonce: 2) == .nothingToResume)
        let other = rig.operate(.resume, .strategy, nonce: 3) { $0.strategy = named("second") }
        #expect(other == .nothingToResume)
        let own = rig.operate(.resume, .strategy, nonce: 4) { $0.strategy = Rig.owner.strategy }
        #expect(own == .done)
        #expect(rig.order(.buy, "0.50", "1").isPermitted)
    }

    @Test func aHaltIsNotWeakenedToReduceOnly() {
        var rig = Rig()
        rig.operate(.halt, .venue, nonce: 1) { $0.venue = Rig.venue }
        rig.operate(.reduceOnly, .venue, nonce: 2) { $0.venue = Rig.venue }
        #expect(rig.order(.buy, "0.50", "1").reason == .haltedScope)
        rig.operate(.halt, nonce: 3)
        rig.operate(.reduceOnly, nonce: 4)
        #expect(rig.engine.arming == .halted)
    }

    /// Neither arming nor a restart lets more through; only a resume does.
    @Test func reduceOnlyForEverythingIsLatched() throws {
        var rig = Rig()
        rig.operate(.reduceOnly, nonce: 1)
        #expect(rig.engine.arming == .reduceOnly)
        rig.operate(.arm, nonce: 2)
        #expect(rig.order(.buy, "0.50", "1").reason == .reduceOnly)
        rig.operate(.disarm, nonce: 3)
        rig.operate(.arm, nonce: 4)
        #expect(rig.order(.buy, "0.50", "1").reason == .reduceOnly)
        rig.reload()
        rig.restart()
        #expect(rig.engine.arming == .reduceOnly)
        rig.connectAgent(2)
        #expect(rig.order(.buy, "0.50", "1").reason == .reduceOnly)
        #expect(rig.operate(.resume, nonce: 5) == .done)
        #expect(rig.order(.buy, "0.50", "1").isPermitted)
        rig.check()
    }

    /// While the core is disarmed, a resume clears the latch and does not arm.
    @Test func reduceOnlyWhileDisarmedHoldsOnceArmed() {
        var rig = Rig()
        rig.operate(.disarm, nonce: 1)
        rig.operate(.reduceOnly, nonce: 2)
        #expect(rig.engine.arming == .disarmed)
        rig.operate(.arm, nonce: 3)
        #expect(rig.engine.arming == .reduceOnly)
        rig.operate(.disarm, nonce: 4)
        #expect(rig.operate(.resume, nonce: 5) == .done)
        #expect(rig.engine.arming == .disarmed)
        rig.operate(.arm, nonce: 6)
        #expect(rig.engine.arming == .armed)
    }

    @Test func haltsHoldForScopesThatComeLater() {
        var rig = Rig()
        rig.operate(.halt, .instrument, nonce: 1) { $0.instrument = named("KX-9") }
        rig.define("KX-9", eventSet: "KX-9")
        #expect(rig.order(.buy, "0.50", "1", instrument: "KX-9").reason == .haltedScope)
    }

    @Test func aRepeatedCommandIsNotDoneTwice() {
        var rig = Rig()
        rig.operate(.halt, nonce: 1)
        rig.operate(.resume, nonce: 2)
        #expect(rig.operate(.halt, nonce: 1) == .repeated)
        #expect(rig.engine.arming == .armed)
    }

    @Test func commandsThatCannotBeAreRefused() {
        var rig = Rig()
        #expect(rig.operate(.halt, .org, nonce: 1) == .emptyScope)
        #expect(rig.operate(.arm, .venue, nonce: 2) { $0.venue = Rig.venue } == .wrongScope)
        #expect(rig.engine.arming == .armed)
    }

    @Test func anInstrumentsDefinitionIsCheckedAndItsIdentityFixed() {
        var rig = Rig()
        rig.define("KX-2", eventSet: "KX-2", tick: "0")
        #expect(rig.effects.alarms == [.definitionRefused(named("KX-2"))])
        rig.define("KX-2", eventSet: "KX-2", lot: "-1")
        #expect(rig.effects.alarms == [.definitionRefused(named("KX-2"))])
        rig.define("KX-1", eventSet: "KX-other")
        #expect(rig.effects.alarms == [.definitionRefused(named("KX-1"))])
    }

    /// A gateway defines everything again whenever it or the core comes up.
    @Test func theSameDefinitionAgainIsAccepted() {
        var rig = Rig()
        let order = rig.order(.buy, "0.50", "2")
        rig.fill(order.orderID, "2")
        let before = rig.engine.snapshotBytes()
        rig.define("KX-1", eventSet: "KX-1")
        #expect(rig.effects.alarms.isEmpty)
        #expect(rig.engine.snapshotBytes() == before)
    }

    /// A venue lists a settled market for some time.
    @Test func aSettledMarketIsNoAlarm() {
        var rig = Rig()
        rig.define("KX-1", eventSet: "KX-1", status: .settled)
        #expect(rig.effects.alarms.isEmpty)
        #expect(rig.declare(.buy).judgement.reason == .instrumentNotOpen)
        rig.settle("KX-1", .yes, payout: "0")
        rig.define("KX-1", eventSet: "KX-1", status: .settled)
        rig.define("KX-2", eventSet: "KX-2", status: .settled)
        #expect(rig.effects.alarms.isEmpty)
        #expect(rig.declare(.buy, instrument: "KX-2").judgement.reason == .instrumentUnknown)
    }

    @Test func whatAPositionIsWorthDoesNotChangeUnderIt() throws {
        let other = try #require(Digest(bytes: [UInt8](repeating: 8, count: 32)))
        var rig = Rig()
        rig.define("KX-1", eventSet: "KX-1", ruleHash: other)
        #expect(rig.effects.alarms.isEmpty, "nobody holds it")
        let order = rig.order(.buy, "0.50", "2")
        rig.define("KX-1", eventSet: "KX-1", ruleHash: Rig.digest)
        #expect(rig.effects.alarms == [.definitionRefused(named("KX-1"))])
        rig.fill(order.orderID, "2")
        rig.define("KX-1", eventSet: "KX-1", isExclusive: true, ruleHash: other)
        #expect(rig.effects.alarms == [.definitionRefused(named("KX-1"))])
        rig.define("KX-1", eventSet: "KX-1", status: .paused, ruleHash: .zero)
        #expect(rig.effects.alarms.isEmpty, "it says nothing of the rule")
        rig.define("KX-1", eventSet: "KX-1", status: .open, ruleHash: Rig.digest)
        #expect(rig.effects.alarms == [.definitionRefused(named("KX-1"))])
        #expect(rig.declare(.buy).judgement.reason == .ruleChanged)
        rig.define("KX-1", eventSet: "KX-1", status: .closed, ruleHash: Rig.digest)
        #expect(
            rig.declare(.buy).judgement.reason == .instrumentNotOpen,
            "its status is taken all the same")
        rig.check()
    }
}
