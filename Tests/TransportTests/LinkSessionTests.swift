import TestSupport
import Testing
import Trading
import Wire

@testable import Transport

private let start = MonotonicTime(nanoseconds: 1)

private func session(_ settings: LinkSettings = LinkSettings()) -> LinkSession {
    LinkSession(id: 1, peerIncarnation: Incarnation(1), settings: settings, at: start)
}

/// Everything that the session would transmit now, by the numbers of the messages.
private func transmitAll(_ session: inout LinkSession) throws -> [UInt64] {
    var nonces: [UInt64] = []
    while let frame = session.nextTransmission {
        nonces.append(try StatusRequest(decoding: frame).nonce)
        _ = session.markTransmitted()
    }
    return nonces
}

@Suite struct LinkSessionTests {
    @Test func transmitsNothingWithoutCredit() throws {
        var session = session()
        check(session.enqueue(numbered(1), .normal, at: start))
        check(session.nextTransmission == nil)
        session.giveCredit(1)
        check(try transmitAll(&session) == [1])
    }

    @Test func waitsForAcknowledgementsBeyondCredit() throws {
        var session = session()
        session.giveCredit(4)
        for nonce in 1...10 { check(session.enqueue(numbered(UInt64(nonce)), .normal, at: start)) }
        check(try transmitAll(&session) == [1, 2, 3, 4])
        check(session.acknowledge(through: SequenceNumber(2), credit: 4, at: start))
        check(try transmitAll(&session) == [5, 6])
        check(session.acknowledge(through: SequenceNumber(6), credit: 100, at: start))
        check(try transmitAll(&session) == [7, 8, 9, 10])
    }

    @Test func numbersMessagesInTheOrderOfTransmission() throws {
        var session = session()
        session.giveCredit(2)
        for nonce in 1...3 { check(session.enqueue(numbered(UInt64(nonce)), .normal, at: start)) }
        check(session.enqueue(numbered(100), .priority, at: start))
        var sequences: [UInt64] = []
        while let frame = session.nextTransmission {
            sequences.append(try WireFrame.envelope(of: frame).sequence.rawValue)
            _ = session.markTransmitted()
        }
        check(sequences == [1, 2, 3])
    }

    @Test func priorityOvertakesOnlyWhatWaitsForCredit() throws {
        var session = session()
        session.giveCredit(2)
        for nonce in 1...4 { check(session.enqueue(numbered(UInt64(nonce)), .normal, at: start)) }
        check(session.enqueue(numbered(100), .priority, at: start))
        check(session.enqueue(numbered(101), .priority, at: start))
        check(try transmitAll(&session) == [1, 2, 100, 101])
        check(session.acknowledge(through: SequenceNumber(4), credit: 2, at: start))
        check(try transmitAll(&session) == [3, 4])
    }

    @Test func priorityMessagesTakeNoCredit() throws {
        var session = session()
        session.giveCredit(3)
        for nonce in 100...110 {
            check(session.enqueue(numbered(UInt64(nonce)), .priority, at: start))
        }
        for nonce in 1...4 { check(session.enqueue(numbered(UInt64(nonce)), .normal, at: start)) }
        check(try transmitAll(&session) == Array(100...110) + [1, 2, 3])
    }

    @Test func priorityIsAcceptedWithoutCreditAndWithAFullNormalLane() throws {
        var settings = LinkSettings()
        settings.outboxMax = 2
        settings.priorityMax = 3
        var session = session(settings)
        check(session.enqueue(numbered(1), .normal, at: start))
        check(session.enqueue(numbered(2), .normal, at: start))
        check(!session.enqueue(numbered(3), .normal, at: start))
        for nonce in 10...12 {
            check(session.enqueue(numbered(UInt64(nonce)), .priority, at: start))
        }
        check(!session.enqueue(numbered(13), .priority, at: start))
        check(try transmitAll(&session) == [10, 11, 12])
    }

