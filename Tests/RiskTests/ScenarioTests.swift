import Foundation
import Portfolio
import Risk
import Synchronization
import TestSupport
import Testing
import Trading
import Wire

/// Properties over seeded lives of a cluster.
@Suite struct ScenarioTests {
    /// How many lives are compared with the oracle, and the seed of the first one. `make test`
    /// compares 5,000 of them with a release build, `make test-long` a hundred times as many.
    static let sequences = number("BELLWETHER_SEQUENCES") ?? 48
    static let firstSeed = number("BELLWETHER_SEED") ?? 0
    /// Lives in a row; blocks run beside each other.
    static let block = max(24, sequences / 200)
    private static let tally = Mutex(Tally())

    /// What all lives came to.
    private struct Tally {
        var lives: UInt64 = 0
        var reasons: [RejectReason: Int] = [:]
        var events: [String: Int] = [:]
    }

    private static func number(_ variable: String) -> UInt64? {
        ProcessInfo.processInfo.environment[variable].flatMap { UInt64($0) }
    }

    @Test(arguments: 0..<(sequences + block - 1) / block)
    func theEngineAgreesWithTheOracleAndItsOwnInvariants(block: UInt64) {
        let first = block * ScenarioTests.block
        let last = min(first + ScenarioTests.block, ScenarioTests.sequences)
        var permitted: UInt64 = 0
        for index in first..<last { permitted += compare(seed: ScenarioTests.firstSeed + index) }
        if ScenarioTests.sequences > 1 { #expect(permitted > 10 * (last - first)) }
        let tally = ScenarioTests.tally.withLock { tally in
            tally.lives += last - first
            return tally
        }
        if ScenarioTests.sequences > 10_000 {
            print("\(tally.lives) of \(ScenarioTests.sequences) sequences")
        }
        if tally.lives == ScenarioTests.sequences, tally.lives >= 5_000 { checkAll(tally) }
    }

    /// Everything that the oracle models has been the answer in some life.
    private func checkAll(_ tally: Tally) {
        for reason in Oracle.reasons {
            let count = tally.reasons[reason] ?? 0
            print("\(reason): \(count)")
            #expect(count > 0, "no life has come to \(reason)")
        }
        for event in Scenario.events {
            let count = tally.events[event] ?? 0
            print("\(event): \(count)")
            #expect(count > 0, "in no life \(event)")
        }
    }

    @Test func everyReasonIsTheOraclesOrTriedByItself() {
        let known = Oracle.reasons + Oracle.reasonsElsewhere
        #expect(Set(known).count == known.count)
        #expect(Set(known) == Set(RejectReason.allCases))
    }

    /// How many orders the life permitted.
    private func compare(seed: UInt64) -> UInt64 {
        var scenario = Scenario(seed: seed, isWild: seed.isMultiple(of: 3))
        scenario.run(steps: 200) { scenario, step in
            let oracle = Oracle(scenario)
            let accounts = scenario.rig.engine.accountViews
            for (index, owner) in [Rig.owner, Scenario.other].enumerated() {
                let view = accounts.first { $0.org == owner.org }
                scenario.require(view.map { Int128($0.cash.units) }, oracle.cash(of: index), "cash")
                scenario.require(
                    view.map { Int128($0.reserved.units) },
                    oracle.reserved(with: nil, of: index), "what is reserved")
            }
            for (index, name) in scenario.strategies.enumerated() {
                let view = scenario.rig.engine.brakeViews.first { $0.scope == .strategy(name) }
                scenario.require(
                    Int128(view?.earned.units ?? 0), oracle.earned(by: index), "what was earned")
            }
            for order in scenario.orders {
                guard let view = scenario.rig.engine.order(order.id) else { continue }
                scenario.require(view.state, order.state, "the state of \(order.id)")
                scenario.require(view.filled, order.filled, "what filled of \(order.id)")
            }
            scenario.require(scenario.firstOtherLimit, nil, "a limit")
            if step.isMultiple(of: 5) {
                scenario.require(scenario.rig.engine.firstBreak(), nil, "a break")
            }
        }
        ScenarioTests.tally.withLock { tally in
            tally.reasons.merge(scenario.reasons, uniquingKeysWith: +)
            tally.events.merge(scenario.exercised, uniquingKeysWith: +)
        }
        return UInt64(scenario.rig.engine.counters.permitted)
    }

    @Test(arguments: 0..<UInt64(24))
    func whatIsReservedIsNeverMoreThanCash(seed: UInt64) {
        var scenario = Scenario(seed: 1_000 + seed, isWild: false)
        scenario.run(steps: 200) { scenario, step in
            #expect(scenario.rig.reserved <= scenario.rig.cash, "seed \(seed) step \(step)")
        }
    }

    @Test(arguments: 0..<UInt64(16))
    func replayAndRecoveryGiveTheLiveState(seed: UInt64) throws {
        var scenario = Scenario(seed: 2_000 + seed, isWild: true)
        scenario.run(steps: 150) { scenario, step in
            if step.isMultiple(of: 40) { scenario.rig.checkpoint() }
        }
        let live = scenario.rig.engine.snapshotBytes()
        var checker = ReplayChecker(from: Rig.freshEngine(), hash: testHash)
        for (index, entry) in scenario.rig.journal.enumerated() {
            try checker.check(SequenceNumber(UInt64(index + 1)), entry)
        }
        #expect(checker.engine.snapshotBytes() == live, "seed \(seed)")
        #expect(checker.checkpoints == 4)
        #expect(checker.decisions > 50)
        var recovered = Rig.freshEngine()
        var effects = RiskEffects()
        for entry in scenario.rig.journal { try recovered.recover(entry, into: &effects) }
        #expect(recovered.snapshotBytes() == live, "seed \(seed)")
    }

    @Test(arguments: 0..<UInt64(16))
    func aSnapshotInTheMiddleContinuesLikeTheOriginal(seed: UInt64) throws {
        var scenario = Scenario(seed: 3_000 + seed, isWild: true)
        var middle: (bytes: [UInt8], entries: Int)?
        scenario.run(steps: 160) { scenario, step in
            if step == 70 {
                middle = (scenario.rig.engine.snapshotBytes(), scenario.rig.journal.count)
            }
        }
        let (bytes, entries) = try #require(middle)
        let restored = Rig.mutated(try RiskEngine(snapshot: bytes))
        #expect(restored.snapshotBytes() == bytes, "seed \(seed)")
        var checker = ReplayChecker(from: restored, hash: testHash)
        for (index, entry) in scenario.rig.journal.enumerated().dropFirst(entries) {
            try checker.check(SequenceNumber(UInt64(index + 1)), entry)
        }
        #expect(
            checker.engine.snapshotBytes() == scenario.rig.engine.snapshotBytes(), "seed \(seed)")
    }

