import FedSync
import Federation
import Runtime
import Testing
import Trading
import Transport
import Wire

/// A transcript gives the published sum again; one that was changed is caught, and what was changed
/// is named.
@Suite struct AuditTests {
    private let federation: FederationInMemory
    private let transcript: [UInt8]
    private let coordinator: Int

    init() throws {
        federation = try FederationInMemory(count: 4)
        for place in 0..<4 {
            try federation.offer(place, [1.1 + 0.1 * Double(place), 0.05], weight: 0.5)
        }
        let federation = federation
        let isDone = try federation.network.run(within: .seconds(60)) {
            (0..<4).allSatisfy { federation.height($0) == 1 }
        }
        #expect(isDone)
        let version = try #require(try federation.record(0).versions[1])
        let name = TranscriptWriter.name(version.candidate.round)
        coordinator = try #require(
            (0..<4).first {
                FileSystem.exists(federation.sample.members[$0].folder.transcripts + "/" + name)
            })
        transcript = try BinaryFile.read(
            federation.sample.members[coordinator].folder.transcripts + "/" + name)
    }

    private func audit(_ bytes: [UInt8], by place: Int = 0) throws -> AuditReport {
        let record = try federation.record(place)
        let invitation = federation.sample.invitation
        var audit = TranscriptAudit(
            invitation: invitation,
            book: try invitation.check(file: "i.yaml", at: Timestamp(seconds: 1_800_000_000))
        ) { record.versions[$0] }
        return audit.run(bytes)
    }

    /// The frames of the transcript with their places.
    private func frames() throws -> [(offset: Int, frame: [UInt8], template: WireTemplate)] {
        var reader = FrameReader(transcript)
        var frames: [(Int, [UInt8], WireTemplate)] = []
        while !reader.isAtEnd {
            let offset = reader.offset
            let frame = try reader.next()
            frames.append((offset, frame, try WireFrame.template(of: frame)))
        }
        return frames
    }

    private func joined(_ frames: [[UInt8]]) -> [UInt8] {
        var list = FrameList()
        for frame in frames { list.append(frame) }
        return list.bytes
    }

    @Test func everyMemberFindsTheSumAgain() throws {
        for place in 0..<4 {
            let report = try audit(transcript, by: place)
            #expect(report.findings.isEmpty, "\(report.findings)")
            #expect(report.survivors.count == 4)
            #expect(report.coordinator == federation.sample.members[coordinator].id)
            #expect(report.messages == 20)
            #expect(report.chunks == 4)
        }
    }

    /// A changed byte anywhere in a signed message names the peer that had signed it.
    @Test func aChangedMessageIsNamed() throws {
        let all = try frames()
        for (index, entry) in all.enumerated() where entry.template == .federationSigned {
            var changed = all.map(\.frame)
            changed[index][changed[index].count - 1] ^= 1
            let sender = try SignedMessage(frame: entry.frame).sender
            let report = try audit(joined(changed))
            let first = try #require(report.findings.first)
            #expect(first.contains("of peer \(sender): the signature does not hold"), "\(first)")
            #expect(first.hasPrefix("byte \(entry.offset):"))
        }
    }

    @Test func aChangedVectorIsNamed() throws {
        let all = try frames()
        let inputs = try all.filter { $0.template == .federationChunk }
            .filter { try FederationChunk(decoding: $0.frame).envelope.sender != .empty }
        #expect(inputs.count == 4)
        for input in inputs {
            let sender = try FederationChunk(decoding: input.frame).envelope.sender
            let index = try #require(all.firstIndex { $0.offset == input.offset })
            var changed = all.map(\.frame)
            changed[index][changed[index].count - 2] ^= 4
            let report = try audit(joined(changed))
            let first = try #require(report.findings.first)
            #expect(
                first.contains(
                    "of peer \(sender): the vector is not the one that the peer signed for"),
                "\(first)")
        }
    }

    /// Of keys, shares and vectors each one counts. Of statements and of shares for unmasking a
    /// quorum is enough, so one of those may be missing and the sum still follows.
    @Test func aMissingMessageIsNoticed() throws {
        let all = try frames()
        let counting: Set<UInt16> = [
            FederationAdvertise.templateID, FederationShares.templateID,
            FederationInput.templateID,
        ]
        var tried = 0
        for (index, entry) in all.enumerated() where entry.template == .federationSigned {
            guard counting.contains(try SignedMessage(frame: entry.frame).template) else {
                continue
            }
            tried += 1
            var changed = all.map(\.frame)
            changed.remove(at: index)
            let report = try audit(joined(changed))
            #expect(!report.findings.isEmpty, "without frame \(index)")
        }
        #expect(tried == 12)
    }

    /// - Threat 27: the coordinator adds one to an element of the sum, and all else fits.
    @Test func aWrongSumIsNamedByItsElement() throws {
        let all = try frames()
        let start = try #require(all.firstIndex { $0.template == .federationCandidate })
        var reader = FrameReader(joined(all[start...].map(\.frame)))
        let candidate = try Candidate(
            try reader.next(), &reader, ring: .bits32, parameters: FederationSample.parameters.count
        )
        var sums = candidate.sums
        sums[4] &+= 1
        let wrong = Candidate(
            round: candidate.round, frame: candidate.frame, sums: sums,
            parent: candidate.parent, model: candidate.model)
        var list = FrameList()
        for entry in all[..<start] { list.append(entry.frame) }
        wrong.append(to: &list)
        let report = try audit(list.bytes)
        #expect(
            report.findings.contains {
                $0
                    == "element 4 of the sum is \(sums[4]), and the transcript gives "
                    + "\(candidate.sums[4])"
            }, "\(report.findings)")
        #expect(report.findings.contains("what is published here is not what our journal has"))
    }

    @Test func whatEndsEarlyIsNoTranscript() throws {
        for count in [0, 3, 100, transcript.count / 2, transcript.count - 1] {
            #expect(try !audit(Array(transcript.prefix(count))).findings.isEmpty)
        }
    }

    @Test func oneOfAnotherFederationIsRefused() throws {
        let other = try FederationSample(count: 4).invitation
        var audit = TranscriptAudit(
            invitation: other,
            book: try other.check(file: "i.yaml", at: Timestamp(seconds: 1_800_000_000))
        ) { _ in nil }
        let report = audit.run(transcript)
        #expect(!report.findings.isEmpty)
    }
}