    @Test func boundsTheOutboxByBytes() {
        var settings = LinkSettings()
        settings.outboxBytesMax = numbered(0).count * 2
        var session = session(settings)
        check(session.enqueue(numbered(1), .priority, at: start))
        check(session.enqueue(numbered(2), .priority, at: start))
        check(!session.enqueue(numbered(3), .priority, at: start))
        // The other lane has bytes of its own.
        check(session.enqueue(numbered(1), .normal, at: start))
        check(session.enqueue(numbered(2), .normal, at: start))
        check(!session.canReserve(1))
        check(!session.enqueue(numbered(3), .normal, at: start))
    }

    @Test func reservationsTakeRoomUntilTheyAreUsedOrReleased() {
        var settings = LinkSettings()
        settings.outboxMax = 4
        var session = session(settings)
        check(session.reserve(3))
        check(!session.canReserve(2))
        check(session.canReserve(1))
        check(session.enqueue(numbered(1), .normal, at: start))
        check(!session.enqueue(numbered(2), .normal, at: start))
        check(session.enqueue(numbered(2), .normal, usingReservation: true, at: start))
        check(!session.canReserve(1))
        session.release(2)
        check(session.canReserve(2))
        check(!session.canReserve(3))
    }

    @Test func refusesAcknowledgementOfWhatWasNeverSent() {
        var session = session()
        session.giveCredit(10)
        check(session.enqueue(numbered(1), .normal, at: start))
        check(!session.acknowledge(through: SequenceNumber(1), credit: 10, at: start))
        _ = session.markTransmitted()
        check(session.acknowledge(through: SequenceNumber(1), credit: 10, at: start))
        check(!session.acknowledge(through: SequenceNumber(2), credit: 10, at: start))
        check(session.outboxCount == 0)
    }

    @Test func resumesFromThePeersMark() throws {
        var session = session()
        session.giveCredit(10)
        for nonce in 1...5 { check(session.enqueue(numbered(UInt64(nonce)), .normal, at: start)) }
        check(try transmitAll(&session) == [1, 2, 3, 4, 5])
        check(session.resume(peerReceivedThrough: SequenceNumber(2), at: start))
        check(session.nextTransmission != nil)
        check(session.markTransmitted())
        check(try transmitAll(&session) == [4, 5])
        check(!session.resume(peerReceivedThrough: SequenceNumber(1), at: start))
        check(!session.resume(peerReceivedThrough: SequenceNumber(6), at: start))
    }

    @Test func acknowledgesOnlyWhatIsDurable() {
        var session = session()
        check(session.arrive(SequenceNumber(1), at: start) == .next)
        check(session.receivedThrough == .zero)
        session.commit()
        check(session.receivedThrough == SequenceNumber(1))
    }

    @Test func acknowledgesManyAtOnceAndFewInTime() {
        var settings = LinkSettings()
        settings.acknowledgeEvery = 3
        var session = session(settings)
        _ = session.arrive(SequenceNumber(1), at: start)
        session.commit()
        check(!session.isAcknowledgementDue(at: start))
        check(session.isAcknowledgementDue(at: start + settings.acknowledgeDelay))
        _ = session.arrive(SequenceNumber(2), at: start)
        _ = session.arrive(SequenceNumber(3), at: start)
        session.commit()
        check(session.isAcknowledgementDue(at: start))
        session.markReported()
        check(!session.isAcknowledgementDue(at: start + .seconds(100)))
    }

    @Test func tellsDuplicatesFromGaps() {
        var session = session()
        check(session.arrive(SequenceNumber(1), at: start) == .next)
        check(session.arrive(SequenceNumber(1), at: start) == .duplicate)
        check(
            session.arrive(SequenceNumber(3), at: start) == .gap(expected: SequenceNumber(2)))
        session.useUp(SequenceNumber(2))
        check(session.arrive(SequenceNumber(3), at: start) == .next)
    }

    @Test func isStuckWhenNothingIsAcknowledgedInTime() {
        let settings = LinkSettings()
        var session = session(settings)
        let late = start + settings.drainTimeout
        check(!session.isStuck(at: late))
        session.giveCredit(10)
        check(session.enqueue(numbered(1), .normal, at: late))
        check(!session.isStuck(at: late))
        check(session.isStuck(at: late + settings.drainTimeout))
        _ = session.markTransmitted()
        check(
            session.acknowledge(
                through: SequenceNumber(1), credit: 10, at: late + settings.drainTimeout))
        check(!session.isStuck(at: late + settings.drainTimeout))
    }