    /// A value that is provably tighter than what a scope states, if the kind has a direction.
    private func tighter(
        than old: Int64?, _ kind: LimitKind, _ random: inout SeededRandom
    ) -> Int64? {
        switch kind.direction {
        case .ceiling:
            guard old.map({ $0 > 0 }) ?? !kind.isMandatory else { return nil }
            let most = min((old ?? 2_000_000_000) - 1, 20_000_000_000)
            return Int64.random(in: 0...most, using: &random)
        case .floor:
            let least = (old ?? -1) + 1
            return Int64.random(in: least...least + 2_000_000_000, using: &random)
        case .neither: return nil
        }
    }

    @Test(arguments: 0..<UInt64(12))
    func tighteningNeverTurnsADenialIntoAPermit(seed: UInt64) {
        var scenario = Scenario(seed: 4_000 + seed, isWild: false)
        var random = SeededRandom(seed: seed)
        scenario.run(steps: 120) { scenario, step in
            guard let instrument = scenario.instruments.randomElement(using: &random) else {
                return
            }
            var loose = scenario.rig
            let parent = loose.declare(.buy, instrument: instrument).id
            var request = loose.makeRequest(
                .buy, "0.50", "1", instrument: instrument, intent: parent)
            request.quantity = Quantity(
                units: Int64.random(in: 1...2_500, using: &random) * 10_000_000)
            request.price = Price(units: Int64.random(in: 1...99, using: &random) * 10_000_000)
            var tight = loose
            guard let kind = LimitKind.allCases.randomElement(using: &random) else { return }
            let levels: [LimitLevel] = [
                .firm, .org, .account, .strategy, .instrument, .event, .venue,
            ]
            let level = levels.randomElement(using: &random) ?? .firm
            let place = LimitPlace(
                scenario.scope(level, Rig.owner, instrument), kind)
            guard
                let value = tighter(
                    than: loose.engine.limit(kind, of: place.scope), kind, &random)
            else { return }
            tight.limit(
                kind, Money(units: value).description, at: level, instrument: instrument,
                eventSet: scenario.event(of: instrument))
            let quote = loose.quote(instrument: instrument)
            let before = loose.send(request, reference: quote)
            let after = tight.send(request, reference: quote)
            if !before.isPermitted {
                #expect(!after.isPermitted, "seed \(seed) step \(step) \(kind)")
            }
        }
    }
}

