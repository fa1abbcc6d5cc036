import Cryptography
import Foundation
import Risk
import Runtime
import Testing
import Trading
import Wire

@testable import Supervisor

@Suite struct ProposalFileTests {
    private let folder: ScratchFolder
    private let alice: OperatorKey
    private let bob: OperatorKey

    init() throws {
        folder = try ScratchFolder()
        alice = OperatorKey(
            name: try #require(ShortName("alice")), key: try Ed25519PrivateKey.generate())
        bob = OperatorKey(
            name: try #require(ShortName("bob")), key: try Ed25519PrivateKey.generate())
    }

    private var frame: [UInt8] {
        let edit = LimitEdit(
            place: LimitPlace(.org(Sample.org), .positionMax), was: nil, value: 5)
        return LimitProposal(
            cluster: ShortName("test") ?? .empty, base: 3, baseHash: .zero,
            proposedAt: Sample.start, effectiveAt: .zero, expiresAt: Sample.start + .seconds(60)
        ).frame(changes: [LimitProposal.ChangesEntry(edit)], reason: Array("why".utf8))
    }

    @Test func signaturesOfTwoDevicesMeetInTheFile() throws {
        let path = folder.path + "/proposal"
        try ProposalFile(frame: frame).write(to: path, isNew: true)
        for key in [alice, bob] {
            var file = try ProposalFile(path: path)
            try file.sign(by: key)
            try file.write(to: path, isNew: false)
        }
        let read = try ProposalFile(path: path)
        #expect(read.frame == frame)
        #expect(read.signatures.map(\.operator) == [alice.name, bob.name])
        for (signature, key) in zip(read.signatures, [alice, bob]) {
            #expect(
                LimitSeal.isValid(signature.signature.bytes, for: frame, by: key.key.publicKey))
        }
    }

    @Test func nobodySignsTwiceAndNoFileIsReplaced() throws {
        let path = folder.path + "/proposal"
        var file = try ProposalFile(frame: frame)
        try file.sign(by: alice)
        #expect(throws: ProcessFailure.self) { try file.sign(by: alice) }
        try file.write(to: path, isNew: true)
        #expect(throws: ProcessFailure.self) { try file.write(to: path, isNew: true) }
    }

    @Test(arguments: [
        "", "{}", "{\"proposal\":\"00\",\"signatures\":[]}",
        "{\"proposal\":\"zz\",\"signatures\":[]}",
    ])
    func whatIsNoProposalIsRefused(text: String) throws {
        let path = folder.path + "/proposal"
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        #expect(throws: ProcessFailure.self) { try ProposalFile(path: path) }
    }

    @Test func wishesAreReadWithTheirPlace() throws {
        let wishes = try LimitWishes(
            yaml: """
                limits: [ { level: firm, kind: quote-age-max, value: 5s } ]
                remove: [ { level: org, org: demo, kind: position-max } ]
                """, file: "w.yaml")
        #expect(wishes.limits.map(\.value) == [5_000_000_000])
        #expect(wishes.removed.map(\.org) == [Sample.org])
        let bad = "limits: [ { level: firm, kind: position-max, value: \"-1\" } ]"
        #expect(throws: ConfigurationError.self) { try LimitWishes(yaml: bad, file: "w.yaml") }
    }

    @Test func theReportSaysWhatChanges() throws {
        var file = try ProposalFile(frame: frame)
        try file.sign(by: alice)
        guard case .limits(let terms) = file.terms else {
            Issue.record("no proposal of limits")
            return
        }
        let report = ProposalReport(terms, file, file: "p", sheet: nil)
        #expect(report.changes.map(\.text) == ["org demo position-max: none -> 0.000000005 (new)"])
        #expect(report.signed == ["alice"])
    }
}