    /// Whatever a connection loses or repeats, and wherever it breaks, the receiver has every
    /// message once and in the order of its lane.
    @Test(arguments: 1...200)
    func deliversExactlyOnceInOrderWhereverConnectionsBreak(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        var settings = LinkSettings()
        settings.acknowledgeEvery = UInt64.random(in: 1...5, using: &random)
        let credit = UInt32.random(in: 1...8, using: &random)
        var sender = session(settings)
        var receiver = session(settings)
        sender.giveCredit(credit)
        var wire: [[UInt8]] = []
        var sent: [Lane: [UInt64]] = [:]
        var arrived: [UInt64] = []
        let isPriority: (UInt64) -> Bool = { $0 % 4 == 0 }
        for nonce in UInt64(1)...200 {
            let lane: Lane = isPriority(nonce) ? .priority : .normal
            check(sender.enqueue(numbered(nonce), lane, at: start))
            sent[lane, default: []].append(nonce)
            while Bool.random(using: &random), let frame = sender.nextTransmission {
                wire.append(frame)
                if Int.random(in: 0..<10, using: &random) == 0 { wire.append(frame) }
                _ = sender.markTransmitted()
            }
            for _ in 0..<Int.random(in: 0...4, using: &random) where !wire.isEmpty {
                take(wire.removeFirst(), by: &receiver, &arrived)
            }
            receiver.commit()
            if Bool.random(using: &random) {
                check(
                    sender.acknowledge(
                        through: receiver.receivedThrough, credit: credit, at: start))
            }
            if Int.random(in: 0..<20, using: &random) == 0 {
                // The connection breaks: what was on it is lost from some point on.
                wire.removeAll()
                check(
                    sender.resume(peerReceivedThrough: receiver.receivedThrough, at: start))
            }
        }
        while sender.outboxCount > 0 {
            while let frame = sender.nextTransmission {
                wire.append(frame)
                _ = sender.markTransmitted()
            }
            for frame in wire { take(frame, by: &receiver, &arrived) }
            wire.removeAll()
            receiver.commit()
            check(
                sender.acknowledge(through: receiver.receivedThrough, credit: credit, at: start))
        }
        #expect(arrived.filter(isPriority) == sent[.priority], "seed \(seed)")
        #expect(arrived.filter { !isPriority($0) } == sent[.normal], "seed \(seed)")
    }

    private func take(
        _ frame: [UInt8], by receiver: inout LinkSession, _ arrived: inout [UInt64]
    ) {
        guard let envelope = try? WireFrame.envelope(of: frame),
            let nonce = try? StatusRequest(decoding: frame).nonce
        else {
            Issue.record("a frame cannot be read")
            return
        }
        switch receiver.arrive(envelope.sequence, at: start) {
        case .next: arrived.append(nonce)
        case .duplicate: break
        case .gap(let expected): Issue.record("\(envelope.sequence) instead of \(expected)")
        }
    }
}

@Suite struct FrameQueueTests {
    @Test func keepsOrderWhileItGrowsAndWraps() {
        var random = SeededRandom(seed: 7)
        var queue = FrameQueue()
        var model: [[UInt8]] = []
        for step in 0..<10_000 {
            if Int.random(in: 0..<5, using: &random) < 3 {
                let frame = [UInt8](repeating: UInt8(step & 255), count: step % 7)
                queue.append(FrameQueue.Entry(frame: frame, lane: .normal))
                model.append(frame)
            } else {
                check(queue.popFirst()?.frame == (model.isEmpty ? nil : model.removeFirst()))
            }
            check(queue.count == model.count)
            if let last = model.indices.last { check(queue.frame(at: last) == model[last]) }
        }
        check(queue.bytes == model.map(\.count).reduce(0, +))
    }
}