/// What does not depend on each other may happen in any order.
@Suite struct CommutationTests {
    private struct Step {
        let instrument: String
        let side: Side
        let price: String
        let fills: Bool
    }

    @Test(arguments: 0..<UInt64(40))
    func independentInstrumentsCommute(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let names = ["KX-1", "KY-1"]
        let steps = (0..<30).map { _ in
            Step(
                instrument: names.randomElement(using: &random) ?? "KX-1",
                side: Bool.random(using: &random) ? .buy : .sell,
                price: "0.\(Int.random(in: 35...65, using: &random))",
                fills: Bool.random(using: &random))
        }
        let apart =
            steps.filter { $0.instrument == names[0] }
            + steps.filter { $0.instrument == names[1] }
        #expect(outcome(of: steps) == outcome(of: apart))
    }

    private struct Outcome: Equatable {
        var reasons: [String: [RejectReason]] = [:]
        var held: [String: Quantity] = [:]
        var cash = Money.zero
        var reserved = Money.zero
    }

    private func outcome(of steps: [Step]) -> Outcome {
        var rig = Rig(instruments: ["KX-1", "KY-1"])
        var outcome = Outcome()
        for step in steps {
            let judgement = rig.order(step.side, step.price, "1", instrument: step.instrument)
            outcome.reasons[step.instrument, default: []].append(judgement.reason)
            if judgement.isPermitted, step.fills {
                rig.fill(judgement.orderID, "1", fee: "0.01")
            }
        }
        for name in ["KX-1", "KY-1"] {
            outcome.held[name] =
                rig.engine.ledger.position(
                    PositionKey(owner: Rig.owner, instrument: named(name))
                ).quantity
        }
        outcome.cash = rig.cash
        outcome.reserved = rig.reserved
        rig.check()
        return outcome
    }
}

@Suite struct ReplayTests {
    @Test func aChangedDecisionIsFoundWithItsEntry() throws {
        var rig = Rig()
        rig.order(.buy, "0.50", "1")
        let position = rig.journal.count - 1
        rig.order(.buy, "0.50", "1")
        let entry = rig.journal[position]
        var decision = try JournalEntry.decision(in: entry)
        var judged = try Judged(decoding: decision)
        judged.value += 1
        decision = judged.frame(controls: try Judged.controls(in: decision))
        rig.journal[position] = JournalEntry(at: rig.now).frame(
            command: try JournalEntry.command(in: entry),
            reference: try JournalEntry.reference(in: entry), decision: decision)
        let difference = #expect(throws: ReplayDifference.self) { try replay(rig) }
        #expect(difference?.entry == SequenceNumber(UInt64(position + 1)))
    }

    @Test func aChangedReferenceChangesTheDecision() throws {
        var rig = Rig()
        rig.order(.buy, "0.50", "1")
        let position = rig.journal.count - 1
        let entry = rig.journal[position]
        rig.journal[position] = JournalEntry(at: rig.now).frame(
            command: try JournalEntry.command(in: entry),
            reference: rig.quote(isStale: true).frame(),
            decision: try JournalEntry.decision(in: entry))
        let difference = #expect(throws: ReplayDifference.self) { try replay(rig) }
        guard case .decision = difference?.finding else {
            Issue.record("expected a decision to differ, found \(String(describing: difference))")
            return
        }
    }

