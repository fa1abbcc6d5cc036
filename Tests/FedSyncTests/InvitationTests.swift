import Cryptography
import FedSync
import Federation
import Runtime
import Testing
import Trading
import Transport
import Wire

@Suite struct InvitationTests {
    private let now = Timestamp(seconds: 1_800_000_000)

    @Test func itIsReadAsItWasWritten() throws {
        let invitation = try FederationSample(count: 3).invitation
        let read = try Invitation(yaml: invitation.yaml, file: "i.yaml")
        #expect(read.roster.digest == invitation.roster.digest)
        #expect(read.configuration == invitation.configuration)
        #expect(read.parameters == invitation.parameters)
        #expect(read.fingerprint == invitation.fingerprint)
        #expect(read.yaml == invitation.yaml)
        try read.check(file: "i.yaml", at: now)
    }

    /// What is trimmed is what the roots have signed, and stays when the file is written again.
    @Test func theTrimIsReadSignedAndBounded() throws {
        let sample = try FederationSample(count: 3)
        let text = sample.unsigned.yaml
        let place = try #require(text.firstRange(of: "peers-max: 128"))
        let groups = try #require(text.firstRange(of: "groups: 1"))
        #expect(place.lowerBound < groups.lowerBound)
        func invitation(_ lines: String) throws -> Invitation {
            try Invitation(
                yaml: text.replacingCharacters(in: groups, with: lines), file: "i.yaml")
        }
        let trimmed = try invitation("groups: 5\n  trim: 1").signed(by: sample.root)
        try trimmed.check(file: "i.yaml", at: now)
        #expect(trimmed.configuration.trim == 1)
        let again = try Invitation(yaml: trimmed.yaml, file: "i.yaml")
        #expect(again.configuration == trimmed.configuration)
        let median = try invitation("groups: 5")
        #expect(median.configuration.trim == nil)
        #expect(median.roster.federation != trimmed.roster.federation)
        let changed = try #require(trimmed.yaml.firstRange(of: "trim: 1"))
        let other = try Invitation(
            yaml: trimmed.yaml.replacingCharacters(in: changed, with: "trim: 2"), file: "i.yaml")
        #expect(throws: ProcessFailure.self) { try other.check(file: "i.yaml", at: now) }
        let wide = try invitation("groups: 5\n  trim: 3").signed(by: sample.root)
        let failure = #expect(throws: ProcessFailure.self) {
            try wide.check(file: "i.yaml", at: now)
        }
        #expect(failure?.description.contains("trimOutOfRange(trim: 3, groups: 5)") == true)
        #expect(throws: ConfigurationError.self) { try invitation("groups: 5\n  trim: 0") }
    }

    @Test func anUnsignedOneDoesNotHold() throws {
        let invitation = try FederationSample(count: 3).unsigned
        let failure = #expect(throws: ProcessFailure.self) {
            try invitation.check(file: "i.yaml", at: now)
        }
        #expect(failure?.description.contains("tooFewSignatures(needed: 1, valid: 0)") == true)
    }

    /// The roots' signatures hold for every floor, window and starting value.
    @Test(arguments: [
        ("peers-min: 3", "peers-min: 4"), ("clip: 1.0", "clip: 2.0"),
        ("window: 0.5", "window: 0.6"), ("initial: 1.0", "initial: 1.5"),
        ("name: drift", "name: draft"), ("stage: 1000ms", "stage: 1001ms"),
        ("epoch: 1", "epoch: 2"), ("threshold: 1", "threshold: 2"),
        ("federation: sample", "federation: simple"), ("key-epoch: 0", "key-epoch: 1"),
    ])
    func nothingCanBeChangedAfterwards(_ old: String, _ new: String) throws {
        let text = try FederationSample(count: 3).invitation.yaml
        let place = try #require(text.firstRange(of: old))
        let changed = try Invitation(
            yaml: text.replacingCharacters(in: place, with: new), file: "i.yaml")
        #expect(throws: ProcessFailure.self) { try changed.check(file: "i.yaml", at: now) }
    }

    @Test func fewerThanThreeSurvivorsAreNoSecret() throws {
        let text = try FederationSample(count: 3).invitation.yaml
        let place = try #require(text.firstRange(of: "peers-min: 3"))
        let changed = try Invitation(
            yaml: text.replacingCharacters(in: place, with: "peers-min: 2"), file: "i.yaml")
        let failure = #expect(throws: ProcessFailure.self) {
            try changed.check(file: "i.yaml", at: now)
        }
        #expect(failure?.description.contains("fewerThanThreePeers") == true)
    }

    @Test func aCurveKeyThatItsPeerHasNotSignedIsRefused() throws {
        let sample = try FederationSample(count: 3)
        let (one, other) = (sample.members[0].peer, sample.members[1].peer)
        let text = sample.invitation.yaml.replacing(one.curve.z85, with: other.curve.z85)
        let changed = try Invitation(yaml: text, file: "i.yaml")
        let failure = #expect(throws: ProcessFailure.self) {
            try changed.check(file: "i.yaml", at: now)
        }
        #expect(failure?.description.contains("peer p0 has not signed its curve key") == true)
    }

    @Test func onlyARootSigns() throws {
        let sample = try FederationSample(count: 3)
        let stranger = try Ed25519PrivateKey.generate()
        let failure = #expect(throws: ProcessFailure.self) {
            try sample.unsigned.signed(by: stranger)
        }
        #expect(failure?.code == .refused)
    }

    @Test(arguments: [
        ("epoch: 1", "epoch: one", "epoch: expected a whole number"),
        ("version: 1", "verzion: 1", "expected one of federation, version"),
        ("  ring: 32", "  ring: 48", "set.ring: expected one of 32, 64"),
        ("window: 0.5", "window: wide", "set.parameters[0].window: expected a number"),
    ])
    func badInputIsNamedWithItsLine(_ old: String, _ new: String, _ said: String) throws {
        let text = try FederationSample(count: 3).invitation.yaml
        let place = try #require(text.firstRange(of: old))
        let failure = #expect(throws: ConfigurationError.self) {
            try Invitation(
                yaml: text.replacingCharacters(in: place, with: new), file: "i.yaml")
        }
        let description = failure?.description ?? ""
        #expect(description.hasPrefix("i.yaml:"))
        #expect(description.contains(said), "\(description)")
    }
}

extension String {
    func replacingCharacters(in range: Range<String.Index>, with text: String) -> String {
        self[..<range.lowerBound] + text + self[range.upperBound...]
    }
}