    @Test func aChangedReportIsFoundAtTheCheckpoint() throws {
        var rig = Rig()
        let order = rig.order(.buy, "0.50", "2")
        rig.fill(order.orderID, "1", fee: "0.01")
        let position = rig.journal.count - 1
        rig.checkpoint()
        let command = try JournalEntry.command(in: rig.journal[position])
        var fill = try FillReport(decoding: command)
        fill.fee += Money(units: 1)
        rig.journal[position] = JournalEntry(at: rig.now).frame(
            command: fill.frame(), reference: [], decision: [])
        let difference = #expect(throws: ReplayDifference.self) { try replay(rig) }
        #expect(difference?.entry == SequenceNumber(UInt64(position + 2)))
    }

    @Test func entriesThatCannotBeAreNamed() throws {
        var rig = Rig()
        rig.order(.buy, "0.50", "1")
        let position = rig.journal.count - 1
        let command = try JournalEntry.command(in: rig.journal[position])
        rig.journal[position] = JournalEntry(at: rig.now).frame(
            command: command, reference: [], decision: [])
        let missing = #expect(throws: ReplayDifference.self) { try replay(rig) }
        #expect(missing?.finding == .entry(.decisionMissing(.orderRequest)))
        rig.journal[position] = JournalEntry(at: .zero).frame(
            command: command, reference: [], decision: [])
        let early = #expect(throws: ReplayDifference.self) { try replay(rig) }
        #expect(early?.finding == .time(.zero, after: rig.now))
        rig.journal[position] = JournalEntry(at: rig.now).frame(
            command: TickDone(tick: .zero, requested: 0).frame(), reference: [], decision: [])
        let foreign = #expect(throws: ReplayDifference.self) { try replay(rig) }
        #expect(foreign?.finding == .entry(.notACommand(.tickDone)))
    }

    private func replay(_ rig: Rig) throws {
        var checker = ReplayChecker(from: Rig.freshEngine(), hash: testHash)
        for (index, entry) in rig.journal.enumerated() {
            try checker.check(SequenceNumber(UInt64(index + 1)), entry)
        }
    }
}

@Suite struct SnapshotTests {
    @Test func everyPrefixAndEveryFlippedRecordIsRefusedOrTheSame() throws {
        var rig = Rig()
        let order = rig.order(.buy, "0.50", "2")
        rig.fill(order.orderID, "1")
        rig.operate(.halt, .org, nonce: 1) { $0.org = named("other") }
        let bytes = rig.engine.snapshotBytes()
        for length in 0..<bytes.count {
            #expect(throws: SnapshotError.self) {
                _ = try RiskEngine(snapshot: Array(bytes[..<length]))
            }
        }
        #expect(throws: SnapshotError.self) { _ = try RiskEngine(snapshot: bytes + bytes) }
    }

    @Test func anotherVersionIsRefusedWithBothNumbers() throws {
        let rig = Rig()
        var bytes = rig.engine.snapshotBytes()
        let offset = 4 + WireFrame.headerLength + WireFrame.envelopeLength
        bytes[offset] = 99
        let error = #expect(throws: SnapshotError.self) { _ = try RiskEngine(snapshot: bytes) }
        #expect(error == .otherVersion(found: 99, expected: RiskEngine.version))
    }

    @Test func aSnapshotThatContradictsItselfIsRefused() throws {
        var rig = Rig()
        let order = rig.order(.buy, "0.50", "2")
        rig.fill(order.orderID, "1")
        let bytes = rig.engine.snapshotBytes()
        var offset = 0
        var isTried = false
        while offset < bytes.count {
            let length = (0..<4).reduce(0) { $0 | Int(bytes[offset + $1]) << (8 * $1) }
            let frame = Array(bytes[offset + 4..<offset + 4 + length])
            if try WireFrame.template(of: frame) == .snapshotPosition {
                var position = try SnapshotPosition(decoding: frame)
                position.cost += Money(units: 1)
                var spoiled = bytes
                spoiled.replaceSubrange(offset + 4..<offset + 4 + length, with: position.frame())
                #expect(throws: SnapshotError.self) { _ = try RiskEngine(snapshot: spoiled) }
                isTried = true
            }
            offset += 4 + length
        }
        #expect(isTried)
    }
}
